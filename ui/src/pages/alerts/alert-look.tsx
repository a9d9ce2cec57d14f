import type { ActiveAlertJson } from '@contract';
import { Link } from '@tanstack/react-router';
import {
  BellOff,
  BellRing,
  BookOpen,
  CircleCheck,
  CircleHelp,
  ExternalLink,
  HeartPulse,
  Hourglass,
  Timer,
  TriangleAlert,
  UserCheck,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { StatusDot, TimeAgo, type Tone, useShownZone } from '../../components/index.ts';
import { useNow } from '../../lib/clock.ts';
import { asksNobody, isSuppressed } from '../../lib/firing.ts';
import { formatAbsolute } from '../../lib/format.ts';
import { countdownText, isCalm, webUrl } from './alert-model.ts';
import css from './alerts.module.css';

/** How alerts look everywhere: always an icon and a word beside the colour. */

type State = ActiveAlertJson['state'] | 'calm' | 'inactive' | 'unknown';

export const stateLooks: Record<State, { tone: Tone; word: string; icon: ReactNode }> = {
  firing: { tone: 'bad', word: 'Firing', icon: <BellRing aria-hidden /> },
  calm: { tone: 'ok', word: 'Fires, nothing to do', icon: <HeartPulse aria-hidden /> },
  pending: { tone: 'warn', word: 'Pending', icon: <Hourglass aria-hidden /> },
  resolved: { tone: 'ok', word: 'Resolved', icon: <CircleCheck aria-hidden /> },
  inactive: { tone: 'quiet', word: 'Inactive', icon: <CircleCheck aria-hidden /> },
  unknown: { tone: 'quiet', word: 'Unknown', icon: <CircleHelp aria-hidden /> },
};

export function AlertStateDot(props: { state: State; pill?: boolean; title?: string }) {
  const look = stateLooks[props.state];
  return (
    <StatusDot tone={look.tone} icon={look.icon} pill={props.pill} title={props.title}>
      {look.word}
    </StatusDot>
  );
}

/** The look of an alert's state: what fires without asking anybody must not look like an alarm. */
export function lookOf(alert: ActiveAlertJson): State {
  return isCalm(alert) ? 'calm' : alert.state;
}

export function PriorityMark({ priority }: { priority: ActiveAlertJson['priority'] | null }) {
  if (priority === null) return null;
  return (
    <span className={css.priority} data-priority={priority} title={priorityMeans[priority]}>
      {priority}
    </span>
  );
}

const priorityMeans = {
  P0: 'P0: the most urgent',
  P1: 'P1: urgent',
  P2: 'P2: in working hours',
  P3: 'P3: for information',
} as const;

const suppressedWords = { silenced: 'Silenced', inhibited: 'Inhibited', muted: 'Muted' } as const;

/** That nobody is told of it, and by what. */
export function SuppressedMark({ alert }: { alert: ActiveAlertJson }) {
  if (!isSuppressed(alert)) return null;
  return alert.suppressed_by.map(({ kind, by }) => (
    <StatusDot
      key={kind}
      tone="quiet"
      icon={<BellOff aria-hidden />}
      title={`${suppressedWords[kind]} by ${by.join(', ')}`}
    >
      {suppressedWords[kind]}
    </StatusDot>
  ));
}

/** Runs down to a moment, or up from it once it has passed. Not announced: it would talk every second. */
export function Countdown(props: {
  at: string;
  /** Text before the time that is left; `in ` when absent. */
  before?: string;
  passed?: (ago: string) => string;
}) {
  const zone = useShownZone();
  const nowMs = useNow(1000);
  const atMs = Date.parse(props.at);
  const leftMs = atMs - nowMs;
  const text =
    leftMs > 0
      ? `${props.before ?? 'in '}${countdownText(leftMs)}`
      : (props.passed ?? ((ago) => `${ago} ago`))(countdownText(-leftMs));
  return (
    <time dateTime={props.at} title={formatAbsolute(atMs, zone)}>
      {text}
    </time>
  );
}

/** Is there anything to say about who has it? Nobody is looked for while it is not told. */
export function hasOwnerNews(alert: ActiveAlertJson): boolean {
  return (
    alert.acknowledged !== null || (alert.state === 'firing' && !isSuppressed(alert) && !asksNobody(alert))
  );
}

/** Who has it, or how far the search for somebody is. */
export function Owner({ alert }: { alert: ActiveAlertJson }) {
  const { acknowledged, escalation } = alert;
  if (!hasOwnerNews(alert)) return <span className={css.faint}>–</span>;
  if (acknowledged !== null) {
    return (
      <>
        <StatusDot tone="info" icon={<UserCheck aria-hidden />} title={acknowledged.note || undefined}>
          {acknowledged.by}
        </StatusDot>
        <span className={css.second}>
          {acknowledged.until === null ? (
            <>
              has it since <TimeAgo at={acknowledged.at} short />
            </>
          ) : (
            <Countdown at={acknowledged.until} before="for another " passed={() => 'ends now'} />
          )}
        </span>
      </>
    );
  }
  if (escalation === null || escalation.state === 'resolved') return <span>Nobody yet</span>;
  if (escalation.state === 'exhausted') {
    return (
      <>
        <StatusDot tone="bad">Nobody answered</StatusDot>
        <span className={css.second}>all {escalation.steps} steps are done</span>
      </>
    );
  }
  const { step, steps, next_at, next_receivers: receivers } = escalation;
  const names = receivers.length > 0 ? `: ${receivers.join(', ')}` : '';
  return (
    <>
      <span title={`Escalation policy ${escalation.policy}, ${step} of ${steps} steps done`}>Nobody yet</span>
      <span className={css.second} title={receivers.join(', ')}>
        {next_at === null ? (
          `step ${step} of ${steps}`
        ) : (
          <>
            step {Math.min(step + 1, steps)} of {steps} <Countdown at={next_at} passed={() => 'now'} />
            {names}
          </>
        )}
      </span>
    </>
  );
}

/** By when somebody has to answer; said loudly once that was missed. */
export function ResponseDue({ alert }: { alert: ActiveAlertJson }) {
  if (alert.response === null) return null;
  const { due_at, is_missed } = alert.response;
  if (is_missed) {
    return (
      <StatusDot tone="bad" icon={<TriangleAlert aria-hidden />}>
        Response missed <Countdown at={due_at} />
      </StatusDot>
    );
  }
  return (
    <StatusDot tone="warn" icon={<Timer aria-hidden />}>
      Answer <Countdown at={due_at} passed={(late) => `due ${late} ago`} />
    </StatusDot>
  );
}

/** Whom it was sent to, and whether that worked. */
export function Told({ alert }: { alert: ActiveAlertJson }) {
  if (alert.receivers.length === 0) return <span className={css.faint}>Nobody</span>;
  return (
    <>
      <span className={css.cut} title={alert.receivers.join(', ')}>
        {alert.receivers.join(', ')}
      </span>
      {alert.notify_error !== '' ? (
        <StatusDot tone="bad" title={alert.notify_error} className={css.second}>
          Not delivered
        </StatusDot>
      ) : alert.last_notified_at === null ? (
        <span className={css.second}>not told yet</span>
      ) : (
        <span className={css.second}>
          told <TimeAgo at={alert.last_notified_at} />
        </span>
      )}
    </>
  );
}

/** To the runbook in one click; the title says which. */
export function RunbookLink({ alert, children }: { alert: ActiveAlertJson; children?: ReactNode }) {
  const outside = webUrl(alert.runbook_url);
  if (alert.runbook !== null) {
    return (
      <Link
        to="/runbooks/$slug"
        params={{ slug: alert.runbook.slug }}
        className={css.link}
        title={`Runbook: ${alert.runbook.title}`}
      >
        <BookOpen aria-hidden />
        {children ?? 'Runbook'}
      </Link>
    );
  }
  if (outside === null) return null;
  return (
    <OutsideLink href={outside} className={css.link}>
      <BookOpen aria-hidden />
      {children ?? 'Runbook'}
    </OutsideLink>
  );
}

/** A link out of this server; the page there learns nothing of where it was opened. */
export function OutsideLink(props: { href: string; className?: string; children: ReactNode }) {
  return (
    <a
      href={props.href}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className={props.className}
      title={props.href}
    >
      {props.children}
      <ExternalLink aria-label="(opens a new window)" className={css.outside} />
    </a>
  );
}

const linkForm = /\bhttps?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;

/** Text from a label or an annotation: never markup; web addresses in it become links. */
export function SafeText({ text }: { text: string }) {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(linkForm)) {
    const href = webUrl(match[0]);
    if (href === null) continue;
    parts.push(text.slice(from, match.index));
    parts.push(
      <OutsideLink key={match.index} href={href} className={css.textLink}>
        {match[0]}
      </OutsideLink>,
    );
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return <>{parts}</>;
}

/** Labels as small pairs. */
export function Labels(props: { labels: readonly (readonly [string, string])[] }) {
  return (
    <span className={css.labels}>
      {props.labels.map(([name, value]) => (
        <span key={name} className={css.label} title={`${name}="${value}"`}>
          <span className={css.labelName}>{name}</span>
          <span className={css.labelValue}>{value}</span>
        </span>
      ))}
    </span>
  );
}
