import { Download, Table2 } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { formatAbsolute, formatCompact } from '../../lib/format.ts';
import { Button } from '../button.tsx';
import { Panel } from '../panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../states.tsx';
import { useWidth } from '../use-size.ts';
import { ChartCanvas, type ChartHandle } from './chart-canvas.tsx';
import {
  type ChartData,
  describeChart,
  downsample,
  maxPointsPerPixel,
  nearestKnown,
  stack,
  toCsv,
  valueText,
} from './chart-data.ts';
import type { Annotation, ChartKind, ChartModel, PlotBox, Threshold } from './chart-options.ts';
import { ChartLegend, ChartTable, ChartTooltip } from './chart-parts.tsx';
import { seriesColour } from './chart-theme.ts';
import css from './time-series.module.css';

export interface TimeSeriesPanelProps {
  title: string;
  note?: ReactNode;
  /** Undefined while the first answer is on its way. An older answer stays on screen while a newer one loads. */
  data: ChartData | undefined;
  /** Values in readouts, tables and descriptions. */
  format: (value: number | null) => string;
  /** Axis labels, as short as can be; {@link format} when absent. */
  formatAxis?: (value: number) => string;
  kind?: ChartKind;
  /** Puts the series on top of each other, the first at the bottom. */
  stacked?: boolean;
  /** What the legend shows behind each name. */
  legendValue?: 'sum' | 'last' | 'max' | 'none';
  thresholds?: readonly Threshold[];
  annotations?: readonly Annotation[];
  /** Charts with the same key share their crosshair. */
  syncKey?: string;
  /** The whole axis, also where there is no data. */
  range?: { fromMs: number; toMs: number };
  timeZone?: string;
  /** Dragging across the chart; the time picker does the same by keyboard. */
  onSelectRange?: (fromMs: number, toMs: number) => void;
  loading?: boolean;
  error?: unknown;
  onRetry?: () => void;
  /** Instead of an empty chart: which data is missing and what sends it. */
  empty?: ReactNode;
  height?: number;
  actions?: ReactNode;
  /** Stands for the usual legend: for very many series, or more figures. */
  legend?: (controls: LegendControls) => ReactNode;
  /** Drawn over the plot, which it is told of. */
  overlay?: (plot: PlotBox) => ReactNode;
}

/** Which series are hidden, by label. */
export interface LegendControls {
  hidden: ReadonlySet<string>;
  onHidden: (hidden: ReadonlySet<string>) => void;
}

const noThresholds: readonly Threshold[] = [];
const noAnnotations: readonly Annotation[] = [];

/** Lines, areas or bars over time, with everything a chart needs around it. Draws what it is given and fetches nothing. */
export function TimeSeriesPanel(props: TimeSeriesPanelProps) {
  const [asTable, setAsTable] = useState(false);
  const { data } = props;
  const hasPoints = data?.series.some((series) => series.values.some((value) => value != null)) ?? false;
  const actions = (
    <>
      {props.actions}
      {hasPoints && data && (
        <>
          <Button
            variant="quiet"
            icon={<Table2 aria-hidden />}
            aria-label={asTable ? 'View as chart' : 'View as table'}
            pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          />
          <Button
            variant="quiet"
            icon={<Download aria-hidden />}
            aria-label="Download CSV"
            onClick={() => download(`${fileName(props.title)}.csv`, toCsv(data))}
          />
        </>
      )}
    </>
  );
  return (
    <Panel title={props.title} note={props.note} actions={actions}>
      <div className={css.progress} data-busy={props.loading && data ? 'true' : undefined} aria-hidden />
      <Content {...props} hasPoints={hasPoints} asTable={asTable} />
    </Panel>
  );
}

