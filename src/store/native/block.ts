import { type Column, StringColumn } from './columns.ts';

/**
 * The pieces of one Native block: counts, then per column its name, type and data. The pieces alias the columns'
 * memory and are valid until the next append; write them with one `writev`.
 *
 * @param columns name to column, in table order; all of the same length.
 */
export function nativeBlock(columns: Readonly<Record<string, Column>>): Uint8Array[] {
  const names = Object.keys(columns);
  const rowCount = names.length === 0 ? 0 : columns[names[0]!]!.length;
  const out: Uint8Array[] = [varints(names.length, rowCount)];
  for (const name of names) {
    const column = columns[name]!;
    if (column.length !== rowCount) {
      throw new Error(`column ${name} has ${column.length} rows, the block has ${rowCount}`);
    }
    out.push(columnHeader(name, column.type));
    if (rowCount === 0) continue;
    column.writePrefix(out);
    column.writeData(out);
  }
  return out;
}

function columnHeader(name: string, type: string): Uint8Array {
  const header = new StringColumn();
  header.append(name);
  header.append(type);
  const pieces: Uint8Array[] = [];
  header.writeData(pieces);
  return pieces[0]!;
}

function varints(...values: number[]): Uint8Array {
  const bytes: number[] = [];
  for (const value of values) {
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return Uint8Array.from(bytes);
}
