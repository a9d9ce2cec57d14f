import type { ActiveAlertJson, AlertMatcherJson } from '@contract';
import { BellOff } from 'lucide-react';
import { useState } from 'react';
import { Button, Segmented, useShownZone } from '../../components/index.ts';
import { plural } from '../../lib/format.ts';
import { Modal } from '../../shell/modal.tsx';
import { useAlertActions } from './alert-actions.ts';
import { matchersText, type SilenceScope, scopeMatchers, scopesOf } from './alert-model.ts';
import css from './form.module.css';
import {
  type Duration,
  DurationChoice,
  MatcherEditor,
  PreviewLine,
  silenceEnd,
  useSilencePreview,
} from './silence-form.tsx';

const scopeWords: Record<SilenceScope, string> = {
  this: 'This alert',
  name: 'All of its name',
  service: 'Its whole service',
};

/** Silences an alert in two clicks: open it from the row, press the button. Everything else is there to be changed. */
export function SilenceDialog({ alert, onClose }: { alert: ActiveAlertJson; onClose: () => void }) {
  return (
    <Modal title={`Silence ${alert.name}`} onClose={onClose}>
      <SilenceAlertForm alert={alert} onDone={onClose} />
    </Modal>
  );
}

/** What is chosen, and the sending. */
function useAlertSilence(alert: ActiveAlertJson, onDone: () => void) {
  const zone = useShownZone();
  const [scope, setScope] = useState<SilenceScope | 'own'>('this');
  const [matchers, setMatchers] = useState<AlertMatcherJson[]>(() => scopeMatchers(alert, 'this'));
  const [duration, setDuration] = useState<Duration>('1h');
  const [custom, setCustom] = useState('');
  const [comment, setComment] = useState(`Silenced from the list: ${alert.name}`);
  const [isBusy, setBusy] = useState(false);
  const { silence } = useAlertActions();
  const usable = matchers.filter(({ name }) => name !== '');
  const endMs = silenceEnd(duration, custom, Date.now(), zone);
  const submit = async () => {
    if (endMs === null) return;
    setBusy(true);
    const isDone = await silence({
      matchers: usable,
      ends_at: new Date(endMs).toISOString(),
      comment: comment.trim() || alert.name,
    });
    setBusy(false);
    if (isDone) onDone();
  };
  const choose = (next: SilenceScope | 'own', chosen: AlertMatcherJson[]) => {
    setScope(next);
    setMatchers(chosen);
  };
  const isReady = !isBusy && endMs !== null && usable.length > 0;
  return {
    scope,
    matchers,
    choose,
    duration,
    setDuration,
    custom,
    setCustom,
    comment,
    setComment,
    isReady,
    submit,
  };
}

function SilenceAlertForm({ alert, onDone }: { alert: ActiveAlertJson; onDone: () => void }) {
  const form = useAlertSilence(alert, onDone);
  const preview = useSilencePreview(form.matchers);
  const count = preview.isPlaceholderData ? undefined : preview.data?.total;
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit();
      }}
    >
      <div className={css.fields}>
        <DurationChoice
          value={form.duration}
          onChange={form.setDuration}
          custom={form.custom}
          onCustom={form.setCustom}
        />
        <div className={css.field}>
          <Segmented
            label="What to silence"
            value={form.scope}
            options={scopesOf(alert).map((value) => ({ value, label: scopeWords[value] }))}
            onChange={(next) => next !== 'own' && form.choose(next, scopeMatchers(alert, next))}
          />
          <details className={css.matchers}>
            <summary>
              <code>{matchersText(form.matchers)}</code>
            </summary>
            <MatcherEditor value={form.matchers} onChange={(next) => form.choose('own', next)} />
          </details>
        </div>
        <label className={css.field}>
          Why
          <input
            className={css.input}
            value={form.comment}
            onChange={(event) => form.setComment(event.target.value)}
          />
        </label>
      </div>
      <footer className={css.footer}>
        <PreviewLine preview={preview} />
        <Button
          type="submit"
          variant="primary"
          data-autofocus=""
          icon={<BellOff aria-hidden />}
          disabled={!form.isReady}
        >
          {count === undefined ? 'Silence' : `Silence ${plural(count, 'alert')}`}
        </Button>
      </footer>
    </form>
  );
}
