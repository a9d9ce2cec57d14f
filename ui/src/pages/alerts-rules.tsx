import type { RuleInfoJson } from '@contract';
import { Link, useNavigate } from '@tanstack/react-router';
import { ListChecks, Plus, TriangleAlert } from 'lucide-react';
import { useMemo } from 'react';
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
import { parseSort, sortRows, sortText, type TableColumn, VirtualTable } from '../components/table/index.ts';
import { formatCount, formatDuration, missing, plural } from '../lib/format.ts';
import { useUrlState } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { AlertBanner } from './alerts/alert-banners.tsx';
import { alertsEveryMs, useRules } from './alerts/alert-data.ts';
import css from './alerts/alerts.module.css';
import {
  isFailing,
  LastEvaluation,
  placeOf,
  RuleHealth,
  RuleState,
  secondsText,
  shortPlaceOf,
} from './alerts/rule-look.tsx';

const crumbs = [{ label: 'Alerts', to: '/alerts' }];
const filters = ['all', 'active', 'failing', 'yours', 'recording'] as const;
type Filter = (typeof filters)[number];

/** Which rules are there, are they evaluated, and which of them fire? */
export function RulesPage() {
  const rules = useRules();
  const [q, setQ] = useUrlState('q', '');
  return (
    <Page>
      <PageHead title="Rules" crumbs={crumbs}>
        <SearchBox
          label="Filter rules"
          placeholder="Filter by name, group, expression, file or label"
          value={q}
          onChange={(text) => setQ(text, { replace: true })}
        />
      </PageHead>
      {rules.data ? (
        <>
          {rules.data.warnings.map((warning) => (
            <AlertBanner key={warning} tone="warn" icon={<TriangleAlert aria-hidden />}>
              {warning}
            </AlertBanner>
          ))}
          <Content
            rules={rules.data.rules}
            q={q}
            updatedAtMs={rules.dataUpdatedAt}
            isFailing={rules.isError}
          />
        </>
      ) : rules.error ? (
        <ErrorState
          title="The rules could not be read."
          error={rules.error}
          onRetry={() => void rules.refetch()}
        />
      ) : (
        <Loading what="the rules">
          <Skeleton height="320px" />
        </Loading>
      )}
    </Page>
  );
}

function passes(rule: RuleInfoJson, filter: Filter): boolean {
  if (filter === 'active') return rule.state === 'firing' || rule.state === 'pending';
  if (filter === 'failing') return isFailing(rule);
  if (filter === 'yours') return rule.is_editable;
  return filter === 'all' || rule.kind === 'recording';
}

