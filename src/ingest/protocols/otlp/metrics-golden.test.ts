import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import type { ObservedPoint, TelemetryObserver } from '../../../model/telemetry.ts';
import type { TableName } from '../../../store/index.ts';
import type { DecodeContext, DecodeOutcome } from '../../types.ts';
import { decodeMetricsJson } from './metrics-json.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import {
  attributesOf,
  createContext,
  encodeMetricsRequest,
  LIMITS,
  NOW_MS,
  nanos,
  type PlainRow,
  requestOf,
  rowsOf,
} from './metrics-test-kit.ts';

const TABLES: readonly TableName[] = [
  'streams',
  'metric_series',
  'metric_metadata',
  'metric_samples',
  'metric_deltas',
  'metric_histograms',
  'metric_exemplars',
];
const DELTA = 1;
const CUMULATIVE = 2;

interface Decoded {
  readonly outcome: DecodeOutcome;
  readonly rows: Readonly<Record<string, PlainRow[]>>;
}

function run(request: object, encoding: 'json' | 'protobuf', changes: Partial<DecodeContext> = {}): Decoded {
  const context = createContext(changes);
  const outcome =
    encoding === 'json'
      ? decodeMetricsJson(Buffer.from(JSON.stringify(request)), context)
      : decodeMetricsProtobuf(encodeMetricsRequest(request), context);
  return { outcome, rows: Object.fromEntries(TABLES.map((table) => [table, rowsOf(context.batch, table)])) };
}

/** Decodes both encodings of a request, which must have the same rows and outcome. */
function decode(request: object, changes: Partial<DecodeContext> = {}): Decoded {
  const fromJson = run(request, 'json', changes);
  const fromProtobuf = run(request, 'protobuf', changes);
  expect(fromProtobuf.rows).toEqual(fromJson.rows);
  expect(fromProtobuf.outcome).toEqual(fromJson.outcome);
  return fromProtobuf;
}

const at = (ms: number) => ({ timeUnixNano: nanos(NOW_MS + ms) });
const from = (ms: number) => ({ startTimeUnixNano: nanos(NOW_MS + ms) });
const gauge = (point: object) => ({ name: 'g', gauge: { dataPoints: [point] } });
const sum = (aggregationTemporality: number, point: object, isMonotonic = true) => ({
  name: 'c',
  sum: { dataPoints: [point], aggregationTemporality, isMonotonic },
});

/** Samples as `name{own labels}` to `[time after NOW_MS, value]`, without the info series. */
function samplesOf({ rows }: Decoded, table = 'metric_samples'): Record<string, unknown[][]> {
  const labels = new Map(rows.metric_series!.map((row) => [row.series_id, row.labels as object]));
  const found: Record<string, unknown[][]> = {};
  for (const row of rows[table]!) {
    if (String(row.metric).endsWith('_info')) continue;
    const own = Object.entries(labels.get(row.series_id)!).filter(
      ([name]) => name !== 'job' && name !== 'service_name',
    );
    const key = `${row.metric}{${own.map(([name, value]) => `${name}=${value}`).join(',')}}`;
    found[key] ??= [];
    found[key].push([(row.ts as number) - NOW_MS, row.value]);
  }
  return found;
}

describe('gauges', () => {
  test('integer, double, NaN, infinities', () => {
    const values = [{ asInt: '-7' }, { asDouble: 1.5 }, { asDouble: 'NaN' }, { asDouble: '-Infinity' }];
    const dataPoints = values.map((value, i) => ({ ...at(i), ...value, attributes: attributesOf({ i }) }));
    expect(samplesOf(decode(requestOf([{ name: 'g', gauge: { dataPoints } }])))).toEqual({
      'g{i=0}': [[0, -7]],
      'g{i=1}': [[1, 1.5]],
      'g{i=2}': [[2, Number.NaN]],
      'g{i=3}': [[3, Number.NEGATIVE_INFINITY]],
    });
  });

  test('no recorded value becomes the staleness marker, a plain NaN does not', () => {
    const decoded = decode(requestOf([gauge({ ...at(0), flags: 1 })]));
    expect(samplesOf(decoded)).toEqual({ 'g{}': [[0, 'stale']] });
    expect(decoded.outcome.accepted).toBe(1);
  });

  test('integers beyond 2^53 are rounded as a double is', () => {
    const big = '9223372036854775807';
    expect(samplesOf(decode(requestOf([gauge({ ...at(0), asInt: big })])))).toEqual({
      'g{}': [[0, 2 ** 63]],
    });
  });

  test('the time is cut to milliseconds without rounding errors', () => {
    const ns = `${BigInt(NOW_MS) * 1_000_000n + 999_999n}`;
    expect(samplesOf(decode(requestOf([gauge({ timeUnixNano: ns, asInt: 1 })])))).toEqual({
      'g{}': [[0, 1]],
    });
  });
});

