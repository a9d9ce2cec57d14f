import { CircleCheck } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import {
  EmptyState,
  ErrorState,
  Freshness,
  Loading,
  Page,
  Skeleton,
  StatusDot,
  useShownZone,
} from '../components/index.ts';
import { TimeSeriesPanel } from '../components/time-series/index.ts';
import { formatCount } from '../lib/format.ts';
import { PageHead } from '../shell/page-head.tsx';
import css from './cardinality/cardinality.module.css';
import { cardinalityEveryMs, type SeriesReport, useCardinality } from './cardinality/cardinality-data.ts';
import { LabelTable, MetricTable, SourceTable } from './cardinality/count-tables.tsx';
import { RefusedSeries } from './cardinality/refused-series.tsx';
import { formatValueShort } from './explore/value-text.ts';

const crumbs = [{ label: 'Settings', to: '/settings/sources' }];

/** How many series are there, what makes them so many, and was anything refused? */
export function CardinalityPage() {
  const report = useCardinality();
  return (
    <Page>
      <PageHead title="Cardinality" crumbs={crumbs} />
      {report.data ? (
        <>
          <span className={css.stale}>
            <Freshness
              updatedAtMs={report.dataUpdatedAt}
              everyMs={cardinalityEveryMs}
              failing={report.isError}
            />
          </span>
          <Content report={report.data} />
        </>
      ) : report.error ? (
        <ErrorState
          title="The series could not be counted."
          error={report.error}
          onRetry={() => void report.refetch()}
        />
      ) : (
        <Loading what="the counts of series">
          <div className={css.sections}>
            <Skeleton height="112px" />
            <Skeleton height="220px" />
          </div>
        </Loading>
      )}
    </Page>
  );
}

function Content({ report }: { report: SeriesReport }) {
  if (report.series === 0 && report.refused.length === 0) {
    return (
      <EmptyState
        title="No series has been seen since the server started."
        icon={<CircleCheck aria-hidden />}
      >
        Series are counted as their samples arrive, so the count begins anew with every start. Send or scrape
        metrics, and their sizes show here.
      </EmptyState>
    );
  }
  return (
    <div className={css.sections}>
      <Summary report={report} />
      {report.truncated && (
        <p className={css.notice}>
          There are more series than can be tracked, so further ones are stored and not counted here.
        </p>
      )}
      <RefusedSeries refused={report.refused} others={report.other_refusals} />
      <Churn report={report} />
      <MetricTable metrics={report.metrics} total={report.series} />
      <div className={css.columns}>
        <LabelTable labels={report.labels} />
        <SourceTable sources={report.sources} />
      </div>
    </div>
  );
}

function Summary({ report }: { report: SeriesReport }) {
  const lastHour = report.new_per_hour.at(-1)?.series ?? 0;
  const day = report.new_per_hour.reduce((sum, hour) => sum + hour.series, 0);
  const refused = report.refused.reduce((sum, one) => sum + one.series, 0);
  const isClean = refused === 0 && report.other_refusals === 0;
  return (
    <dl className={css.tiles} aria-label="Series">
      <Tile label="Active series" count={report.series} note="seen since the start, or within two days" />
      <Tile label="New this hour" count={lastHour} note="not seen before" />
      <Tile label="New in 24 hours" count={day} note={churnNote(day, report.series)} />
      <Tile
        label="Refused series"
        count={refused}
        note={
          <StatusDot tone={isClean ? 'ok' : 'bad'}>
            {isClean ? 'All were taken' : 'Limits were met'}
          </StatusDot>
        }
      />
    </dl>
  );
}

function Tile(props: { label: string; count: number; note: ReactNode }) {
  return (
    <div className={css.tile}>
      <dt>{props.label}</dt>
      <dd className={css.figure} title={formatCount(props.count)}>
        {formatValueShort(props.count)}
      </dd>
      <dd className={css.quiet}>{props.note}</dd>
    </div>
  );
}

/** How often the series of a day replace those there are. */
function churnNote(day: number, active: number): string {
  return active === 0 || day <= active
    ? 'no more than are active'
    : `${formatValueShort(day / active)} times the active ones`;
}

function Churn({ report }: { report: SeriesReport }) {
  const zone = useShownZone();
  const data = useMemo(
    () => ({
      times: report.new_per_hour.map((hour) => hour.hour_ms),
      series: [{ label: 'New series', values: report.new_per_hour.map((hour) => hour.series) }],
    }),
    [report],
  );
  return (
    <TimeSeriesPanel
      title="New series per hour"
      note="churn: restarts, deployments and labels that never repeat"
      data={data}
      kind="bars"
      legendValue="sum"
      format={formatCount}
      formatAxis={formatValueShort}
      timeZone={zone}
      height={160}
    />
  );
}
