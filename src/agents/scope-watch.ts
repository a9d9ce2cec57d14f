import type { Origin, TelemetrySignal } from '../model/telemetry.ts';

/** What the names of a sender promise. */
export type ScopeFamily = 'claude_code' | 'claude_sdk' | 'claude_api' | 'genai' | 'unknown';

const CLAUDE_CODE_SERVICES: ReadonlySet<string> = new Set(['claude-code', 'claude-code-desktop']);

/** Words in the scope names of instrumentations that follow the GenAI conventions. */
const GENAI_SCOPE =
  /gen.?ai|anthropic|claude|openai|openinference|openllmetry|traceloop|openlit|langchain|langgraph|llama|litellm|pydantic|bedrock|vertex|crewai|autogen|strands|smolagents|semantic.?kernel|spring\.ai|mlflow|langfuse|logfire|\bllm|\bai\b/i;

const TRIAL_REQUESTS = 16;
const PROBE_EVERY = 64;
const MAX_SCOPES = 2000;

interface Trial {
  seen: number;
  isKnown: boolean;
}

/** What the sender of a scope is, by its names alone. */
export function scopeFamilyOf(origin: Origin): ScopeFamily {
  const scope = origin.scopeName;
  if (scope.startsWith('com.anthropic.claude_code')) return 'claude_code';
  if (scope.startsWith('com.anthropic.sdk')) return 'claude_sdk';
  if (scope.startsWith('com.anthropic.claude-platform')) return 'claude_api';
  if (CLAUDE_CODE_SERVICES.has(origin.serviceName)) return 'claude_code';
  return GENAI_SCOPE.test(scope) ? 'genai' : 'unknown';
}

/**
 * Decides which scopes of unknown name are worth looking into.
 *
 * A collector may rename scopes and services, and any program may write GenAI attributes, but to look at every record of every sender
 * would cost as much as storing it twice. So a new scope is looked into for its first requests and now and then later, and for good once
 * something for the ledger was found in it.
 */
export class ScopeWatch {
  readonly #trials = new Map<string, Trial>();

  /** Whether the records of this request's scope should be looked at. */
  wants(signal: TelemetrySignal, origin: Origin): boolean {
    const family = scopeFamilyOf(origin);
    if (family === 'claude_code') return true;
    if (family !== 'unknown') return signal === 'traces';
    const trial = this.#trialOf(signal, origin);
    trial.seen++;
    return trial.isKnown || trial.seen <= TRIAL_REQUESTS || trial.seen % PROBE_EVERY === 0;
  }

  /** Something for the ledger was found in a scope of unknown name. */
  found(signal: TelemetrySignal, origin: Origin): void {
    if (scopeFamilyOf(origin) === 'unknown') this.#trialOf(signal, origin).isKnown = true;
  }

  #trialOf(signal: TelemetrySignal, origin: Origin): Trial {
    const key = `${signal}\n${origin.serviceName}\n${origin.scopeName}`;
    const known = this.#trials.get(key);
    if (known !== undefined) return known;
    // Starting over is harmless: scopes in use prove themselves again with their next request.
    if (this.#trials.size >= MAX_SCOPES) this.#trials.clear();
    const trial = { seen: 0, isKnown: false };
    this.#trials.set(key, trial);
    return trial;
  }
}