describe('labels', () => {
  const labelsOf = (attributes: Parameters<typeof attributesOf>[0], resource?: typeof attributes) =>
    decode(requestOf([gauge({ ...at(0), asInt: 1, attributes: attributesOf(attributes) })], resource)).rows
      .metric_series![0]!.labels;

  test('identity of the resource: job and instance, and the attributes themselves', () => {
    const resource = {
      'service.namespace': 'web',
      'service.name': 'shop',
      'service.instance.id': 'i-1',
      'host.name': 'h',
    };
    expect(labelsOf({}, resource)).toEqual({
      instance: 'i-1',
      job: 'web/shop',
      service_instance_id: 'i-1',
      service_name: 'shop',
      service_namespace: 'web',
    });
  });

  test('point attributes win over service_name and lose against job', () => {
    expect(labelsOf({ 'service.name': 'mine', job: 'mine' })).toEqual({ job: 'shop', service_name: 'mine' });
  });

  test('a resource without a name has no job', () => {
    expect(labelsOf({ a: 'b', instance: 'x' }, { 'host.name': 'h' })).toEqual({ a: 'b', instance: 'x' });
  });

  test('names are sanitised, collisions joined in the order of the keys, empty values dropped', () => {
    expect(
      labelsOf({ 'b.c': 'second', 'b-c': 'first', '1st': true, empty: '', n: 1.5, __name__: 'x' }),
    ).toEqual({
      b_c: 'first;second',
      key_1st: 'true',
      n: '1.5',
      job: 'shop',
      service_name: 'shop',
    });
  });

  test('compound and binary values', () => {
    const attributes = [
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '2' }, {}] } } },
      {
        key: 'map',
        value: {
          kvlistValue: {
            values: [
              { key: 'z', value: { boolValue: true } },
              { key: 'a', value: { doubleValue: 0.5 } },
            ],
          },
        },
      },
      { key: 'raw', value: { bytesValue: 'AQID' } },
      { key: 'nothing', value: {} },
    ];
    const { rows } = decode(requestOf([gauge({ ...at(0), asInt: 1, attributes })]));
    expect(rows.metric_series![0]!.labels).toMatchObject({
      list: '["x",2,null]',
      map: '{"a":0.5,"z":true}',
      raw: 'AQID',
    });
    expect(rows.metric_series![0]!.labels).not.toHaveProperty('nothing');
  });

  test('the order of attributes does not matter, and ids never change', () => {
    const points = [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ].map((values, i) => ({
      ...at(i),
      asInt: 1,
      attributes: attributesOf(values),
    }));
    const { rows } = decode(requestOf([{ name: 'g', gauge: { dataPoints: points } }]));
    const ids = rows.metric_samples!.filter(({ metric }) => metric === 'g').map(({ series_id }) => series_id);
    // Stored data depends on this number: it must be the same in every version.
    expect(ids).toEqual(['6519378815792615289', '6519378815792615289']);
  });

  test('info series are written once a minute, and never without somebody to tell of', () => {
    const request = requestOf([gauge({ ...at(0), asInt: 1 })], { 'service.name': 'shop', 'host.name': 'h' });
    const infos = (decoded: Decoded) =>
      decoded.rows.metric_samples!.map(({ metric }) => metric).filter((name) => name !== 'g');
    const context = createContext();
    decodeMetricsProtobuf(encodeMetricsRequest(request), context);
    decodeMetricsProtobuf(encodeMetricsRequest(request), context);
    expect(rowsOf(context.batch, 'metric_samples').map(({ metric }) => metric)).toEqual([
      'g',
      'target_info',
      'otel_scope_info',
      'g',
    ]);
    expect(infos(decode(requestOf([gauge({ ...at(0), asInt: 1 })])))).toEqual(['otel_scope_info']);
    expect(infos(decode(requestOf([gauge({ ...at(0), asInt: 1 })], { 'host.name': 'h' })))).toEqual([
      'otel_scope_info',
    ]);
  });
});

