import { Plus, X } from 'lucide-react';
import { lazy, type ReactNode, Suspense } from 'react';
import { Button } from '../../components/index.ts';
import type { Problem } from '../explore/query-problems.ts';
import css from './form.module.css';
import { type Pair, type RuleDraft, severities } from './rule-form-model.ts';

const PromqlEditor = lazy(async () => ({
  default: (await import('../explore/editor/promql-editor.tsx')).PromqlEditor,
}));

/** The fields of a rule. */
export function RuleFields(props: {
  draft: RuleDraft;
  onChange: (patch: Partial<RuleDraft>) => void;
  /** In the expression. */
  problems: readonly Problem[];
}) {
  const { draft, onChange } = props;
  return (
    <div className={css.stack}>
      <Field label="Name" hint="As in HighErrorRate; it becomes the label alertname.">
        <input
          className={css.input}
          required
          spellCheck={false}
          autoCapitalize="none"
          value={draft.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Field>
      <div className={css.field}>
        <span>Fires when this gives a series</span>
        <div className={css.editor}>
          <Suspense fallback={<pre className={css.fallback}>{draft.query || ' '}</pre>}>
            <PromqlEditor
              label="Expression"
              value={draft.query}
              onChange={(query) => onChange({ query })}
              onRun={(query) => onChange({ query })}
              problems={props.problems}
            />
          </Suspense>
        </div>
      </div>
      <div className={css.two}>
        <Field label="For" hint="How long it must hold">
          <LengthInput value={draft.for} onChange={(value) => onChange({ for: value })} />
        </Field>
        <Field label="Keep firing for" hint="How long after it stopped">
          <LengthInput value={draft.keepFiringFor} onChange={(value) => onChange({ keepFiringFor: value })} />
        </Field>
        <Field label="Severity" hint="Decides priority and route">
          <SeveritySelect value={draft.severity} onChange={(severity) => onChange({ severity })} />
        </Field>
      </div>
      <TextFields draft={draft} onChange={onChange} />
      <Pairs what="label" pairs={draft.labels} onChange={(labels) => onChange({ labels })} />
      <Pairs
        what="annotation"
        pairs={draft.annotations}
        onChange={(annotations) => onChange({ annotations })}
      />
    </div>
  );
}

/** What is told when it fires. */
function TextFields({
  draft,
  onChange,
}: {
  draft: RuleDraft;
  onChange: (patch: Partial<RuleDraft>) => void;
}) {
  return (
    <>
      <Field label="Summary" hint="One line; {{ $labels.service }} and {{ $value }} are filled in.">
        <input
          className={css.input}
          value={draft.summary}
          onChange={(event) => onChange({ summary: event.target.value })}
        />
      </Field>
      <Field label="Description" hint="What it means and what it does to people.">
        <textarea
          className={css.input}
          rows={3}
          value={draft.description}
          onChange={(event) => onChange({ description: event.target.value })}
        />
      </Field>
      <Field label="Runbook" hint="A web address, or /runbooks/name for one of those here.">
        <input
          className={css.input}
          spellCheck={false}
          value={draft.runbook}
          onChange={(event) => onChange({ runbook: event.target.value })}
        />
      </Field>
    </>
  );
}

function Field(props: { label: string; hint?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className={css.field}>
      {props.label}
      {props.children}
      {props.hint && <span className={css.hint}>{props.hint}</span>}
    </label>
  );
}

function LengthInput(props: { value: string; onChange: (value: string) => void }) {
  return (
    <input
      className={css.input}
      placeholder="5m"
      spellCheck={false}
      autoCapitalize="none"
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
    />
  );
}

function SeveritySelect(props: { value: string; onChange: (value: string) => void }) {
  const known = (severities as readonly string[]).includes(props.value) || props.value === '';
  return (
    <select
      className={css.input}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
    >
      {severities.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
      {!known && <option value={props.value}>{props.value}</option>}
      <option value="">none</option>
    </select>
  );
}

/** Further labels or annotations. */
function Pairs(props: { what: string; pairs: readonly Pair[]; onChange: (pairs: Pair[]) => void }) {
  const { what, pairs, onChange } = props;
  const change = (at: number, patch: Partial<Pair>) =>
    onChange(pairs.map((pair, index) => (index === at ? { ...pair, ...patch } : pair)));
  return (
    <fieldset className={css.field} aria-label={`Further ${what}s`}>
      {pairs.map((pair, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no other identity while they are typed
        <div key={at} className={css.pair}>
          <input
            className={css.input}
            aria-label={`Name of ${what} ${at + 1}`}
            placeholder={what}
            spellCheck={false}
            autoCapitalize="none"
            value={pair.name}
            onChange={(event) => change(at, { name: event.target.value })}
          />
          <input
            className={css.input}
            aria-label={`Value of ${what} ${at + 1}`}
            placeholder="value"
            value={pair.value}
            onChange={(event) => change(at, { value: event.target.value })}
          />
          <Button
            variant="quiet"
            icon={<X aria-hidden />}
            aria-label={`Remove ${what} ${at + 1}`}
            onClick={() => onChange(pairs.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      <Button
        variant="quiet"
        className={css.add}
        icon={<Plus aria-hidden />}
        onClick={() => onChange([...pairs, { name: '', value: '' }])}
      >
        Add {what === 'annotation' ? 'an annotation' : 'a label'}
      </Button>
    </fieldset>
  );
}
