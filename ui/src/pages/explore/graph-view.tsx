import { ChartArea, ChartLine, ScanSearch } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Button, EmptyState, failureOf, useShownZone } from '../../components/index.ts';
import { type PlotBox, TimeSeriesPanel } from '../../components/time-series/index.ts';
import { formatAbsolute, formatCount, plural } from '../../lib/format.ts';
import { useTimeRange, useUrlState } from '../../lib/url-state.ts';
import { ExemplarCard, ExemplarDots, ExemplarList } from './exemplar-views.tsx';
import { type Exemplar, exemplarsOf, thinned } from './exemplars.ts';
import { type Graph, type GraphAnswer, graphOf } from './graph-data.ts';
import { GraphLegend } from './graph-legend.tsx';
import { type RangeAnswer, useExemplars } from './metric-queries.ts';
import { stepText } from './steps.ts';
import type { EditedRow } from './use-query-rows.ts';
import { useStable } from './use-stable.ts';
import { formatValue, formatValueShort } from './value-text.ts';
import css from './views.module.css';

/** An answer with the row it belongs to. */
export interface RowAnswer<T> {
  readonly row: EditedRow;
  readonly answer: T | undefined;
  readonly isFetching: boolean;
  readonly error: unknown;
}

/** All visible queries over one axis. */
export function GraphView(props: { results: readonly RowAnswer<RangeAnswer>[]; chartHeight: number }) {
  const { results } = props;
  const zone = useShownZone();
  const range = useTimeRange();
  const [stack, setStack] = useUrlState('stack', 'off', ['off', 'on'] as const);
  const [exemplarChoice, setExemplarChoice] = useUrlState('exemplars', 'on', ['on', 'off'] as const);
  const answers = useStable(results.map(({ answer }) => answer));
  const shownRows = useStable(results.map(({ row }) => row));
  const graph = useMemo(() => graphOf(graphAnswers(shownRows, answers)), [shownRows, answers]);
  // Expressions that were refused are not asked about once more.
  const answered = useStable(shownRows.filter((_, at) => answers[at] !== undefined));
  const exemplars = useShownExemplars(answered, exemplarChoice === 'on');
  const [picked, setPicked] = useState<Exemplar | null>(null);
  const known = answers.find((answer) => answer !== undefined);
  const failed = results.find(({ error, answer }) => error != null && answer === undefined);
  const isFetching = results.some((one) => one.isFetching);
  return (
    <>
      <TimeSeriesPanel
        title="Graph"
        note={known ? noteOf(graph, known.stepMs) : undefined}
        data={known || isRefused(failed?.error) ? graph : undefined}
        range={known && { fromMs: known.startMs, toMs: known.endMs }}
        format={formatValue}
        formatAxis={formatValueShort}
        kind={stack === 'on' ? 'area' : 'line'}
        stacked={stack === 'on'}
        timeZone={zone}
        loading={isFetching}
        error={failed?.error}
        height={props.chartHeight}
        onSelectRange={(fromMs, toMs) =>
          range.setRange(new Date(fromMs).toISOString(), new Date(toMs).toISOString())
        }
        empty={known ? <NoPoints graph={graph} /> : <Refused />}
        legend={(controls) => <GraphLegend series={graph.series} {...controls} />}
        // Always there, because the plot tells its place only when it is drawn, and exemplars arrive later.
        overlay={(plot: PlotBox) => (
          <ExemplarDots exemplars={exemplars} plot={plot} picked={picked} onPick={setPicked} />
        )}
        actions={
          <>
            <Button
              variant="quiet"
              icon={stack === 'on' ? <ChartArea aria-hidden /> : <ChartLine aria-hidden />}
              pressed={stack === 'on'}
              aria-label="Stack the series"
              onClick={() => setStack(stack === 'on' ? 'off' : 'on', { replace: true })}
            />
            <Button
              variant="quiet"
              icon={<ScanSearch aria-hidden />}
              pressed={exemplarChoice === 'on'}
              aria-label="Show exemplars"
              onClick={() => setExemplarChoice(exemplarChoice === 'on' ? 'off' : 'on', { replace: true })}
            />
          </>
        }
      />
      {picked && <ExemplarCard exemplar={picked} onClose={() => setPicked(null)} />}
      {exemplars.length > 0 && <ExemplarList exemplars={exemplars} onPick={setPicked} />}
      {known && graph.omitted + graph.infinite > 0 && <Remarks graph={graph} />}
      <p className="visually-hidden" role="status">
        {known && !isFetching
          ? `${noteOf(graph, known.stepMs)}, up to ${formatAbsolute(known.endMs, zone)}`
          : ''}
      </p>
    </>
  );
}

function graphAnswers(
  rows: readonly EditedRow[],
  answers: readonly (RangeAnswer | undefined)[],
): GraphAnswer[] {
  return rows.flatMap(({ letter, expr }, at) => {
    const answer = answers[at];
    return answer === undefined ? [] : [{ letter, expr, ...answer }];
  });
}

function noteOf(graph: Graph, stepMs: number): string {
  const points = graph.times.length;
  return `${plural(graph.series.length, 'series', 'series')}, ${formatCount(points)} points of ${stepText(stepMs)}`;
}

function useShownExemplars(rows: readonly EditedRow[], isWanted: boolean): readonly Exemplar[] {
  const queries = useExemplars(rows, isWanted);
  const data = useStable(queries.map((query) => query.data));
  return useMemo(
    () => (isWanted ? thinned(data.flatMap((one) => exemplarsOf(one ?? []))) : []),
    [data, isWanted],
  );
}

/** Did the server refuse the expression, rather than fail? Then the message stands with the expression, and trying again is no help. */
function isRefused(error: unknown): boolean {
  const { code } = failureOf(error);
  return error != null && (code === 'bad_data' || code === 'execution');
}

function Refused() {
  return (
    <EmptyState compact title="There is nothing to draw.">
      The query has an error: it is marked in the expression and explained below it.
    </EmptyState>
  );
}

function NoPoints({ graph }: { graph: Graph }) {
  if (graph.histograms > 0) {
    return (
      <EmptyState compact title="Native histograms cannot be drawn as lines.">
        See them in the table, or draw a quantile: <code>histogram_quantile(0.95, …)</code>.
      </EmptyState>
    );
  }
  return (
    <EmptyState compact title="No values in this range.">
      The expression is right, but no series that it selects has a value here. Choose another range, or loosen
      its labels.
    </EmptyState>
  );
}

function Remarks({ graph }: { graph: Graph }) {
  return (
    <p className={css.remark}>
      {graph.omitted > 0 &&
        `${formatCount(graph.omitted)} more series are not drawn: add them up or narrow the selection. `}
      {graph.infinite > 0 && `${plural(graph.infinite, 'value')} are infinite and shown as gaps.`}
    </p>
  );
}
