import type { Overview, Source, Status } from '@contract';
import { useMemo } from 'react';
import { EmptyState, ErrorState, Freshness, Page, StatusDot } from '../components/index.ts';
import { useNow } from '../lib/clock.ts';
import { useOverview, useSources, useStatus } from '../lib/queries.ts';
import { type TimeRange, useRefreshInterval, useTimeRange } from '../lib/url-state.ts';
import { type Firing, useFiring } from '../shell/alert-watch.tsx';
import { PageHead } from '../shell/page-head.tsx';
import { type AttentionItem, attentionItems } from './overview/attention.ts';
import { AttentionPanel } from './overview/attention-panel.tsx';
import { IngestPanel } from './overview/ingest-panel.tsx';
import { KpiTiles } from './overview/kpi-tiles.tsx';
import { LiveAgents } from './overview/live-agents.tsx';
import css from './overview/overview.module.css';
import { statusSentence } from './overview/sentence.ts';
import { SpendPanel } from './overview/spend-panel.tsx';
import { Onboarding } from './welcome/onboarding.tsx';

/** Is anything broken, what does it cost, are agents working, does data still arrive? Three requests at once, and the shell's. */
export function OverviewPage() {
  const range = useTimeRange();
  const overview = useOverview();
  const sources = useSources();
  const status = useStatus();
  const firing = useFiring();
  if (status.data && !status.data.has_data) {
    return (
      <Page narrow>
        <PageHead title="Overview" />
        <Onboarding />
      </Page>
    );
  }
  if (overview.error && !overview.data) {
    return (
      <Page>
        <PageHead title="Overview" />
        <ErrorState
          title="The overview could not be read."
          error={overview.error}
          onRetry={() => void overview.refetch()}
        />
      </Page>
    );
  }
  return (
    <Page>
      <Content
        overview={overview.data}
        sources={sources.data?.sources}
        sourcesError={sources.error}
        status={status.data}
        firing={firing}
        range={range}
        isRefreshing={overview.isFetching}
        refreshFailed={overview.isError && overview.data !== undefined}
        updatedAtMs={overview.dataUpdatedAt}
        onRetry={() => void overview.refetch()}
      />
    </Page>
  );
}

interface ContentProps {
  overview: Overview | undefined;
  sources: readonly Source[] | undefined;
  sourcesError: unknown;
  status: Status | undefined;
  firing: Firing;
  range: TimeRange;
  isRefreshing: boolean;
  refreshFailed: boolean;
  updatedAtMs: number;
  onRetry: () => void;
}

function Content(props: ContentProps) {
  const { overview, sources, status, firing, range } = props;
  const nowMs = useNow(10_000);
  const items = useMemo(
    () =>
      attentionItems({
        alerts: firing,
        live: overview?.live ?? [],
        sources: sources ?? [],
        ...{ status, nowMs },
      }),
    [overview, sources, status, firing, nowMs],
  );
  const total = items.length + firing.count - firing.waiting.length;
  const areAlertsKnown = firing.isKnown || firing.isFailed;
  const hasSessions = overview === undefined || overview.current.sessions > 0 || overview.live.length > 0;
  return (
    <>
      <PageHead title="Overview" attention={total || undefined} />
      <Sentence {...props} overview={areAlertsKnown ? overview : undefined} items={items} />
      {hasSessions ? (
        <KpiTiles overview={overview} />
      ) : (
        <EmptyState compact title={`No agent ran in this range (${range.label.toLowerCase()}).`}>
          Data of other kinds has arrived; choose a longer range with the time picker, or look under Sources.
        </EmptyState>
      )}
      <div className={css.columns}>
        <div className={css.main}>
          <SpendPanel
            overview={overview}
            range={range}
            loading={props.isRefreshing}
            error={null}
            onRetry={props.onRetry}
          />
          <LiveAgents sessions={overview?.live} />
        </div>
        <div className={css.side}>
          <AttentionPanel items={overview && sources && areAlertsKnown ? items : undefined} total={total} />
          <IngestPanel sources={sources} error={props.sourcesError} nowMs={nowMs} />
        </div>
      </div>
    </>
  );
}

function Sentence(props: ContentProps & { items: readonly AttentionItem[] }) {
  const { everyMs } = useRefreshInterval();
  if (!props.overview) {
    return (
      <p className={css.sentence} role="status">
        <span className={css.pending}>Reading the state of your agents…</span>
      </p>
    );
  }
  const sentence = statusSentence(props.overview, props.items, {
    rangeLabel: props.range.label,
    alertCount: props.firing.count,
  });
  return (
    <div className={css.sentenceRow}>
      <p className={css.sentence}>
        <StatusDot tone={sentence.tone} className={css.verdict}>
          {sentence.headline}
        </StatusDot>{' '}
        <span className={css.rest}>{sentence.rest}</span>
      </p>
      <span className={css.fresh}>
        <Freshness updatedAtMs={props.updatedAtMs} everyMs={everyMs} failing={props.refreshFailed} />
      </span>
    </div>
  );
}
