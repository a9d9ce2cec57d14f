import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useWidth } from '../use-size.ts';
import { columnWidths, movedIndex, nextSort, type TableColumn, type TableSort } from './table-model.ts';
import css from './virtual-table.module.css';

export interface VirtualTableProps<Row> {
  /** Accessible name. */
  label: string;
  columns: readonly TableColumn<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  sort?: TableSort | null;
  onSort?: (sort: TableSort | null) => void;
  /** Key of the row whose details are open. */
  selectedKey?: string;
  /** Click or enter; with shift held when `isShift`. */
  onSelect?: (row: Row, isShift: boolean) => void;
  /** `o`, or a double click. */
  onOpen?: (row: Row) => void;
  /** Pixels; every row has the same height. */
  rowHeight?: number;
  /** What a row is on a narrow screen, instead of cells: one card. */
  card?: (row: Row) => ReactNode;
  cardHeight?: number;
  /** Called when the end comes near; the caller loads the next page, once. */
  onEndReached?: () => void;
  /** Below the rows: "loading more", "all shown". */
  footer?: ReactNode;
  /** Instead of rows, when there are none. */
  empty?: ReactNode;
  /** Grows with its rows up to this many pixels; absent: fills its parent. */
  maxHeight?: number;
}

/** Rows kept above and below the visible ones. */
const overscanRows = 12;
/** Container width in pixels below which rows become cards. */
const cardBelowPx = 640;

/**
 * A table of any length: a real `<table>`, of which only the visible rows exist. Rows take the focus one at a time: arrows or `j`
 * and `k` move, enter selects, `o` opens.
 */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { rows, rowKey } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const asCards = props.card !== undefined && width > 0 && width < cardBelowPx;
  const rowHeight = asCards ? (props.cardHeight ?? 76) : (props.rowHeight ?? 34);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: overscanRows,
    getItemKey: (index) => (rows[index] === undefined ? index : rowKey(rows[index])),
    initialRect: { width: 1200, height: 700 },
    scrollPaddingStart: asCards ? 0 : 34,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measures again when the height of every row changes
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  const keyboard = useRowKeyboard({
    ...props,
    scroller,
    rowHeight,
    scrollTo: (to) => virtual.scrollToIndex(to),
  });
  const items = virtual.getVirtualItems();
  useEndReached(items.at(-1)?.index ?? -1, rows.length, props.onEndReached);
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const layout = useColumnLayout(props.columns, width);
  const span = asCards ? 1 : props.columns.length;
  return (
    <div
      ref={scroller}
      className={props.maxHeight === undefined ? css.fill : css.scroller}
      style={{ maxHeight: props.maxHeight }}
    >
      <table
        className={asCards ? `${css.table} ${css.cards}` : css.table}
        style={{ width: asCards ? '100%' : Math.max(layout.totalPx, 0) || '100%' }}
        aria-label={props.label}
        aria-rowcount={rows.length + 1}
        onKeyDown={keyboard.onKeyDown}
      >
        <Head {...props} layout={layout} asCards={asCards} />
        <tbody>
          {before > 0 && <Spacer height={before} span={span} />}
          {items.map((item) => (
            <BodyRow
              key={item.key}
              {...props}
              row={rows[item.index]!}
              index={item.index}
              height={rowHeight}
              lefts={layout.lefts}
              asCards={asCards}
              keyboard={keyboard}
            />
          ))}
          {after > 0 && <Spacer height={after} span={span} />}
        </tbody>
      </table>
      {rows.length === 0 && props.empty}
      {props.footer && <div className={css.footer}>{props.footer}</div>}
    </div>
  );
}

function BodyRow<Row>(
  props: VirtualTableProps<Row> & {
    row: Row;
    index: number;
    height: number;
    lefts: ColumnLayout['lefts'];
    asCards: boolean;
    keyboard: RowKeyboard;
  },
) {
  const { row, index, keyboard } = props;
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      aria-current={props.rowKey(row) === props.selectedKey ? 'true' : undefined}
      tabIndex={index === keyboard.active ? 0 : -1}
      className={props.onSelect ? css.clickable : undefined}
      style={{ height: props.height }}
      onClick={(event) => keyboard.onClick(event, index)}
      onDoubleClick={() => props.onOpen?.(row)}
      onFocus={() => keyboard.setActive(index)}
    >
      {props.asCards ? (
        <td className={css.card}>{props.card?.(row)}</td>
      ) : (
        props.columns.map((column, at) => (
          <Cell key={column.id} column={column} left={props.lefts[at]}>
            {column.cell(row)}
          </Cell>
        ))
      )}
    </tr>
  );
}

/** Stands for the rows that are not there. No cell content, so nothing is announced. */
function Spacer(props: { height: number; span: number }) {
  return (
    <tr aria-hidden style={{ height: props.height }} className={css.spacer}>
      <td colSpan={props.span} />
    </tr>
  );
}

interface ColumnLayout {
  widths: number[];
  totalPx: number;
  /** Left edge of sticky columns. */
  lefts: (number | undefined)[];
}

