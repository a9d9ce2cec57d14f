export { createHostCollector, type HostCollector, type HostCollectorOptions } from './collector.ts';
export type { OwnProcess } from './processes.ts';
export type { HostFiles } from './types.ts';
