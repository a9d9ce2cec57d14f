import type { AlertStatisticsJson, HistoryEventJson } from '@contract';
import { Link } from '@tanstack/react-router';
import { Download, History } from 'lucide-react';
import { useMemo } from 'react';
import { Button, EmptyState, ErrorState, Page, Panel, SearchBox, Skeleton } from '../components/index.ts';
import { apiUrl } from '../lib/api.ts';
import { formatCount, formatDuration, missing, plural } from '../lib/format.ts';
import { useSearchParams, useUrlState, useUrlUpdate } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { useHistory, useHistoryParams, useStatistics } from './alerts/alert-data.ts';
import css from './alerts/alerts.module.css';
import historyCss from './alerts/history.module.css';
import { HistoryTable } from './alerts/history-table.tsx';
import { NoisyRules } from './alerts/noisy-rules.tsx';
import { eventKinds, eventLooks } from './alerts/timeline.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];

/** What happened, was everybody told, how quick were we, and which rules are only noise? */
export function AlertHistoryPage() {
  const [q, setQ] = useUrlState('q', '');
  const filter = useHistoryFilter();
  const statistics = useStatistics();
  return (
    <Page>
      <PageHead title="Alert history" crumbs={crumbs}>
        <SearchBox
          label="Search the history"
          placeholder="Search names, labels, receivers"
          pauseMs={250}
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      {statistics.error && !statistics.data ? (
        <ErrorState
          compact
          title="The figures could not be read."
          error={statistics.error}
          onRetry={() => void statistics.refetch()}
        />
      ) : (
        <Figures statistics={statistics.data} />
      )}
      {statistics.data && statistics.data.rules.length > 0 && <NoisyRules rules={statistics.data.rules} />}
      <KindChips chosen={filter.kinds} />
      <Scope filter={filter} />
      <Events filter={filter} q={q} />
    </Page>
  );
}

type Kind = HistoryEventJson['kind'];

interface Filter {
  kinds: readonly Kind[];
  fingerprint: string;
  ruleId: string;
}

function useHistoryFilter(): Filter {
  const { kinds = '', fingerprint = '', rule = '' } = useSearchParams();
  return useMemo(() => {
    const asked = kinds.split(',');
    return { kinds: eventKinds.filter((kind) => asked.includes(kind)), fingerprint, ruleId: rule };
  }, [kinds, fingerprint, rule]);
}

function seconds(value: number | null): string {
  return value === null ? missing : formatDuration(value * 1000);
}

