import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { PositionRange, ValueType } from '../ast.ts';

/** A value of one series at one moment: a float, or a histogram (then `value` is NaN). */
export interface StepSample {
  /** With `__name__` unless an operation has dropped it. */
  readonly labels: Labels;
  /** The name is still in `labels` but goes away at the end (delayed name removal). */
  readonly dropsName: boolean;
  readonly value: number;
  readonly histogram: NativeHistogram | undefined;
}

/** Collects annotations; equal ones are shown once. Texts without position, the collector appends it. */
export interface Annotator {
  warn(message: string, pos: PositionRange): void;
  info(message: string, pos: PositionRange): void;
}

/** What a function may know besides its arguments. */
export interface CallContext {
  /** The evaluated moment, epoch milliseconds. */
  readonly evalMs: number;
  /** Of the query: first and last moment and the step (0 for an instant query). */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** Position of the call, and of each argument. */
  readonly pos: PositionRange;
  readonly argPos: readonly PositionRange[];
  readonly annotate: Annotator;
  /** Name of the metric a range function works on, for annotations ('' when it has none). */
  readonly metric: string;
  /** Names of series stay in their labels until the end of the evaluation, marked by `dropsName`. */
  readonly hasDelayedNameRemoval?: boolean;
}

/**
 * Samples of one series within `(rangeStartMs, rangeEndMs]`, without staleness markers: those with index `from <= i < to` of the columns,
 * which may hold more. Float and histogram samples are separate columns, each ascending by time.
 */
export interface RangeWindow {
  readonly floatTimesMs: Float64Array;
  readonly floats: Float64Array;
  readonly floatFrom: number;
  readonly floatTo: number;
  readonly histogramTimesMs: readonly number[];
  readonly histograms: readonly NativeHistogram[];
  readonly histogramFrom: number;
  readonly histogramTo: number;
  /** Bounds of the range with offset applied, epoch milliseconds. */
  readonly rangeStartMs: number;
  readonly rangeEndMs: number;
  readonly extension: 'anchored' | 'smoothed' | undefined;
}

/** Result of a function for one series: a number, a histogram, or nothing. */
export type FunctionResult = number | NativeHistogram | undefined;

interface Common {
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  /** 0: exactly `argTypes`. n > 0: the last type up to n times more or absent. -1: any number of times, or absent. As Prometheus counts. */
  readonly variadic: number;
  readonly returns: ValueType;
  readonly isExperimental?: boolean;
  /** One sentence for completion and the reference. */
  readonly help: string;
}

/** Works on each series of its (only) matrix argument; `numbers` are its scalar arguments in order. */
export interface RangeFunction extends Common {
  readonly kind: 'range';
  /** True for those that keep the metric's name: last_over_time, first_over_time. */
  readonly keepsName?: boolean;
  readonly evaluate: (
    window: RangeWindow,
    numbers: readonly number[],
    context: CallContext,
  ) => FunctionResult;
}

/**
 * Works on each sample of its vector argument alone; the evaluator drops the names. A vector argument that is left out stands for
 * `vector(time())`: one sample without labels.
 */
export interface SampleFunction extends Common {
  readonly kind: 'sample';
  readonly evaluate: (sample: StepSample, numbers: readonly number[], context: CallContext) => FunctionResult;
}

/**
 * Works on whole vectors at one moment: `histogram_quantile`, `sort`, `absent`, `label_replace`, `vector`. `vectors` are the vector
 * arguments in order. The answer's samples have the labels they shall have. Throws BellwetherError `execution` (422) for errors such as
 * duplicate label sets; the evaluator checks the answer for those too.
 */
export interface VectorFunction extends Common {
  readonly kind: 'vector';
  readonly evaluate: (
    args: {
      readonly vectors: readonly (readonly StepSample[])[];
      readonly numbers: readonly number[];
      readonly strings: readonly string[];
    },
    context: CallContext,
  ) => readonly StepSample[];
}

/** Gives a scalar: `time`, `pi`, `scalar`. */
export interface ScalarFunction extends Common {
  readonly kind: 'scalar';
  readonly evaluate: (
    args: { readonly vectors: readonly (readonly StepSample[])[]; readonly numbers: readonly number[] },
    context: CallContext,
  ) => number;
}

/** The evaluator does these itself, because they need more than values: `timestamp`, `absent_over_time`, `info`, `sort_by_label`... */
export interface EvaluatorFunction extends Common {
  readonly kind: 'evaluator';
}

export type FunctionDefinition =
  | RangeFunction
  | SampleFunction
  | VectorFunction
  | ScalarFunction
  | EvaluatorFunction;

/** Declares a PromQL function; the registry in `index.ts` lists it, and signatures, completion and reference derive from it. */
export function defineFunction<D extends FunctionDefinition>(definition: D): D {
  return definition;
}
