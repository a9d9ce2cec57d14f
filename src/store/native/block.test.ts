import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query } from 'chdb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBatch, type TableName, tables } from '../tables.ts';
import { nativeBlock } from './block.ts';
import {
  ArrayColumn,
  type Column,
  FixedStringColumn,
  Float64Column,
  Int16Column,
  Int64Column,
  LowCardinalityColumn,
  MapColumn,
  StringColumn,
  UInt8Column,
  UInt32Column,
} from './columns.ts';

/*
 * The reader here is not ours: ClickHouse reads the blocks, and what it says they hold is compared with what was
 * appended.
 */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-native-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Plain = string | number | Plain[] | { [key: string]: Plain };

/** Appends a value that depends on `row` and returns it the way ClickHouse prints it in JSON. */
function fill(column: Column, row: number): Plain {
  if (column instanceof UInt8Column) return appended(row % 256, (value) => column.append(value));
  if (column instanceof Int16Column) return appended(-53 + (row % 100), (value) => column.append(value));
  if (column instanceof UInt32Column) return appendUInt32(column, row);
  if (column instanceof Int64Column) return appendInt64(column, row);
  if (column instanceof Float64Column) {
    return appended((row % 7) / 3 - 1e5 * row, (value) => column.append(value));
  }
  if (column instanceof FixedStringColumn) return appendFixed(column, row);
  if (column instanceof StringColumn) return appended(textOf(row), (value) => column.append(value));
  if (column instanceof LowCardinalityColumn)
    return appended(`wörd ${row % 300}`, (value) => column.append(value));
  if (column instanceof MapColumn) return appendMap(column, row);
  if (column instanceof ArrayColumn) return appendArray(column, row);
  throw new Error(`no values for ${column.type}`);
}

function appended<T extends Plain>(value: T, append: (value: T) => void): T {
  append(value);
  return value;
}

/** Empty, short, just below and above the steps of the varint and of the native copy, and not ASCII. */
function textOf(row: number): string {
  const lengths = [0, 1, 3, 4, 5, 23, 24, 31, 127, 128, 129, 511, 512, 1000, 16_383, 16_384];
  const text = (row % 2 === 0 ? 'ab' : 'ü😀').repeat(10_000).slice(0, lengths[row % lengths.length]!);
  return Buffer.from(text).toString('utf8'); // without half surrogate pairs
}

function appendUInt32(column: UInt32Column, row: number): Plain {
  const value = 1_700_000_000 + row;
  column.append(value);
  return column.type === 'DateTime'
    ? new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ')
    : value;
}

function appendInt64(column: Int64Column, row: number): Plain {
  const decimals = /DateTime64\((\d)\)/.exec(column.type)?.[1];
  if (decimals !== undefined) {
    const time = BigInt(row) * 1_000_000_007n;
    column.appendBigInt(time);
    const unit = 10n ** BigInt(decimals);
    const date = new Date(Number(time / unit) * 1000).toISOString().slice(0, 19).replace('T', ' ');
    return `${date}.${String(time % unit).padStart(Number(decimals), '0')}`;
  }
  if (row % 3 === 0 && column.type === 'Int64') {
    column.append(-row * 5_000_000_000);
    return String(-row * 5_000_000_000);
  }
  const value = (1n << 62n) + BigInt(row);
  if (row % 3 === 1) column.appendBigInt(value);
  else column.appendParts(row, 1 << 30);
  return String(value);
}

function appendFixed(column: FixedStringColumn, row: number): Plain {
  if (row % 5 === 0) {
    column.appendZero();
    return '\0'.repeat(column.width);
  }
  const text = String(row).padStart(column.width, 'x');
  column.appendBytes(Buffer.from(`..${text}`), 2);
  return text;
}

function appendMap(column: MapColumn<Column>, row: number): Plain {
  const entries: [string, string][] = [];
  for (let i = 0; i < row % 4; i++) {
    const key = `key ${row % 700} ${i}`;
    (column.keys as StringColumn | LowCardinalityColumn).append(key);
    entries.push([key, appended(textOf(row + i), (value) => column.values.append(value))]);
  }
  column.close();
  return Object.fromEntries(entries);
}

function appendArray(column: ArrayColumn<Column>, row: number): Plain {
  const items: Plain[] = [];
  for (let i = 0; i < row % 3; i++) items.push(fill(column.items, row + i));
  column.close();
  return items;
}

function readBack(structure: string, pieces: readonly Uint8Array[]): Record<string, Plain>[] {
  const file = join(folder, 'block.native');
  writeFileSync(file, Buffer.concat(pieces));
  const quoted = structure.replaceAll("'", "\\'");
  const text = query(
    `SELECT * FROM file('${file}', 'Native', '${quoted}')
     SETTINGS output_format_json_quote_64bit_integers = 1, session_timezone = 'UTC'`,
    'JSONEachRow',
  );
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, Plain>);
}

function structureOf(name: TableName): string {
  return Object.entries(tables[name].columns)
    .map(([column, { type }]) => `${column} ${type}`)
    .join(', ');
}

/** Fills a table's block with `count` rows and returns the rows. */
function fillTable(columns: Readonly<Record<string, Column>>, count: number): Record<string, Plain>[] {
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, fill(column, row)])),
  );
}

