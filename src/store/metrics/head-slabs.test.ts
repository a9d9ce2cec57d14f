import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CellPool } from './head-cells.ts';
import { Slabs } from './head-slabs.ts';

test('gives no item twice, only such of slabs with memory, and lets empty slabs go', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(60)), { maxLength: 200 }), (steps) => {
      const memory = new Set<number>();
      const slabs = new Slabs(3, {
        create: (slab) => {
          expect(memory.has(slab)).toBe(false);
          memory.add(slab);
        },
        drop: (slab) => {
          expect(memory.delete(slab)).toBe(true);
          expect([...inUse].some((item) => item >>> 3 === slab)).toBe(false);
        },
      });
      const inUse = new Set<number>();
      for (const [isTake, count] of steps) {
        for (let i = 0; i < count; i++) {
          if (isTake) {
            const item = slabs.take();
            expect(inUse.has(item)).toBe(false);
            expect(memory.has(item >>> 3)).toBe(true);
            inUse.add(item);
          } else {
            const [item] = [...inUse].slice(-1 - (i % 3));
            if (item === undefined) break;
            inUse.delete(item);
            slabs.release(item);
          }
        }
        expect(slabs.inUse).toBe(inUse.size);
        expect(slabs.present).toBe(memory.size);
      }
      for (const item of inUse) {
        inUse.delete(item);
        slabs.release(item);
      }
      expect(memory.size).toBeLessThanOrEqual(3);
    }),
  );
});

test('strings of cells grow side by side and come back whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 150 })), { maxLength: 80 }),
      (steps) => {
        const pool = new CellPool();
        const strings = Array.from({ length: 4 }, () => ({ last: 0, bytes: [] as number[] }));
        let serial = 0;
        for (const [which, count] of steps) {
          const string = strings[which]!;
          const data = Uint8Array.from({ length: count }, () => serial++ * 7);
          string.last = pool.append(string.last, string.bytes.length, data);
          string.bytes.push(...data);
          if (string.bytes.length > 1000) {
            pool.release(string.last);
            string.bytes = [];
          }
          for (const { last, bytes } of strings) {
            const out = new Uint8Array(bytes.length);
            if (bytes.length > 0) pool.read(last, bytes.length, out);
            expect([...out]).toEqual(bytes);
          }
        }
      },
    ),
  );
});
