import {
  type CounterResetHint,
  CUSTOM_BOUNDS_SCHEMA,
  type NativeHistogram,
} from '../../model/native-histogram.ts';
import { addHistograms, subtractHistograms } from '../histogram/index.ts';
import { type LineReader, readNumber } from './reader.ts';

/** A sample of a script's series; its place in the list is its time. */
export type ScriptPoint =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'stale' }
  | {
      readonly kind: 'histogram';
      readonly histogram: NativeHistogram;
      /** The script says which counter reset hint it has, so it counts in comparisons. */
      readonly hasHint: boolean;
    };

/** Most points one notation may make, so that a slip in a script cannot fill the memory. */
const MAX_REPEATS = 1_000_000;

/** The points of a series up to the line's end; undefined: no sample at this step. */
export function readPoints(reader: LineReader): (ScriptPoint | undefined)[] {
  const points: (ScriptPoint | undefined)[] = [];
  for (reader.skipSpace(); !reader.isAtEnd; reader.skipSpace()) {
    for (const point of readNotation(reader)) points.push(point);
    if (!reader.isAtEnd && !/^\s/.test(reader.rest)) reader.fail('expected a space');
  }
  return points;
}

function readNotation(reader: LineReader): readonly (ScriptPoint | undefined)[] {
  if (reader.rest.startsWith('{{')) return readHistograms(reader);
  const gap = reader.match(/_(?:x(\d+))?(?=\s|$)/y);
  if (gap !== undefined) return repeated(reader, Number(gap[1] ?? 1), () => undefined);
  const stale = reader.match(/stale(?:x(\d+))?(?=\s|$)/y);
  if (stale !== undefined) return repeated(reader, Number(stale[1] ?? 0) + 1, () => ({ kind: 'stale' }));
  return readFloats(reader);
}

const FLOATS =
  /([+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))(?:([+-](?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))(?=x))?(?:x(\d+))?(?=\s|$)/iy;

function readFloats(reader: LineReader): readonly ScriptPoint[] {
  const found = reader.match(FLOATS);
  if (found === undefined) reader.fail('expected a point');
  const step = found[2] === undefined ? undefined : readNumber(found[2])!;
  let value = readNumber(found[1]!)!;
  return repeated(reader, Number(found[3] ?? 0) + 1, (i) => {
    // By repeated addition, because its rounding is part of the expected values.
    if (i > 0 && step !== undefined) value += step;
    return { kind: 'float', value };
  });
}

function readHistograms(reader: LineReader): readonly ScriptPoint[] {
  const base = readHistogram(reader);
  const sign = reader.match(/[+-](?=\{\{)/y)?.[0];
  const step = sign === undefined ? undefined : readHistogram(reader);
  const times = reader.match(/x(\d+)/y)?.[1];
  if (step !== undefined && times === undefined) reader.fail('expected a number of repetitions');
  let current = base.histogram;
  return repeated(reader, Number(times ?? 0) + 1, (i) => {
    if (i > 0 && step !== undefined) {
      const combine = sign === '+' ? addHistograms : subtractHistograms;
      const outcome = combine(current, step.histogram);
      if (outcome.kind === 'incompatible') reader.fail('exponential and custom buckets do not add up');
      // The sum of counters is no gauge here, although subtraction makes one: the notation describes consecutive samples.
      current = { ...outcome.histogram, counterReset: base.histogram.counterReset };
    }
    return { kind: 'histogram', histogram: current, hasHint: base.hasHint };
  });
}

function repeated<T>(reader: LineReader, count: number, make: (i: number) => T): T[] {
  if (count > MAX_REPEATS) reader.fail(`more than ${MAX_REPEATS} repetitions`);
  return Array.from({ length: count }, (_, i) => make(i));
}

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];

interface Fields {
  readonly numbers: Map<string, number>;
  readonly lists: Map<string, readonly number[]>;
  hint: CounterResetHint | undefined;
}

const NUMBER_FIELDS = new Set(['schema', 'sum', 'count', 'offset', 'n_offset', 'z_bucket', 'z_bucket_w']);
const LIST_FIELDS = new Set(['buckets', 'n_buckets', 'custom_values']);

/** Reads `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`. */
function readHistogram(reader: LineReader): { histogram: NativeHistogram; hasHint: boolean } {
  reader.expect('{{');
  const fields: Fields = { numbers: new Map(), lists: new Map(), hint: undefined };
  for (reader.skipSpace(); !reader.take('}}'); reader.skipSpace()) readField(reader, fields);
  return { histogram: fromFields(fields), hasHint: fields.hint !== undefined };
}

function readField(reader: LineReader, fields: Fields): void {
  const key = reader.match(/([a-z_]+):/y)?.[1];
  if (key === undefined) reader.fail('expected a histogram field');
  if (LIST_FIELDS.has(key)) {
    const list = reader.match(/\[([^\]]*)\]/y)?.[1];
    const items = (list ?? 'x').split(/\s+/).filter((item) => item !== '');
    fields.lists.set(
      key,
      items.map((item) => readNumber(item) ?? reader.fail('expected a list of numbers')),
    );
    return;
  }
  const text = reader.match(/[^\s}]+/y)?.[0] ?? '';
  if (key === 'counter_reset_hint') {
    fields.hint = HINTS.find((hint) => hint === text) ?? reader.fail('expected a counter reset hint');
    return;
  }
  if (!NUMBER_FIELDS.has(key)) reader.fail(`unknown histogram field ${key}`);
  fields.numbers.set(key, readNumber(text) ?? reader.fail('expected a number'));
}

function fromFields({ numbers, lists, hint }: Fields): NativeHistogram {
  const schema = numbers.get('schema') ?? 0;
  const positiveCounts = lists.get('buckets') ?? [];
  const negativeCounts = lists.get('n_buckets') ?? [];
  const offset = numbers.get('offset') ?? 0;
  const negativeOffset = numbers.get('n_offset') ?? 0;
  return {
    schema,
    zeroThreshold: numbers.get('z_bucket_w') ?? 0,
    zeroCount: numbers.get('z_bucket') ?? 0,
    count: numbers.get('count') ?? 0,
    sum: numbers.get('sum') ?? 0,
    positiveIndexes: positiveCounts.map((_, i) => offset + i),
    positiveCounts,
    negativeIndexes: negativeCounts.map((_, i) => negativeOffset + i),
    negativeCounts,
    customBounds: schema === CUSTOM_BOUNDS_SCHEMA ? (lists.get('custom_values') ?? []) : [],
    counterReset: hint ?? 'unknown',
  };
}
