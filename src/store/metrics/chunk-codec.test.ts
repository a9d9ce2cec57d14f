import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../lib/errors.ts';
import { setStale, wordsOf } from '../../model/samples.ts';
import { chunkFacts, decodeChunk, encodeChunk, MAX_CHUNK_SAMPLES, MAX_CHUNK_SPAN_MS } from './chunk-codec.ts';

/** Values as pairs of words, so that NaN bits survive. */
type Bits = readonly [low: number, high: number];

function columnsOf(times: readonly number[], bits: readonly Bits[]) {
  const timesMs = Float64Array.from(times);
  const values = new Float64Array(bits.length);
  wordsOf(values).set(bits.flat());
  return { timesMs, values };
}

function bitsOf(values: Float64Array): number[] {
  return [...wordsOf(values)];
}

/** Encodes, decodes at an offset and compares bits; returns the chunk. */
function roundTrip(timesMs: Float64Array, values: Float64Array): Uint8Array {
  const count = timesMs.length;
  const chunk = encodeChunk(timesMs, values, 0, count);
  const outTimesMs = new Float64Array(count + 3);
  const outValues = new Float64Array(count + 3);
  expect(decodeChunk(chunk, outTimesMs, outValues, 2)).toBe(count);
  expect([...outTimesMs.subarray(2, count + 2)]).toEqual([...timesMs]);
  expect(bitsOf(outValues.slice(2, count + 2))).toEqual(bitsOf(values));
  expect([outTimesMs[0], outTimesMs[1], outTimesMs[count + 2]]).toEqual([0, 0, 0]);
  expect([outValues[0], outValues[1], outValues[count + 2]]).toEqual([0, 0, 0]);
  expect(chunkFacts(chunk)).toEqual({ count, minMs: timesMs[0]! + 0, maxMs: timesMs[count - 1]! + 0 });
  return chunk;
}

function regular(count: number, value: (i: number) => number, stepMs = 15_000) {
  return {
    timesMs: Float64Array.from({ length: count }, (_, i) => 1_750_000_000_123 + i * stepMs),
    values: Float64Array.from({ length: count }, (_, i) => value(i)),
  };
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
  };
}

const next = random(3);
const kinds: Record<string, { value: (i: number, before: number) => number; bytesPerSample: number }> = {
  constant: { value: () => 0.1 + 0.2, bytesPerSample: 0.15 },
  'steady counter': { value: (_, before) => before + 7, bytesPerSample: 0.15 },
  'steady counter of hundredths': { value: (i) => (500 + i * 3) / 100, bytesPerSample: 0.15 },
  'counter that seldom moves': {
    value: (_, before) => before + (next() < 0.02 ? 1 : 0),
    bytesPerSample: 0.25,
  },
  'counter with noise': {
    value: (_, before) => before + 100 + Math.floor(next() * 16),
    bytesPerSample: 0.65,
  },
  'counter with a reset': {
    value: (i, before) => (i === 100 ? 3 : before + 1e6 + Math.floor(next() * 8)),
    bytesPerSample: 1.3,
  },
  'gauge of pages': { value: () => (1000 + Math.floor(next() * 200)) * 4096, bytesPerSample: 1.2 },
  'gauge of two decimals': { value: () => Math.round(next() * 200) / 100, bytesPerSample: 1.2 },
  'smooth curve': { value: (i) => Math.round(1e9 * Math.sin(i / 200)), bytesPerSample: 2.2 },
  'whole numbers beyond 1e15': { value: (i) => 8e15 + i * 2, bytesPerSample: 0.15 },
  'wide integers': { value: () => Math.floor(next() * 2 ** 40) * 1024, bytesPerSample: 5.6 },
  'doubles of one magnitude': { value: () => 1 + next() + next() / 2 ** 32, bytesPerSample: 7.2 },
  'doubles that seldom change': {
    value: (i, before) => (i % 40 === 0 ? Math.PI * (1 + next()) : before),
    bytesPerSample: 1.5,
  },
};

