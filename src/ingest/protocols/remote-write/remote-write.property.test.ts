import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { Labels } from '../../../model/labels.ts';
import { createSeriesRef } from '../../series-rows.ts';
import { createContext, NOW_MS, rowsOf } from '../otlp/metrics-test-kit.ts';
import {
  createRemoteWriteState,
  decodeRemoteWriteV1,
  decodeRemoteWriteV2,
  type RemoteWriteState,
} from './index.ts';
import { encodeV1, encodeV2, type SeriesModel } from './testing/encode.ts';

const RUNS = 150;
const TABLES = [
  ...([
    'metric_series',
    'metric_metadata',
    'metric_samples',
    'metric_histograms',
    'metric_exemplars',
  ] as const),
];

const decoders = { 1: decodeRemoteWriteV1, 2: decodeRemoteWriteV2 } as const;
type Version = keyof typeof decoders;

/** What a decoder makes of a body, as text; errors other than DecodeError are thrown. */
function resultOf(version: Version, body: Uint8Array, state: RemoteWriteState): string {
  const context = createContext();
  try {
    const outcome = decoders[version](body, context, state);
    const rows = TABLES.map((table) => rowsOf(context.batch, table));
    const { rejections, services, ...counts } = outcome;
    return JSON.stringify([counts, [...rejections.values()], [...services.values()], rows]);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}

const name = fc.constantFrom('a', 'b', 'path', 'job', 'instance', 'le', 'é', 'z'.repeat(40));
const value = fc.oneof(fc.constantFrom('x', 'y', '', '/metrics', 'é'), fc.string({ maxLength: 200 }));
const time = fc.oneof(
  fc.integer({ min: NOW_MS - 100_000, max: NOW_MS }),
  fc.constantFrom(NOW_MS, NOW_MS - 1, 0, 1, 2 ** 53),
);
const sample = fc.record({ timeMs: time, value: fc.oneof(fc.double(), fc.constantFrom(0, -0, 1)) });

const series: fc.Arbitrary<SeriesModel> = fc.record(
  {
    labels: fc
      .record({
        metric: fc.constantFrom('up', 'http_requests_total', 'a:b', 'größe'),
        others: fc.uniqueArray(fc.tuple(name, value), { selector: ([own]) => own, maxLength: 6 }),
      })
      .map(({ metric, others }): [string, string][] => [['__name__', metric], ...others]),
    samples: fc.oneof(fc.tuple(sample), fc.array(sample, { maxLength: 4 })),
    exemplars: fc.array(
      fc.record({
        labels: fc.array(fc.tuple(name, value), { maxLength: 2 }),
        value: fc.double(),
        timeMs: time,
      }),
      { maxLength: 1 },
    ),
    histograms: fc.array(
      fc.record({
        timeMs: time,
        count: fc.record({ int: fc.nat(5) }),
        sum: fc.double(),
        schema: fc.integer({ min: -60, max: 60 }),
        positiveSpans: fc.array(fc.tuple(fc.integer({ min: -3, max: 5 }), fc.nat(3)), { maxLength: 3 }),
        positiveDeltas: fc.array(fc.integer({ min: -2, max: 4 }), { maxLength: 4 }),
      }),
      { maxLength: 1 },
    ),
    isScattered: fc.boolean(),
    metadata: fc.record({ type: fc.nat(9), help: fc.string(), unit: fc.string() }),
  },
  { requiredKeys: ['labels', 'samples'] },
);
const request = fc.array(series, { maxLength: 8 });

function encode(version: Version, model: SeriesModel[]): Buffer {
  return version === 1 ? encodeV1(model) : encodeV2(model);
}

/** The samples that must come out of a request, worked out from the model. */
function expectedSamples(model: SeriesModel[]): unknown[] {
  const rows: unknown[] = [];
  const last = new Map<bigint, { timeMs: number }>();
  for (const { labels, samples = [] } of model) {
    const own = Labels.from(labels as [string, string][]);
    const { id } = createSeriesRef(own);
    for (const { timeMs, value: sampleValue } of samples) {
      if (timeMs < NOW_MS - 86_400_000 || timeMs > NOW_MS + 600_000) continue;
      // Taken, or the same again, or refused: in any case not a second row.
      if (last.get(id)?.timeMs === timeMs) continue;
      last.set(id, { timeMs });
      rows.push({ metric: own.metric, series_id: String(id), ts: timeMs, value: sampleValue });
    }
  }
  return rows;
}

describe.each([1, 2] as Version[])('remote write %i.0', (version) => {
  test('gives the samples of the model', () => {
    const state = createRemoteWriteState();
    fc.assert(
      fc.property(request, (model) => {
        const context = createContext();
        decoders[version](encode(version, model), context, state);
        expect(rowsOf(context.batch, 'metric_samples')).toEqual(expectedSamples(model));
      }),
      { numRuns: RUNS },
    );
  });

  test('remembers nothing that changes an answer, whatever comes and however it is damaged', () => {
    const warm = createRemoteWriteState({ series: { entries: 6, keyBytes: 2000 } });
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 });
    fc.assert(
      fc.property(request, damage, (model, changes) => {
        const body = encode(version, model);
        for (let i = 0; i < 2; i++) {
          expect(resultOf(version, body, warm)).toBe(resultOf(version, body, createRemoteWriteState()));
          // The second time round the state has just seen almost the same.
          for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('any byte of a request that every series is expected in may be another one', () => {
    const labels = (n: number): [string, string][] => [
      ['__name__', 'http_requests_total'],
      ['instance', `host-${n}`],
      ['job', 'web'],
    ];
    const model = [1, 2, 3].map((n) => ({ labels: labels(n), samples: [{ timeMs: NOW_MS, value: n }] }));
    const whole = encode(version, model);
    const warm = createRemoteWriteState();
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0, 0x7f, 0xff, whole[at]! ^ 1]) {
        resultOf(version, whole, warm);
        const body = Buffer.from(whole);
        body[at] = byte;
        expect(resultOf(version, body, warm)).toBe(resultOf(version, body, createRemoteWriteState()));
      }
    }
  });

  test('cut at any byte it is an error or a shorter request, and the state stays good', () => {
    const model: SeriesModel[] = fc.sample(request, { numRuns: 5, seed: 7 }).flat();
    const whole = encode(version, model);
    const state = createRemoteWriteState();
    const expected = resultOf(version, whole, createRemoteWriteState());
    for (let end = 0; end < whole.length; end++) resultOf(version, whole.subarray(0, end), state);
    expect(resultOf(version, whole, state)).toBe(expected);
  });

  test('random bytes are an error at worst', () => {
    const state = createRemoteWriteState();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        resultOf(version, body, state);
      }),
      { numRuns: RUNS * 3 },
    );
  });

  test('a body may lie anywhere in its memory', () => {
    const body = encode(version, [{ labels: [['__name__', 'up']], samples: [{ timeMs: NOW_MS, value: 3 }] }]);
    const memory = new Uint8Array(body.length + 21).fill(0xff);
    memory.set(body, 13);
    const piece = memory.subarray(13, 13 + body.length);
    const state = createRemoteWriteState();
    for (let i = 0; i < 3; i++) {
      expect(resultOf(version, piece, state)).toBe(resultOf(version, body, createRemoteWriteState()));
    }
  });

  test('an error names the message that belongs there', () => {
    const body = Buffer.from([0xff]);
    expect(() => decoders[version](body, createContext(), createRemoteWriteState())).toThrow(
      expect.objectContaining({
        code: 'bad_input',
        status: 400,
        hint: expect.stringMatching(/WriteRequest|v2/),
      }),
    );
  });
});
