import { describe, expect, it } from 'vitest';
import { BodyMemory } from './body-memory.ts';

const MIB = 1024 ** 2;

describe('BodyMemory', () => {
  it('puts pieces together', () => {
    const memory = new BodyMemory(() => {});
    const body = memory.join([Buffer.from('ab'), Buffer.from(''), Buffer.from('cde')], 5);
    expect(body.toString()).toBe('abcde');
    expect(memory.join([], 0)).toHaveLength(0);
    const large = Buffer.alloc(MIB, 'x');
    expect(memory.join([large, large], 2 * MIB).equals(Buffer.alloc(2 * MIB, 'x'))).toBe(true);
  });

  it('a body that is in use is not overwritten', () => {
    const memory = new BodyMemory(() => {});
    const bodies = Array.from({ length: 20 }, (_, i) =>
      memory.join([Buffer.from('body '), Buffer.from([i])], 6),
    );
    expect(bodies.map((body) => body[5])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('the memory of a recycled body is used again, once', () => {
    const memory = new BodyMemory(() => {});
    const pieces = [Buffer.from('a'), Buffer.from('b')];
    const first = memory.join(pieces, 2);
    memory.recycle(first.subarray(1));
    memory.recycle(first);
    const second = memory.join(pieces, 2);
    expect(second.buffer).toBe(first.buffer);
    expect(memory.join(pieces, 2).buffer).not.toBe(second.buffer);
  });

  it('memory of others is left alone', () => {
    const memory = new BodyMemory(() => {});
    const piece = Buffer.alloc(10);
    expect(memory.join([piece], 10)).toBe(piece);
    memory.recycle(piece);
    expect(memory.join([piece, piece], 20).buffer).not.toBe(piece.buffer);
  });

  it('collects after every 24 MiB received', () => {
    let collections = 0;
    const memory = new BodyMemory(() => collections++);
    const piece = Buffer.alloc(MIB);
    for (let i = 0; i < 23; i++) memory.join([piece], MIB);
    expect(collections).toBe(0);
    for (let i = 0; i < 25; i++) memory.join([piece], MIB);
    expect(collections).toBe(2);
  });

  it("finds V8's collector", () => {
    const memory = new BodyMemory();
    expect(() => memory.join([Buffer.alloc(24 * MIB)], 24 * MIB)).not.toThrow();
  });
});
