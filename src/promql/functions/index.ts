import { changeFunctions } from './changes.ts';
import { dateFunctions } from './dates.ts';
import type { FunctionDefinition } from './define.ts';
import { evaluatorFunctions } from './evaluator-functions.ts';
import { histogramFunctions } from './histogram-functions.ts';
import { labelFunctions } from './label-functions.ts';
import { overTimeFunctions } from './over-time.ts';
import { rateFunctions } from './rates.ts';
import { regressionFunctions } from './regression.ts';
import { sampleMathFunctions } from './sample-math.ts';
import { scalarFunctions } from './scalars.ts';
import { sortingFunctions } from './sorting.ts';

export { absentLabels } from './absent-labels.ts';
export { goNumber } from './annotations.ts';
export {
  type BucketQuantile,
  bucketFraction,
  bucketQuantile,
  type ClassicBucket,
  mergedMonotonicityInfo,
  monotonicityInfo,
} from './classic-quantile.ts';
export { nextCarry } from './compensated.ts';
export type * from './define.ts';
export { type LabelChange, labelJoinChange, labelReplaceChange } from './label-functions.ts';
export { quantileOfSorted } from './quantile.ts';

/** Every function of PromQL, in order of names. */
export const allFunctions: readonly FunctionDefinition[] = [
  ...changeFunctions,
  ...dateFunctions,
  ...evaluatorFunctions,
  ...histogramFunctions,
  ...labelFunctions,
  ...overTimeFunctions,
  ...rateFunctions,
  ...regressionFunctions,
  ...sampleMathFunctions,
  ...scalarFunctions,
  ...sortingFunctions,
].sort((a, b) => (a.name < b.name ? -1 : 1));

const byName = new Map(allFunctions.map((definition) => [definition.name, definition]));

/** The function of a name; undefined when there is none. Names are case-sensitive. */
export function functionNamed(name: string): FunctionDefinition | undefined {
  return byName.get(name);
}

/** Functions that a selector with `anchored` may stand in. */
export const ANCHORED_FUNCTIONS: ReadonlySet<string> = new Set([
  'changes',
  'delta',
  'increase',
  'rate',
  'resets',
]);

/** Functions that a selector with `smoothed` may stand in. */
export const SMOOTHED_FUNCTIONS: ReadonlySet<string> = new Set(['delta', 'increase', 'rate']);

/** Functions whose result depends on the evaluated moment even when their arguments do not. */
export const TIME_DEPENDENT_FUNCTIONS: ReadonlySet<string> = new Set([
  ...dateFunctions.map(({ name }) => name),
  'end',
  'predict_linear',
  'range',
  'start',
  'step',
  'time',
  'timestamp',
]);
