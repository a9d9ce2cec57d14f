import {
  ArrayColumn,
  type Column,
  FixedStringColumn,
  Float64Column,
  Int16Column,
  Int64Column,
  LowCardinalityColumn,
  PairColumn,
  StringColumn,
  UInt8Column,
  UInt32Column,
} from '../native/columns.ts';
import type { Batch, TableName } from '../tables.ts';

/** One row of `metric_metadata` whose help text is `mark`. */
export function appendMetadata(batch: Batch, mark: string): void {
  const rows = batch.metric_metadata;
  rows.metric.append('m');
  rows.type.append('gauge');
  rows.unit.append('');
  rows.help.append(mark);
  rows.seen_at.append(1_700_000_000);
}

/** One row of any table: times are `seconds`, every other value comes from `n`. Arrays have two elements. */
export function appendAnyRow(batch: Batch, table: TableName, n: number, seconds: number): void {
  for (const column of Object.values(batch[table]) as Column[]) appendValue(column, n, seconds);
}

function appendValue(column: Column, n: number, seconds: number): void {
  if (column instanceof ArrayColumn) {
    appendValue(column.items as Column, n, seconds);
    appendValue(column.items as Column, n + 1, seconds);
    column.close();
  } else if (column instanceof PairColumn) {
    appendValue(column.keys as Column, n, seconds);
    appendValue(column.values as Column, n, seconds);
  } else if (column instanceof StringColumn || column instanceof LowCardinalityColumn)
    column.append(`text ${n}`);
  else if (column instanceof Int64Column) column.append(timeOr(column.type, n, seconds));
  else if (column instanceof UInt32Column) column.append(column.type === 'DateTime' ? seconds : n);
  else if (column instanceof UInt8Column) column.append(n % 2);
  else if (column instanceof Int16Column) column.append(-n);
  else if (column instanceof Float64Column) column.append(n + 0.5);
  else if (column instanceof FixedStringColumn) column.appendBytes(Buffer.alloc(column.width, n + 1), 0);
  else throw new Error(`no sample value for a column of type ${column.type}`);
}

function timeOr(type: string, n: number, seconds: number): number {
  if (type === 'DateTime64(3)') return seconds * 1e3 + n;
  return type === 'DateTime64(9)' ? seconds * 1e9 : n;
}
