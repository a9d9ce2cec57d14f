import { X } from 'lucide-react';
import { useState } from 'react';
import { Button, CopyButton } from '../../components/index.ts';
import css from './browser.module.css';
import { factsOf, type Metadata, useMetricLabels } from './metric-queries.ts';
import { ActionButtons, ByLabel } from './quick-action-bar.tsx';
import { kindOf, kindWords, quickActions } from './quick-actions.ts';
import { selectorOf } from './series-text.ts';
import { useEstimate } from './use-estimate.ts';
import { formatValueShort } from './value-text.ts';

/** The metric that was picked: what it is, how large, which labels, and the usual questions as buttons. */
export function MetricDetails(props: {
  metric: string;
  metadata: Metadata | undefined;
  onPick: (expr: string) => void;
  onClose: () => void;
}) {
  const { metric, metadata } = props;
  const [by, setBy] = useState<string | null>(null);
  const labels = useMetricLabels(metric);
  const estimate = useEstimate(selectorOf(metric));
  const facts = factsOf(metadata, metric);
  const kind = kindOf(metric, (family) => metadata?.get(family)?.type);
  const plain = { id: 'plain', label: 'As it is', title: 'Every series', expr: selectorOf(metric) };
  const actions = quickActions({ metric, kind, by });
  const all = actions.some(({ expr }) => expr === plain.expr) ? actions : [plain, ...actions];
  return (
    <section className={css.details} aria-label={`Metric ${metric}`}>
      <header className={css.detailsHead}>
        <h3 className={css.detailsName}>{metric}</h3>
        <CopyButton text={metric} label="Copy the name" variant="quiet" iconOnly />
        <Button variant="quiet" icon={<X aria-hidden />} aria-label="Close" onClick={props.onClose} />
      </header>
      <p className={css.detailsFacts}>
        {kindWords[kind]}
        {facts?.unit ? `, in ${facts.unit}` : ''}
        {estimate?.series != null ? `, ${formatValueShort(estimate.series)} series now` : ''}
      </p>
      {facts?.help && <p className={css.help}>{facts.help}</p>}
      {labels.data && labels.data.length > 0 && (
        <p className={css.labels}>
          Labels:{' '}
          {labels.data.slice(0, 30).map((name) => (
            <code key={name}>{name}</code>
          ))}
        </p>
      )}
      <div className={css.actions}>
        <ActionButtons actions={all} onPick={props.onPick} />
        <ByLabel metric={metric} value={by} onChange={setBy} />
      </div>
    </section>
  );
}
