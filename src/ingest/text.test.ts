import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireReader } from './protocols/otlp/wire.ts';
import { characterBoundary, cutText, cutToBytes, hashBytes, TextCache } from './text.ts';

it('cutting never leaves half a character and keeps as much as fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(40), (text, most) => {
      const cut = cutToBytes(text, most);
      const size = Buffer.byteLength(cut);
      expect(size).toBeLessThanOrEqual(most);
      expect(text.startsWith(cut)).toBe(true);
      if (cut !== text) {
        const next = String.fromCodePoint(text.codePointAt(cut.length)!);
        expect(size + Buffer.byteLength(next)).toBeGreaterThan(most);
      }
      const bytes = Buffer.from(text);
      if (most < bytes.length) expect(characterBoundary(bytes, 0, most)).toBe(size);
    }),
  );
});

it('a cut of UTF-16 units does not split a surrogate pair', () => {
  expect(cutText('a😀b', 2)).toBe('a');
  expect(cutText('a😀b', 3)).toBe('a😀');
  expect(cutText('ab', 2)).toBe('ab');
});

it('equal bytes have equal hashes wherever they lie', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(9), (bytes, offset) => {
      const moved = Buffer.concat([Buffer.alloc(offset, 7), bytes, Buffer.from('behind')]);
      const view = new DataView(moved.buffer, moved.byteOffset, moved.byteLength);
      const alone = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      expect(hashBytes(view, offset, offset + bytes.length, 1)).toBe(hashBytes(alone, 0, bytes.length, 1));
    }),
  );
});

it('texts that differ in their last characters only have different low bits of the hash', () => {
  const slots = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const bytes = Buffer.from(`GET /api/items/${i}`);
    slots.add(
      hashBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length, 5) & 0xffff,
    );
  }
  // By chance about 8 of 1000 would share one of 65,536 slots.
  expect(slots.size).toBeGreaterThan(970);
});

describe('a text cache', () => {
  it('gives what decoding gives, again and again', () => {
    const cache = new TextCache();
    const bytes = fc.oneof(
      fc.string({ maxLength: 300 }).map((text) => Buffer.from(text)),
      fc.string({ unit: 'grapheme', maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
    );
    fc.assert(
      fc.property(bytes, fc.constantFrom(3, 64, 256), (raw, most) => {
        const reader = new WireReader(Buffer.concat([Buffer.from('x'), raw, Buffer.from('y')]));
        const expected = cutText(raw.toString('utf8'), most);
        for (let i = 0; i < 2; i++) {
          const text = cache.get(reader, 1, 1 + raw.length, most);
          // A character cut off by the byte bound shows as U+FFFD only behind what is kept.
          expect(text).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });
});