describe('sums', () => {
  test('cumulative and monotonic: a counter with a zero at its start', () => {
    const decoded = decode(requestOf([sum(CUMULATIVE, { ...from(-60_000), ...at(0), asInt: '5' })]));
    expect(samplesOf(decoded)).toEqual({
      'c_total{}': [
        [-60_000, 0],
        [0, 5],
      ],
    });
    expect(decoded.rows.metric_series![0]).toMatchObject({ type: 'counter', storage: 'cumulative' });
  });

  test('no zero for a start long ago, at the point, or not set', () => {
    for (const start of [from(-300_001), from(0), {}]) {
      const decoded = decode(requestOf([sum(CUMULATIVE, { ...start, ...at(0), asInt: '5' })]));
      expect(samplesOf(decoded)).toEqual({ 'c_total{}': [[0, 5]] });
    }
  });

  test('the zero is written once, and again after a restart of the sender', () => {
    const context = createContext();
    const send = (startMs: number, timeMs: number, value: number) => {
      const point = { ...from(startMs), ...at(timeMs), asInt: value };
      decodeMetricsProtobuf(encodeMetricsRequest(requestOf([sum(CUMULATIVE, point)])), context);
    };
    send(-60_000, -40_000, 1);
    send(-60_000, -30_000, 2);
    send(-20_000, -10_000, 1);
    const samples = rowsOf(context.batch, 'metric_samples').filter(({ metric }) => metric === 'c_total');
    expect(samples.map(({ ts, value }) => [(ts as number) - NOW_MS, value])).toEqual([
      [-60_000, 0],
      [-40_000, 1],
      [-30_000, 2],
      [-20_000, 0],
      [-10_000, 1],
    ]);
  });

  test('cumulative but not monotonic: a gauge without a zero', () => {
    const decoded = decode(requestOf([sum(CUMULATIVE, { ...from(-1000), ...at(0), asDouble: -2.5 }, false)]));
    expect(samplesOf(decoded)).toEqual({ 'c{}': [[0, -2.5]] });
    expect(decoded.rows.metric_series![0]).toMatchObject({ metric: 'c', type: 'gauge' });
  });

  test('delta: increments as sent, with their start', () => {
    const decoded = decode(requestOf([sum(DELTA, { ...from(-1000), ...at(0), asDouble: 0.25 })]));
    expect(samplesOf(decoded)).toEqual({});
    expect(decoded.rows.metric_deltas).toEqual([
      {
        metric: 'c_total',
        series_id: decoded.rows.metric_series![0]!.series_id,
        ts: NOW_MS,
        start_ts: NOW_MS - 1000,
        value: 0.25,
      },
    ]);
    expect(decoded.rows.metric_series![0]).toMatchObject({ type: 'counter', storage: 'delta' });
  });

  test('delta: a missing or nonsensical start is stored as zero, no recorded value as nothing', () => {
    for (const start of [{}, from(1)]) {
      const decoded = decode(requestOf([sum(DELTA, { ...start, ...at(0), asInt: 1 })]));
      expect(decoded.rows.metric_deltas).toMatchObject([{ start_ts: 0 }]);
    }
    const gone = decode(requestOf([sum(DELTA, { ...at(0), flags: 1 }, false)]));
    expect([gone.outcome.accepted, gone.rows.metric_deltas]).toEqual([1, []]);
  });

  test('exemplars', () => {
    const exemplars = [
      {
        ...at(-5),
        asDouble: 0.5,
        traceId: '0102030405060708090a0b0c0d0e0f10',
        spanId: '0102030405060708',
        filteredAttributes: attributesOf({ 'user.id': 'u' }),
      },
      { asInt: '3', filteredAttributes: attributesOf({ long: 'x'.repeat(200) }) },
      { ...at(-4) },
    ];
    const { rows } = decode(requestOf([sum(CUMULATIVE, { ...at(0), asInt: 5, exemplars })]));
    const { series_id } = rows.metric_series![0]!;
    expect(rows.metric_exemplars).toEqual([
      {
        metric: 'c_total',
        series_id,
        ts: NOW_MS - 5,
        value: 0.5,
        trace_id: '0102030405060708090a0b0c0d0e0f10',
        span_id: '0102030405060708',
        labels: { user_id: 'u' },
      },
      {
        metric: 'c_total',
        series_id,
        ts: NOW_MS,
        value: 3,
        trace_id: '0'.repeat(32),
        span_id: '0'.repeat(16),
        labels: {},
      },
    ]);
  });
});

