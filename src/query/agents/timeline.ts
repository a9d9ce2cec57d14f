import type { TimelineEntry, TimelineKind } from '../../contract/index.ts';
import { formatTime } from '../../lib/time.ts';
import { usdOf } from './reader.ts';
import type { TimelineRow } from './timeline-rows.ts';
import { type TypedValue, typedAttributes } from './typed-attributes.ts';

/** Most entries sent. */
export const MAX_TIMELINE_ENTRIES = 20_000;

/** The two records of one failed request lie in the same or in neighbouring intervals of this length. */
const SAME_FAILURE_MS = 1000;

/** Events that only begin what another event tells when it ends. */
const BEGINNINGS: ReadonlySet<string> = new Set(['hook_execution_start']);

/** Kinds of the ledger that the API calls differently. */
const SHOWN_AS: Readonly<Record<string, TimelineKind>> = {
  prompt: 'prompt',
  command: 'prompt',
  api_request: 'api_request',
  api_error: 'api_error',
  tool_call: 'tool_call',
  tool: 'tool_call',
  tool_decision: 'tool_decision',
  subagent: 'subagent',
  compaction: 'compaction',
  refusal: 'refusal',
  retries_exhausted: 'error',
  error: 'error',
};

/** What an entry takes from other rows that tell about the same thing. */
interface Overlay {
  readonly kind?: TimelineKind;
  readonly name?: string;
  readonly endMs?: number;
  readonly durationMs?: number;
  readonly attempts?: number;
  readonly isFailed?: boolean;
  readonly error?: string;
  readonly decision?: string;
  readonly decisionSource?: string;
  readonly attributes?: Readonly<Record<string, TypedValue>>;
}

/**
 * The timeline of a session from its events, enriched by its spans: attempts, waits between them and waits for permission are on
 * spans only. What an event and a span both tell is one entry.
 *
 * @param events rows of origin `event`, ascending by time. @param spans all other rows.
 */
export function timelineOfEvents(
  events: readonly TimelineRow[],
  spans: readonly TimelineRow[],
): TimelineEntry[] {
  const joined = new SpanIndex(spans);
  const facts = new EventIndex(events);
  const entries: TimelineEntry[] = [];
  for (const row of events) {
    const overlay = eventOverlay(row, facts, joined);
    if (overlay !== undefined) entries.push(entryOf(row, overlay, facts.agentNames));
  }
  return sorted(entries);
}

/** The timeline of a session that only has spans. */
export function timelineOfSpans(spans: readonly TimelineRow[]): TimelineEntry[] {
  const joined = new SpanIndex(spans);
  const agentNames = agentNamesOf(spans);
  const entries: TimelineEntry[] = [];
  for (const row of spans) {
    const overlay = spanOverlay(row, joined);
    if (overlay !== undefined) entries.push(entryOf(row, overlay, agentNames));
  }
  return sorted(entries);
}

/** Undefined when another entry tells the same. */
function eventOverlay(row: TimelineRow, facts: EventIndex, spans: SpanIndex): Overlay | undefined {
  switch (row.kind) {
    case 'prompt':
    case 'command':
      return { durationMs: spans.interactions.get(row.span_hex)?.duration_ms ?? 0 };
    case 'api_request':
      return requestOverlay(spans.calls.get(row.request_id));
    case 'api_error':
      return {
        ...failureOverlay(facts.exhaustedWith(row)),
        ...requestOverlay(spans.calls.get(row.request_id)),
      };
    case 'retries_exhausted':
      return facts.isToldByError(row) ? undefined : {};
    case 'tool_call':
      return toolOverlay(row, facts, spans);
    case 'tool_decision':
      return facts.calledTools.has(row.tool_use_id) ? undefined : waitOverlay(row, spans);
    default:
      return BEGINNINGS.has(row.name) ? undefined : {};
  }
}

/** The span of a request covers all attempts, the event only the last one. */
function requestOverlay(span: TimelineRow | undefined): Overlay {
  if (span === undefined) return {};
  return { endMs: span.ts_ms, durationMs: span.duration_ms, attempts: span.attempts };
}

function failureOverlay(exhausted: TimelineRow | undefined): Overlay {
  if (exhausted === undefined) return {};
  return {
    attempts: exhausted.attempts,
    durationMs: exhausted.duration_ms,
    attributes: { total_attempts: exhausted.attempts, total_retry_duration_ms: exhausted.duration_ms },
  };
}

