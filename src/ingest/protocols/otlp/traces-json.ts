import type { Batch } from '../../../store/index.ts';
import { createOutcome, MAX_NAME_LENGTH } from '../../outcome.ts';
import { cutText, cutToBytes } from '../../text.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { JsonAttributes, toAttributes } from './attributes.ts';
import {
  arrayMember,
  asObject,
  enumMember,
  enumNames,
  highHalf,
  idMember,
  type JsonObject,
  lowHalf,
  objectMember,
  parseJsonRequest,
  stringMember,
  uint32Member,
  unsignedMember,
} from './json.ts';
import { addCapped, msOfHalves, ScopeRun, type TimeHalves } from './scope-run.ts';
import {
  badIdMessage,
  isZero,
  MAX_SPAN_EVENTS,
  MAX_SPAN_LINKS,
  MAX_TRACE_STATE_BYTES,
  SPAN_ID_BYTES,
  type SpanTimes,
  settleTimes,
  spanKind,
  statusCode,
  TRACE_ID_BYTES,
} from './span-rules.ts';
import { streamResolver } from './streams.ts';

const KINDS = enumNames('SPAN_KIND_', [
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
]);
const STATUS_CODES = enumNames('STATUS_CODE_', ['UNSET', 'OK', 'ERROR']);

/**
 * Decodes ExportTraceServiceRequest from OTLP/JSON, by the same rules as from protobuf.
 *
 * Spec: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export const decodeTracesJson: Decoder = (body, context) => {
  const outcome = createOutcome();
  const request = parseJsonRequest(body);
  for (const [g, groupValue] of arrayMember(request, 'resourceSpans', 'resource_spans').entries()) {
    const group = asObject(groupValue, `resourceSpans[${g}]`);
    for (const [s, scopeValue] of arrayMember(group, 'scopeSpans', 'scope_spans').entries()) {
      const scope = asObject(scopeValue, `resourceSpans[${g}].scopeSpans[${s}]`);
      decodeScope(group, scope, context, outcome);
    }
  }
  return outcome;
};

function decodeScope(
  group: JsonObject,
  scope: JsonObject,
  context: DecodeContext,
  outcome: DecodeOutcome,
): void {
  const run = new ScopeRun(context, outcome, streamResolver.fromJson(group, scope, context), 'traces');
  const attributes = new JsonAttributes();
  for (const [i, value] of arrayMember(scope, 'spans').entries()) {
    const span = asObject(value, `spans[${i}]`);
    if (!run.refusesNext()) decodeSpan(span, attributes, run);
  }
}

/** List 0 of `attributes` is the span's, then come the events' and the links'. */
function decodeSpan(source: JsonObject, attributes: JsonAttributes, run: ScopeRun): void {
  attributes.clear(run.context.limits);
  attributes.add(arrayMember(source, 'attributes'));
  const span = readSpan(source, run);
  const events = readEvents(source, attributes, span.times);
  const links = readLinks(source, attributes);
  if (run.refusesDepth(attributes.isTooDeep) || refusesIds(span, run)) return;
  if (!span.hasTime) {
    run.reject('no_time', 'a span has neither a start nor an end time');
    return;
  }
  const startMs = msOfHalves(span.times.startLow, span.times.startHigh);
  if (run.refusesTime(startMs)) return;
  const endMs = msOfHalves(span.times.endLow, span.times.endHigh);
  if (endMs > run.context.nowMs && run.refusesTime(endMs)) return;
  const rows = run.context.batch.spans;
  appendSpan(rows, span, attributes, run);
  appendEvents(rows, events, attributes);
  appendLinks(rows, links, attributes);
  run.accept(attributes.cutCount + span.cutCount, attributes.dropped(0));
  observe(span, startMs, attributes, run);
}

type SpanFields = ReturnType<typeof readSpan>;
type EventFields = ReturnType<typeof readEvents>;
type LinkFields = ReturnType<typeof readLinks>;

