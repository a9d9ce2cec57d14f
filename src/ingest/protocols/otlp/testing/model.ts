/* A plain model of OTLP requests and plain encoders for it: the oracle of the decoders' tests. */

export type Value =
  | { s: string }
  | { i: bigint }
  | { d: number }
  | { b: boolean }
  | { x: Uint8Array }
  | { a: Value[] }
  | { m: [string, Value][] }
  | { n: true };

export type Pairs = [string, Value][];

export interface LogModel {
  time?: bigint;
  observed?: bigint;
  severity?: number;
  severityText?: string;
  body?: Value;
  attributes?: Pairs;
  dropped?: number;
  flags?: number;
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  eventName?: string;
}

export interface EventModel {
  time?: bigint;
  name?: string;
  attributes?: Pairs;
}

export interface LinkModel {
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  traceState?: string;
  attributes?: Pairs;
}

export interface SpanModel {
  traceId?: Uint8Array;
  spanId?: Uint8Array;
  traceState?: string;
  parentId?: Uint8Array;
  name?: string;
  kind?: number;
  start?: bigint;
  end?: bigint;
  attributes?: Pairs;
  dropped?: number;
  events?: EventModel[];
  droppedEvents?: number;
  links?: LinkModel[];
  droppedLinks?: number;
  status?: { message?: string; code?: number };
  flags?: number;
}

export interface GroupModel<R> {
  resource?: Pairs;
  resourceUrl?: string;
  scopeName?: string;
  scopeVersion?: string;
  scopeAttributes?: Pairs;
  scopeUrl?: string;
  records: R[];
}

export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

export function bytesField(field: number, bytes: Uint8Array | string | undefined): Buffer {
  if (bytes === undefined) return Buffer.alloc(0);
  const content = Buffer.from(bytes as Uint8Array);
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

export function varintField(field: number, value: bigint | number | undefined): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.concat([varint(field * 8), varint(value)]);
}

export function fixed64Field(field: number, value: bigint | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
}

function fixed32Field(field: number, value: number | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return Buffer.concat([varint(field * 8 + 5), bytes]);
}

export function encodeValue(value: Value): Buffer {
  if ('s' in value) return bytesField(1, value.s);
  if ('b' in value) return varintField(2, value.b ? 1 : 0);
  if ('i' in value) return varintField(3, value.i);
  if ('d' in value) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value.d);
    return Buffer.concat([varint(4 * 8 + 1), bytes]);
  }
  if ('a' in value) {
    return bytesField(5, Buffer.concat(value.a.map((item) => bytesField(1, encodeValue(item)))));
  }
  if ('m' in value) return bytesField(6, encodePairs(1, value.m));
  if ('x' in value) return bytesField(7, value.x);
  return Buffer.alloc(0);
}

export function encodePairs(field: number, pairs: Pairs | undefined): Buffer {
  return Buffer.concat(
    (pairs ?? []).map(([key, value]) =>
      bytesField(field, Buffer.concat([bytesField(1, key), bytesField(2, encodeValue(value))])),
    ),
  );
}

export function encodeLog(log: LogModel): Buffer {
  return Buffer.concat([
    fixed64Field(1, log.time),
    varintField(2, log.severity),
    bytesField(3, log.severityText),
    bytesField(5, log.body === undefined ? undefined : encodeValue(log.body)),
    encodePairs(6, log.attributes),
    varintField(7, log.dropped),
    fixed32Field(8, log.flags),
    bytesField(9, log.traceId),
    bytesField(10, log.spanId),
    fixed64Field(11, log.observed),
    bytesField(12, log.eventName),
  ]);
}

export function encodeSpan(span: SpanModel): Buffer {
  const events = (span.events ?? []).map((event) =>
    bytesField(
      11,
      Buffer.concat([
        fixed64Field(1, event.time),
        bytesField(2, event.name),
        encodePairs(3, event.attributes),
      ]),
    ),
  );
  const links = (span.links ?? []).map((link) =>
    bytesField(
      13,
      Buffer.concat([
        bytesField(1, link.traceId),
        bytesField(2, link.spanId),
        bytesField(3, link.traceState),
        encodePairs(4, link.attributes),
      ]),
    ),
  );
  const status = span.status;
  return Buffer.concat([
    bytesField(1, span.traceId),
    bytesField(2, span.spanId),
    bytesField(3, span.traceState),
    bytesField(4, span.parentId),
    bytesField(5, span.name),
    varintField(6, span.kind),
    fixed64Field(7, span.start),
    fixed64Field(8, span.end),
    encodePairs(9, span.attributes),
    varintField(10, span.dropped),
    ...events,
    varintField(12, span.droppedEvents),
    ...links,
    varintField(14, span.droppedLinks),
    status === undefined
      ? Buffer.alloc(0)
      : bytesField(15, Buffer.concat([bytesField(2, status.message), varintField(3, status.code)])),
    fixed32Field(16, span.flags),
  ]);
}

