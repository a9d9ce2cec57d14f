import type { Attributes, ObservedLog } from '../model/telemetry.ts';
import { booleanOf, countOf, cut, firstTextOf, numberOf, quantityOf, textOf } from './attributes.ts';
import { priceModifiersOf } from './genai-attributes.ts';
import {
  COST_FROM_CLIENT,
  COST_FROM_PRICE_BOOK,
  COST_UNKNOWN,
  type LedgerEvent,
  type LedgerEventPart,
  type LedgerKind,
  ledgerEvent,
  MAX_ERROR_CHARS,
} from './ledger-event.ts';
import { type PriceModifiers, priceOf, type RequestTokens } from './price-book.ts';
import { querySourceOf } from './query-source.ts';

/** Body and event names of the client begin with this. */
export const CLAUDE_CODE_PREFIX = 'claude_code.';

const MAX_NAME_CHARS = 128;

const KINDS: Readonly<Record<string, LedgerKind>> = {
  user_prompt: 'prompt',
  api_request: 'api_request',
  api_error: 'api_error',
  api_retries_exhausted: 'retries_exhausted',
  api_refusal: 'refusal',
  tool_decision: 'tool_decision',
  tool_result: 'tool_call',
  subagent_completed: 'subagent',
  compaction: 'compaction',
  internal_error: 'error',
  managed_settings_resolved: 'start',
  plugin_loaded: 'start',
  hook_registered: 'start',
  retention_sweep: 'start',
};

/** The short name of a record: `event.name`, else the OTLP event name, else the body, without the client's prefix. */
export function eventNameOf(log: ObservedLog): string {
  const full = textOf(log.attributes, 'event.name', MAX_NAME_CHARS) || log.eventName || log.body;
  const short = full.startsWith(CLAUDE_CODE_PREFIX) ? full.slice(CLAUDE_CODE_PREFIX.length) : full;
  return cut(short, MAX_NAME_CHARS);
}

/**
 * A log record of Claude Code as a ledger event. Unknown events are kept as `other`, so that a newer client's timeline is
 * complete.
 *
 * A prompt with `command_name` is a slash command, not something a human asked, and becomes `command`. A background
 * subagent's return also makes a prompt, and nothing tells it from a human's.
 */
export function claudeEventOf(log: ObservedLog): LedgerEvent {
  const { attributes } = log;
  const name = eventNameOf(log);
  const kind = kindOf(name, attributes);
  const { source, agentId, agentName } = querySourceOf(attributes);
  const common: LedgerEventPart = {
    origin: 'event',
    kind,
    name,
    tsMs: Math.floor(log.tsMs),
    attributes,
    sequence: sequenceOf(attributes),
    promptId: textOf(attributes, 'prompt.id', 128),
    requestId: firstTextOf(attributes, ['request_id', 'client_request_id'], 128),
    toolUseId: textOf(attributes, 'tool_use_id', 128),
    agentId,
    agentName,
    querySource: source,
    model: textOf(attributes, 'model'),
    toolName: toolNameOf(kind, attributes),
    durationMs: quantityOf(attributes, 'duration_ms') || quantityOf(attributes, 'total_duration_ms'),
    isFailed: isFailure(kind, attributes),
    statusCode: countOf(attributes, 'status_code'),
    error: firstTextOf(attributes, ['error', 'error_type', 'error_name', 'error_category'], MAX_ERROR_CHARS),
    traceId: log.traceId,
    spanId: log.spanId,
  };
  return ledgerEvent({ ...common, ...detailsOf(kind, attributes, log.tsMs) });
}

function kindOf(name: string, attributes: Attributes): LedgerKind {
  if (name === 'user_prompt' && textOf(attributes, 'command_name') !== '') return 'command';
  return Object.hasOwn(KINDS, name) ? KINDS[name]! : 'other';
}