function Content(props: TimeSeriesPanelProps & { hasPoints: boolean; asTable: boolean }) {
  const height = props.height ?? 220;
  if (!props.data) {
    if (props.error != null) {
      return (
        <ErrorState
          compact
          title={`${props.title} could not be read.`}
          error={props.error}
          onRetry={props.onRetry}
        />
      );
    }
    return (
      <>
        <Skeleton height={`${height}px`} />
        <Skeleton className={css.legendSkeleton} width="40%" height="14px" />
      </>
    );
  }
  if (!props.hasPoints) {
    return props.empty ?? <EmptyState compact title="No data in this range." />;
  }
  if (props.asTable) {
    return (
      <ChartTable title={props.title} data={props.data} format={props.format} timeZone={props.timeZone} />
    );
  }
  return <Chart {...props} data={props.data} height={height} />;
}

interface Readout {
  index: number;
  leftPx: number;
}

function Chart(props: TimeSeriesPanelProps & { data: ChartData; height: number }) {
  const wrap = useRef<HTMLDivElement>(null);
  const handle = useRef<ChartHandle>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const width = useWidth(wrap);
  const timeZone = props.timeZone ?? 'browser';
  const { data, format } = props;
  const shown = useMemo(() => visible(data, hidden), [data, hidden]);
  const model = useModel(props, shown, width);
  const description = useMemo(
    () => describeChart({ title: props.title, data, format, timeZone }),
    [props.title, data, format, timeZone],
  );
  const keyboard = useChartKeyboard({ data: shown, model, handle, format, timeZone });
  const hover = useHover();
  const { plot, onPlot } = usePlot(props.overlay !== undefined);
  return (
    <>
      <div ref={wrap} className={css.wrap} onPointerEnter={hover.enter} onPointerLeave={hover.leave}>
        <div
          className={css.chart}
          role="img"
          aria-label={description}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard reads a chart point by point
          tabIndex={0}
          onKeyDown={keyboard.onKeyDown}
          onBlur={keyboard.onBlur}
        >
          <ChartCanvas
            handle={handle}
            model={model}
            height={props.height}
            formatAxis={props.formatAxis ?? format}
            timeZone={timeZone}
            rangeMs={props.range ?? null}
            thresholds={props.thresholds ?? noThresholds}
            annotations={props.annotations ?? noAnnotations}
            syncKey={props.syncKey}
            onSelectRange={props.onSelectRange}
            onCursor={hover.move}
            onPlot={onPlot}
          />
        </div>
        {plot && props.overlay?.(plot)}
        {hover.at && (
          <ChartTooltip
            {...hover.at}
            shown={shown}
            model={model}
            widthPx={width}
            format={format}
            timeZone={timeZone}
          />
        )}
      </div>
      <p className={keyboard.text ? css.readout : 'visually-hidden'} role="status">
        {keyboard.text}
      </p>
      <Legend {...props} hidden={hidden} onHidden={setHidden} />
    </>
  );
}

function Legend(props: TimeSeriesPanelProps & LegendControls & { data: ChartData }) {
  const { hidden, onHidden } = props;
  if (props.legend) return props.legend({ hidden, onHidden });
  return (
    <ChartLegend
      data={props.data}
      format={props.format}
      value={props.legendValue ?? 'last'}
      hidden={hidden}
      onHidden={onHidden}
    />
  );
}

/** Where the plot is, for what is drawn over it. A drawing that changes nothing about that is not told. */
function usePlot(isWanted: boolean) {
  const [plot, setPlot] = useState<PlotBox | null>(null);
  const onPlot = useMemo(
    () =>
      isWanted
        ? (next: PlotBox) => setPlot((before) => (isSamePlot(before, next) ? before : next))
        : undefined,
    [isWanted],
  );
  return { plot: isWanted ? plot : null, onPlot };
}

function isSamePlot(before: PlotBox | null, next: PlotBox): boolean {
  return (
    before !== null && (Object.keys(next) as (keyof PlotBox)[]).every((key) => before[key] === next[key])
  );
}

/** What to draw. The width counts only where there are more points than pixels: else a resize would mean a new model for nothing. */
function useModel(props: TimeSeriesPanelProps, shown: ShownData, widthPx: number): DrawnModel {
  const { kind = 'line', stacked = false } = props;
  const points = shown.times.length;
  const width = widthPx || 800;
  const sampleWidth = points > maxPointsPerPixel * width ? width : points;
  return useMemo(() => modelOf(shown, kind, stacked, sampleWidth), [shown, kind, stacked, sampleWidth]);
}

