import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from './errors.ts';
import { snappyCompress, snappyOutputBytes, snappyUncompress } from './snappy.ts';

const RUNS = 500;
const MAX = 1 << 20;

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const unpacked = (block: Uint8Array, max = MAX) => Buffer.from(snappyUncompress(block, max));

/** Written from the format's description, one byte after the other. */
function plainUncompress(block: Uint8Array): Buffer {
  let at = 0;
  const next = () => {
    if (at >= block.length) throw new Error('cut off');
    return block[at++]!;
  };
  const number = (bytes: number) =>
    Array.from({ length: bytes }, next).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  let length = 0;
  for (let i = 0, byte = 0x80; byte >= 0x80; i++) {
    if (i === 5) throw new Error('length');
    byte = next();
    length += (byte & 0x7f) * 128 ** i;
  }
  if (length > MAX) throw new Error('too long');
  const out: number[] = [];
  while (at < block.length) {
    const tag = next();
    const kind = tag & 3;
    let count = (tag >> 2) + 1;
    if (kind === 0) {
      if (count > 60) count = number(count - 60) + 1;
      if (count > length) throw new Error('literal');
      for (let i = 0; i < count; i++) out.push(next());
      continue;
    }
    let offset: number;
    if (kind === 1) {
      count = ((tag >> 2) & 7) + 4;
      offset = (tag >> 5) * 256 + next();
    } else offset = number(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > out.length) throw new Error('offset');
    for (let i = 0; i < count; i++) out.push(out[out.length - offset]!);
  }
  if (out.length !== length) throw new Error('length');
  return Buffer.from(out);
}

describe('snappyUncompress', () => {
  test.each([
    ['nothing', '00', ''],
    ['a literal', '05 10 68656c6c6f', '68656c6c6f'],
    ['a literal with a length of one byte', '03 f002 616263', '616263'],
    ['a literal with a length of four bytes', '03 fc02000000 616263', '616263'],
    ['a copy that repeats one byte', '0a 00 61 1501', '61'.repeat(10)],
    ['a copy that repeats three bytes', '0b 08 616263 1103', `${'616263'.repeat(3)}6162`],
    ['a copy with an offset of two bytes', '08 0c 61626364 0e 0400', '6162636461626364'],
    ['a copy with an offset of four bytes', '08 0c 61626364 0f 04000000', '6162636461626364'],
  ])('%s', (_what, block, content) => {
    expect(unpacked(hex(block)).toString('hex')).toBe(content);
  });

  test.each([
    ['no bytes at all', ''],
    ['a length that does not end', '8080808080'],
    ['a length of more than 32 bits', 'ffffffff7f'],
    ['a length and nothing behind it', '05'],
    ['a literal that is cut off', '05 10 6865'],
    ['a length of a literal that is cut off', '05 f4 01'],
    ['a literal that is longer than the content', '02 08 616263'],
    ['less content than promised', '04 08 616263'],
    ['a copy from before the start', '08 0c 61626364 0e 0500'],
    ['a copy without an offset', '05 00 61 01'],
    ['an offset that is cut off', '05 00 61 0e 01'],
    ['a four-byte offset that is cut off', '05 00 61 0f 010000'],
    ['an offset of zero', '05 00 61 01 00'],
    ['a copy beyond the end of the content', '04 00 61 1501'],
    ['the beginning of the framed format', 'ff060000734e61507059'],
  ])('%s is an error', (_what, block) => {
    expect(() => unpacked(hex(block))).toThrow(DecodeError);
  });

  test('content longer than allowed is refused before memory is taken', () => {
    const block = snappyCompress(new Uint8Array(1000));
    expect(() => snappyUncompress(block, 999)).toThrow(/1000 bytes, at most 999/);
    expect(unpacked(block, 1000)).toHaveLength(1000);
    // 4 GB - 1 out of ten bytes
    const bomb = hex('ffffffff0f fe0100 fe0100');
    expect(() => snappyUncompress(bomb, Number.MAX_SAFE_INTEGER)).toThrow(/cannot come out of/);
  });

  test('the densest block there is is taken', () => {
    const copies = 10_000;
    const block = Buffer.concat([hex('818027'), hex('0061'), Buffer.from('fe0100'.repeat(copies), 'hex')]);
    const length = 1 + 64 * copies;
    const header = Buffer.from([(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14]);
    expect(unpacked(Buffer.concat([header, block.subarray(3)]))).toEqual(Buffer.alloc(length, 'a'));
  });

  test('uses the memory it is given and nothing behind what it was promised', () => {
    const content = Buffer.from('abcdefgh'.repeat(40));
    const memory = new Uint8Array(snappyOutputBytes(content.length) + 8).fill(7);
    const out = snappyUncompress(snappyCompress(content), MAX, memory);
    expect(out.buffer).toBe(memory.buffer);
    expect(Buffer.from(out)).toEqual(content);
    expect([...memory.subarray(-8)]).toEqual(Array(8).fill(7));
    expect(snappyUncompress(snappyCompress(content), MAX, new Uint8Array(content.length)).buffer).not.toBe(
      memory.buffer,
    );
  });

  test('does what the description says, for good blocks and damaged ones', () => {
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => ({ literal: bytes })),
      fc.record({
        offset: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 })),
        count: fc.integer({ min: 1, max: 64 }),
      }),
    );
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(element, { maxLength: 30 }),
        fc.array(change, { maxLength: 3 }),
        (elements, changes) => {
          const block = blockOf(elements);
          for (const [at, byte] of changes) block[at % block.length] = byte;
          let expected: Buffer | undefined;
          try {
            expected = plainUncompress(block);
          } catch {
            expected = undefined;
          }
          if (expected === undefined) expect(() => unpacked(block)).toThrow(DecodeError);
          else expect(unpacked(block)).toEqual(expected);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('random bytes are an error at worst', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (block) => {
        try {
          snappyUncompress(block, MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: RUNS * 2 },
    );
  });
});