describe('explicit histograms', () => {
  const point = {
    ...from(-1000),
    ...at(0),
    count: '10',
    sum: 12.5,
    explicitBounds: [0.005, 1, 1e21],
    bucketCounts: ['1', '2', '3', '4'],
  };
  const histogram = (aggregationTemporality: number, changes: object = {}) => ({
    name: 'h',
    unit: 's',
    histogram: { dataPoints: [{ ...point, ...changes }], aggregationTemporality },
  });

  test('cumulative: cumulated buckets, count and sum, each from zero', () => {
    const decoded = decode(requestOf([histogram(CUMULATIVE)]));
    const both = (value: number) => [
      [-1000, 0],
      [0, value],
    ];
    expect(samplesOf(decoded)).toEqual({
      'h_seconds_count{}': both(10),
      'h_seconds_sum{}': both(12.5),
      'h_seconds_bucket{le=0.005}': both(1),
      'h_seconds_bucket{le=1}': both(3),
      'h_seconds_bucket{le=1000000000000000000000}': both(6),
      'h_seconds_bucket{le=+Inf}': both(10),
    });
    expect(new Set(decoded.rows.metric_series!.map(({ type }) => type))).toEqual(
      new Set(['histogram', 'gauge']),
    );
    expect(decoded.rows.metric_metadata![0]).toMatchObject({ metric: 'h_seconds', unit: 'seconds' });
  });

  test('delta: the same parts as increments', () => {
    const decoded = decode(requestOf([histogram(DELTA)]));
    expect(samplesOf(decoded)).toEqual({});
    expect(samplesOf(decoded, 'metric_deltas')).toEqual({
      'h_seconds_count{}': [[0, 10]],
      'h_seconds_sum{}': [[0, 12.5]],
      'h_seconds_bucket{le=0.005}': [[0, 1]],
      'h_seconds_bucket{le=1}': [[0, 3]],
      'h_seconds_bucket{le=1000000000000000000000}': [[0, 6]],
      'h_seconds_bucket{le=+Inf}': [[0, 10]],
    });
  });

  test('without sum, without buckets, with infinity as last bound', () => {
    const noSum = { ...histogram(DELTA).histogram.dataPoints[0], sum: undefined } as PlainRow;
    delete noSum.sum;
    const metric = (dataPoints: object[]) => ({
      name: 'h',
      histogram: { dataPoints, aggregationTemporality: DELTA },
    });
    expect(Object.keys(samplesOf(decode(requestOf([metric([noSum])])), 'metric_deltas'))).not.toContain(
      'h_sum{}',
    );
    const bare = { ...at(0), count: 2, explicitBounds: [1, 2], bucketCounts: [] };
    expect(samplesOf(decode(requestOf([metric([bare])])), 'metric_deltas')).toEqual({
      'h_count{}': [[0, 2]],
      'h_bucket{le=+Inf}': [[0, 2]],
    });
    const infinite = { ...at(0), count: 3, explicitBounds: [1, 'Infinity'], bucketCounts: [1, 2, 0] };
    expect(samplesOf(decode(requestOf([metric([infinite])])), 'metric_deltas')).toEqual({
      'h_count{}': [[0, 3]],
      'h_bucket{le=1}': [[0, 1]],
      'h_bucket{le=+Inf}': [[0, 3]],
    });
  });

  test('no recorded value ends every part', () => {
    const gone = decode(requestOf([histogram(CUMULATIVE, { flags: 1, startTimeUnixNano: '0' })]));
    for (const samples of Object.values(samplesOf(gone))) expect(samples).toEqual([[0, 'stale']]);
  });

  test('exemplars go to the bucket of their value', () => {
    const exemplars = [0.001, 1, 2, 1e30].map((asDouble) => ({ asDouble }));
    const { rows } = decode(requestOf([histogram(CUMULATIVE, { exemplars })]));
    const le = new Map(rows.metric_series!.map((row) => [row.series_id, (row.labels as { le?: string }).le]));
    expect(rows.metric_exemplars!.map((row) => [row.value, le.get(row.series_id)])).toEqual([
      [0.001, '0.005'],
      [1, '1'],
      [2, '1000000000000000000000'],
      [1e30, '+Inf'],
    ]);
  });

  test('new bounds make new series', () => {
    const context = createContext();
    for (const explicitBounds of [
      [1, 2, 3],
      [1, 2, 4],
      [1, 2, 3],
    ]) {
      const body = encodeMetricsRequest(requestOf([histogram(DELTA, { explicitBounds })]));
      expect(decodeMetricsProtobuf(body, context).accepted).toBe(1);
    }
    const labels = rowsOf(context.batch, 'metric_series').map((row) => (row.labels as { le?: string }).le);
    expect(labels.filter((le) => le !== undefined).sort()).toEqual(['+Inf', '1', '2', '3', '4']);
  });
});

