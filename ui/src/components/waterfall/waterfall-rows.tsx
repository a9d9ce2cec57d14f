// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual tree stand at positions of their own; a <table> cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows take the focus, not their cells
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useMemo, useRef } from 'react';
import { formatClock } from '../../lib/format.ts';
import { useWidth } from '../use-size.ts';
import type { Folding } from './folding.ts';
import { type HeatBy, type HeatLevel, heatScale } from './heat.ts';
import type { SessionTree, TimelineNode, TreeRow } from './session-tree.ts';
import { type TimeScale, ticks, type View, zoomView } from './time-scale.ts';
import { useTreeKeyboard } from './tree-keyboard.ts';
import css from './waterfall.module.css';
import { Axis, GapRow, type LaneGeometry, NodeRow } from './waterfall-row.tsx';

const rowPx = 28;
const rowPhonePx = 46;
const headPx = 32;
/** Width of the rows below which each takes two lines. */
const phoneBelowPx = 640;
/** The last label of the axis needs this much. */
const tickLabelPx = 56;
/** Room for one axis label. */
const tickPx = 88;

interface RowsProps {
  tree: SessionTree;
  selected: string;
  onSelect: (id: string) => void;
  heatBy: HeatBy;
  timeZone: string;
  rows: readonly TreeRow[];
  scale: TimeScale;
  view: View;
  onView: (view: View) => void;
  folded: boolean;
  folding: Folding;
  /** The part picked last by dragging; the rows go there. */
  picked: View | null;
}

/** The steps, of which only those on screen exist. */
export function WaterfallRows(props: RowsProps) {
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
    scrollPaddingStart: headPx,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measures again when the height of every row changes
  useEffect(() => virtual.measure(), [height, virtual]);
  const zoomTo = (node: TimelineNode) => props.onView(viewOf(scale, node));
  const keyboard = useTreeKeyboard({
    ...props,
    scroller,
    onZoom: zoomTo,
    scrollTo: (to) => virtual.scrollToIndex(to),
  });
  useScrollToPicked(props, (to) => virtual.scrollToIndex(to, { align: 'start' }));
  useScrollToSelected(props, (to) => virtual.scrollToIndex(to, { align: 'center' }));
  const marks = useAxisTicks(props, lanePx);
  useWheelZoom(axis, scroller, view, props.onView);
  const lane = { scale, view, lanePx };
  return (
    <div className={css.rows} ref={scroller}>
      <div
        role="treegrid"
        aria-label="Steps of the session"
        aria-rowcount={rows.length + 1}
        className={css.tree}
        style={{ height: virtual.getTotalSize() + headPx }}
        onKeyDown={keyboard.onKeyDown}
        onFocus={keyboard.onFocus}
      >
        <Head axis={axis} ticks={marks} />
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          return (
            <div
              key={item.key}
              role="presentation"
              className={css.slot}
              style={{ height, transform: `translateY(${item.start + headPx}px)` }}
            >
              <Row
                {...props}
                row={row}
                index={item.index}
                lane={lane}
                heatOf={heatOf}
                active={item.index === keyboard.active}
                onZoom={zoomTo}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Head(props: {
  axis: RefObject<HTMLDivElement | null>;
  ticks: readonly { atMs: number; x: number; label: string }[];
}) {
  return (
    <div role="row" className={css.head} aria-rowindex={1}>
      <div role="columnheader" className={css.headName}>
        Step
      </div>
      <div role="columnheader" className={css.number}>
        Duration
      </div>
      <div role="columnheader" className={css.number}>
        Cost
      </div>
      <div role="columnheader" className={css.axisCell} ref={props.axis} aria-label="Time">
        <Axis ticks={props.ticks} />
      </div>
    </div>
  );
}

function Row(
  props: RowsProps & {
    row: TreeRow;
    index: number;
    lane: LaneGeometry;
    heatOf: (node: TimelineNode) => HeatLevel;
    active: boolean;
    onZoom: (node: TimelineNode) => void;
  },
) {
  const { row, index, lane, active } = props;
  if (row.type === 'gap') return <GapRow gap={row.gap} index={index} lane={lane} active={active} />;
  return (
    <NodeRow
      row={row}
      index={index}
      lane={lane}
      heatBy={props.heatBy}
      heat={props.heatBy === 'kind' ? 0 : props.heatOf(row.node)}
      selected={row.node.id === props.selected}
      active={active}
      timeZone={props.timeZone}
      onSelect={props.onSelect}
      onToggle={props.folding.toggle}
      onZoom={props.onZoom}
    />
  );
}

function useAxisTicks(props: RowsProps, lanePx: number) {
  const { tree, scale, view, folded, timeZone } = props;
  return useMemo(() => {
    const found = ticks(scale, view, folded ? tree.gaps : [], tickPx / Math.max(tickPx, lanePx));
    return found
      .filter((tick) => tick.x * lanePx < lanePx - (tick.stepMs < 1000 ? 1.5 : 1) * tickLabelPx)
      .map((tick) => ({ ...tick, label: tickLabel(tick.atMs, tick.stepMs, timeZone) }));
  }, [scale, view, tree, folded, lanePx, timeZone]);
}

/** As exact as the step between two ticks. */
function tickLabel(atMs: number, stepMs: number, zone: string): string {
  const text = formatClock(atMs, zone, stepMs < 1000);
  return stepMs >= 60_000 ? text.slice(0, 5) : text;
}

/** A step with a little air on both sides. */
function viewOf(scale: TimeScale, node: TimelineNode): View {
  const from = scale.toUnit(node.startMs);
  const width = Math.max(scale.toUnit(node.endMs) - from, 1e-4);
  return { from: Math.max(0, from - width * 0.1), to: Math.min(1, from + width * 1.1) };
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
