import { Eye, EyeOff } from 'lucide-react';
import { useMemo, useState } from 'react';
import { sortRows, type TableColumn, type TableSort, VirtualTable } from '../../components/table/index.ts';
import { cssColour, type LegendControls } from '../../components/time-series/index.ts';
import type { GraphSeries } from './graph-data.ts';
import { formatValue } from './value-text.ts';
import css from './views.module.css';

/** The series of the chart with their figures. Enter or a click hides and shows one, with shift it shows that one alone. */
export function GraphLegend(props: LegendControls & { series: readonly GraphSeries[] }) {
  const { series, hidden, onHidden } = props;
  const [sort, setSort] = useState<TableSort | null>(null);
  const columns = useMemo(() => legendColumns(hidden), [hidden]);
  const rows = useMemo(() => sortRows(series, columns, sort), [series, columns, sort]);
  return (
    <div className={css.legend}>
      <VirtualTable
        label="Series of the graph: Enter hides or shows one, shift and Enter shows it alone"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.label}
        rowHeight={28}
        maxHeight={240}
        sort={sort}
        onSort={setSort}
        onSelect={(row, isShift) => onHidden(afterClick(series, hidden, row.label, isShift))}
        card={(row) => <LegendCard series={row} isHidden={hidden.has(row.label)} />}
        cardHeight={52}
      />
    </div>
  );
}

/** Hidden labels after a click. Hiding the last one would leave an empty chart without a way to see why, so it shows all again. */
export function afterClick(
  series: readonly { readonly label: string }[],
  hidden: ReadonlySet<string>,
  label: string,
  isAlone: boolean,
): ReadonlySet<string> {
  const labels = series.map((one) => one.label);
  if (isAlone) {
    const others = labels.filter((one) => one !== label);
    const wasAlone = !hidden.has(label) && others.every((one) => hidden.has(one));
    return new Set(wasAlone ? [] : others);
  }
  const next = new Set(hidden);
  if (!next.delete(label)) next.add(label);
  return labels.every((one) => next.has(one)) ? new Set() : next;
}

function legendColumns(hidden: ReadonlySet<string>): TableColumn<GraphSeries>[] {
  const figure = (
    id: 'last' | 'min' | 'max' | 'mean',
    header: string,
    hint: string,
  ): TableColumn<GraphSeries> => ({
    id,
    header,
    hint,
    width: 96,
    align: 'end',
    cell: (row) => formatValue(row[id]),
    sortValue: (row) => row[id],
  });
  return [
    {
      id: 'series',
      header: 'Series',
      width: 220,
      grow: 1,
      sticky: true,
      cell: (row) => <SeriesName series={row} isHidden={hidden.has(row.label)} />,
      sortValue: (row) => row.short,
      sortFirst: 'asc',
    },
    figure('last', 'Last', 'The latest value in the range'),
    figure('min', 'Lowest', 'The smallest value in the range'),
    figure('max', 'Highest', 'The largest value in the range'),
    figure('mean', 'Mean', 'Mean over the points in the range'),
  ];
}

function SeriesName({ series, isHidden }: { series: GraphSeries; isHidden: boolean }) {
  const Icon = isHidden ? EyeOff : Eye;
  return (
    <span className={css.seriesName} data-hidden={isHidden || undefined} title={series.label}>
      <span className={css.swatch} style={{ background: cssColour(series.colour ?? '') }} aria-hidden />
      <span className={css.letter}>{series.letter}</span>
      <span className={css.seriesText}>{series.short}</span>
      {isHidden && <span className="visually-hidden">(hidden)</span>}
      <Icon aria-hidden />
    </span>
  );
}

function LegendCard({ series, isHidden }: { series: GraphSeries; isHidden: boolean }) {
  return (
    <div className={css.legendCard}>
      <SeriesName series={series} isHidden={isHidden} />
      <span className={css.legendFigures}>
        last {formatValue(series.last)} · max {formatValue(series.max)}
      </span>
    </div>
  );
}
