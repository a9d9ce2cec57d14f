import { isUtf8 } from 'node:buffer';
import { compareText, METRIC_NAME } from '../../../model/labels.ts';
import { type Label, seriesId } from '../../series-id.ts';
import { cutText, TextCache } from '../../text.ts';
import type { IngestLimits } from '../../types.ts';
import {
  isRefusal,
  MAX_LABEL_BYTES,
  MAX_LABEL_KEY_BYTES,
  MAX_LABEL_SET_BYTES,
  type OrRefusal,
  type Refusal,
} from '../otlp/metrics-labels.ts';
import { WireReader } from '../otlp/wire.ts';

export { isRefusal, type OrRefusal, type Refusal };

/** Labels as they lie in memory, text that nobody has checked. */
export interface RawLabels {
  readonly reader: WireReader;
  /** Four offsets per label: start and end of the name, start and end of the value. */
  readonly places: readonly number[];
}

/** The labels of a series that keeps the rules. */
export interface CheckedLabels {
  readonly metric: string;
  /** Sorted, without `__name__` and without empty values. */
  readonly labels: readonly Label[];
  readonly id: bigint;
  /** Of names and values. */
  readonly bytes: number;
}

/** Longest name or value quoted in a message. */
const MAX_QUOTED_LENGTH = 100;
const LABELS = 1;
const REPLACEMENT = '\ufffd';

/** Names of labels, and values that come again. */
const texts = new TextCache();
const storedReader = new WireReader();

/**
 * The first `most` of the `Label { string name = 1; string value = 2 }` messages in the `labels = 1` fields of `[start, end)`. Moves the
 * reader.
 *
 * @throws DecodeError when the bytes are not made of such messages.
 */
export function rawLabels(reader: WireReader, start: number, end: number, most: number): RawLabels {
  const places: number[] = [];
  reader.seek(start, end);
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field !== LABELS) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    let [nameStart, nameEnd, valueStart, valueEnd] = [0, 0, 0, 0];
    for (let inner = reader.nextField(); inner !== 0; inner = reader.nextField()) {
      if (inner === 1) {
        reader.range();
        nameStart = reader.start;
        nameEnd = reader.stop;
      } else if (inner === 2) {
        reader.range();
        valueStart = reader.start;
        valueEnd = reader.stop;
      } else reader.skip();
    }
    reader.leave(outer);
    if (places.length < most * 4) places.push(nameStart, nameEnd, valueStart, valueEnd);
  }
  return { reader, places };
}

/** As {@link rawLabels} from other memory. */
export function rawLabelsOf(bytes: Uint8Array, start: number, end: number, most: number): RawLabels {
  return rawLabels(new WireReader(bytes), start, end, most);
}

/** The labels in label messages that were found good before: sorted, without `__name__` and empty values. */
export function storedLabels(messages: Uint8Array): readonly Label[] {
  storedReader.reset(messages);
  const raw = rawLabels(storedReader, 0, messages.length, Number.POSITIVE_INFINITY);
  const labels = checkedPairs(raw);
  storedReader.reset();
  return isRefusal(labels) ? [] : labels.filter(([name]) => name !== METRIC_NAME);
}

/** The label messages that stand for `raw`, so that {@link storedLabels} gives them back. */
export function encodeLabels({ reader, places }: RawLabels): Uint8Array {
  // A tag and a length of up to five bytes for each label, name and value.
  let most = 0;
  for (let i = 0; i < places.length; i += 2) most += 18 + places[i + 1]! - places[i]!;
  const out = new Uint8Array(most);
  let end = 0;
  for (let i = 0; i < places.length; i += 4) {
    const nameBytes = places[i + 1]! - places[i]!;
    const valueBytes = places[i + 3]! - places[i + 2]!;
    const inside = 2 + varintBytes(nameBytes) + nameBytes + varintBytes(valueBytes) + valueBytes;
    end = putHeader(out, end, LABELS, inside);
    end = putHeader(out, end, 1, nameBytes);
    out.set(reader.bytes.subarray(places[i], places[i + 1]), end);
    end = putHeader(out, end + nameBytes, 2, valueBytes);
    out.set(reader.bytes.subarray(places[i + 2], places[i + 3]), end);
    end += valueBytes;
  }
  return out.subarray(0, end);
}

/** Tag and length of a length-delimited field; returns where its bytes go. */
function putHeader(out: Uint8Array, at: number, field: number, length: number): number {
  let end = at;
  out[end++] = (field << 3) | 2;
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) out[end++] = (rest & 0x7f) | 0x80;
  out[end++] = rest;
  return end;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) bytes++;
  return bytes;
}

