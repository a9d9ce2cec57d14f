/**
 * Snappy's block format, which Prometheus's remote write and remote read use for bodies.
 *
 * A block is the length of the content as a varint, then elements: literals (bytes as they are) and copies (a length and how far
 * back to copy from). https://github.com/google/snappy/blob/main/format_description.txt
 */

import { DecodeError } from './errors.ts';

/** Words are written a little past the end of an element; so much room there must be behind the content. */
const SLACK_BYTES = 64;
/** No element makes more of its bytes than a copy with a two-byte offset: 64 of 3. */
const MAX_EXPANSION = 22;
/** From this length on the native copy is faster than words. */
const NATIVE_COPY_BYTES = 128;

const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;

/** Bytes that `output` of {@link snappyUncompress} needs for content of `contentBytes`. */
export function snappyOutputBytes(contentBytes: number): number {
  return contentBytes + SLACK_BYTES;
}

/**
 * The content of a block.
 *
 * @param maxBytes longest content that is taken.
 * @param output memory to write into; used when it has room for {@link snappyOutputBytes} of the content, else new memory is
 *   taken. The answer is a view of it, so it holds until the memory is used again. What lies behind the view is overwritten.
 * @throws DecodeError when the bytes are not one whole block or the content is longer than `maxBytes`.
 */
export function snappyUncompress(input: Uint8Array, maxBytes: number, output?: Uint8Array): Uint8Array {
  const { length, headerBytes } = contentLength(input);
  if (length > maxBytes) {
    throw new DecodeError(
      `The snappy block unpacks to ${length} bytes, at most ${maxBytes} are allowed.`,
      'Send smaller requests.',
    );
  }
  // Checked before memory is taken, so that a short block cannot claim a lot of it.
  if (length > input.length * MAX_EXPANSION) fail(`${length} bytes cannot come out of ${input.length}`);
  const needed = snappyOutputBytes(length);
  const target = output !== undefined && output.length >= needed ? output : new Uint8Array(needed);
  unpack(input, headerBytes, target, length);
  return target.subarray(0, length);
}

function contentLength(input: Uint8Array): { length: number; headerBytes: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = input[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte >= 0x80) continue;
    if (length > 0xffff_ffff) break;
    return { length, headerBytes: i + 1 };
  }
  return fail('it does not begin with a length');
}

function unpack(input: Uint8Array, start: number, target: Uint8Array, length: number): void {
  const from = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const to = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const inputEnd = input.length;
  // Where a word may be read or a tag with everything that belongs to it: not so near to the end.
  const wordsEnd = inputEnd - SLACK_BYTES;
  let at = start;
  let end = 0;
  while (at < inputEnd) {
    const tag = input[at]!;
    const kind = tag & 3;
    if (kind === LITERAL) {
      let count = (tag >>> 2) + 1;
      at++;
      if (count > 60) {
        const width = count - 60;
        if (at + width > inputEnd) fail('a length is cut off');
        count = littleEndian(input, at, width) + 1;
        at += width;
      }
      if (count > length - end) fail('a literal reaches past the end of the content');
      if (count <= SLACK_BYTES && at <= wordsEnd) {
        for (let i = 0; i < count; i += 16) copyBlock(from, at + i, to, end + i);
      } else copyLiteral(input, at, target, end, count);
      at += count;
      end += count;
      continue;
    }
    let count = (tag >>> 2) + 1;
    let offset: number;
    if (at + 5 > inputEnd) checkCopy(kind, at, inputEnd);
    if (kind === COPY_2) {
      offset = input[at + 1]! | (input[at + 2]! << 8);
      at += 3;
    } else if (kind === COPY_1) {
      count = ((tag >>> 2) & 7) + 4;
      offset = ((tag & 0xe0) << 3) | input[at + 1]!;
      at += 2;
    } else {
      offset = littleEndian(input, at + 1, 4);
      at += 5;
    }
    if (offset === 0 || offset > end) fail(`a copy from ${offset} bytes back where there are ${end}`);
    if (count > length - end) fail('a copy reaches past the end of the content');
    const source = end - offset;
    if (offset >= 16) {
      for (let i = 0; i < count; i += 16) copyBlock(to, source + i, to, end + i);
    } else if (offset >= 4) {
      for (let i = 0; i < count; i += 4) to.setInt32(end + i, to.getInt32(source + i, true), true);
    } else {
      for (let i = 0; i < count; i++) target[end + i] = target[source + i]!;
    }
    end += count;
  }
  if (end !== length) fail(`it holds ${end} bytes and promises ${length}`);
}

/** Four words: cheaper than to count how many are needed. */
function copyBlock(from: DataView, at: number, to: DataView, onto: number): void {
  const first = from.getInt32(at, true);
  const second = from.getInt32(at + 4, true);
  const third = from.getInt32(at + 8, true);
  const fourth = from.getInt32(at + 12, true);
  to.setInt32(onto, first, true);
  to.setInt32(onto + 4, second, true);
  to.setInt32(onto + 8, third, true);
  to.setInt32(onto + 12, fourth, true);
}

