import type { NativeHistogram } from '../model/native-histogram.ts';
import type { PositionRange } from './ast.ts';
import type { HistogramFolder } from './evaluate-accumulators.ts';
import type { Row } from './evaluate-types.ts';
import type { Annotator } from './functions/index.ts';
import { HistogramTotal } from './histogram/index.ts';
import { quoteGo } from './strings.ts';

/** Sums or averages histograms moment by moment, with Prometheus's annotations. */
export class HistogramTotals implements HistogramFolder {
  readonly #totals: (HistogramTotal | undefined)[];
  readonly #isMean: boolean;
  readonly #annotate: Annotator;
  readonly #pos: PositionRange;

  constructor(steps: number, isMean: boolean, annotate: Annotator, pos: PositionRange) {
    this.#totals = new Array<HistogramTotal | undefined>(steps).fill(undefined);
    this.#isMean = isMean;
    this.#annotate = annotate;
    this.#pos = pos;
  }

  add(i: number, histogram: NativeHistogram, metric: string): void {
    let total = this.#totals[i];
    if (total === undefined) {
      total = new HistogramTotal();
      this.#totals[i] = total;
    }
    const wasReconciled = total.hasReconciledBounds;
    total.add(histogram);
    if (total.isIncompatible)
      this.#annotate.warn(
        `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoteGo(metric)}`,
        this.#pos,
      );
    if (total.hasReconciledBounds && !wasReconciled)
      this.#annotate.info('mismatched custom buckets were reconciled during aggregation', this.#pos);
  }

  isBroken(i: number): boolean {
    return this.#totals[i]?.isIncompatible === true;
  }

  finish({ values, present }: Row, hasFloat: (i: number) => boolean): Row {
    const histograms = new Array<NativeHistogram | undefined>(present.length).fill(undefined);
    for (const [i, total] of this.#totals.entries()) {
      if (total === undefined) continue;
      if (hasFloat(i)) {
        this.#annotate.warn('encountered a mix of histograms and floats for aggregation', this.#pos);
        present[i] = 0;
      } else if (total.isIncompatible) {
        present[i] = 0;
      } else {
        histograms[i] = this.#isMean ? total.mean() : total.total();
        if (total.hasResetCollision)
          this.#annotate.warn('conflicting counter resets during histogram aggregation', this.#pos);
      }
    }
    return { values, present, histograms };
  }
}
