import type { ActiveAlertJson, AlertListJson } from '@contract';
import { useNavigate } from '@tanstack/react-router';
import { BellRing, CircleCheck } from 'lucide-react';
import { useMemo, useState } from 'react';
import {
  EmptyState,
  ErrorState,
  Freshness,
  Loading,
  Page,
  SearchBox,
  Segmented,
  Skeleton,
} from '../components/index.ts';
import { useNow } from '../lib/clock.ts';
import { wantsPerson } from '../lib/firing.ts';
import { formatCount, plural } from '../lib/format.ts';
import { type Shortcut, useShortcuts } from '../lib/shortcuts.ts';
import { useUrlState } from '../lib/url-state.ts';
import { useFiring } from '../shell/alert-watch.tsx';
import { PageHead } from '../shell/page-head.tsx';
import { ActiveTable } from './alerts/active-table.tsx';
import { type AlertActions, useAlertActions } from './alerts/alert-actions.ts';
import { AlertBanners } from './alerts/alert-banners.tsx';
import { type AlertStateFilter, alertStates, alertsEveryMs, useAlerts } from './alerts/alert-data.ts';
import { groupAlerts, isCalm, quietSentence } from './alerts/alert-model.ts';
import { AlertPanel } from './alerts/alert-panel.tsx';
import css from './alerts/alerts.module.css';
import { CalmAlerts } from './alerts/calm-alerts.tsx';
import { SilenceDialog } from './alerts/silence-dialog.tsx';

/** What is firing, how bad is it, since when, who has it, and was anybody told? */
export function AlertsPage() {
  const [q, setQ] = useUrlState('q', '');
  const [state, setState] = useUrlState<AlertStateFilter>('state', 'all', alertStates);
  const list = useAlerts({ state, q });
  const { calm } = useFiring();
  const attention = list.data?.alerts.filter(wantsPerson).length ?? 0;
  return (
    <Page>
      <PageHead title="Alerts" attention={attention}>
        <SearchBox
          label="Filter alerts"
          placeholder='Words, or severity="critical"'
          pauseMs={250}
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      {list.data ? (
        <>
          <AlertBanners list={list.data} />
          <div className={css.bar}>
            <Segmented
              label="State"
              value={state}
              options={stateOptions(list.data.counts, calm.length)}
              onChange={(next) => setState(next, { replace: true })}
            />
            <span className={css.summary} role="status">
              {summaryOf(list.data)}
            </span>
            <span className={css.stale}>
              <Freshness updatedAtMs={list.dataUpdatedAt} everyMs={alertsEveryMs} failing={list.isError} />
            </span>
          </div>
          <Content list={list.data} isFiltered={q !== '' || state !== 'all'} />
        </>
      ) : list.error ? (
        <ErrorState
          title="The alerts could not be read."
          error={list.error}
          onRetry={() => void list.refetch()}
        />
      ) : (
        <Loading what="the alerts">
          <div className={css.stack}>
            <Skeleton height="28px" width="360px" />
            <Skeleton height="220px" />
          </div>
        </Loading>
      )}
    </Page>
  );
}

/** What fires without asking anybody is no part of the number that people look at. */
function stateOptions({ firing, pending }: AlertListJson['counts'], calm: number) {
  return [
    { value: 'all', label: 'All' },
    { value: 'firing', label: `Firing ${formatCount(Math.max(0, firing - calm))}` },
    { value: 'pending', label: `Pending ${formatCount(pending)}` },
    { value: 'resolved', label: 'Resolved' },
  ] as const;
}

function summaryOf({ counts, alerts, total }: AlertListJson): string {
  const parts = [
    counts.acknowledged > 0 && `${formatCount(counts.acknowledged)} acknowledged`,
    counts.suppressed > 0 && `${formatCount(counts.suppressed)} suppressed`,
    total > alerts.length && `the first ${formatCount(alerts.length)} of ${plural(total, 'alert')} are shown`,
  ];
  return parts.filter(Boolean).join(', ');
}

