// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual tree stand at positions of their own; a <table> cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows take the focus, not their cells
import type { TimelineKind } from '@contract';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronsDownUp, ChevronsUpDown, ZoomIn, ZoomOut } from 'lucide-react';
import { type KeyboardEvent, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { formatClock } from '../../lib/format.ts';
import { Button, Segmented } from '../button.tsx';
import { useWidth } from '../use-size.ts';
import { type HeatBy, heatScale } from './heat.ts';
import { MiniMap } from './mini-map.tsx';
import { ancestorsOf, flatten, type SessionTree, type TimelineNode, type TreeRow } from './session-tree.ts';
import { createScale, panView, type TimeScale, ticks, type View, wholeView, zoomView } from './time-scale.ts';
import css from './waterfall.module.css';
import { Axis, GapRow, NodeRow } from './waterfall-row.tsx';

export interface WaterfallProps {
  tree: SessionTree;
  selected: string;
  onSelect: (id: string) => void;
  heatBy: HeatBy;
  onHeatBy: (by: HeatBy) => void;
  hidden: ReadonlySet<TimelineKind>;
  onHidden: (hidden: ReadonlySet<TimelineKind>) => void;
  timeZone?: string;
}

/** Sessions with more steps open with their prompts folded, so that the first screen shows the whole of it. */
const unfoldedMax = 400;
const rowPx = 28;
const rowPhonePx = 46;
/** Width of the rows below which each takes two lines. */
const phoneBelowPx = 640;
/** The last label of the axis needs this much. */
const tickLabelPx = 56;
/** Room for one axis label. */
const tickPx = 88;

/** What happened in a session and when: an overview to zoom with, and below it a tree whose rows carry bars over time. */
export function Waterfall(props: WaterfallProps) {
  const { tree, hidden } = props;
  const timeZone = props.timeZone ?? 'browser';
  const [folded, setFolded] = useState(true);
  const [view, setView] = useState<View>(wholeView);
  // The part picked last by dragging; the rows go there, whichever rows were in view before.
  const [picked, setPicked] = useState<View | null>(null);
  const folding = useFolding(tree);
  const scale = useMemo(
    () => createScale({ startMs: tree.startMs, endMs: tree.endMs, gaps: tree.gaps, folded }),
    [tree, folded],
  );
  const rows = useMemo(() => flatten(tree, folding.isCollapsed, hidden), [tree, folding.isCollapsed, hidden]);
  const isZoomed = view.to - view.from < 0.9999;
  useReveal({ ...props, rows, scale, view, setView, folding });
  return (
    <div className={css.waterfall}>
      <div className={css.toolbar}>
        <Segmented
          label="Colour of the bars"
          value={props.heatBy}
          onChange={props.onHeatBy}
          options={[
            { value: 'kind', label: 'Kind', title: 'Colour by kind of step' },
            { value: 'cost', label: 'Cost', title: 'The dearer, the hotter' },
            { value: 'duration', label: 'Duration', title: 'The longer, the hotter' },
          ]}
        />
        {tree.gaps.length > 0 && (
          <Button
            pressed={folded}
            onClick={() => setFolded(!folded)}
            title="Draw quiet stretches of 30 seconds and more as narrow bands"
          >
            Fold gaps
          </Button>
        )}
        <span className={css.spring} />
        <Button
          variant="quiet"
          icon={<ChevronsUpDown aria-hidden />}
          aria-label="Expand all"
          onClick={() => folding.setBase('open')}
        />
        <Button
          variant="quiet"
          icon={<ChevronsDownUp aria-hidden />}
          aria-label="Collapse all"
          onClick={() => folding.setBase('closed')}
        />
        <Button
          variant="quiet"
          icon={<ZoomIn aria-hidden />}
          aria-label="Zoom in"
          onClick={() => setView(zoomView(view, 0.5))}
        />
        <Button
          variant="quiet"
          icon={<ZoomOut aria-hidden />}
          aria-label="Zoom out"
          disabled={!isZoomed}
          onClick={() => setView(zoomView(view, 2))}
        />
        {isZoomed && (
          <Button variant="quiet" onClick={() => setView(wholeView)}>
            Whole session
          </Button>
        )}
      </div>
      <MiniMap
        tree={tree}
        scale={scale}
        view={view}
        onView={setView}
        onPick={(picked) => setPicked({ ...picked })}
        hidden={hidden}
        onHidden={props.onHidden}
        timeZone={timeZone}
      />
      <Rows
        {...props}
        timeZone={timeZone}
        rows={rows}
        scale={scale}
        view={view}
        onView={setView}
        folded={folded}
        folding={folding}
        picked={picked}
      />
    </div>
  );
}

interface Folding {
  isCollapsed: (id: string) => boolean;
  toggle: (id: string) => void;
  open: (ids: readonly string[]) => void;
  setBase: (base: 'auto' | 'open' | 'closed') => void;
}

/** Which nodes are folded: a base for all, and the ones a person switched. Steps that arrive later follow the base. */
function useFolding(tree: SessionTree): Folding {
  const [base, setBaseState] = useState<'auto' | 'open' | 'closed'>('auto');
  const [switched, setSwitched] = useState<ReadonlySet<string>>(new Set());
  const isLarge = tree.ordered.length > unfoldedMax;
  const closed = base === 'closed' || (base === 'auto' && isLarge);
  const isCollapsed = useCallback((id: string) => closed !== switched.has(id), [closed, switched]);
  return {
    isCollapsed,
    toggle: (id) => {
      const next = new Set(switched);
      if (!next.delete(id)) next.add(id);
      setSwitched(next);
    },
    open: (ids) => {
      const shut = ids.filter(isCollapsed);
      if (shut.length === 0) return;
      const next = new Set(switched);
      for (const id of shut) if (!next.delete(id)) next.add(id);
      setSwitched(next);
    },
    setBase: (next) => {
      setBaseState(next);
      setSwitched(new Set());
    },
  };
}

/** Brings a newly selected step into the view: unfolds what holds it and moves the zoomed part of the time to it. */
function useReveal(
  options: WaterfallProps & {
    rows: readonly TreeRow[];
    scale: TimeScale;
    view: View;
    setView: (view: View) => void;
    folding: Folding;
  },
): void {
  const { tree, selected, scale, view, setView, folding } = options;
  // biome-ignore lint/correctness/useExhaustiveDependencies: acts when the selection changes, not when the view does
  useEffect(() => {
    const node = tree.byId.get(selected);
    if (!node) return;
    folding.open(ancestorsOf(tree, selected));
    const from = scale.toUnit(node.startMs);
    const to = scale.toUnit(node.endMs);
    if (to >= view.from && from <= view.to) return;
    setView(panView(view, ((from + to) / 2 - (view.from + view.to) / 2) / (view.to - view.from)));
  }, [selected]);
}

type RowsProps = WaterfallProps & {
  timeZone: string;
  rows: readonly TreeRow[];
  scale: TimeScale;
  view: View;
  onView: (view: View) => void;
  folded: boolean;
  folding: Folding;
  picked: View | null;
};

function Rows(props: RowsProps) {
  const { tree, rows, scale, view } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const axis = useRef<HTMLDivElement>(null);
  const lanePx = useWidth(axis);
  const width = useWidth(scroller);
  const isPhone = width > 0 && width < phoneBelowPx;
  const height = isPhone ? rowPhonePx : rowPx;
  const heatOf = useMemo(() => heatScale(tree, props.heatBy), [tree, props.heatBy]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    initialRect: { width: 1000, height: 600 },
    scrollPaddingStart: 32,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measures again when the height of every row changes
  useEffect(() => virtual.measure(), [height, virtual]);
  const keyboard = useTreeKeyboard({ ...props, scroller, scrollTo: (to) => virtual.scrollToIndex(to) });
  useScrollToPicked(props, (to) => virtual.scrollToIndex(to, { align: 'start' }));
  useScrollToSelected(props, (to) => virtual.scrollToIndex(to, { align: 'center' }));
  const marks = useMemo(() => {
    const gaps = props.folded ? tree.gaps : [];
    const found = ticks(scale, view, gaps, tickPx / Math.max(tickPx, lanePx));
    return found
      .filter((tick) => tick.x * lanePx < lanePx - tickLabelPx)
      .map((tick) => ({ ...tick, label: tickLabel(tick.atMs, tick.stepMs, props.timeZone) }));
  }, [scale, view, tree, props.folded, lanePx, props.timeZone]);
  useWheelZoom(axis, scroller, view, props.onView);
  const lane = { scale, view, lanePx };
  return (
    <div className={css.rows} ref={scroller}>
      <div
        role="treegrid"
        aria-label="Steps of the session"
        aria-rowcount={rows.length + 1}
        className={css.tree}
        style={{ height: virtual.getTotalSize() + 32 }}
        onKeyDown={keyboard.onKeyDown}
        onFocus={keyboard.onFocus}
      >
        <div role="row" className={css.head} aria-rowindex={1} tabIndex={-1}>
          <div role="columnheader" className={css.headName}>
            Step
          </div>
          <div role="columnheader" className={css.number} tabIndex={-1}>
            Duration
          </div>
          <div role="columnheader" className={css.number} tabIndex={-1}>
            Cost
          </div>
          <div role="columnheader" className={css.axisCell} ref={axis} aria-label="Time" tabIndex={-1}>
            <Axis ticks={marks} />
          </div>
        </div>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          return (
            <div
              key={item.key}
              role="presentation"
              className={css.slot}
              style={{ height, transform: `translateY(${item.start + 32}px)` }}
            >
              {row.type === 'gap' ? (
                <GapRow
                  gap={row.gap}
                  index={item.index}
                  lane={lane}
                  active={item.index === keyboard.active}
                />
              ) : (
                <NodeRow
                  row={row}
                  index={item.index}
                  lane={lane}
                  heatBy={props.heatBy}
                  heat={props.heatBy === 'kind' ? 0 : heatOf(row.node)}
                  selected={row.node.id === props.selected}
                  active={item.index === keyboard.active}
                  timeZone={props.timeZone}
                  onSelect={props.onSelect}
                  onToggle={props.folding.toggle}
                  onZoom={(node) => props.onView(viewOf(scale, node))}
                />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** As exact as the step between two ticks. */
function tickLabel(atMs: number, stepMs: number, zone: string): string {
  const text = formatClock(atMs, zone, stepMs < 1000);
  return stepMs >= 60_000 ? text.slice(0, 5) : text;
}

function useScrollToSelected(props: RowsProps, scrollTo: (index: number) => void): void {
  const done = useRef('');
  useEffect(() => {
    if (props.selected === done.current) return;
    const index = props.rows.findIndex((row) => row.type === 'node' && row.node.id === props.selected);
    if (props.selected !== '' && index < 0) return; // what holds it is being unfolded
    done.current = props.selected;
    if (index >= 0) scrollTo(index);
  });
}

/** After a drag in the overview: to the first step that lies in the picked part, not to what merely reaches into it. */
function useScrollToPicked(props: RowsProps, scrollTo: (index: number) => void): void {
  const { picked, rows, scale } = props;
  const latest = useRef({ rows, scale, scrollTo });
  useEffect(() => {
    latest.current = { rows, scale, scrollTo };
  });
  useEffect(() => {
    if (!picked) return;
    const fromMs = latest.current.scale.toMs(picked.from);
    const index = latest.current.rows.findIndex((row) => row.type === 'node' && row.node.startMs >= fromMs);
    if (index >= 0) latest.current.scrollTo(index);
  }, [picked]);
}

/** Ctrl or cmd with the wheel zooms around the pointer, as maps do; the plain wheel scrolls the rows. */
function useWheelZoom(
  axis: RefObject<HTMLElement | null>,
  scroller: RefObject<HTMLElement | null>,
  view: View,
  onView: (view: View) => void,
): void {
  const latest = useRef({ view, onView });
  useEffect(() => {
    latest.current = { view, onView };
  });
  useEffect(() => {
    const element = scroller.current;
    const onWheel = (event: WheelEvent) => {
      if (!(event.ctrlKey || event.metaKey) || !axis.current) return;
      event.preventDefault();
      const rect = axis.current.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - rect.left) / rect.width));
      const now = latest.current.view;
      latest.current.onView(
        zoomView(now, event.deltaY > 0 ? 1.25 : 0.8, now.from + share * (now.to - now.from)),
      );
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [axis, scroller]);
}

/** The keys of a tree: up and down walk, right unfolds, left folds or goes to what holds it, enter selects. */
function useTreeKeyboard(
  props: RowsProps & { scroller: RefObject<HTMLElement | null>; scrollTo: (index: number) => void },
) {
  const [chosen, setActive] = useState(0);
  const active = Math.min(chosen, Math.max(0, props.rows.length - 1));
  const wantsFocus = useRef(-1);
  useEffect(() => {
    if (wantsFocus.current < 0) return;
    const row = props.scroller.current?.querySelector<HTMLElement>(
      `[role="row"][data-index="${wantsFocus.current}"]`,
    );
    if (!row) return;
    wantsFocus.current = -1;
    row.focus({ preventScroll: true });
  });
  const moveTo = (index: number) => {
    const to = Math.max(0, Math.min(props.rows.length - 1, index));
    wantsFocus.current = to;
    setActive(to);
    props.scrollTo(to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (!actOnKey(event.key, active, props, moveTo)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onFocus = (event: React.FocusEvent) => {
    const index = Number((event.target as HTMLElement).dataset.index);
    if (Number.isInteger(index)) setActive(index);
  };
  return { active, onKeyDown, onFocus };
}

function actOnKey(key: string, active: number, props: RowsProps, moveTo: (index: number) => void): boolean {
  const row = props.rows[active];
  const moves: Record<string, number> = {
    ArrowDown: active + 1,
    j: active + 1,
    ArrowUp: active - 1,
    k: active - 1,
    PageDown: active + 15,
    PageUp: active - 15,
    Home: 0,
    End: props.rows.length - 1,
  };
  const to = moves[key];
  if (to !== undefined) {
    moveTo(to);
    return true;
  }
  if (row?.type !== 'node') return false;
  const holds = row.node.children.length > 0;
  if (key === 'Enter' || key === ' ') props.onSelect(row.node.id);
  else if (key === 'ArrowRight' && holds)
    row.collapsed ? props.folding.toggle(row.node.id) : moveTo(active + 1);
  else if (key === 'ArrowLeft' && holds && !row.collapsed) props.folding.toggle(row.node.id);
  else if (key === 'ArrowLeft') moveTo(parentIndex(props.rows, active, row.depth));
  else if (key === 'z') props.onView(viewOf(props.scale, row.node));
  else return false;
  return true;
}

/** A step with a little air on both sides. */
function viewOf(scale: TimeScale, node: TimelineNode): View {
  const from = scale.toUnit(node.startMs);
  const width = Math.max(scale.toUnit(node.endMs) - from, 1e-4);
  return { from: Math.max(0, from - width * 0.1), to: Math.min(1, from + width * 1.1) };
}

function parentIndex(rows: readonly TreeRow[], from: number, depth: number): number {
  for (let at = from - 1; at >= 0; at--) {
    const row = rows[at]!;
    if (row.type === 'node' && row.depth < depth) return at;
  }
  return from;
}
