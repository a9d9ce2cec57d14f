import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { KeyCache } from './metrics-key-cache.ts';

/** A hash with few values, so that keys collide all the time. */
vi.mock('../../text.ts', () => ({
  HASH_SEED: 0,
  hashBytes: (view: DataView, start: number) => view.getUint8(start) & 3,
}));

function source(text: string) {
  const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

describe('KeyCache', () => {
  test('behaves as a map that may forget, and never mixes up keys', () => {
    const key = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.string({ unit: 'binary-ascii', maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 400 }), fc.integer({ min: 1, max: 300 }), (keys, entries) => {
        const cache = new KeyCache<string>({ entries, keyBytes: 1000 });
        for (const [space, text] of keys) {
          const from = source(`..${text}..`);
          const found = cache.get(space, from, 2, 2 + text.length);
          const value = `${space} ${text}`;
          if (found === undefined) cache.set(space, from, 2, 2 + text.length, value);
          else expect(found).toBe(value);
        }
      }),
    );
  });

  test('keeps what is in use and drops the rest when it is full', () => {
    const cache = new KeyCache<number>({ entries: 10, keyBytes: 1000 });
    const touch = (text: string, value: number) => {
      const from = source(text);
      const found = cache.get(0, from, 0, text.length);
      if (found === undefined) cache.set(0, from, 0, text.length, value);
      return found;
    };
    touch('used', 1);
    for (let i = 0; i < 100; i++) {
      touch(`other${i}`, i);
      expect(touch('used', -1)).toBe(1);
    }
    expect(cache.turns).toBeGreaterThan(5);
    expect(touch('other0', 0)).toBeUndefined();
  });

  test('stays within its bytes: a key that is too long is not kept', () => {
    const cache = new KeyCache<number>({ entries: 10, keyBytes: 100 });
    const long = source('x'.repeat(101));
    cache.set(0, long, 0, 101, 1);
    expect(cache.get(0, long, 0, 101)).toBeUndefined();
    expect(cache.turns).toBe(0);
  });

  test('the copy of a key does not change with the body', () => {
    const cache = new KeyCache<number>({ entries: 10, keyBytes: 100 });
    const body = source('abc');
    cache.set(0, body, 0, 3, 1);
    body.bytes[0] = 'z'.charCodeAt(0);
    expect(cache.get(0, body, 0, 3)).toBeUndefined();
    expect(cache.get(0, source('abc'), 0, 3)).toBe(1);
  });
});
