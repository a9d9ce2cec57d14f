import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { varint } from './testing/model.ts';
import { signedOf, WireReader } from './wire.ts';

function reader(...bytes: number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

describe('varint', () => {
  it('has every 64-bit value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const wire = new WireReader(Buffer.concat([Buffer.from([0x08]), varint(value)]));
        expect(wire.nextField()).toBe(1);
        wire.varint64();
        expect((BigInt(wire.high) << 32n) | BigInt(wire.low)).toBe(value);
        expect(BigInt(signedOf(wire.low, wire.high))).toBe(BigInt.asIntN(64, value));
        expect(wire.nextField()).toBe(0);
      }),
    );
  });

  it('may be padded with zeros up to ten bytes', () => {
    const wire = reader(0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00);
    wire.nextField();
    expect(wire.varint()).toBe(1);
  });

  it('of eleven bytes is an error', () => {
    const wire = reader(0x08, ...new Array(10).fill(0x80), 0x01);
    wire.nextField();
    expect(() => wire.varint()).toThrow(DecodeError);
  });
});

describe('what is not protobuf', () => {
  const cases: [string, number[], RegExp][] = [
    ['field number 0', [0x00, 0x01], /field number 0/],
    ['a tag cut off', [0x80], /tag is cut off/],
    ['a tag of more than 32 bits', [0x80, 0x80, 0x80, 0x80, 0x10, 0x01], /tag is longer/],
    ['a tag that never ends', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80], /tag is longer/],
    ['the start of a group', [0x0b, 0x0c], /wire type 3/],
    ['the end of a group', [0x0c], /wire type 4/],
    ['wire type 6', [0x0e], /wire type 6/],
    ['wire type 7', [0x0f], /wire type 7/],
    ['a varint cut off', [0x08, 0x80], /number is cut off/],
    ['a fixed64 cut off', [0x09, 1, 2, 3, 4, 5, 6, 7], /number is cut off/],
    ['a fixed32 cut off', [0x0d, 1, 2, 3], /number is cut off/],
    ['a length past the end', [0x0a, 0x02, 0x01], /reaches 1 bytes past the end/],
    ['a length of 2^63', [0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], /past the end/],
  ];
  for (const [name, bytes, message] of cases) {
    it(name, () => {
      const wire = reader(...bytes);
      expect(() => {
        while (wire.nextField() !== 0) wire.skip();
      }).toThrow(message);
      expect(() => {
        wire.reset(Uint8Array.from(bytes));
        while (wire.nextField() !== 0) wire.skip();
      }).toThrow(DecodeError);
    });
  }

  it('a nested message does not reach into the one around it', () => {
    // Field 1 has one byte, the tag of a fixed64 whose value would lie behind it.
    const wire = reader(0x0a, 0x01, 0x09, 1, 2, 3, 4, 5, 6, 7, 8);
    wire.nextField();
    wire.enter();
    wire.nextField();
    expect(() => wire.fixed64()).toThrow(/cut off/);
  });

  it('another wire type than the field has', () => {
    for (const read of ['varint', 'varint64', 'fixed64', 'fixed32', 'range'] as const) {
      const wire = reader(read === 'range' ? 0x08 : 0x0a, 0x00);
      wire.nextField();
      expect(() => wire[read]()).toThrow(/wire type . where . belongs/);
    }
  });
});

it('random bytes end in an error or at the end, always going forward', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const wire = new WireReader(bytes);
      let before = -1;
      try {
        while (wire.nextField() !== 0) {
          expect(wire.pos).toBeGreaterThan(before);
          before = wire.pos;
          wire.skip();
        }
        expect(wire.pos).toBe(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }),
    { numRuns: 1000 },
  );
});

it('nests and comes back', () => {
  const wire = reader(0x0a, 0x04, 0x12, 0x02, 0x18, 0x07, 0x20, 0x09);
  expect(wire.nextField()).toBe(1);
  const outer = wire.enter();
  expect(wire.nextField()).toBe(2);
  const middle = wire.enter();
  expect(wire.nextField()).toBe(3);
  expect(wire.varint()).toBe(7);
  expect(wire.nextField()).toBe(0);
  wire.leave(middle);
  expect(wire.nextField()).toBe(0);
  wire.leave(outer);
  expect(wire.nextField()).toBe(4);
  expect(wire.varint()).toBe(9);
  expect(wire.nextField()).toBe(0);
});
