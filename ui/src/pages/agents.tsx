import type { Session } from '@contract';
import { Bot, ListRestart } from 'lucide-react';
import { useMemo } from 'react';
import { Button, EmptyState, ErrorState, Freshness, Page, SearchBox } from '../components/index.ts';
import { parseSort, sortRows, sortText, type TableSort, VirtualTable } from '../components/table/index.ts';
import { plural } from '../lib/format.ts';
import { type Sessions, useSessions, useStatus } from '../lib/queries.ts';
import { useRefreshInterval, useTimeRange, useUrlState, useUrlUpdate } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { AgentFilters, type SessionFilters, useSessionFilters } from './agents/agent-filters.tsx';
import css from './agents/agents.module.css';
import { SessionCard, sessionColumns } from './agents/session-columns.tsx';
import { SessionPanel } from './agents/session-panel.tsx';
import { TableSkeleton } from './agents/table-skeleton.tsx';
import { useOpenSession } from './links.tsx';
import { Onboarding } from './welcome/onboarding.tsx';

/** Who is running, who is stuck, what cost most? */
export function AgentsPage() {
  const [q, setQ] = useUrlState('q', '');
  const status = useStatus();
  const list = useSessions({ q });
  if (status.data && !status.data.has_sessions && !list.isPending && list.sessions.length === 0) {
    return (
      <Page narrow>
        <PageHead title="Agents" />
        <Onboarding />
      </Page>
    );
  }
  return (
    <Page fixed>
      <PageHead title="Agents">
        <SearchBox
          label="Filter sessions"
          placeholder="Filter by user, model, client or id"
          pauseMs={250}
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      <Content list={list} q={q} />
    </Page>
  );
}

function Content(props: { list: Sessions; q: string }) {
  const { list } = props;
  const [sortParam, setSortParam] = useUrlState('sort', '');
  const [selected, setSelected] = useUrlState('sel', '');
  const filters = useSessionFilters(list.sessions);
  const openSession = useOpenSession();
  const update = useUrlUpdate();
  const sort = parseSort(sortParam);
  const maxCost = useMemo(
    () => list.sessions.reduce((max, one) => Math.max(max, one.cost_usd), 0),
    [list.sessions],
  );
  const columns = useMemo(() => sessionColumns(maxCost), [maxCost]);
  const rows = useMemo(
    () => sortRows(filters.shown, columns, parseSort(sortParam)),
    [filters.shown, columns, sortParam],
  );
  const at = rows.findIndex((row) => row.session_id === selected);
  const current = rows[at];
  const clear = () => update({ q: null, filters: null });
  const select = (row: Session | undefined) =>
    row && setSelected(row.session_id, { replace: selected !== '' });

  return (
    <>
      <Bar list={list} filters={filters} shown={rows.length} sort={sort} />
      <div className={css.table} data-placeholder={list.isPlaceholder || undefined}>
        {list.isPending ? (
          <TableSkeleton />
        ) : list.error && list.sessions.length === 0 ? (
          <ErrorState title="The sessions could not be read." error={list.error} onRetry={list.refetch} />
        ) : (
          <VirtualTable
            label="Sessions"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.session_id}
            sort={sort}
            onSort={(next) => setSortParam(sortText(next), { replace: true })}
            selectedKey={selected}
            onSelect={(row) => setSelected(row.session_id === selected ? null : row.session_id)}
            onOpen={(row) => openSession(row.session_id)}
            card={(row) => <SessionCard session={row} />}
            cardHeight={80}
            onEndReached={list.hasMore && !list.isLoadingMore ? list.loadMore : undefined}
            footer={list.isLoadingMore ? 'Loading more sessions…' : undefined}
            empty={<NoRows q={props.q} filtered={filters.isActive} onClear={clear} />}
          />
        )}
      </div>
      {current && (
        <SessionPanel
          session={current}
          onClose={() => setSelected(null)}
          onNext={at + 1 < rows.length ? () => select(rows[at + 1]) : undefined}
          onPrevious={at > 0 ? () => select(rows[at - 1]) : undefined}
          onOpen={() => openSession(current.session_id)}
        />
      )}
    </>
  );
}

function Bar(props: { list: Sessions; filters: SessionFilters; shown: number; sort: TableSort | null }) {
  const { list, filters, sort } = props;
  const { everyMs } = useRefreshInterval();
  return (
    <div className={css.bar}>
      <AgentFilters filters={filters} />
      <span className={css.count} role="status">
        {list.isPending ? '' : countText(list, props.shown, filters.isActive, sort)}
      </span>
      <span className={css.stale}>
        <Freshness
          updatedAtMs={list.updatedAt}
          everyMs={everyMs}
          failing={list.error !== null && list.sessions.length > 0}
        />
      </span>
      {list.newCount > 0 && (
        <Button
          variant="primary"
          className={css.newPill}
          icon={<ListRestart aria-hidden />}
          onClick={list.showNew}
        >
          {list.newCount} new
        </Button>
      )}
    </div>
  );
}

/** Sorting and facets work on what is loaded; with more to come, the count says so. */
function countText(list: Sessions, shown: number, filtered: boolean, sort: TableSort | null): string {
  const loaded = list.sessions.length;
  const more = list.hasMore ? '+' : '';
  if (filtered) return `${plural(shown, 'session')} of ${loaded}${more}`;
  const scope = list.hasMore && sort !== null ? ', sorted among the loaded ones' : '';
  return `${loaded}${more} ${loaded === 1 ? 'session' : 'sessions'}${scope}`;
}

function NoRows(props: { q: string; filtered: boolean; onClear: () => void }) {
  const { label } = useTimeRange();
  const isNarrowed = props.q !== '' || props.filtered;
  return (
    <EmptyState
      title={isNarrowed ? 'No session matches.' : `No session in this range (${label.toLowerCase()}).`}
      icon={<Bot aria-hidden />}
      action={isNarrowed ? <Button onClick={props.onClear}>Clear filters</Button> : undefined}
    >
      {isNarrowed
        ? 'The text is looked for in session id, user, model and client.'
        : 'Choose a longer range with the time picker, or start Claude Code: a session appears with its first event.'}
    </EmptyState>
  );
}
