import type { TimelineKind } from '@contract';
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { formatClock, formatCount, formatDuration, formatUsd } from '../../lib/format.ts';
import { type ChartTheme, onThemeChange, readTheme } from '../time-series/chart-theme.ts';
import { useWidth } from '../use-size.ts';
import { kindLooks, kindOrder } from './kinds.tsx';
import { fromMicros, type SessionTree } from './session-tree.ts';
import type { TimeScale, View } from './time-scale.ts';
import css from './waterfall.module.css';

const laneHeightPx = 24;
const costHeightPx = 40;
/** Shorter drags are clicks. */
const dragMinPx = 4;

interface Lane {
  name: string;
  colour: string;
  kinds: readonly TimelineKind[];
  count: number;
}

/** Rare things share a lane, so that the overview stays low. */
const troubles: readonly TimelineKind[] = ['api_error', 'error', 'refusal'];

/** Lanes that something happened in, from top to bottom. */
function lanesOf(tree: SessionTree): Lane[] {
  const counts = new Map<TimelineKind, number>();
  for (const node of tree.ordered) counts.set(node.kind, (counts.get(node.kind) ?? 0) + 1);
  const lanes = kindOrder
    .filter((kind) => !troubles.includes(kind))
    .map((kind) => ({ name: kindLooks[kind].many, colour: kindLooks[kind].colour, kinds: [kind] }));
  const all = [...lanes, { name: 'Errors and refusals', colour: '--bad', kinds: troubles }];
  return all
    .map((lane) => ({ ...lane, count: lane.kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0) }))
    .filter((lane) => lane.count > 0);
}

/** Cost so far after each step that cost something. */
interface Spending {
  atMs: number[];
  micros: number[];
}

function spendingOf(tree: SessionTree): Spending {
  const steps = tree.ordered
    .filter((node) => node.entry!.cost_usd > 0 && node.children.length === 0)
    .map((node) => ({ atMs: node.endMs, micros: node.costMicros }))
    .sort((a, b) => a.atMs - b.atMs);
  let sum = 0;
  return { atMs: steps.map((step) => step.atMs), micros: steps.map((step) => (sum += step.micros)) };
}

function spentAt(spending: Spending, atMs: number): number {
  let low = 0;
  let high = spending.atMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spending.atMs[middle]! <= atMs) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : spending.micros[low - 1]!;
}

interface MiniMapProps {
  tree: SessionTree;
  scale: TimeScale;
  view: View;
  onView: (view: View) => void;
  /** A part was picked by dragging across it. */
  onPick: (view: View) => void;
  hidden: ReadonlySet<TimelineKind>;
  onHidden: (hidden: ReadonlySet<TimelineKind>) => void;
  timeZone: string;
}

/**
 * The whole session at a glance: one lane for each kind of step, and the cost so far. The names of the lanes are the switches that
 * hide a kind. Dragging picks the part that the rows below show; the zoom buttons do the same by keyboard.
 */
export function MiniMap(props: MiniMapProps) {
  const { tree, scale, hidden } = props;
  const lanes = useMemo(() => lanesOf(tree), [tree]);
  const spending = useMemo(() => spendingOf(tree), [tree]);
  const [hoverMs, setHoverMs] = useState<number | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const height = lanes.length * laneHeightPx + costHeightPx;
  usePainting({ canvas, width, height, tree, scale, lanes, spending, hidden });
  const drag = useDrag(box, props);
  return (
    <div className={css.map}>
      <Lanes {...props} lanes={lanes} spending={spending} hoverMs={hoverMs} />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: for the pointer only; the zoom buttons do the same by keyboard */}
      <div
        ref={box}
        className={css.mapBox}
        style={{ height }}
        {...drag.handlers}
        onPointerMove={(event) => {
          drag.handlers.onPointerMove(event);
          const rect = event.currentTarget.getBoundingClientRect();
          setHoverMs(scale.toMs((event.clientX - rect.left) / rect.width));
        }}
        onPointerLeave={() => setHoverMs(null)}
        onDoubleClick={() => props.onView({ from: 0, to: 1 })}
      >
        <canvas ref={canvas} className={css.mapCanvas} aria-hidden />
        <div
          className={css.mapView}
          data-whole={props.view.to - props.view.from > 0.9999 || undefined}
          style={viewStyle(drag.picked ?? props.view)}
        />
        {hoverMs !== null && (
          <div className={css.mapHover} style={{ left: `${scale.toUnit(hoverMs) * 100}%` }} />
        )}
      </div>
    </div>
  );
}

