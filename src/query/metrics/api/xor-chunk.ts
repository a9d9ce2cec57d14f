/** Samples in one chunk, as Prometheus cuts them. */
export const MAX_CHUNK_SAMPLES = 120;

const INITIAL_BYTES = 2048;
/** No sample takes more: 4 + 64 bits for the time, 2 + 5 + 6 + 64 for the value. */
const MAX_SAMPLE_BYTES = 20;
/** No window was written yet. */
const NO_WINDOW = 255;

/** What is encoded: `[from, to)` of two columns, the values by their words. */
export interface XorRange {
  /** Ascending integers. */
  readonly timesMs: Float64Array;
  readonly words: Uint32Array;
  readonly from: number;
  /** At most {@link MAX_CHUNK_SAMPLES} after `from`. */
  readonly to: number;
}

/**
 * Writes chunks in Prometheus's XOR format: two bytes with the number of samples; the first time as a signed and the difference to the
 * second as an unsigned varint, then differences of differences in 1 to 68 bits; values xor-ed with the one before, without leading and
 * trailing zeros. https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/chunks.md
 */
export class XorChunkEncoder {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #end = 0;
  /** Bits free in the last byte. */
  #free = 0;
  #leading = NO_WINDOW;
  #trailing = 0;

  /** Returns the chunk in memory that the next call overwrites. */
  encode({ timesMs, words, from, to }: XorRange): Uint8Array {
    this.#begin(to - from);
    let deltaMs = 0;
    for (let i = from; i < to; i++) {
      const timeMs = timesMs[i]!;
      if (i === from) this.#signedVarint(timeMs);
      else {
        const nextDeltaMs = timeMs - timesMs[i - 1]!;
        if (i === from + 1) this.#varint(nextDeltaMs);
        else this.#difference(nextDeltaMs - deltaMs);
        deltaMs = nextDeltaMs;
      }
      if (i === from) {
        this.#bits(words[2 * i + 1]!, 32);
        this.#bits(words[2 * i]!, 32);
      } else this.#value(words[2 * i]! ^ words[2 * i - 2]!, words[2 * i + 1]! ^ words[2 * i - 1]!);
    }
    return this.#bytes.subarray(0, this.#end);
  }

  #begin(count: number): void {
    const needed = 4 + count * MAX_SAMPLE_BYTES;
    if (this.#bytes.length < needed) this.#bytes = new Uint8Array(needed);
    this.#bytes[0] = count >>> 8;
    this.#bytes[1] = count & 0xff;
    this.#end = 2;
    this.#free = 0;
    this.#leading = NO_WINDOW;
    this.#trailing = 0;
  }

  #difference(ms: number): void {
    if (ms === 0) this.#bits(0, 1);
    else if (fits(ms, 14)) {
      this.#bits(0b10, 2);
      this.#bits(ms & 0x3fff, 14);
    } else if (fits(ms, 17)) {
      this.#bits(0b110, 3);
      this.#bits(ms & 0x1_ffff, 17);
    } else if (fits(ms, 20)) {
      this.#bits(0b1110, 4);
      this.#bits(ms & 0xf_ffff, 20);
    } else {
      this.#bits(0b1111, 4);
      this.#bits(Math.floor(ms / 0x1_0000_0000) >>> 0, 32);
      this.#bits(ms >>> 0, 32);
    }
  }

  /** The value's words xor-ed with those of the value before. */
  #value(low: number, high: number): void {
    if (low === 0 && high === 0) {
      this.#bits(0, 1);
      return;
    }
    this.#bits(1, 1);
    // Five bits hold the number.
    const leading = Math.min(31, high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low));
    const trailing = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high);
    if (this.#leading !== NO_WINDOW && leading >= this.#leading && trailing >= this.#trailing) {
      this.#bits(0, 1);
    } else {
      this.#leading = leading;
      this.#trailing = trailing;
      this.#bits(1, 1);
      this.#bits(leading, 5);
      // 64 does not fit and is written as 0, which means nothing else.
      this.#bits((64 - leading - trailing) & 63, 6);
    }
    this.#window(low, high);
  }

  /** The bits between the zeros, highest first. */
  #window(low: number, high: number): void {
    const highBits = 32 - this.#leading;
    if (this.#trailing >= 32) {
      this.#bits(high >>> (this.#trailing - 32), highBits - (this.#trailing - 32));
      return;
    }
    this.#bits(high, highBits);
    this.#bits(low >>> this.#trailing, 32 - this.#trailing);
  }

  #signedVarint(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bits((rest % 128) | 128, 8);
    this.#bits(rest, 8);
  }

  /** The lowest `count` bits, 1 to 32. */
  #bits(value: number, count: number): void {
    let left = count;
    while (left > 0) {
      if (this.#free === 0) {
        this.#bytes[this.#end++] = 0;
        this.#free = 8;
      }
      const taken = Math.min(left, this.#free);
      left -= taken;
      this.#free -= taken;
      this.#bytes[this.#end - 1]! |= ((value >>> left) & ((1 << taken) - 1)) << this.#free;
    }
  }
}

/** Whether an integer has a form of so many bits that the decoder takes for it: one more positive than two's complement. */
function fits(value: number, bits: number): boolean {
  return value >= 1 - 2 ** (bits - 1) && value <= 2 ** (bits - 1);
}

/** @param word not 0. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
