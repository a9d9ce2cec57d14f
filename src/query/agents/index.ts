import type {
  Overview,
  Session,
  SessionDetail,
  SessionList,
  SessionListQuery,
  Usage,
} from '../../contract/index.ts';
import { getSession } from './detail.ts';
import { listSessions, sessionsByIds } from './list.ts';
import { hasSessions, readOverview } from './overview.ts';
import type { LedgerReader } from './reader.ts';
import { readUsage, type UsageQuery } from './usage.ts';

export type { LedgerReader } from './reader.ts';
export type { UsageQuery } from './usage.ts';

/**
 * Sessions and usage, read from the agent ledger. Times in queries are as in the contract; every method throws the store's errors,
 * and BellwetherError 400 (`bad_time`, `bad_range`, `bad_cursor`) for parameters it cannot use.
 */
export interface AgentQueries {
  /** Sessions with something in the range, newest activity first. */
  listSessions(query: SessionListQuery, nowMs: number): Promise<SessionList>;
  /** One session with its timeline; undefined when it is not known. */
  getSession(sessionId: string, nowMs: number): Promise<SessionDetail | undefined>;
  /** Several sessions by id, for live updates; unknown ones are left out. */
  sessionsByIds(sessionIds: readonly string[], nowMs: number): Promise<Session[]>;
  usage(query: UsageQuery, nowMs: number): Promise<Usage>;
  overview(query: { readonly from: string; readonly to: string }, nowMs: number): Promise<Overview>;
  /** Whether any session was ever recorded. */
  hasSessions(): Promise<boolean>;
}

export function createAgentQueries(reader: LedgerReader): AgentQueries {
  return {
    listSessions: (query, nowMs) => listSessions(reader, query, nowMs),
    getSession: (sessionId, nowMs) => getSession(reader, sessionId, nowMs),
    sessionsByIds: (sessionIds, nowMs) => sessionsByIds(reader, sessionIds, nowMs),
    usage: (query, nowMs) => readUsage(reader, query, nowMs),
    overview: (query, nowMs) => readOverview(reader, query, nowMs),
    hasSessions: () => hasSessions(reader),
  };
}
