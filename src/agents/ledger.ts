import type {
  ObservedLog,
  ObservedPoint,
  ObservedSpan,
  Origin,
  TelemetryObserver,
} from '../model/telemetry.ts';
import type { Batch } from '../store/index.ts';
import { textOf } from './attributes.ts';
import { CLAUDE_CODE_PREFIX, claudeEventOf, eventNameOf } from './claude-events.ts';
import { appendPoint, measureOf, startOf } from './claude-points.ts';
import { claudeSpanOf } from './claude-spans.ts';
import { conversationOf, genAiSpanOf, isGenAiSpan } from './genai-spans.ts';
import { appendEvent, type LedgerEvent } from './ledger-event.ts';
import { ownerOf, type RecordOwner, type SenderFacts, senderFactsOf } from './owner.ts';
import { ScopeWatch, scopeFamilyOf } from './scope-watch.ts';

const MAX_SENDERS = 2000;
const MAX_TOUCHED = 10_000;

export interface AgentLedgerOptions {
  /** The batch under construction, as the writer has it now. */
  readonly batch: () => Batch;
  /** Told when a record could not be turned into a row because of a bug; the record itself is not affected. */
  readonly onFailure?: (message: string, error: unknown) => void;
}

/** Sessions that got new rows. */
export interface TouchedSessions {
  readonly sessionIds: readonly string[];
  /** True when there were more than are remembered (10 000); live views should then reload. */
  readonly isTruncated: boolean;
}

export interface AgentLedger extends TelemetryObserver {
  /** The sessions touched since the last call. Ask after a commit; rows of a batch that failed only cost a needless reload. */
  takeTouched(): TouchedSessions;
}

/**
 * Watches records go by and keeps the agent ledger: model requests, tool calls and prompts in `agent_events`, counters in
 * `agent_points`, appended to the same batch as the records themselves. Reads Claude Code's three signals, spans of the Claude SDK and
 * API, and spans of any instrumentation that follows the GenAI conventions.
 */
export function createAgentLedger(options: AgentLedgerOptions): AgentLedger {
  const recorder = new Recorder(options.batch);

  function guarded<T>(observe: (origin: Origin, record: T) => void, what: string) {
    return (origin: Origin, record: T): void => {
      try {
        observe(origin, record);
      } catch (error) {
        options.onFailure?.(`the agent ledger failed on a ${what}`, error);
      }
    };
  }

  return {
    wants: (signal, origin) => recorder.watch.wants(signal, origin),
    log: guarded<ObservedLog>((origin, log) => recorder.log(origin, log), 'log record'),
    span: guarded<ObservedSpan>((origin, span) => recorder.span(origin, span), 'span'),
    point: guarded<ObservedPoint>((origin, point) => recorder.point(origin, point), 'metric point'),
    takeTouched: () => recorder.takeTouched(),
  };
}

/** Decides what of a record belongs into the ledger, and writes it. */
class Recorder {
  readonly watch = new ScopeWatch();
  readonly #batch: () => Batch;
  readonly #senders = new Map<bigint, SenderFacts>();
  #touched = new Set<string>();
  #isTruncated = false;

  constructor(batch: () => Batch) {
    this.#batch = batch;
  }

  log(origin: Origin, log: ObservedLog): void {
    const isClaude = scopeFamilyOf(origin) === 'claude_code' || hasClaudePrefix(log);
    if (!isClaude || eventNameOf(log) === '') return;
    this.watch.found('logs', origin);
    this.#write(origin, claudeEventOf(log), textOf(log.attributes, 'session.id'));
  }

  span(origin: Origin, span: ObservedSpan): void {
    if (span.name.startsWith(CLAUDE_CODE_PREFIX)) {
      this.watch.found('traces', origin);
      this.#write(origin, claudeSpanOf(span), textOf(span.attributes, 'session.id'));
      return;
    }
    const family = scopeFamilyOf(origin);
    if (family !== 'claude_sdk' && family !== 'claude_api' && !isGenAiSpan(span)) return;
    this.watch.found('traces', origin);
    const conversation = conversationOf(span.attributes);
    // The API's side repeats what its callers report; without a conversation it cannot be set against them.
    if (family === 'claude_api' && conversation === '') return;
    this.#write(origin, genAiSpanOf(span, family === 'claude_api' ? 'server' : 'span'), conversation);
  }

  point(origin: Origin, point: ObservedPoint): void {
    const measure = measureOf(point);
    if (measure === undefined || !isTime(point.tsMs)) return;
    this.watch.found('metrics', origin);
    const owner = pointOwner(origin, this.#factsOf(origin), point);
    appendPoint(this.#batch(), owner, point, measure);
    this.#touch(owner.sessionId);
  }

  takeTouched(): TouchedSessions {
    const taken = { sessionIds: [...this.#touched], isTruncated: this.#isTruncated };
    this.#touched = new Set();
    this.#isTruncated = false;
    return taken;
  }

  #write(origin: Origin, event: LedgerEvent, sessionId: string): void {
    if (!isTime(event.tsMs)) return;
    const record = { attributes: event.attributes, sessionId, dayMs: event.tsMs };
    const owner = ownerOf(origin, this.#factsOf(origin), record);
    appendEvent(this.#batch(), owner, event);
    this.#touch(owner.sessionId);
  }

  /** Forgetting senders is harmless: what is known of one follows from its stream. */
  #factsOf(origin: Origin): SenderFacts {
    const known = this.#senders.get(origin.streamId);
    if (known !== undefined) return known;
    if (this.#senders.size >= MAX_SENDERS) this.#senders.clear();
    const facts = senderFactsOf(origin);
    this.#senders.set(origin.streamId, facts);
    return facts;
  }

  #touch(sessionId: string): void {
    if (this.#touched.size < MAX_TOUCHED) this.#touched.add(sessionId);
    else if (!this.#touched.has(sessionId)) this.#isTruncated = true;
  }
}

/** A series of totals stays in the session of the day it began, or every day would count the days before again. */
function pointOwner(origin: Origin, facts: SenderFacts, point: ObservedPoint): RecordOwner {
  return ownerOf(origin, facts, {
    attributes: point.attributes,
    sessionId: textOf(point.attributes, 'session.id'),
    dayMs: startOf(point) || point.tsMs,
  });
}

function hasClaudePrefix(log: ObservedLog): boolean {
  return log.body.startsWith(CLAUDE_CODE_PREFIX) || log.eventName.startsWith(CLAUDE_CODE_PREFIX);
}

/** Milliseconds that a DateTime64(3) can hold. */
function isTime(ms: number): boolean {
  return ms >= 0 && ms < 9_000_000_000_000;
}
