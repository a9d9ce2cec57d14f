import { expect, test } from 'vitest';
import { late } from './late.ts';

interface Counter {
  next(): number;
}

test('methods refuse until the object is there, then they are its own', () => {
  const counter = late<Counter>('the counter');
  const { value } = counter;
  const { next } = value;
  expect(() => value.next()).toThrow('the counter is not ready yet');
  expect(() => next()).toThrow('starting');
  expect(counter.isBound).toBe(false);
  counter.bind(
    new (class implements Counter {
      #count = 0;
      next() {
        this.#count += 1;
        return this.#count;
      }
    })(),
  );
  expect([value.next(), value.next()]).toEqual([1, 2]);
  expect(counter.isBound).toBe(true);
});
