import type { Labels } from '../model/labels.ts';

/** FNV-1a's first value, its upper and lower 32 bits. */
const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** Below the bit 2^40 the prime is this. */
const PRIME_LOW = 0x1b3;
/** No byte of UTF-8. */
const SEPARATOR = 0xff;

const encoder = new TextEncoder();

/** 64 bits of FNV-1a; numbers hold 53, hence two halves. */
class Fnv64 {
  #high = OFFSET_HIGH;
  #low = OFFSET_LOW;

  byte(byte: number): void {
    const low = (this.#low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    const carried = Math.floor(product / 0x1_0000_0000);
    // 2^40 times the lower half moves it by eight bits into the upper one.
    this.#high = (Math.imul(this.#high, PRIME_LOW) + carried + (low << 8)) >>> 0;
    this.#low = product >>> 0;
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) {
        for (const byte of encoder.encode(text.slice(i))) this.byte(byte);
        return;
      }
      this.byte(unit);
    }
  }

  hex(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0');
  }
}

/**
 * The fingerprint Prometheus and Alertmanager give a set of labels: FNV-1a with 64 bits over each name and value, sorted by name, a
 * byte 0xff behind each.
 *
 * @returns 16 hexadecimal digits.
 */
export function fingerprintOf(labels: Labels): string {
  const hash = new Fnv64();
  for (let i = 0; i < labels.names.length; i++) {
    hash.text(labels.names[i]!);
    hash.byte(SEPARATOR);
    hash.text(labels.values[i]!);
    hash.byte(SEPARATOR);
  }
  return hash.hex();
}