/**
 * Checks what the specification asks of labels, and what the server can hold. Order does not matter; a label with an empty value
 * counts as absent, as in Prometheus.
 */
export function checkedLabels(
  raw: RawLabels,
  limits: Pick<IngestLimits, 'attributesPerRecord'>,
): OrRefusal<CheckedLabels> {
  const most = limits.attributesPerRecord;
  if (raw.places.length > most * 4)
    return refused('too_many_labels', `a series has more than ${most} labels`);
  const all = checkedPairs(raw);
  if (isRefusal(all)) return all;
  const metric = all.find(([name]) => name === METRIC_NAME)?.[1] ?? '';
  if (metric === '') return refused('no_metric_name', `the label ${METRIC_NAME} is missing or empty`);
  const bytes = bytesOf(raw);
  if (bytes > MAX_LABEL_SET_BYTES) {
    const message = `the labels have ${bytes} bytes, at most ${MAX_LABEL_SET_BYTES} are allowed`;
    return refused('labels_too_long', message);
  }
  const labels = all.filter(([name]) => name !== METRIC_NAME);
  return { metric, labels, id: seriesId(metric, labels), bytes };
}

function bytesOf({ places }: RawLabels): number {
  let bytes = 0;
  for (let i = 0; i < places.length; i += 2) bytes += places[i + 1]! - places[i]!;
  return bytes;
}

/** Labels as text, sorted, those with an empty value left out; or the first that breaks a rule. */
export function checkedPairs({ reader, places }: RawLabels): OrRefusal<Label[]> {
  const labels: Label[] = [];
  let isSorted = true;
  for (let i = 0; i < places.length; i += 4) {
    const refusal = refusalOfLabel(reader, places, i);
    if (refusal !== undefined) return refusal;
    const name = textOf(reader, places[i]!, places[i + 1]!);
    const value = textOf(reader, places[i + 2]!, places[i + 3]!);
    if (name === undefined) return notUtf8('bad_label_name', 'the label name', reader, places, i);
    if (value === undefined) return notUtf8('bad_label_value', 'the value of the label', reader, places, i);
    const before = labels[labels.length - 1];
    // Comparing in UTF-16 is only good enough for ASCII, of which there are as many units as bytes.
    if (name.length !== places[i + 1]! - places[i]! || (before !== undefined && before[0] >= name))
      isSorted = false;
    labels.push([name, value]);
  }
  if (!isSorted) labels.sort((a, b) => compareText(a[0], b[0]));
  let hasEmpty = false;
  for (let i = 0; i < labels.length; i++) {
    const [name, value] = labels[i]!;
    if (i > 0 && labels[i - 1]![0] === name) {
      return refused('duplicate_label', `the label ${quoted(name)} is there twice`);
    }
    if (value === '') hasEmpty = true;
  }
  return hasEmpty ? labels.filter(([, value]) => value !== '') : labels;
}

export function refused(code: string, message: string): Refusal {
  return { code, message };
}

function refusalOfLabel(reader: WireReader, places: readonly number[], at: number): Refusal | undefined {
  const nameBytes = places[at + 1]! - places[at]!;
  if (nameBytes === 0) return refused('bad_label_name', 'a label has an empty name');
  if (nameBytes > MAX_LABEL_KEY_BYTES) {
    const message = `the label name ${quotedName(reader, places, at)} has more than ${MAX_LABEL_KEY_BYTES} bytes`;
    return refused('label_name_too_long', message);
  }
  if (places[at + 3]! - places[at + 2]! > MAX_LABEL_BYTES) {
    const message = `the label ${quotedName(reader, places, at)} has more than ${MAX_LABEL_BYTES} bytes`;
    return refused('label_too_long', message);
  }
  return undefined;
}

function notUtf8(
  code: string,
  what: string,
  reader: WireReader,
  places: readonly number[],
  at: number,
): Refusal {
  return refused(code, `${what} ${quotedName(reader, places, at)} is not UTF-8`);
}

/** The text of `[start, end)`, undefined when it is not UTF-8. */
function textOf(reader: WireReader, start: number, end: number): string | undefined {
  const text = texts.get(reader, start, end, MAX_LABEL_BYTES);
  // The replacement character can also stand there in its own right.
  if (text.includes(REPLACEMENT) && !isUtf8(reader.bytes.subarray(start, end))) return undefined;
  return text;
}

function quotedName(reader: WireReader, places: readonly number[], at: number): string {
  return quoted(reader.text(places[at]!, places[at + 1]!));
}

function quoted(text: string): string {
  return JSON.stringify(cutText(text, MAX_QUOTED_LENGTH));
}
