import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtoWriter } from '../../../lib/proto-writer.ts';
import { snappyCompress, snappyUncompress } from '../../../lib/snappy.ts';
import { Labels } from '../../../model/labels.ts';
import type { SeriesSamples } from '../../../model/samples.ts';
import { wordsOf } from '../../../model/samples.ts';
import { type Matcher, memorySource } from '../../../promql/index.ts';
import { crc32c } from './crc32c.ts';
import type { RawLimits } from './raw-answer.ts';
import { createRemoteRead } from './remote-read.ts';
import { bytesOf, HISTOGRAM, LIMITS, NOW_MS, type SampleValue, seriesOf } from './testing/raw.ts';
import { decodeFrames, decodeSamples, decodeXor, fieldsOf, numberIn } from './testing/read-decoder.ts';
import { XorChunkEncoder } from './xor-chunk.ts';

const [SAMPLES, CHUNKS] = [0, 1];
const TYPES = ['=', '!=', '=~', '!~'];

interface Asked {
  readonly matchers: readonly Matcher[];
  readonly fromMs: number;
  readonly toMs: number;
}

function bodyOf(queries: readonly Asked[], accepted: readonly number[] = []): Uint8Array {
  const out = new ProtoWriter();
  for (const { matchers, fromMs, toMs } of queries) {
    const query = out.open(1);
    out.int64(1, fromMs);
    out.int64(2, toMs);
    for (const { type, name, value } of matchers) {
      const matcher = out.open(3);
      out.varint(1, TYPES.indexOf(type));
      out.text(2, name);
      out.text(3, value);
      out.close(matcher);
    }
    const hints = out.open(4);
    out.text(2, 'rate');
    out.close(hints);
    out.close(query);
  }
  out.packedVarints(2, accepted);
  return snappyCompress(out.written());
}

const metric = (value: string): Matcher => ({ name: '__name__', type: '=', value });
const everything = (matchers: readonly Matcher[]): Asked => ({ matchers, fromMs: 0, toMs: NOW_MS * 2 });

function ask(
  series: readonly SeriesSamples[],
  body: Uint8Array,
  {
    limits = LIMITS,
    externalLabels = {},
  }: { limits?: RawLimits; externalLabels?: Record<string, string> } = {},
) {
  const read = createRemoteRead({ source: memorySource(series), externalLabels, limits });
  return read(body, new AbortController().signal);
}

