import type { AlertStatisticsJson } from '@contract';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Panel } from '../../components/index.ts';
import { sortRows, type TableColumn, type TableSort, VirtualTable } from '../../components/table/index.ts';
import { formatCount, formatDuration, formatSpan, missing, plural } from '../../lib/format.ts';
import css from './alerts.module.css';

type NoisyRule = AlertStatisticsJson['rules'][number];

function number(
  id: string,
  header: string,
  hint: string,
  value: (rule: NoisyRule) => number | null,
  text: (value: number | null) => string = formatCount,
): TableColumn<NoisyRule> {
  return { id, header, hint, width: 92, align: 'end', cell: (rule) => text(value(rule)), sortValue: value };
}

const span = (seconds: number | null) => (seconds === null ? missing : formatDuration(seconds * 1000));

const columns: TableColumn<NoisyRule>[] = [
  {
    id: 'name',
    header: 'Rule',
    width: 180,
    grow: 1,
    cell: (rule) => <Name rule={rule} />,
    sortValue: (rule) => rule.name,
    sortFirst: 'asc',
  },
  { id: 'severity', header: 'Severity', width: 84, cell: (rule) => rule.severity || missing },
  number('fired', 'Fired', 'Times it fired', (rule) => rule.fired),
  number('night', 'At night', 'Times it fired at night', (rule) => rule.fired_at_night),
  number(
    'noise',
    'Noise',
    'Ended within five minutes and nobody acknowledged',
    (rule) => rule.only_self_resolved,
  ),
  number('notified', 'Notified', 'Notifications sent', (rule) => rule.notified),
  number('acknowledged', 'Acked', 'Times somebody acknowledged', (rule) => rule.acknowledged),
  number('mtta', 'To ack', 'Mean time to acknowledgement', (rule) => rule.mtta_s, span),
  number('mttr', 'To resolve', 'Mean time to the end', (rule) => rule.mttr_s, span),
  number(
    'firing',
    'Firing',
    'Time it fired in all',
    (rule) => rule.firing_s,
    (value) => (value === null ? missing : formatSpan(value * 1000)),
  ),
];

function Name({ rule }: { rule: NoisyRule }) {
  if (rule.rule_id === '') return <>{rule.name}</>;
  return (
    <Link to="/alerts/rules/$ruleId" params={{ ruleId: rule.rule_id }} className={css.textLink}>
      {rule.name}
    </Link>
  );
}

/** Which rules cost the most attention for the least. */
export function NoisyRules({ rules }: { rules: readonly NoisyRule[] }) {
  const [sort, setSort] = useState<TableSort | null>(null);
  const rows = useMemo(() => sortRows(rules, columns, sort), [rules, sort]);
  return (
    <Panel title="Noisiest rules" note={plural(rules.length, 'rule')} flush>
      <VirtualTable
        label="Noisiest rules"
        columns={columns}
        rows={rows}
        rowKey={(rule) => `${rule.rule_id} ${rule.name}`}
        sort={sort}
        onSort={setSort}
        maxHeight={280}
        card={(rule) => (
          <div className={css.rowCard}>
            <Name rule={rule} />
            <span className={css.second}>
              fired {formatCount(rule.fired)} times, {formatCount(rule.fired_at_night)} at night,{' '}
              {formatCount(rule.only_self_resolved)} only noise
            </span>
            <span className={css.second}>
              {formatCount(rule.acknowledged)} acknowledged, after {span(rule.mtta_s)}
            </span>
          </div>
        )}
        cardHeight={84}
      />
    </Panel>
  );
}
