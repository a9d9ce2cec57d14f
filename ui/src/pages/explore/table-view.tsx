import { useMemo, useState } from 'react';
import {
  EmptyState,
  ErrorState,
  Facts,
  SidePanel,
  SideSection,
  Skeleton,
  useShownZone,
} from '../../components/index.ts';
import { sortRows, type TableColumn, type TableSort, VirtualTable } from '../../components/table/index.ts';
import { formatAbsolute, plural } from '../../lib/format.ts';
import { useUrlState } from '../../lib/url-state.ts';
import { parseValue } from './graph-data.ts';
import type { RowAnswer } from './graph-view.tsx';
import { HistogramBars, HistogramCell } from './histogram-parts.tsx';
import type { InstantAnswer } from './metric-queries.ts';
import { readHistogram } from './native-histogram.ts';
import type { LabelSet, QueryData } from './prometheus.ts';
import { seriesText, shortNames, varyingLabels } from './series-text.ts';
import { type TableRow, tableRowsOf } from './table-rows.ts';
import { formatValue } from './value-text.ts';
import css from './views.module.css';

/** Labels up to which each has a column of its own; with more, the series stands in one. */
const mostLabelColumns = 7;

/** The values at the end of the range, one table per query. */
export function TableView({ results }: { results: readonly RowAnswer<InstantAnswer>[] }) {
  const [selected, setSelected] = useUrlState('sel', '');
  return (
    <div className={css.tables}>
      {results.map((result) => (
        <OneTable
          key={result.row.letter}
          result={result}
          isOnly={results.length === 1}
          selected={selected}
          onSelect={(key) => setSelected(key === selected ? null : key, { replace: selected !== '' })}
        />
      ))}
    </div>
  );
}

interface OneTableProps {
  result: RowAnswer<InstantAnswer>;
  isOnly: boolean;
  selected: string;
  onSelect: (key: string | null) => void;
}

function OneTable(props: OneTableProps) {
  const { row, answer, error } = props.result;
  const zone = useShownZone();
  return (
    <section className={css.tableSection} aria-label={`Values of query ${row.letter}`}>
      <header className={css.tableHead}>
        <span className={css.letter}>{row.letter}</span>
        {!props.isOnly && <code className={css.tableExpr}>{row.expr}</code>}
        {answer && (
          <span className={css.quiet}>
            {countOf(answer.data)} at {formatAbsolute(answer.atMs, zone)}
          </span>
        )}
      </header>
      {answer ? (
        <Values {...props} data={answer.data} />
      ) : error ? (
        <ErrorState compact title="The query failed." error={error} />
      ) : (
        <Skeleton height="160px" />
      )}
    </section>
  );
}

function countOf(data: QueryData): string {
  if (data.resultType === 'scalar' || data.resultType === 'string') return data.resultType;
  return plural(data.result.length, 'series', 'series');
}

function Values(props: OneTableProps & { data: QueryData }) {
  const { data } = props;
  const { letter } = props.result.row;
  const rows = useMemo(() => tableRowsOf(data, letter), [data, letter]);
  if (data.resultType === 'scalar' || data.resultType === 'string') {
    return (
      <p className={css.scalar}>
        {data.resultType === 'scalar' ? formatValue(parseValue(data.result[1])) : data.result[1]}
      </p>
    );
  }
  if (rows.length === 0) {
    return (
      <EmptyState compact title="No series has a value at the end of the range.">
        An instant value looks back 5 minutes. Move the end of the range, or look at the graph.
      </EmptyState>
    );
  }
  return <ValueTable {...props} rows={rows} />;
}

function ValueTable(props: OneTableProps & { rows: readonly TableRow[] }) {
  const { rows, selected } = props;
  const [sort, setSort] = useState<TableSort | null>(null);
  const columns = useMemo(() => columnsOf(rows), [rows]);
  const common = useMemo(() => commonLabels(rows), [rows]);
  const short = useMemo(() => shortByKey(rows), [rows]);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const at = sorted.findIndex((row) => row.key === selected);
  const current = sorted[at];
  return (
    <div className={css.tableFrame}>
      {common !== '' && (
        <p className={css.common}>
          All have <code>{common}</code>
        </p>
      )}
      <VirtualTable
        label={`Values of query ${props.result.row.letter}`}
        columns={columns}
        rows={sorted}
        rowKey={(row) => row.key}
        rowHeight={30}
        maxHeight={props.isOnly ? 620 : 320}
        sort={sort}
        onSort={setSort}
        selectedKey={selected}
        onSelect={(row) => props.onSelect(row.key)}
        card={(row) => (
          <div className={css.valueCard}>
            <code className={css.seriesText}>{short.get(row.key)}</code>
            <ValueText row={row} />
          </div>
        )}
        cardHeight={60}
      />
      {current && (
        <ValuePanel
          row={current}
          onClose={() => props.onSelect(null)}
          onNext={at + 1 < sorted.length ? () => props.onSelect(sorted[at + 1]!.key) : undefined}
          onPrevious={at > 0 ? () => props.onSelect(sorted[at - 1]!.key) : undefined}
        />
      )}
    </div>
  );
}

