import { useMemo } from 'react';
import { formatAbsolute, formatClock } from '../../lib/format.ts';
import type { TableColumn } from '../table/table-model.ts';
import { VirtualTable } from '../table/virtual-table.tsx';
import { type ChartData, type Column, summarize, valueText } from './chart-data.ts';
import { cssColour, seriesColour } from './chart-theme.ts';
import css from './time-series.module.css';
import type { DrawnModel, ShownData } from './time-series-panel.tsx';

type Format = (value: number | null) => string;

/** Rows of the tooltip; the rest is summed up in one line. */
const tooltipRows = 10;
const tooltipWidthPx = 220;

/** Values under the cursor, the largest first, beside it and never outside of the chart. */
export function ChartTooltip(props: {
  shown: ShownData;
  model: DrawnModel;
  index: number;
  leftPx: number;
  widthPx: number;
  format: Format;
  timeZone: string;
}) {
  const { shown, model, index } = props;
  const rows = shown.series
    .map((series, at) => ({ ...series, value: model.raw[at]?.[index] ?? null }))
    .filter((row) => row.value !== null && (row.value !== 0 || !model.stacked))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const total = rows.reduce((sum, row) => sum + (row.value ?? 0), 0);
  const before = props.leftPx > props.widthPx / 2;
  // The plot begins to the right of its axis; the offset keeps the box off the crosshair on both sides.
  const left = before ? props.leftPx - tooltipWidthPx + 30 : props.leftPx + 70;
  return (
    <div
      className={css.tooltip}
      style={{ transform: `translateX(${Math.max(0, left)}px)`, width: tooltipWidthPx }}
      aria-hidden
    >
      <div className={css.tooltipTime}>{formatAbsolute(model.times[index], props.timeZone)}</div>
      {rows.slice(0, tooltipRows).map((row) => (
        <div key={row.label} className={css.tooltipRow}>
          <span className={css.swatch} style={{ background: cssColour(row.colour) }} />
          <span className={css.tooltipLabel}>{row.label}</span>
          <span>{props.format(row.value)}</span>
        </div>
      ))}
      {rows.length > tooltipRows && (
        <div className={css.tooltipMore}>and {rows.length - tooltipRows} more</div>
      )}
      {rows.length === 0 && <div className={css.tooltipMore}>No values here</div>}
      {model.stacked && rows.length > 1 && (
        <div className={`${css.tooltipRow} ${css.tooltipTotal}`}>
          <span className={css.tooltipLabel}>Total</span>
          <span>{props.format(total)}</span>
        </div>
      )}
    </div>
  );
}

/** Names and figures of the series. A click hides or shows one; with shift it shows that one alone. */
export function ChartLegend(props: {
  data: ChartData;
  format: Format;
  value: 'sum' | 'last' | 'max' | 'none';
  hidden: ReadonlySet<string>;
  onHidden: (hidden: ReadonlySet<string>) => void;
}) {
  const { data, hidden } = props;
  const labels = data.series.map((series) => series.label);
  const toggle = (label: string, alone: boolean) => {
    if (alone) {
      const others = labels.filter((one) => one !== label);
      const isAlone = others.every((one) => hidden.has(one)) && !hidden.has(label);
      props.onHidden(new Set(isAlone ? [] : others));
      return;
    }
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    // Hiding the last one would leave an empty chart without a way to see why.
    props.onHidden(labels.every((one) => next.has(one)) ? new Set() : next);
  };
  return (
    <ul className={css.legend} aria-label="Series">
      {data.series.map((series, at) => (
        <li key={series.label}>
          <button
            type="button"
            className={css.legendItem}
            aria-pressed={!hidden.has(series.label)}
            title={`${series.label}: click to hide or show, shift-click to show it alone`}
            onClick={(event) => toggle(series.label, event.shiftKey)}
          >
            <span
              className={css.swatch}
              style={{ background: cssColour(series.colour ?? seriesColour(at)) }}
            />
            <span className={css.legendLabel}>{series.label}</span>
            {props.value !== 'none' && (
              <span className={css.legendValue}>
                {valueText(figure(series.values, props.value), props.format)}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

function figure(values: Column, kind: 'sum' | 'last' | 'max'): number | null {
  if (kind === 'sum')
    return values.reduce<number | null>((sum, value) => (value == null ? sum : (sum ?? 0) + value), null);
  return summarize(values)?.[kind] ?? null;
}

interface TimeRow {
  at: number;
  timeMs: number;
}

/** The same numbers as a table, the newest first. */
export function ChartTable(props: { title: string; data: ChartData; format: Format; timeZone?: string }) {
  const { data, format, timeZone } = props;
  const rows = useMemo(() => data.times.map((timeMs, at): TimeRow => ({ at, timeMs })).reverse(), [data]);
  const columns = useMemo((): TableColumn<TimeRow>[] => {
    const time: TableColumn<TimeRow> = {
      id: 'time',
      header: 'Time',
      width: 180,
      sticky: true,
      cell: (row) => (
        <span title={formatClock(row.timeMs, timeZone, true)}>{formatAbsolute(row.timeMs, timeZone)}</span>
      ),
    };
    const values = data.series.map(
      (series, at): TableColumn<TimeRow> => ({
        id: `${at}`,
        header: series.label,
        hint: series.label,
        width: 110,
        grow: 1,
        align: 'end',
        cell: (row) => valueText(series.values[row.at], format),
      }),
    );
    return [time, ...values];
  }, [data, format, timeZone]);
  return (
    <div className={css.tableView}>
      <VirtualTable
        label={`${props.title} as a table`}
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.at)}
        rowHeight={28}
        maxHeight={280}
      />
    </div>
  );
}
