export { alertmanagerEndpoints, inboundEndpoint } from './endpoints.ts';
export { type AlertmanagerHttpHandler, createAlertmanagerHttp } from './handler.ts';
export type * from './types.ts';
