import { describe, expect, test } from 'vitest';
import { Labels } from '../../../model/labels.ts';
import type { Column } from '../../../store/index.ts';
import { createSeriesLimits } from '../../cardinality.ts';
import { MemoryStreamRegistry } from '../../registry.ts';
import { createSeriesRef } from '../../series-rows.ts';
import type { DecodeContext } from '../../types.ts';
import { createContext, LIMITS, NOW_MS, rowsOf } from '../otlp/metrics-test-kit.ts';
import {
  createRemoteWriteState,
  decodeRemoteWriteV1,
  decodeRemoteWriteV2,
  type RemoteWriteOutcome,
  type RemoteWriteState,
  statusOf,
} from './index.ts';
import { type EncodeV2Options, encodeV1, encodeV2, type SeriesModel, type Text } from './testing/encode.ts';

const UP: [Text, Text][] = [
  ['__name__', 'up'],
  ['instance', 'a:9100'],
  ['job', 'node'],
];
const STALE = Uint8Array.of(2, 0, 0, 0, 0, 0, 0xf0, 0x7f);

type Version = 1 | 2;

interface Decoded {
  readonly outcome: RemoteWriteOutcome;
  readonly context: DecodeContext;
}

function decode(
  version: Version,
  series: SeriesModel[],
  changes: Partial<DecodeContext> = {},
  state: RemoteWriteState = createRemoteWriteState(),
  options: EncodeV2Options = {},
): Decoded {
  const context = createContext(changes);
  const outcome =
    version === 1
      ? decodeRemoteWriteV1(encodeV1(series), context, state)
      : decodeRemoteWriteV2(encodeV2(series, options), context, state);
  return { outcome, context };
}

/** `name{labels}` of the samples, with time after NOW_MS and value. */
function samplesOf({ context }: Decoded, table: 'metric_samples' | 'metric_exemplars' = 'metric_samples') {
  return rowsOf(context.batch, table).map((row) => [row.metric, (row.ts as number) - NOW_MS, row.value]);
}

function bytesOf(column: Column): string {
  const pieces: Uint8Array[] = [];
  column.writeData(pieces);
  return Buffer.concat(pieces).toString('hex');
}

function codesOf({ outcome }: Decoded): Record<string, number> {
  return Object.fromEntries([...outcome.rejections.values()].map(({ code, count }) => [code, count]));
}

function messageOf({ outcome }: Decoded): string {
  return [...outcome.rejections.values()].map(({ message }) => message).join('; ');
}

const at = (ms: number, value: number | Uint8Array = 1) => ({ timeMs: NOW_MS + ms, value });
const one = (labels: [Text, Text][], ...samples: ReturnType<typeof at>[]): SeriesModel => ({
  labels,
  samples,
});