describe('chunk codec', () => {
  test.each(Object.entries(kinds))('packs a %s', (_, { value, bytesPerSample }) => {
    let before = 1000;
    const { timesMs, values } = regular(240, (i) => {
      before = value(i, before);
      return before;
    });
    expect(roundTrip(timesMs, values).length / 240).toBeLessThan(bytesPerSample);
  });

  test.each([
    ['around a grid', 1.2, (i: number) => i * 15_000 + Math.floor(next() * 11)],
    ['that drift', 1.2, (i: number) => i * 15_003 + Math.floor(next() * 5) * (i > 0 ? 1 : 0)],
    ['with a gap', 1.2, (i: number) => i * 15_000 + (i > 100 ? 300_000 : 0)],
    ['that are repeated', 1.7, (i: number) => Math.floor(i / 3) * 1000],
  ])('packs times %s', (_, bytesPerSample, time) => {
    const timesMs = Float64Array.from({ length: 240 }, (_, i) => 1.75e12 + time(i)).sort();
    expect(roundTrip(timesMs, new Float64Array(240)).length / 240).toBeLessThan(bytesPerSample);
  });

  test('keeps odd bits among decimals: staleness, NaN payloads, negative zero, infinities', () => {
    const { timesMs, values } = regular(240, (i) => i / 4);
    const words = wordsOf(values);
    setStale(words, 0);
    setStale(words, 239);
    words.set([0xdead_beef, 0x7ff8_1234], 2 * 17);
    words.set([1, 0xfff0_0000], 2 * 18);
    values[30] = -0;
    values[31] = Number.POSITIVE_INFINITY;
    values[32] = 5e-324;
    expect(roundTrip(timesMs, values).length).toBeLessThan(700);
  });

  test('keeps single samples and series of nothing but one odd value', () => {
    for (const bits of [
      [2, 0x7ff0_0000],
      [0, 0x8000_0000],
      [1, 0],
      [0, 0x7ff0_0000],
      [0, 0x3ff0_0000],
    ] as Bits[]) {
      for (const count of [1, 2, 3]) {
        const times = Array.from({ length: count }, (_, i) => -5 + i);
        const { timesMs, values } = columnsOf(times, Array(count).fill(bits));
        roundTrip(timesMs, values);
      }
    }
  });

  test('takes the largest chunk and the farthest times', () => {
    const { timesMs, values } = regular(MAX_CHUNK_SAMPLES, (i) => Math.sqrt(i));
    roundTrip(timesMs, values);
    roundTrip(Float64Array.of(-(2 ** 53), -(2 ** 53)), Float64Array.of(1, 2));
    roundTrip(Float64Array.of(2 ** 53 - 1, 2 ** 53), Float64Array.of(1, 2));
    roundTrip(Float64Array.of(-7, -3, MAX_CHUNK_SPAN_MS - 7), Float64Array.of(2 ** 53, -(2 ** 53), 0));
  });

  test('refuses what is no chunk', () => {
    const one = Float64Array.of(1);
    expect(() => encodeChunk(one, one, 0, 0)).toThrow(RangeError);
    expect(() => encodeChunk(one, one, 0, MAX_CHUNK_SAMPLES + 1)).toThrow(RangeError);
    expect(() => encodeChunk(Float64Array.of(2, 1), Float64Array.of(1, 1), 0, 2)).toThrow(RangeError);
    expect(() => encodeChunk(Float64Array.of(1.5), one, 0, 1)).toThrow(RangeError);
    expect(() => encodeChunk(Float64Array.of(1, 1.5, 3), new Float64Array(3), 0, 3)).toThrow(RangeError);
    expect(() => encodeChunk(Float64Array.of(Number.NaN), one, 0, 1)).toThrow(RangeError);
    expect(() => encodeChunk(Float64Array.of(1, Number.NaN, 3), new Float64Array(3), 0, 3)).toThrow(
      RangeError,
    );
    expect(() => encodeChunk(Float64Array.of(0, 2 ** 51), Float64Array.of(1, 1), 0, 2)).toThrow(RangeError);
    // A refused chunk leaves nothing behind for the next.
    roundTrip(Float64Array.of(0, 1, 2), new Float64Array(3));
  });

  test('encodes a part of the columns', () => {
    const { timesMs, values } = regular(100, (i) => i * i);
    const chunk = encodeChunk(timesMs, values, 40, 90);
    expect([...chunk]).toEqual([...encodeChunk(timesMs.slice(40, 90), values.slice(40, 90), 0, 50)]);
  });

  test('a chunk in the middle of other memory decodes', () => {
    const { timesMs, values } = regular(10, (i) => i * 1.5);
    const chunk = encodeChunk(timesMs, values, 0, 10);
    const memory = new Uint8Array(chunk.length + 9).fill(0xff);
    memory.set(chunk, 5);
    const out = new Float64Array(10);
    expect(decodeChunk(memory.subarray(5, 5 + chunk.length), new Float64Array(10), out, 0)).toBe(10);
    expect(out).toEqual(values);
  });

  test('refuses bytes after the end, and an end too early, of every kind of chunk', () => {
    for (const { value } of Object.values(kinds)) {
      let before = 1;
      const { timesMs, values } = regular(40, (i) => {
        before = value(i, before);
        return before;
      });
      setStale(wordsOf(values), 7);
      const chunk = encodeChunk(timesMs, values, 0, 40);
      const out = new Float64Array(40);
      expect(() => decodeChunk(Uint8Array.of(...chunk, 0), out, out.slice(), 0)).toThrow(DecodeError);
      for (let end = 0; end < chunk.length; end++) {
        expect(() => decodeChunk(chunk.subarray(0, end), out, out.slice(), 0)).toThrow(DecodeError);
      }
    }
  });

  test('does not write beyond the columns', () => {
    const chunk = encodeChunk(Float64Array.of(1, 2, 3), Float64Array.of(1, 2, 3), 0, 3);
    expect(() => decodeChunk(chunk, new Float64Array(2), new Float64Array(9), 0)).toThrow(DecodeError);
    expect(() => decodeChunk(chunk, new Float64Array(9), new Float64Array(9), 7)).toThrow(DecodeError);
  });
});

