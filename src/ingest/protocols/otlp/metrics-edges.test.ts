import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import type { ObservedPoint, TelemetryObserver } from '../../../model/telemetry.ts';
import { at, DELTA, decode, from, gauge, run, sum } from './metrics-golden-kit.ts';
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
import { translationsFor } from './metrics-translations.ts';

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

  test('labels of new series are bounded per request, however few bytes ask for them', () => {
    const context = createContext();
    const [explicitBounds, bucketCounts] = [bounds.slice(0, 999), bounds.slice(0, 1000)];
    const dataPoints = Array.from({ length: 5 }, (_, n) => {
      const labels = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`k${i}`, `${n}`.repeat(4000)]));
      return { ...at(0), explicitBounds, bucketCounts, attributes: attributesOf(labels) };
    });
    const metric = { name: 'h', histogram: { dataPoints, aggregationTemporality: DELTA } };
    const outcome = decodeMetricsProtobuf(encodeMetricsRequest(requestOf([metric])), context);
    expect(outcome).toMatchObject({ accepted: 3, rejected: 2 });
    expect([...outcome.rejections.keys()]).toEqual(['too_many_new_series']);
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
    const split = (ms: number) =>
      requestAround(
        Buffer.concat(
          [
            { attributes: [a], ...at(ms) },
            { attributes: [b], asInt: 2 },
          ].map(pointBytes),
        ),
      );
    const whole = encodeMetricsRequest(requestOf([gauge(together)]));
    const context = createContext();
    decodeMetricsProtobuf(whole, context);
    decodeMetricsProtobuf(split(1), context);
    decodeMetricsProtobuf(split(2), context);
    const rows = rowsOf(context.batch, 'metric_samples').filter(({ metric }) => metric === 'g');
    expect(new Set(rows.map(({ series_id }) => series_id)).size).toBe(1);
    expect(rows.map(({ value }) => value)).toEqual([1, 2, 2]);
    // The resource is spelt as in the other request, so one entry serves all three points.
    expect(translationsFor(context).points.size).toBe(1);
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