function Content({ list, isFiltered }: { list: AlertListJson; isFiltered: boolean }) {
  const calm = useMemo(() => list.alerts.filter(isCalm), [list.alerts]);
  const groups = useMemo(() => groupAlerts(list.alerts.filter((alert) => !isCalm(alert))), [list.alerts]);
  const rows = useMemo(() => groups.flatMap(({ alerts }) => alerts), [groups]);
  const [selected, setSelected] = useUrlState('sel', '');
  const [chosen, setActive] = useState('');
  const [silencing, setSilencing] = useState<ActiveAlertJson | null>(null);
  const actions = useAlertActions();
  const found = rows.findIndex(({ fingerprint }) => fingerprint === (selected || chosen));
  // Details of an alert that has left the list: keys must not act on another one.
  const active = found < 0 && selected === '' ? 0 : found;
  const openPage = useOpenAlert();
  const select = (alert: ActiveAlertJson | undefined) =>
    alert && setSelected(alert.fingerprint, { replace: selected !== '' });
  const move = (to: number) => {
    const alert = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (alert === undefined) return;
    setActive(alert.fingerprint);
    if (selected !== '') select(alert);
    else focusRow(alert.fingerprint);
  };
  useListShortcuts({ rows, active, move, select, openPage, silence: setSilencing, actions });
  const toggle = (alert: ActiveAlertJson) =>
    alert.fingerprint === selected ? setSelected(null) : select(alert);
  return (
    <>
      {rows.length === 0 ? (
        <NothingHere list={list} isFiltered={isFiltered} hasCalm={calm.length > 0} />
      ) : (
        <ActiveTable
          groups={groups}
          activeKey={rows[active]?.fingerprint ?? ''}
          selectedKey={selected}
          onActive={setActive}
          onSelect={toggle}
          onSilence={setSilencing}
          actions={actions}
        />
      )}
      {calm.length > 0 && <CalmAlerts alerts={calm} onOpen={toggle} />}
      {selected !== '' && (
        <AlertPanel
          fingerprint={selected}
          listed={list.alerts.find(({ fingerprint }) => fingerprint === selected)}
          actions={actions}
          onSilence={setSilencing}
          onClose={() => setSelected(null)}
          onNext={active + 1 < rows.length ? () => move(active + 1) : undefined}
          onPrevious={active > 0 ? () => move(active - 1) : undefined}
          onOpen={() => openPage(selected)}
        />
      )}
      {silencing && <SilenceDialog alert={silencing} onClose={() => setSilencing(null)} />}
    </>
  );
}

function useOpenAlert(): (fingerprint: string) => void {
  const navigate = useNavigate();
  return (fingerprint) => void navigate({ to: '/alerts/$fingerprint', params: { fingerprint } });
}

function focusRow(fingerprint: string): void {
  document.querySelector<HTMLElement>(`[data-alert="${CSS.escape(fingerprint)}"]`)?.focus();
}

function isInTable(): boolean {
  return document.activeElement?.closest('[data-alert]') != null;
}

/** One key each, from anywhere on the page: on the row that is marked, at first the most urgent one. */
function useListShortcuts(list: {
  rows: readonly ActiveAlertJson[];
  active: number;
  move: (to: number) => void;
  select: (alert: ActiveAlertJson | undefined) => void;
  openPage: (fingerprint: string) => void;
  silence: (alert: ActiveAlertJson) => void;
  actions: AlertActions;
}): void {
  const { rows, active, move, actions } = list;
  const current = rows[active];
  const on = (act: (alert: ActiveAlertJson) => void) => () => current && act(current);
  const group = 'List' as const;
  const has = () => current !== undefined;
  const shortcuts: Shortcut[] = [
    { keys: 'j', label: 'Next alert', group, when: has, run: () => move(active + 1) },
    { keys: 'k', label: 'Previous alert', group, when: has, run: () => move(active - 1) },
    // The arrows scroll the page unless a row has the focus.
    { keys: 'arrowdown', label: 'Next alert', group, when: isInTable, run: () => move(active + 1) },
    { keys: 'arrowup', label: 'Previous alert', group, when: isInTable, run: () => move(active - 1) },
    { keys: 'enter', label: 'Details of the alert', group, when: has, run: on(list.select) },
    {
      keys: 'o',
      label: 'Page of the alert',
      group,
      when: has,
      run: on((one) => list.openPage(one.fingerprint)),
    },
    {
      keys: 'a',
      label: 'Acknowledge the alert',
      group,
      when: () => current?.acknowledged === null && current.state !== 'resolved',
      run: on((alert) => void actions.acknowledge(alert)),
    },
    {
      keys: 'shift+a',
      label: 'Withdraw the acknowledgement',
      group,
      when: () => current?.acknowledged != null,
      run: on((alert) => void actions.unacknowledge(alert)),
    },
    { keys: 's', label: 'Silence the alert', group, when: has, run: on(list.silence) },
  ];
  useShortcuts(shortcuts);
}

function NothingHere(props: { list: AlertListJson; isFiltered: boolean; hasCalm: boolean }) {
  const { list, isFiltered, hasCalm } = props;
  const nowMs = useNow(1000);
  const [, setQ] = useUrlState('q', '');
  if (isFiltered) {
    return (
      <EmptyState
        compact
        title={hasCalm ? 'No other alert matches.' : 'No alert matches.'}
        icon={<BellRing aria-hidden />}
        action={
          <button type="button" className={css.button} onClick={() => setQ(null)}>
            Clear the words
          </button>
        }
      />
    );
  }
  return (
    <EmptyState title={quietSentence(list.rules, nowMs, !hasCalm)} icon={<CircleCheck aria-hidden />}>
      {list.rules.total === 0
        ? 'Rules come from packs, from rule_files in bellwether.yml, or are written here under Rules.'
        : 'New alerts show here by themselves, the most urgent first.'}
    </EmptyState>
  );
}
