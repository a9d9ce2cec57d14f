import type { CounterResetHint, NativeHistogram } from '../../model/native-histogram.ts';
import { nextCarry } from '../functions/compensated.ts';
import { combinedHint } from './arithmetic.ts';
import {
  areBoundsEqual,
  commonLayout,
  compactHistogram,
  type Layout,
  negativeSide,
  positiveSide,
  type Side,
  toLayout,
  withSides,
} from './layout.ts';

/**
 * Adds histograms up with compensated summation of each count and the sum. Keeps what annotations need to know. For `sum`, `avg`,
 * `sum_over_time` and `avg_over_time`.
 */
export class HistogramTotal {
  #value: NativeHistogram | undefined;
  /** What rounding has taken from each number of the value, in the same layout. */
  #carry: NativeHistogram | undefined;
  /** What value and carry are multiples of. */
  #unit = 1;
  #added = 0;
  #sawReset = false;
  #sawNotReset = false;
  #hasReconciledBounds = false;
  #isIncompatible = false;

  /** Adds one. Nothing happens once custom and exponential buckets have met. */
  add(histogram: NativeHistogram): void {
    if (this.#isIncompatible) return;
    this.#sawReset ||= histogram.counterReset === 'reset';
    this.#sawNotReset ||= histogram.counterReset === 'not_reset';
    this.#added++;
    if (this.#value === undefined) {
      this.#value = histogram;
      this.#carry = mapped(histogram, () => 0);
      return;
    }
    const layout = commonLayout(this.#value, histogram);
    if (layout === undefined) {
      this.#isIncompatible = true;
      return;
    }
    this.#hasReconciledBounds ||= !areBoundsEqual(this.#value.customBounds, histogram.customBounds);
    const hint = combinedHint(this.#value.counterReset, histogram.counterReset);
    if (this.#accumulate(histogram, layout, hint)) return;
    // From here on in a smaller unit (a power of two, so nothing is lost), because the total does not fit into a double.
    this.#unit = LARGE_UNIT;
    this.#value = mapped(this.#value, (value) => value / LARGE_UNIT);
    this.#carry = mapped(this.#carry!, (value) => value / LARGE_UNIT);
    this.#accumulate(histogram, layout, hint);
  }

  /** Adds to the total. False: it would overflow, and nothing has changed. */
  #accumulate(histogram: NativeHistogram, layout: Layout, hint: CounterResetHint): boolean {
    const term = this.#unit === 1 ? histogram : mapped(histogram, (value) => value / this.#unit);
    const [value, carry] = compensatedSum(
      toLayout(this.#value!, layout),
      toLayout(this.#carry!, layout),
      toLayout(term, layout),
    );
    if (this.#unit === 1 && hasInfinity(value)) return false;
    this.#value = { ...value, zeroThreshold: layout.zeroThreshold, counterReset: hint };
    this.#carry = carry;
    return true;
  }

  /** Both custom and exponential buckets were added: there is no result and a warning is due. */
  get isIncompatible(): boolean {
    return this.#isIncompatible;
  }

  /** Both samples after and without a counter reset were added: a warning is due. */
  get hasResetCollision(): boolean {
    return this.#sawReset && this.#sawNotReset;
  }

  /** Custom buckets with different bounds were added: an info is due. */
  get hasReconciledBounds(): boolean {
    return this.#hasReconciledBounds;
  }

  /** How many were added. */
  get size(): number {
    return this.#added;
  }

  /** The total of what was added; undefined when nothing was, or {@link isIncompatible}. */
  total(): NativeHistogram | undefined {
    return this.#result((value, carry) => (value + carry) * this.#unit);
  }

  /** The total divided by `divisor` (the number of histograms unless given). */
  mean(divisor = this.#added): NativeHistogram | undefined {
    return this.#result((value, carry) => (value / divisor + carry / divisor) * this.#unit);
  }

  #result(map: (value: number, carry: number) => number): NativeHistogram | undefined {
    const value = this.#value;
    const carry = this.#carry;
    if (value === undefined || carry === undefined || this.#isIncompatible) return undefined;
    return compactHistogram({
      ...value,
      zeroCount: map(value.zeroCount, carry.zeroCount),
      count: map(value.count, carry.count),
      sum: map(value.sum, carry.sum),
      positiveCounts: value.positiveCounts.map((count, i) => map(count, carry.positiveCounts[i]!)),
      negativeCounts: value.negativeCounts.map((count, i) => map(count, carry.negativeCounts[i]!)),
    });
  }
}

/** Room for 2^64 of the largest doubles. */
const LARGE_UNIT = 2 ** 64;

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

function hasInfinity(histogram: NativeHistogram): boolean {
  return (
    isInfinite(histogram.sum) ||
    isInfinite(histogram.count) ||
    isInfinite(histogram.zeroCount) ||
    histogram.positiveCounts.some(isInfinite) ||
    histogram.negativeCounts.some(isInfinite)
  );
}

/** Keeps empty buckets, unlike the arithmetic for results. */
function mapped(histogram: NativeHistogram, map: (value: number) => number): NativeHistogram {
  return {
    ...histogram,
    zeroCount: map(histogram.zeroCount),
    count: map(histogram.count),
    sum: map(histogram.sum),
    positiveCounts: histogram.positiveCounts.map(map),
    negativeCounts: histogram.negativeCounts.map(map),
  };
}

/** Adds `term` to value and carry, all three in the same layout. */
function compensatedSum(
  value: NativeHistogram,
  carry: NativeHistogram,
  term: NativeHistogram,
): [value: NativeHistogram, carry: NativeHistogram] {
  const [positive, positiveCarry] = sumSides(positiveSide(value), positiveSide(carry), positiveSide(term));
  const [negative, negativeCarry] = sumSides(negativeSide(value), negativeSide(carry), negativeSide(term));
  const zeroCount = value.zeroCount + term.zeroCount;
  const count = value.count + term.count;
  const sum = value.sum + term.sum;
  return [
    { ...withSides(value, positive, negative), zeroCount, count, sum },
    {
      ...withSides(carry, positiveCarry, negativeCarry),
      zeroThreshold: value.zeroThreshold,
      zeroCount: nextCarry(carry.zeroCount, value.zeroCount, term.zeroCount, zeroCount),
      count: nextCarry(carry.count, value.count, term.count, count),
      sum: nextCarry(carry.sum, value.sum, term.sum, sum),
    },
  ];
}

/** `carry` has the indexes of `value`. */
function sumSides(value: Side, carry: Side, term: Side): [value: Side, carry: Side] {
  const indexes: number[] = [];
  const totals: number[] = [];
  const carries: number[] = [];
  let i = 0;
  let j = 0;
  while (i < value.indexes.length || j < term.indexes.length) {
    const left = value.indexes[i] ?? Number.POSITIVE_INFINITY;
    const right = term.indexes[j] ?? Number.POSITIVE_INFINITY;
    const before = left <= right ? value.counts[i]! : 0;
    const carried = left <= right ? carry.counts[i]! : 0;
    const added = right <= left ? term.counts[j]! : 0;
    const total = before + added;
    indexes.push(Math.min(left, right));
    totals.push(total);
    carries.push(nextCarry(carried, before, added, total));
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return [
    { indexes, counts: totals },
    { indexes, counts: carries },
  ];
}
