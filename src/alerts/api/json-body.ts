import { messageOf } from '../../lib/errors.ts';
import { parseGoTime, ZERO_TIME_MS } from '../go-time.ts';
import { Refusal } from './refusal.ts';

/** A JSON object; its fields are read with {@link fieldOf} only, because a body may bring any name. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws Refusal when it is no JSON. */
export function parseJsonBody(body: Uint8Array, contentType: string | undefined, name: string): unknown {
  const type = (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/json') throw Refusal.mediaType(type);
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (error) {
    throw Refusal.unreadable(name, body.length === 0 ? 'EOF' : messageOf(error));
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field; null counts as absent, as in Go. */
export function fieldOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/** @throws Refusal when it is there and no text. */
export function textOf(object: JsonObject, name: string, body: string): string | undefined {
  const value = fieldOf(object, name);
  if (value === undefined || typeof value === 'string') return value?.toWellFormed();
  throw Refusal.unreadable(body, `${name} must be a text`);
}

/**
 * Epoch milliseconds of a time as Alertmanager takes it: RFC 3339, with less of it where it is clear. Undefined when absent, or
 * Go's zero time.
 *
 * @throws Refusal when it is there and no time.
 */
export function timeOf(object: JsonObject, name: string, body: string): number | undefined {
  const text = textOf(object, name, body);
  if (text === undefined || text === '') return undefined;
  const ms = parseGoTime(text);
  if (ms === undefined)
    throw Refusal.unreadable(body, `${name}: ${JSON.stringify(text.slice(0, 64))} is no time in RFC 3339`);
  return ms <= ZERO_TIME_MS ? undefined : ms;
}
