import type { Labels } from '../model/labels.ts';
import type { NativeHistogram } from '../model/native-histogram.ts';
import type { EvalScope, GridSeries, Row } from './evaluate-types.ts';

/** Rows that are allocated together, because many small arrays are slow to make and to collect. */
const MAX_SLAB_ROWS = 256;
const MAX_SLAB_CELLS = 16_384;

/** Memory for the rows of one vector. */
class RowSlabs {
  readonly #steps: number;
  #values = new Float64Array(0);
  #present = new Uint8Array(0);
  #used = 0;
  #rows = 1;

  constructor(steps: number) {
    this.#steps = steps;
  }

  next(): { readonly values: Float64Array; readonly present: Uint8Array } {
    const steps = this.#steps;
    if (this.#used + steps > this.#values.length) this.#grow();
    const from = this.#used;
    this.#used += steps;
    if (this.#rows === 1) return { values: this.#values, present: this.#present };
    return {
      values: this.#values.subarray(from, from + steps),
      present: this.#present.subarray(from, from + steps),
    };
  }

  /** A single row first, then ever more at once. */
  #grow(): void {
    const most = Math.max(1, Math.min(MAX_SLAB_ROWS, Math.floor(MAX_SLAB_CELLS / this.#steps)));
    this.#rows = this.#values.length === 0 ? 1 : Math.min(most, this.#rows * 4);
    this.#values = new Float64Array(this.#steps * this.#rows);
    this.#present = new Uint8Array(this.#steps * this.#rows);
    this.#used = 0;
  }
}

/** A row that is being filled, used again for the next series unless somebody keeps it. */
export class RowWriter implements Row {
  values: Float64Array;
  present: Uint8Array;
  histograms: (NativeHistogram | undefined)[] | undefined;
  readonly steps: number;
  readonly #slabs: RowSlabs;

  constructor(steps: number) {
    this.steps = steps;
    this.#slabs = new RowSlabs(steps);
    const { values, present } = this.#slabs.next();
    this.values = values;
    this.present = present;
  }

  setHistogram(i: number, histogram: NativeHistogram): void {
    this.histograms ??= new Array<NativeHistogram | undefined>(this.steps).fill(undefined);
    this.histograms[i] = histogram;
  }

  /** Hands over the arrays and goes on with fresh ones. */
  take(): Row {
    const { values, present, histograms } = this;
    const fresh = this.#slabs.next();
    this.values = fresh.values;
    this.present = fresh.present;
    this.histograms = undefined;
    return { values, present, histograms };
  }

  /** Hands over the arrays; nothing may be written any more. */
  finish(): Row {
    return { values: this.values, present: this.present, histograms: this.histograms };
  }

  clear(): void {
    this.present.fill(0);
    this.histograms = undefined;
  }
}

/**
 * Gets the rows of a vector one after the other, those with at least one sample.
 *
 * @param row is written again for the next series: copy or {@link RowWriter.take} what must stay.
 */
export type RowConsumer = (labels: Labels, dropsName: boolean, row: RowWriter, found: number) => void;

/** A consumer that keeps all rows. */
export function collector(scope: EvalScope): {
  readonly series: GridSeries[];
  readonly consume: RowConsumer;
} {
  const series: GridSeries[] = [];
  return {
    series,
    consume(labels, dropsName, row, found) {
      scope.env.budget.hold(found, row.steps);
      series.push({ labels, dropsName, ...row.take() });
    },
  };
}

/** Samples in a row. */
export function countPresent(row: Row): number {
  let count = 0;
  for (let i = 0; i < row.present.length; i++) count += row.present[i]!;
  return count;
}

/** The same sample at each of `steps` moments, or nothing. */
export function repeated(series: GridSeries, steps: number): GridSeries {
  const histogram = series.histograms?.[0];
  return {
    ...series,
    values: new Float64Array(steps).fill(series.values[0]!),
    present: new Uint8Array(steps).fill(series.present[0]!),
    histograms: histogram === undefined ? undefined : new Array<NativeHistogram>(steps).fill(histogram),
  };
}