function useColumnLayout<Row>(columns: readonly TableColumn<Row>[], availablePx: number): ColumnLayout {
  return useMemo(() => {
    const widths = columnWidths(columns, availablePx);
    let left = 0;
    const lefts = columns.map((column, at) => {
      if (!column.sticky) return undefined;
      const own = left;
      left += widths[at]!;
      return own;
    });
    return { widths, totalPx: Math.floor(widths.reduce((sum, one) => sum + one, 0)), lefts };
  }, [columns, availablePx]);
}

function cellClass<Row>(column: TableColumn<Row>): string {
  return [column.align === 'end' ? css.end : '', column.sticky ? css.sticky : ''].filter(Boolean).join(' ');
}

function Cell<Row>(props: { column: TableColumn<Row>; left: number | undefined; children: ReactNode }) {
  return (
    <td className={cellClass(props.column)} style={{ left: props.left }}>
      {props.children}
    </td>
  );
}

function Head<Row>(props: VirtualTableProps<Row> & { layout: ColumnLayout; asCards: boolean }) {
  if (props.asCards) {
    return (
      <thead className="visually-hidden">
        <tr aria-rowindex={1}>
          <th scope="col">{props.label}</th>
        </tr>
      </thead>
    );
  }
  return (
    <>
      <colgroup>
        {props.columns.map((column, at) => (
          <col key={column.id} style={{ width: props.layout.widths[at] }} />
        ))}
      </colgroup>
      <thead className={css.head}>
        <tr aria-rowindex={1}>
          {props.columns.map((column, at) => (
            <HeadCell
              key={column.id}
              column={column}
              left={props.layout.lefts[at]}
              sort={props.sort}
              onSort={props.onSort}
            />
          ))}
        </tr>
      </thead>
    </>
  );
}

function HeadCell<Row>(props: {
  column: TableColumn<Row>;
  left: number | undefined;
  sort?: TableSort | null;
  onSort?: (sort: TableSort | null) => void;
}) {
  const { column, onSort } = props;
  const sorted = props.sort?.id === column.id ? props.sort : null;
  const direction = sorted ? (sorted.descending ? 'descending' : 'ascending') : undefined;
  const canSort = column.sortValue !== undefined && onSort !== undefined;
  return (
    <th
      scope="col"
      className={cellClass(column)}
      style={{ left: props.left }}
      aria-sort={direction}
      title={column.hint}
    >
      {canSort ? (
        <button
          type="button"
          className={css.sort}
          onClick={() => onSort(nextSort(props.sort ?? null, column))}
        >
          <span className={css.headText}>{column.header}</span>
          {sorted && (sorted.descending ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />)}
        </button>
      ) : (
        <span className={css.headText}>{column.header}</span>
      )}
    </th>
  );
}

function useEndReached(lastIndex: number, count: number, onEndReached: (() => void) | undefined): void {
  useEffect(() => {
    if (count > 0 && lastIndex >= count - overscanRows) onEndReached?.();
  }, [lastIndex, count, onEndReached]);
}

type RowKeyboard = ReturnType<typeof useRowKeyboard>;

function useRowKeyboard<Row>(
  props: VirtualTableProps<Row> & {
    scroller: RefObject<HTMLDivElement | null>;
    rowHeight: number;
    scrollTo: (index: number) => void;
  },
) {
  const [chosen, setActive] = useState(0);
  const active = Math.min(chosen, Math.max(0, props.rows.length - 1));
  const wantsFocus = useRef(-1);
  useEffect(() => {
    if (wantsFocus.current < 0) return;
    const row = props.scroller.current?.querySelector<HTMLElement>(`tr[data-index="${wantsFocus.current}"]`);
    if (!row) return;
    wantsFocus.current = -1;
    row.focus({ preventScroll: true });
  });
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey || !(event.target as HTMLElement).closest('tbody'))
      return;
    const pageRows = Math.max(
      1,
      Math.floor((props.scroller.current?.clientHeight ?? 0) / props.rowHeight) - 2,
    );
    const moved = movedIndex(event.key, active, props.rows.length, pageRows);
    const row = props.rows[active];
    if (moved !== null) {
      wantsFocus.current = moved;
      setActive(moved);
      props.scrollTo(moved);
    } else if (event.key === 'Enter' && row !== undefined && event.target instanceof HTMLTableRowElement) {
      props.onSelect?.(row, event.shiftKey);
    } else if (event.key === 'o' && row !== undefined && props.onOpen) {
      props.onOpen(row);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = ({ target, shiftKey }: MouseEvent, index: number) => {
    const row = props.rows[index];
    // A link or button inside the row does its own thing; selecting text is not a click either.
    if (row === undefined || (target as HTMLElement).closest('a, button, input')) return;
    if (String(globalThis.getSelection?.() ?? '') !== '') return;
    setActive(index);
    props.onSelect?.(row, shiftKey);
  };
  return { active, setActive, onKeyDown, onClick };
}
