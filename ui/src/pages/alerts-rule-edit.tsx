import type { RulePreviewJson } from '@contract';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, ErrorState, Loading, Page, Panel, Skeleton, StatusDot } from '../components/index.ts';
import { apiPost } from '../lib/api.ts';
import { plural } from '../lib/format.ts';
import { useSearchParams } from '../lib/url-state.ts';
import { PageHead } from '../shell/page-head.tsx';
import { attempt } from './alerts/alert-actions.ts';
import { useRuleWhy } from './alerts/alert-data.ts';
import css from './alerts/alerts.module.css';
import { BacktestPanel } from './alerts/backtest.tsx';
import detailCss from './alerts/detail.module.css';
import formCss from './alerts/form.module.css';
import { RuleFields } from './alerts/rule-fields.tsx';
import { bodyOf, draftOf, draftProblems, emptyDraft, type RuleDraft } from './alerts/rule-form-model.ts';
import { useRulePreview } from './alerts/use-rule-preview.ts';
import { seriesText } from './explore/series-text.ts';
import { formatValue } from './explore/value-text.ts';

const crumbs = [
  { label: 'Alerts', to: '/alerts' },
  { label: 'Rules', to: '/alerts/rules' },
];

/** A rule of one's own, from nothing or from an expression in the address. */
export function NewRulePage() {
  const { q = '' } = useSearchParams();
  return (
    <Page>
      <PageHead title="New rule" crumbs={crumbs} />
      <RuleForm start={{ ...emptyDraft, query: q }} />
    </Page>
  );
}

export function EditRulePage() {
  const { ruleId = '' } = useParams({ strict: false });
  const why = useRuleWhy(ruleId);
  const rule = why.data?.rule;
  return (
    <Page>
      <PageHead title={rule ? `Edit ${rule.name}` : 'Edit rule'} crumbs={crumbs} />
      {rule === undefined ? (
        why.error ? (
          <ErrorState
            title="This rule could not be read."
            error={why.error}
            onRetry={() => void why.refetch()}
          />
        ) : (
          <Loading what="the rule">
            <Skeleton height="320px" />
          </Loading>
        )
      ) : rule.is_editable ? (
        <RuleForm key={rule.id} start={draftOf(rule)} />
      ) : (
        <p>
          This rule is kept in a file and cannot be changed here.{' '}
          <Link to="/alerts/rules/$ruleId" params={{ ruleId }} className={css.textLink}>
            Show it
          </Link>
        </p>
      )}
    </Page>
  );
}

function RuleForm({ start }: { start: RuleDraft }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(start);
  const [isBusy, setBusy] = useState(false);
  const [isTried, setTried] = useState(false);
  const preview = useRulePreview(draft);
  const problems = draftProblems(draft);
  const body = bodyOf(draft);
  const isReady = problems.length === 0 && !preview.data?.problems.length;
  const save = async () => {
    setTried(true);
    if (!isReady) return;
    setBusy(true);
    let id = '';
    const isDone = await attempt(client, `${body.name} saved`, async () => {
      ({ id } = await apiPost<{ id: string }>('/api/rules', body));
    });
    setBusy(false);
    if (isDone) await navigate({ to: '/alerts/rules/$ruleId', params: { ruleId: id } });
  };
  return (
    <form
      className={detailCss.columns}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div>
        <Panel title="Rule">
          <RuleFields
            draft={draft}
            onChange={(patch) => setDraft((before) => ({ ...before, ...patch }))}
            problems={preview.problems}
          />
        </Panel>
        <div className={css.bar}>
          <Button type="submit" variant="primary" disabled={isBusy}>
            Save
          </Button>
          <Button
            onClick={() =>
              void navigate(
                draft.id === undefined
                  ? { to: '/alerts/rules' }
                  : { to: '/alerts/rules/$ruleId', params: { ruleId: draft.id } },
              )
            }
          >
            Cancel
          </Button>
          {isTried && (
            <span role="alert" className={formCss.problem}>
              {problems[0] ?? preview.data?.problems[0]?.message}
            </span>
          )}
        </div>
      </div>
      <div>
        <Preview preview={preview.data} error={preview.error} isAsked={preview.isAsked} />
        <BacktestPanel rule={body} disabled={!isReady} />
      </div>
    </form>
  );
}

const mostSeries = 10;

/** What the rule gives now, while it is typed. */
function Preview(props: { preview: RulePreviewJson | undefined; error: unknown; isAsked: boolean }) {
  const { preview, error } = props;
  return (
    <Panel
      title="Now"
      note={
        preview && preview.problems.length === 0
          ? plural(preview.series_count, 'series', 'series')
          : undefined
      }
    >
      {!props.isAsked ? (
        <p className={css.faint}>Write an expression, and what it gives now shows here.</p>
      ) : error && !preview ? (
        <ErrorState compact title="The preview failed." error={error} />
      ) : !preview ? (
        <Skeleton height="60px" />
      ) : preview.problems.length > 0 ? (
        preview.problems.map(({ path, message, line, column }) => (
          <p key={`${path} ${message}`} className={formCss.problem} role="alert">
            {path !== 'query' && path !== '' && <strong>{path}: </strong>}
            {message}
            {line !== null && column !== null && ` (line ${line}, column ${column})`}
          </p>
        ))
      ) : (
        <PreviewResult preview={preview} />
      )}
    </Panel>
  );
}

function PreviewResult({ preview }: { preview: RulePreviewJson }) {
  return (
    <>
      {preview.series_count === 0 ? (
        <StatusDot tone="ok">Would not fire now: no series meets the condition</StatusDot>
      ) : (
        <StatusDot tone="warn">
          {plural(preview.series_count, 'series meets', 'series meet')} the condition now
        </StatusDot>
      )}
      {preview.series.slice(0, mostSeries).map(({ labels, value }) => (
        <p key={seriesText(labels)} className={css.cut} title={seriesText(labels)}>
          <strong>{formatValue(value)}</strong> <code>{seriesText(labels)}</code>
        </p>
      ))}
      {preview.annotations.map(({ name, text }) => (
        <p key={name} className={css.prose}>
          <span className={css.faint}>{name}:</span> {text}
        </p>
      ))}
      {preview.warnings.map((warning) => (
        <p key={warning} className={css.faint}>
          {warning}
        </p>
      ))}
    </>
  );
}