/** The names of the lanes, which are the switches too, and the cost under the pointer. */
function Lanes(props: MiniMapProps & { lanes: readonly Lane[]; spending: Spending; hoverMs: number | null }) {
  const { tree, hidden, lanes, spending, hoverMs } = props;
  const isHidden = (lane: Lane) => lane.kinds.every((kind) => hidden.has(kind));
  const toggle = (lane: Lane) => {
    const others = [...hidden].filter((kind) => !lane.kinds.includes(kind));
    props.onHidden(new Set(isHidden(lane) ? others : [...others, ...lane.kinds]));
  };
  const shownMicros = hoverMs === null ? (spending.micros.at(-1) ?? 0) : spentAt(spending, hoverMs);
  return (
    <div className={css.lanes}>
      {lanes.map((lane) => (
        <button
          key={lane.name}
          type="button"
          className={css.lane}
          aria-pressed={!isHidden(lane)}
          title={isHidden(lane) ? 'Show these rows' : 'Hide these rows'}
          onClick={() => toggle(lane)}
        >
          <span className={css.laneSwatch} style={{ background: `var(${lane.colour})` }} />
          <span className={css.laneName}>{lane.name}</span>
          <span className={css.laneCount}>{formatCount(lane.count)}</span>
        </button>
      ))}
      <div className={css.costLane}>
        <span>
          Cost so far <strong>{formatUsd(fromMicros(shownMicros))}</strong>
        </span>
        <span className={css.costTime}>
          {hoverMs === null
            ? `over ${formatDuration(tree.endMs - tree.startMs)}`
            : `at ${formatClock(hoverMs, props.timeZone)}`}
        </span>
      </div>
    </div>
  );
}

function viewStyle(view: View) {
  return { left: `${view.from * 100}%`, width: `${(view.to - view.from) * 100}%` };
}

/** A drag that starts inside a zoomed view moves it; any other picks a new one. */
function useDrag(
  box: { current: HTMLElement | null },
  props: { view: View; onView: (view: View) => void; onPick: (view: View) => void },
) {
  const { view, onView, onPick } = props;
  const [picked, setPicked] = useState<View | null>(null);
  const start = useRef<{ unit: number; moves: View | null; x: number } | null>(null);
  const unitAt = (event: PointerEvent) => {
    const rect = box.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - rect.left) / rect.width));
  };
  const viewAt = (event: PointerEvent): View | null => {
    const from = start.current;
    if (!from || Math.abs(event.clientX - from.x) < dragMinPx) return null;
    const unit = unitAt(event);
    if (!from.moves) return { from: Math.min(from.unit, unit), to: Math.max(from.unit, unit) };
    const width = from.moves.to - from.moves.from;
    const left = Math.min(1 - width, Math.max(0, from.moves.from + unit - from.unit));
    return { from: left, to: left + width };
  };
  const handlers = {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      const unit = unitAt(event);
      const zoomed = view.to - view.from < 0.999;
      start.current = {
        unit,
        x: event.clientX,
        moves: zoomed && unit > view.from && unit < view.to ? view : null,
      };
      box.current?.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent) {
      const next = viewAt(event);
      if (!next) return;
      if (start.current?.moves) onView(next);
      else setPicked(next);
    },
    onPointerUp(event: PointerEvent) {
      const next = viewAt(event);
      start.current = null;
      setPicked(null);
      if (!next || next.to <= next.from) return;
      onView(next);
      onPick(next);
    },
    onPointerCancel() {
      start.current = null;
      setPicked(null);
    },
  };
  return { handlers, picked };
}

