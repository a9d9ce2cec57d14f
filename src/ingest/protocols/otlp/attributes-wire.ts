import type { AttributeValue } from '../../../model/telemetry.ts';
import type { AttributeMapColumn, StringColumn } from '../../../store/index.ts';
import { characterBoundary, cutToBytes, HASH_SEED, hashBytes, sameBytes } from '../../text.ts';
import type { IngestLimits } from '../../types.ts';
import {
  appendDouble,
  doubleText,
  NestedText,
  plainValue,
  scanAnyValue,
  scanKeyValue,
  TYPE_ARRAY,
  TYPE_BOOLEAN,
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_INTEGER,
  TYPE_MAP,
  TYPE_NONE,
  TYPE_STRING,
  writeContainer,
} from './any-value.ts';
import { type AttributeLists, MAX_KEY_BYTES } from './attributes.ts';
import { KeyRun } from './key-run.ts';
import { signedOf, type WireReader } from './wire.ts';

type AttributeLimits = Pick<IngestLimits, 'attributesPerRecord' | 'valueBytes' | 'valueDepth'>;

/** Fields per entry in `#cells`: key start, key end, then `a` and `b` as in ScannedValue, then the key's hash. */
const CELL = 5;
const INITIAL_ENTRIES = 256;
const INITIAL_LISTS = 16;
const INITIAL_SLOTS = 512;
/** Stored as `s`, but the text is in `#texts`: what is left of an array or map that was too long. */
const CUT_TEXT = 0x53;
/** Tickets start over before they leave the range of 32-bit integers. */
const LAST_TICKET = 0x4000_0000;

/**
 * Attribute lists of a protobuf record, held as offsets into the body: no string and no object is made for an attribute, and its bytes
 * are copied once, from the body to the column. Reused from record to record.
 */
export class WireAttributes implements AttributeLists {
  isTooDeep = false;
  cutCount = 0;
  readonly #reader: WireReader;
  #limits: AttributeLimits = { attributesPerRecord: 0, valueBytes: 0, valueDepth: 0 };
  #cells = new Int32Array(INITIAL_ENTRIES * CELL);
  #types = new Uint8Array(INITIAL_ENTRIES);
  /** Text of arrays and maps, by entry. */
  readonly #texts = new Map<number, string>();
  #end = 0;
  /** How many lists are open. */
  lists = 0;
  /** First entry of each list; the last list ends at `#end`. */
  #firsts = new Int32Array(INITIAL_LISTS);
  #dropped = new Int32Array(INITIAL_LISTS);
  #first = 0;
  /**
   * Hash table from key to entry of the open list. A slot holds `#ticket` + index; tickets only grow, so slots of
   * earlier lists are stale by themselves and nothing is cleared between records.
   */
  #slots = new Int32Array(INITIAL_SLOTS);
  #ticket = 1;
  readonly #typeTexts = new TypeTexts();
  /** Keys that record after record has in its first list. */
  readonly #run = new KeyRun();
  /** All keys of the first list so far are those of the run, in its order. They are not in the hash table then. */
  #followsRun = false;
  /** Of the keys of the last record that did not follow the run. */
  #strayHash = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  /** Forgets all lists; call once per record. */
  clear(limits: AttributeLimits): void {
    this.#limits = limits;
    this.isTooDeep = false;
    this.cutCount = 0;
    this.#retireTickets();
    this.#end = this.#first = 0;
    this.lists = 0;
    if (this.#texts.size > 0) this.#texts.clear();
  }

  /** Starts the next list and returns its number, from 0. `add` goes to the list opened last. */
  open(): number {
    this.#retireTickets();
    this.#first = this.#end;
    const list = this.lists++;
    if (list === this.#firsts.length) {
      this.#firsts = doubled(this.#firsts);
      this.#dropped = doubled(this.#dropped);
    }
    this.#firsts[list] = this.#end;
    this.#dropped[list] = 0;
    // The open list is the only one that may be in the hash table, and an earlier one may still follow the run.
    if (list === 0) this.#followsRun = true;
    return list;
  }

  /** Makes the slots of the list that was open stale. */
  #retireTickets(): void {
    this.#ticket += this.#end - this.#first;
    if (this.#ticket > LAST_TICKET) {
      this.#ticket = 1;
      this.#slots.fill(0);
    }
  }

