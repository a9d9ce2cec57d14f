import type { NativeHistogram } from '../model/native-histogram.ts';
import type { Aggregate } from './ast.ts';
import type { Row } from './evaluate-types.ts';
import { nextCarry } from './functions/index.ts';

/** Aggregates the rows of one group, moment by moment, in the order in which they are added. */
export interface Accumulator {
  /** Takes another series of the group. The row may be written again afterwards. @param metric its name, for annotations. */
  add(row: Row, metric: string): void;
  /** The result; no more rows may be added. */
  finish(): Row;
}

/** Called for each histogram that an aggregation of floats leaves out. */
export type OnIgnoredHistogram = () => void;

abstract class FloatAccumulator implements Accumulator {
  protected readonly steps: number;
  protected readonly values: Float64Array;
  protected readonly present: Uint8Array;
  readonly #onIgnored: OnIgnoredHistogram;

  constructor(steps: number, onIgnored: OnIgnoredHistogram) {
    this.steps = steps;
    this.values = new Float64Array(steps);
    this.present = new Uint8Array(steps);
    this.#onIgnored = onIgnored;
  }

  add(row: Row): void {
    if (row.histograms === undefined) {
      this.addFloats(row.values, row.present);
      return;
    }
    const present = row.present.slice();
    for (let i = 0; i < this.steps; i++) {
      if (present[i] === 0 || row.histograms[i] === undefined) continue;
      present[i] = 0;
      this.#onIgnored();
    }
    this.addFloats(row.values, present);
  }

  protected abstract addFloats(values: Float64Array, present: Uint8Array): void;

  finish(): Row {
    return { values: this.values, present: this.present, histograms: undefined };
  }
}

/** A NaN gives way to any other value. */
class ExtremeAccumulator extends FloatAccumulator {
  readonly #isMax: boolean;

  constructor(steps: number, onIgnored: OnIgnoredHistogram, isMax: boolean) {
    super(steps, onIgnored);
    this.#isMax = isMax;
  }

  protected addFloats(values: Float64Array, present: Uint8Array): void {
    const own = this.values;
    const seen = this.present;
    const isMax = this.#isMax;
    for (let i = 0; i < this.steps; i++) {
      if (present[i] === 0) continue;
      const value = values[i]!;
      const current = own[i]!;
      if (seen[i] === 0) {
        seen[i] = 1;
        own[i] = value;
      } else if ((isMax ? current < value : current > value) || Number.isNaN(current)) own[i] = value;
    }
  }
}

/** Population variance by Welford's method, as Prometheus: not compensated, and NaN as soon as the first value is not finite. */
class VarianceAccumulator extends FloatAccumulator {
  readonly #means: Float64Array;
  readonly #counts: Uint32Array;
  readonly #isDeviation: boolean;

  constructor(steps: number, onIgnored: OnIgnoredHistogram, isDeviation: boolean) {
    super(steps, onIgnored);
    this.#means = new Float64Array(steps);
    this.#counts = new Uint32Array(steps);
    this.#isDeviation = isDeviation;
  }

  protected addFloats(values: Float64Array, present: Uint8Array): void {
    const means = this.#means;
    const counts = this.#counts;
    const squares = this.values;
    for (let i = 0; i < this.steps; i++) {
      if (present[i] === 0) continue;
      const value = values[i]!;
      const count = counts[i]! + 1;
      counts[i] = count;
      if (count === 1) {
        this.present[i] = 1;
        means[i] = value;
        squares[i] = Number.isFinite(value) ? 0 : Number.NaN;
        continue;
      }
      const delta = value - means[i]!;
      const mean = means[i]! + delta / count;
      means[i] = mean;
      squares[i] = squares[i]! + delta * (value - mean);
    }
  }

  override finish(): Row {
    const counts = this.#counts;
    for (let i = 0; i < this.steps; i++) {
      if (counts[i] === 0) continue;
      const variance = this.values[i]! / counts[i]!;
      this.values[i] = this.#isDeviation ? Math.sqrt(variance) : variance;
    }
    return super.finish();
  }
}

/** Counts floats and histograms alike; `group` gives 1 for any number of them. */
class CountAccumulator implements Accumulator {
  readonly #values: Float64Array;
  readonly #present: Uint8Array;
  readonly #isGroup: boolean;

  constructor(steps: number, isGroup: boolean) {
    this.#values = new Float64Array(steps);
    this.#present = new Uint8Array(steps);
    this.#isGroup = isGroup;
  }

  add({ present }: Row): void {
    const values = this.#values;
    for (let i = 0; i < present.length; i++) {
      if (present[i] === 0) continue;
      this.#present[i] = 1;
      values[i] = this.#isGroup ? 1 : values[i]! + 1;
    }
  }

  finish(): Row {
    return { values: this.#values, present: this.#present, histograms: undefined };
  }
}

/** What a sum or an average does with histograms. Created when the first one comes. */
export interface HistogramFolder {
  add(i: number, histogram: NativeHistogram, metric: string): void;
  /** Whether the histograms seen at moment `i` do not go together, so that nothing more counts there. */
  isBroken(i: number): boolean;
  /** Puts the histograms into the row of the floats. */
  finish(row: Row, hasFloat: (i: number) => boolean): Row;
}

/** Sum and average, compensated, of floats or of histograms. A mix at one moment gives nothing there. */
abstract class AddingAccumulator implements Accumulator {
  protected readonly steps: number;
  protected readonly values: Float64Array;
  protected readonly carries: Float64Array;
  /** Samples so far, histograms counted. */
  protected readonly counts: Uint32Array;
  readonly #createFolder: () => HistogramFolder;
  #folder: HistogramFolder | undefined;
  /** Whether there was a float at the moment; only kept up once histograms have come. */
  #floatSeen: Uint8Array | undefined;