describe('exponential histograms', () => {
  const exponential = (aggregationTemporality: number, changes: object = {}) => ({
    name: 'e',
    exponentialHistogram: {
      aggregationTemporality,
      dataPoints: [
        {
          ...from(-1000),
          ...at(0),
          count: '12',
          sum: 3.5,
          scale: 3,
          zeroCount: '2',
          zeroThreshold: 0.001,
          positive: { offset: -1, bucketCounts: ['1', '0', '4'] },
          negative: { offset: 2, bucketCounts: ['5'] },
          ...changes,
        },
      ],
    },
  });

  test.each([
    [CUMULATIVE, 0],
    [DELTA, 1],
  ])('temporality %i: indexes move up by one', (temporality, stored) => {
    const { rows } = decode(requestOf([exponential(temporality)]));
    expect(rows.metric_histograms).toEqual([
      {
        metric: 'e',
        series_id: rows.metric_series![0]!.series_id,
        ts: NOW_MS,
        start_ts: NOW_MS - 1000,
        temporality: stored,
        schema: 3,
        zero_threshold: 0.001,
        zero_count: 2,
        count: 12,
        sum: 3.5,
        positive_index: [0, 2],
        positive_count: [1, 4],
        negative_index: [3],
        negative_count: [5],
        custom_bounds: [],
      },
    ]);
    expect(rows.metric_series![0]).toMatchObject({ metric: 'e', type: 'histogram', storage: 'native' });
  });

  test('a scale beyond 8 is merged down; bucket i covers (base^i, base^(i+1)]', () => {
    // Scale 10 to schema 8: four buckets become one; -3 and -4 end below index 0.
    const positive = { offset: -4, bucketCounts: [1, 1, 1, 1, 1, 1, 1, 1, 1] };
    const { rows } = decode(requestOf([exponential(CUMULATIVE, { scale: 10, positive })]));
    expect(rows.metric_histograms).toMatchObject([
      { schema: 8, positive_index: [0, 1, 2], positive_count: [4, 4, 1] },
    ]);
    const huge = decode(requestOf([exponential(CUMULATIVE, { scale: 100, positive })]));
    expect(huge.rows.metric_histograms).toMatchObject([{ positive_index: [0, 1], positive_count: [4, 5] }]);
  });

  test('no width of the zero bucket, no sum, no recorded value', () => {
    const bare = exponential(CUMULATIVE, { zeroThreshold: 0 });
    delete (bare.exponentialHistogram.dataPoints[0] as PlainRow).sum;
    expect(decode(requestOf([bare])).rows.metric_histograms).toMatchObject([
      { zero_threshold: 1e-128, sum: 0 },
    ]);
    const gone = decode(requestOf([exponential(CUMULATIVE, { flags: 1 })]));
    expect(gone.rows.metric_histograms).toMatchObject([{ count: 'stale', sum: 'stale' }]);
  });
});

describe('summaries', () => {
  test('quantiles, sum and count', () => {
    const quantileValues = [
      { quantile: 0.5, value: 1.5 },
      { quantile: 0.99, value: 'NaN' },
      { quantile: 1, value: 7 },
    ];
    const point = { ...from(-1000), ...at(0), count: '4', sum: 8, quantileValues };
    expect(samplesOf(decode(requestOf([{ name: 's', summary: { dataPoints: [point] } }])))).toEqual({
      's_count{}': [
        [-1000, 0],
        [0, 4],
      ],
      's_sum{}': [
        [-1000, 0],
        [0, 8],
      ],
      's{quantile=0.5}': [[0, 1.5]],
      's{quantile=0.99}': [[0, Number.NaN]],
      's{quantile=1}': [[0, 7]],
    });
  });
});

