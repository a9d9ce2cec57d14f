export { filesHeader } from './files-header.ts';
export { type DataDirLock, lockDataDir } from './lock.ts';
export { availableMemoryBytes, defaultEngineMemoryBytes } from './memory.ts';
export type { EngineHealth, EngineLimits } from './options.ts';
export {
  type Clock,
  type EngineHandle,
  type EngineLog,
  type EngineState,
  type StartEngineOptions,
  startEngine,
} from './supervisor.ts';
