import type { AlertMatcherJson, SilenceJson } from '@contract';
import { BellOff } from 'lucide-react';
import { useState } from 'react';
import { Button, useShownZone } from '../../components/index.ts';
import { editableTime, parseTime } from '../../lib/time.ts';
import { Modal } from '../../shell/modal.tsx';
import { useAlertActions } from './alert-actions.ts';
import css from './form.module.css';
import {
  type Duration,
  DurationChoice,
  MatcherEditor,
  PreviewLine,
  silenceEnd,
  useSilencePreview,
} from './silence-form.tsx';

/** A new silence, or an existing one with other times or matchers. An expired one becomes a new one. */
export function SilenceEditor(props: {
  silence?: SilenceJson;
  matchers: readonly AlertMatcherJson[];
  /** Why the form is not filled as expected. */
  note?: string;
  onClose: () => void;
}) {
  const isChange = props.silence !== undefined && props.silence.state !== 'expired';
  return (
    <Modal title={isChange ? 'Change the silence' : 'New silence'} onClose={props.onClose}>
      <SilenceForm {...props} replaces={isChange ? props.silence : undefined} />
    </Modal>
  );
}

interface FormProps {
  silence?: SilenceJson;
  replaces: SilenceJson | undefined;
  matchers: readonly AlertMatcherJson[];
  note?: string;
  onClose: () => void;
}

/** What is typed, whether it can be sent, and the sending. */
function useSilenceForm({ silence: given, replaces, matchers: first, onClose }: FormProps) {
  const zone = useShownZone();
  const [matchers, setMatchers] = useState<AlertMatcherJson[]>(() => [...first]);
  const [duration, setDuration] = useState<Duration>(replaces ? 'custom' : '1h');
  const [custom, setCustom] = useState(replaces ? editableTime(Date.parse(replaces.ends_at), zone) : '');
  const [start, setStart] = useState(
    replaces?.state === 'pending' ? editableTime(Date.parse(replaces.starts_at), zone) : '',
  );
  const [comment, setComment] = useState(given?.comment ?? '');
  const [isBusy, setBusy] = useState(false);
  const { silence } = useAlertActions();
  const nowMs = Date.now();
  const startMs = start.trim() === '' ? nowMs : parseTime(start, nowMs, zone);
  const endMs = silenceEnd(duration, custom, Math.max(nowMs, startMs ?? nowMs), zone);
  const usable = matchers.filter(({ name }) => name !== '');
  const submit = async () => {
    if (endMs === null || startMs === null) return;
    setBusy(true);
    const isDone = await silence({
      id: replaces?.id,
      matchers: usable,
      ...(start.trim() !== '' && { starts_at: new Date(startMs).toISOString() }),
      ends_at: new Date(endMs).toISOString(),
      comment: comment.trim(),
    });
    setBusy(false);
    if (isDone) onClose();
  };
  const isReady = !isBusy && endMs !== null && startMs !== null && usable.length > 0 && comment.trim() !== '';
  return {
    ...{ matchers, setMatchers, duration, setDuration, custom, setCustom },
    ...{ start, setStart, isStartGood: startMs !== null, comment, setComment, isReady, submit },
  };
}

function SilenceForm(props: FormProps) {
  const form = useSilenceForm(props);
  const preview = useSilencePreview(form.matchers);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit();
      }}
    >
      <div className={css.fields}>
        {props.note && <p className={css.problem}>{props.note}</p>}
        <MatcherEditor value={form.matchers} onChange={form.setMatchers} />
        <DurationChoice
          value={form.duration}
          onChange={form.setDuration}
          custom={form.custom}
          onCustom={form.setCustom}
        />
        <label className={css.field}>
          Begins (empty: now)
          <input
            className={css.input}
            placeholder="now, or 2026-11-20 18:00"
            value={form.start}
            aria-invalid={!form.isStartGood}
            onChange={(event) => form.setStart(event.target.value)}
          />
        </label>
        <label className={css.field}>
          Why
          <input
            className={css.input}
            placeholder="Others will want to know"
            required
            data-autofocus={props.matchers[0]?.name === '' ? undefined : ''}
            value={form.comment}
            onChange={(event) => form.setComment(event.target.value)}
          />
        </label>
      </div>
      <footer className={css.footer}>
        <PreviewLine preview={preview} />
        <Button type="submit" variant="primary" icon={<BellOff aria-hidden />} disabled={!form.isReady}>
          {props.replaces ? 'Save' : 'Silence'}
        </Button>
      </footer>
    </form>
  );
}
