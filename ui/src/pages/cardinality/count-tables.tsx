import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Bar, EmptyState, Panel } from '../../components/index.ts';
import { sortRows, type TableColumn, type TableSort, VirtualTable } from '../../components/table/index.ts';
import { formatCompact, formatCount, formatPercent } from '../../lib/format.ts';
import { labelText, selectorOf } from '../explore/series-text.ts';
import css from './cardinality.module.css';
import type { LabelCount, MetricCount, SourceCount } from './cardinality-data.ts';

/** Labels named beside a metric. */
const namedLabels = 4;
const tablePx = 380;

function useSorted<Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[]) {
  const [sort, setSort] = useState<TableSort | null>(null);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  return { rows: sorted, sort, onSort: setSort };
}

function countColumn<Row>(
  column: Pick<TableColumn<Row>, 'id' | 'header' | 'hint'>,
  countOf: (row: Row) => number,
): TableColumn<Row> {
  return {
    ...column,
    width: 92,
    align: 'end',
    cell: (row) => <span title={formatCount(countOf(row))}>{formatCompact(countOf(row))}</span>,
    sortValue: countOf,
  };
}

/** The largest metrics, with the labels that make them large. */
export function MetricTable(props: { metrics: readonly MetricCount[]; total: number }) {
  const { metrics, total } = props;
  const columns = useMemo(() => metricColumns(total), [total]);
  return (
    <Panel title="Largest metrics" note="by active series" flush>
      <VirtualTable
        label="Largest metrics"
        columns={columns}
        {...useSorted(metrics, columns)}
        rowKey={(row) => row.metric}
        maxHeight={tablePx}
        card={(row) => (
          <div className={css.card}>
            <MetricLink metric={row.metric} />
            <span className={css.quiet}>
              {formatCompact(row.series)} series, {formatCompact(row.added)} new. {labelsText(row.labels)}
            </span>
          </div>
        )}
        cardHeight={58}
        empty={<EmptyState compact title="No metric has been counted." />}
      />
    </Panel>
  );
}

function metricColumns(total: number): TableColumn<MetricCount>[] {
  return [
    {
      id: 'metric',
      header: 'Metric',
      width: 240,
      grow: 2,
      cell: (row) => <MetricLink metric={row.metric} />,
      sortValue: (row) => row.metric,
      sortFirst: 'asc',
    },
    {
      id: 'labels',
      header: 'Labels by number of values',
      hint: 'Among the series that came after the first few; estimated',
      width: 260,
      grow: 3,
      cell: (row) => <span title={labelsText(row.labels, 20)}>{labelsText(row.labels)}</span>,
    },
    {
      id: 'share',
      header: 'Share',
      hint: 'Of all active series',
      width: 130,
      cell: (row) => (
        <span className={css.share}>
          <Bar value={row.series} max={total} />
          <span>{formatPercent(total > 0 ? row.series / total : 0)}</span>
        </span>
      ),
    },
    countColumn({ id: 'series', header: 'Series' }, (row) => row.series),
    countColumn(
      { id: 'added', header: 'New', hint: 'Since the count began; much above the series there are is churn' },
      (row) => row.added,
    ),
  ];
}

function labelsText(labels: readonly LabelCount[], most = namedLabels): string {
  return labels
    .filter(({ values }) => values > 1)
    .slice(0, most)
    .map(({ label, values }) => `${label} ${formatCompact(values)}`)
    .join(', ');
}

function MetricLink({ metric }: { metric: string }) {
  return (
    <Link
      className={css.link}
      to="/explore/metrics"
      search={{ q: `count(${selectorOf(metric)})` }}
      title={`${metric}: its number of series over time`}
    >
      {metric}
    </Link>
  );
}

/** The labels with the most values. */
export function LabelTable({ labels }: { labels: readonly LabelCount[] }) {
  const columns = useMemo(
    (): TableColumn<LabelCount>[] => [
      {
        id: 'label',
        header: 'Label',
        width: 150,
        grow: 1,
        cell: (row) => (
          <Link
            className={css.link}
            to="/explore/metrics"
            search={{ q: `topk(10, count by (__name__) ({${labelText(row.label)}!=""}))`, view: 'table' }}
            title={`Metrics that carry ${row.label}`}
          >
            {row.label}
          </Link>
        ),
        sortValue: (row) => row.label,
        sortFirst: 'asc',
      },
      countColumn({ id: 'values', header: 'Values', hint: 'Different ones, estimated' }, (row) => row.values),
    ],
    [],
  );
  return (
    <Panel title="Labels with the most values" flush>
      <VirtualTable
        label="Labels with the most values"
        columns={columns}
        {...useSorted(labels, columns)}
        rowKey={(row) => row.label}
        maxHeight={tablePx}
        empty={<EmptyState compact title="No label has been counted." />}
      />
    </Panel>
  );
}

/** Who sends how many. */
export function SourceTable({ sources }: { sources: readonly SourceCount[] }) {
  const columns = useMemo(
    (): TableColumn<SourceCount>[] => [
      {
        id: 'source',
        header: 'Source',
        width: 150,
        grow: 1,
        cell: (row) => <span title={row.source}>{row.source || '(unnamed)'}</span>,
        sortValue: (row) => row.source,
        sortFirst: 'asc',
      },
      countColumn({ id: 'series', header: 'Series' }, (row) => row.series),
      countColumn(
        { id: 'refusals', header: 'Refusals', hint: 'Samples of series that were not taken' },
        (row) => row.refusals,
      ),
    ],
    [],
  );
  return (
    <Panel title="Sources" note="senders and scrape jobs" flush>
      <VirtualTable
        label="Series by source"
        columns={columns}
        {...useSorted(sources, columns)}
        rowKey={(row) => row.source}
        maxHeight={tablePx}
        empty={<EmptyState compact title="No source has been counted." />}
      />
    </Panel>
  );
}
