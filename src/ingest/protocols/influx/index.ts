export * from './influx-lines.ts';
