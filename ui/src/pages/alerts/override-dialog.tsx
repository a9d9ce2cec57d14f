import type { OnCallJson } from '@contract';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, useShownZone } from '../../components/index.ts';
import { apiPost } from '../../lib/api.ts';
import { editableTime, parseTime } from '../../lib/time.ts';
import { Modal } from '../../shell/modal.tsx';
import { attempt } from './alert-actions.ts';
import { parseUntil } from './alert-model.ts';
import css from './form.module.css';

/** Somebody else has the schedule for a while. */
export function OverrideDialog(props: {
  schedule: OnCallJson['schedules'][number];
  people: OnCallJson['people'];
  onClose: () => void;
}) {
  return (
    <Modal title={`Override of ${props.schedule.name}`} onClose={props.onClose}>
      <OverrideForm {...props} />
    </Modal>
  );
}

interface FormProps {
  schedule: OnCallJson['schedules'][number];
  people: OnCallJson['people'];
  onClose: () => void;
}

/** What is typed, whether it can be sent, and the sending. */
function useOverride({ schedule, people, onClose }: FormProps) {
  const zone = useShownZone();
  const client = useQueryClient();
  const others = people.filter(({ name }) => !schedule.now.includes(name));
  const [person, setPerson] = useState((others[0] ?? people[0])?.name ?? '');
  const [from, setFrom] = useState('now');
  const [to, setTo] = useState(() => editableTime(Date.now() + defaultMs, zone).slice(0, 16));
  const [isBusy, setBusy] = useState(false);
  const nowMs = Date.now();
  const fromMs = parseTime(from, nowMs, zone);
  const toMs = parseUntil(to, Math.max(nowMs, fromMs ?? nowMs), zone);
  const submit = async () => {
    if (person === '' || fromMs === null || toMs === null) return;
    setBusy(true);
    const isDone = await attempt(client, `${person} has ${schedule.name}`, () =>
      apiPost('/api/on-call/overrides', {
        ...{ schedule: schedule.name, person },
        ...{ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
      }),
    );
    setBusy(false);
    if (isDone) onClose();
  };
  const isReady = person !== '' && fromMs !== null && toMs !== null && !isBusy;
  return { person, setPerson, from, setFrom, fromMs, to, setTo, toMs, isReady, submit };
}

const defaultMs = 8 * 3_600_000;

function OverrideForm(props: FormProps) {
  const form = useOverride(props);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        void form.submit();
      }}
    >
      <div className={css.fields}>
        <label className={css.field}>
          Who
          <select
            className={css.input}
            data-autofocus=""
            value={form.person}
            onChange={(event) => form.setPerson(event.target.value)}
          >
            {props.people.map(({ name, receivers }) => (
              <option key={name} value={name}>
                {name}
                {receivers.length === 0 ? ' (no receiver)' : ''}
              </option>
            ))}
          </select>
        </label>
        <div className={css.two}>
          <label className={css.field}>
            From
            <input
              className={css.input}
              value={form.from}
              aria-invalid={form.fromMs === null}
              onChange={(event) => form.setFrom(event.target.value)}
            />
            <span className={css.hint}>now, or 2026-11-20 18:00</span>
          </label>
          <label className={css.field}>
            To
            <input
              className={css.input}
              value={form.to}
              aria-invalid={form.toMs === null}
              onChange={(event) => form.setTo(event.target.value)}
            />
            <span className={css.hint}>8h, 2d, or 2026-11-21 09:00</span>
          </label>
        </div>
      </div>
      <footer className={css.footer}>
        <p className={css.preview}>Times are in the zone of this page; the rotation goes on afterwards.</p>
        <Button type="submit" variant="primary" disabled={!form.isReady}>
          Override
        </Button>
      </footer>
    </form>
  );
}
