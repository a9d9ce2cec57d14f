import type { SessionDetail, TimelineKind } from '@contract';
import { useParams } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import { useMemo } from 'react';
import {
  EmptyState,
  ErrorState,
  failureOf,
  Loading,
  Page,
  Skeleton,
  Tabs,
  useShownZone,
} from '../components/index.ts';
import type { HeatBy } from '../components/waterfall/index.ts';
import { buildTree, kindOrder, type SessionTree, Waterfall } from '../components/waterfall/index.ts';
import { formatCount } from '../lib/format.ts';
import { useSession } from '../lib/queries.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { sessionTitle } from './figures.ts';
import { PageLink } from './links.tsx';
import { CostTab } from './session/cost-tab.tsx';
import { EntryPanel } from './session/entry-panel.tsx';
import { EventsTab } from './session/events-tab.tsx';
import { FindButtons } from './session/find-buttons.tsx';
import css from './session/session.module.css';
import { SessionHeader } from './session/session-header.tsx';

const crumbs = [{ label: 'Agents', to: '/agents' }];
const views = ['timeline', 'events', 'cost'] as const;
const heats = ['kind', 'cost', 'duration'] as const;

/** What did this session do, in what order, how long, how much, and where did it go wrong? */
export function SessionPage() {
  const { sessionId = '' } = useParams({ strict: false }) as { sessionId?: string };
  const session = useSession(sessionId);
  const short = sessionId.slice(0, 8);
  return (
    <Page>
      <PageHead title={session.data ? sessionTitle(session.data) : `Session ${short}`} crumbs={crumbs} />
      {session.data ? (
        <Content key={sessionId} session={session.data} />
      ) : session.error ? (
        <Failed error={session.error} onRetry={() => void session.refetch()} />
      ) : (
        <SessionSkeleton />
      )}
    </Page>
  );
}

function Failed(props: { error: unknown; onRetry: () => void }) {
  if (failureOf(props.error).status !== 404) {
    return <ErrorState title="The session could not be read." error={props.error} onRetry={props.onRetry} />;
  }
  return (
    <EmptyState title="This session is not known here." icon={<SearchX aria-hidden />}>
      Its data may be older than the retention, or the address may be cut off.{' '}
      <PageLink to="/agents">Look through all sessions</PageLink>.
    </EmptyState>
  );
}

function SessionSkeleton() {
  return (
    <Loading what="the session">
      <div className={css.skeleton}>
        <Skeleton height="26px" width="320px" />
        <Skeleton height="196px" className={css.rounded} />
        <Skeleton height="38px" width="280px" />
        <Skeleton height="480px" className={css.rounded} />
      </div>
    </Loading>
  );
}

function Content({ session }: { session: SessionDetail }) {
  const zone = useShownZone();
  const [view, setView] = useUrlState('view', 'timeline', views);
  const [selected, setSelected] = useUrlState('sel', '');
  const tree = useMemo(() => buildTree(session.timeline), [session.timeline]);
  const select = (id: string) => setSelected(id === selected ? null : id, { replace: selected !== '' });
  return (
    <>
      <SessionHeader session={session} />
      {session.timeline_truncated && (
        <p className={css.notice}>
          This session has more steps than are shown here ({formatCount(session.timeline.length)}). The
          figures above count all of them.
        </p>
      )}
      <div>
        <Tabs
          label="Views of the session"
          value={view}
          onChange={setView}
          tabs={[
            { id: 'timeline', label: 'Timeline', badge: formatCount(tree.ordered.length) },
            { id: 'events', label: 'Events', badge: formatCount(session.timeline.length) },
            { id: 'cost', label: 'Cost' },
          ]}
        >
          {view === 'timeline' && (
            <Timeline tree={tree} selected={selected} onSelect={select} onFind={setSelected} zone={zone} />
          )}
          {view === 'events' && (
            <EventsTab timeline={session.timeline} selected={selected} onSelect={select} />
          )}
          {view === 'cost' && <CostTab session={session} tree={tree} onSelect={select} />}
        </Tabs>
      </div>
      <EntryPanel session={session} tree={tree} selected={selected} onSelect={setSelected} />
    </>
  );
}

function Timeline(props: {
  tree: SessionTree;
  selected: string;
  onSelect: (id: string) => void;
  onFind: (id: string) => void;
  zone: string;
}) {
  const [heatBy, setHeatBy] = useUrlState<HeatBy>('heat', 'kind', heats);
  const [hide, setHide] = useUrlState('hide', '');
  const hidden = useMemo(() => new Set(hide.split(',').filter(isKind)), [hide]);
  if (props.tree.ordered.length === 0) {
    return (
      <EmptyState title="No steps yet.">
        Steps come with the events of Claude Code; set <code>OTEL_LOGS_EXPORTER=otlp</code> if only metrics
        arrive.
      </EmptyState>
    );
  }
  return (
    <div className={css.timeline}>
      <FindButtons tree={props.tree} selected={props.selected} onFind={props.onFind} />
      <Waterfall
        tree={props.tree}
        selected={props.selected}
        onSelect={props.onSelect}
        heatBy={heatBy}
        onHeatBy={(by) => setHeatBy(by, { replace: true })}
        hidden={hidden}
        onHidden={(kinds) => setHide([...kinds].join(','), { replace: true })}
        timeZone={props.zone}
      />
    </div>
  );
}

function isKind(text: string): text is TimelineKind {
  return (kindOrder as string[]).includes(text);
}
