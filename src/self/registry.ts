/**
 * A small metrics registry and its text formats.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4)
 * https://prometheus.io/docs/specs/om/open_metrics_spec/ (1.0.0)
 */

/** Label combinations per metric; beyond it values go to a series whose labels all read `other`. */
const MAX_SERIES = 500;

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds to the series of these labels. Negative and non-finite amounts are ignored: a counter only grows. */
  add(labels: Labels, amount?: number): void;
}

export interface Gauge {
  set(labels: Labels, value: number): void;
}

export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** A sample a collector produces when asked. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface MetricDefinition {
  /** Without `_total`, which the format adds to counters. */
  readonly name: string;
  readonly help: string;
  /** Base unit, which must be the end of the name: `seconds`, `bytes`. Only OpenMetrics shows it. */
  readonly unit?: string;
  readonly labels?: readonly string[];
}

export type TextFormat = 'prometheus' | 'openmetrics';

export interface MetricsRegistry {
  counter(definition: MetricDefinition): Counter;
  gauge(definition: MetricDefinition): Gauge;
  /** @param buckets ascending upper bounds; `+Inf` is added. */
  histogram(definition: MetricDefinition & { buckets: readonly number[] }): Histogram;
  /** A counter or gauge that is read when the metrics are asked for. One that throws shows no samples. */
  observed(
    definition: MetricDefinition & { type: 'counter' | 'gauge' },
    read: () => number | readonly Sample[],
  ): void;
  text(format: TextFormat): { type: string; text: string };
}

interface Family {
  readonly definition: MetricDefinition;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Lines without the family's name: suffix, labels, value. */
  lines(): Line[];
}

interface Line {
  readonly suffix: string;
  readonly labels: ReadonlyArray<readonly [string, string]>;
  readonly value: number;
}

export function createMetricsRegistry(): MetricsRegistry {
  const families = new Map<string, Family>();

  function register(family: Family): void {
    const { name } = family.definition;
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`${name} is not a metric name`);
    if (families.has(name)) throw new Error(`metric ${name} is defined twice`);
    families.set(name, family);
  }

  return {
    counter(definition) {
      const series = createSeries<{ value: number }>(definition, () => ({ value: 0 }));
      register({ definition, type: 'counter', lines: () => series.lines('_total') });
      return {
        add(labels, amount = 1) {
          if (amount >= 0 && Number.isFinite(amount)) series.of(labels).value += amount;
        },
      };
    },
    gauge(definition) {
      const series = createSeries<{ value: number }>(definition, () => ({ value: 0 }));
      register({ definition, type: 'gauge', lines: () => series.lines('') });
      return {
        set(labels, value) {
          series.of(labels).value = value;
        },
      };
    },
    histogram(definition) {
      const { family, histogram } = createHistogram(definition, definition.buckets);
      register(family);
      return histogram;
    },
    observed(definition, read) {
      const suffix = definition.type === 'counter' ? '_total' : '';
      register({ definition, type: definition.type, lines: () => readLines(read, suffix) });
    },
    text: (format) => writeText([...families.values()], format),
  };
}

interface Series<T> {
  of(labels: Labels): T;
  entries(): Iterable<readonly [ReadonlyArray<readonly [string, string]>, T]>;
  lines(suffix: string): Line[];
}

function createSeries<T extends object>(definition: MetricDefinition, create: () => T): Series<T> {
  const names = definition.labels ?? [];
  const byKey = new Map<string, { labels: ReadonlyArray<readonly [string, string]>; state: T }>();

  function stateOf(values: readonly string[]): T | undefined {
    const key = values.join('\u0000');
    const known = byKey.get(key);
    if (known !== undefined) return known.state;
    if (byKey.size > MAX_SERIES) return undefined;
    const labels = names.map((name, i) => [name, values[i]!] as const);
    const state = create();
    byKey.set(key, { labels, state });
    return state;
  }

  // A metric without labels has its one series from the start, so that it reads 0 and not "absent".
  if (names.length === 0) stateOf([]);
  const others = names.map(() => 'other');
  return {
    of(labels) {
      const isFull = byKey.size >= MAX_SERIES;
      const values = names.map((name) => labels[name] ?? '');
      if (isFull && !byKey.has(values.join('\u0000'))) return stateOf(others)!;
      return stateOf(values)!;
    },
    *entries() {
      for (const { labels, state } of byKey.values()) yield [labels, state] as const;
    },
    lines: (suffix) =>
      [...byKey.values()].map(({ labels, state }) => ({
        suffix,
        labels,
        value: (state as unknown as { value: number }).value,
      })),
  };
}

function createHistogram(
  definition: MetricDefinition,
  buckets: readonly number[],
): { family: Family; histogram: Histogram } {
  const create = () => ({ counts: new Float64Array(buckets.length + 1), sum: 0 });
  const series = createSeries(definition, create);
  const lines = (): Line[] =>
    [...series.entries()].flatMap(([labels, state]) => histogramLines(buckets, labels, state));
  return {
    family: { definition, type: 'histogram', lines },
    histogram: {
      observe(labels, value) {
        if (Number.isNaN(value)) return;
        const state = series.of(labels);
        const index = buckets.findIndex((bound) => value <= bound);
        state.counts[index < 0 ? buckets.length : index]! += 1;
        state.sum += value;
      },
    },
  };
}

function histogramLines(
  buckets: readonly number[],
  labels: ReadonlyArray<readonly [string, string]>,
  state: { counts: Float64Array; sum: number },
): Line[] {
  let total = 0;
  const lines: Line[] = [];
  for (let i = 0; i <= buckets.length; i++) {
    total += state.counts[i]!;
    const bound = i === buckets.length ? '+Inf' : formatNumber(buckets[i]!);
    lines.push({ suffix: '_bucket', labels: [...labels, ['le', bound]], value: total });
  }
  lines.push({ suffix: '_sum', labels, value: state.sum }, { suffix: '_count', labels, value: total });
  return lines;
}

function readLines(read: () => number | readonly Sample[], suffix: string): Line[] {
  try {
    const result = read();
    const samples = typeof result === 'number' ? [{ value: result }] : result;
    return samples.map(({ labels = {}, value }: Sample) => ({
      suffix,
      labels: Object.entries(labels),
      value,
    }));
  } catch {
    // What cannot be read now has no samples; the rest of the page must not suffer for it.
    return [];
  }
}

function writeText(families: readonly Family[], format: TextFormat): { type: string; text: string } {
  const isOpen = format === 'openmetrics';
  let text = '';
  for (const { definition, type, lines } of families) {
    const { name, help, unit } = definition;
    // Prometheus's format names a counter with its suffix, OpenMetrics without.
    const title = type === 'counter' && !isOpen ? `${name}_total` : name;
    text += `# HELP ${title} ${escapeHelp(help, isOpen)}\n# TYPE ${title} ${type}\n`;
    if (isOpen && unit !== undefined) text += `# UNIT ${title} ${unit}\n`;
    for (const line of lines()) {
      text += `${name}${line.suffix}${formatLabels(line.labels)} ${formatNumber(line.value)}\n`;
    }
  }
  return isOpen
    ? { type: 'application/openmetrics-text; version=1.0.0; charset=utf-8', text: `${text}# EOF\n` }
    : { type: 'text/plain; version=0.0.4; charset=utf-8', text };
}

function formatLabels(labels: ReadonlyArray<readonly [string, string]>): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapeHelp(help: string, isOpen: boolean): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
