export * from './agents.ts';
export * from './alerts.ts';
export * from './common.ts';
export * from './system.ts';
