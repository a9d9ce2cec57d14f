import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { type Row, rowsOf } from '../../../store/testing/native-rows.ts';
import type { Decoder } from '../../types.ts';
import { decodeLogsJson } from './logs-json.ts';
import { decodeLogsProtobuf } from './logs-protobuf.ts';
import { decodeOrUndo, LIMITS, RECORDING_NOW_MS, sizesOf, testContext } from './testing/context.ts';
import {
  encodeLog,
  encodeRequest,
  encodeSpan,
  type GroupModel,
  jsonLog,
  jsonRequest,
  jsonSpan,
  type LogModel,
  type Pairs,
  type SpanModel,
  storedPairs,
  storedText,
  type Value,
} from './testing/model.ts';
import { decodeTracesJson } from './traces-json.ts';
import { decodeTracesProtobuf } from './traces-protobuf.ts';

const NOW_NS = BigInt(RECORDING_NOW_MS) * 1_000_000n;

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const anyValue = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map((s) => ({ s })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((i) => ({ i })),
    // JSON has no minus zero.
    fc.double().map((d) => ({ d: Object.is(d, -0) ? 0 : d })),
    fc.boolean().map((b) => ({ b })),
    fc.uint8Array({ maxLength: 20 }).map((x) => ({ x })),
    fc.constant({ n: true as const }),
    fc.array(tie('value'), { maxLength: 4 }).map((a) => ({ a })),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((m) => ({ m })),
  ),
})).value;
const pairs: fc.Arbitrary<Pairs> = fc.array(fc.tuple(text, anyValue), { maxLength: 8 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const id = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).filter((bytes) => bytes.some((byte) => byte !== 0));
const time = fc.bigInt({ min: NOW_NS - BigInt(LIMITS.maxAgeMs) * 1_000_000n, max: NOW_NS });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

const log: fc.Arbitrary<LogModel> = fc.record({
  time: maybe(time),
  observed: maybe(time),
  severity: maybe(fc.integer({ min: 0, max: 24 })),
  severityText: maybe(text),
  body: maybe(anyValue),
  attributes: maybe(pairs),
  dropped: maybe(uint32),
  flags: maybe(uint32),
  traceId: maybe(id(16)),
  spanId: maybe(id(8)),
  eventName: maybe(text),
});

const span: fc.Arbitrary<SpanModel> = fc.record({
  traceId: id(16),
  spanId: id(8),
  traceState: maybe(text),
  parentId: maybe(id(8)),
  name: maybe(text),
  kind: maybe(fc.integer({ min: 0, max: 5 })),
  start: time,
  end: maybe(time),
  attributes: maybe(pairs),
  dropped: maybe(uint32),
  events: maybe(
    fc.array(fc.record({ time: maybe(time), name: maybe(text), attributes: maybe(pairs) }), { maxLength: 3 }),
  ),
  droppedEvents: maybe(uint32),
  links: maybe(
    fc.array(
      fc.record({ traceId: id(16), spanId: id(8), traceState: maybe(text), attributes: maybe(pairs) }),
      { maxLength: 3 },
    ),
  ),
  droppedLinks: maybe(uint32),
  status: maybe(fc.record({ message: maybe(text), code: maybe(fc.integer({ min: 0, max: 2 })) })),
  flags: maybe(uint32),
});

function groups<R>(record: fc.Arbitrary<R>): fc.Arbitrary<GroupModel<R>[]> {
  const group = fc.record({
    resource: maybe(pairs),
    resourceUrl: maybe(text),
    scopeName: maybe(text),
    scopeVersion: maybe(text),
    scopeAttributes: maybe(pairs),
    scopeUrl: maybe(text),
    records: fc.array(record, { maxLength: 4 }),
  });
  return fc.array(group, { maxLength: 3 });
}

function hex(bytes: Uint8Array | undefined, length: number): string {
  return bytes === undefined ? '0'.repeat(length * 2) : Buffer.from(bytes).toString('hex');
}

function typeOf(value: Value | undefined): string {
  return value === undefined ? 'n' : Object.keys(value)[0]!;
}

function logRow(model: LogModel): Row {
  const { attributes, types } = storedPairs(model.attributes);
  const observed = model.observed || NOW_NS;
  return {
    ts: model.time || observed,
    observed_ts: observed,
    severity_number: model.severity ?? 0,
    severity_text: model.severityText ?? '',
    event_name: model.eventName ?? '',
    trace_id: hex(model.traceId, 16),
    span_id: hex(model.spanId, 8),
    trace_flags: (model.flags ?? 0) % 256,
    body: model.body === undefined ? '' : storedText(model.body),
    body_type: typeOf(model.body),
    attributes,
    attribute_types: types,
    dropped_attributes: model.dropped ?? 0,
  };
}

function spanRow(model: SpanModel): Row {
  const { attributes, types } = storedPairs(model.attributes);
  const start = model.start!;
  const end = model.end ?? 0n;
  const events = model.events ?? [];
  const links = model.links ?? [];
  return {
    trace_id: hex(model.traceId, 16),
    span_id: hex(model.spanId, 8),
    parent_span_id: hex(model.parentId, 8),
    trace_state: model.traceState ?? '',
    trace_flags: model.flags ?? 0,
    name: model.name ?? '',
    kind: model.kind ?? 0,
    start_ts: start,
    duration_ns: end > start ? end - start : 0n,
    status_code: model.status?.code ?? 0,
    status_message: model.status?.message ?? '',
    attributes,
    attribute_types: types,
    dropped_attributes: model.dropped ?? 0,
    event_ts: events.map((event) => event.time || start),
    event_name: events.map(({ name }) => name ?? ''),
    event_attributes: events.map((event) => storedPairs(event.attributes).attributes),
    event_attribute_types: events.map((event) => storedPairs(event.attributes).types),
    link_trace_id: links.map(({ traceId }) => hex(traceId, 16)),
    link_span_id: links.map(({ spanId }) => hex(spanId, 8)),
    link_trace_state: links.map(({ traceState }) => traceState ?? ''),
    link_attributes: links.map((link) => storedPairs(link.attributes).attributes),
    link_attribute_types: links.map((link) => storedPairs(link.attributes).types),
    dropped_events: model.droppedEvents ?? 0,
    dropped_links: model.droppedLinks ?? 0,
  };
}

/** Rows as decoded, with the row of each one's stream in place of its id. */
function decodedRows(decode: Decoder, body: Uint8Array, table: 'logs' | 'spans') {
  const context = testContext();
  const outcome = decode(body, context);
  expect(outcome.rejected).toBe(0);
  const streams = new Map(rowsOf(context.batch.streams).map(({ stream_id, ...row }) => [stream_id, row]));
  return rowsOf(context.batch[table]).map(({ stream_id, service_name, ...row }) => {
    expect(service_name).toBe(streams.get(stream_id!)!.service_name);
    return { ...row, origin: streams.get(stream_id!) };
  });
}

function expectedRows<R>(model: readonly GroupModel<R>[], rowOf: (record: R) => Row) {
  return model.flatMap((group) =>
    group.records.map((record) => ({
      ...rowOf(record),
      scope: group.scopeName ?? '',
      resource: group.resource,
    })),
  );
}

/** Compares all but the stream, of which the first scope with the same attributes decides about order and URLs. */
function compare<R>(
  rows: ReturnType<typeof decodedRows>,
  expected: ReturnType<typeof expectedRows<R>>,
): void {
  expect(rows.map(({ origin, ...row }) => row)).toEqual(expected.map(({ scope, resource, ...row }) => row));
  for (const [i, { origin }] of rows.entries()) {
    expect(origin!.scope_name).toBe(expected[i]!.scope);
    const { attributes } = storedPairs(expected[i]!.resource as Pairs | undefined);
    expect([...(origin!.resource_attributes as [string, string][])].sort()).toEqual([...attributes].sort());
  }
}

describe('what was encoded is decoded', () => {
  it('logs', () => {
    fc.assert(
      fc.property(groups(log), (model) => {
        const expected = expectedRows(model, logRow);
        compare(decodedRows(decodeLogsProtobuf, encodeRequest(model, encodeLog), 'logs'), expected);
        compare(decodedRows(decodeLogsJson, jsonRequest('logs', model, jsonLog), 'logs'), expected);
      }),
      { numRuns: 150 },
    );
  });

  it('spans', () => {
    fc.assert(
      fc.property(groups(span), (model) => {
        const expected = expectedRows(model, spanRow);
        compare(decodedRows(decodeTracesProtobuf, encodeRequest(model, encodeSpan), 'spans'), expected);
        compare(decodedRows(decodeTracesJson, jsonRequest('traces', model, jsonSpan), 'spans'), expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe('bytes that are not OTLP throw a DecodeError or decode, and a failed request leaves nothing', () => {
  const decoders: [string, Decoder][] = [
    ['logs, protobuf', decodeLogsProtobuf],
    ['logs, JSON', decodeLogsJson],
    ['traces, protobuf', decodeTracesProtobuf],
    ['traces, JSON', decodeTracesJson],
  ];

  for (const [name, decode] of decoders) {
    it(`${name}: random bytes`, () => {
      const context = testContext();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          const before = sizesOf(context.batch);
          try {
            decodeOrUndo(decode, bytes, context);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
            expect(sizesOf(context.batch)).toBe(before);
          }
        }),
        { numRuns: 500 },
      );
    });
  }

  it('JSON of any shape', () => {
    const names = [
      'resourceLogs',
      'resourceSpans',
      'scopeLogs',
      'scopeSpans',
      'logRecords',
      'spans',
      'attributes',
      'key',
      'value',
    ];
    const leaves = [
      'arrayValue',
      'values',
      'kvlistValue',
      'intValue',
      'body',
      'resource',
      'events',
      'links',
      'status',
      'traceId',
    ];
    const key = fc.constantFrom(...names, ...leaves, 'timeUnixNano');
    const json = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 70, '', 'x', '5', 'aa'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(key, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(json, json, (spans, logs) => {
        const body = Buffer.from(JSON.stringify({ resourceSpans: spans, resourceLogs: logs }));
        for (const decode of [decodeLogsJson, decodeTracesJson]) {
          const context = testContext();
          const before = sizesOf(context.batch);
          try {
            decodeOrUndo(decode, body, context);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
            expect(sizesOf(context.batch)).toBe(before);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
