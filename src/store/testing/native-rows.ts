import { nativeBlock } from '../native/block.ts';
import type { Column } from '../native/columns.ts';

/**
 * What a row holds, plainly: text, numbers; 64-bit integers and times as bigint; fixed strings in hex; maps as lists of pairs, so that
 * order and repeats show.
 */
export type Cell = string | number | bigint | Cell[] | [string, Cell][];
export type Row = { [column: string]: Cell };

/** The rows of a block, read back from its bytes by a reader that shares no code with the columns. */
export function rowsOf(columns: Readonly<Record<string, Column>>): Row[] {
  const reader = new NativeReader(Buffer.concat(nativeBlock(columns)));
  const columnCount = reader.varint();
  const rowCount = reader.varint();
  const rows: Row[] = Array.from({ length: rowCount }, () => ({}));
  for (let i = 0; i < columnCount; i++) {
    const name = reader.text();
    const type = reader.text();
    if (rowCount === 0) continue;
    reader.prefix(type);
    const cells = reader.column(type, rowCount);
    for (const [row, cell] of cells.entries()) rows[row]![name] = cell;
  }
  if (!reader.isAtEnd) throw new Error('bytes are left behind the block');
  return rows;
}

class NativeReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const length = this.varint();
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error('a text reaches past the end of the block');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      this.#bytes.subarray(this.#at - length, this.#at),
    );
  }

  prefix(type: string): void {
    const inner = innerTypes(type);
    if (type.startsWith('LowCardinality')) this.#advance(8);
    else for (const part of inner) this.prefix(part);
  }

  column(type: string, count: number): Cell[] {
    if (type.startsWith('LowCardinality')) return this.#words(count);
    if (type.startsWith('Array'))
      return this.#lists(count, (total) => this.column(innerTypes(type)[0]!, total));
    if (type.startsWith('Map')) {
      const [keyType, valueType] = innerTypes(type) as [string, string];
      return this.#lists(count, (total) => {
        const keys = this.column(keyType, total) as string[];
        const values = this.column(valueType, total);
        return keys.map((key, i): Cell => [key, values[i]!]);
      });
    }
    return Array.from({ length: count }, () => this.#scalar(type));
  }

  #lists(count: number, read: (total: number) => Cell[]): Cell[] {
    const ends = Array.from({ length: count }, () => Number(this.#bytes.readBigUInt64LE(this.#advance(8))));
    const items = read(ends.at(-1) ?? 0);
    return ends.map((end, i) => items.slice(i === 0 ? 0 : ends[i - 1], end));
  }

  #words(count: number): Cell[] {
    if (count === 0) return [];
    const width = [1, 2, 4][this.#bytes.readUInt32LE(this.#advance(8)) & 0xff]!;
    const wordCount = Number(this.#bytes.readBigUInt64LE(this.#advance(8)));
    const words = Array.from({ length: wordCount }, () => this.text());
    this.#advance(8);
    return Array.from({ length: count }, () => words[this.#bytes.readUIntLE(this.#advance(width), width)]!);
  }

  #scalar(type: string): Cell {
    if (type === 'String') return this.text();
    const fixed = /^FixedString\((\d+)\)$/.exec(type);
    if (fixed !== null) {
      const width = Number(fixed[1]);
      const at = this.#advance(width);
      return this.#bytes.toString('hex', at, at + width);
    }
    if (type === 'UInt8') return this.#bytes.readUInt8(this.#advance(1));
    if (type === 'Int16') return this.#bytes.readInt16LE(this.#advance(2));
    if (type === 'UInt32' || type === 'DateTime') return this.#bytes.readUInt32LE(this.#advance(4));
    if (type === 'Float64') return this.#bytes.readDoubleLE(this.#advance(8));
    if (type === 'UInt64') return this.#bytes.readBigUInt64LE(this.#advance(8));
    if (type === 'Int64' || type.startsWith('DateTime64'))
      return this.#bytes.readBigInt64LE(this.#advance(8));
    throw new Error(`cannot read ${type}`);
  }

  #advance(count: number): number {
    this.#at += count;
    return this.#at - count;
  }
}

/** `Map(A, Array(B))` has the inner types `A` and `Array(B)`. */
function innerTypes(type: string): string[] {
  const open = type.indexOf('(');
  if (open < 0 || !/^(Array|Map|Tuple)/.test(type)) return [];
  const parts: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let i = from; i < type.length; i++) {
    const character = type[i];
    if (character === '(') depth++;
    else if (character === ')' && depth-- > 0) continue;
    if ((character === ',' && depth === 0) || i === type.length - 1) {
      parts.push(type.slice(from, i).trim());
      from = i + 1;
    }
  }
  return parts;
}