interface Painting {
  canvas: { current: HTMLCanvasElement | null };
  width: number;
  height: number;
  tree: SessionTree;
  scale: TimeScale;
  lanes: readonly Lane[];
  spending: Spending;
  hidden: ReadonlySet<TimelineKind>;
}

function usePainting(painting: Painting): void {
  const latest = useRef(painting);
  const { canvas, width, height, tree, scale, lanes, spending, hidden } = painting;
  useEffect(() => {
    latest.current = { canvas, width, height, tree, scale, lanes, spending, hidden };
    paint(latest.current);
  }, [canvas, width, height, tree, scale, lanes, spending, hidden]);
  useEffect(() => onThemeChange(() => paint(latest.current)), []);
}

function paint(painting: Painting): void {
  const { canvas, width, height, lanes, hidden } = painting;
  const ctx = canvas.current?.getContext('2d');
  if (!ctx || !canvas.current || width === 0) return;
  const ratio = devicePixelRatio || 1;
  canvas.current.width = Math.round(width * ratio);
  canvas.current.height = Math.round(height * ratio);
  ctx.scale(ratio, ratio);
  const theme = readTheme();
  paintGaps(ctx, painting, theme);
  const rowOf = new Map(lanes.flatMap(({ kinds }, at) => kinds.map((kind) => [kind, at] as const)));
  for (const node of painting.tree.ordered) {
    const row = rowOf.get(node.kind);
    if (row === undefined) continue;
    ctx.globalAlpha = hidden.has(node.kind) ? 0.2 : 1;
    ctx.fillStyle = theme.colour(node.entry?.failed ? '--bad' : kindLooks[node.kind].colour);
    const x = painting.scale.toUnit(node.startMs) * width;
    const endMs = node.kind === 'prompt' ? node.startMs : node.endMs;
    const right = painting.scale.toUnit(endMs) * width;
    ctx.fillRect(
      x,
      row * laneHeightPx + 4,
      Math.max(node.kind === 'prompt' ? 2.5 : 1.5, right - x),
      laneHeightPx - 8,
    );
  }
  ctx.globalAlpha = 1;
  paintSpending(ctx, painting, theme);
}

function paintGaps(
  ctx: CanvasRenderingContext2D,
  { tree, scale, width, height }: Painting,
  theme: ChartTheme,
): void {
  ctx.strokeStyle = theme.colour('--line');
  ctx.lineWidth = 1;
  for (const gap of tree.gaps) {
    const x = scale.toUnit(gap.startMs) * width;
    const right = scale.toUnit(gap.endMs) * width;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, 0, right - x, height);
    ctx.clip();
    ctx.beginPath();
    for (let at = x - height; at < right; at += 7) {
      ctx.moveTo(at, height);
      ctx.lineTo(at + height, 0);
    }
    ctx.stroke();
    ctx.restore();
  }
}

function paintSpending(ctx: CanvasRenderingContext2D, painting: Painting, theme: ChartTheme): void {
  const { spending, scale, width, height } = painting;
  const total = spending.micros.at(-1) ?? 0;
  if (total === 0) return;
  const top = height - costHeightPx + 6;
  const y = (micros: number) => height - 2 - (micros / total) * (height - 2 - top);
  ctx.beginPath();
  ctx.moveTo(0, y(0));
  spending.atMs.forEach((atMs, at) => {
    const x = scale.toUnit(atMs) * width;
    ctx.lineTo(x, y(at === 0 ? 0 : spending.micros[at - 1]!));
    ctx.lineTo(x, y(spending.micros[at]!));
  });
  ctx.lineTo(width, y(total));
  ctx.strokeStyle = theme.colour('--accent-fg');
  ctx.lineWidth = 1.5;
  ctx.stroke();
  ctx.lineTo(width, height);
  ctx.lineTo(0, height);
  ctx.fillStyle = theme.colour('--accent-soft');
  ctx.globalAlpha = 0.6;
  ctx.fill();
  ctx.globalAlpha = 1;
}
