import { describe, expect, it } from 'vitest';
import type { ObservedLog, Origin, TelemetryObserver } from '../../../model/telemetry.ts';
import { rowsOf } from '../../../store/testing/native-rows.ts';
import type { DecodeContext, IngestLimits } from '../../types.ts';
import { decodeLogsJson } from './logs-json.ts';
import { decodeLogsProtobuf } from './logs-protobuf.ts';
import { decodeOrUndo, RECORDING_NOW_MS, sizesOf, testContext } from './testing/context.ts';
import {
  bytesField,
  encodeLog,
  encodeRequest,
  type GroupModel,
  jsonLog,
  jsonRequest,
  type LogModel,
  type Value,
} from './testing/model.ts';

const NOW_NS = BigInt(RECORDING_NOW_MS) * 1_000_000n;
const TRACE_ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const SPAN_ID = Uint8Array.from({ length: 8 }, (_, i) => 0xf0 + i);

const encodings = [
  [
    'protobuf',
    (groups: GroupModel<LogModel>[], context: DecodeContext) =>
      decodeOrUndo(decodeLogsProtobuf, encodeRequest(groups, encodeLog), context),
  ],
  [
    'JSON',
    (groups: GroupModel<LogModel>[], context: DecodeContext) =>
      decodeOrUndo(decodeLogsJson, jsonRequest('logs', groups, jsonLog), context),
  ],
] as const;

const shop: GroupModel<LogModel> = {
  resource: [
    ['service.name', { s: 'shop' }],
    ['service.namespace', { s: 'web' }],
    ['service.instance.id', { s: 'shop-1' }],
    ['service.version', { s: '1.2.3' }],
    ['host.cpus', { i: 4n }],
  ],
  resourceUrl: 'https://example.org/resource',
  scopeName: 'shop.orders',
  scopeVersion: '2.0',
  scopeAttributes: [['scope.flag', { b: true }]],
  scopeUrl: 'https://example.org/scope',
  records: [],
};

/** A scope with the given records at the present time. */
function shopWith(...records: LogModel[]): GroupModel<LogModel>[] {
  return [{ ...shop, records: records.map((record) => ({ time: NOW_NS, ...record })) }];
}

