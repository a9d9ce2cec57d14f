export { isNearlyEqual } from './compare.ts';
export { histogramLiteral } from './histogram-literal.ts';
export type { ScriptPoint } from './points.ts';
export { ScriptError } from './reader.ts';
export { type CreateEngine, type EvalOutcome, runScript } from './run.ts';
export {
  type EvalCommand,
  type Expectation,
  type LoadCommand,
  parseScript,
  type ScriptCommand,
  type ScriptSeries,
} from './script.ts';
