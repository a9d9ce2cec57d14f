import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeLayout } from '../fake-layout.ts';
import {
  columnWidths,
  movedIndex,
  nextSort,
  parseSort,
  sortRows,
  sortText,
  type TableColumn,
} from './table-model.ts';
import { VirtualTable, type VirtualTableProps } from './virtual-table.tsx';

interface Row {
  id: string;
  cost: number | null;
}

const columns: TableColumn<Row>[] = [
  {
    id: 'id',
    header: 'Id',
    width: 100,
    grow: 1,
    cell: (row) => row.id,
    sortValue: (row) => row.id,
    sortFirst: 'asc',
  },
  {
    id: 'cost',
    header: 'Cost',
    width: 80,
    align: 'end',
    cell: (row) => row.cost,
    sortValue: (row) => row.cost,
  },
];
const rows = Array.from({ length: 10_000 }, (_, at): Row => ({ id: `row ${at}`, cost: at }));

let restore: () => void;
beforeEach(() => {
  restore = fakeLayout({ width: 1000, height: 600 });
});
afterEach(() => {
  cleanup();
  restore();
});

function show(props: Partial<VirtualTableProps<Row>> = {}) {
  return render(
    <VirtualTable label="Things" columns={columns} rows={rows} rowKey={(row) => row.id} {...props} />,
  );
}

describe('VirtualTable', () => {
  it('is a real table that knows its length but holds only what is visible', () => {
    show();
    expect(screen.getByRole('table', { name: 'Things' }).getAttribute('aria-rowcount')).toBe('10001');
    const made = screen.getAllByRole('row');
    expect(made.length).toBeGreaterThan(10);
    expect(made.length).toBeLessThan(60);
    expect(made[1]?.getAttribute('aria-rowindex')).toBe('2');
  });

  it('moves the focus by key, selects with enter and opens with o', () => {
    const [onSelect, onOpen] = [vi.fn(), vi.fn()];
    show({ onSelect, onOpen });
    const first = screen.getByText('row 0').closest('tr')!;
    expect(first.tabIndex).toBe(0);
    first.focus();
    fireEvent.keyDown(first, { key: 'j' });
    fireEvent.keyDown(document.activeElement!, { key: 'ArrowDown' });
    expect(document.activeElement?.textContent).toContain('row 2');
    fireEvent.keyDown(document.activeElement!, { key: 'Enter' });
    fireEvent.keyDown(document.activeElement!, { key: 'k' });
    fireEvent.keyDown(document.activeElement!, { key: 'o' });
    expect(onSelect).toHaveBeenCalledWith(rows[2], false);
    expect(onOpen).toHaveBeenCalledWith(rows[1]);
  });

  it('does not select when a link inside the row is clicked', () => {
    const onSelect = vi.fn();
    const linked = [{ ...columns[0]!, cell: (row: Row) => <a href="#x">{row.id}</a> }];
    show({ columns: linked, onSelect });
    fireEvent.click(screen.getByText('row 1'));
    expect(onSelect).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText('row 1').closest('td')!);
    expect(onSelect).toHaveBeenCalledWith(rows[1], false);
  });

  it('announces the order and asks for the next one', () => {
    const onSort = vi.fn();
    show({ sort: { id: 'cost', descending: true }, onSort });
    const header = screen.getByRole('columnheader', { name: 'Cost' });
    expect(header.getAttribute('aria-sort')).toBe('descending');
    fireEvent.click(screen.getByRole('button', { name: 'Cost' }));
    expect(onSort).toHaveBeenCalledWith({ id: 'cost', descending: false });
  });

  it('marks the selected row, and asks for more near the end only', () => {
    const onEndReached = vi.fn();
    const { rerender } = show({ selectedKey: 'row 3', onEndReached });
    expect(screen.getByText('row 3').closest('tr')?.getAttribute('aria-current')).toBe('true');
    expect(onEndReached).not.toHaveBeenCalled();
    rerender(
      <VirtualTable
        label="Things"
        columns={columns}
        rows={rows.slice(0, 5)}
        rowKey={(row) => row.id}
        onEndReached={onEndReached}
      />,
    );
    expect(onEndReached).toHaveBeenCalled();
  });

  it('becomes cards on a narrow screen, and shows the empty state without rows', () => {
    restore();
    restore = fakeLayout({ width: 360, height: 600 });
    const { rerender } = show({ card: (row) => <b>{row.id}</b> });
    expect(screen.getAllByRole('row')[1]?.querySelectorAll('td')).toHaveLength(1);
    rerender(<VirtualTable label="Things" columns={columns} rows={[]} rowKey={() => ''} empty="None." />);
    expect(screen.getByText('None.')).toBeTruthy();
  });
});

describe('table model', () => {
  it('sorts missing values last both ways', () => {
    const some = [
      { id: 'a', cost: null },
      { id: 'b', cost: 2 },
      { id: 'c', cost: 1 },
    ];
    const order = (descending: boolean) =>
      sortRows(some, columns, { id: 'cost', descending }).map((row) => row.id);
    expect(order(true)).toEqual(['b', 'c', 'a']);
    expect(order(false)).toEqual(['c', 'b', 'a']);
  });

  it('sorts numbers within text as numbers, and leaves the rows alone without an order', () => {
    const some = [
      { id: '2.1.10', cost: 0 },
      { id: '2.1.9', cost: 0 },
    ];
    expect(sortRows(some, columns, { id: 'id', descending: false })[0]?.id).toBe('2.1.9');
    expect(sortRows(some, columns, null)).toBe(some);
    expect(sortRows(some, columns, { id: 'gone', descending: true })).toBe(some);
  });

  it('goes first way, other way, none', () => {
    const cost = columns[1]!;
    const first = nextSort(null, cost);
    expect(first).toEqual({ id: 'cost', descending: true });
    expect(nextSort(first, cost)).toEqual({ id: 'cost', descending: false });
    expect(nextSort({ id: 'cost', descending: false }, cost)).toBeNull();
  });

  it('keeps an order through the address', () => {
    for (const text of ['cost', '-cost', '']) expect(sortText(parseSort(text))).toBe(text);
  });

  it('gives spare width to the columns that grow', () => {
    expect(columnWidths(columns, 300)).toEqual([220, 80]);
    expect(columnWidths(columns, 50)).toEqual([100, 80]);
  });

  it('stays within the rows', () => {
    expect(movedIndex('End', 0, 10, 5)).toBe(9);
    expect(movedIndex('PageUp', 2, 10, 5)).toBe(0);
    expect(movedIndex('j', 9, 10, 5)).toBe(9);
    expect(movedIndex('x', 0, 10, 5)).toBeNull();
    expect(movedIndex('j', 0, 0, 5)).toBeNull();
  });
});