const anyBits: fc.Arbitrary<Bits> = fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff));
const doubleBits: fc.Arbitrary<Bits> = fc
  .oneof(
    fc.double(),
    fc.integer(),
    fc.integer({ min: -3, max: 3 }),
    fc.maxSafeInteger(),
    fc.tuple(fc.integer(), fc.nat(18)).map(([digits, scale]) => Number(`${digits}e-${scale}`)),
  )
  .map((value) => {
    const [low, high] = new Uint32Array(Float64Array.of(value).buffer);
    return [low!, high!] as const;
  });
const someBits = fc.oneof(
  { weight: 8, arbitrary: doubleBits },
  { weight: 1, arbitrary: anyBits },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Bits>([2, 0x7ff0_0000], [0, 0x8000_0000], [1, 0x7ff0_0000], [0, 0xfff0_0000]),
  },
);
/** Mostly one kind of value, as in a series. */
const series = fc
  .record({
    startMs: fc.oneof(fc.maxSafeInteger(), fc.constant(1.75e12)).map((ms) => Math.min(ms, 2 ** 52)),
    gaps: fc.array(fc.oneof(fc.constant(15_000), fc.nat(20), fc.nat(4e9)), { minLength: 0, maxLength: 60 }),
    pool: fc.array(someBits, { minLength: 1, maxLength: 60 }),
  })
  .map(({ startMs, gaps, pool }) => {
    const times = [startMs];
    for (const gap of gaps) times.push(times.at(-1)! + gap);
    return columnsOf(
      times,
      times.map((_, i) => pool[i % pool.length]!),
    );
  });

describe('chunk codec, any input', () => {
  test('every chunk round-trips bit by bit', () => {
    fc.assert(
      fc.property(series, ({ timesMs, values }) => {
        roundTrip(timesMs, values);
      }),
      { numRuns: 2000 },
    );
  });

  test('walks of every step size and scale round-trip', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 50 }),
        fc.nat(15),
        fc.integer({ min: 1, max: 300 }),
        (seed, bits, scale, count) => {
          const roll = random(seed);
          let int = Math.floor(roll() * 1e6);
          const { timesMs, values } = regular(count, () => {
            int += Math.floor((roll() - 0.4) * 2 ** Math.floor(roll() * bits));
            return int / 10 ** scale;
          });
          roundTrip(timesMs, values);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('altered and cut chunks decode within their bounds or throw DecodeError', () => {
    fc.assert(
      fc.property(
        series,
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 4 }),
        fc.option(fc.nat(2000)),
        ({ timesMs, values }, changes, cut) => {
          let bytes = encodeChunk(timesMs, values, 0, timesMs.length);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          if (cut !== null) bytes = bytes.slice(0, cut % bytes.length);
          decodesOrRefuses(bytes);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('random bytes decode or throw DecodeError', () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.oneof(fc.nat(255), fc.nat(20)), { maxLength: 120 }),
        (kind, count, rest) => decodesOrRefuses(Uint8Array.from([0x40 | kind, count, ...rest])),
      ),
      { numRuns: 5000 },
    );
  });
});

function decodesOrRefuses(bytes: Uint8Array): void {
  const room = 100;
  const timesMs = new Float64Array(room + 1);
  const values = new Float64Array(room + 1);
  timesMs[room] = 77;
  values[room] = 77;
  // Memory behind the chunk must not matter.
  const memory = new Uint8Array(bytes.length + 64).fill(0xaa);
  memory.set(bytes);
  try {
    const { count, minMs, maxMs } = chunkFacts(memory.subarray(0, bytes.length));
    const decoded = decodeChunk(
      memory.subarray(0, bytes.length),
      timesMs.subarray(0, room),
      values.subarray(0, room),
      0,
    );
    expect(decoded).toBe(count);
    expect([timesMs[0], timesMs[count - 1]]).toEqual([minMs, maxMs]);
    for (let i = 1; i < count; i++) expect(timesMs[i]! >= timesMs[i - 1]!).toBe(true);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  expect([timesMs[room], values[room]]).toEqual([77, 77]);
}
