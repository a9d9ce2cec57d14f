import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import { type SampleColumns, setStale, wordsOf } from '../../model/samples.ts';
import { compileMatcher, detectReset, matchesAll, metricOf, type SampleSource } from '../../promql/index.ts';
import { parseScript, type ScriptPoint } from '../../promql/testing/index.ts';
import type { RuleSample } from '../rule-types.ts';

/** Samples in memory, of which only those up to a moment can be seen, so that rules do not look into the future. */
export class TestStorage implements SampleSource {
  readonly #byMetric = new Map<string, Map<string, Growing>>();
  /** Epoch milliseconds, inclusive. */
  visibleUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * Adds an input series in the notation of promql tests.
   *
   * @throws Error for notation that cannot be read.
   */
  load(input: { series: string; values: string }, startMs: number, stepMs: number): void {
    const line = `${input.series} ${input.values}`.replaceAll(/\s+/g, ' ').trim();
    const [command] = parseScript(`load 1s\n${line}`);
    if (command?.kind !== 'load' || command.series.length !== 1) throw new Error(`no series: ${line}`);
    const { labels, points } = command.series[0]!;
    points.forEach((point, i) => {
      if (point !== undefined) this.#growing(labels).add(startMs + i * stepMs, point);
    });
  }

  /** Adds what rules produce. */
  write(samples: readonly RuleSample[]): void {
    for (const { labels, timeMs, value, histogram, isStale } of samples) {
      const float: ScriptPoint = isStale ? { kind: 'stale' } : { kind: 'float', value };
      const point =
        histogram === undefined ? float : { kind: 'histogram' as const, histogram, hasHint: false };
      this.#growing(labels).add(timeMs, point);
    }
  }

  async select(
    { matchers, fromMs, toMs }: Parameters<SampleSource['select']>[0],
    context: Parameters<SampleSource['select']>[1],
  ): ReturnType<SampleSource['select']> {
    const compiled = matchers.map(compileMatcher);
    const untilMs = Math.min(toMs, this.visibleUntilMs);
    const series = this.#candidates(metricOf(matchers))
      .filter(({ labels }) => matchesAll(compiled, labels))
      .map((growing) => {
        const columns = growing.between(fromMs, untilMs);
        return {
          labels: growing.labels,
          maxSamples: columns.timesMs.length,
          read() {
            context.chargeSamples(columns.timesMs.length);
            return columns;
          },
        };
      });
    const rowsRead = series.reduce((sum, { maxSamples }) => sum + maxSamples, 0);
    return { series, stats: { rowsRead, bytesRead: rowsRead * 16, origin: 'memory' } };
  }

  #candidates(metric: string | undefined): Growing[] {
    const lists = metric === undefined ? [...this.#byMetric.values()] : [this.#byMetric.get(metric)];
    return lists.flatMap((list) => [...(list?.values() ?? [])]);
  }

  #growing(labels: Labels): Growing {
    const metric = labels.get(METRIC_NAME);
    const list = this.#byMetric.get(metric) ?? new Map<string, Growing>();
    this.#byMetric.set(metric, list);
    const growing = list.get(labels.key) ?? new Growing(labels);
    list.set(labels.key, growing);
    return growing;
  }
}

/** One series to which samples are added at the end. */
class Growing {
  readonly labels: Labels;
  #length = 0;
  #timesMs = new Float64Array(16);
  #values = new Float64Array(16);
  #histograms: (NativeHistogram | undefined)[] = [];
  #hasHistograms = false;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  /** A sample that is not newer than the last is refused, as a database does. */
  add(timeMs: number, point: ScriptPoint): void {
    const at = this.#length;
    if (at > 0 && timeMs <= this.#timesMs[at - 1]!) return;
    if (at === this.#timesMs.length) this.#grow();
    this.#timesMs[at] = timeMs;
    this.#values[at] = point.kind === 'float' ? point.value : Number.NaN;
    if (point.kind === 'stale') setStale(wordsOf(this.#values), at);
    if (point.kind === 'histogram') {
      this.#hasHistograms = true;
      this.#histograms[at] = withHint(point.histogram, this.#histograms[at - 1]);
    }
    this.#length++;
  }

  #grow(): void {
    const [timesMs, values] = [this.#timesMs, this.#values];
    this.#timesMs = new Float64Array(timesMs.length * 2);
    this.#timesMs.set(timesMs);
    this.#values = new Float64Array(values.length * 2);
    // As words: a marker must not pass through a float register.
    wordsOf(this.#values).set(wordsOf(values));
  }

  between(fromMs: number, toMs: number): SampleColumns {
    const from = this.#firstFrom(fromMs);
    const to = Math.max(from, this.#firstFrom(toMs + 1));
    return {
      timesMs: this.#timesMs.subarray(from, to),
      values: this.#values.subarray(from, to),
      histograms: this.#hasHistograms ? this.#histograms.slice(from, to) : undefined,
    };
  }

  #firstFrom(ms: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timesMs[middle]! < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The hint that a database keeps: of counters it is what the counts say, whatever was written. */
function withHint(histogram: NativeHistogram, previous: NativeHistogram | undefined): NativeHistogram {
  if (histogram.counterReset === 'gauge' || histogram.counterReset === 'reset') return histogram;
  const unmarked: NativeHistogram = { ...histogram, counterReset: 'unknown' };
  if (previous === undefined || previous.counterReset === 'gauge') return unmarked;
  return { ...histogram, counterReset: detectReset(previous, unmarked) ? 'reset' : 'not_reset' };
}
