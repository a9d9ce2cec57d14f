import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { AnnotationCollector } from './annotations.ts';
import type { Expr, VectorSelector } from './ast.ts';
import type { EngineOptions } from './engine-types.ts';
import type { Budget } from './evaluate-budget.ts';
import type { PlanRecorder } from './evaluate-plan.ts';
import type { FunctionDefinition } from './functions/define.ts';
import type { SampleSource, SelectContext, Selection } from './source.ts';

/** The moments of an evaluation: `startMs + i * stepMs` for `0 <= i < steps`. */
export interface Grid {
  readonly startMs: number;
  /** At least 1, also when there is only one moment. */
  readonly stepMs: number;
  readonly steps: number;
}

/** One column of values over a grid: what one series has at each moment. */
export interface Row {
  readonly values: Float64Array;
  /** 1 where there is a sample, 0 where there is none and `values` means nothing. */
  readonly present: Uint8Array;
  /** Where set, the sample is this histogram. Undefined when all are floats. */
  readonly histograms: (NativeHistogram | undefined)[] | undefined;
}

/** A series over a grid. Shared between nodes and so not to be changed once made. */
export interface GridSeries extends Row {
  readonly labels: Labels;
  /** The name is still in `labels` but goes away at the end (delayed name removal). */
  readonly dropsName: boolean;
}

export interface ScalarValue {
  readonly kind: 'scalar';
  readonly values: Float64Array;
}

export interface VectorValue {
  readonly kind: 'vector';
  readonly series: readonly GridSeries[];
}

/** What a node of the expression gives over a grid. */
export type Value = ScalarValue | VectorValue | { readonly kind: 'string'; readonly text: string };

/** The query as a whole, for `start()`, `@ end()` and the like. */
export interface QueryBounds {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** What every part of an evaluation has at hand. */
export interface EvalEnv {
  readonly options: EngineOptions;
  readonly query: QueryBounds;
  readonly budget: Budget;
  readonly annotate: AnnotationCollector;
  readonly source: SampleSource;
  readonly selectContext: SelectContext;
  /** The selections of the expression's selectors, ready before the evaluation begins. */
  readonly selections: ReadonlyMap<VectorSelector, Selection>;
  /** Nodes that give the same at every moment. */
  readonly invariants: ReadonlySet<Expr>;
  readonly functionNamed: (name: string) => FunctionDefinition | undefined;
  readonly evaluate: (node: Expr, grid: Grid, plan: PlanRecorder) => Promise<Value>;
}

/** Where in the evaluation we are: what and when, and what to report to. */
export interface EvalScope {
  readonly env: EvalEnv;
  readonly grid: Grid;
  readonly plan: PlanRecorder;
}