describe('ClickHouse reads a block of', () => {
  for (const name of Object.keys(tables) as TableName[]) {
    it(name, () => {
      const rows = createBatch()[name];
      const expected = fillTable(rows, 800);
      expect(readBack(structureOf(name), nativeBlock(rows))).toEqual(expected);
    });

    it(`${name}, one row without anything in arrays and maps`, () => {
      const rows = createBatch()[name];
      const expected = fillTable(rows, 1);
      expect(readBack(structureOf(name), nativeBlock(rows))).toEqual(expected);
    });

    it(`${name}, after a rolled back record and a cleared block`, () => {
      const columns: Readonly<Record<string, Column>> = createBatch()[name];
      const each = (act: (column: Column) => void) => Object.values(columns).forEach(act);
      fillTable(columns, 20);
      each((column) => column.clear());
      const expected = fillTable(columns, 10);
      each((column) => column.mark());
      fillTable(columns, 7);
      // As after a decoder that threw in the middle: the columns are of unequal length.
      fill(Object.values(columns)[0]!, 3);
      each((column) => column.rollback());
      expected.push(...fillTable(columns, 5));
      expect(readBack(structureOf(name), nativeBlock(columns))).toEqual(expected);
    });
  }
});

describe('low cardinality', () => {
  const structure = 'word LowCardinality(String), words Array(LowCardinality(String))';

  for (const keyCount of [0, 1, 255, 256, 257, 65_535, 65_536, 65_537]) {
    it(`has ${keyCount} different words`, () => {
      const word = new LowCardinalityColumn();
      const words = new ArrayColumn(new LowCardinalityColumn());
      const expected: Record<string, Plain>[] = [];
      for (let row = 0; row < keyCount + 3; row++) {
        const text = keyCount === 0 ? '' : `w${row % keyCount}`;
        word.append(text);
        for (let i = 0; i < row % 2; i++) words.items.append(text);
        words.close();
        expected.push({ word: text, words: row % 2 === 0 ? [] : [text] });
      }
      const read = readBack(structure, nativeBlock({ word, words }));
      expect(read.length).toBe(expected.length);
      expect(JSON.stringify(read)).toBe(JSON.stringify(expected));
    });
  }

  it('keeps words of a rolled back row out of the rows', () => {
    const word = new LowCardinalityColumn();
    const words = new ArrayColumn(new LowCardinalityColumn());
    word.append('a');
    words.close();
    word.mark();
    words.mark();
    word.append('b');
    words.items.append('b');
    word.rollback();
    words.rollback();
    expect(readBack(structure, nativeBlock({ word, words }))).toEqual([{ word: 'a', words: [] }]);
  });

  it('forgets the words of rolled back rows', () => {
    const word = new LowCardinalityColumn();
    word.append('kept');
    const before = word.byteLength;
    for (let i = 0; i < 10; i++) {
      word.mark();
      for (let j = 0; j < 1000; j++) word.append(`${i} ${j}`);
      word.rollback();
    }
    expect(word.byteLength).toBe(before);
    word.append('0 0');
    word.append('kept');
    expect(readBack('word LowCardinality(String)', nativeBlock({ word }))).toEqual([
      { word: 'kept' },
      { word: '0 0' },
      { word: 'kept' },
    ]);
  });
});

describe('text that nobody checked', () => {
  const cases: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['short ASCII', Buffer.from('abc')],
    ['ASCII with a tail', Buffer.from('abcdefghi')],
    ['UTF-8', Buffer.from('grüße 😀 and more')],
    ['a broken character in the middle', Buffer.from([0x61, 0xc3, 0x28, 0x62])],
    ['a character cut off at the end', Buffer.from([0x61, 0x62, 0x63, 0x64, 0xe2, 0x82])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['long ASCII', Buffer.alloc(5000, 'x')],
    ['long and broken', Buffer.concat([Buffer.alloc(1000, 'x'), Buffer.from([0xff, 0xfe])])],
  ];

  for (const [name, bytes] of cases) {
    it(`is ${name}`, () => {
      const column = new StringColumn();
      const source = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')]);
      const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
      column.appendText(source, view, 6, 6 + bytes.length);
      column.append('next');
      expect(readBack('text String', nativeBlock({ text: column }))).toEqual([
        { text: bytes.toString('utf8') },
        { text: 'next' },
      ]);
    });
  }

  it('is a JavaScript string with half of a surrogate pair', () => {
    const column = new StringColumn();
    column.append('a\ud800b');
    expect(readBack('text String', nativeBlock({ text: column }))).toEqual([{ text: 'a\ufffdb' }]);
  });
});

it('appends integers as digits', () => {
  const column = new StringColumn();
  const values = [0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, 2_147_483_647];
  for (const value of values) column.appendDigits(value);
  expect(readBack('text String', nativeBlock({ text: column }))).toEqual(
    values.map((value) => ({ text: String(value) })),
  );
});

it('refuses a block whose columns differ in length', () => {
  const full = new StringColumn();
  full.append('x');
  expect(() => nativeBlock({ full, empty: new StringColumn() })).toThrow(/column empty has 0 rows/);
});

it('an empty block has names and types only', () => {
  expect(Buffer.concat(nativeBlock({ a: new UInt8Column() })).toString('latin1')).toBe(
    '\x01\x00\x01a\x05UInt8',
  );
});
