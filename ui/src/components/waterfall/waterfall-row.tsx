// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual tree stand at positions of their own; a <table> cannot
// biome-ignore-all lint/a11y/useFocusableInteractive: the rows take the focus, not their cells
// biome-ignore-all lint/a11y/useKeyWithClickEvents: keys are handled once, by the tree around the rows
import { ChevronDown, ChevronRight } from 'lucide-react';
import type { MouseEvent, ReactNode } from 'react';
import { formatAbsolute, formatDuration, formatUsd, formatUsdExact, missing } from '../../lib/format.ts';
import type { HeatBy, HeatLevel } from './heat.ts';
import { barText, kindLooks } from './kinds.tsx';
import { fromMicros, type Gap, isFailure, type TimelineNode, type TreeRow } from './session-tree.ts';
import { placeLabel, type TimeScale, type View } from './time-scale.ts';
import css from './waterfall.module.css';

/** Average width of a character at 11 px. */
const charPx = 6;
/** A moment still has to be visible. */
const barMinPx = 3;

export interface LaneGeometry {
  scale: TimeScale;
  view: View;
  lanePx: number;
}

function xOf(lane: LaneGeometry, atMs: number): number {
  return ((lane.scale.toUnit(atMs) - lane.view.from) / (lane.view.to - lane.view.from)) * lane.lanePx;
}

export interface NodeRowProps {
  row: Extract<TreeRow, { type: 'node' }>;
  index: number;
  lane: LaneGeometry;
  heatBy: HeatBy;
  heat: HeatLevel;
  selected: boolean;
  active: boolean;
  timeZone: string;
  onSelect: (id: string) => void;
  onToggle: (id: string) => void;
  /** Fills the lane with the step. */
  onZoom: (node: TimelineNode) => void;
}

/** One step: its name at its depth, how long it took, what it cost, and where in time it lies. */
export function NodeRow(props: NodeRowProps) {
  const { row, index } = props;
  const { node } = row;
  const failed = node.entry !== null && isFailure(node.entry);
  const holds = node.children.length > 0;
  const onToggle = (event: MouseEvent) => {
    event.stopPropagation();
    props.onToggle(node.id);
  };
  return (
    <div
      role="row"
      className={css.row}
      data-index={index}
      aria-rowindex={index + 2}
      aria-level={row.depth + 1}
      aria-posinset={row.position}
      aria-setsize={row.size}
      aria-expanded={holds ? !row.collapsed : undefined}
      aria-selected={props.selected}
      tabIndex={props.active ? 0 : -1}
      onClick={() => props.onSelect(node.id)}
      onDoubleClick={() => props.onZoom(node)}
    >
      <div role="gridcell" className={css.name} style={{ paddingInlineStart: 8 + row.depth * 16 }}>
        {holds ? (
          <button
            type="button"
            tabIndex={-1}
            className={css.chevron}
            aria-label={row.collapsed ? 'Expand' : 'Collapse'}
            onClick={onToggle}
          >
            {row.collapsed ? <ChevronRight aria-hidden /> : <ChevronDown aria-hidden />}
          </button>
        ) : (
          <span className={css.chevron} />
        )}
        <span
          className={css.icon}
          title={kindLooks[node.kind].one}
          style={{ color: `var(${failed ? '--bad' : kindLooks[node.kind].colour})` }}
        >
          {kindLooks[node.kind].icon}
        </span>
        <span className="visually-hidden">{kindLooks[node.kind].one}: </span>
        <span
          className={node.kind === 'prompt' ? css.promptLabel : css.label}
          title={node.entry?.name || node.label}
        >
          {node.label}
        </span>
        {failed && <span className={css.failed}>failed</span>}
        {!failed && node.failures > 0 && row.collapsed && (
          <span className={css.failed}>{node.failures} failed</span>
        )}
      </div>
      <div role="gridcell" className={css.number}>
        {node.endMs > node.startMs ? formatDuration(node.endMs - node.startMs) : missing}
      </div>
      <div role="gridcell" className={css.number} title={formatUsdExact(fromMicros(node.costMicros))}>
        {node.costMicros > 0 ? formatUsd(fromMicros(node.costMicros)) : missing}
      </div>
      <div role="gridcell" className={css.track} title={`${formatAbsolute(node.startMs, props.timeZone)}`}>
        <NodeBar {...props} failed={failed} />
      </div>
    </div>
  );
}

