const REGISTER_BITS = 7;
const REGISTERS = 1 << REGISTER_BITS;
/** Of the HyperLogLog estimate, for 128 registers. */
const BIAS = 0.7213 / (1 + 1.079 / REGISTERS);

/**
 * Estimates how many different things were added, in 128 bytes: a HyperLogLog, which counts almost exactly up to about 100 and is off
 * by about 9 percent beyond.
 *
 * https://algo.inria.fr/flajolet/Publications/FlFuGaMe07.pdf
 */
export class DistinctSketch {
  readonly #registers = new Uint8Array(REGISTERS);

  /** @param hash 32 well mixed bits of the thing, see {@link hashText}. */
  add(hash: number): void {
    const register = hash >>> (32 - REGISTER_BITS);
    const rank = Math.min(Math.clz32(hash << REGISTER_BITS), 32 - REGISTER_BITS) + 1;
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
  }

  /** About how many different hashes were added. */
  get count(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const estimate = (BIAS * REGISTERS * REGISTERS) / sum;
    if (estimate <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    return Math.round(estimate);
  }
}

/** 32 well mixed bits of a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

/** 32 well mixed bits of a number. */
export function mixed(number: number): number {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
