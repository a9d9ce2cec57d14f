export * from './api/index.ts';
export * from './config/index.ts';
export { createAlertEngine } from './engine/index.ts';
export type * from './engine-types.ts';
export { fingerprintOf } from './fingerprint.ts';
export * from './inbound/index.ts';
export {
  createMatcher,
  formatMatcher,
  formatMatchers,
  MAX_MATCHERS,
  MAX_MATCHERS_LENGTH,
  matchesLabels,
  parseMatcher,
  parseMatchers,
} from './matchers.ts';
export { matchingRoutes, type RouteVisit, visitedRoutes } from './route-match.ts';
export { isTimeZone } from './time-intervals.ts';
export type * from './types.ts';