describe.each([1, 2] as Version[])('remote write %i.0', (version) => {
  test('samples with the id that every protocol gives the series', () => {
    const decoded = decode(version, [one(UP, at(-15_000, 1), at(0, 0))]);
    const ref = createSeriesRef(Labels.from(UP as [string, string][]));
    expect(rowsOf(decoded.context.batch, 'metric_samples')).toEqual([
      { metric: 'up', series_id: String(ref.id), ts: NOW_MS - 15_000, value: 1 },
      { metric: 'up', series_id: String(ref.id), ts: NOW_MS, value: 0 },
    ]);
    expect(rowsOf(decoded.context.batch, 'metric_series')).toMatchObject([
      { metric: 'up', labels: { instance: 'a:9100', job: 'node' }, storage: 'cumulative' },
    ]);
    expect(decoded.outcome).toMatchObject({
      accepted: 2,
      rejected: 0,
      written: { samples: 2, histograms: 0, exemplars: 0 },
    });
    expect([...decoded.outcome.services.values()]).toMatchObject([
      { service: 'node', instance: 'a:9100', accepted: 2, rejected: 0 },
    ]);
    expect(statusOf(decoded.outcome)).toBe(204);
  });

  test('labels in any order, empty ones left out, are the same series', () => {
    const shuffled: [Text, Text][] = [UP[2]!, ['gone', ''], UP[0]!, UP[1]!];
    const { context } = decode(version, [one(UP, at(0)), one(shuffled, at(1))]);
    const rows = rowsOf(context.batch, 'metric_samples');
    expect(new Set(rows.map(({ series_id }) => series_id)).size).toBe(1);
    expect(rowsOf(context.batch, 'metric_series')).toHaveLength(1);
  });

  test('names and values in any language', () => {
    const labels: [Text, Text][] = [
      ['__name__', 'größe.μ'],
      ['ärger', '日本 😀'],
      ['😀', '\ufffd'],
    ];
    const { context } = decode(version, [one(labels, at(0))]);
    expect(rowsOf(context.batch, 'metric_series')).toMatchObject([
      { metric: 'größe.μ', labels: { ärger: '日本 😀', '😀': '\ufffd' } },
    ]);
  });

  test('a series without a job counts for the sender', () => {
    const context = createContext();
    const series = [
      one(
        [
          ['__name__', 'x'],
          ['instance', 'i'],
        ],
        at(0),
      ),
    ];
    const sender = { userAgent: 'Prometheus/3.14.0' };
    const state = createRemoteWriteState();
    const outcome =
      version === 1
        ? decodeRemoteWriteV1(encodeV1(series), context, state, sender)
        : decodeRemoteWriteV2(encodeV2(series), context, state, sender);
    expect([...outcome.services.values()]).toMatchObject([{ service: 'Prometheus/3.14.0', instance: 'i' }]);
  });

  test('a staleness marker keeps its bits', () => {
    const { context } = decode(version, [one(UP, at(0, STALE)), one([['__name__', 'b']], at(0, Number.NaN))]);
    expect(bytesOf(context.batch.metric_samples.value)).toBe('020000000000f07f000000000000f87f');
  });

  test('a stale marker as a native histogram', () => {
    const series = { labels: UP, histograms: [{ timeMs: NOW_MS, count: { int: 0 }, sum: STALE }] };
    const { context, outcome } = decode(version, [series]);
    expect(outcome.written.histograms).toBe(1);
    expect(bytesOf(context.batch.metric_histograms.sum)).toBe('020000000000f07f');
    expect(bytesOf(context.batch.metric_histograms.count)).toBe('020000000000f07f');
    expect(rowsOf(context.batch, 'metric_histograms')).toHaveLength(1);
  });

  test('out of order is fine, too old and too far ahead are refused alone', () => {
    const decoded = decode(version, [
      one(UP, at(0, 1), at(-60_000, 2), at(-LIMITS.maxAgeMs, 3), at(-LIMITS.maxAgeMs - 1, 4), at(600_001, 5)),
    ]);
    expect(samplesOf(decoded)).toEqual([
      ['up', 0, 1],
      ['up', -60_000, 2],
      ['up', -LIMITS.maxAgeMs, 3],
    ]);
    expect(codesOf(decoded)).toEqual({ too_old: 1, too_far_in_future: 1 });
    expect(decoded.outcome).toMatchObject({ accepted: 3, rejected: 2, refused: { samples: 2 } });
    expect(statusOf(decoded.outcome)).toBe(400);
  });

  test('with retention off times from 1970 on are taken, earlier ones not', () => {
    const limits = { ...LIMITS, maxAgeMs: 0 };
    const samples = [0, 1, -1, -(2 ** 60)].map((timeMs) => ({ timeMs, value: 7 }));
    const decoded = decode(version, [{ labels: UP, samples }], { limits });
    expect(rowsOf(decoded.context.batch, 'metric_samples').map(({ ts }) => ts)).toEqual([0, 1]);
    expect(codesOf(decoded)).toEqual({ too_old: 2 });
  });

  test('the same sample twice is written once, another value is a duplicate', () => {
    const twice = decode(version, [one(UP, at(0, 5), at(0, 5)), one(UP, at(0, 5))]);
    expect(samplesOf(twice)).toEqual([['up', 0, 5]]);
    expect(twice.outcome).toMatchObject({ accepted: 3, rejected: 0, written: { samples: 3 } });
    const differing = decode(version, [one(UP, at(0, 5)), one(UP, at(0, 6)), one(UP, at(0, 0))]);
    expect(samplesOf(differing)).toEqual([['up', 0, 5]]);
    expect(codesOf(differing)).toEqual({ duplicate_sample: 2 });
    const zeroes = decode(version, [one(UP, at(0, 0)), one(UP, at(0, 0)), one(UP, at(0, -0))]);
    expect(zeroes.outcome).toMatchObject({ accepted: 2, rejected: 1 });
  });

  test('a request may repeat what an earlier one said', () => {
    const state = createRemoteWriteState();
    const context = createContext();
    for (let i = 0; i < 2; i++) {
      const body = version === 1 ? encodeV1([one(UP, at(0))]) : encodeV2([one(UP, at(0))]);
      const outcome = (version === 1 ? decodeRemoteWriteV1 : decodeRemoteWriteV2)(body, context, state);
      expect(outcome).toMatchObject({ accepted: 1, rejected: 0 });
    }
  });

  const bad: [code: string, labels: [Text, Text][], named: string][] = [
    ['no_metric_name', [['job', 'a']], '__name__'],
    [
      'no_metric_name',
      [
        ['__name__', ''],
        ['job', 'a'],
      ],
      '__name__',
    ],
    ['no_metric_name', [], '__name__'],
    [
      'bad_label_name',
      [
        ['__name__', 'x'],
        ['', 'a'],
      ],
      'empty',
    ],
    [
      'bad_label_name',
      [
        ['__name__', 'x'],
        [Uint8Array.of(0x61, 0xff), 'a'],
      ],
      'a\ufffd',
    ],
    [
      'bad_label_value',
      [
        ['__name__', 'x'],
        ['path', Uint8Array.of(0xc3, 0x28)],
      ],
      'path',
    ],
    ['bad_label_value', [['__name__', Uint8Array.of(0xff)]], '__name__'],
    [
      'duplicate_label',
      [
        ['__name__', 'x'],
        ['path', 'a'],
        ['path', 'b'],
      ],
      'path',
    ],
    [
      'duplicate_label',
      [
        ['__name__', 'x'],
        ['path', ''],
        ['path', ''],
      ],
      'path',
    ],
    [
      'duplicate_label',
      [
        ['__name__', 'x'],
        ['__name__', 'y'],
      ],
      '__name__',
    ],
    [
      'label_too_long',
      [
        ['__name__', 'x'],
        ['path', 'a'.repeat(4097)],
      ],
      'path',
    ],
    [
      'label_name_too_long',
      [
        ['__name__', 'x'],
        ['n'.repeat(2000), 'a'],
      ],
      'nnn',
    ],
    [
      'too_many_labels',
      [['__name__', 'x'], ...Array.from({ length: 64 }, (_, i): [Text, Text] => [`l${i}`, 'v'])],
      '64',
    ],
    [
      'labels_too_long',
      [['__name__', 'x'], ...Array.from({ length: 9 }, (_, i): [Text, Text] => [`l${i}`, 'v'.repeat(4000)])],
      'bytes',
    ],
  ];
  test.each(bad)('a series with %s is refused and the others kept', (code, labels, named) => {
    const decoded = decode(version, [
      one([['__name__', 'before']], at(0)),
      { labels, samples: [at(0), at(1)], exemplars: [{ labels: [], value: 1, timeMs: NOW_MS }] },
      one([['__name__', 'after']], at(0)),
    ]);
    expect(codesOf(decoded)).toEqual({ [code]: 3 });
    expect(messageOf(decoded)).toContain(named);
    expect(decoded.outcome).toMatchObject({ accepted: 2, refused: { samples: 2, exemplars: 1 } });
    expect(samplesOf(decoded).map(([metric]) => metric)).toEqual(['before', 'after']);
    expect(statusOf(decoded.outcome)).toBe(400);
  });

  test('more records than one request may have', () => {
    const limits = { ...LIMITS, recordsPerRequest: 2 };
    const decoded = decode(version, [one(UP, at(0), at(1), at(2), at(3))], { limits });
    expect(codesOf(decoded)).toEqual({ too_many_records: 2 });
    expect(samplesOf(decoded)).toHaveLength(2);
  });

  test('more series than one metric may have', () => {
    const seriesLimits = createSeriesLimits({
      ...{ maxSeriesPerMetric: 2, maxSeriesPerSource: 0, maxSeries: 0, windowMs: 86_400_000 },
    });
    const state = createRemoteWriteState();
    const context = createContext({ seriesLimits });
    const series = ['a', 'b', 'c'].map((path) =>
      one(
        [
          ['__name__', 'hits'],
          ['path', path],
        ],
        at(0),
        at(1),
      ),
    );
    for (let i = 0; i < 2; i++) {
      const body = version === 1 ? encodeV1(series) : encodeV2(series);
      const outcome = (version === 1 ? decodeRemoteWriteV1 : decodeRemoteWriteV2)(body, context, state);
      expect(outcome).toMatchObject({ accepted: 4, rejected: 2 });
      expect(outcome.rejections.get('too_many_series')!.message).toContain('hits');
    }
    expect(rowsOf(context.batch, 'metric_series')).toHaveLength(2);
    expect(seriesLimits.report(NOW_MS).refused).toMatchObject([{ metric: 'hits', label: { label: 'path' } }]);
  });

  test('exemplars with ids, without a time, and too long ones', () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const decoded = decode(version, [
      {
        labels: UP,
        exemplars: [
          {
            labels: [
              ['trace_id', traceId],
              ['span_id', 'b7ad6b7169203331'],
              ['user', 'x'],
            ],
            value: 0.25,
          },
          { labels: [['trace_id', 'ABC']], value: 0.5, timeMs: NOW_MS - 5 },
          { labels: [['long', 'x'.repeat(130)]], value: 1, timeMs: NOW_MS },
          { labels: [], value: 1, timeMs: 5 },
        ],
        samples: [at(-7)],
      },
    ]);
    expect(rowsOf(decoded.context.batch, 'metric_exemplars')).toMatchObject([
      { metric: 'up', ts: NOW_MS - 7, value: 0.25, labels: { user: 'x' } },
      { metric: 'up', ts: NOW_MS - 5, value: 0.5, labels: { trace_id: 'ABC' } },
    ]);
    expect(bytesOf(decoded.context.batch.metric_exemplars.trace_id)).toBe(traceId + '0'.repeat(32));
    expect(decoded.outcome).toMatchObject({
      accepted: 3,
      written: { samples: 1, exemplars: 2 },
      refused: { samples: 0, exemplars: 2 },
    });
    // Exemplars are no samples: the sender is not told to give up on the request.
    expect(statusOf(decoded.outcome)).toBe(204);
  });

  test('a body that is overwritten afterwards leaves series, symbols and labels as they were', () => {
    const state = createRemoteWriteState();
    const encode = (series: SeriesModel[]) => (version === 1 ? encodeV1(series) : encodeV2(series));
    const decodeBody = version === 1 ? decodeRemoteWriteV1 : decodeRemoteWriteV2;
    const first = encode([one(UP, at(0))]);
    const context = createContext();
    decodeBody(first, context, state);
    first.fill(0x41);
    // Another registry asks for the row again, so the labels come out of the memory of the state.
    const later = createContext({ streams: new MemoryStreamRegistry() });
    decodeBody(encode([one(UP, at(1))]), later, state);
    expect(rowsOf(later.batch, 'metric_series')).toMatchObject([
      { metric: 'up', labels: { instance: 'a:9100', job: 'node' } },
    ]);
  });

  test('a row that was rolled back is written again', () => {
    const state = createRemoteWriteState();
    const context = createContext();
    const body = version === 1 ? encodeV1([one(UP, at(0))]) : encodeV2([one(UP, at(0))]);
    const decodeBody = version === 1 ? decodeRemoteWriteV1 : decodeRemoteWriteV2;
    context.streams.mark();
    decodeBody(body, context, state);
    context.streams.rollback();
    context.batch.metric_series.metric.clear();
    decodeBody(body, context, state);
    expect(context.batch.metric_series.metric.length).toBe(1);
    decodeBody(body, context, state);
    expect(context.batch.metric_series.metric.length).toBe(1);
  });

  test('the row of a series is written once a day', () => {
    const limits = { ...LIMITS, maxAgeMs: 0 };
    const { context } = decode(version, [one(UP, at(-86_400_000), at(-1), at(0))], { limits });
    expect(rowsOf(context.batch, 'metric_series').map(({ seen_at }) => seen_at)).toHaveLength(2);
  });
});

