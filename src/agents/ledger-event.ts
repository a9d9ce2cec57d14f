import type { Attributes } from '../model/telemetry.ts';
import type { Batch } from '../store/index.ts';
import { cut, encodeAttributes } from './attributes.ts';
import { hash64 } from './hash.ts';
import type { RecordOwner } from './owner.ts';

/** Which source told about an event; see `agent_events.origin`. */
export type LedgerOrigin = 'event' | 'span' | 'server';

/** See `agent_events.kind`. */
export type LedgerKind =
  | 'prompt'
  | 'command'
  | 'api_request'
  | 'api_error'
  | 'tool_call'
  | 'tool'
  | 'tool_decision'
  | 'subagent'
  | 'compaction'
  | 'refusal'
  | 'retries_exhausted'
  | 'error'
  | 'start'
  | 'other';

/** What a client's figure is based on; see `agent_events.cost_basis`. */
export const COST_FROM_CLIENT = 0;
export const COST_FROM_PRICE_BOOK = 1;
export const COST_UNKNOWN = 2;

/** One row of `agent_events` before it is written. Numbers are finite and within their column's range. */
export interface LedgerEvent {
  readonly origin: LedgerOrigin;
  readonly kind: LedgerKind;
  readonly name: string;
  /** When it ended, epoch milliseconds. */
  readonly tsMs: number;
  readonly sequence: number;
  readonly promptId: string;
  readonly requestId: string;
  readonly toolUseId: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly model: string;
  readonly querySource: string;
  readonly toolName: string;
  readonly costMicros: number;
  readonly costBasis: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
  readonly durationMs: number;
  readonly ttftMs: number;
  readonly attempts: number;
  readonly isFailed: boolean;
  readonly statusCode: number;
  readonly error: string;
  readonly decision: string;
  readonly decisionSource: string;
  readonly stopReason: string;
  readonly traceId: Uint8Array | undefined;
  readonly spanId: Uint8Array | undefined;
  readonly parentSpanId: Uint8Array | undefined;
  readonly attributes: Attributes;
}

/** What an event is made from; everything absent is empty. */
export type LedgerEventPart = Pick<LedgerEvent, 'origin' | 'kind' | 'name' | 'tsMs' | 'attributes'> &
  Partial<LedgerEvent>;

const EMPTY = {
  sequence: -1,
  promptId: '',
  requestId: '',
  toolUseId: '',
  agentId: '',
  agentName: '',
  model: '',
  querySource: 'main',
  toolName: '',
  costMicros: 0,
  costBasis: COST_FROM_CLIENT,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  durationMs: 0,
  ttftMs: 0,
  attempts: 0,
  isFailed: false,
  statusCode: 0,
  error: '',
  decision: '',
  decisionSource: '',
  stopReason: '',
  traceId: undefined,
  spanId: undefined,
  parentSpanId: undefined,
} as const;

const MAX_UINT32 = 0xffff_ffff;
export const MAX_ERROR_CHARS = 2048;

export function ledgerEvent(part: LedgerEventPart): LedgerEvent {
  return { ...EMPTY, ...part };
}

/** Appends the event as one row. */
export function appendEvent(batch: Batch, owner: RecordOwner, event: LedgerEvent): void {
  const encoded = encodeAttributes(event.attributes);
  const identity = identityOf(event, encoded.keys, encoded.values);
  const id = hash64(`${owner.sessionId}\n${event.tsMs}\n${identity}`);
  const rows = batch.agent_events;
  rows.session_id.append(owner.sessionId);
  rows.ts.append(event.tsMs);
  rows.event_id.appendParts(id.low, id.high);
  rows.origin.append(event.origin);
  rows.kind.append(event.kind);
  rows.name.append(event.name);
  rows.sequence.append(event.sequence);
  rows.client.append(owner.client);
  rows.client_version.append(owner.clientVersion);
  rows.user.append(owner.user);
  rows.stream_id.appendBigInt(owner.streamId);
  rows.prompt_id.append(event.promptId);
  rows.request_id.append(event.requestId);
  rows.tool_use_id.append(event.toolUseId);
  rows.agent_id.append(event.agentId);
  rows.agent_name.append(event.agentName);
  rows.model.append(event.model);
  rows.query_source.append(event.querySource);
  rows.tool_name.append(event.toolName);
  rows.cost_micros.append(event.costMicros);
  rows.cost_basis.append(event.costBasis);
  rows.input_tokens.append(event.inputTokens);
  rows.output_tokens.append(event.outputTokens);
  rows.cache_read_tokens.append(event.cacheReadTokens);
  rows.cache_creation_tokens.append(event.cacheCreationTokens);
  rows.duration_ms.append(event.durationMs);
  rows.ttft_ms.append(event.ttftMs);
  rows.attempts.append(Math.min(event.attempts, MAX_UINT32));
  rows.failed.append(event.isFailed ? 1 : 0);
  rows.status_code.append(Math.min(event.statusCode, MAX_UINT32));
  rows.error.append(cut(event.error, MAX_ERROR_CHARS));
  rows.decision.append(event.decision);
  rows.decision_source.append(event.decisionSource);
  rows.stop_reason.append(event.stopReason);
  appendId(rows.trace_id, event.traceId);
  appendId(rows.span_id, event.spanId);
  appendId(rows.parent_span_id, event.parentSpanId);
  rows.demo.append(owner.isDemo ? 1 : 0);
  for (const key of encoded.keys) rows.attributes.keys.append(key);
  for (const value of encoded.values) rows.attributes.values.append(value);
  rows.attributes.close();
  rows.attribute_types.append(encoded.types);
}

interface IdColumn {
  readonly width: number;
  appendBytes(source: Uint8Array, start: number): void;
  appendZero(): void;
}

function appendId(column: IdColumn, id: Uint8Array | undefined): void {
  if (id === undefined || id.length !== column.width) column.appendZero();
  else column.appendBytes(id, 0);
}

/**
 * What makes an event this event, apart from session and time. A span is its ids. A log
 * record is its name and its place in the process (`event.sequence`, which begins again at 0 when a session is resumed, where the
 * time tells them apart) with its join keys; records without a place are told apart by all they say.
 */
function identityOf(event: LedgerEvent, keys: readonly string[], values: readonly string[]): string {
  if (event.origin !== 'event' && event.spanId !== undefined) {
    return `span ${hexOf(event.traceId)} ${hexOf(event.spanId)}`;
  }
  const place = `${event.name}\n${event.sequence}\n${event.requestId}\n${event.toolUseId}\n${event.promptId}`;
  return event.sequence >= 0 ? place : `${place}\n${keys.join('\n')}\n${values.join('\n')}`;
}

function hexOf(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