function shortByKey(rows: readonly TableRow[]): ReadonlyMap<string, string> {
  const names = shortNames(rows.map(({ metric }) => metric));
  return new Map(rows.map(({ key }, at) => [key, names[at] ?? '']));
}

function columnsOf(rows: readonly TableRow[]): TableColumn<TableRow>[] {
  // What all share stands above the table once; a single series shows everything it has.
  const names = (
    rows.length === 1 ? Object.keys(rows[0]!.metric) : [...varyingLabels(rows.map(({ metric }) => metric))]
  ).sort(nameFirst);
  const value: TableColumn<TableRow> = {
    id: 'value',
    header: 'Value',
    width: rows.some(({ histogram }) => histogram !== undefined) ? 236 : 120,
    align: 'end',
    cell: (row) => <ValueText row={row} />,
    sortValue: (row) => row.order,
  };
  if (names.length === 0) return [{ ...value, align: 'start', grow: 1 }];
  if (names.length > mostLabelColumns) {
    const series: TableColumn<TableRow> = {
      id: 'series',
      header: 'Series',
      width: 420,
      grow: 1,
      cell: (row) => (
        <code className={css.mono} title={seriesText(row.metric)}>
          {seriesText(row.metric)}
        </code>
      ),
      sortValue: (row) => seriesText(row.metric),
      sortFirst: 'asc',
    };
    return [series, value];
  }
  return [...names.map(labelColumn), value];
}

function commonLabels(rows: readonly TableRow[]): string {
  const [first] = rows;
  if (first === undefined || rows.length === 1) return '';
  const varying = new Set(varyingLabels(rows.map(({ metric }) => metric)));
  const shared = Object.entries(first.metric).filter(([name]) => !varying.has(name));
  return shared.length === 0 ? '' : seriesText(Object.fromEntries(shared));
}

function nameFirst(a: string, b: string): number {
  if (a === '__name__' || b === '__name__') return a === b ? 0 : a === '__name__' ? -1 : 1;
  return a < b ? -1 : 1;
}

function labelColumn(name: string): TableColumn<TableRow> {
  const isMetric = name === '__name__';
  return {
    id: `label:${name}`,
    header: isMetric ? 'Metric' : name,
    width: isMetric ? 180 : 96,
    grow: isMetric ? 2 : 1,
    cell: (row) => (
      <span className={css.mono} title={row.metric[name]}>
        {row.metric[name] ?? ''}
      </span>
    ),
    sortValue: (row) => row.metric[name] ?? null,
    sortFirst: 'asc',
  };
}

function ValueText({ row }: { row: TableRow }) {
  if (row.histogram !== undefined) return <HistogramCell histogram={row.histogram} />;
  if (row.samples !== undefined) return <>{plural(row.samples.length, 'sample')}</>;
  return <span title={row.text}>{formatValue(parseValue(row.text))}</span>;
}

/** One series: all its labels, and the whole value when it is more than a number. */
function ValuePanel(props: {
  row: TableRow;
  onClose: () => void;
  onNext?: () => void;
  onPrevious?: () => void;
}) {
  const { row } = props;
  const zone = useShownZone();
  return (
    <SidePanel
      title={row.metric.__name__ ?? 'Series'}
      subtitle={row.atMs === null ? undefined : formatAbsolute(row.atMs, zone)}
      contentKey={row.key}
      onClose={props.onClose}
      onNext={props.onNext}
      onPrevious={props.onPrevious}
    >
      {row.histogram ? (
        <HistogramBars histogram={readHistogram(row.histogram)} />
      ) : row.samples ? (
        <Samples samples={row.samples} />
      ) : (
        <SideSection title="Value">
          <p className={css.panelValue}>{row.text}</p>
        </SideSection>
      )}
      <SideSection title="Labels">
        <Facts facts={labelFacts(row.metric)} />
      </SideSection>
    </SidePanel>
  );
}

function labelFacts(metric: LabelSet): { name: string; value: string; mono: true }[] {
  return Object.entries(metric)
    .sort(([a], [b]) => nameFirst(a, b))
    .map(([name, value]) => ({ name, value, mono: true }));
}

/** Samples of a range selector shown in full; more are counted. */
const mostSamples = 500;

function Samples({ samples }: { samples: NonNullable<TableRow['samples']> }) {
  const zone = useShownZone();
  const shown = samples.slice(-mostSamples).reverse();
  return (
    <SideSection title={plural(samples.length, 'sample')}>
      <Facts
        facts={shown.map(([seconds, text]) => ({
          name: formatAbsolute(seconds * 1000, zone),
          value: text,
          mono: true,
        }))}
      />
      {samples.length > shown.length && <p className={css.quiet}>The latest {mostSamples} are shown.</p>}
    </SideSection>
  );
}
