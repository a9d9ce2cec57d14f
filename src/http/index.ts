export {
  type Access,
  type AccessOptions,
  type Authenticate,
  type Credentials,
  createAccess,
  type KeyLookup,
  type Principal,
} from './access.ts';
export { type ActionAnswer, type ActionService, actionPagePath } from './actions/index.ts';
export type {
  Act,
  AlertServices,
  HistorySearch,
  RuleInput,
  SilenceRequest,
} from './alert-services.ts';
export {
  type AlertmanagerAnswer,
  type AlertmanagerCall,
  type AlertmanagerService,
  alertmanagerEndpoints,
  type InboundRequest,
  type InboundService,
  inboundEndpoint,
} from './alertmanager/index.ts';
export type { BodyBounds } from './body.ts';
export { type ConnectionBounds, defaultConnectionBounds, type Listener } from './listener.ts';
export { createLiveHub, type LiveBounds, type LiveHub, type LiveHubOptions } from './live.ts';
export { createMemoryBudget, type MemoryBudget } from './memory-budget.ts';
export type { HttpMeter, ListenerName, RequestFacts } from './meter.ts';
export { apiReference, openApiDocument } from './openapi.ts';
export {
  type PrometheusService,
  type PrometheusWrite,
  type PrometheusWrites,
  prometheusEndpoints,
  type RawAnswer,
  type WriteRequest,
  writeEndpoints,
} from './prometheus/index.ts';
export type { Route } from './route.ts';
export { createRoutes, type RouteParts } from './routes.ts';
export { type HttpOptions, type HttpServers, type ListenAddress, openServers } from './servers.ts';
export type { ApiServices, HealthService, SessionSearch } from './services.ts';
