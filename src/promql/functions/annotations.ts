import { quoted } from '../../model/labels.ts';
import type { CallContext } from './define.ts';

/** The prefixes by which Prometheus's clients tell the two kinds apart. */
export const WARNING = 'PromQL warning: ';
export const INFO = 'PromQL info: ';

/** The range holds floats and histograms, and the function can take only one kind. */
export function warnOfMixedRange(context: CallContext): void {
  context.annotate.warn(
    `${WARNING}encountered a mix of histograms and floats for metric name ${quoted(context.metric)}`,
    context.argPos[0] ?? context.pos,
  );
}

/** The range holds floats and histograms, and the function has left out the histograms. */
export function informOfIgnoredHistograms(context: CallContext): void {
  context.annotate.info(
    `${INFO}ignored histograms in a range containing both floats and histograms for metric name ${quoted(context.metric)}`,
    context.argPos[0] ?? context.pos,
  );
}

/** Warns unless `0 <= quantile <= 1`. @param arg index of the argument that has the quantile. */
export function warnOfInvalidQuantile(quantile: number, arg: number, context: CallContext): void {
  if (quantile >= 0 && quantile <= 1) return;
  context.annotate.warn(
    `${WARNING}quantile value should be between 0 and 1, got ${goNumber(quantile)}`,
    context.argPos[arg] ?? context.pos,
  );
}

/** A number as Go's `%g` prints it: shortest form, with an exponent of at least two digits below 1e-4 and from 1e6. */
export function goNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Number.isNaN(value)) return 'NaN';
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? withLongExponent(value.toExponential()) : String(value);
}

/** A finite number as Go's `%.2g` prints it. */
export function goNumberOfTwoDigits(value: number): string {
  const [digits, exponent] = value.toExponential(1).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 2) return String(Number(value.toPrecision(2)));
  return withLongExponent(`${Number(digits)}e${exponent}`);
}

function withLongExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const COUNTER_SUFFIXES = ['_total', '_sum', '_count', '_bucket'];
/** Of the name asked for last: a range function asks for the same one at each step. */
let lastName = '';
let lastHint: string | undefined;

/** Says that sorting changes nothing in a range query, whose series are ordered by labels. */
export function warnOfSortInRangeQuery(context: CallContext): void {
  if (context.startMs === context.endMs) return;
  context.annotate.warn(
    `${WARNING}sort is ineffective for range queries since results are always ordered by labels`,
    context.pos,
  );
}

/** Says that a name is not one of a counter. Nothing for a series without a name. */
export function informOfPossibleNonCounter(context: CallContext): void {
  if (context.metric !== lastName) {
    lastName = context.metric;
    lastHint = COUNTER_SUFFIXES.some((suffix) => lastName.endsWith(suffix))
      ? undefined
      : `${INFO}metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoted(lastName)}`;
  }
  if (lastHint !== undefined && lastName !== '')
    context.annotate.info(lastHint, context.argPos[0] ?? context.pos);
}
