import type { HistoryEventJson } from '@contract';
import {
  ArrowUpRight,
  BellOff,
  BellRing,
  CalendarClock,
  CircleCheck,
  CircleSlash,
  Hourglass,
  type LucideIcon,
  MailWarning,
  Send,
  SquarePen,
  Timer,
  Undo2,
  UserCheck,
} from 'lucide-react';
import { TimeAgo, type Tone } from '../../components/index.ts';
import { formatDuration } from '../../lib/format.ts';
import { formatValue } from '../explore/value-text.ts';
import css from './detail.module.css';

type Kind = HistoryEventJson['kind'];

/** How each kind of event looks and reads; also the order of the filter. */
export const eventLooks: Readonly<Record<Kind, { word: string; icon: LucideIcon; tone: Tone }>> = {
  firing: { word: 'Firing', icon: BellRing, tone: 'bad' },
  resolved: { word: 'Resolved', icon: CircleCheck, tone: 'ok' },
  pending: { word: 'Pending', icon: Hourglass, tone: 'warn' },
  inactive: { word: 'Inactive again', icon: CircleSlash, tone: 'quiet' },
  notified: { word: 'Delivered', icon: Send, tone: 'ok' },
  notify_failed: { word: 'Not delivered', icon: MailWarning, tone: 'bad' },
  suppressed: { word: 'Not sent', icon: BellOff, tone: 'quiet' },
  acknowledged: { word: 'Acknowledged', icon: UserCheck, tone: 'info' },
  unacknowledged: { word: 'Acknowledgement withdrawn', icon: Undo2, tone: 'warn' },
  escalated: { word: 'Escalated', icon: ArrowUpRight, tone: 'warn' },
  response_missed: { word: 'Response missed', icon: Timer, tone: 'bad' },
  silence_created: { word: 'Silence created', icon: BellOff, tone: 'info' },
  silence_updated: { word: 'Silence changed', icon: BellOff, tone: 'info' },
  silence_expired: { word: 'Silence ended', icon: BellRing, tone: 'info' },
  override_changed: { word: 'On-call changed', icon: CalendarClock, tone: 'info' },
  rule_changed: { word: 'Rule changed', icon: SquarePen, tone: 'info' },
};

export const eventKinds = Object.keys(eventLooks) as Kind[];

/** To whom, by whom, with which value: what the kind alone does not say. */
export function eventText(event: HistoryEventJson): string {
  const to = event.integration || event.receiver;
  const parts = [
    to && `to ${to}`,
    event.actor && `by ${event.actor}`,
    event.value !== null && `value ${formatValue(event.value)}`,
    event.latency_ms !== null && `in ${formatDuration(event.latency_ms)}`,
    event.attempts > 1 && `${event.attempts} attempts`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Why, or what was said. */
export function eventDetail({ reason, detail }: HistoryEventJson): string {
  return [reasonWords[reason] ?? reason, detail].filter(Boolean).join(': ');
}

/** The usual reason of a notification is no news. */
const reasonWords: Readonly<Record<string, string>> = {
  group: '',
  repeat: 'repeated',
  escalation: 'escalation',
  test: 'test',
};

/** What happened to one alert, the newest first. */
export function Timeline({ events }: { events: readonly HistoryEventJson[] }) {
  if (events.length === 0) return <p className={css.faint}>Nothing is recorded yet.</p>;
  return (
    <ol className={css.events}>
      {events.map((event) => {
        const { icon: Icon, word, tone } = eventLooks[event.kind];
        const detail = eventDetail(event);
        return (
          <li key={event.id} className={css.event}>
            <Icon aria-hidden data-tone={tone} />
            <span className={css.eventText}>
              <strong>{word}</strong> {eventText(event)}
              {detail !== '' && <span className={css.eventDetail}>{detail}</span>}
            </span>
            <span className={css.eventAge}>
              <TimeAgo at={event.at} />
            </span>
          </li>
        );
      })}
    </ol>
  );
}
