export {
  childrenOf,
  type DurationContext,
  resolveDuration,
  typeOf,
  unwrapParens,
  walk,
} from './analyze.ts';
export type * from './ast.ts';
export { type Json, toJson } from './ast-json.ts';
export { createEngine } from './engine.ts';
export type * from './engine-types.ts';
export { format, print } from './format.ts';
export * from './functions/index.ts';
export {
  type Bucket,
  bucketsOf,
  describeHistogram,
  detectReset,
  HistogramTotal,
} from './histogram/index.ts';
export { type CompiledMatcher, compileMatcher, matchesAll, metricOf } from './matchers.ts';
export { memorySource } from './memory-source.ts';
export {
  lineAndColumn,
  MAX_NESTING_DEPTH,
  MAX_QUERY_LENGTH,
  ParseError,
  type ParseOptions,
  parse,
  parseMetricSelector,
} from './parse.ts';
export type * from './source.ts';
