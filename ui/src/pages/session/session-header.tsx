import type { SessionDetail } from '@contract';
import type { ReactNode } from 'react';
import { CopyButton, DemoBadge, SessionStateDot, TimeAgo } from '../../components/index.ts';
import {
  formatCompact,
  formatCost,
  formatCount,
  formatDuration,
  formatPercent,
  formatUsdExact,
  missing,
  shortModel,
} from '../../lib/format.ts';
import { cacheHit, spanMs, totalTokens } from '../figures.ts';
import css from './session.module.css';
import { TokenBar } from './token-bar.tsx';

/** Who, with what, and the sums: everything a person asks before looking at single steps. */
export function SessionHeader({ session }: { session: SessionDetail }) {
  return (
    <header className={css.header}>
      <div className={css.identity}>
        <SessionStateDot state={session.state} pill />
        {session.demo && <DemoBadge />}
        <span>
          {session.client} {session.client_version}
        </span>
        <span title={session.models.join('\n')}>{session.models.map(shortModel).join(', ')}</span>
        <span>
          started <TimeAgo at={session.started_at} />
        </span>
        <span>
          last event <TimeAgo at={session.last_event_at} />
        </span>
        <span className={css.id}>
          <code title={session.session_id}>{session.session_id.slice(0, 8)}</code>
          <CopyButton text={session.session_id} label="Copy session id" iconOnly variant="quiet" />
        </span>
      </div>
      <div className={css.sums}>
        <div className={css.costBox}>
          <span className={css.figureLabel}>Cost</span>
          <span className={css.costValue} title={formatUsdExact(session.cost_usd)}>
            {formatCost(session)}
          </span>
          {!session.cost_complete && <span className={css.lower}>a price is missing</span>}
        </div>
        <div className={css.tokenBox}>
          <span className={css.tokenHead}>
            <span className={css.figureLabel}>Tokens</span>
            <strong title={`${formatCount(totalTokens(session))} tokens`}>
              {formatCompact(totalTokens(session))}
            </strong>
          </span>
          <TokenBar figures={session} />
        </div>
        <Figures session={session} />
      </div>
    </header>
  );
}

function Figures({ session }: { session: SessionDetail }) {
  const retries = session.timeline.reduce((sum, entry) => sum + Math.max(0, entry.attempts - 1), 0);
  const activeMs = session.active_time_s * 1000;
  return (
    <dl className={css.figures}>
      <Figure label="Cache hit" value={formatPercent(cacheHit(session))} />
      <Figure
        label="Duration"
        value={formatDuration(spanMs(session))}
        note={activeMs > 0 ? `${formatDuration(activeMs)} active` : undefined}
      />
      <Figure label="Prompts" value={formatCount(session.prompts)} />
      <Figure
        label="Model requests"
        value={formatCount(session.api_requests)}
        note={notes([retries, 'retried'], [session.api_errors, 'failed'])}
        bad={session.api_errors > 0}
      />
      <Figure
        label="Tool calls"
        value={formatCount(session.tool_calls)}
        note={notes([session.tool_failures, 'failed'])}
        bad={session.tool_failures > 0}
      />
      <Figure
        label="Edits"
        value={formatCount(session.edits_accepted)}
        note={notes([session.edits_rejected, 'rejected'])}
        title={`${session.edits_accepted} accepted, ${session.edits_rejected} rejected`}
      />
      <Figure
        label="Lines"
        value={
          session.lines_added + session.lines_removed === 0
            ? '0'
            : `+${formatCompact(session.lines_added)} −${formatCompact(session.lines_removed)}`
        }
        title={`${formatCount(session.lines_added)} added, ${formatCount(session.lines_removed)} removed`}
      />
      <Figure label="Commits" value={formatCount(session.commits)} />
      <Figure label="Pull requests" value={formatCount(session.pull_requests)} />
      <Figure label="Version" value={session.client_version || missing} />
    </dl>
  );
}

function notes(...parts: readonly [count: number, word: string][]): string | undefined {
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`);
  return told.length === 0 ? undefined : told.join(', ');
}

function Figure(props: { label: string; value: ReactNode; note?: string; bad?: boolean; title?: string }) {
  return (
    <div className={css.figure} title={props.title}>
      <dt className={css.figureLabel}>{props.label}</dt>
      <dd>
        <span className={css.figureValue}>{props.value}</span>
        {props.note && <span className={props.bad ? css.figureBad : css.figureNote}>{props.note}</span>}
      </dd>
    </div>
  );
}
