import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  csvCell,
  describeChart,
  downsample,
  lonelyIndexes,
  nearestKnown,
  stack,
  summarize,
  toCsv,
} from './chart-data.ts';

describe('stack', () => {
  it('adds series up and keeps a gap only where nobody has a value', () => {
    expect(
      stack([
        [1, null, null],
        [2, 5, null],
      ]),
    ).toEqual([
      [1, 0, null],
      [3, 5, null],
    ]);
  });
});

describe('downsample', () => {
  it('leaves short data alone', () => {
    const times = [1, 2, 3];
    const columns = [[1, 2, 3]];
    expect(downsample(times, columns, 100)).toEqual({ times, columns });
  });

  it('keeps a spike of one point, and stays within two points per pixel', () => {
    const times = Array.from({ length: 100_000 }, (_, at) => at);
    const values = times.map((at) => (at === 43_217 ? 999 : 1));
    const sampled = downsample(times, [values], 500);
    expect(sampled.times).toHaveLength(1000);
    expect(sampled.columns[0]).toContain(999);
  });

  it('keeps lowest and highest of any data, and the order of times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: null }), {
          minLength: 50,
          maxLength: 400,
        }),
        fc.integer({ min: 1, max: 12 }),
        (values, width) => {
          const times = values.map((_, at) => at);
          const sampled = downsample(times, [values], width);
          expect(summarize(sampled.columns[0]!)?.min).toBe(summarize(values)?.min);
          expect(summarize(sampled.columns[0]!)?.max).toBe(summarize(values)?.max);
          expect([...sampled.times].sort((a, b) => a - b)).toEqual([...sampled.times]);
          expect(sampled.columns[0]).toHaveLength(sampled.times.length);
        },
      ),
    );
  });
});

it('describes range, lowest, highest, last and trend', () => {
  const start = Date.UTC(2026, 10, 20, 14);
  const text = describeChart({
    title: 'Spend',
    data: {
      times: [0, 1, 2, 3, 4, 5].map((minute) => start + minute * 60_000),
      series: [{ label: 'opus', values: [1, 1, 2, null, 5, 4] }],
    },
    format: (value) => `$${value}`,
    timeZone: 'UTC',
  });
  expect(text).toBe(
    'Spend, from 2026-11-20 14:00:00 UTC to 2026-11-20 14:05:00 UTC. opus: lowest $1, highest $5 at 2026-11-20 14:04:00 UTC, last $4, rising.',
  );
  expect(
    describeChart({ title: 'Spend', data: { times: [], series: [] }, format: String, timeZone: 'UTC' }),
  ).toBe('Spend: no data.');
});

it('calls a flat series steady and a shrinking one falling', () => {
  expect(summarize([5, 5, 5, 5])?.trend).toBe('steady');
  expect(summarize([9, 8, 7, 3, 2, 1])?.trend).toBe('falling');
  expect(summarize([null, null])).toBeNull();
});

it('writes CSV that a spreadsheet cannot mistake for a formula', () => {
  expect(
    toCsv({
      times: [0],
      series: [
        { label: 'a,b', values: [null] },
        { label: '=x', values: [2] },
      ],
    }),
  ).toBe('time,"a,b",\'=x\r\n1970-01-01T00:00:00.000Z,,2\r\n');
  expect(csvCell('say "hi"')).toBe('"say ""hi"""');
});

it('finds the nearest known value on either side', () => {
  expect(nearestKnown([null, 3, null, null], 3)).toBe(1);
  expect(nearestKnown([null, null, 7], 0)).toBe(2);
  expect(nearestKnown([null], 0)).toBe(-1);
});

describe('points without neighbours', () => {
  it('are those between two gaps, also at the ends', () => {
    expect(lonelyIndexes([1, null, 2, 3, null, 0, undefined, 4], 0, 7)).toEqual([0, 5, 7]);
    expect(lonelyIndexes([1, 2], 0, 1)).toEqual([]);
  });
});