async function samplesOf(...args: Parameters<typeof ask>) {
  const answer = await ask(...args);
  expect(answer.headers).toEqual({ 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy' });
  return decodeSamples(Buffer.from(snappyUncompress(await bytesOf(answer), 1 << 24)));
}

async function framesOf(...args: Parameters<typeof ask>) {
  const answer = await ask(...args);
  expect(answer.headers).toEqual({
    'Content-Type': 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
  });
  return decodeFrames(await bytesOf(answer), crc32c);
}

const DATA = [
  seriesOf({ __name__: 'b', job: 'y' }, [1000, 1], [2000, 'stale'], [3000, 2.5]),
  seriesOf({ __name__: 'a', job: 'y' }, [1000, 0], [5000, Number.NEGATIVE_INFINITY]),
  seriesOf({ __name__: 'a', job: 'x' }, [1000, 10], [2000, 11]),
];

describe('remote read', () => {
  test('samples by query, sorted by labels, within inclusive bounds', async () => {
    const body = bodyOf([
      { matchers: [{ name: 'job', type: '=~', value: 'x|y' }], fromMs: 1000, toMs: 2000 },
      { matchers: [metric('none')], fromMs: 0, toMs: 9000 },
      { matchers: [metric('a'), { name: 'job', type: '!=', value: 'x' }], fromMs: 1001, toMs: 5000 },
      { matchers: [{ name: 'job', type: '!~', value: 'x' }, metric('b')], fromMs: 2001, toMs: 9000 },
    ]);
    expect(await samplesOf(DATA, body)).toEqual([
      [
        {
          labels: { __name__: 'a', job: 'x' },
          samples: [
            [1000, 10],
            [2000, 11],
          ],
          histograms: [],
        },
        { labels: { __name__: 'a', job: 'y' }, samples: [[1000, 0]], histograms: [] },
        {
          labels: { __name__: 'b', job: 'y' },
          samples: [
            [1000, 1],
            [2000, 'stale'],
          ],
          histograms: [],
        },
      ],
      [],
      [{ labels: { __name__: 'a', job: 'y' }, samples: [[5000, Number.NEGATIVE_INFINITY]], histograms: [] }],
      [{ labels: { __name__: 'b', job: 'y' }, samples: [[3000, 2.5]], histograms: [] }],
    ]);
  });

  test('chunks of 120 samples, a frame per series, when they are named first', async () => {
    const many = Array.from({ length: 250 }, (_, i) => [i * 1000, i % 7] as const);
    const data = [...DATA, seriesOf({ __name__: 'many' }, ...many)];
    const query = [everything([metric('a')]), everything([metric('many')])];
    const frames = await framesOf(data, bodyOf(query, [9, CHUNKS, SAMPLES]));
    expect(frames.map(({ queryIndex, labels }) => [queryIndex, labels])).toEqual([
      [0, { __name__: 'a', job: 'x' }],
      [0, { __name__: 'a', job: 'y' }],
      [1, { __name__: 'many' }],
    ]);
    expect(
      frames[2]!.chunks.map(({ minMs, maxMs, type, samples }) => [minMs, maxMs, type, samples.length]),
    ).toEqual([
      [0, 119_000, 1, 120],
      [120_000, 239_000, 1, 120],
      [240_000, 249_000, 1, 10],
    ]);
    expect(frames[2]!.chunks.flatMap(({ samples }) => samples)).toEqual(many);
  });

  test('a long series comes in several frames of about a mebibyte', async () => {
    const values = Array.from({ length: 150_000 }, (_, i) => [i, Math.sin(i) * 1e9] as const);
    const bulk = {
      labels: Labels.fromObject({ __name__: 'a' }),
      timesMs: Float64Array.from(values, ([timeMs]) => timeMs),
      values: Float64Array.from(values, ([, value]) => value),
      histograms: undefined,
    };
    const frames = await framesOf([bulk], bodyOf([everything([metric('a')])], [CHUNKS]), {
      limits: { maxSeries: 1, maxSamples: 150_000 },
    });
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.flatMap(({ chunks }) => chunks.flatMap(({ samples }) => samples))).toEqual(values);
  });

  test('native histograms among samples, and left out of the stream', async () => {
    const data = [
      seriesOf({ __name__: 'h' }, [1000, HISTOGRAM], [2000, 'stale'], [3000, { ...HISTOGRAM, count: 9.5 }]),
    ];
    const query = [everything([metric('h')])];
    const series = (await samplesOf(data, bodyOf(query)))[0]![0]!;
    expect(series.samples).toEqual([[2000, 'stale']]);
    const [whole, broken] = series.histograms.map((bytes) => fieldsOf(bytes));
    expect(numberIn(whole!, 1)).toBe(9);
    expect(numberIn(whole!, 15)).toBe(1000);
    expect(numberIn(whole!, 14)).toBe(2);
    // Spans of the positive side: two from index 0, one two further on; their counts as differences.
    expect(whole!.filter(({ field }) => field === 11).map(({ bytes }) => bytes.toString('hex'))).toEqual([
      '08001002',
      '08041001',
    ]);
    expect(whole!.find(({ field }) => field === 12)!.bytes.toString('hex')).toBe('020403');
    expect(broken!.find(({ field }) => field === 2)!.bytes.readDoubleLE(0)).toBe(9.5);
    const frames = await framesOf(data, bodyOf(query, [CHUNKS]));
    expect(frames.flatMap(({ chunks }) => chunks.flatMap(({ samples }) => samples))).toEqual([
      [2000, 'stale'],
    ]);
  });

  test('external labels are added, and matchers that ask for them are met', async () => {
    const body = bodyOf([everything([metric('a'), { name: 'zone', type: '=', value: 'eu' }])]);
    const [result] = await samplesOf(DATA, body, { externalLabels: { zone: 'eu', job: 'none' } });
    expect(result!.map(({ labels }) => labels)).toEqual([
      { __name__: 'a', job: 'x', zone: 'eu' },
      { __name__: 'a', job: 'y', zone: 'eu' },
    ]);
    expect(await samplesOf(DATA, body)).toEqual([[]]);
  });

  test('limits, forms that nobody knows, bodies that are no request', async () => {
    const all = everything([{ name: 'job', type: '=~', value: '.+' }]);
    const few = { limits: { maxSeries: 100, maxSamples: 6 } };
    await expect(ask(DATA, bodyOf([all]), few)).rejects.toMatchObject({
      status: 400,
      message: 'exceeded sample limit (6)',
    });
    const stream = await ask(DATA, bodyOf([all], [CHUNKS]), few);
    await expect(bytesOf(stream)).rejects.toThrow('exceeded sample limit (6)');
    await expect(
      ask(DATA, bodyOf([all]), { limits: { maxSeries: 2, maxSamples: 99 } }),
    ).rejects.toMatchObject({ status: 422 });
    await expect(ask(DATA, bodyOf([all], [7]))).rejects.toMatchObject({ status: 400, code: 'bad_data' });
    await expect(ask(DATA, snappyCompress(Uint8Array.of(10, 200)))).rejects.toMatchObject({ status: 400 });
    await expect(ask(DATA, Uint8Array.of(255))).rejects.toMatchObject({ status: 400 });
  });

  test('whatever bytes come are a request or a decode error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        const error: unknown = await ask(DATA, snappyCompress(bytes)).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) expect((error as { status: number }).status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });
});

describe('XOR chunks', () => {
  const encoder = new XorChunkEncoder();
  const roundTrip = (timesMs: Float64Array, values: Float64Array) =>
    decodeXor(encoder.encode({ timesMs, words: wordsOf(values), from: 0, to: timesMs.length }));

  test('every sample comes back, bit by bit', () => {
    const step = fc.oneof(
      fc.constant(15_000),
      fc.integer({ min: 1, max: 40_000 }),
      fc.constantFrom(1, 8_191, 8_192, 8_193, 65_536, 65_537, 524_288, 524_289, 2 ** 33, 2 ** 40),
    );
    const value = fc.oneof(
      fc.double(),
      fc.integer({ min: 0, max: 100 }),
      fc.constantFrom<SampleValue>('stale', 1, 1),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: -1e6, max: 2e12 }),
        fc.array(fc.tuple(step, value), { minLength: 1, maxLength: 120 }),
        (start, list) => {
          let timeMs = start;
          const samples = list.map(([stepMs, one]) => {
            timeMs += stepMs;
            return [timeMs, one] as const;
          });
          const { timesMs, values } = seriesOf({}, ...samples);
          expect(roundTrip(timesMs, values)).toEqual(samples);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a known chunk', () => {
    // A number of samples, 64 as a signed varint, the bits of 1, a step of 1, then three bits that say: as before.
    const bytes = encoder.encode({
      timesMs: Float64Array.of(64, 65, 66),
      words: wordsOf(Float64Array.of(1, 1, 1)),
      from: 0,
      to: 3,
    });
    expect(Buffer.from(bytes).toString('hex')).toBe('000380013ff00000000000000100');
  });
});

test('CRC-32C of the standard text', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283);
});
