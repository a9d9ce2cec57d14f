import type { Labels } from '../model/labels.ts';

const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;
const MASK = (1n << 64n) - 1n;

function rotated(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function round(state: bigint, lane: bigint): bigint {
  return (rotated((state + lane * PRIME_2) & MASK, 31n) * PRIME_1) & MASK;
}

function merged(hash: bigint, state: bigint): bigint {
  return ((hash ^ round(0n, state)) * PRIME_1 + PRIME_4) & MASK;
}

/** xxHash64 with seed 0. Source: the specification of xxHash by Yann Collet. */
export function xxHash64(bytes: Buffer): bigint {
  let at = 0;
  let hash = PRIME_5;
  if (bytes.length >= 32) {
    const states: [bigint, bigint, bigint, bigint] = [
      (PRIME_1 + PRIME_2) & MASK,
      PRIME_2,
      0n,
      (MASK + 1n - PRIME_1) & MASK,
    ];
    for (; at + 32 <= bytes.length; at += 32)
      for (let lane = 0; lane < 4; lane++)
        states[lane] = round(states[lane]!, bytes.readBigUInt64LE(at + lane * 8));
    const [a, b, c, d] = states;
    hash = (rotated(a, 1n) + rotated(b, 7n) + rotated(c, 12n) + rotated(d, 18n)) & MASK;
    for (const state of states) hash = merged(hash, state);
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8)
    hash = (rotated(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * PRIME_1 + PRIME_4) & MASK;
  for (; at + 4 <= bytes.length; at += 4)
    hash =
      (rotated(hash ^ ((BigInt(bytes.readUInt32LE(at)) * PRIME_1) & MASK), 23n) * PRIME_2 + PRIME_3) & MASK;
  for (; at < bytes.length; at++)
    hash = (rotated(hash ^ ((BigInt(bytes[at]!) * PRIME_5) & MASK), 11n) * PRIME_1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * PRIME_2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIME_3) & MASK;
  return hash ^ (hash >> 32n);
}

/**
 * Where in `[0, 1]` a label set lies for `limit_ratio`: the hash of Prometheus's usual encoding of labels (each text after its length:
 * one byte, or 255 and three bytes little-endian), so that both choose the same series.
 */
export function ratioOffset(labels: Labels): number {
  const parts: Buffer[] = [];
  for (const pair of labels.entries()) {
    for (const text of pair) {
      const bytes = Buffer.from(text);
      parts.push(lengthPrefix(bytes.length), bytes);
    }
  }
  return Number(xxHash64(Buffer.concat(parts))) / 2 ** 64;
}

function lengthPrefix(length: number): Buffer {
  return length < 255
    ? Buffer.of(length)
    : Buffer.of(255, length & 255, (length >> 8) & 255, (length >> 16) & 255);
}
