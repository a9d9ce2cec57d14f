import type { Session } from '@contract';
import { Bar, DemoBadge, SessionStateDot, TimeAgo } from '../../components/index.ts';
import type { TableColumn } from '../../components/table/index.ts';
import {
  formatCompact,
  formatCost,
  formatCount,
  formatPercent,
  formatSpan,
  formatUsdExact,
  missing,
  shortModel,
} from '../../lib/format.ts';
import { cacheHit, failures, sessionTitle, totalTokens } from '../figures.ts';
import { SessionLink } from '../links.tsx';
import css from './agents.module.css';

const stateRank: Record<Session['state'], number> = { error: 0, waiting: 1, running: 2, idle: 3, ended: 4 };

/** Columns in the order of how often they are asked for; the last ones are the first to leave a narrow window. */
export function sessionColumns(maxCost: number): TableColumn<Session>[] {
  return [
    ...whoColumns(),
    {
      id: 'cost',
      header: 'Cost',
      width: 80,
      align: 'end',
      cell: (session) => <CostCell session={session} max={maxCost} />,
      sortValue: (session) => session.cost_usd,
    },
    ...workColumns(),
    ...tokenColumns(),
    ...resultColumns(),
    {
      id: 'client',
      header: 'Client',
      hint: 'Version of the client; its name where it is not Claude Code',
      width: 66,
      cell: (session) => <ClientCell session={session} />,
      sortValue: (session) => `${session.client} ${session.client_version}`,
      sortFirst: 'asc',
    },
  ];
}

function whoColumns(): TableColumn<Session>[] {
  return [
    {
      id: 'state',
      header: 'State',
      width: 90,
      sticky: true,
      cell: (session) => <SessionStateDot state={session.state} />,
      sortValue: (session) => stateRank[session.state],
      sortFirst: 'asc',
    },
    {
      id: 'user',
      header: 'User',
      width: 118,
      grow: 4,
      sticky: true,
      cell: (session) => (
        <span className={css.user}>
          <SessionLink
            sessionId={session.session_id}
            className={css.userLink}
            title={`${session.user}\n${session.session_id}`}
          >
            {sessionTitle(session)}
          </SessionLink>
          {session.demo && <DemoBadge />}
        </span>
      ),
      sortValue: (session) => session.user,
      sortFirst: 'asc',
    },
    {
      id: 'last',
      header: 'Last',
      hint: 'Time since the last event',
      width: 44,
      align: 'end',
      cell: (session) => <TimeAgo at={session.last_event_at} short />,
      sortValue: (session) => session.last_event_at,
    },
    {
      id: 'models',
      header: 'Models',
      width: 92,
      grow: 2,
      cell: (session) => (
        <span title={session.models.join('\n')}>{session.models.map(shortModel).join(', ') || missing}</span>
      ),
      sortValue: (session) => session.models.map(shortModel).join(','),
      sortFirst: 'asc',
    },
  ];
}

function workColumns(): TableColumn<Session>[] {
  return [
    {
      id: 'started',
      header: 'Started',
      hint: 'Time since the first event',
      width: 58,
      align: 'end',
      cell: (session) => <TimeAgo at={session.started_at} short />,
      sortValue: (session) => session.started_at,
    },
    {
      id: 'active',
      header: 'Active',
      hint: 'Time in which the person typed or the agent worked',
      width: 58,
      align: 'end',
      cell: (session) => formatSpan(session.active_time_s * 1000),
      sortValue: (session) => session.active_time_s,
    },
    count('prompts', 'Prompts', 'Prompts of a person', 56, (session) => session.prompts),
    count('requests', 'API', 'Successful model requests', 40, (session) => session.api_requests),
    count('tools', 'Tools', 'Tool calls', 42, (session) => session.tool_calls),
    {
      id: 'errors',
      header: 'Errors',
      hint: 'Model requests that failed for good, and failed tool calls',
      width: 50,
      align: 'end',
      cell: (session) => <Failures session={session} />,
      sortValue: failures,
    },
  ];
}

