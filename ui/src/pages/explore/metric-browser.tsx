import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { EmptyState, ErrorState, SearchBox, Skeleton } from '../../components/index.ts';
import { formatCount, plural } from '../../lib/format.ts';
import css from './browser.module.css';
import { MetricDetails } from './metric-details.tsx';
import { groupedMetrics, type MetricListItem, matchingMetrics } from './metric-list.ts';
import { factsOf, type Metadata, useMetadata, useMetricNames } from './metric-queries.ts';

const rowPx = 30;
const overscanRows = 10;
/** Fewer names need no folding. */
const groupFrom = 40;

/** Every metric there is, by prefix or by what is typed, with type and help; and what to ask of the one that was picked. */
export function MetricBrowser(props: { onPick: (expr: string) => void }) {
  const names = useMetricNames();
  const metadata = useMetadata();
  const [q, setQ] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [picked, setPicked] = useState<string | null>(null);
  const all = names.data;
  const items = useMemo(() => itemsOf(all ?? [], q, open), [all, q, open]);
  if (all === undefined) {
    if (names.error) {
      return (
        <ErrorState
          compact
          title="The metrics could not be read."
          error={names.error}
          onRetry={() => void names.refetch()}
        />
      );
    }
    return <Skeleton height="240px" />;
  }
  const toggle = (prefix: string): void => {
    const next = new Set(open);
    if (!next.delete(prefix)) next.add(prefix);
    setOpen(next);
  };
  const found = items.filter((item) => item.kind === 'metric').length;
  return (
    <div className={css.browser}>
      <div className={css.find}>
        <SearchBox label="Find a metric" placeholder="Find a metric" value={q} onChange={setQ} pauseMs={80} />
        <p className={css.count} role="status">
          {q === ''
            ? plural(all.length, 'metric')
            : `${formatCount(found)} of ${plural(all.length, 'metric')}`}
        </p>
      </div>
      {items.length === 0 ? (
        <EmptyState compact title={all.length === 0 ? 'Nothing to list yet.' : 'No metric matches.'} />
      ) : (
        <MetricTree
          items={items}
          metadata={metadata.data}
          picked={picked}
          onPick={setPicked}
          onToggle={toggle}
        />
      )}
      {picked !== null && (
        <MetricDetails
          key={picked}
          metric={picked}
          metadata={metadata.data}
          onPick={props.onPick}
          onClose={() => setPicked(null)}
        />
      )}
    </div>
  );
}

function itemsOf(names: readonly string[], q: string, open: ReadonlySet<string>): readonly MetricListItem[] {
  if (q === '' && names.length > groupFrom) return groupedMetrics(names, open);
  return matchingMetrics(names, q).map((name) => ({ kind: 'metric', name, isNested: false }));
}

interface TreeProps {
  items: readonly MetricListItem[];
  metadata: Metadata | undefined;
  picked: string | null;
  onPick: (metric: string) => void;
  onToggle: (prefix: string) => void;
}

/** One stop for tab; arrows move, right and left open and close a group, enter picks. */
function MetricTree(props: TreeProps) {
  const { items } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const keyboard = useTreeKeyboard(props, scroller, (index) => virtual.scrollToIndex(index));
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: overscanRows,
    getItemKey: (index) => keyOf(items[index]!),
    initialRect: { width: 280, height: 600 },
  });
  return (
    <div ref={scroller} className={css.scroller}>
      <div
        role="tree"
        aria-label="Metrics"
        className={css.tree}
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={keyboard.onKeyDown}
      >
        {virtual.getVirtualItems().map((row) => (
          <TreeRow
            key={row.key}
            {...props}
            item={items[row.index]!}
            index={row.index}
            topPx={row.start}
            isActive={row.index === keyboard.active}
            onActive={() => keyboard.setActive(row.index)}
          />
        ))}
      </div>
    </div>
  );
}

function keyOf(item: MetricListItem): string {
  return item.kind === 'group' ? `${item.prefix}_*` : item.name;
}

function TreeRow(
  props: TreeProps & {
    item: MetricListItem;
    index: number;
    topPx: number;
    isActive: boolean;
    onActive: () => void;
  },
) {
  const { item } = props;
  const position = { transform: `translateY(${props.topPx}px)`, height: rowPx };
  const shared = {
    'data-index': props.index,
    style: position,
    onFocus: props.onActive,
  } as const;
  if (item.kind === 'group') {
    const Arrow = item.isOpen ? ChevronDown : ChevronRight;
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of all its items
      <div
        role="treeitem"
        tabIndex={props.isActive ? 0 : -1}
        {...shared}
        className={css.group}
        aria-expanded={item.isOpen}
        aria-level={1}
        onClick={() => props.onToggle(item.prefix)}
      >
        <Arrow aria-hidden />
        <span className={css.name}>{item.prefix}</span>
        <span className={css.groupCount}>{formatCount(item.count)}</span>
      </div>
    );
  }
  const facts = factsOf(props.metadata, item.name);
  const help = facts?.help ?? '';
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of all its items
    <div
      role="treeitem"
      tabIndex={props.isActive ? 0 : -1}
      {...shared}
      className={item.isNested ? `${css.metric} ${css.nested}` : css.metric}
      aria-level={item.isNested ? 2 : 1}
      aria-selected={props.picked === item.name}
      title={help === '' ? item.name : `${item.name}\n${help}`}
      onClick={() => props.onPick(item.name)}
    >
      <span className={css.name}>{item.name}</span>
      <span className={css.type}>{shortType(facts?.type)}</span>
    </div>
  );
}

function shortType(type: string | undefined): string {
  return type === undefined || type === 'unknown' ? '' : type;
}

function useTreeKeyboard(
  props: TreeProps,
  scroller: { current: HTMLElement | null },
  scrollTo: (index: number) => void,
) {
  const { items } = props;
  const [chosen, setActive] = useState(0);
  const active = Math.min(chosen, Math.max(0, items.length - 1));
  const wantsFocus = useRef(-1);
  useEffect(() => {
    if (wantsFocus.current < 0) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wantsFocus.current}"]`);
    if (!row) return;
    wantsFocus.current = -1;
    row.focus({ preventScroll: true });
  });
  const move = (index: number): void => {
    const to = Math.max(0, Math.min(items.length - 1, index));
    wantsFocus.current = to;
    setActive(to);
    scrollTo(to);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const item = items[active];
    if (item === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
    const pageRows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 300) / rowPx) - 1);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + pageRows,
      PageUp: active - pageRows,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' || event.key === ' ') {
      if (item.kind === 'group') props.onToggle(item.prefix);
      else props.onPick(item.name);
    } else if (event.key === 'ArrowRight' && item.kind === 'group' && !item.isOpen) {
      props.onToggle(item.prefix);
    } else if (event.key === 'ArrowLeft') {
      const group = items.findLastIndex((one, index) => one.kind === 'group' && index <= active);
      const head = items[group];
      if (head?.kind === 'group' && head.isOpen) props.onToggle(head.prefix);
      if (group >= 0) move(group);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return { active, setActive, onKeyDown };
}