describe('refusals', () => {
  const bounds = Array.from({ length: 1001 }, (_, i) => i);
  const buckets = (count: number) => ({ offset: 0, bucketCounts: Array.from({ length: count }, () => 1) });
  const histogram = (point: object) => ({
    name: 'h',
    histogram: { dataPoints: [{ ...at(0), count: 1, ...point }], aggregationTemporality: DELTA },
  });
  const exponential = (point: object) => ({
    name: 'e',
    exponentialHistogram: { dataPoints: [{ ...at(0), count: 1, ...point }], aggregationTemporality: 2 },
  });
  const deep = (depth: number): object =>
    depth === 0 ? { intValue: '1' } : { arrayValue: { values: [deep(depth - 1)] } };
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v']));
  const long = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'v'.repeat(4000)]));

  test.each<[string, object]>([
    ['no_time', gauge({ asInt: 1 })],
    ['too_old', gauge({ timeUnixNano: nanos(1000), asInt: 1 })],
    ['too_far_in_future', gauge({ timeUnixNano: nanos(Date.UTC(2100, 0, 1)), asInt: 1 })],
    ['no_value', gauge(at(0))],
    ['no_temporality', sum(0, { ...at(0), asInt: 1 })],
    ['no_temporality', sum(77, { ...at(0), asInt: 1 })],
    ['not_a_number', sum(DELTA, { ...at(0), asDouble: 'NaN' })],
    ['not_a_number', sum(DELTA, { ...at(0), asDouble: 'Infinity' }, false)],
    ['negative_increment', sum(DELTA, { ...at(0), asInt: '-1' })],
    ['bad_metric_name', { ...gauge({ ...at(0), asInt: 1 }), name: '...' }],
    ['name_too_long', { ...gauge({ ...at(0), asInt: 1 }), name: 'x'.repeat(4097) }],
    ['bad_label_name', gauge({ ...at(0), asInt: 1, attributes: attributesOf({ '...': 'x' }) })],
    ['bad_label_name', gauge({ ...at(0), asInt: 1, attributes: attributesOf({ ['k'.repeat(2000)]: 'x' }) })],
    ['too_many_labels', gauge({ ...at(0), asInt: 1, attributes: attributesOf(many) })],
    ['label_too_long', gauge({ ...at(0), asInt: 1, attributes: attributesOf({ a: 'é'.repeat(2049) }) })],
    ['labels_too_long', gauge({ ...at(0), asInt: 1, attributes: attributesOf(long) })],
    ['too_deep', gauge({ ...at(0), asInt: 1, attributes: [{ key: 'd', value: deep(9) }] })],
    ['too_many_buckets', histogram({ explicitBounds: bounds, bucketCounts: [...bounds, 0] })],
    ['bad_buckets', histogram({ explicitBounds: [1, 2], bucketCounts: [1, 2] })],
    ['bad_buckets', histogram({ explicitBounds: [2, 1], bucketCounts: [1, 2, 3] })],
    ['bad_buckets', histogram({ explicitBounds: ['NaN'], bucketCounts: [1, 2] })],
    ['not_a_number', histogram({ sum: 'NaN' })],
    ['too_many_buckets', exponential({ positive: buckets(1001) })],
    ['too_many_buckets', exponential({ negative: buckets(1001) })],
    ['bad_scale', exponential({ scale: -5 })],
    [
      'too_many_quantiles',
      {
        name: 's',
        summary: { dataPoints: [{ ...at(0), quantileValues: bounds.map((quantile) => ({ quantile })) }] },
      },
    ],
  ])('%s', (code, metric) => {
    const good = { name: 'good', gauge: { dataPoints: [{ ...at(0), asInt: 1 }] } };
    const decoded = decode(requestOf([metric, good]));
    expect(decoded.outcome).toMatchObject({ accepted: 1, rejected: 1 });
    expect([...decoded.outcome.rejections.keys()]).toEqual([code]);
    expect([...decoded.outcome.services.values()]).toMatchObject([
      { service: 'shop', accepted: 1, rejected: 1 },
    ]);
    const names = (table: string) => decoded.rows[table]!.map(({ metric: name }) => name);
    expect(names('metric_samples')).toEqual(['good', 'otel_scope_info']);
    expect(names('metric_series')).toEqual(['good', 'otel_scope_info']);
    expect([...names('metric_deltas'), ...names('metric_histograms')]).toEqual([]);
  });

  test('the longest that is allowed is kept', () => {
    const attributes = attributesOf({ a: 'é'.repeat(2048) });
    expect(decode(requestOf([gauge({ ...at(0), asInt: 1, attributes })])).outcome.accepted).toBe(1);
    const most = histogram({ explicitBounds: bounds.slice(0, 999), bucketCounts: bounds.slice(0, 1000) });
    expect(decode(requestOf([most])).outcome.accepted).toBe(1);
  });

  test('too many points: the first ones are kept', () => {
    const dataPoints = [0, 1, 2].map((ms) => ({ ...at(ms), asInt: ms }));
    const limits = { ...LIMITS, recordsPerRequest: 2 };
    const { outcome } = decode(requestOf([{ name: 'g', gauge: { dataPoints } }]), { limits });
    expect(outcome).toMatchObject({ accepted: 2, rejected: 1 });
    expect([...outcome.rejections.keys()]).toEqual(['too_many_records']);
  });

  test('a resource nested too deep refuses its points', () => {
    const request = requestOf([gauge({ ...at(0), asInt: 1 })]) as {
      resourceMetrics: { resource: { attributes: object[] } }[];
    };
    request.resourceMetrics[0]!.resource.attributes.push({ key: 'd', value: deep(200) });
    const { outcome } = decode(request);
    expect([outcome.accepted, ...outcome.rejections.keys()]).toEqual([0, 'too_deep']);
  });

  test('a cached refusal is still one with the next request', () => {
    const context = createContext();
    const body = encodeMetricsRequest(
      requestOf([gauge({ ...at(0), asInt: 1, attributes: attributesOf(long) })]),
    );
    for (let i = 0; i < 2; i++) expect(decodeMetricsProtobuf(body, context).rejected).toBe(1);
  });
});

