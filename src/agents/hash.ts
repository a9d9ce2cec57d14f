/** A 64-bit hash as two unsigned halves, the way columns take it. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/**
 * A 64-bit hash of a text: two 32-bit multiplicative lanes over UTF-16 units with a finishing mix across them. Not
 * cryptographic; it tells apart records of one session in one millisecond, and stays the same on every instance.
 */
export function hash64(text: string): Hash64 {
  let a = 0x9747_b28c;
  let b = 0x1b87_3593;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0xcc9e_2d51);
    b = Math.imul(b ^ unit, 0x85eb_ca6b);
  }
  a = mix(a ^ text.length);
  b = mix(b ^ a);
  a = mix(a ^ b);
  return { low: a >>> 0, high: b >>> 0 };
}

/** 16 hex digits. */
export function hashHex(text: string): string {
  const { low, high } = hash64(text);
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