function readSpan(source: JsonObject, run: ScopeRun) {
  const status = objectMember(source, 'status') ?? {};
  const start = unsignedMember(source, 'startTimeUnixNano', 'start_time_unix_nano');
  const end = unsignedMember(source, 'endTimeUnixNano', 'end_time_unix_nano');
  const times: SpanTimes = {
    startLow: lowHalf(start),
    startHigh: highHalf(start),
    endLow: lowHalf(end),
    endHigh: highHalf(end),
    durationLow: 0,
    durationHigh: 0,
  };
  const hasTime = settleTimes(times);
  const traceStateWhole = stringMember(source, 'traceState', 'trace_state');
  const traceState = cutToBytes(traceStateWhole, MAX_TRACE_STATE_BYTES);
  const messageWhole = stringMember(status, 'message');
  const statusMessage = cutToBytes(messageWhole, run.context.limits.valueBytes);
  return {
    traceId: idMember(source, 'traceId', 'trace_id', TRACE_ID_BYTES),
    spanId: idMember(source, 'spanId', 'span_id', SPAN_ID_BYTES),
    parentId: idMember(source, 'parentSpanId', 'parent_span_id', SPAN_ID_BYTES),
    traceState,
    name: cutText(stringMember(source, 'name'), MAX_NAME_LENGTH),
    kind: spanKind(enumMember(source, 'kind', 'kind', KINDS)),
    times,
    hasTime,
    flags: uint32Member(source, 'flags'),
    statusCode: statusCode(enumMember(status, 'code', 'code', STATUS_CODES)),
    statusMessage,
    cutCount:
      (traceState.length < traceStateWhole.length ? 1 : 0) +
      (statusMessage.length < messageWhole.length ? 1 : 0),
    dropped: uint32Member(source, 'droppedAttributesCount', 'dropped_attributes_count'),
  };
}

function readEvents(source: JsonObject, attributes: JsonAttributes, times: SpanTimes) {
  const all = arrayMember(source, 'events');
  const events = all.slice(0, MAX_SPAN_EVENTS).map((value, i) => {
    const event = asObject(value, `events[${i}]`);
    const time = unsignedMember(event, 'timeUnixNano', 'time_unix_nano');
    const isUsable = Number(time) !== 0 && highHalf(time) <= 0x7fff_ffff;
    const ts: TimeHalves = isUsable
      ? { low: lowHalf(time), high: highHalf(time) }
      : { low: times.startLow, high: times.startHigh };
    const name = cutText(stringMember(event, 'name'), MAX_NAME_LENGTH);
    return { ts, name, list: attributes.add(arrayMember(event, 'attributes')) };
  });
  const dropped = uint32Member(source, 'droppedEventsCount', 'dropped_events_count');
  return { events, dropped: addCapped(dropped, all.length - events.length) };
}

function readLinks(source: JsonObject, attributes: JsonAttributes) {
  const all = arrayMember(source, 'links');
  const links = all.slice(0, MAX_SPAN_LINKS).flatMap((value, i) => {
    const link = asObject(value, `links[${i}]`);
    const traceId = idMember(link, 'traceId', 'trace_id', TRACE_ID_BYTES);
    const spanId = idMember(link, 'spanId', 'span_id', SPAN_ID_BYTES);
    const traceState = cutToBytes(stringMember(link, 'traceState', 'trace_state'), MAX_TRACE_STATE_BYTES);
    const list = attributes.add(arrayMember(link, 'attributes'));
    // A link without proper ids leads nowhere: it is left out.
    if (traceId?.length !== TRACE_ID_BYTES || spanId?.length !== SPAN_ID_BYTES) return [];
    return [{ traceId, spanId, traceState, list }];
  });
  const dropped = uint32Member(source, 'droppedLinksCount', 'dropped_links_count');
  return { links, dropped: addCapped(dropped, all.length - links.length) };
}

