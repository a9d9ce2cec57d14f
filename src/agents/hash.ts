/** A 64-bit hash as two unsigned halves, the way columns take it. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/**
 * A 64-bit hash of a text: two 32-bit lanes over UTF-16 units, each a multiplication and a rotation, which brings high bits
 * down again, and a finishing mix across both. Not cryptographic; it is the same on every instance.
 */
export function hash64(text: string): Hash64 {
  let a = 0x9747_b28c;
  let b = 0x1b87_3593;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0xcc9e_2d51);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b ^ unit, 0x85eb_ca6b);
    b = (b << 17) | (b >>> 15);
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