function tokenColumns(): TableColumn<Session>[] {
  return [
    {
      id: 'in',
      header: 'In',
      hint: 'Input tokens, with those read from and written to the cache',
      width: 50,
      align: 'end',
      cell: (session) => <Tokens count={inputTokens(session)} />,
      sortValue: inputTokens,
    },
    {
      id: 'out',
      header: 'Out',
      hint: 'Output tokens',
      width: 50,
      align: 'end',
      cell: (session) => <Tokens count={session.output_tokens} />,
      sortValue: (session) => session.output_tokens,
    },
    {
      id: 'cache',
      header: 'Cache',
      hint: 'Share of the input tokens that was read from the cache',
      width: 56,
      align: 'end',
      cell: (session) => formatPercent(cacheHit(session)),
      sortValue: cacheHit,
    },
  ];
}

function resultColumns(): TableColumn<Session>[] {
  return [
    {
      id: 'lines',
      header: 'Lines',
      hint: 'Lines added and removed',
      width: 86,
      align: 'end',
      cell: (session) => <Lines session={session} />,
      sortValue: (session) => session.lines_added + session.lines_removed,
    },
    count('commits', 'Commits', 'Commits made', 62, (session) => session.commits),
    count('prs', 'PRs', 'Pull requests opened', 36, (session) => session.pull_requests),
  ];
}

function count(
  id: string,
  header: string,
  hint: string,
  width: number,
  value: (session: Session) => number,
): TableColumn<Session> {
  return {
    id,
    header,
    hint,
    width,
    align: 'end',
    cell: (session) => <Count value={value(session)} />,
    sortValue: value,
  };
}

function inputTokens(session: Session): number {
  return session.input_tokens + session.cache_read_tokens + session.cache_creation_tokens;
}

/** The version, with the name where it is not the usual client. */
function ClientCell({ session }: { session: Session }) {
  const isUsual = session.client === 'claude-code';
  return (
    <span title={`${session.client} ${session.client_version}`}>
      <span className={isUsual ? 'visually-hidden' : css.faint}>{session.client} </span>
      {session.client_version || missing}
    </span>
  );
}

/** Noughts step back, so that the eye finds what happened. */
function Count(props: { value: number }) {
  return <span className={props.value === 0 ? css.zero : undefined}>{formatCount(props.value)}</span>;
}

function Tokens(props: { count: number }) {
  return (
    <span className={props.count === 0 ? css.zero : undefined} title={`${formatCount(props.count)} tokens`}>
      {formatCompact(props.count)}
    </span>
  );
}

function CostCell(props: { session: Session; max: number }) {
  const { session } = props;
  return (
    <span
      className={css.cost}
      title={session.cost_complete ? formatUsdExact(session.cost_usd) : 'A price is missing: lower bound'}
    >
      <span>{formatCost(session)}</span>
      <Bar value={session.cost_usd} max={props.max} />
    </span>
  );
}

function Failures({ session }: { session: Session }) {
  const total = failures(session);
  if (total === 0) return <span className={css.zero}>0</span>;
  return (
    <span
      className={css.bad}
      title={`${session.api_errors} failed model requests, ${session.tool_failures} failed tool calls`}
    >
      {formatCount(total)}
    </span>
  );
}

function Lines({ session }: { session: Session }) {
  if (session.lines_added + session.lines_removed === 0) return <span className={css.zero}>0</span>;
  return (
    <span title={`${formatCount(session.lines_added)} added, ${formatCount(session.lines_removed)} removed`}>
      +{formatCompact(session.lines_added)} −{formatCompact(session.lines_removed)}
    </span>
  );
}

/** A session on a phone. */
export function SessionCard({ session }: { session: Session }) {
  return (
    <div className={css.card}>
      <div className={css.cardRow}>
        <SessionLink sessionId={session.session_id} className={css.userLink}>
          {sessionTitle(session)}
        </SessionLink>
        {session.demo && <DemoBadge />}
        <strong className={css.cardCost}>{formatCost(session)}</strong>
      </div>
      <div className={css.cardRow}>
        <SessionStateDot state={session.state} />
        <span className={css.cardModels}>{session.models.map(shortModel).join(', ') || session.client}</span>
        <span className={css.cardEnd}>
          <TimeAgo at={session.last_event_at} />
        </span>
      </div>
      <div className={`${css.cardRow} ${css.faint}`}>
        <span>{formatCompact(totalTokens(session))} tokens</span>
        <span>{formatCount(session.tool_calls)} tools</span>
        <span>{formatSpan(session.active_time_s * 1000)} active</span>
        {failures(session) > 0 && <span className={css.bad}>{failures(session)} failed</span>}
      </div>
    </div>
  );
}