function refusesIds(span: SpanFields, run: ScopeRun): boolean {
  if (refusesId(run, 'trace_id', span.traceId, TRACE_ID_BYTES)) return true;
  if (refusesId(run, 'span_id', span.spanId, SPAN_ID_BYTES)) return true;
  const hasBadParent = span.parentId !== undefined && span.parentId.length !== SPAN_ID_BYTES;
  return hasBadParent && refusesId(run, 'parent_span_id', span.parentId, SPAN_ID_BYTES);
}

function refusesId(run: ScopeRun, name: string, id: Uint8Array | undefined, expected: number): boolean {
  if (id?.length === expected && !isZero(id, 0, expected)) return false;
  const message =
    id !== undefined && id.length === 0
      ? `${name} is not hex of ${expected} bytes`
      : badIdMessage(name, id?.length ?? 0, expected);
  run.reject('bad_id', message);
  return true;
}

function appendSpan(
  rows: Batch['spans'],
  span: SpanFields,
  attributes: JsonAttributes,
  { stream }: ScopeRun,
): void {
  const { times } = span;
  rows.trace_id.appendBytes(span.traceId!, 0);
  rows.span_id.appendBytes(span.spanId!, 0);
  if (span.parentId === undefined) rows.parent_span_id.appendZero();
  else rows.parent_span_id.appendBytes(span.parentId, 0);
  rows.trace_state.append(span.traceState);
  rows.trace_flags.append(span.flags);
  rows.name.append(span.name);
  rows.kind.append(span.kind);
  rows.start_ts.appendParts(times.startLow, times.startHigh);
  rows.duration_ns.appendParts(times.durationLow, times.durationHigh);
  rows.status_code.append(span.statusCode);
  rows.status_message.append(span.statusMessage);
  rows.stream_id.appendParts(stream.idLow, stream.idHigh);
  rows.service_name.append(stream.origin.serviceName);
  attributes.appendTo(0, rows.attributes);
  rows.attribute_types.append(attributes.types(0));
  rows.dropped_attributes.append(addCapped(span.dropped, attributes.dropped(0)));
}

function appendEvents(
  rows: Batch['spans'],
  { events, dropped }: EventFields,
  attributes: JsonAttributes,
): void {
  for (const { ts, name, list } of events) {
    rows.event_ts.items.appendParts(ts.low, ts.high);
    rows.event_name.items.append(name);
    attributes.appendTo(list, rows.event_attributes.items);
    rows.event_attribute_types.items.append(attributes.types(list));
  }
  rows.event_ts.close();
  rows.event_name.close();
  rows.event_attributes.close();
  rows.event_attribute_types.close();
  rows.dropped_events.append(dropped);
}

function appendLinks(rows: Batch['spans'], { links, dropped }: LinkFields, attributes: JsonAttributes): void {
  for (const { traceId, spanId, traceState, list } of links) {
    rows.link_trace_id.items.appendBytes(traceId, 0);
    rows.link_span_id.items.appendBytes(spanId, 0);
    rows.link_trace_state.items.append(traceState);
    attributes.appendTo(list, rows.link_attributes.items);
    rows.link_attribute_types.items.append(attributes.types(list));
  }
  rows.link_trace_id.close();
  rows.link_span_id.close();
  rows.link_trace_state.close();
  rows.link_attributes.close();
  rows.link_attribute_types.close();
  rows.dropped_links.append(dropped);
}

function observe(span: SpanFields, startMs: number, attributes: JsonAttributes, run: ScopeRun): void {
  const { parentId } = span;
  const isRoot = parentId === undefined || isZero(parentId, 0, parentId.length);
  run.observer?.span(run.stream.origin, {
    name: span.name,
    startMs,
    durationMs: msOfHalves(span.times.durationLow, span.times.durationHigh),
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    attributes: toAttributes(attributes, 0),
    traceId: span.traceId!,
    spanId: span.spanId!,
    parentSpanId: isRoot ? undefined : parentId,
  });
}
