import { type HistoryEventJson, type HistoryJson, historyEvent } from '../../contract/index.ts';
import { BellwetherError } from '../../lib/errors.ts';
import { parseTimeRange, type TimeRange } from '../../lib/time.ts';
import { type Sql, sql } from '../../store/index.ts';
import { decodeCursor, encodeCursor, type HistoryCursor } from './cursor.ts';
import { type AlertHistoryReader, type EventRow, eventOf, readEvents } from './event-rows.ts';

/** As the contract's `historyQuery`, checked by it. */
export interface HistoryQuery extends HistoryFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Which events. */
export interface HistoryFilter {
  readonly from: string;
  readonly to: string;
  /** Separated by commas; all when absent or empty. */
  readonly kinds?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly rule_id?: string | undefined;
  /** Words that all occur in the name, a label (`service=shop`), the detail, the receiver or the actor; case does not matter. */
  readonly q?: string | undefined;
}

const MAX_WORDS = 20;
const KINDS: readonly string[] = historyEvent.shape.kind.options;

/**
 * A page of events, newest first.
 *
 * @throws BellwetherError 400 `bad_time`, `bad_range`, `bad_cursor`, `bad_kind`.
 */
export async function readHistory(
  reader: AlertHistoryReader,
  query: HistoryQuery,
  nowMs: number,
): Promise<HistoryJson> {
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const range = cursor ?? parseTimeRange(query, nowMs);
  const rows = await readPage(reader, { range, filter: query, behind: cursor, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const hasMore = rows.length > page.length && last !== undefined;
  return { events: page.map(eventOf), next_cursor: hasMore ? encodeCursor(placeOf(last, range)) : null };
}

/** The newest events of one alert, over all its lives. */
export async function readTimeline(
  reader: AlertHistoryReader,
  fingerprint: string,
  limit: number,
): Promise<HistoryEventJson[]> {
  const rows = await readEvents(reader, [sql`fingerprint = ${fingerprint}`], limit);
  return rows.map(eventOf);
}

export interface PageRequest {
  readonly range: TimeRange;
  readonly filter: HistoryFilter;
  readonly behind: HistoryCursor | undefined;
  readonly limit: number;
}

export async function readPage(
  reader: AlertHistoryReader,
  { range, filter, behind, limit }: PageRequest,
): Promise<EventRow[]> {
  const conditions = [inRange(range), ...conditionsOf(filter)];
  if (behind !== undefined) conditions.push(olderThan(behind));
  return await readEvents(reader, conditions, limit);
}

export function placeOf(row: EventRow, { fromMs, toMs }: TimeRange): HistoryCursor {
  return { atMs: row.at_ms, eventId: BigInt(row.event_id), fromMs, toMs };
}

export function inRange({ fromMs, toMs }: TimeRange): Sql {
  return sql`ts >= ${new Date(fromMs)} AND ts < ${new Date(toMs)}`;
}

/** The first condition lets the engine begin at the place instead of reading up to it. */
function olderThan({ atMs, eventId }: HistoryCursor): Sql {
  const at = new Date(atMs);
  return sql`ts <= ${at} AND (ts < ${at} OR event_id < ${eventId})`;
}

function conditionsOf({ kinds, fingerprint, rule_id, q }: HistoryFilter): Sql[] {
  const conditions: Sql[] = [];
  const wanted = kindsOf(kinds);
  if (wanted.length > 0) conditions.push(sql`kind IN ${wanted}`);
  if (fingerprint) conditions.push(sql`fingerprint = ${fingerprint}`);
  if (rule_id) conditions.push(sql`rule_id = ${rule_id}`);
  return [...conditions, ...wordsOf(q).map(hasWord)];
}

function kindsOf(text: string | undefined): string[] {
  const kinds = (text ?? '')
    .split(',')
    .map((kind) => kind.trim())
    .filter((kind) => kind !== '');
  const unknown = kinds.find((kind) => !KINDS.includes(kind));
  if (unknown === undefined) return kinds;
  throw new BellwetherError({
    code: 'bad_kind',
    status: 400,
    message: `there is no kind of event ${JSON.stringify(unknown.slice(0, 64))}`,
    hint: `kinds are ${KINDS.join(', ')}`,
  });
}

/** Quotes are left out, so that `service="shop"` finds what `service=shop` does. */
function wordsOf(text: string | undefined): string[] {
  const words = (text ?? '').replaceAll('"', '').split(/\s+/);
  return words.filter((word) => word !== '').slice(0, MAX_WORDS);
}

function hasWord(word: string): Sql {
  const columns = ['alertname', 'detail', 'receiver', 'actor', 'rule_id'];
  const tests = columns.map((name) => sql`positionCaseInsensitiveUTF8(${sql.id(name)}, ${word}) > 0`);
  const inLabels = sql`arrayExists((k, v) -> positionCaseInsensitiveUTF8(concat(k, '=', v), ${word}) > 0,
    mapKeys(labels), mapValues(labels))`;
  return sql`(${sql.join([...tests, inLabels], ' OR ')})`;
}
