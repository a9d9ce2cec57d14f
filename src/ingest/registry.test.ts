import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStreamRegistry } from './registry.ts';

const DAY = 86_400_000;

describe('first seen', () => {
  it('is told once per table, id and day', () => {
    const registry = new MemoryStreamRegistry();
    expect(registry.firstSeen('streams', 1n, 0)).toBe(true);
    expect(registry.firstSeen('streams', 1n, 0)).toBe(false);
    expect(registry.firstSeen('metric_series', 1n, 0)).toBe(true);
    expect(registry.firstSeen('streams', 2n ** 64n - 1n, 0)).toBe(true);
    expect(registry.firstSeen('streams', 1n, DAY)).toBe(true);
    expect(registry.firstSeen('streams', 1n, DAY)).toBe(false);
  });

  it('is told again after a reset', () => {
    const registry = new MemoryStreamRegistry();
    registry.firstSeen('streams', 1n, 0);
    registry.reset();
    expect(registry.firstSeen('streams', 1n, 0)).toBe(true);
  });

  it('is told again after a rollback, but only of what came after the mark', () => {
    const registry = new MemoryStreamRegistry();
    registry.firstSeen('streams', 1n, 0);
    registry.mark();
    registry.firstSeen('streams', 2n, 0);
    registry.firstSeen('streams', 1n, DAY);
    registry.rollback();
    expect(registry.firstSeen('streams', 1n, 0)).toBe(false);
    expect(registry.firstSeen('streams', 2n, 0)).toBe(true);
    expect(registry.firstSeen('streams', 1n, DAY)).toBe(true);
  });
});

it('remembers at most its capacity, and keeps what is in use', () => {
  const registry = new MemoryStreamRegistry({ capacity: 100 });
  registry.firstSeen('streams', 0n, 0);
  for (let id = 1n; id < 1000n; id++) {
    registry.mark();
    registry.firstSeen('streams', id, 0);
    expect(registry.firstSeen('streams', 0n, 0)).toBe(false);
    expect(registry.size).toBeLessThanOrEqual(100);
  }
  expect(registry.firstSeen('streams', 1n, 0)).toBe(true);
});

it('never says no about a row that was not written', () => {
  const step = fc.record({ id: fc.bigInt({ min: 0n, max: 12n }), day: fc.integer({ min: 0, max: 2 }) });
  const request = fc.record({ steps: fc.array(step, { maxLength: 20 }), fails: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 20 }),
      fc.integer({ min: 1, max: 10 }),
      (requests, capacity) => {
        const registry = new MemoryStreamRegistry({ capacity });
        const written = new Set<string>();
        for (const { steps, fails } of requests) {
          registry.mark();
          const rows = new Set<string>();
          for (const { id, day } of steps) {
            const row = `${id} ${day}`;
            if (registry.firstSeen('streams', id, day * DAY)) rows.add(row);
            else expect(written.has(row) || rows.has(row)).toBe(true);
          }
          if (fails) registry.rollback();
          else for (const row of rows) written.add(row);
        }
      },
    ),
    { numRuns: 500 },
  );
});
