import { plainLogs, plainSpans } from './plain-decoder.mjs';

// Protobuf payloads as OTLP/JSON, for measuring the JSON decoders on the same records.

const kinds = { s: 'stringValue', i: 'intValue', d: 'doubleValue', b: 'boolValue' };

function anyValue({ type, text }) {
  if (type === 'd') return { doubleValue: Number(text) };
  return { [kinds[type]]: type === 'b' ? text === 'true' : text };
}

function keyValues(attributes) {
  return attributes.map(({ key, type, text }) => ({ key, value: anyValue({ type, text }) }));
}

function hex(bytes) {
  return Buffer.from(bytes).toString('hex');
}

function logRecord(log) {
  return {
    timeUnixNano: String(log.ts),
    observedTimeUnixNano: String(log.observed),
    severityNumber: log.severity,
    severityText: log.severityText,
    body: anyValue(log.body),
    attributes: keyValues(log.attributes),
    traceId: hex(log.traceId),
    spanId: hex(log.spanId),
  };
}

function spanRecord(span) {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentId),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.start),
    endTimeUnixNano: String(span.end),
    attributes: keyValues(span.attributes),
  };
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'bench' } }] };

/** An export request with all records of a protobuf one, in one resource. */
export function toJson(signal, body) {
  return signal === 'logs'
    ? { resourceLogs: [{ resource, scopeLogs: [{ logRecords: plainLogs(body).map(logRecord) }] }] }
    : { resourceSpans: [{ resource, scopeSpans: [{ spans: plainSpans(body).map(spanRecord) }] }] };
}