/** A literal that is long, or so near to the end of the input that words would reach past it. */
function copyLiteral(input: Uint8Array, at: number, target: Uint8Array, end: number, count: number): void {
  if (at + count > input.length) fail('a literal is cut off');
  if (count >= NATIVE_COPY_BYTES) target.set(input.subarray(at, at + count), end);
  else for (let i = 0; i < count; i++) target[end + i] = input[at + i]!;
}

const COPY_BYTES = [0, 2, 3, 5];

function checkCopy(kind: number, at: number, inputEnd: number): void {
  if (at + COPY_BYTES[kind]! > inputEnd) fail('a copy is cut off');
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function fail(what: string): never {
  throw new DecodeError(
    `Not a valid snappy block: ${what}.`,
    'Compress the body with snappy in its block format, not the framed one.',
  );
}

/** Matches are looked for within fragments of this size, so that offsets fit in two bytes. */
const FRAGMENT_BYTES = 65_536;
const TABLE_BITS = 14;
/** A fragment shorter than this is not worth a search. */
const MIN_FRAGMENT_BYTES = 16;
const MIN_MATCH = 4;
/** Where no match was found for a while the search takes longer steps: one more per so many misses. */
const SKIP_BITS = 5;

/** One table for all calls: compressing is synchronous. */
const table = new Uint16Array(1 << TABLE_BITS);

/** Compresses `input` to a block; a new buffer of the right length. */
export function snappyCompress(input: Uint8Array): Uint8Array {
  const writer = new BlockWriter(input);
  writer.length(input.length);
  for (let start = 0; start < input.length; start += FRAGMENT_BYTES) {
    compressFragment(writer, start, Math.min(input.length, start + FRAGMENT_BYTES));
  }
  return writer.written();
}

/** Greedy: takes the first match that a table of the last place of each four bytes shows. */
function compressFragment(writer: BlockWriter, start: number, end: number): void {
  const { view } = writer;
  const last = end - MIN_FRAGMENT_BYTES;
  let unwritten = start;
  if (last > start) {
    table.fill(0);
    let misses = 1 << SKIP_BITS;
    for (let at = start + 1; at <= last; ) {
      const word = view.getInt32(at, true);
      const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS);
      const candidate = start + table[slot]!;
      table[slot] = at - start;
      if (candidate >= at || view.getInt32(candidate, true) !== word) {
        at += misses++ >>> SKIP_BITS;
        continue;
      }
      misses = 1 << SKIP_BITS;
      const count = matchLength(view, candidate, at, end);
      writer.literal(unwritten, at);
      writer.copy(at - candidate, count);
      at += count;
      unwritten = at;
      if (at <= last) {
        // The end of a match often begins the next one.
        const before = Math.imul(view.getInt32(at - 1, true), 0x1e35a7bd) >>> (32 - TABLE_BITS);
        table[before] = at - 1 - start;
      }
    }
  }
  writer.literal(unwritten, end);
}

function matchLength(view: DataView, candidate: number, at: number, end: number): number {
  let count = MIN_MATCH;
  while (
    at + count + 4 <= end &&
    view.getInt32(candidate + count, true) === view.getInt32(at + count, true)
  ) {
    count += 4;
  }
  while (at + count < end && view.getUint8(candidate + count) === view.getUint8(at + count)) count++;
  return count;
}

/** Writes elements; the room is what incompressible input takes at most. */
class BlockWriter {
  readonly #input: Uint8Array;
  readonly view: DataView;
  readonly #output: Uint8Array;
  #end = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.#output = new Uint8Array(32 + input.length + Math.ceil(input.length / 6));
  }

  length(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#output[this.#end++] = (rest % 128) | 0x80;
    this.#output[this.#end++] = rest;
  }

  literal(start: number, stop: number): void {
    const count = stop - start;
    if (count === 0) return;
    const output = this.#output;
    const most = count - 1;
    if (most < 60) output[this.#end++] = most << 2;
    else if (most < 256) {
      output[this.#end++] = 60 << 2;
      output[this.#end++] = most;
    } else {
      // A fragment has at most 65,536 bytes, so two bytes always do.
      output[this.#end++] = 61 << 2;
      output[this.#end++] = most & 0xff;
      output[this.#end++] = most >>> 8;
    }
    if (count >= NATIVE_COPY_BYTES) output.set(this.#input.subarray(start, stop), this.#end);
    else for (let i = 0; i < count; i++) output[this.#end + i] = this.#input[start + i]!;
    this.#end += count;
  }

  copy(offset: number, count: number): void {
    let rest = count;
    // Never less than four bytes are left over, the least the short form can say.
    for (; rest >= 68; rest -= 64) this.#longCopy(offset, 64);
    if (rest > 64) {
      this.#longCopy(offset, 60);
      rest -= 60;
    }
    if (rest >= 12 || offset >= 2048) this.#longCopy(offset, rest);
    else {
      this.#output[this.#end++] = COPY_1 | ((rest - 4) << 2) | ((offset >>> 8) << 5);
      this.#output[this.#end++] = offset & 0xff;
    }
  }

  #longCopy(offset: number, count: number): void {
    this.#output[this.#end++] = COPY_2 | ((count - 1) << 2);
    this.#output[this.#end++] = offset & 0xff;
    this.#output[this.#end++] = offset >>> 8;
  }

  written(): Uint8Array {
    return this.#output.slice(0, this.#end);
  }
}
