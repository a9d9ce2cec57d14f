/** At most `maxLength` UTF-16 units, without leaving half of a surrogate pair behind. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}

/** The largest end <= `end` at which `bytes[start, end)` does not stop inside a UTF-8 character. */
export function characterBoundary(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  // A character has at most three continuation bytes; more of them are invalid text, which may be cut anywhere.
  while (at > start && end - at < 3 && (bytes[at]! & 0xc0) === 0x80) at--;
  return (bytes[at]! & 0xc0) === 0x80 ? end : at;
}

/** `text` cut to at most `maxBytes` of UTF-8 at a character boundary; the same string when it fits. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes + 1));
  return bytes.toString('utf8', 0, characterBoundary(bytes, 0, Math.min(maxBytes, bytes.length)));
}

/** Hash of `[start, end)`, four bytes at a time; `seed` keeps senders from preparing collisions. */
export function hashBytes(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed ^ (end - start);
  if (end - start >= 4) {
    for (let at = start; at < end - 4; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    // The last word overlaps the one before it: cheaper than a loop over the odd bytes.
    hash = Math.imul(hash ^ view.getInt32(end - 4, true), 0x85ebca6b);
  } else {
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x9e3779b1);
  }
  // A multiplication moves differences only upwards, and texts like to differ at their end: fold the high bits back twice.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b5);
  return hash ^ (hash >>> 16);
}

/** Whether two ranges of the same memory hold the same bytes. */
export function sameBytes(bytes: Uint8Array, startA: number, startB: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[startA + i] !== bytes[startB + i]) return false;
  return true;
}

/** A random 32-bit seed for {@link hashBytes}, one per process. */
export const HASH_SEED = (Math.random() * 0x1_0000_0000) | 0;

const SLOTS = 4096;
const MAX_CACHED_LENGTH = 256;

/**
 * Turns short byte ranges that keep coming back (names of spans, events, severities) into strings without decoding them again.
 *
 * Direct-mapped: 4096 slots of at most 256 ASCII characters, so about 1 MB at worst; a collision only costs a decode.
 */
export class TextCache {
  readonly #hashes = new Int32Array(SLOTS);
  readonly #texts: string[] = new Array(SLOTS).fill('');

  /** The text of `[start, end)`, at most `maxLength` UTF-16 units. */
  get(source: TextSource, start: number, end: number, maxLength: number): string {
    if (start === end) return '';
    const stop = Math.min(end, start + maxLength * 4);
    const count = stop - start;
    if (count > MAX_CACHED_LENGTH) return cutText(source.text(start, stop), maxLength);
    const hash = hashBytes(source.view, start, stop, HASH_SEED);
    const slot = hash & (SLOTS - 1);
    const known = this.#texts[slot]!;
    if (this.#hashes[slot] === hash && isSameAscii(known, source.bytes, start, count)) {
      return known.length <= maxLength ? known : cutText(known, maxLength);
    }
    const text = source.text(start, stop);
    if (text.length === count && isSameAscii(text, source.bytes, start, count)) {
      this.#hashes[slot] = hash;
      this.#texts[slot] = text;
    }
    return cutText(text, maxLength);
  }
}

interface TextSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  text(start: number, end: number): string;
}

function isSameAscii(text: string, bytes: Uint8Array, start: number, count: number): boolean {
  if (text.length !== count) return false;
  for (let i = 0; i < count; i++) {
    const byte = bytes[start + i]!;
    if (byte > 0x7f || text.charCodeAt(i) !== byte) return false;
  }
  return true;
}
