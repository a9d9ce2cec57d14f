/** More digits than this are left to the bits: hardly a decimal, and no smaller as one. */
const MAX_FRACTION_INT = 1e15;
const MAX_WHOLE_INT = 2 ** 53;

/** Powers of ten that a double holds exactly: a quotient by one of them is the double nearest to the decimal. */
export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, power) =>
  Number(`1e${power}`),
);

/** One in so many values may be none of the decimals (a staleness marker, an infinity, a stray sum); it is stored beside them. */
const SAMPLES_PER_EXCEPTION = 8;

/** Values as integers with one common decimal scale, checked bit by bit. Reused from chunk to chunk. */
export class DecimalScan {
  scale = 0;
  /** Positions of the values that the integers do not give; `ints` repeats its predecessor there. */
  exceptions = new Uint32Array(64);
  exceptionCount = 0;
  min = 0;
  max = 0;
  #firstRegular = -1;

  /**
   * Fills `ints[0, count)` so that `ints[i] / 10^scale` has exactly the bits of `values[from + i]`, the exceptions aside.
   *
   * @returns false when the values are no such decimals; `ints` then has no meaning.
   */
  scan(values: Float64Array, from: number, count: number, ints: Float64Array): boolean {
    this.#begin(count);
    let power = 1;
    for (let i = 0; i < count; i++) {
      const value = values[from + i]!;
      let int = Math.round(value * power);
      if (
        int / power !== value ||
        int > MAX_FRACTION_INT ||
        int < -MAX_FRACTION_INT ||
        (int === 0 && 1 / value < 0)
      ) {
        int = this.#rescale(value, ints, i);
        if (Number.isNaN(int)) {
          if (this.exceptionCount > i / SAMPLES_PER_EXCEPTION + 1) return false;
          this.exceptions[this.exceptionCount++] = i;
          ints[i] = i > 0 ? ints[i - 1]! : 0;
          continue;
        }
        power = POWERS_OF_TEN[this.scale]!;
      }
      if (this.#firstRegular < 0) this.#firstRegular = i;
      ints[i] = int;
    }
    return this.#finish(count, ints);
  }

  #begin(count: number): void {
    this.scale = 0;
    this.exceptionCount = 0;
    this.#firstRegular = -1;
    const most = Math.floor(count / SAMPLES_PER_EXCEPTION) + 3;
    if (most > this.exceptions.length) this.exceptions = new Uint32Array(most);
  }

  /** The value as an integer at a larger scale, to which `ints[0, done)` are brought too; NaN when there is none. */
  #rescale(value: number, ints: Float64Array, done: number): number {
    if (!Number.isFinite(value) || (value === 0 && 1 / value < 0)) return Number.NaN;
    for (let scale = this.scale; scale < POWERS_OF_TEN.length; scale++) {
      const power = POWERS_OF_TEN[scale]!;
      const int = Math.round(value * power);
      const limit = scale === 0 ? MAX_WHOLE_INT : MAX_FRACTION_INT;
      if (Math.abs(int) > limit) return Number.NaN;
      if (int / power !== value) continue;
      return this.#raise(scale, ints, done) ? int : Number.NaN;
    }
    return Number.NaN;
  }

  #raise(scale: number, ints: Float64Array, done: number): boolean {
    if (scale === this.scale) return true;
    const factor = POWERS_OF_TEN[scale - this.scale]!;
    let largest = 0;
    for (let i = 0; i < done; i++) largest = Math.max(largest, Math.abs(ints[i]!));
    if (largest * factor > MAX_FRACTION_INT) return false;
    for (let i = 0; i < done; i++) ints[i]! *= factor;
    this.scale = scale;
    return true;
  }

  #finish(count: number, ints: Float64Array): boolean {
    const first = this.#firstRegular;
    if (first < 0) return false;
    ints.fill(ints[first]!, 0, first);
    let min = ints[first]!;
    let max = min;
    for (let i = first; i < count; i++) {
      const int = ints[i]!;
      if (int < min) min = int;
      if (int > max) max = int;
    }
    this.min = min;
    this.max = max;
    return true;
  }
}
