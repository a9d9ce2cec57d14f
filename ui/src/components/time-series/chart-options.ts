import uPlot from 'uplot';
import { formatAxisTime } from '../../lib/format.ts';
import { type Column, lonelyIndexes } from './chart-data.ts';
import { type ChartTheme, paletteSize, seriesColour } from './chart-theme.ts';

/** A horizontal line that means something: a budget, an objective, an alert's limit. */
export interface Threshold {
  value: number;
  label: string;
  /** A colour or CSS variable; `--warn` when absent. */
  colour?: string;
}

/** A moment worth marking: a deployment, an alert, a change of configuration. */
export interface Annotation {
  atMs: number;
  label: string;
  colour?: string;
}

export type ChartKind = 'line' | 'area' | 'bars';

/** What is drawn: times and columns of one length, already thinned and stacked, bottom series first. */
export interface ChartModel {
  times: readonly number[];
  columns: readonly Column[];
  labels: readonly string[];
  /** Palette position or own colour of each column. */
  colours: readonly string[];
  /** Position of each column in the unfiltered list: beyond the palette lines are dashed. */
  positions: readonly number[];
  kind: ChartKind;
  stacked: boolean;
}

export interface ChartSetup {
  /** Read anew at every draw, like `rangeMs`: new values do not mean a new chart. */
  model: ChartModel;
  theme: () => ChartTheme;
  /** Axis labels: short. */
  formatAxis: (value: number) => string;
  timeZone: string;
  rangeMs: { fromMs: number; toMs: number } | null;
  thresholds: readonly Threshold[];
  annotations: readonly Annotation[];
  syncKey: string | undefined;
  onSelectRange: ((fromMs: number, toMs: number) => void) | undefined;
  onCursor: (index: number | null, leftPx: number) => void;
  /** After every drawing: where the plot is and what it spans. */
  onPlot?: ((plot: PlotBox) => void) | undefined;
}

/** The plot inside its axes: CSS pixels from the corner of the canvas, and the values at its edges. */
export interface PlotBox {
  leftPx: number;
  topPx: number;
  widthPx: number;
  heightPx: number;
  fromMs: number;
  toMs: number;
  /** Values at the bottom and at the top. */
  low: number;
  high: number;
}

/** Null while the chart has no scales yet. */
function plotBox({ bbox, scales }: uPlot): PlotBox | null {
  const { x, y } = scales;
  if (x?.min == null || x.max == null || y?.min == null || y.max == null) return null;
  const ratio = devicePixelRatio || 1;
  return {
    leftPx: bbox.left / ratio,
    topPx: bbox.top / ratio,
    widthPx: bbox.width / ratio,
    heightPx: bbox.height / ratio,
    ...{ fromMs: x.min, toMs: x.max, low: y.min, high: y.max },
  };
}

/** Columns in the order uPlot draws them: the top of a stack first, so that the lower ones are painted over it. */
export function drawOrder(model: ChartModel): uPlot.AlignedData {
  const columns = model.stacked ? model.columns.toReversed() : model.columns;
  return [model.times as number[], ...(columns as (number | null)[][])] as uPlot.AlignedData;
}

export function chartOptions(setup: ChartSetup, size: { width: number; height: number }): uPlot.Options {
  const { model, theme } = setup;
  return {
    ...size,
    ms: 1,
    tzDate: setup.timeZone === 'browser' ? undefined : (atMs) => uPlot.tzDate(new Date(atMs), setup.timeZone),
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: setup.onSelectRange !== undefined, y: false, setScale: false, dist: 4 },
      sync:
        setup.syncKey === undefined
          ? undefined
          : { key: setup.syncKey, setSeries: false, scales: ['x', null] },
      points: { size: 7, width: 2, show: model.kind !== 'bars' },
    },
    scales: {
      x: { time: true, range: () => xRange(setup) },
      y: { range: (_, min, max) => yRange(setup, min, max) },
    },
    axes: [xAxis(setup), yAxis(setup)],
    series: [{}, ...seriesOptions(setup)],
    hooks: {
      draw: [
        (chart) => drawMarks(chart, setup, theme()),
        (chart) => {
          const plot = setup.onPlot && plotBox(chart);
          if (plot) setup.onPlot?.(plot);
        },
      ],
      setCursor: [(chart) => setup.onCursor(cursorIndex(chart, setup.model), chart.cursor.left ?? 0)],
      setSelect: [(chart) => selectRange(chart, setup)],
    },
  };
}

function xRange({ rangeMs, model }: ChartSetup): [number, number] {
  const first = model.times[0] ?? 0;
  const last = model.times[model.times.length - 1] ?? 1;
  const step = model.kind === 'bars' ? (model.times[1] ?? first + 1) - first : 0;
  if (rangeMs === null) return [first, Math.max(last + step, first + 1)];
  return [Math.min(rangeMs.fromMs, first), Math.max(rangeMs.toMs, last + step)];
}

/** From zero for what cannot be negative, with room above, and thresholds inside. */
function yRange(
  { thresholds }: ChartSetup,
  dataMin: number | null,
  dataMax: number | null,
): [number, number] {
  const limits = thresholds.map(({ value }) => value);
  const min = Math.min(dataMin ?? 0, ...limits, 0);
  const max = Math.max(dataMax ?? 0, ...limits);
  if (max === min) return [min, min + 1];
  const [low, high] = uPlot.rangeNum(min, max, 0.08, true);
  return [min === 0 ? 0 : (low ?? min), high ?? max];
}

