import { type Labels, METRIC_NAME, quoted } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { PositionRange } from '../ast.ts';
import { goNumber, INFO, WARNING, warnOfInvalidQuantile } from './annotations.ts';
import { bucketFraction, bucketQuantile, type ClassicBucket, monotonicityInfo } from './classic-quantile.ts';
import {
  type CallContext,
  defineFunction,
  type FunctionDefinition,
  type SampleFunction,
  type StepSample,
} from './define.ts';
import { histogramFraction, histogramQuantile, histogramVariance } from './histogram-estimates.ts';

function ofHistogram(
  name: string,
  help: string,
  compute: (histogram: NativeHistogram) => number,
): SampleFunction {
  return defineFunction({
    kind: 'sample',
    name,
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    help,
    evaluate: ({ histogram }) => (histogram === undefined ? undefined : compute(histogram)),
  });
}

/** The samples of a vector by histogram: each native one alone, the buckets of a classic one together. */
interface Histograms {
  readonly native: readonly { readonly sample: StepSample; readonly histogram: NativeHistogram }[];
  readonly classic: readonly ClassicHistogram[];
}

interface ClassicHistogram {
  /** Without `le`. */
  readonly labels: Labels;
  readonly buckets: ClassicBucket[];
}

const BUCKET_LABEL = 'le';
const ONLY_BUCKET_LABEL: ReadonlySet<string> = new Set([BUCKET_LABEL]);
/** Labels that say what a metric is; what is made of its histograms is something else. */
const METADATA: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Remembers what becomes of label sets: those of a series are the same object at each moment. */
function remembered(change: (labels: Labels) => Labels): (labels: Labels) => Labels {
  const known = new WeakMap<Labels, Labels>();
  return (labels) => {
    const found = known.get(labels);
    if (found !== undefined) return found;
    const changed = change(labels);
    known.set(labels, changed);
    return changed;
  };
}

const withoutBucket = remembered((labels) => labels.without(ONLY_BUCKET_LABEL));
const withoutMetadata = remembered((labels) => labels.without(METADATA));

function forMetric(name: string): string {
  return name === '' ? '' : ` for metric name ${quoted(name)}`;
}