function Figures({ statistics }: { statistics: AlertStatisticsJson | undefined }) {
  return (
    <dl className={historyCss.figures} aria-label="Alerts in this range">
      {figures.map(({ label, title, value, note }) => (
        <div key={label} title={title}>
          <dt>{label}</dt>
          <dd className={historyCss.value}>
            {statistics ? value(statistics) : <Skeleton width="60%" height="24px" />}
          </dd>
          <dd className={historyCss.note}>{statistics && note(statistics)}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Figure {
  label: string;
  title?: string;
  value: (one: AlertStatisticsJson) => string;
  note: (one: AlertStatisticsJson) => string;
}

const figures: readonly Figure[] = [
  {
    label: 'Fired',
    value: (one) => formatCount(one.fired),
    note: (one) => `${formatCount(one.resolved)} resolved`,
  },
  {
    label: 'Time to acknowledge',
    title: 'Mean time from firing to acknowledgement (MTTA)',
    value: (one) => seconds(one.mtta_s),
    note: (one) =>
      one.acknowledged === 0 ? 'none acknowledged' : `mean of ${formatCount(one.acknowledged)} acknowledged`,
  },
  {
    label: 'Time to resolve',
    title: 'Mean time from firing to the end (MTTR)',
    value: (one) => seconds(one.mttr_s),
    note: () => 'mean',
  },
  {
    label: 'Delivered',
    value: (one) => formatCount(one.notified),
    note: (one) =>
      one.notify_p99_ms === null
        ? ''
        : `p50 ${formatDuration(one.notify_p50_ms)}, p99 ${formatDuration(one.notify_p99_ms)}`,
  },
  {
    label: 'Not delivered',
    value: (one) => formatCount(one.notify_failed),
    note: () => 'after all attempts',
  },
  {
    label: 'Responses missed',
    title: 'Nobody acknowledged in the time that the priority allows',
    value: (one) => formatCount(one.response_missed),
    note: () => 'nobody answered in time',
  },
];

/** Which kinds of events to list; none chosen means all. */
function KindChips({ chosen }: { chosen: readonly Kind[] }) {
  const [, setKinds] = useUrlState('kinds', '');
  const toggle = (kind: Kind) => {
    const next = chosen.includes(kind) ? chosen.filter((one) => one !== kind) : [...chosen, kind];
    setKinds(next.join(','), { replace: true });
  };
  return (
    <fieldset className={historyCss.chips} aria-label="Kinds of events">
      {eventKinds.map((kind) => {
        const { word, icon: Icon } = eventLooks[kind];
        return (
          <Button
            key={kind}
            icon={<Icon aria-hidden />}
            pressed={chosen.includes(kind)}
            className={historyCss.chip}
            onClick={() => toggle(kind)}
          >
            {word}
          </Button>
        );
      })}
      {chosen.length > 0 && (
        <Button variant="quiet" className={historyCss.chip} onClick={() => setKinds(null, { replace: true })}>
          All kinds
        </Button>
      )}
    </fieldset>
  );
}

/** Says when only one alert or one rule is listed, with the way out. */
function Scope({ filter }: { filter: Filter }) {
  const update = useUrlUpdate();
  const { fingerprint, ruleId } = filter;
  if (fingerprint === '' && ruleId === '') return null;
  return (
    <p className={css.bar}>
      <span>
        Only {fingerprint !== '' ? 'the alert' : 'the rule'} <code>{fingerprint || ruleId}</code>
      </span>
      <Button onClick={() => update({ fingerprint: null, rule: null })}>Show all</Button>
      {fingerprint !== '' && (
        <Link to="/alerts/$fingerprint" params={{ fingerprint }} className={css.link}>
          Open the alert
        </Link>
      )}
    </p>
  );
}

function Events({ filter, q }: { filter: Filter; q: string }) {
  const params = useHistoryParams({
    ...{ kinds: filter.kinds.join(','), fingerprint: filter.fingerprint, rule_id: filter.ruleId, q },
  });
  const history = useHistory(params);
  return (
    <Panel
      title="Events"
      note={
        history.isPending
          ? undefined
          : `${plural(history.events.length, 'event')}${history.hasMore ? ' loaded' : ''}`
      }
      actions={
        <>
          <ExportLink params={params} format="csv" />
          <ExportLink params={params} format="ndjson" />
        </>
      }
      flush
    >
      {history.isPending ? (
        <div className={historyCss.padded}>
          <Skeleton height="200px" />
        </div>
      ) : history.error && history.events.length === 0 ? (
        <ErrorState
          compact
          title="The history could not be read."
          error={history.error}
          onRetry={history.refetch}
        />
      ) : (
        <HistoryTable
          history={history}
          label="Events of alerts"
          empty={
            <EmptyState compact title="Nothing happened in this range." icon={<History aria-hidden />}>
              Every change of an alert, every notification with its result, and everything people did is kept
              here.
            </EmptyState>
          }
        />
      )}
    </Panel>
  );
}

function ExportLink(props: { params: Parameters<typeof apiUrl>[1]; format: 'csv' | 'ndjson' }) {
  const name = props.format === 'csv' ? 'CSV' : 'JSON lines';
  return (
    <a
      className={css.link}
      href={apiUrl('/api/alert-history/export', { ...props.params, format: props.format })}
      download={`alert-history.${props.format}`}
      title={`Everything in this range that matches, as ${name}`}
    >
      <Download aria-hidden />
      {name}
    </a>
  );
}
