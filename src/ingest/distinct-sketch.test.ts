import { expect, test } from 'vitest';
import { DistinctSketch, hashText, mixed } from './distinct-sketch.ts';

test.each([0, 1, 2, 10, 50, 100])('%i different texts are counted almost exactly', (count) => {
  const sketch = new DistinctSketch();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < count; i++) sketch.add(hashText(`/orders/${i}`));
  }
  expect(Math.abs(sketch.count - count)).toBeLessThanOrEqual(Math.ceil(count * 0.1));
});

test.each([1000, 20_000, 1_000_000])('%i different things within a quarter', (count) => {
  const sketch = new DistinctSketch();
  for (let i = 0; i < count; i++) sketch.add(mixed(i));
  expect(sketch.count / count).toBeGreaterThan(0.75);
  expect(sketch.count / count).toBeLessThan(1.25);
});
