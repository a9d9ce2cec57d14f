import type { Attributes, AttributeValue } from '../../../model/telemetry.ts';
import type { AttributeMapColumn } from '../../../store/index.ts';

export { JsonAttributes } from './attributes-json.ts';
export { WireAttributes } from './attributes-wire.ts';

/** Longest attribute key kept, in bytes; longer ones are cut. Keys share a LowCardinality dictionary. */
export const MAX_KEY_BYTES = 1024;

/**
 * The attribute lists of one record, decoded and checked but not yet appended anywhere: a span has one of its own and one per event
 * and link. Both encodings fill it, everything behind it is the same for both.
 *
 * In each list a repeated key keeps its first place and its last value. Attributes over the limit are counted in `dropped`.
 */
export interface AttributeLists {
  /** True when a value of any list is nested deeper than the limit: the record is to be refused with `too_deep`. */
  readonly isTooDeep: boolean;
  /** Values and keys that were cut, over all lists. */
  readonly cutCount: number;
  /** Entries in list number `list`. */
  count(list: number): number;
  /** Attributes left out of the list because of the limit. */
  dropped(list: number): number;
  /** One type character per entry. */
  types(list: number): string;
  key(list: number, index: number): string;
  /** The value as it is stored: text, decimal, base64 or JSON. */
  text(list: number, index: number): string;
  value(list: number, index: number): AttributeValue;
  /** Appends the list as one row of the column. */
  appendTo(list: number, column: AttributeMapColumn): void;
}

/** A list as plain data, for observers and resources. */
export function toAttributes(lists: AttributeLists, list: number): Attributes {
  const values = new Map<string, AttributeValue>();
  const count = lists.count(list);
  for (let i = 0; i < count; i++) values.set(lists.key(list, i), lists.value(list, i));
  return { values, types: lists.types(list) };
}

/** Attributes of nothing. */
export const NO_ATTRIBUTES: Attributes = { values: new Map(), types: '' };