describe('remote write 1.0', () => {
  test('labels between which other fields stand', () => {
    const decoded = decode(1, [{ ...one(UP, at(0)), isScattered: true }]);
    expect(rowsOf(decoded.context.batch, 'metric_series')).toMatchObject([
      { labels: { instance: 'a:9100', job: 'node' } },
    ]);
    expect(samplesOf(decoded)).toEqual([['up', 0, 1]]);
  });

  test('metadata alone is worth keeping', () => {
    const context = createContext();
    const families = [
      { type: 1, name: 'http_requests', help: 'Requests.', unit: 'requests' },
      { type: 99, name: 'odd', help: '', unit: '' },
      { type: 1, name: '', help: '', unit: '' },
    ];
    const outcome = decodeRemoteWriteV1(encodeV1([], families), context, createRemoteWriteState());
    expect(rowsOf(context.batch, 'metric_metadata')).toMatchObject([
      { metric: 'http_requests', type: 'counter', help: 'Requests.', unit: 'requests' },
      { metric: 'odd', type: 'unknown' },
    ]);
    expect(outcome).toMatchObject({ accepted: 2, rejected: 1, written: { metadata: 2 } });
    expect(statusOf(outcome)).toBe(204);
  });
});

describe('remote write 2.0', () => {
  test('metadata of series becomes that of families, once', () => {
    const state = createRemoteWriteState();
    const context = createContext();
    const metadata = { type: 3, help: 'Latency.', unit: 'seconds' };
    const series = ['a', 'b'].map((path) => ({
      ...one(
        [
          ['__name__', 'latency_seconds_bucket'],
          ['le', '1'],
          ['path', path],
        ],
        at(0),
      ),
      metadata,
    }));
    for (let i = 0; i < 2; i++) decodeRemoteWriteV2(encodeV2(series), context, state);
    expect(rowsOf(context.batch, 'metric_metadata')).toMatchObject([
      { metric: 'latency_seconds', type: 'histogram', help: 'Latency.', unit: 'seconds' },
    ]);
    const changed = series.map((own) => ({ ...own, metadata: { ...metadata, help: 'Other.' } }));
    decodeRemoteWriteV2(encodeV2(changed), context, state);
    expect(rowsOf(context.batch, 'metric_metadata').map(({ help }) => help)).toEqual(['Latency.', 'Other.']);
  });

  test('symbols behind the series, other places, numbers one by one: the same series', () => {
    const state = createRemoteWriteState();
    const forms: EncodeV2Options[] = [
      {},
      { isReversed: true },
      { isUnpacked: true },
      { before: Array.from({ length: 300 }, (_, i) => `other ${i}`) },
    ];
    const ids = forms.map((options) => {
      const decoded = decode(2, [one(UP, at(0)), one([['__name__', 'b']], at(0))], {}, state, options);
      expect(decoded.outcome).toMatchObject({ accepted: 2, rejected: 0 });
      return rowsOf(decoded.context.batch, 'metric_samples').map(({ series_id }) => series_id);
    });
    expect(new Set(ids.map(String)).size).toBe(1);
    expect(state.seriesCount).toBe(2);
  });

  test('references without a symbol, half a label, and nothing at all', () => {
    // symbols "" and "__name__"; a series with the reference 7, one with a single reference, one without samples
    const body = Buffer.from(
      ['2200', '22085f5f6e616d655f5f', '2a060a0201071200', '2a050a01011200', '2a020a00'].join(''),
      'hex',
    );
    const context = createContext();
    const outcome = decodeRemoteWriteV2(body, context, createRemoteWriteState());
    expect(Object.fromEntries([...outcome.rejections].map(([code, { count }]) => [code, count]))).toEqual({
      bad_symbol_ref: 2,
      no_metric_name: 1,
    });
    const empty = decode(2, [{ labels: UP }]);
    expect(codesOf(empty)).toEqual({ empty_series: 1 });
    expect(statusOf(empty.outcome)).toBe(400);
  });

  test('the start of a histogram, of itself or of the series', () => {
    const count = { int: 0 };
    const { context } = decode(2, [
      {
        labels: UP,
        createdMs: NOW_MS - 90_000,
        histograms: [
          { timeMs: NOW_MS, count, sum: 0 },
          { timeMs: NOW_MS + 1, startMs: NOW_MS - 5, count, sum: 0 },
          { timeMs: NOW_MS + 2, startMs: NOW_MS + 3, count, sum: 0 },
        ],
      },
    ]);
    expect(rowsOf(context.batch, 'metric_histograms').map(({ start_ts }) => start_ts)).toEqual([
      NOW_MS - 90_000,
      NOW_MS - 5,
      0,
    ]);
  });
});
