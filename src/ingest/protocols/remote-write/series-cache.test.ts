import { expect, test } from 'vitest';
import { type CachedSeries, SeriesCache, type SeriesFacts, type SeriesKey } from './series-cache.ts';

const owner = { job: '', instance: '', serial: 0, tally: undefined };
const facts = (n: number): SeriesFacts => ({ metric: `m${n}`, low: n, high: 0, owner });

/** A key in the middle of other bytes. */
function key(text: string): SeriesKey {
  const bytes = Buffer.from(`..${text}..`);
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    ...{ start: 2, end: bytes.length - 2 },
  };
}

function get(cache: SeriesCache, text: string): CachedSeries | undefined {
  const { bytes, view, start, end } = key(text);
  return cache.get(bytes, view, start, end);
}

test('finds what was stored and nothing else, whatever the length', () => {
  const cache = new SeriesCache({ entries: 10_000, keyBytes: 1_000_000 });
  const texts = Array.from({ length: 1000 }, (_, i) => 'x'.repeat(i % 70) + i);
  for (const [n, text] of texts.entries()) {
    expect(get(cache, text)).toBeUndefined();
    cache.add(facts(n), key(text), undefined);
  }
  for (const [n, text] of texts.entries()) {
    expect(get(cache, text)?.low).toBe(n);
    expect(get(cache, `${text}!`)).toBeUndefined();
    const other = Buffer.from(text);
    other[n % other.length]! ^= 1;
    const found = get(cache, other.toString('latin1'));
    expect(found === undefined || texts[found.low] === other.toString('latin1')).toBe(true);
  }
});

test('stays within its bounds and keeps what is in use', () => {
  const cache = new SeriesCache({ entries: 10, keyBytes: 10_000 });
  cache.add(facts(0), key('always'), undefined);
  for (let n = 1; n < 200; n++) {
    cache.add(facts(n), key(`series ${n}`), undefined);
    expect(get(cache, 'always')?.low).toBe(0);
    expect(cache.size).toBeLessThanOrEqual(20);
  }
  expect(get(cache, 'series 1')).toBeUndefined();
  expect(cache.turns).toBeGreaterThan(15);
});

test('a key that is longer than all keys may be is not kept', () => {
  const cache = new SeriesCache({ entries: 10, keyBytes: 20 });
  const series = cache.add(facts(1), key('k'.repeat(21)), undefined);
  expect(series.metric).toBe('m1');
  expect(get(cache, 'k'.repeat(21))).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('a series is only foreseen while it is in the young generation, and the dropped ones hold nothing', () => {
  const cache = new SeriesCache({ entries: 2, keyBytes: 1000 });
  const first = cache.add(facts(1), key('first'), undefined);
  first.next = first;
  const at = key('first');
  expect(cache.has(first, at.view, at.start)).toBe(true);
  expect(cache.has(first, key('fir5t').view, at.start)).toBe(false);
  for (let n = 2; n < 5; n++) cache.add(facts(n), key(`other ${n}`), undefined);
  expect(cache.has(first, at.view, at.start)).toBe(false);
  cache.add(facts(5), key('other 5'), undefined);
  expect(first.next).toBeUndefined();
});
