import { describe, expect, it } from 'vitest';
import type { ObservedSpan, TelemetryObserver } from '../../../model/telemetry.ts';
import { rowsOf } from '../../../store/testing/native-rows.ts';
import type { DecodeContext, IngestLimits } from '../../types.ts';
import { MAX_SPAN_EVENTS, MAX_SPAN_LINKS } from './span-rules.ts';
import { decodeOrUndo, RECORDING_NOW_MS, testContext } from './testing/context.ts';
import {
  encodeRequest,
  encodeSpan,
  type GroupModel,
  jsonRequest,
  jsonSpan,
  type SpanModel,
  type Value,
} from './testing/model.ts';
import { decodeTracesJson } from './traces-json.ts';
import { decodeTracesProtobuf } from './traces-protobuf.ts';

const NOW_NS = BigInt(RECORDING_NOW_MS) * 1_000_000n;
const SECOND = 1_000_000_000n;
const TRACE_ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const SPAN_ID = Uint8Array.from({ length: 8 }, (_, i) => 0xf0 + i);
const PARENT_ID = Uint8Array.from({ length: 8 }, (_, i) => i + 0x20);

const encodings = [
  [
    'protobuf',
    (groups: GroupModel<SpanModel>[], context: DecodeContext) =>
      decodeOrUndo(decodeTracesProtobuf, encodeRequest(groups, encodeSpan), context),
  ],
  [
    'JSON',
    (groups: GroupModel<SpanModel>[], context: DecodeContext) =>
      decodeOrUndo(decodeTracesJson, jsonRequest('traces', groups, jsonSpan), context),
  ],
] as const;

const good: SpanModel = { traceId: TRACE_ID, spanId: SPAN_ID, start: NOW_NS - SECOND, end: NOW_NS };

