import { BellwetherError } from '../lib/errors.ts';
import type { SampleColumns, SeriesSamples } from '../model/samples.ts';
import { compileMatcher, matchesAll } from './matchers.ts';
import type { SampleSource } from './source.ts';

/** A source over series in memory, which it reads in place: they must not change while it is used. No two may have equal labels. */
export function memorySource(series: readonly SeriesSamples[]): SampleSource {
  return {
    async select(request, context) {
      const matchers = request.matchers.map(compileMatcher);
      const selected = series.filter(({ labels }) => matchesAll(matchers, labels));
      if (selected.length > context.maxSeries) throw tooManySeries(context.maxSeries);
      const parts = selected.map((one) => ({
        labels: one.labels,
        columns: cut(one, request.fromMs, request.toMs),
      }));
      const rowsRead = parts.reduce((sum, { columns }) => sum + columns.timesMs.length, 0);
      return {
        series: parts.map(({ labels, columns }) => ({
          labels,
          maxSamples: columns.timesMs.length,
          read() {
            context.chargeSamples(columns.timesMs.length);
            return columns;
          },
        })),
        stats: { rowsRead, bytesRead: rowsRead * 16, origin: 'memory' },
      };
    },
  };
}

function tooManySeries(maxSeries: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_series',
    status: 422,
    message: `the selector matches more than ${maxSeries} series`,
    hint: 'add matchers, or raise the limit',
  });
}

/** The samples within bounds, both inclusive; views where possible. */
function cut({ timesMs, values, histograms }: SampleColumns, fromMs: number, toMs: number): SampleColumns {
  const from = firstAtOrAfter(timesMs, fromMs);
  const to = firstAtOrAfter(timesMs, toMs + 1);
  return {
    timesMs: timesMs.subarray(from, to),
    values: values.subarray(from, to),
    histograms: histograms?.slice(from, to),
  };
}

function firstAtOrAfter(timesMs: Float64Array, ms: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
