import type { Session, SessionList, SessionListQuery } from '../../contract/index.ts';
import { parseTimeRange, type TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { ACTIVITY_MEASURES, LEDGER_SETTINGS, type LedgerReader, msOf, NOT_ACTIVITY } from './reader.ts';
import { sessionOf } from './session.ts';
import { readSessionFacts } from './session-facts.ts';

/** Which sessions to find. */
export interface SessionSearch {
  readonly range: TimeRange;
  readonly limit: number;
  readonly cursor?: Cursor;
  /** Part of an id, user, model or client; case does not matter. */
  readonly text?: string;
}

interface FoundSession {
  readonly session_id: string;
  readonly last_ms: number;
  readonly id_hash: number | bigint;
}

/** Most sessions read at once by their ids. */
const MAX_IDS_PER_QUERY = 500;

/**
 * A page of sessions with something in the range, newest activity first. What is shown of a session is its whole life.
 *
 * @throws BellwetherError 400 `bad_time`, `bad_range`, `bad_cursor`.
 */
export async function listSessions(
  reader: LedgerReader,
  query: SessionListQuery,
  nowMs: number,
): Promise<SessionList> {
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const search: SessionSearch = {
    range: cursor ?? parseTimeRange(query, nowMs),
    limit: query.limit,
    cursor,
    text: query.q?.trim() || undefined,
  };
  const found = await findSessions(reader, { ...search, limit: search.limit + 1 });
  const page = found.slice(0, search.limit);
  const sessions = await sessionsByIds(
    reader,
    page.map((row) => row.session_id),
    nowMs,
  );
  const last = page.at(-1);
  const hasMore = found.length > page.length && last !== undefined;
  return {
    sessions,
    next_cursor: hasMore ? encodeCursor({ ...behind(last), ...placeOf(search, found, nowMs) }) : null,
  };
}

function behind(last: FoundSession): Pick<Cursor, 'lastMs' | 'idHash'> {
  return { lastMs: last.last_ms, idHash: BigInt(last.id_hash) };
}

/** What all pages of one walk share. A client whose clock is ahead may have sent events after now; they count too. */
function placeOf(
  { range, cursor }: SessionSearch,
  found: readonly FoundSession[],
  nowMs: number,
): Pick<Cursor, 'fromMs' | 'toMs' | 'snapshotMs'> {
  const snapshotMs = cursor?.snapshotMs ?? Math.max(nowMs, found[0]?.last_ms ?? 0);
  return { fromMs: range.fromMs, toMs: range.toMs, snapshotMs };
}

/** Sessions by id, in the order given; unknown ones and mere start-up records are left out. */
export async function sessionsByIds(
  reader: LedgerReader,
  sessionIds: readonly string[],
  nowMs: number,
): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let start = 0; start < sessionIds.length; start += MAX_IDS_PER_QUERY) {
    const ids = sessionIds.slice(start, start + MAX_IDS_PER_QUERY);
    for (const [id, facts] of await readSessionFacts(reader, ids)) {
      const session = sessionOf(id, facts, nowMs);
      if (session !== undefined) sessions.push(session);
    }
  }
  return sessions;
}

/** Ids of sessions that match, newest first. Reads only days from the beginning of the range on. */
export async function findSessions(reader: LedgerReader, search: SessionSearch): Promise<FoundSession[]> {
  return await reader.query<FoundSession>(findQuery(search), { settings: LEDGER_SETTINGS });
}

function findQuery({ range, limit, cursor, text }: SessionSearch): Sql {
  const from = new Date(range.fromMs);
  const having = [sql`max(is_activity) = 1`, sql`min(ts) < ${new Date(range.toMs)}`];
  if (text !== undefined) having.push(sql`max(is_match) = 1`);
  if (cursor !== undefined) having.push(afterCursor(cursor));
  const counted = cursor === undefined ? sql`1` : sql`ts <= ${new Date(cursor.snapshotMs)}`;
  const matches = text === undefined ? sql`0` : matchesText(text);
  return sql`
    SELECT session_id, ${msOf(sql`maxIf(ts, ${counted})`)} AS last_ms, cityHash64(session_id) AS id_hash
    FROM (
      SELECT session_id, ts, kind NOT IN ${NOT_ACTIVITY} AS is_activity, ${matches} AS is_match
      FROM agent_events WHERE ts >= ${from}
      UNION ALL
      SELECT session_id, ts, measure IN ${ACTIVITY_MEASURES} AS is_activity, ${matches} AS is_match
      FROM agent_points WHERE ts >= ${from} AND is_delta = 1
      UNION ALL
      SELECT session_id, min(ts) AS ts, max(measure IN ${ACTIVITY_MEASURES}) AS is_activity, max(${matches}) AS is_match
      FROM agent_points WHERE ts >= ${from} AND is_delta = 0
      GROUP BY session_id, series_id, start_ts, value
    )
    GROUP BY session_id
    HAVING ${sql.and(having)}
    ORDER BY last_ms DESC, id_hash DESC
    LIMIT ${limit}`;
}

function matchesText(text: string): Sql {
  const columns = ['session_id', 'user', 'model', 'client'];
  const tests = columns.map((name) => sql`positionCaseInsensitiveUTF8(${sql.id(name)}, ${text}) > 0`);
  return sql`(${sql.join(tests, ' OR ')})`;
}

function afterCursor({ lastMs, idHash }: Cursor): Sql {
  // A session without an event before the walk began has no place in it: its last_ms is 0.
  return sql`(last_ms > 0 AND (last_ms, id_hash) < (${lastMs}, ${idHash}))`;
}
