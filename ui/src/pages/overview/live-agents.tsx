import type { Session } from '@contract';
import { DemoBadge, EmptyState, Panel, SessionStateDot, Skeleton, TimeAgo } from '../../components/index.ts';
import { formatCompact, formatCost, formatCount, formatSpan, plural, shortModel } from '../../lib/format.ts';
import { failures, sessionTitle, totalTokens } from '../figures.ts';
import { PageLink, SessionLink } from '../links.tsx';
import css from './overview.module.css';

/** Every agent that is at work, waits or failed, with what it has cost so far. */
export function LiveAgents(props: { sessions: readonly Session[] | undefined }) {
  const { sessions } = props;
  return (
    <Panel
      title="Live agents"
      note={sessions && sessions.length > 0 ? plural(sessions.length, 'session') : undefined}
      actions={
        <PageLink to="/agents" className={css.more}>
          All sessions
        </PageLink>
      }
    >
      {!sessions && (
        <div className={css.cards}>
          {[0, 1, 2].map((at) => (
            <Skeleton key={at} height="112px" />
          ))}
        </div>
      )}
      {sessions?.length === 0 && (
        <EmptyState compact title="No agent is at work.">
          A session appears here with its first event and leaves 30 minutes after its last.
        </EmptyState>
      )}
      {sessions && sessions.length > 0 && (
        <ul className={css.cards}>
          {sessions.map((session) => (
            <li key={session.session_id}>
              <AgentCard session={session} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function AgentCard({ session }: { session: Session }) {
  const failed = failures(session);
  return (
    <SessionLink sessionId={session.session_id} className={css.card}>
      <span className={css.cardTop}>
        <SessionStateDot state={session.state} />
        <span className={css.cardCost} title={`${formatCount(totalTokens(session))} tokens`}>
          {formatCost(session)}
        </span>
      </span>
      <span className={css.cardUser} title={session.user}>
        <span className="truncate">{sessionTitle(session)}</span>
        {session.demo && <DemoBadge />}
      </span>
      <span className={css.cardLine}>
        <span className="truncate" title={session.models.join(', ')}>
          {session.models.map(shortModel).join(', ') || session.client}
        </span>
        <span className={css.cardAge}>
          <TimeAgo at={session.last_event_at} />
        </span>
      </span>
      <span className={css.cardFoot}>
        <span>{formatCompact(session.tool_calls)} tools</span>
        <span>{formatSpan(session.active_time_s * 1000)} active</span>
        {failed > 0 && <span className={css.failed}>{failed} failed</span>}
      </span>
    </SessionLink>
  );
}
