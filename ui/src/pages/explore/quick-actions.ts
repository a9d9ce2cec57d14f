import { labelText, selectorOf } from './series-text.ts';

/** What one usually asks of a metric, by its kind. */
export interface QuickAction {
  readonly id: string;
  readonly label: string;
  /** What the numbers will mean. */
  readonly title: string;
  readonly expr: string;
}

export type MetricKind =
  | 'counter'
  | 'gauge'
  | 'classic-histogram'
  | 'native-histogram'
  | 'summary'
  | 'unknown';

/** Window of rates: four scrapes and more at the usual intervals. */
const rateWindow = '5m';

const histogramPart = /_(bucket|count|sum)$/;

/**
 * The kind of a metric as it is stored. Types are told per family (`http_request_duration_seconds`), series of classic histograms and
 * summaries carry a suffix; without a type the suffix decides.
 */
export function kindOf(metric: string, typeOf: (family: string) => string | undefined): MetricKind {
  const own = typeOf(metric);
  const family = metric.replace(histogramPart, '');
  const familyType = family === metric ? undefined : typeOf(family);
  if (metric.endsWith('_bucket') && (familyType === 'histogram' || own === undefined || own === 'unknown'))
    return 'classic-histogram';
  if (familyType === 'histogram' || familyType === 'gaugehistogram' || familyType === 'summary')
    return 'counter';
  if (own === 'histogram' || own === 'gaugehistogram') return 'native-histogram';
  if (own === 'counter' || own === 'gauge' || own === 'summary') return own;
  if (/_(total|count|sum)$/.test(metric)) return 'counter';
  return own === 'info' || own === 'stateset' ? 'gauge' : 'unknown';
}

/** What a metric's values are, in words. */
export const kindWords: Readonly<Record<MetricKind, string>> = {
  counter: 'counter',
  gauge: 'gauge',
  'classic-histogram': 'histogram buckets',
  'native-histogram': 'native histogram',
  summary: 'summary',
  unknown: 'unknown type',
};

interface Ask {
  readonly metric: string;
  readonly kind: MetricKind;
  /** Label to split by; null for one line. */
  readonly by: string | null;
}

export function quickActions(ask: Ask): readonly QuickAction[] {
  switch (ask.kind) {
    case 'counter':
      return counterActions(ask);
    case 'classic-histogram':
      return classicActions(ask);
    case 'native-histogram':
      return nativeActions(ask);
    case 'summary':
      return summaryActions(ask);
    default:
      return gaugeActions(ask);
  }
}

function by(label: string | null, ...others: string[]): string {
  const names = [...others, ...(label === null ? [] : [labelText(label)])];
  return names.length === 0 ? '' : ` by (${names.join(', ')}) `;
}

const split = (label: string | null): string => (label === null ? '' : ` by ${label}`);

function counterActions({ metric, by: label }: Ask): QuickAction[] {
  const selector = selectorOf(metric);
  const rate = `rate(${selector}[${rateWindow}])`;
  return [
    { id: 'rate', label: 'Rate', title: 'Increase per second of every series', expr: rate },
    {
      id: 'sum',
      label: `Sum of rate${split(label)}`,
      title: 'Increase per second, added up',
      expr: `sum${by(label)}(${rate})`,
    },
    {
      id: 'increase',
      label: `Increase per hour${split(label)}`,
      title: 'How much was added within an hour',
      expr: `sum${by(label)}(increase(${selector}[1h]))`,
    },
    {
      id: 'top',
      label: 'Top 5',
      title: 'The five series that grow fastest',
      expr: `topk(5, ${rate})`,
    },
  ];
}

function gaugeActions({ metric, by: label }: Ask): QuickAction[] {
  const selector = selectorOf(metric);
  return [
    { id: 'value', label: 'Value', title: 'Every series as it is', expr: selector },
    { id: 'sum', label: `Sum${split(label)}`, title: 'Added up', expr: `sum${by(label)}(${selector})` },
    {
      id: 'avg',
      label: `Average${split(label)}`,
      title: 'Mean over series',
      expr: `avg${by(label)}(${selector})`,
    },
    {
      id: 'max',
      label: `Highest${split(label)}`,
      title: 'The largest value',
      expr: `max${by(label)}(${selector})`,
    },
    {
      id: 'smooth',
      label: 'Smoothed',
      title: `Mean over ${rateWindow} of every series`,
      expr: `avg_over_time(${selector}[${rateWindow}])`,
    },
  ];
}

const quantiles = [
  ['p50', '0.5'],
  ['p95', '0.95'],
  ['p99', '0.99'],
] as const;

function classicActions({ metric, by: label }: Ask): QuickAction[] {
  const family = metric.replace(histogramPart, '');
  const buckets = `rate(${selectorOf(`${family}_bucket`)}[${rateWindow}])`;
  const rateOf = (suffix: string): string =>
    `sum${by(label)}(rate(${selectorOf(`${family}${suffix}`)}[${rateWindow}]))`;
  return [
    ...quantiles.map(([id, phi]) => ({
      id,
      label: `${id}${split(label)}`,
      title: `${Number(phi) * 100} per cent of the observations are below`,
      expr: `histogram_quantile(${phi}, sum${by(label, 'le')}(${buckets}))`,
    })),
    {
      id: 'mean',
      label: `Average${split(label)}`,
      title: 'Mean of the observations',
      expr: `${rateOf('_sum')} / ${rateOf('_count')}`,
    },
    {
      id: 'rate',
      label: `Observations${split(label)}`,
      title: 'Observations per second',
      expr: rateOf('_count'),
    },
  ];
}

function nativeActions({ metric, by: label }: Ask): QuickAction[] {
  const sum = `sum${by(label)}(rate(${selectorOf(metric)}[${rateWindow}]))`;
  return [
    ...quantiles.map(([id, phi]) => ({
      id,
      label: `${id}${split(label)}`,
      title: `${Number(phi) * 100} per cent of the observations are below`,
      expr: `histogram_quantile(${phi}, ${sum})`,
    })),
    {
      id: 'mean',
      label: `Average${split(label)}`,
      title: 'Mean of the observations',
      expr: `histogram_avg(${sum})`,
    },
    {
      id: 'rate',
      label: `Observations${split(label)}`,
      title: 'Observations per second',
      expr: `histogram_count(${sum})`,
    },
  ];
}

function summaryActions({ metric, by: label }: Ask): QuickAction[] {
  const rateOf = (suffix: string): string =>
    `sum${by(label)}(rate(${selectorOf(`${metric}${suffix}`)}[${rateWindow}]))`;
  return [
    { id: 'value', label: 'Quantiles', title: 'As the program computed them', expr: selectorOf(metric) },
    {
      id: 'mean',
      label: `Average${split(label)}`,
      title: 'Mean of the observations',
      expr: `${rateOf('_sum')} / ${rateOf('_count')}`,
    },
  ];
}
