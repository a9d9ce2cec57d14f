import type { AlertMatcherJson, SilenceJson } from '@contract';
import { BellOff, Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import {
  Button,
  EmptyState,
  ErrorState,
  Loading,
  Page,
  SearchBox,
  Segmented,
  Skeleton,
  StatusDot,
  TimeAgo,
  type Tone,
} from '../components/index.ts';
import { type TableColumn, VirtualTable } from '../components/table/index.ts';
import { formatCount, plural } from '../lib/format.ts';
import { useUrlState, useUrlUpdate } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { useAlertActions } from './alerts/alert-actions.ts';
import { useAlertDetail, useSilences } from './alerts/alert-data.ts';
import { Countdown } from './alerts/alert-look.tsx';
import { matchersText, parseMatchers, scopeMatchers } from './alerts/alert-model.ts';
import css from './alerts/alerts.module.css';
import { ConfirmButton } from './alerts/confirm-button.tsx';
import { SilenceEditor } from './alerts/silence-editor.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];
const filters = ['current', 'expired', 'all'] as const;
type Filter = (typeof filters)[number];

/** What is silenced, by whom, why, and until when? */
export function SilencesPage() {
  const silences = useSilences();
  const [q, setQ] = useUrlState('q', '');
  const [show, setShow] = useUrlState<Filter>('state', 'current', filters);
  const [, setEdit] = useUrlState('edit', '');
  const list = silences.data?.silences;
  const rows = useMemo(
    () => (list ?? []).filter((one) => isShown(one, show, q)).sort(byEnd),
    [list, show, q],
  );
  return (
    <Page>
      <PageHead title="Silences" crumbs={crumbs}>
        <SearchBox
          label="Filter silences"
          placeholder="Filter by matcher, comment or author"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      <div className={css.bar}>
        <Segmented
          label="State"
          value={show}
          options={[
            { value: 'current', label: 'Active and pending' },
            { value: 'expired', label: 'Expired' },
            { value: 'all', label: 'All' },
          ]}
          onChange={(next) => setShow(next, { replace: true })}
        />
        <span className={css.summary} role="status">
          {list && plural(rows.length, 'silence')}
        </span>
        <Button
          variant="primary"
          className={css.end}
          icon={<Plus aria-hidden />}
          onClick={() => setEdit('new')}
        >
          New silence
        </Button>
      </div>
      {list ? (
        <SilenceTable rows={rows} isFiltered={q !== '' || show === 'expired'} />
      ) : silences.error ? (
        <ErrorState
          title="The silences could not be read."
          error={silences.error}
          onRetry={() => void silences.refetch()}
        />
      ) : (
        <Loading what="the silences">
          <Skeleton height="160px" />
        </Loading>
      )}
      {list && <Editing silences={list} />}
    </Page>
  );
}

function isShown(silence: SilenceJson, show: Filter, q: string): boolean {
  if (show === 'current' && silence.state === 'expired') return false;
  if (show === 'expired' && silence.state !== 'expired') return false;
  const wanted = q.trim().toLowerCase();
  const texts = [matchersText(silence.matchers), silence.comment, silence.created_by, silence.id];
  return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
}

const stateOrder = { active: 0, pending: 1, expired: 2 } as const;

/** Those that act now first, the one that ends soonest at the top; the expired with the last one first. */
function byEnd(a: SilenceJson, b: SilenceJson): number {
  const order = stateOrder[a.state] - stateOrder[b.state];
  if (order !== 0) return order;
  return a.state === 'expired' ? b.ends_at.localeCompare(a.ends_at) : a.ends_at.localeCompare(b.ends_at);
}

const stateLooks: Record<SilenceJson['state'], { tone: Tone; word: string }> = {
  active: { tone: 'info', word: 'Active' },
  pending: { tone: 'warn', word: 'Pending' },
  expired: { tone: 'quiet', word: 'Expired' },
};

function State({ silence }: { silence: SilenceJson }) {
  const look = stateLooks[silence.state];
  return (
    <StatusDot tone={look.tone} icon={<BellOff aria-hidden />}>
      {look.word}
    </StatusDot>
  );
}

function End({ silence }: { silence: SilenceJson }) {
  if (silence.state === 'pending') {
    return (
      <>
        begins <Countdown at={silence.starts_at} />
      </>
    );
  }
  return silence.state === 'active' ? <Countdown at={silence.ends_at} /> : <TimeAgo at={silence.ends_at} />;
}

const columns: TableColumn<SilenceJson>[] = [
  { id: 'state', header: 'State', width: 92, cell: (one) => <State silence={one} /> },
  {
    id: 'matchers',
    header: 'Silences',
    width: 220,
    grow: 3,
    cell: (one) => (
      <span className={css.mono} title={matchersText(one.matchers)}>
        {matchersText(one.matchers)}
      </span>
    ),
  },
  {
    id: 'alerts',
    header: 'Alerts',
    hint: 'Active alerts it silences now',
    width: 64,
    align: 'end',
    cell: (one) => formatCount(one.alerts),
  },
  { id: 'end', header: 'Ends', width: 110, cell: (one) => <End silence={one} /> },
  { id: 'by', header: 'By', width: 90, grow: 1, cell: (one) => one.created_by },
  {
    id: 'comment',
    header: 'Why',
    width: 160,
    grow: 3,
    cell: (one) => <span title={one.comment}>{one.comment}</span>,
  },
  {
    id: 'actions',
    header: 'Change',
    width: 170,
    align: 'end',
    cell: (one) => <SilenceButtons silence={one} />,
  },
];

function SilenceTable({ rows, isFiltered }: { rows: readonly SilenceJson[]; isFiltered: boolean }) {
  const [selected, setSelected] = useUrlState('sel', '');
  if (rows.length === 0) {
    return (
      <EmptyState
        title={isFiltered ? 'No silence matches.' : 'Nothing is silenced.'}
        icon={<BellOff aria-hidden />}
      >
        A silence keeps alerts that match it from being told to anybody, for a time. They still show here.
      </EmptyState>
    );
  }
  return (
    <div className={css.card}>
      <VirtualTable
        label="Silences"
        columns={columns}
        rows={rows}
        rowKey={(one) => one.id}
        rowHeight={44}
        maxHeight={640}
        selectedKey={selected}
        onSelect={(one) => setSelected(one.id === selected ? null : one.id, { replace: true })}
        card={(one) => <SilenceCard silence={one} />}
        cardHeight={158}
      />
    </div>
  );
}

function SilenceCard({ silence }: { silence: SilenceJson }) {
  return (
    <div className={css.rowCard}>
      <span className={css.rowCardTop}>
        <State silence={silence} />
        <span className={css.faint}>
          {silence.created_by}, <End silence={silence} />
        </span>
      </span>
      <span className={`${css.mono} ${css.cut}`}>{matchersText(silence.matchers)}</span>
      <span className={css.cut}>{silence.comment}</span>
      <span className={css.second}>silences {plural(silence.alerts, 'alert')} now</span>
      <SilenceButtons silence={silence} />
    </div>
  );
}

function SilenceButtons({ silence }: { silence: SilenceJson }) {
  const [, setEdit] = useUrlState('edit', '');
  const { expireSilence } = useAlertActions();
  return (
    <span className={css.inline}>
      <Button onClick={() => setEdit(silence.id)}>{silence.state === 'expired' ? 'Again' : 'Edit'}</Button>
      {silence.state !== 'expired' && (
        <ConfirmButton label="End" confirm="End it now?" onConfirm={() => void expireSilence(silence.id)} />
      )}
    </span>
  );
}

/** The form, when the address asks for it: `edit=new`, `edit=<id>`, `alert=<fingerprint>` or `matchers=`. */
function Editing({ silences }: { silences: readonly SilenceJson[] }) {
  const [edit] = useUrlState('edit', '');
  const [fingerprint] = useUrlState('alert', '');
  const [matchersParam] = useUrlState('matchers', '');
  const update = useUrlUpdate();
  const alert = useAlertDetail(fingerprint);
  // Only what the address said when the form opened counts: a renewed answer must not overwrite what is typed.
  const [empty] = useState<AlertMatcherJson[]>(() => [{ name: '', type: '=', value: '' }]);
  const close = () => update({ edit: null, alert: null, matchers: null }, { replace: true });
  const existing = silences.find(({ id }) => id === edit);
  if (existing) {
    return (
      <SilenceEditor key={existing.id} silence={existing} matchers={existing.matchers} onClose={close} />
    );
  }
  if (fingerprint !== '') {
    if (alert.isPending) return null;
    const matchers = alert.data ? scopeMatchers(alert.data.alert, 'this') : empty;
    const note = alert.data ? '' : 'The alert of this link is over; write what to silence.';
    return <SilenceEditor key={fingerprint} matchers={matchers} note={note} onClose={close} />;
  }
  if (matchersParam !== '') {
    const parsed = parseMatchers(matchersParam);
    const note = parsed === null ? `These are no matchers: ${matchersParam}` : '';
    return <SilenceEditor key={matchersParam} matchers={parsed ?? empty} note={note} onClose={close} />;
  }
  return edit === '' ? null : <SilenceEditor key="new" matchers={empty} onClose={close} />;
}