describe('empty requests', () => {
  test.each(['', '""', '{}', '{"resourceMetrics":[]}', 'null-free'.slice(9)])('JSON %j', (text) => {
    const outcome = decodeMetricsJson(Buffer.from(text), createContext());
    expect([outcome.accepted, outcome.rejected, outcome.services.size]).toEqual([0, 0, 0]);
  });

  test('protobuf', () => {
    expect(decodeMetricsProtobuf(new Uint8Array(0), createContext())).toMatchObject({
      accepted: 0,
      rejected: 0,
    });
  });

  test('a metric without data and a scope without metrics count nowhere', () => {
    const { outcome, rows } = decode(
      requestOf([{ name: 'nothing' }, { name: 'g', gauge: { dataPoints: [] } }]),
    );
    expect([outcome.accepted, outcome.rejected, outcome.services.size]).toEqual([0, 0, 0]);
    expect(rows.metric_series).toEqual([]);
  });
});

describe('JSON in the ways that senders write it', () => {
  const decodeText = (point: string) => {
    const context = createContext();
    const text = `{"resource_metrics":[{"scope_metrics":[{"metrics":[{"name":"g","gauge":{"data_points":[${point}]}}]}]}]}`;
    decodeMetricsJson(Buffer.from(text), context);
    return rowsOf(context.batch, 'metric_samples').map(({ value }) => value);
  };
  const time = `"timeUnixNano":${nanos(NOW_MS)}`;

  test.each([
    [`{${time},"asInt":"7"}`, 7],
    [`{${time},"asInt":7}`, 7],
    [`{${time},"as_int":7}`, 7],
    [`{"time_unix_nano":"${nanos(NOW_MS)}","asDouble":"1.5"}`, 1.5],
    [`{${time},"asDouble":1e3}`, 1000],
    [`{${time},"asDouble":null,"asInt":"9007199254740993"}`, 9007199254740992],
  ])('%s', (point, value) => {
    expect(decodeText(point)).toEqual([value]);
  });

  test.each([
    '{"asInt":{}}',
    '{"asDouble":"x"}',
    '{"attributes":{}}',
    '{"attributes":[1]}',
    '{"timeUnixNano":-1}',
    '{"flags":"x"}',
    '3',
  ])('%s is an error', (point) => {
    expect(() => decodeText(point)).toThrow(DecodeError);
  });

  test('temporality by name', () => {
    const metric = sum(0, { ...at(0), asInt: 1 });
    const named = {
      ...metric,
      sum: { ...metric.sum, aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA' },
    };
    expect(run(requestOf([named]), 'json').rows.metric_deltas).toHaveLength(1);
  });
});

describe('the wire form', () => {
  test('attributes that are not next to each other belong to the same series', () => {
    // The same point twice: attributes together, and with the time between them.
    const [a, b] = attributesOf({ a: '1', b: '2' });
    const together = { attributes: [a, b], ...at(0), asInt: 1 };
    const split = [
      { attributes: [a], ...at(0) },
      { attributes: [b], asInt: 2 },
    ];
    const whole = encodeMetricsRequest(requestOf([gauge(together)]));
    const context = createContext();
    decodeMetricsProtobuf(whole, context);
    const parts = split.map((part) => pointBytes(part));
    decodeMetricsProtobuf(requestAround(Buffer.concat(parts)), context);
    decodeMetricsProtobuf(requestAround(Buffer.concat(parts)), context);
    const rows = rowsOf(context.batch, 'metric_samples').filter(({ metric }) => metric === 'g');
    expect(new Set(rows.map(({ series_id }) => series_id)).size).toBe(1);
    expect(rows.map(({ value }) => value)).toEqual([1, 2, 2]);
  });

  test('unpacked repeated numbers, unknown fields, and the resource behind the scopes', () => {
    const point = { ...at(0), count: 3, bucketCounts: [1, 2], explicitBounds: [1] };
    const metric = { name: 'h', histogram: { dataPoints: [point], aggregationTemporality: DELTA } };
    const body = Buffer.from(encodeMetricsRequest(requestOf([metric])));
    const unknown = Buffer.from([0xfa, 0x07, 1, 0xff]); // field 127, one byte
    const outcome = decodeMetricsProtobuf(Buffer.concat([body, unknown]), createContext());
    expect(outcome.accepted).toBe(1);
    const [group] = (requestOf([metric]) as { resourceMetrics: PlainRow[] }).resourceMetrics;
    const reversed = { resourceMetrics: [{ scopeMetrics: group!.scopeMetrics, resource: group!.resource }] };
    expect(run(reversed, 'protobuf').rows).toEqual(run(requestOf([metric]), 'protobuf').rows);
  });
});

/** The bytes of one number point, taken out of an encoded request. */
function pointBytes(point: object): Buffer {
  const gaugeOnly = {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [point] } }] }] }],
  };
  let bytes = Buffer.from(encodeMetricsRequest(gaugeOnly));
  for (let level = 0; level < 5; level++) bytes = bytes.subarray(2); // each length is below 128
  return bytes;
}