/** The value of `le`; undefined when it is no number. */
function readBound(text: string): number | undefined {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Sorts the samples into histograms. Buckets without a bound are left out with a warning; so is what is both classic and native. */
function histogramsOf(vector: readonly StepSample[], pos: PositionRange, context: CallContext): Histograms {
  const native: { sample: StepSample; histogram: NativeHistogram }[] = [];
  const classic = new Map<string, ClassicHistogram>();
  for (const sample of vector) {
    if (sample.histogram !== undefined) {
      native.push({ sample, histogram: sample.histogram });
      continue;
    }
    const text = sample.labels.get(BUCKET_LABEL);
    const upperBound = readBound(text);
    if (upperBound === undefined) {
      context.annotate.warn(
        `${WARNING}bucket label "le" is missing or has a malformed value of ${quoted(text)}${forMetric(sample.labels.metric)}`,
        pos,
      );
      continue;
    }
    const labels = withoutBucket(sample.labels);
    const found = classic.get(labels.key);
    const bucket = { upperBound, count: sample.value };
    if (found === undefined) classic.set(labels.key, { labels, buckets: [bucket] });
    else found.buckets.push(bucket);
  }
  const unmixed = native.filter(({ sample: { labels } }) => {
    const key = withoutBucket(labels).key;
    if (!classic.delete(key)) return true;
    context.annotate.warn(
      `${WARNING}vector contains a mix of classic and native histograms${forMetric(labels.metric)}`,
      pos,
    );
    return false;
  });
  return { native: unmixed, classic: [...classic.values()] };
}

function resultOf(labels: Labels, value: number, context: CallContext): StepSample {
  const isDelayed = context.hasDelayedNameRemoval === true;
  return {
    labels: isDelayed ? labels : withoutMetadata(labels),
    dropsName: true,
    value,
    histogram: undefined,
  };
}

/** Quantile of a native histogram, with what has to be said about it. */
function quantileOfNative(
  quantile: number,
  { labels }: StepSample,
  histogram: NativeHistogram,
  context: CallContext,
): number {
  const { value, nanEffect } = histogramQuantile(quantile, histogram);
  if (nanEffect !== 'none') {
    const effect = nanEffect === 'skewed' ? 'result is skewed higher' : 'result is NaN';
    context.annotate.info(
      `${INFO}input to histogram_quantile has NaN observations, ${effect}${forMetric(labels.metric)}`,
      context.argPos[0] ?? context.pos,
    );
  }
  return value;
}

/** @param pos Of the argument with the histograms. */
function quantileOfClassic(
  quantile: number,
  { buckets }: ClassicHistogram,
  pos: PositionRange,
  context: CallContext,
): number {
  const { value, repair } = bucketQuantile(quantile, buckets);
  if (repair !== undefined) context.annotate.info(monotonicityInfo('', repair, context.evalMs), pos);
  return value;
}

/**
 * Quantiles of all histograms of a vector.
 *
 * @param quantiles with the label set each gives to a histogram's labels.
 */
function quantilesOf(
  { native, classic }: Histograms,
  quantiles: readonly { readonly value: number; readonly label: (labels: Labels) => Labels }[],
  pos: PositionRange,
  context: CallContext,
): StepSample[] {
  return quantiles.flatMap(({ value, label }) => [
    ...native.map(({ sample, histogram }) =>
      resultOf(label(sample.labels), quantileOfNative(value, sample, histogram, context), context),
    ),
    ...classic.map((one) =>
      resultOf(label(one.labels), quantileOfClassic(value, one, pos, context), context),
    ),
  ]);
}

/** A number as OpenMetrics writes it in labels: `0.5`, `1.0`, `1e-05`, `NaN`. */
function openMetricsNumber(value: number): string {
  const text = goNumber(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** For each call of `histogram_quantiles`, by quantile: what labels its results. */
const labellers = new WeakMap<CallContext, Map<number, (labels: Labels) => Labels>>();

function labeller(name: string, quantile: number, context: CallContext): (labels: Labels) => Labels {
  const known = labellers.get(context) ?? new Map<number, (labels: Labels) => Labels>();
  labellers.set(context, known);
  const found = known.get(quantile);
  if (found !== undefined) return found;
  const text = openMetricsNumber(quantile);
  const label = remembered((labels) => labels.with(name, text));
  known.set(quantile, label);
  return label;
}

const fraction = defineFunction({
  kind: 'vector',
  name: 'histogram_fraction',
  argTypes: ['scalar', 'scalar', 'vector'],
  variadic: 0,
  returns: 'vector',
  help: 'The estimated share of observations between two values, of classic and native histograms.',
  evaluate: ({ vectors, numbers: [lower, upper] }, context) => {
    const { native, classic } = histogramsOf(vectors[0]!, context.argPos[2] ?? context.pos, context);
    return [
      ...native.map(({ sample: { labels }, histogram }) => {
        const { value, hasNan } = histogramFraction(lower!, upper!, histogram);
        if (hasNan) {
          context.annotate.info(
            `${INFO}input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(labels.metric)}`,
            context.argPos[0] ?? context.pos,
          );
        }
        return resultOf(labels, value, context);
      }),
      ...classic.map(({ labels, buckets }) =>
        resultOf(labels, bucketFraction(lower!, upper!, buckets), context),
      ),
    ];
  },
});

const quantile = defineFunction({
  kind: 'vector',
  name: 'histogram_quantile',
  argTypes: ['scalar', 'vector'],
  variadic: 0,
  returns: 'vector',
  help: 'The estimated quantile of the observations of classic and native histograms.',
  evaluate: ({ vectors, numbers }, context) => {
    const value = numbers[0]!;
    warnOfInvalidQuantile(value, 0, context);
    const pos = context.argPos[1] ?? context.pos;
    const histograms = histogramsOf(vectors[0]!, pos, context);
    return quantilesOf(histograms, [{ value, label: (labels) => labels }], pos, context);
  },
});

const quantiles = defineFunction({
  kind: 'vector',
  name: 'histogram_quantiles',
  argTypes: ['vector', 'string', 'scalar', 'scalar'],
  variadic: 9,
  returns: 'vector',
  isExperimental: true,
  help: 'Several estimated quantiles of classic and native histograms, told apart by a label.',
  evaluate: ({ vectors, numbers, strings }, context) => {
    numbers.forEach((value, i) => {
      warnOfInvalidQuantile(value, i + 2, context);
    });
    const pos = context.argPos[0] ?? context.pos;
    const histograms = histogramsOf(vectors[0]!, pos, context);
    const wanted = numbers.map((value) => ({ value, label: labeller(strings[0]!, value, context) }));
    return quantilesOf(histograms, wanted, pos, context);
  },
});

/** Functions whose result is about histograms. */
export const histogramFunctions: readonly FunctionDefinition[] = [
  ofHistogram(
    'histogram_avg',
    'The average of the observations of a native histogram.',
    ({ sum, count }) => sum / count,
  ),
  ofHistogram('histogram_count', 'The number of observations of a native histogram.', ({ count }) => count),
  ofHistogram('histogram_sum', 'The sum of the observations of a native histogram.', ({ sum }) => sum),
  ofHistogram(
    'histogram_stddev',
    'The estimated standard deviation of the observations of a native histogram.',
    (histogram) => Math.sqrt(histogramVariance(histogram)),
  ),
  ofHistogram(
    'histogram_stdvar',
    'The estimated variance of the observations of a native histogram.',
    histogramVariance,
  ),
  fraction,
  quantile,
  quantiles,
];