describe.each(encodings)('logs from %s', (_name, decode) => {
  function decoded(groups: GroupModel<LogModel>[], limits: Partial<IngestLimits> = {}) {
    const context = testContext({ limits });
    const outcome = decode(groups, context);
    return { outcome, rows: rowsOf(context.batch.logs), streams: rowsOf(context.batch.streams) };
  }

  it('a record with every field', () => {
    const { outcome, rows, streams } = decoded(
      shopWith({
        time: NOW_NS + 123_456_789n,
        observed: NOW_NS + 987_654_321n,
        severity: 17,
        severityText: 'ERROR',
        body: { s: 'Zahlung abgelehnt – 💳' },
        attributes: [
          ['order', { i: 42n }],
          ['ratio', { d: 0.25 }],
          ['who', { s: 'ü' }],
        ],
        dropped: 3,
        flags: 0x0000_0301,
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        eventName: 'payment.refused',
      }),
    );
    expect(rows).toEqual([
      {
        ts: NOW_NS + 123_456_789n,
        observed_ts: NOW_NS + 987_654_321n,
        stream_id: streams[0]!.stream_id,
        service_name: 'shop',
        severity_number: 17,
        severity_text: 'ERROR',
        event_name: 'payment.refused',
        trace_id: '0102030405060708090a0b0c0d0e0f10',
        span_id: 'f0f1f2f3f4f5f6f7',
        trace_flags: 1,
        body: 'Zahlung abgelehnt – 💳',
        body_type: 's',
        attributes: [
          ['order', '42'],
          ['ratio', '0.25'],
          ['who', 'ü'],
        ],
        attribute_types: 'ids',
        dropped_attributes: 3,
      },
    ]);
    expect(streams).toEqual([
      {
        stream_id: expect.any(BigInt),
        seen_at: RECORDING_NOW_MS / 1000,
        service_name: 'shop',
        service_namespace: 'web',
        service_instance_id: 'shop-1',
        resource_attributes: [
          ['service.name', 'shop'],
          ['service.namespace', 'web'],
          ['service.instance.id', 'shop-1'],
          ['service.version', '1.2.3'],
          ['host.cpus', '4'],
        ],
        resource_attribute_types: 'ssssi',
        resource_schema_url: 'https://example.org/resource',
        scope_name: 'shop.orders',
        scope_version: '2.0',
        scope_attributes: [['scope.flag', 'true']],
        scope_attribute_types: 'b',
        scope_schema_url: 'https://example.org/scope',
      },
    ]);
    expect({
      ...outcome,
      services: [...outcome.services.values()],
      rejections: [...outcome.rejections],
    }).toEqual({
      accepted: 1,
      rejected: 0,
      rejections: [],
      services: [{ service: 'shop', instance: 'shop-1', version: '1.2.3', accepted: 1, rejected: 0 }],
      valuesCut: 0,
      attributesDropped: 0,
    });
  });

  it('a record with nothing gets the time of the server', () => {
    const { rows } = decoded([{ records: [{}] }]);
    expect(rows).toEqual([
      {
        ts: NOW_NS,
        observed_ts: NOW_NS,
        stream_id: expect.any(BigInt),
        service_name: 'unknown_service',
        severity_number: 0,
        severity_text: '',
        event_name: '',
        trace_id: '0'.repeat(32),
        span_id: '0'.repeat(16),
        trace_flags: 0,
        body: '',
        body_type: 'n',
        attributes: [],
        attribute_types: '',
        dropped_attributes: 0,
      },
    ]);
  });

  it('time 0 is the observed time', () => {
    const { rows } = decoded(shopWith({ time: 0n, observed: NOW_NS - 5n }));
    expect([rows[0]!.ts, rows[0]!.observed_ts]).toEqual([NOW_NS - 5n, NOW_NS - 5n]);
  });

  it('an observed time the column cannot hold is the time of the server', () => {
    expect(decoded(shopWith({ observed: 2n ** 63n })).rows[0]!.observed_ts).toBe(NOW_NS);
    expect(decoded(shopWith({ observed: 2n ** 63n - 1n })).rows[0]!.observed_ts).toBe(2n ** 63n - 1n);
  });

  it('bodies of other types', () => {
    const bodies: Value[] = [
      { i: 7n },
      { b: true },
      { n: true },
      { s: '' },
      { a: [{ s: 'x' }] },
      { m: [['k', { i: 1n }]] },
    ];
    const { rows } = decoded(shopWith(...bodies.map((body) => ({ body }))));
    expect(rows.map((row) => [row.body, row.body_type])).toEqual([
      ['7', 'i'],
      ['true', 'b'],
      ['', 'n'],
      ['', 's'],
      ['[{"stringValue":"x"}]', 'a'],
      ['[{"key":"k","value":{"intValue":"1"}}]', 'm'],
    ]);
  });

  it('ids of the wrong length are left out, the record is kept', () => {
    const { outcome, rows } = decoded(
      shopWith(
        { traceId: TRACE_ID.subarray(1), spanId: Uint8Array.from([1]) },
        { traceId: TRACE_ID, spanId: SPAN_ID },
      ),
    );
    expect(outcome.accepted).toBe(2);
    expect(rows[0]).toMatchObject({ trace_id: '0'.repeat(32), span_id: '0'.repeat(16) });
    expect(rows[1]).toMatchObject({ span_id: 'f0f1f2f3f4f5f6f7' });
  });

  it('old and future records are refused with the limit and the time, the others stay', () => {
    const day = 86_400_000_000_000n;
    const { outcome, rows } = decoded(
      shopWith(
        { time: NOW_NS - 30n * day, body: { s: 'just young enough' } },
        { time: NOW_NS - 30n * day - 1_000_000n },
        { time: 1n },
        { time: NOW_NS + 600_000_000_000n, body: { s: 'just early enough' } },
        { time: NOW_NS + 600_001_000_000n },
        { time: 4_102_444_800_000_000_000n },
        { time: 2n ** 64n - 1n },
      ),
    );
    expect(rows.map(({ body }) => body)).toEqual(['just young enough', 'just early enough']);
    expect([...outcome.rejections.values()]).toEqual([
      {
        code: 'too_old',
        count: 2,
        message:
          'older than the limit of 30 d (time 2026-10-25T23:59:59.999Z, server time 2026-11-25T00:00:00.000Z)',
      },
      {
        code: 'too_far_in_future',
        count: 3,
        message:
          'more than the limit of 10 min in the future (time 2026-11-25T00:10:00.001Z, server time 2026-11-25T00:00:00.000Z)',
      },
    ]);
    expect([...outcome.services.values()]).toMatchObject([{ service: 'shop', accepted: 2, rejected: 5 }]);
  });

  it('records over the limit are refused', () => {
    const { outcome, rows } = decoded(shopWith({}, {}, {}, {}, {}), { recordsPerRequest: 3 });
    expect(rows.length).toBe(3);
    expect([...outcome.rejections.values()]).toEqual([
      { code: 'too_many_records', count: 2, message: 'more than 3 records in one request' },
    ]);
  });

  it('a record nested too deep is refused alone', () => {
    const deep: Value = { a: [{ a: [{ a: [] }] }] };
    const { outcome, rows } = decoded(
      shopWith({ attributes: [['k', deep]] }, { body: deep }, { body: { s: 'fine' } }),
      { valueDepth: 2 },
    );
    expect(rows.map(({ body }) => body)).toEqual(['fine']);
    expect([...outcome.rejections.values()]).toEqual([
      { code: 'too_deep', count: 2, message: 'an attribute value is nested deeper than the limit of 2' },
    ]);
  });

  it('all records of a resource nested too deep are refused, and no stream is written', () => {
    const deep: Value = { m: [['x', { a: [] }]] };
    const { outcome, rows, streams } = decoded(
      [{ resource: [['k', deep]], records: [{}, {}] }, ...shopWith({})],
      {
        valueDepth: 1,
      },
    );
    expect(outcome.rejections.get('too_deep')?.count).toBe(2);
    expect([rows.length, streams.length]).toEqual([1, 1]);
  });

  it('dropped attributes and cut values are counted', () => {
    const { outcome, rows } = decoded(
      shopWith({
        body: { s: 'a long body' },
        dropped: 4_294_967_295,
        attributes: Array.from({ length: 9 }, (_, i) => [`k${i}`, { s: 'a long value' }]),
      }),
      { attributesPerRecord: 6, valueBytes: 6 },
    );
    expect(rows[0]).toMatchObject({
      body: 'a long',
      dropped_attributes: 4_294_967_295,
      attribute_types: 'ssssss',
    });
    // The body and six attributes are cut; of the resource, the longest value (shop-1) just fits.
    expect(outcome).toMatchObject({ valuesCut: 7, attributesDropped: 3 });
  });

  it('long names and unknown severities', () => {
    const { rows } = decoded(
      shopWith(
        { severity: 24, severityText: 's'.repeat(65), eventName: 'e'.repeat(257) },
        { severity: 25, severityText: 'wörd', eventName: '😀'.repeat(129) },
        { severity: 2_147_483_647 },
      ),
    );
    expect(rows.map((row) => [row.severity_number, row.severity_text, row.event_name])).toEqual([
      [24, 's'.repeat(64), 'e'.repeat(256)],
      [0, 'wörd', '😀'.repeat(128)],
      [0, '', ''],
    ]);
  });

  it('the observer is asked once per scope and told of accepted records only', () => {
    const asked: string[] = [];
    const told: [string, ObservedLog][] = [];
    const observer: TelemetryObserver = {
      wants: (signal, origin) => {
        asked.push(`${signal} ${origin.serviceName} ${origin.scopeName}`);
        return origin.serviceName === 'shop';
      },
      log: (origin: Origin, log) => told.push([origin.serviceName, structuredClone(log)]),
      span: () => {},
      point: () => {},
    };
    const context = testContext({ observer });
    const record: LogModel = {
      time: NOW_NS,
      body: { s: 'b' },
      eventName: 'e',
      traceId: TRACE_ID,
      attributes: [['n', { i: 1n }]],
    };
    decode(
      [
        { ...shop, records: [record, { time: 1n }, { time: NOW_NS, body: { i: 1n } }] },
        { scopeName: 'other', records: [record] },
      ],
      context,
    );
    expect(asked).toEqual(['logs shop shop.orders', 'logs unknown_service other']);
    expect(
      told.map(([service, log]) => [
        service,
        log.tsMs,
        log.eventName,
        log.body,
        [...log.attributes.values],
        log.spanId,
      ]),
    ).toEqual([
      ['shop', RECORDING_NOW_MS, 'e', 'b', [['n', 1]], undefined],
      ['shop', RECORDING_NOW_MS, '', '', [], undefined],
    ]);
    expect([...told[0]![1].traceId!]).toEqual([...TRACE_ID]);
  });
});