  /**
   * Adds the KeyValue message at `[start, end)` of the reader's body. Moves the reader.
   *
   * The usual form (key first, a string, lengths below 16 K) is read without the general reader; measured on 1 KB logs that
   * halves the time of this step.
   */
  add(start: number, end: number): void {
    const bytes = this.#reader.bytes;
    const keyLength = bytes[start + 1]!;
    const keyStart = start + 2;
    const keyEnd = keyStart + keyLength;
    if (bytes[start] === 0x0a && keyLength < 0x80 && keyEnd + 2 <= end && bytes[keyEnd] === 0x12) {
      let valueStart = keyEnd + 2;
      let valueLength = bytes[keyEnd + 1]!;
      if (valueLength >= 0x80 && bytes[valueStart]! < 0x80) {
        valueLength = (valueLength & 0x7f) | (bytes[valueStart++]! << 7);
      }
      if (valueStart + valueLength === end) {
        const index = this.#entryOf(keyStart, keyEnd);
        if (index >= 0) this.#setValue(index, valueStart, end);
        return;
      }
    }
    const pair = scanKeyValue(this.#reader, start, end);
    const { valueStart, valueEnd } = pair;
    const index = this.#entryOf(pair.keyStart, pair.keyEnd);
    if (index >= 0) this.#setValue(index, valueStart, valueEnd);
  }

  /**
   * Adds consecutive KeyValue fields from the position `from`, as long as their tag is the one byte `tag` and their length is below
   * 16 K. Returns where it stopped; `from` when the first field already needs the general reader. The reader must be sought after it.
   */
  addFields(tag: number, from: number, end: number): number {
    const { bytes } = this.#reader;
    let at = from;
    while (at + 2 < end && bytes[at] === tag) {
      let start = at + 2;
      let length = bytes[at + 1]!;
      if (length >= 0x80) {
        const high = bytes[start++]!;
        if (high >= 0x80) break;
        length = (length & 0x7f) | (high << 7);
      }
      if (start + length > end) break;
      at = start + length;
      this.add(start, at);
    }
    return at;
  }

  /** Adds an AnyValue message without a key as an entry of the open list: a log's body. */
  addValue(start: number, end: number): void {
    this.#setValue(this.#push(start, start, 0), start, end);
  }

  /** The entry of a key: the one it already has, a new one, or -1 when the list is full. */
  #entryOf(keyStart: number, keyEnd: number): number {
    const reader = this.#reader;
    if (this.#followsRun && this.lists === 1) {
      const index = this.#end;
      if (
        index < this.#limits.attributesPerRecord &&
        this.#run.matches(index, reader.view, keyStart, keyEnd)
      ) {
        return this.#push(keyStart, keyEnd, 0);
      }
      this.#leaveRun();
    }
    const hash = hashBytes(reader.view, keyStart, keyEnd, HASH_SEED);
    const slots = this.#slots;
    const mask = slots.length - 1;
    const cells = this.#cells;
    let slot = hash & mask;
    for (; slots[slot]! >= this.#ticket; slot = (slot + 1) & mask) {
      const index = this.#first + slots[slot]! - this.#ticket;
      const cell = index * CELL;
      if (cells[cell + 4] !== hash) continue;
      const count = keyEnd - keyStart;
      if (cells[cell + 1]! - cells[cell]! !== count) continue;
      if (sameBytes(reader.bytes, cells[cell]!, keyStart, count)) return index;
    }
    const count = this.#end - this.#first;
    if (count >= this.#limits.attributesPerRecord) {
      this.#dropped[this.lists - 1]!++;
      return -1;
    }
    slots[slot] = this.#ticket + count;
    const index = this.#push(keyStart, keyEnd, hash);
    if ((count + 1) * 2 > slots.length) this.#growSlots();
    return index;
  }

  /** Puts the keys so far, which the run has shown to be different ones, into the hash table. */
  #leaveRun(): void {
    this.#followsRun = false;
    const { view } = this.#reader;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let index = 0; index < this.#end; index++) {
      const cell = index * CELL;
      const hash = hashBytes(view, this.#cells[cell]!, this.#cells[cell + 1]!, HASH_SEED);
      this.#cells[cell + 4] = hash;
      let slot = hash & mask;
      while (slots[slot]! >= this.#ticket) slot = (slot + 1) & mask;
      slots[slot] = this.#ticket + index;
    }
  }

