export {
  type AlertingConfigOptions,
  type AlertingConfigResult,
  defaultAlertingConfig,
  loadAlertingConfig,
  MAX_FINDINGS,
  parseAlertingConfig,
} from './alerting-config.ts';
export type { ChannelSchema } from './channel-schema.ts';
export { MAX_INHIBIT_RULES } from './inhibit-rules.ts';
export { MAX_INTEGRATIONS, MAX_RECEIVERS } from './receivers.ts';
export { MAX_ROUTE_DEPTH, MAX_ROUTES } from './routes.ts';
export { MAX_TIME_INTERVALS } from './time-interval-sections.ts';
