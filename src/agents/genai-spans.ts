import type { Attributes, ObservedSpan } from '../model/telemetry.ts';
import { countOf, cut, firstTextOf, numberOf, quantityOf, textOf } from './attributes.ts';
import { bookCost } from './claude-events.ts';
import { STATUS_ERROR, spanPart } from './claude-spans.ts';
import { conventionTokens, priceModifiersOf } from './genai-attributes.ts';
import {
  type LedgerEvent,
  type LedgerKind,
  type LedgerOrigin,
  ledgerEvent,
  MAX_ERROR_CHARS,
} from './ledger-event.ts';

/** Operations that are one call of a model. */
const MODEL_OPERATIONS: ReadonlySet<string> = new Set([
  'chat',
  'generate_content',
  'text_completion',
  'completion',
  'embeddings',
]);

/** Whether a span follows the GenAI conventions, in their newer or older form. */
export function isGenAiSpan(span: ObservedSpan): boolean {
  const { attributes } = span;
  return (
    textOf(attributes, 'gen_ai.operation.name') !== '' ||
    (firstTextOf(attributes, ['gen_ai.system', 'gen_ai.provider.name']) !== '' &&
      textOf(attributes, 'gen_ai.request.model') !== '')
  );
}

/** The conversation a span names, '' when it names none. */
export function conversationOf(attributes: Attributes): string {
  return firstTextOf(attributes, ['gen_ai.conversation.id', 'session.id']);
}

/**
 * A span of the Claude SDK, of the API's own side, or of another instrumentation as a ledger event. Agent and workflow spans only
 * hold their calls together (some repeat the usage of their children), so they carry no figures.
 */
export function genAiSpanOf(span: ObservedSpan, origin: LedgerOrigin): LedgerEvent {
  const { attributes } = span;
  const operation = textOf(attributes, 'gen_ai.operation.name', 64);
  const kind = kindOf(operation, span, origin);
  const isCall = kind === 'api_request' || kind === 'api_error';
  const model = firstTextOf(attributes, ['gen_ai.response.model', 'gen_ai.request.model']);
  return ledgerEvent({
    ...spanPart(span, kind, cut(span.name, 128)),
    origin,
    model,
    requestId: firstTextOf(attributes, ['anthropic.request.id', 'gen_ai.response.id'], 128),
    toolUseId: textOf(attributes, 'gen_ai.tool.call.id', 128),
    toolName: textOf(attributes, 'gen_ai.tool.name'),
    agentId: textOf(attributes, 'gen_ai.agent.id', 128),
    agentName: textOf(attributes, 'gen_ai.agent.name', 128),
    isFailed: hasFailed(span),
    statusCode: countOf(attributes, 'http.response.status_code'),
    error: hasFailed(span) ? errorOf(span) : '',
    ...(isCall ? callFigures(span, model) : {}),
  });
}

function kindOf(operation: string, span: ObservedSpan, origin: LedgerOrigin): LedgerKind {
  if (operation === 'execute_tool') return 'tool_call';
  const isModelCall = operation === '' ? isGenAiSpan(span) : MODEL_OPERATIONS.has(operation);
  // The API reports a request and again every run of the model inside it; only the request is an HTTP exchange.
  const isRequest = origin !== 'server' || textOf(span.attributes, 'http.request.method') !== '';
  if (isModelCall && isRequest) return hasFailed(span) ? 'api_error' : 'api_request';
  return 'other';
}

function hasFailed(span: ObservedSpan): boolean {
  return span.statusCode === STATUS_ERROR || textOf(span.attributes, 'error.type') !== '';
}

function errorOf(span: ObservedSpan): string {
  const type = textOf(span.attributes, 'error.type');
  if (span.statusMessage === '' || span.statusMessage === type) return type;
  return cut(type === '' ? span.statusMessage : `${type}: ${span.statusMessage}`, MAX_ERROR_CHARS);
}

function callFigures(span: ObservedSpan, model: string): Partial<LedgerEvent> {
  const { attributes } = span;
  const tokens = conventionTokens(attributes);
  return {
    inputTokens: tokens.input,
    outputTokens: tokens.output,
    cacheReadTokens: tokens.cacheRead,
    cacheCreationTokens: tokens.cacheCreation,
    ttftMs: quantityOf(attributes, 'gen_ai.response.time_to_first_chunk') * 1000,
    attempts: attemptsOf(attributes),
    ...bookCost(model, tokens, span.startMs, priceModifiersOf(attributes)),
  };
}

/** 0 when the span does not tell. */
function attemptsOf(attributes: Attributes): number {
  const resent = numberOf(attributes, 'http.request.resend_count');
  if (resent !== undefined) return countOf(attributes, 'http.request.resend_count') + 1;
  return numberOf(attributes, 'http.response.status_code') === undefined ? 0 : 1;
}