function toolOverlay(row: TimelineRow, facts: EventIndex, spans: SpanIndex): Overlay {
  const decision = facts.decisions.get(row.tool_use_id);
  const wait = waitOverlay(row, spans);
  return {
    ...wait,
    endMs: undefined,
    durationMs: undefined,
    decision: row.decision || decision?.decision || wait.decision,
    decisionSource: row.decision_source || decision?.decision_source || wait.decisionSource,
  };
}

/** How long somebody was asked, and the tool's full name, which events hide for tools of MCP servers. */
function waitOverlay(row: TimelineRow, spans: SpanIndex): Overlay {
  const tool = spans.tools.get(row.tool_use_id);
  if (tool === undefined) return {};
  const wait = spans.waits.get(tool.span_hex);
  return {
    name: tool.tool_name || row.tool_name,
    ...(wait === undefined
      ? {}
      : {
          durationMs: wait.duration_ms,
          decision: wait.decision,
          decisionSource: wait.decision_source,
          attributes: { blocked_on_user_ms: wait.duration_ms },
        }),
  };
}

function spanOverlay(row: TimelineRow, spans: SpanIndex): Overlay | undefined {
  // The API's own account of requests is shown only where the caller gave none.
  const isRepeated = row.origin === 'server' && spans.hasClientCalls;
  if (isRepeated && (row.kind === 'api_request' || row.kind === 'api_error')) return undefined;
  if (row.kind === 'tool') return toolSpanOverlay(row, spans);
  if (row.kind === 'tool_call') return spans.hasToolAround(row) ? undefined : {};
  if (row.kind === 'tool_decision') return spans.toolSpans.has(row.parent_hex) ? undefined : {};
  return {};
}

/** A tool with an execution inside was called; one without was only decided upon. */
function toolSpanOverlay(row: TimelineRow, spans: SpanIndex): Overlay {
  const execution = spans.executions.get(row.tool_use_id) ?? spans.executionsByParent.get(row.span_hex);
  const wait = spans.waits.get(row.span_hex);
  const decided: Overlay = {
    decision: wait?.decision,
    decisionSource: wait?.decision_source,
    attributes: wait === undefined ? undefined : { blocked_on_user_ms: wait.duration_ms },
  };
  if (execution === undefined) return { ...decided, kind: 'tool_decision' };
  return {
    ...decided,
    endMs: execution.ts_ms,
    durationMs: execution.duration_ms,
    isFailed: execution.failed === 1,
    error: execution.error,
  };
}

function entryOf(row: TimelineRow, overlay: Overlay, agentNames: ReadonlyMap<string, string>): TimelineEntry {
  const durationMs = overlay.durationMs ?? row.duration_ms;
  const isPrompt = row.kind === 'prompt' || row.kind === 'command';
  // A prompt's event is written when it begins, everything else when it ends.
  const startMs = isPrompt && row.origin === 'event' ? row.ts_ms : (overlay.endMs ?? row.ts_ms) - durationMs;
  return {
    id: row.id,
    kind: overlay.kind ?? SHOWN_AS[row.kind] ?? 'other',
    name: overlay.name || nameOf(row),
    start: formatTime(Math.max(0, Math.floor(startMs))),
    duration_ms: durationMs,
    cost_usd: usdOf(row.cost_micros),
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    cache_read_tokens: row.cache_read_tokens,
    cache_creation_tokens: row.cache_creation_tokens,
    model: row.model,
    attempts: overlay.attempts || row.attempts,
    failed: overlay.isFailed ?? row.failed === 1,
    error: overlay.error || row.error,
    decision: overlay.decision || row.decision,
    decision_source: overlay.decisionSource || row.decision_source,
    prompt_id: row.prompt_id,
    agent_id: row.agent_id,
    agent_name: row.agent_name || (agentNames.get(row.agent_id) ?? ''),
    query_source: row.query_source,
    trace_id: row.trace_hex,
    span_id: row.span_hex,
    attributes: {
      ...typedAttributes(row.attribute_keys, row.attribute_texts, row.attribute_types),
      ...overlay.attributes,
    },
  };
}