describe.each(encodings)('spans from %s', (_name, decode) => {
  function decoded(spans: SpanModel[], limits: Partial<IngestLimits> = {}) {
    const context = testContext({ limits });
    const group = {
      resource: [['service.name', { s: 'bot' }]] as [string, Value][],
      scopeName: 'bot',
      records: spans,
    };
    const outcome = decode([group], context);
    return { outcome, rows: rowsOf(context.batch.spans), streams: rowsOf(context.batch.streams) };
  }

  it('a span with every field', () => {
    const { rows, streams } = decoded([
      {
        ...good,
        parentId: PARENT_ID,
        traceState: 'vendor=ü',
        name: 'GET /bücher',
        kind: 3,
        start: NOW_NS - 5_000_000_001n,
        end: NOW_NS - 1n,
        attributes: [
          ['http.status', { i: 200n }],
          ['ok', { b: true }],
        ],
        dropped: 1,
        events: [
          { time: NOW_NS - 3n, name: 'exception', attributes: [['message', { s: 'boom' }]] },
          { name: 'without time' },
        ],
        droppedEvents: 2,
        links: [
          { traceId: TRACE_ID, spanId: PARENT_ID, traceState: 'a=b', attributes: [['why', { d: 0.5 }]] },
          { traceId: Uint8Array.from([1]), spanId: PARENT_ID },
        ],
        droppedLinks: 3,
        status: { message: 'it broke', code: 2 },
        flags: 0x301,
      },
    ]);
    expect(rows).toEqual([
      {
        trace_id: '0102030405060708090a0b0c0d0e0f10',
        span_id: 'f0f1f2f3f4f5f6f7',
        parent_span_id: '2021222324252627',
        trace_state: 'vendor=ü',
        trace_flags: 0x301,
        name: 'GET /bücher',
        kind: 3,
        start_ts: NOW_NS - 5_000_000_001n,
        duration_ns: 5_000_000_000n,
        status_code: 2,
        status_message: 'it broke',
        stream_id: streams[0]!.stream_id,
        service_name: 'bot',
        attributes: [
          ['http.status', '200'],
          ['ok', 'true'],
        ],
        attribute_types: 'ib',
        dropped_attributes: 1,
        event_ts: [NOW_NS - 3n, NOW_NS - 5_000_000_001n],
        event_name: ['exception', 'without time'],
        event_attributes: [[['message', 'boom']], []],
        event_attribute_types: ['s', ''],
        link_trace_id: ['0102030405060708090a0b0c0d0e0f10'],
        link_span_id: ['2021222324252627'],
        link_trace_state: ['a=b'],
        link_attributes: [[['why', '0.5']]],
        link_attribute_types: ['d'],
        dropped_events: 2,
        dropped_links: 4,
      },
    ]);
  });

  it('a root span with nothing else', () => {
    const { rows } = decoded([good]);
    expect(rows).toMatchObject([
      {
        parent_span_id: '0'.repeat(16),
        name: '',
        kind: 0,
        status_code: 0,
        duration_ns: SECOND,
        event_ts: [],
        link_span_id: [],
      },
    ]);
  });

  it.each<[string, SpanModel, string]>([
    ['no trace id', { traceId: undefined }, 'trace_id has 0 bytes, 16 are required'],
    ['a zero trace id', { traceId: new Uint8Array(16) }, 'trace_id is all zero'],
    ['no span id', { spanId: undefined }, 'span_id has 0 bytes, 8 are required'],
    ['a zero span id', { spanId: new Uint8Array(8) }, 'span_id is all zero'],
  ])('with %s is refused', (_case, change, message) => {
    const { outcome, rows } = decoded([{ ...good, ...change }, good]);
    expect(rows.length).toBe(1);
    expect([...outcome.rejections.values()]).toEqual([{ code: 'bad_id', count: 1, message }]);
  });

  it('with an id of the wrong length is refused', () => {
    const wrong: SpanModel[] = [{ traceId: SPAN_ID }, { spanId: TRACE_ID }, { parentId: TRACE_ID }];
    const { outcome, rows } = decoded(wrong.map((change) => ({ ...good, ...change })));
    expect([rows.length, outcome.rejections.get('bad_id')?.count]).toEqual([0, 3]);
  });

  it('a zero parent id is a root', () => {
    const told: ObservedSpan[] = [];
    const context = testContext({ observer: watcher(told) });
    const records = [
      { ...good, parentId: new Uint8Array(8) },
      { ...good, parentId: PARENT_ID },
    ];
    decode([{ records }], context);
    expect(told.map(({ parentSpanId }) => parentSpanId?.length)).toEqual([undefined, 8]);
  });

  it('times that make no sense', () => {
    const { outcome, rows } = decoded([
      { ...good, start: NOW_NS, end: NOW_NS - 1n, name: 'ends before it starts' },
      { ...good, start: undefined, end: NOW_NS - 7n, name: 'no start' },
      { ...good, end: undefined, name: 'no end' },
      { ...good, start: undefined, end: 0n, name: 'neither' },
      { ...good, start: NOW_NS - 0x1_0000_0000n, end: NOW_NS - 1n, name: 'borrows' },
    ]);
    expect(rows.map(({ name, start_ts, duration_ns }) => [name, start_ts, duration_ns])).toEqual([
      ['ends before it starts', NOW_NS, 0n],
      ['no start', NOW_NS - 7n, 0n],
      ['no end', NOW_NS - SECOND, 0n],
      ['borrows', NOW_NS - 0x1_0000_0000n, 0xffff_ffffn],
    ]);
    expect([...outcome.rejections.values()]).toEqual([
      { code: 'no_time', count: 1, message: 'a span has neither a start nor an end time' },
    ]);
  });

  it('too old by its start, too far in the future by start or end', () => {
    const { outcome } = decoded([
      { ...good, start: 1n },
      { ...good, end: 2n ** 64n - 1n },
      { ...good, start: 2n ** 64n - 2n, end: 2n ** 64n - 1n },
      good,
    ]);
    expect(outcome.accepted).toBe(1);
    expect([...outcome.rejections.values()].map(({ code, count }) => [code, count])).toEqual([
      ['too_old', 1],
      ['too_far_in_future', 2],
    ]);
  });

  it('unknown kinds and status codes count as unset', () => {
    const { rows } = decoded([
      { ...good, kind: 5, status: { code: 1 } },
      { ...good, kind: 6, status: { code: 3 } },
      { ...good, kind: 2_147_483_647, status: {} },
    ]);
    expect(rows.map(({ kind, status_code }) => [kind, status_code])).toEqual([
      [5, 1],
      [0, 0],
      [0, 0],
    ]);
  });

  it('events and links over the limit are dropped and counted', () => {
    const { rows } = decoded([
      {
        ...good,
        events: Array.from({ length: MAX_SPAN_EVENTS + 5 }, (_, i) => ({ name: `e${i}`, time: NOW_NS })),
        droppedEvents: 1,
        links: Array.from({ length: MAX_SPAN_LINKS + 2 }, () => ({ traceId: TRACE_ID, spanId: SPAN_ID })),
      },
    ]);
    expect((rows[0]!.event_name as string[]).length).toBe(MAX_SPAN_EVENTS);
    expect((rows[0]!.link_span_id as string[]).length).toBe(MAX_SPAN_LINKS);
    expect(rows[0]).toMatchObject({ dropped_events: 6, dropped_links: 2 });
  });

  it('a value nested too deep in an event or a link refuses the span and appends nothing of it', () => {
    const deep: [string, Value][] = [['k', { a: [{ a: [] }] }]];
    const { outcome, rows } = decoded(
      [
        { ...good, events: [{ attributes: deep }] },
        { ...good, links: [{ traceId: TRACE_ID, spanId: SPAN_ID, attributes: deep }] },
        { ...good, name: 'fine', events: [{ name: 'e' }] },
      ],
      { valueDepth: 1 },
    );
    expect(outcome.rejections.get('too_deep')?.count).toBe(2);
    expect(rows).toMatchObject([{ name: 'fine', event_name: ['e'] }]);
  });

  it('long texts are cut', () => {
    const { outcome, rows } = decoded(
      [
        {
          ...good,
          name: 'n'.repeat(300),
          traceState: 't'.repeat(2000),
          status: { message: 'm'.repeat(100) },
          events: [{ name: 'e'.repeat(300), time: NOW_NS }],
        },
      ],
      { valueBytes: 50 },
    );
    expect(rows).toMatchObject([
      {
        name: 'n'.repeat(256),
        trace_state: 't'.repeat(1024),
        status_message: 'm'.repeat(50),
        event_name: ['e'.repeat(256)],
      },
    ]);
    expect(outcome.valuesCut).toBe(2);
  });

  it('the observer sees what is stored', () => {
    const told: ObservedSpan[] = [];
    const context = testContext({ observer: watcher(told) });
    decode(
      [
        {
          records: [
            {
              ...good,
              name: 'turn',
              status: { message: 'no', code: 2 },
              attributes: [['cost', { d: 0.25 }]],
            },
            { ...good, traceId: undefined },
          ],
        },
      ],
      context,
    );
    expect(told.length).toBe(1);
    expect({ ...told[0], traceId: [...told[0]!.traceId], spanId: [...told[0]!.spanId] }).toEqual({
      name: 'turn',
      startMs: RECORDING_NOW_MS - 1000,
      durationMs: 1000,
      statusCode: 2,
      statusMessage: 'no',
      attributes: { values: new Map([['cost', 0.25]]), types: 'd' },
      traceId: [...TRACE_ID],
      spanId: [...SPAN_ID],
      parentSpanId: undefined,
    });
  });
});