/** Where the pointer is. Charts that only follow another's crosshair show the line, not the box. */
function useHover() {
  const isOver = useRef(false);
  const [at, setAt] = useState<Readout | null>(null);
  return {
    at,
    enter: () => {
      isOver.current = true;
    },
    leave: () => {
      isOver.current = false;
      setAt(null);
    },
    move: (index: number | null, leftPx: number) =>
      setAt(index === null || !isOver.current ? null : { index, leftPx }),
  };
}

/** A series with the place it has in the full list, which its colour depends on. */
export interface ShownSeries {
  label: string;
  values: readonly (number | null)[];
  colour: string;
  position: number;
}

export interface ShownData {
  times: readonly number[];
  series: readonly ShownSeries[];
}

function visible(data: ChartData, hidden: ReadonlySet<string>): ShownData {
  const series = data.series
    .map((one, position) => ({ ...one, colour: one.colour ?? seriesColour(position), position }))
    .filter((one) => !hidden.has(one.label));
  return { times: data.times, series };
}

/** What the canvas draws, and the thinned values behind it for readouts. */
export type DrawnModel = ChartModel & { raw: readonly (readonly (number | null)[])[] };

function modelOf(shown: ShownData, kind: ChartKind, stacked: boolean, widthPx: number): DrawnModel {
  const sampled = downsample(
    shown.times,
    shown.series.map((series) => series.values),
    widthPx,
  );
  return {
    times: sampled.times,
    raw: sampled.columns,
    columns: stacked ? stack(sampled.columns) : sampled.columns,
    labels: shown.series.map((series) => series.label),
    colours: shown.series.map((series) => series.colour),
    positions: shown.series.map((series) => series.position),
    kind,
    stacked,
  };
}

/** Arrows walk along the points, with shift ten at a time; up and down change the series; the readout is spoken politely. */
function useChartKeyboard(options: {
  data: ShownData;
  model: DrawnModel;
  handle: { current: ChartHandle | null };
  format: (value: number | null) => string;
  timeZone: string;
}) {
  const { model, handle } = options;
  const [at, setAt] = useState<{ index: number; series: number } | null>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const last = model.times.length - 1;
    const before = at ?? { index: last + 1, series: 0 };
    const step = event.shiftKey ? 10 : 1;
    const count = Math.max(1, model.raw.length);
    const moves: Record<string, { index: number; series: number }> = {
      ArrowLeft: { ...before, index: before.index - step },
      ArrowRight: { ...before, index: before.index + step },
      Home: { ...before, index: 0 },
      End: { ...before, index: last },
      ArrowUp: { index: before.index, series: (before.series + count - 1) % count },
      ArrowDown: { index: before.index, series: (before.series + 1) % count },
    };
    const moved = moves[event.key];
    if (!moved || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const index = Math.max(0, Math.min(last, moved.index));
    setAt({ index, series: moved.series });
    handle.current?.moveCursor(index);
  };
  const onBlur = () => {
    setAt(null);
    handle.current?.moveCursor(null);
  };
  return { onKeyDown, onBlur, text: at === null ? '' : readoutText(options, at) };
}

function readoutText(
  options: { data: ShownData; model: DrawnModel; format: (value: number | null) => string; timeZone: string },
  at: { index: number; series: number },
): string {
  const series = options.data.series[at.series];
  const column = options.model.raw[at.series];
  if (!series || !column) return '';
  const time = formatAbsolute(options.model.times[at.index], options.timeZone);
  const value = column[at.index];
  if (value != null) return `${series.label}: ${options.format(value)} at ${time}`;
  const near = nearestKnown(column, at.index);
  if (near < 0) return `${series.label}: no values`;
  return `${series.label}: no value at ${time}; nearest ${valueText(column[near], options.format)}`;
}

function fileName(title: string): string {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'chart'
  );
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** Compact axis labels for plain counts. */
export const formatCountAxis = formatCompact;
