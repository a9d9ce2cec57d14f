export {
  ConfigError,
  type ConfigOrigin,
  type ConfigProblem,
  configOrigin,
  type LoadOptions,
  loadConfig,
} from './load.ts';
export { configReference } from './reference.ts';
export { type Config, configSchema } from './schema.ts';
export { withoutSecrets } from './without-secrets.ts';
