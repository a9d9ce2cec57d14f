import type { ActiveAlertJson } from '@contract';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useShownZone } from '../../components/index.ts';
import { type Annotation, type Threshold, TimeSeriesPanel } from '../../components/time-series/index.ts';
import { formatCount } from '../../lib/format.ts';
import { absoluteText } from '../../lib/time.ts';
import { graphOf } from '../explore/graph-data.ts';
import {
  apiSeconds,
  type LabelSet,
  type MatrixSeries,
  prometheus,
  type QueryData,
} from '../explore/prometheus.ts';
import { alignedRange, chooseStep } from '../explore/steps.ts';
import { formatValue, formatValueShort } from '../explore/value-text.ts';
import css from './alerts.module.css';
import { drawnQuery } from './threshold.ts';

const hourMs = 3_600_000;
/** However long it fires, the graph stays fine enough to show something. */
const longestMs = 7 * 24 * hourMs;
const graphEveryMs = 30_000;
const mostSeries = 500;

/** From an hour before it began, so that the way up is seen. */
function rangeOf(alert: Pick<ActiveAlertJson, 'starts_at' | 'ends_at'>, nowMs: number) {
  const startsMs = Date.parse(alert.starts_at);
  const endsMs = alert.ends_at === null ? nowMs : Math.min(nowMs, Date.parse(alert.ends_at) + hourMs / 2);
  return { fromMs: Math.max(startsMs - hourMs, endsMs - longestMs), toMs: endsMs };
}

/** The rule's expression over the life of the alert, with its threshold and the moment it fired. */
export function AlertGraph({ query, alert }: { query: string; alert: ActiveAlertJson }) {
  const zone = useShownZone();
  const drawn = useMemo(() => drawnQuery(query), [query]);
  const answer = useQuery({
    queryKey: ['alert-graph', drawn.expr, alert.starts_at, alert.ends_at],
    queryFn: async ({ signal }) => {
      const range = rangeOf(alert, Date.now());
      const { stepMs } = chooseStep('', range);
      const { startMs, endMs } = alignedRange(range, stepMs);
      const params = { start: apiSeconds(startMs), end: apiSeconds(endMs), step: apiSeconds(stepMs) };
      const { data } = await prometheus<QueryData>(
        'query_range',
        { query: drawn.expr, ...params, limit: mostSeries },
        signal,
      );
      return { data, startMs, endMs, stepMs };
    },
    staleTime: graphEveryMs,
    refetchInterval: alert.state === 'resolved' ? false : graphEveryMs,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const { graph, note } = useMemo(
    () => drawable(answer.data, drawn.expr, alert.labels),
    [answer.data, drawn, alert.labels],
  );
  const thresholds: Threshold[] = drawn.threshold === null ? [] : [{ ...drawn.threshold, colour: '--bad' }];
  const annotations: Annotation[] = [
    {
      atMs: Date.parse(alert.starts_at),
      label: alert.state === 'pending' ? 'pending' : 'fired',
      colour: '--bad',
    },
  ];
  const range = answer.data && { fromMs: answer.data.startMs, toMs: answer.data.endMs };
  return (
    <TimeSeriesPanel
      title="Value over time"
      note={note}
      data={graph}
      format={formatValue}
      formatAxis={formatValueShort}
      legendValue="last"
      thresholds={thresholds}
      annotations={annotations}
      range={range}
      timeZone={zone}
      height={180}
      loading={answer.isFetching}
      error={answer.error}
      onRetry={() => void answer.refetch()}
      actions={
        <Link
          to="/explore/metrics"
          search={{
            q: query,
            ...(range && {
              from: absoluteText(range.fromMs),
              to: alert.ends_at === null ? 'now' : absoluteText(range.toMs),
            }),
          }}
          className={css.link}
        >
          Explore
        </Link>
      }
    />
  );
}

interface GraphAnswer {
  data: QueryData;
  startMs: number;
  endMs: number;
  stepMs: number;
}

/** The series of this alert; the others of its rule only when none can be told to be its own. */
function drawable(answer: GraphAnswer | undefined, expr: string, labels: LabelSet) {
  if (answer === undefined) return { graph: undefined, note: undefined };
  const { data } = answer;
  if (data.resultType !== 'matrix') return { graph: { times: [], series: [] }, note: undefined };
  const own = data.result.filter((series) => belongsTo(series, labels));
  const shown = own.length > 0 ? own : data.result;
  const graph = graphOf([{ letter: 'A', expr, ...answer, data: { ...data, result: shown } }]);
  const note =
    own.length > 0 && own.length < data.result.length
      ? `${formatCount(own.length)} of ${formatCount(data.result.length)} series`
      : undefined;
  return { graph, note };
}

/** Every label of the series that the alert has too has the same value. */
function belongsTo({ metric }: MatrixSeries, labels: LabelSet): boolean {
  return Object.entries(metric).every(
    ([name, value]) => name === '__name__' || labels[name] === undefined || labels[name] === value,
  );
}