it('both encodings give a resource and scope the same stream, whatever the order of attributes', () => {
  const ids = [shop, { ...shop, resource: [...shop.resource!].reverse() }].flatMap((group) =>
    encodings.map(([, decode]) => {
      const context = testContext();
      decode([{ ...group, records: [{}] }], context);
      return rowsOf(context.batch.streams)[0]!.stream_id;
    }),
  );
  expect(new Set(ids).size).toBe(1);
});

it('resources that differ in a type, a value, a scope or where an attribute stands are different streams', () => {
  const groups: GroupModel<LogModel>[] = [
    shop,
    { ...shop, resource: [['a', { s: '1' }]] },
    { ...shop, resource: [['a', { i: 1n }]] },
    { ...shop, resource: [['a', { s: '2' }]] },
    { ...shop, scopeName: 'x' },
    { ...shop, scopeName: 'x', scopeVersion: 'y' },
    { ...shop, scopeAttributes: shop.resource, resource: shop.scopeAttributes },
    { ...shop, scopeAttributes: [] },
  ];
  const context = testContext();
  encodings[0][1](
    groups.map((group) => ({ ...group, records: [{}] })),
    context,
  );
  expect(new Set(rowsOf(context.batch.logs).map((row) => row.stream_id)).size).toBe(groups.length);
});

