import type { Overview, Session } from '@contract';
import type { Tone } from '../../components/index.ts';
import { deltaOf, formatCost, plural } from '../../lib/format.ts';
import type { AttentionItem } from './attention.ts';

/** The one sentence that answers "is anything broken now, and what does it cost?". */
export interface StatusSentence {
  tone: Tone;
  headline: string;
  rest: string;
}

export function statusSentence(
  overview: Overview,
  items: readonly AttentionItem[],
  options: { rangeLabel: string; alertCount: number },
): StatusSentence {
  const { rangeLabel, alertCount } = options;
  const worst = items[0]?.tone;
  return {
    tone: worst === 'bad' ? 'bad' : worst ? 'warn' : 'ok',
    headline: headlineOf(alertCount, items.filter(({ target }) => target?.page !== 'alert').length),
    rest: [agentsText(overview.live), spendText(overview, rangeLabel)].join(' '),
  };
}

function headlineOf(alerts: number, others: number): string {
  const firing = `${plural(alerts, 'alert')} ${alerts === 1 ? 'fires' : 'fire'}`;
  const word = alerts > 0 ? 'other thing' : 'thing';
  const rest = `${plural(others, word)} ${others === 1 ? 'needs' : 'need'} attention`;
  if (alerts === 0) return others === 0 ? 'Nothing needs attention.' : `${rest}.`;
  return others === 0 ? `${firing}.` : `${firing}, ${rest}.`;
}

function agentsText(live: readonly Session[]): string {
  const running = live.filter((session) => session.state === 'running').length;
  const waiting = live.filter((session) => session.state === 'waiting').length;
  if (running === 0 && waiting === 0) return 'No agent is running.';
  const parts = [
    running > 0 && `${plural(running, 'agent')} running`,
    waiting > 0 && `${waiting} waiting for a person`,
  ];
  return `${parts.filter(Boolean).join(', ')}.`;
}

function spendText(overview: Overview, rangeLabel: string): string {
  const { current, previous } = overview;
  const range = rangeLabel.charAt(0).toLowerCase() + rangeLabel.slice(1);
  const within = /^last |^today|^this /.test(range)
    ? `in the ${range}`.replace('in the today', 'today').replace('in the this', 'this')
    : 'in this range';
  if (current.cost_usd === 0 && current.cost_complete) return `Nothing spent ${within}.`;
  const delta = deltaOf(current.cost_usd, previous.cost_usd);
  const change =
    delta === null || delta.direction === 'same' || delta.direction === 'new'
      ? ''
      : `, ${delta.text} than before`;
  return `${formatCost(current)} spent ${within}${change.replace('as much than before', 'as much as before')}.`;
}
