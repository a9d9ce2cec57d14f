import type { SessionState } from '@contract';
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CirclePlay,
  Hand,
  Info,
  TriangleAlert,
} from 'lucide-react';
import type { ReactNode } from 'react';
import css from './status-dot.module.css';

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'quiet';

const toneIcons: Record<Tone, ReactNode> = {
  ok: <CircleCheck aria-hidden />,
  warn: <TriangleAlert aria-hidden />,
  bad: <CircleAlert aria-hidden />,
  info: <Info aria-hidden />,
  quiet: <CircleDashed aria-hidden />,
};

/** A status: icon, word and colour together, because colour alone tells some people nothing. */
export function StatusDot(props: {
  tone: Tone;
  children: ReactNode;
  icon?: ReactNode;
  title?: string;
  pill?: boolean;
  className?: string;
}) {
  const names = [css.status, css[props.tone], props.pill ? css.pill : '', props.className];
  return (
    <span className={names.filter(Boolean).join(' ')} title={props.title}>
      {props.icon ?? toneIcons[props.tone]}
      <span className={css.word}>{props.children}</span>
    </span>
  );
}

interface StateLook {
  tone: Tone;
  word: string;
  icon: ReactNode;
  means: string;
}

/** How each session state looks and reads. */
export const sessionStates: Record<SessionState, StateLook> = {
  running: {
    tone: 'ok',
    word: 'Running',
    icon: <CirclePlay aria-hidden />,
    means: 'An event in the last 2 minutes',
  },
  waiting: {
    tone: 'warn',
    word: 'Waiting',
    icon: <Hand aria-hidden />,
    means: 'Asked a person for permission and has no answer yet',
  },
  idle: { tone: 'info', word: 'Idle', icon: <CirclePause aria-hidden />, means: 'Quiet for 2 to 30 minutes' },
  ended: {
    tone: 'quiet',
    word: 'Ended',
    icon: <CircleDashed aria-hidden />,
    means: 'Quiet for longer than 30 minutes',
  },
  error: {
    tone: 'bad',
    word: 'Error',
    icon: <CircleAlert aria-hidden />,
    means: 'The last model request failed for good',
  },
};

/** The state of a session, with what it means in the title. */
export function SessionStateDot(props: { state: SessionState; pill?: boolean }) {
  const look = sessionStates[props.state];
  return (
    <StatusDot tone={look.tone} icon={look.icon} title={look.means} pill={props.pill}>
      {look.word}
    </StatusDot>
  );
}

/** Marks replayed data, so that nobody takes it for their own spending. */
export function DemoBadge() {
  return (
    <span className={css.demo} title="Replayed by the demo command, not real spending">
      demo
    </span>
  );
}
