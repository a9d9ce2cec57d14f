import type { ReactNode } from 'react';

/** A column of a {@link VirtualTable}. Widths are in pixels. */
export interface TableColumn<Row> {
  id: string;
  header: string;
  /** What the figure means, on hover of the header. */
  hint?: string;
  /** Narrowest useful width. */
  width: number;
  /** Share of spare width; absent or 0 keeps the width. */
  grow?: number;
  /** `end` for numbers, so that digits line up. */
  align?: 'start' | 'end';
  /** Stays in view while the table is scrolled sideways. Only leading columns. */
  sticky?: boolean;
  cell: (row: Row) => ReactNode;
  /** What sorting compares; a column without it cannot be sorted. Null sorts last, whichever way. */
  sortValue?: (row: Row) => number | string | null;
  /** First click sorts this way; numbers usually from the top. */
  sortFirst?: 'asc' | 'desc';
}

export interface TableSort {
  id: string;
  descending: boolean;
}

/** `-cost` or `cost`, as it stands in the address. */
export function parseSort(text: string): TableSort | null {
  if (text === '') return null;
  return text.startsWith('-') ? { id: text.slice(1), descending: true } : { id: text, descending: false };
}

export function sortText(sort: TableSort | null): string {
  return sort === null ? '' : `${sort.descending ? '-' : ''}${sort.id}`;
}

/** The order after a click on a header: first way, other way, back to the order the rows came in. */
export function nextSort<Row>(sort: TableSort | null, column: TableColumn<Row>): TableSort | null {
  const firstDescending = (column.sortFirst ?? 'desc') === 'desc';
  if (sort?.id !== column.id) return { id: column.id, descending: firstDescending };
  return sort.descending === firstDescending ? { id: column.id, descending: !firstDescending } : null;
}

/** Sorted copy; rows that compare equal keep their order. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly TableColumn<Row>[],
  sort: TableSort | null,
): readonly Row[] {
  const value = columns.find((column) => column.id === sort?.id)?.sortValue;
  if (!sort || !value) return rows;
  const sign = sort.descending ? -1 : 1;
  return rows.slice().sort((a, b) => {
    const left = value(a);
    const right = value(b);
    if (left === right) return 0;
    if (left === null) return 1;
    if (right === null) return -1;
    if (typeof left === 'string' || typeof right === 'string') {
      return (
        sign * String(left).localeCompare(String(right), undefined, { numeric: true, sensitivity: 'base' })
      );
    }
    return sign * (left - right);
  });
}

/** Pixel width of each column: its least width plus its share of what is left over. */
export function columnWidths<Row>(columns: readonly TableColumn<Row>[], availablePx: number): number[] {
  const least = columns.reduce((sum, column) => sum + column.width, 0);
  const grows = columns.reduce((sum, column) => sum + (column.grow ?? 0), 0);
  const spare = Math.max(0, availablePx - least);
  return columns.map((column) => column.width + (grows > 0 ? (spare * (column.grow ?? 0)) / grows : 0));
}

/** Index after a key, or null when the key does not move. */
export function movedIndex(key: string, index: number, count: number, pageRows: number): number | null {
  const to: Record<string, number> = {
    ArrowDown: index + 1,
    j: index + 1,
    ArrowUp: index - 1,
    k: index - 1,
    PageDown: index + pageRows,
    PageUp: index - pageRows,
    Home: 0,
    End: count - 1,
  };
  const wanted = to[key];
  return wanted === undefined || count === 0 ? null : Math.max(0, Math.min(count - 1, wanted));
}