  /** Makes the keys of the first list the run when they come for the second time in succession. */
  #learnRun(): void {
    const end = this.#endOf(0);
    let hash = end;
    for (let i = 0; i < end; i++) hash = (Math.imul(hash, 31) + this.#cells[i * CELL + 4]!) | 0;
    if (hash !== this.#strayHash) {
      this.#strayHash = hash;
      return;
    }
    this.#run.clear();
    const { bytes } = this.#reader;
    for (let i = 0; i < end; i++) {
      if (!this.#run.push(bytes, this.#cells[i * CELL]!, this.#cells[i * CELL + 1]!)) return;
    }
  }

  #push(keyStart: number, keyEnd: number, hash: number): number {
    const index = this.#end++;
    if (index === this.#types.length) this.#growEntries();
    const cell = index * CELL;
    this.#cells[cell] = keyStart;
    this.#cells[cell + 1] = keyEnd;
    this.#cells[cell + 4] = hash;
    return index;
  }

  #setValue(index: number, start: number, end: number): void {
    const bytes = this.#reader.bytes;
    // The usual forms are one field and nothing else: a string, a number of two bytes at most, a boolean, a double.
    const length = end - start;
    const tag = length < 2 ? 0 : bytes[start]!;
    const first = bytes[start + 1]!;
    if (tag === 0x0a && first < 0x80 && length === first + 2) {
      this.#setString(index, start + 2, end);
      return;
    }
    if (tag === 0x18 && length === 2 && first < 0x80) {
      this.#set(index, TYPE_INTEGER, first, 0);
      return;
    }
    if (tag === 0x18 && length === 3 && first >= 0x80 && bytes[start + 2]! < 0x80) {
      this.#set(index, TYPE_INTEGER, (first & 0x7f) | (bytes[start + 2]! << 7), 0);
      return;
    }
    if (tag === 0x10 && length === 2 && first < 0x80) {
      this.#set(index, TYPE_BOOLEAN, first === 0 ? 0 : 1, 0);
      return;
    }
    if (tag === 0x21 && length === 9) {
      this.#set(index, TYPE_DOUBLE, start + 1, 0);
      return;
    }
    this.#setScanned(index, start, end);
  }