it('a stream is written once a day, and again after a rollback', () => {
  const context = testContext();
  const decode = encodings[0][1];
  decode(shopWith({}), context);
  decode(shopWith({}), context);
  expect(context.batch.streams.stream_id.length).toBe(1);
  const broken = Buffer.concat([
    encodeRequest([{ ...shop, scopeName: 'new', records: [{}] }], encodeLog),
    Buffer.from([0x0a]),
  ]);
  expect(() => decodeOrUndo(decodeLogsProtobuf, broken, context)).toThrow();
  expect(context.batch.streams.stream_id.length).toBe(1);
  decode([{ ...shop, scopeName: 'new', records: [{ time: NOW_NS }] }], context);
  expect(context.batch.streams.stream_id.length).toBe(2);
  decode(shopWith({}), { ...context, nowMs: RECORDING_NOW_MS + 86_400_000, limits: context.limits });
  expect(context.batch.streams.stream_id.length).toBe(3);
});

it('an empty body, an empty message and "" are empty requests', () => {
  const context = testContext();
  for (const body of ['', '{}', '""', '{"resourceLogs":[]}', '{"resourceLogs":null}', '\ufeff{}']) {
    expect(decodeLogsJson(Buffer.from(body), context)).toMatchObject({ accepted: 0, rejected: 0 });
  }
  expect(decodeLogsProtobuf(new Uint8Array(0), context)).toMatchObject({ accepted: 0, rejected: 0 });
  expect(decodeLogsProtobuf(bytesField(1, ''), context).services.size).toBe(0);
});

