import { useEffect, useState } from 'react';
import { Button } from '../../components/index.ts';
import { useMetadata, useMetricLabels, useMetricNames } from './metric-queries.ts';
import css from './queries.module.css';
import { kindOf, kindWords, type QuickAction, quickActions } from './quick-actions.ts';

/** For an expression that is one metric and nothing else: what one usually wants instead, one click away. */
export function QuickActionBar(props: { expr: string; onPick: (expr: string) => void }) {
  const metric = useBareMetric(props.expr);
  if (metric === null) return null;
  return <KnownMetricBar metric={metric} expr={props.expr} onPick={props.onPick} />;
}

function KnownMetricBar(props: { metric: string; expr: string; onPick: (expr: string) => void }) {
  const names = useMetricNames();
  const metadata = useMetadata();
  const [by, setBy] = useState<string | null>(null);
  if (!names.data?.includes(props.metric)) return null;
  const kind = kindOf(props.metric, (family) => metadata.data?.get(family)?.type);
  const actions = quickActions({ metric: props.metric, kind, by }).filter(
    ({ expr }) => expr !== props.expr.trim(),
  );
  return (
    <div className={css.quick}>
      <span className={css.quickKind}>{kindWords[kind]}:</span>
      <ActionButtons actions={actions} onPick={props.onPick} />
      <ByLabel metric={props.metric} value={by} onChange={setBy} />
    </div>
  );
}

export function ActionButtons(props: { actions: readonly QuickAction[]; onPick: (expr: string) => void }) {
  return props.actions.map((action) => (
    <Button
      key={action.id}
      className={css.quickButton}
      title={`${action.title}\n${action.expr}`}
      onClick={() => props.onPick(action.expr)}
    >
      {action.label}
    </Button>
  ));
}

/** Which label the aggregations keep. */
export function ByLabel(props: {
  metric: string;
  value: string | null;
  onChange: (label: string | null) => void;
}) {
  const labels = useMetricLabels(props.metric);
  const names = (labels.data ?? []).filter((name) => name !== 'le' && name !== 'quantile');
  if (names.length === 0) return null;
  return (
    <label className={css.by}>
      by
      <select
        className={css.select}
        value={props.value ?? ''}
        onChange={(event) => props.onChange(event.target.value || null)}
      >
        <option value="">nothing</option>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** The metric of an expression that is a selector alone. The grammar comes with the editor, so this costs nothing more. */
function useBareMetric(expr: string): string | null {
  const [found, setFound] = useState<{ expr: string; metric: string | null }>({ expr: '', metric: null });
  useEffect(() => {
    let isOver = false;
    void import('./editor/selectors.ts').then(({ bareMetric }) => {
      if (!isOver) setFound({ expr, metric: expr.trim() === '' ? null : bareMetric(expr) });
    });
    return () => {
      isOver = true;
    };
  }, [expr]);
  return found.expr === expr ? found.metric : null;
}
