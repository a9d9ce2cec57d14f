import type { OnCallJson } from '@contract';
import { useQueryClient } from '@tanstack/react-query';
import { Phone, PhoneOff, Plus } from 'lucide-react';
import { useState } from 'react';
import { Button, Panel, StatusDot, useShownZone } from '../../components/index.ts';
import { seriesColour } from '../../components/time-series/chart-theme.ts';
import { apiPost } from '../../lib/api.ts';
import { useNow } from '../../lib/clock.ts';
import { formatAbsolute } from '../../lib/format.ts';
import { attempt } from './alert-actions.ts';
import { onCallDays } from './alert-data.ts';
import { Countdown } from './alert-look.tsx';
import shared from './alerts.module.css';
import { ConfirmButton } from './confirm-button.tsx';
import css from './on-call.module.css';
import { OverrideDialog } from './override-dialog.tsx';

type Schedule = OnCallJson['schedules'][number];
type Shift = Schedule['shifts'][number];

const dayMs = 86_400_000;

/** One schedule: who has it, who is next, two weeks of shifts, and the exceptions from them. */
export function SchedulePanel(props: { schedule: Schedule; people: OnCallJson['people']; fromMs: number }) {
  const { schedule, people } = props;
  const [isAdding, setAdding] = useState(false);
  return (
    <Panel
      title={schedule.name}
      note={schedule.time_zone}
      actions={
        <Button icon={<Plus aria-hidden />} onClick={() => setAdding(true)}>
          Override
        </Button>
      }
    >
      <div className={css.now}>
        {schedule.now.length > 0 ? (
          <StatusDot tone="ok" icon={<Phone aria-hidden />} pill>
            On call now: {schedule.now.join(', ')}
          </StatusDot>
        ) : (
          <StatusDot tone="bad" icon={<PhoneOff aria-hidden />} pill>
            Nobody is on call now
          </StatusDot>
        )}
        {schedule.next !== null && (
          <span className={shared.faint}>
            Next: {schedule.next.person} <Countdown at={schedule.next.from} />
          </span>
        )}
        <Unreachable schedule={schedule} people={people} />
      </div>
      <Strip {...props} />
      <ShiftList shifts={schedule.shifts} />
      <Overrides overrides={schedule.overrides} />
      {isAdding && <OverrideDialog schedule={schedule} people={people} onClose={() => setAdding(false)} />}
    </Panel>
  );
}

/** A person on call without a receiver would not be told: better known now than at night. */
function Unreachable({ schedule, people }: { schedule: Schedule; people: OnCallJson['people'] }) {
  const planned = new Set([...schedule.now, ...schedule.shifts.map(({ person }) => person)]);
  const silent = people.filter(({ name, receivers }) => planned.has(name) && receivers.length === 0);
  if (silent.length === 0) return null;
  return (
    <StatusDot tone="warn">
      No receiver for {silent.map(({ name }) => name).join(', ')}: cannot be told
    </StatusDot>
  );
}

function Strip({
  schedule,
  people,
  fromMs,
}: {
  schedule: Schedule;
  people: OnCallJson['people'];
  fromMs: number;
}) {
  const zone = useShownZone();
  const nowMs = useNow(60_000);
  const spanMs = onCallDays * dayMs;
  const percent = (ms: number) => Math.max(0, Math.min(100, ((ms - fromMs) / spanMs) * 100));
  const names = people.map(({ name }) => name);
  const days = Array.from({ length: onCallDays }, (_, at) => fromMs + at * dayMs);
  return (
    <div className={css.strip}>
      <div className={css.days} aria-hidden>
        {days.map((ms) => (
          <span key={ms}>{dayText(ms, zone)}</span>
        ))}
      </div>
      <ol className={css.shifts} aria-label={`Shifts of ${schedule.name} in the next two weeks`}>
        {schedule.shifts.map((shift) => {
          const left = percent(Date.parse(shift.from));
          const width = percent(Date.parse(shift.to)) - left;
          if (width <= 0) return null;
          return (
            <li
              key={`${shift.person} ${shift.from}`}
              title={shiftText(shift, zone)}
              data-override={shift.is_override || undefined}
              style={{
                left: `${left}%`,
                width: `${width}%`,
                borderColor: `var(${seriesColour(Math.max(0, names.indexOf(shift.person)))})`,
              }}
            >
              {shift.person}
              <span className="visually-hidden">{shiftText(shift, zone)}</span>
            </li>
          );
        })}
      </ol>
      <span className={css.present} style={{ left: `${percent(nowMs)}%` }} aria-hidden />
    </div>
  );
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

function dayText(ms: number, zone: string): string {
  const [, month = '', day = ''] = formatAbsolute(ms + dayMs / 2, zone)
    .slice(0, 10)
    .split('-');
  const weekday =
    weekdays[new Date(`${formatAbsolute(ms + dayMs / 2, zone).slice(0, 10)}T12:00:00Z`).getUTCDay()];
  return `${weekday} ${Number(day)}.${Number(month)}.`;
}

function shiftText(shift: Shift, zone: string): string {
  const at = (text: string) => formatAbsolute(Date.parse(text), zone).slice(0, 16);
  return `${shift.person}, ${at(shift.from)} to ${at(shift.to)}${shift.is_override ? ', override' : ''}`;
}

/** The same in words: on a phone the strip is too narrow for names. */
function ShiftList({ shifts }: { shifts: readonly Shift[] }) {
  const zone = useShownZone();
  if (shifts.length === 0) return null;
  return (
    <details className={css.list}>
      <summary>All shifts</summary>
      <ul>
        {shifts.map((shift) => (
          <li key={`${shift.person} ${shift.from}`}>{shiftText(shift, zone)}</li>
        ))}
      </ul>
    </details>
  );
}

function Overrides({ overrides }: { overrides: Schedule['overrides'] }) {
  const client = useQueryClient();
  const zone = useShownZone();
  if (overrides.length === 0) return null;
  const remove = (id: string) =>
    void attempt(client, 'Override removed', () =>
      apiPost(`/api/on-call/overrides/${encodeURIComponent(id)}/delete`, {}),
    );
  return (
    <div className={css.overrides}>
      <h3>Overrides</h3>
      <ul>
        {overrides.map((one) => (
          <li key={one.id}>
            <span>
              <strong>{one.person}</strong> {formatAbsolute(Date.parse(one.from), zone).slice(0, 16)} to{' '}
              {formatAbsolute(Date.parse(one.to), zone).slice(0, 16)}
              {one.created_by !== '' && <span className={shared.faint}>, by {one.created_by}</span>}
            </span>
            <ConfirmButton label="Remove" confirm="Remove it?" onConfirm={() => remove(one.id)} />
          </li>
        ))}
      </ul>
    </div>
  );
}