function watcher(told: ObservedSpan[]): TelemetryObserver {
  return {
    wants: () => true,
    log: () => {},
    point: () => {},
    span: (_origin, span) => told.push(structuredClone(span)),
  };
}

it('JSON as other senders write it', () => {
  const body = `{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"0102030405060708090A0B0C0D0E0F10","span_id":"F0F1F2F3F4F5F6F7",
    "parent_span_id":"","name":"n","kind":"SPAN_KIND_SERVER","start_time_unix_nano":${NOW_NS - 9n},"end_time_unix_nano":"${NOW_NS}",
    "status":{"code":"STATUS_CODE_ERROR"},"dropped_attributes_count":"5"}]}]}]}`;
  const context = testContext();
  decodeTracesJson(Buffer.from(body), context);
  expect(rowsOf(context.batch.spans)).toMatchObject([
    {
      span_id: 'f0f1f2f3f4f5f6f7',
      parent_span_id: '0'.repeat(16),
      kind: 2,
      status_code: 2,
      start_ts: NOW_NS - 9n,
      duration_ns: 9n,
      dropped_attributes: 5,
    },
  ]);
});

it('JSON ids that are not hex are refused', () => {
  const span = { ...jsonSpan(good), traceId: 'AQIDBAUGBwgJCgsMDQ4PEA==' };
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  const outcome = decodeTracesJson(body, testContext());
  expect([...outcome.rejections.values()]).toEqual([
    { code: 'bad_id', count: 1, message: 'trace_id is not hex of 16 bytes' },
  ]);
});