function matches(rule: RuleInfoJson, q: string): boolean {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const labels = Object.entries(rule.labels).map(([name, value]) => `${name}=${value}`);
  const text = [rule.name, rule.group, rule.query, placeOf(rule), ...labels].join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

interface ContentProps {
  rules: readonly RuleInfoJson[];
  q: string;
  updatedAtMs: number;
  isFailing: boolean;
}

function Content(props: ContentProps) {
  const { rules, q } = props;
  const [show] = useUrlState<Filter>('show', 'all', filters);
  const [sortParam, setSortParam] = useUrlState('sort', '');
  const navigate = useNavigate();
  const sort = parseSort(sortParam);
  const rows = useMemo(() => {
    const shown = rules.filter((rule) => passes(rule, show) && matches(rule, q));
    return sortRows(shown, columns, parseSort(sortParam));
  }, [rules, show, q, sortParam]);
  const open = (rule: RuleInfoJson) =>
    void navigate({ to: '/alerts/rules/$ruleId', params: { ruleId: rule.id } });
  return (
    <>
      <FilterBar {...props} shown={rows.length} />
      {rows.length === 0 ? (
        <EmptyState
          title={rules.length === 0 ? 'There are no rules yet.' : 'No rule matches.'}
          icon={<ListChecks aria-hidden />}
        >
          {rules.length === 0 && (
            <>
              Write one here, switch on a pack, or name files of Prometheus rules with <code>rule_files</code>{' '}
              in <code>bellwether.yml</code>.
            </>
          )}
        </EmptyState>
      ) : (
        <div className={css.card}>
          <VirtualTable
            label="Rules"
            columns={columns}
            rows={rows}
            rowKey={(rule) => rule.id}
            rowHeight={38}
            maxHeight={760}
            sort={sort}
            onSort={(next) => setSortParam(sortText(next), { replace: true })}
            onSelect={open}
            onOpen={open}
            card={(rule) => <RuleCard rule={rule} />}
            cardHeight={112}
          />
        </div>
      )}
    </>
  );
}

function FilterBar(props: ContentProps & { shown: number }) {
  const { rules } = props;
  const [show, setShow] = useUrlState<Filter>('show', 'all', filters);
  const count = (filter: Filter) => rules.filter((rule) => passes(rule, filter)).length;
  const option = (value: Filter, label: string) => ({
    value,
    label: `${label} ${formatCount(count(value))}`,
  });
  return (
    <div className={css.bar}>
      <Segmented
        label="Which rules"
        value={show}
        options={[
          option('all', 'All'),
          option('active', 'Active'),
          option('failing', 'Failing'),
          option('yours', 'Yours'),
          option('recording', 'Recording'),
        ]}
        onChange={(next) => setShow(next, { replace: true })}
      />
      <span className={css.summary} role="status">
        {plural(props.shown, 'rule')}
      </span>
      <span className={css.stale}>
        <Freshness updatedAtMs={props.updatedAtMs} everyMs={alertsEveryMs} failing={props.isFailing} />
      </span>
      <Link to="/alerts/rules/new" className={`${css.button} ${css.end}`} data-primary="">
        <Plus aria-hidden />
        New rule
      </Link>
    </div>
  );
}

const stateOrder = { firing: 0, pending: 1, unknown: 2, inactive: 3 } as const;
const healthOrder = { err: 0, unknown: 1, ok: 2 } as const;

function Name({ rule }: { rule: RuleInfoJson }) {
  return (
    <Link to="/alerts/rules/$ruleId" params={{ ruleId: rule.id }} className={css.ruleName} title={rule.query}>
      {rule.name}
    </Link>
  );
}

const columns: TableColumn<RuleInfoJson>[] = [
  {
    id: 'state',
    header: 'State',
    width: 92,
    cell: (rule) => <RuleState rule={rule} />,
    sortValue: (rule) => stateOrder[rule.state],
    sortFirst: 'asc',
  },
  {
    id: 'health',
    header: 'Health',
    width: 104,
    cell: (rule) => <RuleHealth rule={rule} />,
    sortValue: (rule) => healthOrder[rule.health],
    sortFirst: 'asc',
  },
  {
    id: 'name',
    header: 'Rule',
    width: 180,
    grow: 2,
    cell: (rule) => <Name rule={rule} />,
    sortValue: (rule) => rule.name,
    sortFirst: 'asc',
  },
  {
    id: 'severity',
    header: 'Severity',
    width: 80,
    cell: (rule) => rule.labels.severity ?? missing,
    sortValue: (rule) => rule.labels.severity ?? null,
    sortFirst: 'asc',
  },
  {
    id: 'for',
    header: 'For',
    hint: 'How long it must hold before it fires',
    width: 60,
    align: 'end',
    cell: (rule) => secondsText(rule.for_s),
    sortValue: (rule) => rule.for_s,
  },
  {
    id: 'alerts',
    header: 'Alerts',
    width: 66,
    align: 'end',
    cell: (rule) => (rule.kind === 'recording' ? missing : formatCount(rule.alerts)),
    sortValue: (rule) => rule.alerts,
  },
  {
    id: 'evaluated',
    header: 'Evaluated',
    width: 88,
    align: 'end',
    cell: (rule) => <LastEvaluation rule={rule} />,
    sortValue: (rule) => rule.last_evaluation_at,
  },
  {
    id: 'took',
    header: 'Took',
    hint: 'How long the last evaluation took',
    width: 76,
    align: 'end',
    cell: (rule) => formatDuration(rule.evaluation_ms),
    sortValue: (rule) => rule.evaluation_ms,
  },
  {
    id: 'place',
    header: 'From',
    width: 120,
    grow: 1,
    cell: (rule) => <span title={placeOf(rule)}>{shortPlaceOf(rule)}</span>,
    sortValue: placeOf,
    sortFirst: 'asc',
  },
  {
    id: 'error',
    header: 'Error',
    width: 120,
    grow: 2,
    cell: (rule) => (
      <span className={css.bad} title={rule.last_error}>
        {rule.last_error}
      </span>
    ),
    sortValue: (rule) => rule.last_error || null,
    sortFirst: 'asc',
  },
];

function RuleCard({ rule }: { rule: RuleInfoJson }) {
  return (
    <div className={css.rowCard}>
      <span className={css.rowCardTop}>
        <RuleState rule={rule} />
        <RuleHealth rule={rule} />
      </span>
      <Name rule={rule} />
      <span className={css.second}>
        {shortPlaceOf(rule)}, evaluated <LastEvaluation rule={rule} /> in {formatDuration(rule.evaluation_ms)}
      </span>
      {rule.last_error !== '' && <span className={`${css.bad} ${css.cut}`}>{rule.last_error}</span>}
    </div>
  );
}
