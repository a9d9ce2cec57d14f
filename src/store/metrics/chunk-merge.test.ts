import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../lib/errors.ts';
import { isStale, setStale, wordsOf } from '../../model/samples.ts';
import { SampleBuffer, sortSamples } from './chunk-buffer.ts';
import { encodeChunk } from './chunk-codec.ts';
import { mergeChunks } from './chunk-merge.ts';

function chunkOf(samples: readonly (readonly [timeMs: number, value: number])[]): Uint8Array {
  const timesMs = Float64Array.from(samples, ([timeMs]) => timeMs);
  const values = Float64Array.from(samples, ([, value]) => value);
  return encodeChunk(timesMs, values, 0, samples.length);
}

function merged(chunks: readonly Uint8Array[], fromMs: number, toMs: number): [number, number][] {
  const scratch = new SampleBuffer(1);
  const count = mergeChunks(chunks, fromMs, toMs, scratch);
  return Array.from({ length: count }, (_, i) => [scratch.timesMs[i]!, scratch.values[i]!]);
}

describe('mergeChunks', () => {
  const first = chunkOf([
    [10, 1],
    [20, 2],
    [30, 3],
  ]);
  const second = chunkOf([
    [40, 4],
    [50, 5],
  ]);

  test('puts chunks one after the other and keeps to the bounds, both inclusive', () => {
    expect(merged([first, second], 20, 40)).toEqual([
      [20, 2],
      [30, 3],
      [40, 4],
    ]);
    expect(merged([first, second], 31, 39)).toEqual([]);
    expect(merged([], 0, 100)).toEqual([]);
  });

  test('orders chunks that are not in order, and keeps the earlier one’s sample of equal times', () => {
    const late = chunkOf([
      [5, 50],
      [20, 99],
      [45, 45],
    ]);
    expect(merged([second, first, late], 0, 100)).toEqual([
      [5, 50],
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 4],
      [45, 45],
      [50, 5],
    ]);
    expect(merged([late, first], 11, 29)).toEqual([[20, 99]]);
  });

  test('keeps the first of equal times within a chunk', () => {
    const repeated = chunkOf([
      [1, 1],
      [1, 2],
      [2, 3],
      [2, 4],
    ]);
    expect(merged([repeated], 0, 9)).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test('moves staleness markers as bits', () => {
    const values = Float64Array.of(1, 2, 3);
    setStale(wordsOf(values), 1);
    const stale = encodeChunk(Float64Array.of(11, 12, 13), values, 0, 3);
    const scratch = new SampleBuffer(4);
    expect(mergeChunks([first, stale], 0, 100, scratch)).toBe(6);
    expect(isStale(scratch.words, 2)).toBe(true);
    expect(scratch.timesMs[2]).toBe(12);
  });

  test('throws DecodeError for a damaged chunk', () => {
    expect(() => merged([first, second.subarray(0, 5)], 0, 100)).toThrow(DecodeError);
  });
});

test('sortSamples is a stable sort that keeps the first of equal times', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 }), fc.nat(5), (times, from) => {
      const buffer = new SampleBuffer(100);
      times.forEach((timeMs, i) => {
        buffer.timesMs[from + i] = timeMs;
        buffer.values[from + i] = i;
      });
      const end = sortSamples(buffer, from, from + times.length);
      const expected = [...new Set(times)].sort((a, b) => a - b);
      expect([...buffer.timesMs.subarray(from, end)]).toEqual(expected);
      expect([...buffer.values.subarray(from, end)]).toEqual(expected.map((timeMs) => times.indexOf(timeMs)));
    }),
  );
});
