import type { Attributes, ObservedSpan } from '../model/telemetry.ts';
import { booleanOf, countOf, cut, firstTextOf, numberOf, quantityOf, textOf } from './attributes.ts';
import { CLAUDE_CODE_PREFIX, requestFigures } from './claude-events.ts';
import {
  type LedgerEvent,
  type LedgerEventPart,
  type LedgerKind,
  ledgerEvent,
  MAX_ERROR_CHARS,
} from './ledger-event.ts';
import { querySourceOf } from './query-source.ts';

/** Status code of a failed span. */
export const STATUS_ERROR = 2;

const MAX_NAME_CHARS = 128;

/**
 * A span of Claude Code as a ledger event.
 *
 * `tool.execution` is the executed call and knows whether it failed; the `tool` span around it has the name and, as
 * `tool.blocked_on_user`, the decision; readers join them by parent. A rejected tool has no execution.
 */
export function claudeSpanOf(span: ObservedSpan): LedgerEvent {
  const { attributes } = span;
  const name = cut(span.name.slice(CLAUDE_CODE_PREFIX.length), MAX_NAME_CHARS);
  const kind = kindOf(name, span);
  const { source, agentId, agentName } = querySourceOf(attributes);
  return ledgerEvent({
    ...spanPart(span, kind, name),
    querySource: source,
    agentId,
    agentName,
    promptId: textOf(attributes, 'prompt.id', 128),
    requestId: firstTextOf(attributes, ['request_id', 'client_request_id'], 128),
    toolUseId: firstTextOf(attributes, ['tool_use_id', 'gen_ai.tool.call.id'], 128),
    toolName: textOf(attributes, 'tool_name'),
    durationMs: durationOf(span),
    isFailed: hasFailed(span),
    statusCode: countOf(attributes, 'status_code'),
    error: errorOf(span),
    ...detailsOf(kind, attributes, span),
  });
}

/** The fields that every span gives, whoever sent it. Its time in the ledger is its end, like that of an event. */
export function spanPart(span: ObservedSpan, kind: LedgerKind, name: string): LedgerEventPart {
  return {
    origin: 'span',
    kind,
    name,
    tsMs: Math.floor(span.startMs + Math.max(0, span.durationMs)),
    attributes: span.attributes,
    durationMs: Math.max(0, span.durationMs),
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
  };
}

function kindOf(name: string, span: ObservedSpan): LedgerKind {
  switch (name) {
    case 'interaction':
      return textOf(span.attributes, 'user_prompt', 2).startsWith('/') ? 'command' : 'prompt';
    case 'llm_request':
      return hasFailed(span) ? 'api_error' : 'api_request';
    case 'tool':
      return 'tool';
    case 'tool.execution':
      return 'tool_call';
    case 'tool.blocked_on_user':
      return 'tool_decision';
    default:
      return 'other';
  }
}

function hasFailed(span: ObservedSpan): boolean {
  return span.statusCode === STATUS_ERROR || booleanOf(span.attributes, 'success') === false;
}

function errorOf(span: ObservedSpan): string {
  return (
    firstTextOf(span.attributes, ['error', 'error.type', 'error_class'], MAX_ERROR_CHARS) ||
    span.statusMessage
  );
}

/** The client's own measure, which for a request includes the waits between attempts. */
function durationOf(span: ObservedSpan): number {
  const sent = ['duration_ms', 'interaction.duration_ms'].find(
    (key) => numberOf(span.attributes, key) !== undefined,
  );
  return sent === undefined ? Math.max(0, span.durationMs) : quantityOf(span.attributes, sent);
}

function detailsOf(kind: LedgerKind, attributes: Attributes, span: ObservedSpan): Partial<LedgerEvent> {
  if (kind === 'api_request' || kind === 'api_error') {
    return {
      ...requestFigures(attributes, span.startMs),
      model: firstTextOf(attributes, ['model', 'gen_ai.request.model']),
      attempts: countOf(attributes, 'attempt'),
      stopReason: textOf(attributes, 'stop_reason', 64),
    };
  }
  if (kind === 'tool_decision') {
    const decision = textOf(attributes, 'decision', 32);
    // Older clients say "unknown" for tools that ask nobody.
    if (decision === 'unknown') return {};
    return { decision, decisionSource: textOf(attributes, 'source', 64) };
  }
  return {};
}
