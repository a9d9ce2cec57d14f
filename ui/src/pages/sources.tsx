import type { Source } from '@contract';
import { PlugZap } from 'lucide-react';
import { useMemo } from 'react';
import {
  Button,
  EmptyState,
  ErrorState,
  Freshness,
  Loading,
  Page,
  SearchBox,
  Skeleton,
} from '../components/index.ts';
import { useNow } from '../lib/clock.ts';
import { formatPerMinute, plural } from '../lib/format.ts';
import { useSources } from '../lib/queries.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { PageLink } from './links.tsx';
import { SenderTable } from './sources/sender-table.tsx';
import { groupSenders, type Sender } from './sources/senders.ts';
import css from './sources/sources.module.css';

const crumbs = [{ label: 'Settings', to: '/settings/sources' }];
/** The list is asked for again this often; live events are quicker. */
const everyMs = 15_000;

/** Does data arrive, from whom, and what is wrong with what does not? */
export function SourcesPage() {
  const sources = useSources();
  return (
    <Page>
      <PageHead title="Sources" crumbs={crumbs} />
      {sources.data ? (
        <Content
          sources={sources.data.sources}
          truncated={sources.data.truncated}
          updatedAtMs={sources.dataUpdatedAt}
          failing={sources.isError}
        />
      ) : sources.error ? (
        <ErrorState
          title="The senders could not be read."
          error={sources.error}
          onRetry={() => void sources.refetch()}
        />
      ) : (
        <Loading what="the senders">
          <div className={css.skeleton}>
            <Skeleton height="28px" width="360px" />
            <Skeleton height="148px" />
            <Skeleton height="148px" />
          </div>
        </Loading>
      )}
    </Page>
  );
}

function Content(props: {
  sources: readonly Source[];
  truncated: boolean;
  updatedAtMs: number;
  failing: boolean;
}) {
  const { sources } = props;
  const nowMs = useNow(5000);
  const [q, setQ] = useUrlState('q', '');
  const [only, setOnly] = useUrlState('show', 'all', ['all', 'problems'] as const);
  const senders = useMemo(() => groupSenders(sources), [sources]);
  const shown = senders.filter(
    (sender) => matches(sender, q) && (only === 'all' || sender.rejected > 0 || hasReasons(sender)),
  );
  const withProblems = senders.filter((sender) => sender.rejected > 0 || hasReasons(sender)).length;
  if (senders.length === 0) return <NothingYet />;
  const perMinute = sources.reduce((sum, source) => sum + source.accepted_per_minute, 0);
  return (
    <>
      <div className={css.bar}>
        <SearchBox
          label="Filter senders"
          placeholder="Filter by service, address or key"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
        <Button
          pressed={only === 'problems'}
          onClick={() => setOnly(only === 'problems' ? null : 'problems', { replace: true })}
        >
          Only problems ({withProblems})
        </Button>
        <span className={css.summary} role="status">
          {plural(shown.length, 'sender')}, {formatPerMinute(perMinute)} accepted
        </span>
        <span className={css.stale}>
          <Freshness updatedAtMs={props.updatedAtMs} everyMs={everyMs} failing={props.failing} />
        </span>
        <PageLink to="/welcome" className={css.connectQuiet}>
          Connect a client
        </PageLink>
      </div>
      {props.truncated && (
        <p className={css.notice}>
          There were more senders than are remembered (1 000). Further ones are counted together in one row.
        </p>
      )}
      {shown.length === 0 ? (
        <EmptyState compact title="No sender matches." />
      ) : (
        <div className={css.senders}>
          {shown.map((sender) => (
            <SenderTable key={sender.id} sender={sender} nowMs={nowMs} />
          ))}
        </div>
      )}
    </>
  );
}

function NothingYet() {
  return (
    <EmptyState
      title="Nothing has been received yet."
      icon={<PlugZap aria-hidden />}
      action={
        <PageLink to="/welcome" className={css.connect}>
          Connect a client
        </PageLink>
      }
    >
      Every sender shows here with its first request, also when that request is refused, with the reason.
    </EmptyState>
  );
}

function hasReasons(sender: Sender): boolean {
  return sender.signals.some((source) => source.reasons.length > 0);
}

function matches(sender: Sender, q: string): boolean {
  const wanted = q.trim().toLowerCase();
  const texts = [sender.service, sender.instance, sender.address, sender.key, sender.version];
  return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
}
