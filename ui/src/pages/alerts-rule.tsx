import type { RuleInfoJson, RuleWhyJson } from '@contract';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Pencil, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { CodeBlock, ErrorState, Facts, Loading, Page, Panel, Skeleton } from '../components/index.ts';
import { apiPost } from '../lib/api.ts';
import { formatCount, formatDuration, plural } from '../lib/format.ts';
import { PageHead } from '../shell/page-head.tsx';
import { attempt } from './alerts/alert-actions.ts';
import { AlertBanner } from './alerts/alert-banners.tsx';
import { useRuleWhy } from './alerts/alert-data.ts';
import { AlertStateDot, lookOf, SafeText } from './alerts/alert-look.tsx';
import css from './alerts/alerts.module.css';
import { BacktestPanel } from './alerts/backtest.tsx';
import { ConfirmButton } from './alerts/confirm-button.tsx';
import detailCss from './alerts/detail.module.css';
import { ruleBodyOf } from './alerts/rule-form-model.ts';
import { LastEvaluation, placeOf, RuleHealth, RuleState, secondsText } from './alerts/rule-look.tsx';
import { AlertWhyView, Evaluations } from './alerts/why.tsx';

const crumbs = [
  { label: 'Alerts', to: '/alerts' },
  { label: 'Rules', to: '/alerts/rules' },
];

/** Why did this rule fire, or why did it not? */
export function RulePage() {
  const { ruleId = '' } = useParams({ strict: false });
  const why = useRuleWhy(ruleId);
  return (
    <Page>
      <PageHead title={why.data?.rule.name ?? 'Rule'} crumbs={crumbs} />
      {why.data ? (
        <Content why={why.data} />
      ) : why.error ? (
        <ErrorState
          title="This rule could not be read."
          error={why.error}
          onRetry={() => void why.refetch()}
        />
      ) : (
        <Loading what="the rule">
          <Skeleton height="320px" />
        </Loading>
      )}
    </Page>
  );
}

function Content({ why }: { why: RuleWhyJson }) {
  const { rule } = why;
  return (
    <>
      <div className={css.bar}>
        <RuleState rule={rule} pill />
        <RuleHealth rule={rule} pill />
        <span className={css.summary}>
          evaluated <LastEvaluation rule={rule} />, took {formatDuration(rule.evaluation_ms)}
        </span>
        <span className={`${css.inline} ${css.end}`}>
          <RuleButtons rule={rule} />
        </span>
      </div>
      {rule.last_error !== '' && (
        <AlertBanner tone="bad" icon={<TriangleAlert aria-hidden />}>
          <strong>The last evaluation failed:</strong> {rule.last_error}
        </AlertBanner>
      )}
      <div className={detailCss.columns}>
        <div>
          <CodeBlock label="Expression" text={rule.query} />
          {rule.kind === 'alerting' && <BacktestPanel rule={ruleBodyOf(rule)} />}
          <Panel title="Last evaluations" note={plural(why.evaluations.length, 'evaluation')}>
            <Evaluations evaluations={why.evaluations} />
          </Panel>
          {why.alerts.map((one) => (
            <AlertPart key={one.alert?.fingerprint ?? 'none'} why={one} />
          ))}
        </div>
        <div>
          <RuleFacts rule={rule} />
        </div>
      </div>
    </>
  );
}

function AlertPart({ why }: { why: RuleWhyJson['alerts'][number] }) {
  const { alert } = why;
  if (alert === null) return null;
  return (
    <Panel
      title={`Alert ${alert.name}${alert.service === '' ? '' : ` of ${alert.service}`}`}
      note={<AlertStateDot state={lookOf(alert)} />}
      actions={
        <Link to="/alerts/$fingerprint" params={{ fingerprint: alert.fingerprint }} className={css.link}>
          Open
        </Link>
      }
    >
      <AlertWhyView why={why} ruleId={null} />
    </Panel>
  );
}

function RuleFacts({ rule }: { rule: RuleInfoJson }) {
  const texts = Object.entries(rule.annotations);
  const facts: { name: string; value: ReactNode; mono?: boolean }[] = [
    { name: 'From', value: placeOf(rule), mono: !rule.is_editable },
    { name: 'Group', value: rule.group },
    { name: 'Every', value: secondsText(rule.interval_s) },
    { name: 'For', value: secondsText(rule.for_s) },
    { name: 'Keep firing for', value: secondsText(rule.keep_firing_for_s) },
    { name: 'Series', value: formatCount(rule.series_count) },
    ...(rule.kind === 'alerting' ? [{ name: 'Alerts now', value: formatCount(rule.alerts) }] : []),
  ];
  return (
    <>
      <Panel title="Rule">
        <Facts facts={facts} />
        {!rule.is_editable && (
          <p className={css.summary}>
            {rule.file.startsWith('pack:')
              ? 'It comes with a pack and cannot be changed here.'
              : 'It is kept in the file above; change it there and reload the server.'}
          </p>
        )}
      </Panel>
      {Object.keys(rule.labels).length > 0 && (
        <Panel title="Labels it adds">
          <Facts facts={Object.entries(rule.labels).map(([name, value]) => ({ name, value, mono: true }))} />
        </Panel>
      )}
      {texts.length > 0 && (
        <Panel title="Annotations">
          <Facts facts={texts.map(([name, value]) => ({ name, value: <SafeText text={value} /> }))} />
        </Panel>
      )}
    </>
  );
}

function RuleButtons({ rule }: { rule: RuleInfoJson }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    const isDone = await attempt(client, `${rule.name} deleted`, () =>
      apiPost(`/api/rules/${encodeURIComponent(rule.id)}/delete`, {}),
    );
    setBusy(false);
    if (isDone) await navigate({ to: '/alerts/rules', replace: true });
  };
  return (
    <>
      <Link to="/explore/metrics" search={{ q: rule.query }} className={css.button}>
        Explore
      </Link>
      <Link to="/alerts/history" search={{ rule: rule.id }} className={css.button}>
        History
      </Link>
      {rule.is_editable && (
        <>
          <Link to="/alerts/rules/$ruleId/edit" params={{ ruleId: rule.id }} className={css.button}>
            <Pencil aria-hidden />
            Edit
          </Link>
          <ConfirmButton
            label="Delete"
            confirm="Delete it for good?"
            disabled={isBusy}
            onConfirm={() => void remove()}
          />
        </>
      )}
    </>
  );
}