  constructor(steps: number, createFolder: () => HistogramFolder) {
    this.steps = steps;
    this.values = new Float64Array(steps);
    this.carries = new Float64Array(steps);
    this.counts = new Uint32Array(steps);
    this.#createFolder = createFolder;
  }

  add(row: Row, metric: string): void {
    if (row.histograms === undefined && this.#folder === undefined) this.addFloats(row.values, row.present);
    else this.#addMixed(row, metric);
  }

  #addMixed({ values, present, histograms }: Row, metric: string): void {
    if (this.#folder === undefined) {
      this.#folder = this.#createFolder();
      this.#floatSeen = Uint8Array.from(this.counts, (count) => Math.min(count, 1));
    }
    const folder = this.#folder;
    for (let i = 0; i < this.steps; i++) {
      if (present[i] === 0 || folder.isBroken(i)) continue;
      const histogram = histograms?.[i];
      if (histogram === undefined) {
        this.addFloat(i, values[i]!);
        this.#floatSeen![i] = 1;
      } else {
        this.counts[i]!++;
        folder.add(i, histogram, metric);
      }
    }
  }

  protected abstract addFloats(values: Float64Array, present: Uint8Array): void;
  protected abstract addFloat(i: number, value: number): void;
  /** Turns the floats' state into results, in place. */
  protected abstract finishFloats(): void;

  finish(): Row {
    this.finishFloats();
    const present = new Uint8Array(this.steps);
    for (let i = 0; i < this.steps; i++) present[i] = this.counts[i] === 0 ? 0 : 1;
    const row: Row = { values: this.values, present, histograms: undefined };
    return this.#folder === undefined ? row : this.#folder.finish(row, (i) => this.#floatSeen![i] !== 0);
  }
}

class SumAccumulator extends AddingAccumulator {
  protected addFloats(values: Float64Array, present: Uint8Array): void {
    const { carries, counts, steps } = this;
    const sums = this.values;
    for (let i = 0; i < steps; i++) {
      if (present[i] === 0) continue;
      const value = values[i]!;
      if (counts[i]!++ === 0) {
        sums[i] = value;
        continue;
      }
      const sum = sums[i]!;
      const total = sum + value;
      carries[i] = nextCarry(carries[i]!, sum, value, total);
      sums[i] = total;
    }
  }

  protected addFloat(i: number, value: number): void {
    // A histogram that came first leaves zero here; the moment then has no result anyway.
    const sum = this.counts[i]!++ === 0 ? 0 : this.values[i]!;
    const total = sum + value;
    this.carries[i] = nextCarry(this.carries[i]!, sum, value, total);
    this.values[i] = total;
  }

  protected finishFloats(): void {
    for (let i = 0; i < this.steps; i++) this.values[i] = this.values[i]! + this.carries[i]!;
  }
}

/** The sum by the count; where the sum would overflow, the mean is carried on instead. */
class AverageAccumulator extends AddingAccumulator {
  /** 1 where `values` is a mean already. */
  readonly #isMean: Uint8Array;

  constructor(steps: number, createFolder: () => HistogramFolder) {
    super(steps, createFolder);
    this.#isMean = new Uint8Array(steps);
  }

  protected addFloats(values: Float64Array, present: Uint8Array): void {
    for (let i = 0; i < this.steps; i++) if (present[i] !== 0) this.addFloat(i, values[i]!);
  }

  protected addFloat(i: number, value: number): void {
    const { carries, values, counts } = this;
    const count = ++counts[i]!;
    if (count === 1) {
      values[i] = value;
      return;
    }
    const sum = values[i]!;
    if (this.#isMean[i] === 0) {
      const total = sum + value;
      if (total !== Number.POSITIVE_INFINITY && total !== Number.NEGATIVE_INFINITY) {
        carries[i] = nextCarry(carries[i]!, sum, value, total);
        values[i] = total;
        return;
      }
      this.#isMean[i] = 1;
      values[i] = sum / (count - 1);
      carries[i] = carries[i]! / (count - 1);
    }
    const share = (count - 1) / count;
    const scaled = share * values[i]!;
    const term = value / count;
    const total = scaled + term;
    carries[i] = nextCarry(share * carries[i]!, scaled, term, total);
    values[i] = total;
  }

  protected finishFloats(): void {
    const { carries, values, counts, steps } = this;
    for (let i = 0; i < steps; i++) {
      const count = counts[i]!;
      if (count === 0) continue;
      values[i] = this.#isMean[i] === 0 ? values[i]! / count + carries[i]! / count : values[i]! + carries[i]!;
    }
  }
}

/** Aggregations that take one row after the other. */
export type RowAggregate = Extract<
  Aggregate['op'],
  'sum' | 'avg' | 'count' | 'min' | 'max' | 'group' | 'stddev' | 'stdvar'
>;

const ROW_AGGREGATES: ReadonlySet<string> = new Set<RowAggregate>([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
]);

export function isRowAggregate(op: Aggregate['op']): op is RowAggregate {
  return ROW_AGGREGATES.has(op);
}

/** @param createFolder for `sum` and `avg` of histograms. */
export function createAccumulator(
  op: RowAggregate,
  steps: number,
  onIgnored: OnIgnoredHistogram,
  createFolder: () => HistogramFolder,
): Accumulator {
  switch (op) {
    case 'sum':
      return new SumAccumulator(steps, createFolder);
    case 'avg':
      return new AverageAccumulator(steps, createFolder);
    case 'min':
    case 'max':
      return new ExtremeAccumulator(steps, onIgnored, op === 'max');
    case 'stddev':
    case 'stdvar':
      return new VarianceAccumulator(steps, onIgnored, op === 'stddev');
    default:
      return new CountAccumulator(steps, op === 'group');
  }
}