type Element = { literal: Uint8Array } | { offset: number; count: number };

function blockOf(elements: Element[]): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const element of elements) {
    if ('literal' in element) {
      const most = element.literal.length - 1;
      parts.push(Buffer.from(most < 60 ? [most << 2] : [60 << 2, most]), Buffer.from(element.literal));
      length += element.literal.length;
    } else if (element.offset <= length) {
      const { offset, count } = element;
      const isShort = count >= 4 && count <= 11;
      parts.push(
        Buffer.from(
          isShort
            ? [1 | ((count - 4) << 2) | ((offset >> 8) << 5), offset & 255]
            : [2 | ((count - 1) << 2), offset & 255, offset >> 8],
        ),
      );
      length += count;
    }
  }
  return Buffer.concat([Buffer.from([(length & 0x7f) | 0x80, length >> 7]), ...parts]);
}

describe('snappyCompress', () => {
  const roundTrip = (content: Uint8Array) => {
    const block = snappyCompress(content);
    expect(unpacked(block)).toEqual(Buffer.from(content));
    return block;
  };

  test('gives back what went in, and others can read it', () => {
    const words = fc.constantFrom(
      'http_requests_total',
      'instance',
      'a',
      '\u0000',
      '10.0.0.1:9100',
      'zzzzzzzzzzzzzzzz',
    );
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(words, { maxLength: 200 }).map((list) => Buffer.from(list.join(''))),
    );
    fc.assert(
      fc.property(content, (bytes) => {
        expect(plainUncompress(roundTrip(bytes))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test('around the edges of fragments, with far and overlapping matches', () => {
    for (const length of [15, 16, 17, 65_535, 65_536, 65_537, 65_552, 131_073]) {
      roundTrip(new Uint8Array(length));
      roundTrip(Uint8Array.from({ length }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24));
      roundTrip(Uint8Array.from({ length }, (_, i) => (i % 3000) & 0xff));
    }
  });

  test('is tight for what repeats and hardly longer for what does not', () => {
    expect(snappyCompress(new Uint8Array(65_536)).length).toBeLessThan(3200);
    const noise = Uint8Array.from({ length: 10_000 }, (_, i) => Math.imul(i ^ 0x5bd1, 0x9e37_79b1) >>> 13);
    expect(snappyCompress(noise).length).toBeLessThan(10_040);
    const text = Buffer.from(
      Array.from(
        { length: 500 },
        (_, i) => `http_requests_total{instance="10.0.0.${i % 9}",path="/p/${i}"} ${i}\n`,
      ).join(''),
    );
    expect(snappyCompress(text).length).toBeLessThan(text.length / 3);
  });
});