  #set(index: number, type: number, a: number, b: number): void {
    this.#types[index] = type;
    this.#cells[index * CELL + 2] = a;
    this.#cells[index * CELL + 3] = b;
  }

  #setScanned(index: number, start: number, end: number): void {
    const { type, a, b } = scanAnyValue(this.#reader, start, end);
    if (type === TYPE_STRING) {
      this.#setString(index, a, b);
      return;
    }
    this.#set(index, type, a, b);
    if (type === TYPE_BYTES) this.#limitBytes(index, a, b);
    else if (type === TYPE_ARRAY || type === TYPE_MAP) this.#setContainer(index, type === TYPE_MAP, a, b);
  }

  #setString(index: number, start: number, end: number): void {
    let stop = end;
    if (end - start > this.#limits.valueBytes) {
      stop = characterBoundary(this.#reader.bytes, start, start + this.#limits.valueBytes);
      this.cutCount++;
    }
    this.#set(index, TYPE_STRING, start, stop);
  }

  /** Cuts a byte value so that its base64 form keeps the limit and stays valid. */
  #limitBytes(index: number, start: number, end: number): void {
    const most = Math.floor(this.#limits.valueBytes / 4) * 3;
    if (end - start <= most) return;
    this.#cells[index * CELL + 3] = start + most;
    this.cutCount++;
  }

  #setContainer(index: number, isMap: boolean, start: number, end: number): void {
    const out = new NestedText(this.#limits.valueBytes, this.#limits.valueDepth);
    writeContainer(this.#reader, { isMap, start, end }, 1, out);
    if (out.isTooDeep) this.isTooDeep = true;
    const whole = out.toString();
    const text = cutToBytes(whole, this.#limits.valueBytes);
    this.#texts.set(index, text);
    if (text.length === whole.length) return;
    // Cut JSON is no longer JSON, so readers get it as the string it is.
    this.#types[index] = CUT_TEXT;
    this.cutCount++;
  }

  #growEntries(): void {
    this.#cells = doubled(this.#cells);
    const types = new Uint8Array(this.#types.length * 2);
    types.set(this.#types);
    this.#types = types;
  }

  /** Doubles the hash table, with the keys of the open list. */
  #growSlots(): void {
    const grown = new Int32Array(this.#slots.length * 2);
    const mask = grown.length - 1;
    for (let i = this.#first; i < this.#end; i++) {
      let slot = this.#cells[i * CELL + 4]! & mask;
      while (grown[slot] !== 0) slot = (slot + 1) & mask;
      grown[slot] = this.#ticket + i - this.#first;
    }
    this.#slots = grown;
  }

  count(list: number): number {
    return this.#endOf(list) - this.#firsts[list]!;
  }

  #endOf(list: number): number {
    return list + 1 < this.lists ? this.#firsts[list + 1]! : this.#end;
  }

  dropped(list: number): number {
    return this.#dropped[list]!;
  }

  types(list: number): string {
    return this.#typeTexts.get(this.#types, this.#firsts[list]!, this.#endOf(list));
  }

  key(list: number, index: number): string {
    const cell = (this.#firsts[list]! + index) * CELL;
    const start = this.#cells[cell]!;
    return this.#reader.text(start, this.#keyStop(start, this.#cells[cell + 1]!));
  }

  text(list: number, index: number): string {
    const entry = this.#firsts[list]! + index;
    const type = this.#types[entry]!;
    if (type !== TYPE_STRING) return this.#textOf(entry, type);
    return this.#reader.text(this.#cells[entry * CELL + 2]!, this.#cells[entry * CELL + 3]!);
  }

  value(list: number, index: number): AttributeValue {
    const entry = this.#firsts[list]! + index;
    const type = this.#types[entry]!;
    if (type === CUT_TEXT) return this.#texts.get(entry)!;
    return plainValue(this.#reader, type, this.#cells[entry * CELL + 2]!, this.#cells[entry * CELL + 3]!);
  }

  appendTo(list: number, column: AttributeMapColumn): void {
    const end = this.#endOf(list);
    const first = this.#firsts[list]!;
    if (list === 0 && this.#followsRun) this.#run.appendTo(column.keys, end);
    else this.#appendKeys(list, column.keys);
    this.#appendValues(first, end, column.values);
    column.close();
  }

  #appendKeys(list: number, keys: StringColumn): void {
    if (list === 0) this.#learnRun();
    const { bytes, view } = this.#reader;
    const cells = this.#cells;
    const end = this.#endOf(list);
    for (let entry = this.#firsts[list]!; entry < end; entry++) {
      const keyStart = cells[entry * CELL]!;
      const keyEnd = cells[entry * CELL + 1]!;
      keys.appendText(
        bytes,
        view,
        keyStart,
        keyEnd - keyStart > MAX_KEY_BYTES ? this.#keyStop(keyStart, keyEnd) : keyEnd,
      );
    }
  }

  /** Appends the text of one value. */
  appendValue(list: number, index: number, column: StringColumn): void {
    const entry = this.#firsts[list]! + index;
    this.#appendValues(entry, entry + 1, column);
  }

  #appendValues(first: number, end: number, column: StringColumn): void {
    const { bytes, view } = this.#reader;
    const types = this.#types;
    const cells = this.#cells;
    for (let entry = first, cell = first * CELL; entry < end; entry++, cell += CELL) {
      const type = types[entry]!;
      const a = cells[cell + 2]!;
      const b = cells[cell + 3]!;
      if (type === TYPE_STRING) column.appendText(bytes, view, a, b);
      else if (type === TYPE_INTEGER && b === 0 && a >= 0) column.appendDigits(a);
      else if (type === TYPE_DOUBLE) appendDouble(view.getFloat64(a, true), column);
      else column.append(this.#textOf(entry, type));
    }
  }

  #keyStop(start: number, end: number): number {
    return end - start > MAX_KEY_BYTES
      ? characterBoundary(this.#reader.bytes, start, start + MAX_KEY_BYTES)
      : end;
  }

  #textOf(entry: number, type: number): string {
    const a = this.#cells[entry * CELL + 2]!;
    const b = this.#cells[entry * CELL + 3]!;
    if (type === TYPE_INTEGER) return String(signedOf(a, b));
    if (type === TYPE_BOOLEAN) return a === 0 ? 'false' : 'true';
    if (type === TYPE_DOUBLE) return doubleText(this.#reader.view.getFloat64(a, true));
    if (type === TYPE_BYTES) return this.#reader.base64(a, b);
    if (type === TYPE_NONE) return '';
    return this.#texts.get(entry)!;
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(numbers.length * 2);
  grown.set(numbers);
  return grown;
}

const TYPE_TEXT_SLOTS = 256;

/** Strings of type characters. Records of one kind have the same ones, so a few are made once and used again. */
class TypeTexts {
  readonly #texts: string[] = new Array(TYPE_TEXT_SLOTS).fill('');
  #last = '';

  get(types: Uint8Array, start: number, end: number): string {
    if (!isText(this.#last, types, start, end)) this.#last = this.#find(types, start, end);
    return this.#last;
  }

  #find(types: Uint8Array, start: number, end: number): string {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + types[i]!) | 0;
    const slot = (hash ^ (hash >>> 8)) & (TYPE_TEXT_SLOTS - 1);
    const known = this.#texts[slot]!;
    if (isText(known, types, start, end)) return known;
    const text = Buffer.from(types.subarray(start, end)).toString('latin1').replaceAll('S', 's');
    // A text with a cut container does not equal its codes, so it is made anew each time: rare enough.
    this.#texts[slot] = text;
    return text;
  }
}

function isText(text: string, types: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== types[start + i]) return false;
  return true;
}