it('resource and scope may come after the records', () => {
  const record = bytesField(2, encodeLog({ time: NOW_NS }));
  const scopeGroup = Buffer.concat([record, bytesField(1, bytesField(1, 'late scope'))]);
  const resource = bytesField(
    1,
    bytesField(1, Buffer.concat([bytesField(1, 'service.name'), bytesField(2, bytesField(1, 'late'))])),
  );
  const context = testContext();
  decodeLogsProtobuf(bytesField(1, Buffer.concat([bytesField(2, scopeGroup), resource])), context);
  expect(rowsOf(context.batch.streams)).toMatchObject([{ service_name: 'late', scope_name: 'late scope' }]);
  expect(rowsOf(context.batch.logs)).toMatchObject([{ service_name: 'late' }]);
});

describe('JSON that is not OTLP', () => {
  it.each([
    ['[]', /the body is an array, expected an object/],
    ['5', /the body is a number/],
    ['{"resourceLogs":5}', /resourceLogs is a number, expected an array/],
    ['{"resourceLogs":[5]}', /resourceLogs\[0\] is a number/],
    ['{"resourceLogs":[{"scopeLogs":[[]]}]}', /scopeLogs\[0\] is an array/],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},7]}]}]}', /logRecords\[1\] is a number/],
    [
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"soon"}]}]}]}',
      /timeUnixNano is a string/,
    ],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":-1}]}]}]}', /timeUnixNano/],
    ['{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"BAD"}]}]}]}', /severityNumber/],
    ['{"resourceLogs":[', /Not valid JSON/],
    ['nonsense', /Not valid JSON/],
  ])('%s', (body, message) => {
    const context = testContext();
    const before = sizesOf(context.batch);
    expect(() => decodeOrUndo(decodeLogsJson, Buffer.from(body), context)).toThrow(message);
    expect(sizesOf(context.batch)).toBe(before);
  });
});

it('too many brackets are refused before they are parsed; brackets in strings are text', () => {
  const context = testContext();
  expect(() => decodeLogsJson(Buffer.alloc(1_000_000, '['), context)).toThrow(/nested more than 100000 deep/);
  const pairs = Buffer.from(`[${'{},'.repeat(4_000_000)}{}]`);
  expect(() => decodeLogsJson(pairs, context)).toThrow(/more than 4000000 objects and arrays/);
  const body = jsonRequest(
    'logs',
    [{ records: [{ time: NOW_NS, body: { s: '\\"[{'.repeat(60_000) } }] }],
    jsonLog,
  );
  expect(decodeLogsJson(body, context).accepted).toBe(1);
});

it('a JSON attribute nested 10,000 deep is refused alone', () => {
  const open = '{"arrayValue":{"values":[';
  const deep = `{"key":"k","value":${open.repeat(10_000)}${']}}'.repeat(10_000)}}`;
  const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[${deep}]},{}]}]}]}`;
  const outcome = decodeLogsJson(Buffer.from(body), testContext());
  expect([outcome.accepted, outcome.rejections.get('too_deep')?.count]).toEqual([1, 1]);
});

it('JSON as other senders write it: snake case, numbers as numbers, enum names, upper case ids', () => {
  const body = `{"resource_logs":[{"resource":{"attributes":[{"key":"service.name","value":{"string_value":"snake"}}]},"unknown":1,
    "scope_logs":[{"schema_url":"u","log_records":[{"time_unix_nano":${NOW_NS + 1n},"observed_time_unix_nano":"${NOW_NS}",
    "severity_number":"SEVERITY_NUMBER_WARN2","severity_text":"W","event_name":"e","trace_id":"0102030405060708090A0B0C0D0E0F10",
    "body":{"string_value":"\\"timeUnixNano\\":12345678901234567890,"},"attributes":[{"key":"n","value":{"intValue":9007199254740993}}]}]}]}]}`;
  const context = testContext();
  decodeLogsJson(Buffer.from(body), context);
  expect(rowsOf(context.batch.logs)).toMatchObject([
    {
      ts: NOW_NS + 1n,
      observed_ts: NOW_NS,
      service_name: 'snake',
      severity_number: 14,
      severity_text: 'W',
      event_name: 'e',
      trace_id: '0102030405060708090a0b0c0d0e0f10',
      body: '"timeUnixNano":12345678901234567890,',
      attributes: [['n', '9007199254740993']],
    },
  ]);
});
