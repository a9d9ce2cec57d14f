import { createHash } from 'node:crypto';

/** A JSON value as `JSON.parse` gives it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json | undefined };

const timeKeys = new Set(['timeUnixNano', 'observedTimeUnixNano', 'startTimeUnixNano', 'endTimeUnixNano']);
const idKeys = new Set(['traceId', 'spanId', 'parentSpanId']);
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const isoPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** The latest time in a request of OTLP/JSON, in epoch nanoseconds; 0n when it has none. */
export function latestTimeNs(request: Json): bigint {
  let latest = 0n;
  visit(request, (key, value) => {
    if (timeKeys.has(key) && BigInt(value) > latest) latest = BigInt(value);
  });
  return latest;
}

function visit(value: Json, onLeaf: (key: string, value: string) => void, key = ''): void {
  if (Array.isArray(value)) for (const item of value) visit(item, onLeaf, key);
  else if (value !== null && typeof value === 'object')
    for (const [name, child] of Object.entries(value)) visit(child ?? null, onLeaf, name);
  else if (typeof value === 'string' || typeof value === 'number') onLeaf(key, String(value));
}

export interface ReplayOptions {
  /** Added to every time. */
  readonly shiftNs: bigint;
  /** Ids become other ids, the same for the same seed: a replay is a session of its own, and its records still belong together. */
  readonly seed: string;
  /** Resource attributes to add. */
  readonly resource: Readonly<Record<string, string | boolean>>;
}

/** A recorded OTLP/JSON request as it would have been sent at another time by another session. */
export function replay(request: Json, options: ReplayOptions): Json {
  const moved = transform(request, '', options);
  for (const group of resourceGroups(moved)) addAttributes(group, options.resource);
  return moved;
}

function transform(value: Json, key: string, options: ReplayOptions): Json {
  if (Array.isArray(value)) return value.map((item) => transform(item, key, options));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [name, transform(child ?? null, name, options)]),
    );
  }
  if (timeKeys.has(key)) return shifted(String(value), options.shiftNs);
  return typeof value === 'string' ? movedText(key, value, options) : value;
}

function shifted(text: string, shiftNs: bigint): string {
  const time = BigInt(text);
  return time === 0n ? text : String(time + shiftNs);
}

function movedText(key: string, text: string, options: ReplayOptions): string {
  if (idKeys.has(key)) return text === '' ? '' : derivedHex(text, options.seed, text.length);
  if (uuidPattern.test(text)) return derivedUuid(text, options.seed);
  if (isoPattern.test(text))
    return new Date(Date.parse(text) + Number(options.shiftNs / 1_000_000n)).toISOString();
  return text;
}

function derivedHex(text: string, seed: string, digits: number): string {
  return createHash('sha256').update(`${seed}/${text}`).digest('hex').slice(0, digits);
}

function derivedUuid(text: string, seed: string): string {
  const hex = derivedHex(text, seed, 32);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}

function resourceGroups(request: Json): { [key: string]: Json }[] {
  if (request === null || typeof request !== 'object' || Array.isArray(request)) return [];
  return Object.values(request).flatMap((groups) =>
    Array.isArray(groups) ? (groups as { [key: string]: Json }[]) : [],
  );
}

function addAttributes(group: { [key: string]: Json }, attributes: ReplayOptions['resource']): void {
  const resource = (group.resource ?? {}) as { [key: string]: Json };
  const added = Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'boolean' ? { boolValue: value } : { stringValue: value },
  }));
  group.resource = { ...resource, attributes: [...((resource.attributes ?? []) as Json[]), ...added] };
}
