// The plain way to decode OTLP logs and traces: a generic protobuf reader that makes one object per message and one string per text, whose
// values are then appended to the columns. It is the baseline of bench/decode-otlp.mjs; it checks no limits.

const text = new TextDecoder();

function readFields(view, start, end) {
  const fields = [];
  let pos = start;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(pos++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (pos < end) {
    const tag = Number(varint());
    const field = tag >>> 3;
    if ((tag & 7) === 0) fields.push({ field, value: varint() });
    else if ((tag & 7) === 1) {
      fields.push({ field, value: view.getBigUint64(pos, true), offset: pos });
      pos += 8;
    } else if ((tag & 7) === 5) {
      fields.push({ field, value: view.getUint32(pos, true) });
      pos += 4;
    } else {
      const length = Number(varint());
      fields.push({ field, start: pos, end: pos + length });
      pos += length;
    }
  }
  return fields;
}

function textOf(view, part) {
  return part === undefined
    ? ''
    : text.decode(new Uint8Array(view.buffer, view.byteOffset + part.start, part.end - part.start));
}

function bytesOf(view, part) {
  return new Uint8Array(view.buffer, view.byteOffset + part.start, part.end - part.start);
}

function anyValue(view, part) {
  const [value] = readFields(view, part.start, part.end);
  if (value === undefined) return { type: 'n', text: '' };
  if (value.field === 1) return { type: 's', text: textOf(view, value) };
  if (value.field === 2) return { type: 'b', text: String(value.value !== 0n) };
  if (value.field === 3) return { type: 'i', text: String(BigInt.asIntN(64, value.value)) };
  return { type: 'd', text: String(view.getFloat64(value.offset, true)) };
}

function attributes(view, fields, number) {
  return fields
    .filter(({ field }) => field === number)
    .map((part) => {
      const pair = readFields(view, part.start, part.end);
      const key = textOf(
        view,
        pair.find(({ field }) => field === 1),
      );
      return {
        key,
        ...anyValue(
          view,
          pair.find(({ field }) => field === 2),
        ),
      };
    });
}

/** Every record of a request as an object. */
function records(body, read) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const all = [];
  for (const group of readFields(view, 0, body.length)) {
    for (const scope of readFields(view, group.start, group.end).filter(({ field }) => field === 2)) {
      for (const record of readFields(view, scope.start, scope.end).filter(({ field }) => field === 2)) {
        const fields = readFields(view, record.start, record.end);
        all.push(read(view, fields, (number) => fields.find(({ field }) => field === number)));
      }
    }
  }
  return all;
}

export function plainLogs(body) {
  return records(body, (view, fields, find) => ({
    ts: find(1).value,
    observed: find(11).value,
    severity: Number(find(2).value),
    severityText: textOf(view, find(3)),
    body: anyValue(view, find(5)),
    traceId: bytesOf(view, find(9)),
    spanId: bytesOf(view, find(10)),
    attributes: attributes(view, fields, 6),
  }));
}

export function plainSpans(body) {
  return records(body, (view, fields, find) => ({
    traceId: bytesOf(view, find(1)),
    spanId: bytesOf(view, find(2)),
    parentId: bytesOf(view, find(4)),
    name: textOf(view, find(5)),
    kind: Number(find(6).value),
    start: find(7).value,
    end: find(8).value,
    attributes: attributes(view, fields, 9),
  }));
}

function appendAttributes(rows, list) {
  for (const { key, text: value } of list) {
    rows.attributes.keys.append(key);
    rows.attributes.values.append(value);
  }
  rows.attributes.close();
  rows.attribute_types.append(list.map(({ type }) => type).join(''));
  rows.dropped_attributes.append(0);
}

export function appendPlainLogs(rows, list) {
  for (const log of list) {
    rows.ts.appendBigInt(log.ts);
    rows.observed_ts.appendBigInt(log.observed);
    rows.stream_id.append(1);
    rows.service_name.append('bench');
    rows.severity_number.append(log.severity);
    rows.severity_text.append(log.severityText);
    rows.event_name.append('');
    rows.trace_id.appendBytes(log.traceId, 0);
    rows.span_id.appendBytes(log.spanId, 0);
    rows.trace_flags.append(0);
    rows.body.append(log.body.text);
    rows.body_type.append(log.body.type);
    appendAttributes(rows, log.attributes);
  }
}

export function appendPlainSpans(rows, list) {
  for (const span of list) {
    rows.trace_id.appendBytes(span.traceId, 0);
    rows.span_id.appendBytes(span.spanId, 0);
    rows.parent_span_id.appendBytes(span.parentId, 0);
    rows.trace_state.append('');
    rows.trace_flags.append(0);
    rows.name.append(span.name);
    rows.kind.append(span.kind);
    rows.start_ts.appendBigInt(span.start);
    rows.duration_ns.appendBigInt(span.end - span.start);
    rows.status_code.append(0);
    rows.status_message.append('');
    rows.stream_id.append(1);
    rows.service_name.append('bench');
    appendAttributes(rows, span.attributes);
    for (const [name, column] of Object.entries(rows)) if (/^(event|link)_/.test(name)) column.close();
    rows.dropped_events.append(0);
    rows.dropped_links.append(0);
  }
}