function nameOf(row: TimelineRow): string {
  switch (row.kind) {
    case 'api_request':
    case 'api_error':
    case 'refusal':
      return row.model || row.name;
    case 'tool':
    case 'tool_call':
    case 'tool_decision':
    case 'command':
      return row.tool_name || row.name;
    case 'subagent':
      return row.agent_name || row.name;
    default:
      return row.name;
  }
}

function sorted(entries: TimelineEntry[]): TimelineEntry[] {
  // Stable: entries that begin together stay in the order of their rows.
  return entries.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
}

/** Some records of a subagent carry only its id; others of the same agent have the name. */
function agentNamesOf(rows: readonly TimelineRow[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const row of rows)
    if (row.agent_id !== '' && row.agent_name !== '') names.set(row.agent_id, row.agent_name);
  return names;
}

/** Events of a session by what joins them. */
class EventIndex {
  readonly decisions = new Map<string, TimelineRow>();
  readonly calledTools = new Set<string>();
  readonly agentNames: ReadonlyMap<string, string>;
  readonly #errors = new Map<string, TimelineRow>();
  readonly #exhausted = new Map<string, TimelineRow>();

  constructor(rows: readonly TimelineRow[]) {
    this.agentNames = agentNamesOf(rows);
    for (const row of rows) {
      if (row.kind === 'api_error') this.#errors.set(failureKey(row, 0), row);
      else if (row.kind === 'retries_exhausted') this.#exhausted.set(failureKey(row, 0), row);
      else if (row.tool_use_id === '') continue;
      else if (row.kind === 'tool_decision') this.decisions.set(row.tool_use_id, row);
      else if (row.kind === 'tool_call') this.calledTools.add(row.tool_use_id);
    }
  }

  /** The record about all attempts that belongs to a final error. */
  exhaustedWith(error: TimelineRow): TimelineRow | undefined {
    return sameFailure(this.#exhausted, error);
  }

  isToldByError(exhausted: TimelineRow): boolean {
    return sameFailure(this.#errors, exhausted) !== undefined;
  }
}

/** The two records of a failed request share prompt and model, and about the time; `shift` looks into the neighbouring seconds. */
function failureKey(row: TimelineRow, shift: number): string {
  return `${Math.floor(row.ts_ms / SAME_FAILURE_MS) + shift}\n${row.model}\n${row.prompt_id}`;
}

function sameFailure(rows: ReadonlyMap<string, TimelineRow>, row: TimelineRow): TimelineRow | undefined {
  for (const shift of [0, 1, -1]) {
    const found = rows.get(failureKey(row, shift));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Spans of a session by what joins them with events and with each other. */
class SpanIndex {
  /** Spans around a prompt and all it caused, by their own id, which the prompt's event carries. */
  readonly interactions = new Map<string, TimelineRow>();
  readonly calls = new Map<string, TimelineRow>();
  /** Spans around decision and execution, by tool use. */
  readonly tools = new Map<string, TimelineRow>();
  readonly toolSpans = new Set<string>();
  readonly executions = new Map<string, TimelineRow>();
  readonly executionsByParent = new Map<string, TimelineRow>();
  /** Waits for permission, by the span of the tool. */
  readonly waits = new Map<string, TimelineRow>();
  hasClientCalls = false;

  constructor(rows: readonly TimelineRow[]) {
    for (const row of rows) this.#add(row);
  }

  /** Whether the tool's own span is there, which then tells about the execution too. */
  hasToolAround(execution: TimelineRow): boolean {
    return this.toolSpans.has(execution.parent_hex) || this.tools.has(execution.tool_use_id);
  }

  #add(row: TimelineRow): void {
    switch (row.kind) {
      case 'prompt':
      case 'command':
        this.interactions.set(row.span_hex, row);
        break;
      case 'api_request':
      case 'api_error':
        if (row.request_id !== '') this.calls.set(row.request_id, row);
        if (row.origin === 'span') this.hasClientCalls = true;
        break;
      case 'tool':
        this.toolSpans.add(row.span_hex);
        if (row.tool_use_id !== '') this.tools.set(row.tool_use_id, row);
        break;
      case 'tool_call':
        if (row.tool_use_id !== '') this.executions.set(row.tool_use_id, row);
        this.executionsByParent.set(row.parent_hex, row);
        break;
      case 'tool_decision':
        this.waits.set(row.parent_hex, row);
        break;
    }
  }
}
