import { describe, expect, test } from 'vitest';
import {
  at,
  CUMULATIVE,
  DELTA,
  type Decoded,
  decode,
  from,
  gauge,
  samplesOf,
  sum,
} from './metrics-golden-kit.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import {
  attributesOf,
  createContext,
  encodeMetricsRequest,
  NOW_MS,
  type PlainRow,
  requestOf,
  rowsOf,
} from './metrics-test-kit.ts';

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