function NodeBar(props: NodeRowProps & { failed: boolean }) {
  const { lane, heatBy } = props;
  const { node, collapsed } = props.row;
  const x = xOf(lane, node.startMs);
  const right = xOf(lane, node.endMs);
  if (lane.lanePx === 0) return null;
  if (right < 0) return <span className={`${css.outside} ${css.outsideLeft}`}>‹</span>;
  if (x > lane.lanePx) return <span className={`${css.outside} ${css.outsideRight}`}>›</span>;
  const left = Math.max(0, Math.min(x, lane.lanePx - barMinPx));
  const width = Math.max(barMinPx, Math.min(right, lane.lanePx) - left);
  const text = barText(node);
  const place = placeLabel({ x: left, width }, text.length * charPx, lane.lanePx);
  const holds = node.children.length > 0;
  const colour = heatBy === 'kind' ? (props.failed ? '--bad' : kindLooks[node.kind].colour) : '';
  const names = [css.bar, holds ? css.holder : '', heatBy === 'kind' ? '' : css[`heat${props.heat}`]];
  return (
    <>
      <span
        className={names.filter(Boolean).join(' ')}
        style={
          { left, width, ...(colour === '' ? {} : { '--bar': `var(${colour})` }) } as React.CSSProperties
        }
      />
      {holds && collapsed && heatBy === 'kind' && <ChildTicks node={node} lane={lane} />}
      {place.side !== 'none' && text !== '' && (
        <span
          className={place.side === 'inside' && !holds ? `${css.barText} ${css.inside}` : css.barText}
          style={{ left: place.x, maxWidth: place.widthMax }}
          aria-hidden
        >
          {text}
        </span>
      )}
    </>
  );
}

/** Runs of steps closer than this melt into one mark. */
const tickMergePx = 1.5;

/** What a folded node holds, as marks inside its bar: one path for each kind, melted where steps are closer than a pixel. */
function ChildTicks({ node, lane }: { node: TimelineNode; lane: LaneGeometry }) {
  const paths = new Map<string, { d: string; until: number }>();
  const walk = (nodes: readonly TimelineNode[]) => {
    for (const child of nodes) {
      const x = xOf(lane, child.startMs);
      const right = Math.max(
        x + 1,
        xOf(lane, child.entry && child.children.length === 0 ? child.endMs : child.startMs),
      );
      const colour = child.entry && isFailure(child.entry) ? '--bad' : kindLooks[child.kind].colour;
      const path = paths.get(colour) ?? { d: '', until: Number.NEGATIVE_INFINITY };
      if (right > 0 && x < lane.lanePx && right > path.until + tickMergePx) {
        const from = Math.max(0, x, path.until);
        path.d += `M${from.toFixed(1)} 10h${Math.max(1, Math.min(right, lane.lanePx) - from).toFixed(1)}`;
        path.until = right;
        paths.set(colour, path);
      }
      walk(child.children);
    }
  };
  walk(node.children);
  return (
    <svg className={css.ticks} width={lane.lanePx} height={20} aria-hidden>
      {[...paths].map(([colour, { d }]) => (
        <path key={colour} d={d} style={{ stroke: `var(${colour})` }} />
      ))}
    </svg>
  );
}

/** A quiet stretch, with its length and whom it waited for. */
export function GapRow(props: { gap: Gap; index: number; lane: LaneGeometry; active: boolean }) {
  const { gap, lane } = props;
  const left = Math.max(0, xOf(lane, gap.startMs));
  const right = Math.min(lane.lanePx, xOf(lane, gap.endMs));
  return (
    <div
      role="row"
      className={`${css.row} ${css.gap}`}
      data-index={props.index}
      aria-rowindex={props.index + 2}
      aria-level={1}
      tabIndex={props.active ? 0 : -1}
    >
      <div role="gridcell" className={css.gapText}>
        {formatDuration(gap.endMs - gap.startMs)} {gap.label}
      </div>
      <div role="gridcell" className={css.track}>
        {right > left && <span className={css.gapBand} style={{ left, width: right - left }} />}
      </div>
    </div>
  );
}

/** Clock times across the top of the lanes. */
export function Axis(props: {
  ticks: readonly { atMs: number; x: number; label: string }[];
  children?: ReactNode;
}) {
  return (
    <div className={css.axis}>
      {props.ticks.map((tick) => (
        <span key={tick.atMs} className={css.tick} style={{ left: `${tick.x * 100}%` }}>
          {tick.label}
        </span>
      ))}
    </div>
  );
}