function xAxis({ theme, timeZone }: ChartSetup): uPlot.Axis {
  return {
    stroke: () => theme().axis,
    font: theme().font,
    size: 28,
    gap: 6,
    space: 72,
    grid: { show: false },
    ticks: { show: true, stroke: () => theme().grid, width: 1, size: 4 },
    values: (chart, splits) => {
      const spanMs = (chart.scales.x?.max ?? 0) - (chart.scales.x?.min ?? 0);
      return splits.map((atMs) => formatAxisTime(atMs, spanMs, timeZone));
    },
  };
}

/** Width of a label's average character at 11 px, and the room around it. */
const axisCharPx = 6.4;
const axisPadPx = 14;

function yAxis({ theme, formatAxis }: ChartSetup): uPlot.Axis {
  return {
    stroke: () => theme().axis,
    font: theme().font,
    gap: 6,
    space: 36,
    size: (_, values) =>
      axisPadPx + axisCharPx * Math.max(3, ...(values ?? []).map((text) => text?.length ?? 0)),
    grid: { stroke: () => theme().grid, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => formatAxis(value)),
  };
}

function seriesOptions({ model, theme }: ChartSetup): uPlot.Series[] {
  const bars = uPlot.paths.bars?.({ size: [0.82, 42], align: 1, radius: 0 });
  const options = model.labels.map((label, at): uPlot.Series => {
    const name = model.colours[at] ?? seriesColour(at);
    const fill = () =>
      withAlpha(theme().colour(name), model.kind === 'bars' ? 1 : model.stacked ? 0.55 : 0.14);
    return {
      label,
      stroke: () => theme().colour(name),
      width: model.kind === 'bars' ? 0 : 1.5,
      fill:
        model.kind === 'line'
          ? undefined
          : model.stacked && model.kind === 'area'
            ? overSurface(theme, name)
            : fill,
      paths: model.kind === 'bars' ? bars : undefined,
      dash: (model.positions[at] ?? at) >= paletteSize ? [6, 4] : undefined,
      points: { show: model.kind === 'bars' ? false : undefined, size: 4, filter: lonelyPoints },
      spanGaps: false,
    };
  });
  return model.stacked ? options.reverse() : options;
}

/** A line needs two points: where points are too dense to be drawn, those between two gaps still are, or nobody would see them. */
function lonelyPoints(chart: uPlot, seriesIndex: number, areAllShown: boolean): number[] | null {
  const [from, to] = chart.series[seriesIndex]?.idxs ?? [0, -1];
  const column = chart.data[seriesIndex];
  if (areAllShown || column === undefined || chart.series[seriesIndex]?.points?.show === false) return null;
  const lonely = lonelyIndexes(column, from, to);
  return lonely.length === 0 ? null : lonely;
}

/** An opaque tint: in a stack each area is painted over the ones above it, so it must cover them. */
function overSurface(theme: () => ChartTheme, name: string): () => string {
  return () => `color-mix(in oklab, ${theme().colour(name)} 55%, ${theme().surface})`;
}

function withAlpha(colour: string, alpha: number): string {
  return alpha === 1 ? colour : `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
}

/** The point under the cursor; for bars the one whose step holds the cursor. */
export function cursorIndex(chart: uPlot, model: ChartModel): number | null {
  const { idx, left } = chart.cursor;
  if (idx == null || left == null || left < 0) return null;
  if (model.kind !== 'bars') return idx;
  const atMs = chart.posToVal(left, 'x');
  return Math.max(0, (model.times[idx] ?? 0) > atMs ? idx - 1 : idx);
}

function selectRange(chart: uPlot, { onSelectRange }: ChartSetup): void {
  const { left, width } = chart.select;
  if (width <= 0) return;
  const fromMs = chart.posToVal(left, 'x');
  const toMs = chart.posToVal(left + width, 'x');
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelectRange?.(Math.round(fromMs), Math.round(toMs));
}

function drawMarks(chart: uPlot, setup: ChartSetup, theme: ChartTheme): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${11 * ratio}px ${theme.font.slice(theme.font.indexOf(' ') + 1)}`;
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 4 * ratio]);
  for (const { value, label, colour } of setup.thresholds) {
    const y = Math.round(chart.valToPos(value, 'y', true));
    mark(ctx, theme.colour(colour ?? '--warn'), [bbox.left, y, bbox.left + bbox.width, y]);
    ctx.textAlign = 'right';
    ctx.fillText(label, bbox.left + bbox.width - 4 * ratio, y - 4 * ratio);
  }
  for (const { atMs, label, colour } of setup.annotations) {
    const x = Math.round(chart.valToPos(atMs, 'x', true));
    mark(ctx, theme.colour(colour ?? '--info'), [x, bbox.top, x, bbox.top + bbox.height]);
    ctx.textAlign = 'left';
    ctx.fillText(label, x + 4 * ratio, bbox.top + 12 * ratio);
  }
  ctx.restore();
}

function mark(
  ctx: CanvasRenderingContext2D,
  colour: string,
  [x1, y1, x2, y2]: [number, number, number, number],
): void {
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}