function requestAround(point: Buffer): Buffer {
  const message = (tag: number, content: Buffer) =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const metric = Buffer.concat([
    Buffer.from([0x0a, 1]),
    Buffer.from('g'),
    message(0x2a, message(0x0a, point)),
  ]);
  const resource = message(
    0x0a,
    Buffer.from('0a160a0c736572766963652e6e616d6512060a0473686f70', 'hex'), // service.name = shop
  );
  const scope = Buffer.concat([message(0x12, metric)]);
  return message(0x0a, Buffer.concat([resource, message(0x12, scope)]));
}

describe('the observer', () => {
  test('is asked per scope and sees number points', () => {
    const seen: ObservedPoint[] = [];
    const observer: TelemetryObserver = {
      wants: (signal, origin) => signal === 'metrics' && origin.scopeName === 'test.scope',
      log: () => {},
      span: () => {},
      point: (origin, point) => {
        expect(origin.serviceName).toBe('shop');
        seen.push(point);
      },
    };
    const point = {
      ...from(-1000),
      ...at(0),
      asDouble: 0.5,
      attributes: attributesOf({ 'session.id': 's', n: 3 }),
    };
    const { rows } = decode(requestOf([{ ...sum(DELTA, point), name: 'a.cost' }, gauge(at(0))]), {
      observer,
    });
    expect(seen).toHaveLength(2); // one per encoding
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({
      metric: 'a.cost',
      tsMs: NOW_MS,
      startMs: NOW_MS - 1000,
      value: 0.5,
      isDelta: true,
      isMonotonic: true,
      seriesId: BigInt(rows.metric_series![0]!.series_id as string),
    });
    expect([...seen[0]!.attributes.values]).toEqual([
      ['session.id', 's'],
      ['n', 3],
    ]);
  });
});