export function encodeRequest<R>(
  groups: readonly GroupModel<R>[],
  encodeRecord: (record: R) => Buffer,
): Buffer {
  return Buffer.concat(
    groups.map((group) => {
      const resource = bytesField(1, encodePairs(1, group.resource));
      const scope = bytesField(
        1,
        Buffer.concat([
          bytesField(1, group.scopeName),
          bytesField(2, group.scopeVersion),
          encodePairs(3, group.scopeAttributes),
        ]),
      );
      const records = group.records.map((record) => bytesField(2, encodeRecord(record)));
      const scopeGroup = Buffer.concat([scope, ...records, bytesField(3, group.scopeUrl)]);
      return bytesField(
        1,
        Buffer.concat([resource, bytesField(2, scopeGroup), bytesField(3, group.resourceUrl)]),
      );
    }),
  );
}

export function jsonValue(value: Value): object {
  if ('s' in value) return { stringValue: value.s };
  if ('b' in value) return { boolValue: value.b };
  if ('i' in value) return { intValue: String(value.i) };
  if ('d' in value) return { doubleValue: Number.isFinite(value.d) ? value.d : String(value.d) };
  if ('a' in value) return { arrayValue: { values: value.a.map(jsonValue) } };
  if ('m' in value) return { kvlistValue: { values: jsonPairs(value.m) } };
  if ('x' in value) return { bytesValue: Buffer.from(value.x).toString('base64') };
  return {};
}

export function jsonPairs(pairs: Pairs | undefined): object[] {
  return (pairs ?? []).map(([key, value]) => ({ key, value: jsonValue(value) }));
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

export function jsonLog(log: LogModel): object {
  return {
    timeUnixNano: log.time?.toString(),
    observedTimeUnixNano: log.observed?.toString(),
    severityNumber: log.severity,
    severityText: log.severityText,
    body: log.body === undefined ? undefined : jsonValue(log.body),
    attributes: jsonPairs(log.attributes),
    droppedAttributesCount: log.dropped,
    flags: log.flags,
    traceId: hex(log.traceId),
    spanId: hex(log.spanId),
    eventName: log.eventName,
  };
}

export function jsonSpan(span: SpanModel): object {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    traceState: span.traceState,
    parentSpanId: hex(span.parentId),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.start?.toString(),
    endTimeUnixNano: span.end?.toString(),
    attributes: jsonPairs(span.attributes),
    droppedAttributesCount: span.dropped,
    events: span.events?.map(({ time, name, attributes }) => ({
      timeUnixNano: time?.toString(),
      name,
      attributes: jsonPairs(attributes),
    })),
    droppedEventsCount: span.droppedEvents,
    links: span.links?.map(({ traceId, spanId, traceState, attributes }) => ({
      traceId: hex(traceId),
      spanId: hex(spanId),
      traceState,
      attributes: jsonPairs(attributes),
    })),
    droppedLinksCount: span.droppedLinks,
    status: span.status,
    flags: span.flags,
  };
}

export function jsonRequest<R>(
  signal: 'logs' | 'traces',
  groups: readonly GroupModel<R>[],
  toJson: (record: R) => object,
): Buffer {
  const [groupName, scopeName, recordName] =
    signal === 'logs'
      ? ['resourceLogs', 'scopeLogs', 'logRecords']
      : ['resourceSpans', 'scopeSpans', 'spans'];
  const request = {
    [groupName!]: groups.map((group) => ({
      resource: { attributes: jsonPairs(group.resource) },
      [scopeName!]: [
        {
          scope: {
            name: group.scopeName,
            version: group.scopeVersion,
            attributes: jsonPairs(group.scopeAttributes),
          },
          [recordName!]: group.records.map(toJson),
          schemaUrl: group.scopeUrl,
        },
      ],
      schemaUrl: group.resourceUrl,
    })),
  };
  return Buffer.from(JSON.stringify(request));
}

/** What the columns are to hold: pairs and type characters, a repeated key in its first place with its last value. */
export function storedPairs(pairs: Pairs | undefined): { attributes: [string, string][]; types: string } {
  const last = new Map((pairs ?? []).map(([key, value]) => [key, value]));
  return {
    attributes: [...last].map(([key, value]) => [key, storedText(value)]),
    types: [...last.values()].map((value) => Object.keys(value)[0]).join(''),
  };
}

export function storedText(value: Value): string {
  if ('s' in value) return value.s;
  if ('i' in value) return String(value.i);
  if ('d' in value) return Object.is(value.d, -0) ? '-0' : String(value.d);
  if ('b' in value) return String(value.b);
  if ('x' in value) return Buffer.from(value.x).toString('base64');
  if ('a' in value) return `[${value.a.map(nestedText).join(',')}]`;
  if ('m' in value) return pairsText(value.m);
  return '';
}

function pairsText(pairs: Pairs): string {
  return `[${pairs.map(([key, item]) => `{"key":${JSON.stringify(key)},"value":${nestedText(item)}}`).join(',')}]`;
}

function nestedText(value: Value): string {
  if ('a' in value) return `{"arrayValue":{"values":${storedText(value)}}}`;
  if ('m' in value) return `{"kvlistValue":{"values":${pairsText(value.m)}}}`;
  if ('d' in value && Object.is(value.d, -0)) return '{"doubleValue":-0}';
  return JSON.stringify(jsonValue(value));
}
