import type { Attributes, AttributeValue } from '../model/telemetry.ts';

/** Limits of what one record may put into the ledger; the full record is in its own table. */
const MAX_ATTRIBUTES = 128;
const MAX_KEY_CHARS = 256;
const MAX_VALUE_CHARS = 8192;
const MAX_RECORD_CHARS = 32_768;

/** Beyond this a count, a cost or a duration is nonsense, and sums would leave the safe integers. */
const MAX_QUANTITY = 1e12;

/** The attribute as text, '' when absent; scalars of any type, cut at `maxChars`. */
export function textOf(attributes: Attributes, key: string, maxChars = 256): string {
  const value = attributes.values.get(key);
  switch (typeof value) {
    case 'string':
      return cut(value, maxChars);
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return '';
  }
}

/** The first of several attributes that is not empty. */
export function firstTextOf(attributes: Attributes, keys: readonly string[], maxChars = 256): string {
  for (const key of keys) {
    const text = textOf(attributes, key, maxChars);
    if (text !== '') return text;
  }
  return '';
}

/** A finite number, also when it was sent as a string; undefined when absent or anything else. */
export function numberOf(attributes: Attributes, key: string): number | undefined {
  const value = attributes.values.get(key);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value.length > 64 || value.trim() === '') return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** A number from 0 to 10^12; 0 when absent, negative or not a number. */
export function quantityOf(attributes: Attributes, key: string): number {
  return clampQuantity(numberOf(attributes, key) ?? 0);
}

/** A whole number from 0 to 10^12, rounded. */
export function countOf(attributes: Attributes, key: string): number {
  return Math.round(quantityOf(attributes, key));
}

/** The first of several counts that was sent at all. */
export function firstCountOf(attributes: Attributes, keys: readonly string[]): number | undefined {
  const sent = keys.find((key) => numberOf(attributes, key) !== undefined);
  return sent === undefined ? undefined : countOf(attributes, sent);
}

export function clampQuantity(value: number): number {
  return value > 0 ? Math.min(value, MAX_QUANTITY) : 0;
}

/** A boolean, also when it was sent as a string or number; undefined when absent or anything else. */
export function booleanOf(attributes: Attributes, key: string): boolean | undefined {
  const value = attributes.values.get(key);
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 1 || value === 1n || value === '1') return true;
  if (value === 'false' || value === 0 || value === 0n || value === '0') return false;
  return undefined;
}

/** The text without what exceeds `maxChars`, never ending in half a surrogate pair. */
export function cut(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const last = text.charCodeAt(maxChars - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? maxChars - 1 : maxChars);
}

/** Attributes as the columns take them; `types` has one character per entry. */
export interface EncodedAttributes {
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly types: string;
}

/**
 * Text forms of attributes as described at the attribute columns in `store/tables.ts`, within the ledger's limits. A value that
 * had to be cut is kept as a string that ends in an ellipsis.
 */
export function encodeAttributes(attributes: Attributes): EncodedAttributes {
  const keys: string[] = [];
  const values: string[] = [];
  let types = '';
  let position = 0;
  let room = MAX_RECORD_CHARS;
  for (const [key, value] of attributes.values) {
    if (keys.length === MAX_ATTRIBUTES || room <= 0) break;
    const encoded = encodeValue(value, attributes.types[position++]);
    const maxChars = Math.min(MAX_VALUE_CHARS, room);
    const isCut = encoded.text.length > maxChars;
    const text = isCut ? `${cut(encoded.text, maxChars)}…` : encoded.text;
    keys.push(cut(key, MAX_KEY_CHARS));
    values.push(text);
    types += isCut ? 's' : encoded.type;
    room -= text.length + key.length;
  }
  return { keys, values, types };
}

function encodeValue(value: AttributeValue, sentType: string | undefined): { text: string; type: string } {
  switch (typeof value) {
    case 'string':
      return { text: value, type: 's' };
    case 'boolean':
      return { text: String(value), type: 'b' };
    case 'bigint':
      return { text: String(value), type: 'i' };
    case 'number':
      return {
        text: Object.is(value, -0) ? '-0' : String(value),
        type: isInteger(value, sentType) ? 'i' : 'd',
      };
  }
  if (value === null) return { text: '', type: 'n' };
  if (value instanceof Uint8Array) return { text: base64(value), type: 'x' };
  if (Array.isArray(value)) return { text: JSON.stringify(value.map(typedLeaf)), type: 'a' };
  return { text: JSON.stringify(typedEntries(value as Record<string, AttributeValue>)), type: 'm' };
}

function isInteger(value: number, sentType: string | undefined): boolean {
  return sentType === undefined ? Number.isSafeInteger(value) : sentType === 'i';
}

/** A value as OTLP/JSON writes it: `{"intValue":"5"}`. */
function typedLeaf(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { intValue: String(value) };
    return { doubleValue: Number.isFinite(value) ? value : String(value) };
  }
  if (value === null) return {};
  if (value instanceof Uint8Array) return { bytesValue: base64(value) };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(typedLeaf) } };
  return { kvlistValue: { values: typedEntries(value as Record<string, AttributeValue>) } };
}

function typedEntries(value: Record<string, AttributeValue>): unknown[] {
  return Object.entries(value).map(([key, item]) => ({ key, value: typedLeaf(item) }));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
