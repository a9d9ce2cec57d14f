import { createOutcome, MAX_NAME_LENGTH } from '../../outcome.ts';
import { cutText } from '../../text.ts';
import type { DecodeContext, DecodeOutcome, Decoder } from '../../types.ts';
import { JsonAttributes, toAttributes } from './attributes.ts';
import {
  arrayMember,
  asObject,
  enumMember,
  highHalf,
  idMember,
  type JsonObject,
  lowHalf,
  member,
  parseJsonRequest,
  stringMember,
  uint32Member,
  unsignedMember,
} from './json.ts';
import { MAX_SEVERITY_NUMBER, MAX_SEVERITY_TEXT_LENGTH } from './logs-protobuf.ts';
import { addCapped, msOfHalves, nsHalves, ScopeRun, type TimeHalves } from './scope-run.ts';
import { streamResolver } from './streams.ts';

const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['SEVERITY_NUMBER_UNSPECIFIED', 0],
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name, group) =>
    [1, 2, 3, 4].map((step): [string, number] => [
      `SEVERITY_NUMBER_${name}${step === 1 ? '' : step}`,
      group * 4 + step,
    ]),
  ),
]);

/**
 * Decodes ExportLogsServiceRequest from OTLP/JSON, by the same rules as from protobuf.
 *
 * Spec: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export const decodeLogsJson: Decoder = (body, context) => {
  const outcome = createOutcome();
  const request = parseJsonRequest(body);
  const now = nsHalves(context.nowMs);
  for (const [g, groupValue] of arrayMember(request, 'resourceLogs', 'resource_logs').entries()) {
    const group = asObject(groupValue, `resourceLogs[${g}]`);
    for (const [s, scopeValue] of arrayMember(group, 'scopeLogs', 'scope_logs').entries()) {
      const scope = asObject(scopeValue, `resourceLogs[${g}].scopeLogs[${s}]`);
      decodeScope(group, scope, now, context, outcome);
    }
  }
  return outcome;
};

function decodeScope(
  group: JsonObject,
  scope: JsonObject,
  now: TimeHalves,
  context: DecodeContext,
  outcome: DecodeOutcome,
): void {
  const run = new ScopeRun(context, outcome, streamResolver.fromJson(group, scope, context), 'logs');
  const attributes = new JsonAttributes();
  for (const [r, value] of arrayMember(scope, 'logRecords', 'log_records').entries()) {
    const record = asObject(value, `logRecords[${r}]`);
    if (!run.refusesNext()) decodeRecord(record, attributes, now, run);
  }
}

function decodeRecord(record: JsonObject, attributes: JsonAttributes, now: TimeHalves, run: ScopeRun): void {
  attributes.clear(run.context.limits);
  const list = attributes.add(arrayMember(record, 'attributes'));
  const body = attributes.addValue(member(record, 'body'));
  const log = readFields(record, now);
  if (run.refusesDepth(attributes.isTooDeep)) return;
  const tsMs = msOfHalves(log.ts.low, log.ts.high);
  if (run.refusesTime(tsMs)) return;
  append(log, attributes, run);
  run.accept(attributes.cutCount, attributes.dropped(list));
  run.observer?.log(run.stream.origin, {
    tsMs,
    eventName: log.eventName,
    body: attributes.types(body) === 's' ? attributes.text(body, 0) : '',
    attributes: toAttributes(attributes, list),
    traceId: log.traceId,
    spanId: log.spanId,
  });
}

type LogFields = ReturnType<typeof readFields>;

function readFields(record: JsonObject, now: TimeHalves) {
  const time = unsignedMember(record, 'timeUnixNano', 'time_unix_nano');
  const observed = unsignedMember(record, 'observedTimeUnixNano', 'observed_time_unix_nano');
  const severity = enumMember(record, 'severityNumber', 'severity_number', SEVERITIES);
  const traceId = idMember(record, 'traceId', 'trace_id', 16);
  const spanId = idMember(record, 'spanId', 'span_id', 8);
  return {
    ts: Number(time) !== 0 ? halves(time) : Number(observed) !== 0 ? halves(observed) : now,
    observed: Number(observed) === 0 || highHalf(observed) > 0x7fff_ffff ? now : halves(observed),
    severity: severity >= 0 && severity <= MAX_SEVERITY_NUMBER ? severity : 0,
    severityText: cutText(stringMember(record, 'severityText', 'severity_text'), MAX_SEVERITY_TEXT_LENGTH),
    eventName: cutText(stringMember(record, 'eventName', 'event_name'), MAX_NAME_LENGTH),
    traceId: traceId?.length === 16 ? traceId : undefined,
    spanId: spanId?.length === 8 ? spanId : undefined,
    flags: uint32Member(record, 'flags'),
    dropped: uint32Member(record, 'droppedAttributesCount', 'dropped_attributes_count'),
  };
}

function halves(value: number | bigint): TimeHalves {
  return { low: lowHalf(value), high: highHalf(value) };
}

/** Lists 0 and 1 of `attributes` are the record's attributes and its body. */
function append(log: LogFields, attributes: JsonAttributes, run: ScopeRun): void {
  const rows = run.context.batch.logs;
  const { stream } = run;
  rows.ts.appendParts(log.ts.low, log.ts.high);
  rows.observed_ts.appendParts(log.observed.low, log.observed.high);
  rows.stream_id.appendParts(stream.idLow, stream.idHigh);
  rows.service_name.append(stream.origin.serviceName);
  rows.severity_number.append(log.severity);
  rows.severity_text.append(log.severityText);
  rows.event_name.append(log.eventName);
  if (log.traceId === undefined) rows.trace_id.appendZero();
  else rows.trace_id.appendBytes(log.traceId, 0);
  if (log.spanId === undefined) rows.span_id.appendZero();
  else rows.span_id.appendBytes(log.spanId, 0);
  rows.trace_flags.append(log.flags & 0xff);
  rows.body.append(attributes.text(1, 0));
  rows.body_type.append(attributes.types(1));
  attributes.appendTo(0, rows.attributes);
  rows.attribute_types.append(attributes.types(0));
  rows.dropped_attributes.append(addCapped(log.dropped, attributes.dropped(0)));
}
