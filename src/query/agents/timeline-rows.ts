import { type Sql, sql } from '../../store/index.ts';
import { eventRows, LEDGER_SETTINGS, type LedgerReader, msOf } from './reader.ts';

/** A row of `agent_events` as the timeline needs it. */
export interface TimelineRow {
  readonly id: string;
  readonly origin: string;
  readonly kind: string;
  readonly name: string;
  /** When it ended, epoch milliseconds. */
  readonly ts_ms: number;
  readonly sequence: number;
  readonly prompt_id: string;
  readonly request_id: string;
  readonly tool_use_id: string;
  readonly agent_id: string;
  readonly agent_name: string;
  readonly model: string;
  readonly query_source: string;
  readonly tool_name: string;
  readonly cost_micros: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_creation_tokens: number;
  readonly duration_ms: number;
  readonly attempts: number;
  readonly failed: number;
  readonly error: string;
  readonly decision: string;
  readonly decision_source: string;
  readonly trace_hex: string;
  readonly span_hex: string;
  readonly parent_hex: string;
  readonly attribute_keys: readonly string[];
  readonly attribute_texts: readonly string[];
  readonly attribute_types: string;
}

/** Most rows of one source that are read for a timeline. */
export const MAX_TIMELINE_ROWS = 50_000;
/** A session full of long attributes is cut here, at its end. */
const MAX_RESULT_BYTES = 96 * 1024 * 1024;

/** Rows of one session in the order of their time, start-up records left out. */
export async function readTimelineRows(
  reader: LedgerReader,
  sessionId: string,
  options: { readonly source: 'events' | 'spans'; readonly withAttributes: boolean },
): Promise<TimelineRow[]> {
  return await reader.query<TimelineRow>(timelineQuery(sessionId, options), {
    settings: {
      ...LEDGER_SETTINGS,
      max_block_size: 1024,
      max_result_bytes: MAX_RESULT_BYTES,
      result_overflow_mode: 'break',
    },
  });
}

function timelineQuery(
  sessionId: string,
  options: { readonly source: 'events' | 'spans'; readonly withAttributes: boolean },
): Sql {
  const origin = options.source === 'events' ? sql`origin = 'event'` : sql`origin != 'event'`;
  const attributes = options.withAttributes
    ? sql`mapKeys(attributes) AS attribute_keys, mapValues(attributes) AS attribute_texts, attribute_types`
    : sql`emptyArrayString() AS attribute_keys, emptyArrayString() AS attribute_texts, '' AS attribute_types`;
  return sql`
    SELECT concat(toString(${msOf(sql`ts`)}), '-', toString(event_id)) AS id,
      origin, kind, name, ${msOf(sql`ts`)} AS ts_ms, sequence, prompt_id, request_id, tool_use_id, agent_id, agent_name,
      model, query_source, tool_name, cost_micros, input_tokens, output_tokens, cache_read_tokens,
      cache_creation_tokens, duration_ms, attempts, failed, error, decision, decision_source,
      ${sql.hexOf('trace_id')} AS trace_hex, ${sql.hexOf('span_id')} AS span_hex,
      ${sql.hexOf('parent_span_id')} AS parent_hex, ${attributes}
    FROM ${eventRows(sql`session_id = ${sessionId} AND ${origin} AND kind != 'start'`)}
    ORDER BY ts, sequence
    LIMIT ${MAX_TIMELINE_ROWS}`;
}
