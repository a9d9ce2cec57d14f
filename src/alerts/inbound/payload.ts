import { DecodeError, messageOf } from '../../lib/errors.ts';
import { parseGoTime } from '../go-time.ts';

/** Bytes of one delivery, received or inflated. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** Lists and objects inside each other. */
export const MAX_PAYLOAD_DEPTH = 64;

/** Earlier times are mistakes, or Go's zero time. */
const MIN_TIME_MS = Date.UTC(2000, 0, 1);
const MAX_TIME_MS = Date.UTC(2262, 0, 1);
/** Numbers below are seconds, above milliseconds. */
const SECONDS_BELOW = 1e11;

/** Any JSON value. Fields are read with {@link valueAt}, never as properties: a payload may have any name in it. */
export type Payload = unknown;

/** @throws DecodeError `bad_input` (400) when it is no JSON, or nested too deeply. */
export function parsePayload(body: Uint8Array): Payload {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  let payload: Payload;
  try {
    payload = JSON.parse(text);
  } catch (error) {
    const reason = body.length === 0 ? 'it is empty' : messageOf(error).slice(0, 200);
    throw new DecodeError(`the body is no JSON: ${reason}`, 'send a JSON object', error);
  }
  checkDepth(payload);
  return payload;
}

/** Without recursion: the nesting is what is in question. */
function checkDepth(payload: Payload): void {
  let level: unknown[] = [payload];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_PAYLOAD_DEPTH)
      throw new DecodeError(`the body is nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
    const next: unknown[] = [];
    for (const value of level)
      if (typeof value === 'object' && value !== null)
        for (const inner of Object.values(value)) if (typeof inner === 'object') next.push(inner);
    level = next;
  }
}

/** What stands at a path; undefined when nothing does. Only fields of the payload itself count, none of JavaScript's. */
export function valueAt(payload: Payload, path: readonly string[]): unknown {
  let value = payload;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    if (Array.isArray(value) && !/^\d+$/.test(key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value ?? undefined;
}

/** A text, number or truth value as text; anything else, and an empty text, is nothing. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** The text at a dotted path. */
export function textAt(payload: Payload, path: string): string | undefined {
  return scalarText(valueAt(payload, path.split('.')));
}

/** The first of several paths that has a text. */
export function firstText(payload: Payload, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const text = textAt(payload, path);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Fields of an object that have a text, a number or a truth value. */
export function scalarFields(value: unknown): [name: string, text: string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const text = scalarText(inner);
    return text === undefined ? [] : [[name, text] as [string, string]];
  });
}

/** Epoch milliseconds of RFC 3339, or of epoch seconds or milliseconds; undefined for anything that is no time of our days. */
export function timeOf(value: unknown): number | undefined {
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value));
  const ms = isNumeric
    ? numericMs(Number(value))
    : typeof value === 'string'
      ? parseGoTime(value)
      : undefined;
  return ms !== undefined && ms >= MIN_TIME_MS && ms <= MAX_TIME_MS ? ms : undefined;
}

function numericMs(number: number): number {
  return Math.round(number < SECONDS_BELOW ? number * 1000 : number);
}

/** An address people may follow; '' for anything else. */
export function webAddress(text: string | undefined): string {
  if (text === undefined || text.length > MAX_ADDRESS_LENGTH || !URL.canParse(text)) return '';
  return /^https?:$/.test(new URL(text).protocol) ? text.toWellFormed() : '';
}

const MAX_ADDRESS_LENGTH = 4096;

/** Values at a path for whoever looks through a payload by hand: `alerts`, `alerts[0].labels`, `/alerts/0/labels`, `.` for all. */
export function parsePath(text: string): readonly string[] {
  if (text === '' || text === '.' || text === '$' || text === '/') return [];
  if (text.startsWith('/'))
    return text
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return text
    .replace(/^\$?\./, '')
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter((part) => part !== '');
}
