export {
  parseRemoteWriteConfigs,
  REMOTE_WRITE_MESSAGES,
  type RemoteWriteConfig,
  type RemoteWriteConfiguration,
  type RemoteWriteMessage,
  type RemoteWriteQueueConfig,
} from './config.ts';
export * from './types.ts';
export { createRemoteWriter } from './writer.ts';