function sequenceOf(attributes: Attributes): number {
  return numberOf(attributes, 'event.sequence') === undefined ? -1 : countOf(attributes, 'event.sequence');
}

function toolNameOf(kind: LedgerKind, attributes: Attributes): string {
  return kind === 'command'
    ? `/${textOf(attributes, 'command_name', MAX_NAME_CHARS)}`
    : textOf(attributes, 'tool_name');
}

function isFailure(kind: LedgerKind, attributes: Attributes): boolean {
  if (kind === 'api_error' || kind === 'retries_exhausted' || kind === 'error') return true;
  return booleanOf(attributes, 'success') === false || textOf(attributes, 'status') === 'failed';
}

/** What only some kinds have. */
function detailsOf(kind: LedgerKind, attributes: Attributes, tsMs: number): Partial<LedgerEvent> {
  switch (kind) {
    case 'api_request':
      return { ...requestFigures(attributes, tsMs), attempts: countOf(attributes, 'attempt') };
    case 'api_error':
    case 'refusal':
      return { attempts: countOf(attributes, 'attempt') };
    case 'retries_exhausted':
      return {
        attempts: countOf(attributes, 'total_attempts'),
        durationMs: quantityOf(attributes, 'total_retry_duration_ms'),
      };
    case 'tool_decision':
      return decision(attributes, 'decision', 'source');
    case 'tool_call':
      return decision(attributes, 'decision_type', 'decision_source');
    case 'subagent':
      return { model: firstTextOf(attributes, ['final_model', 'model']) };
    default:
      return {};
  }
}

function decision(attributes: Attributes, key: string, sourceKey: string): Partial<LedgerEvent> {
  return { decision: textOf(attributes, key, 32), decisionSource: textOf(attributes, sourceKey, 64) };
}

/** Tokens and cost of a request as the client tells them on events and spans: `input_tokens` excludes the cache. */
export function requestFigures(attributes: Attributes, tsMs: number): Partial<LedgerEvent> {
  const tokens: RequestTokens = {
    input: countOf(attributes, 'input_tokens'),
    output: countOf(attributes, 'output_tokens'),
    cacheRead: countOf(attributes, 'cache_read_tokens'),
    cacheCreation: countOf(attributes, 'cache_creation_tokens'),
    cacheCreation1h: countOf(attributes, 'cache_creation_1h_tokens'),
  };
  const model = textOf(attributes, 'model');
  return {
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cacheReadTokens: tokens.cacheRead,
    cacheCreationTokens: tokens.cacheCreation,
    ttftMs: quantityOf(attributes, 'ttft_ms'),
    ...(clientCost(attributes) ?? bookCost(model, tokens, tsMs, priceModifiersOf(attributes))),
  };
}

/** The client's own figure: the exact integer when it was sent, else the rounded dollars. */
function clientCost(attributes: Attributes): Partial<LedgerEvent> | undefined {
  if (numberOf(attributes, 'cost_usd_micros') !== undefined) {
    return { costMicros: countOf(attributes, 'cost_usd_micros'), costBasis: COST_FROM_CLIENT };
  }
  if (numberOf(attributes, 'cost_usd') === undefined) return undefined;
  // Bounded before it is multiplied, so that the product stays a safe integer.
  const usd = Math.min(quantityOf(attributes, 'cost_usd'), 1e6);
  return { costMicros: Math.round(usd * 1e6), costBasis: COST_FROM_CLIENT };
}

/** The list price, or a mark that there is none. */
export function bookCost(
  model: string,
  tokens: RequestTokens,
  atMs: number,
  modifiers: PriceModifiers,
): Partial<LedgerEvent> {
  const micros = priceOf(model, tokens, atMs, modifiers);
  return micros === undefined || !Number.isSafeInteger(micros)
    ? { costMicros: 0, costBasis: COST_UNKNOWN }
    : { costMicros: micros, costBasis: COST_FROM_PRICE_BOOK };
}
