import type { Attributes } from '../model/telemetry.ts';
import { firstTextOf, textOf } from './attributes.ts';

/** Who caused a model request. */
export interface QuerySource {
  /** `main`, `subagent` or `auxiliary`, as the client's metrics have it. */
  readonly source: string;
  readonly agentId: string;
  /** Empty in the main thread. */
  readonly agentName: string;
}

/**
 * Brings the detailed sources of events (`repl_main_thread`, `sdk`, `compact`, `agent:builtin:Explore`) and of spans
 * (`agent.builtin.Explore`) to the three classes of metrics. What is neither the main thread nor an agent serves the client itself
 * (compaction, titles, suggestions): `auxiliary`.
 */
export function querySourceOf(attributes: Attributes): QuerySource {
  const raw = firstTextOf(attributes, ['query_source', 'query_source_safe']);
  const agentId = textOf(attributes, 'agent_id', 128);
  const named = firstTextOf(attributes, ['agent.name', 'agent_type'], 128);
  return { source: classOf(raw, agentId), agentId, agentName: named || agentNameIn(raw) };
}

function classOf(raw: string, agentId: string): string {
  if (raw === '') return agentId === '' ? 'main' : 'subagent';
  if (raw === 'main' || raw === 'subagent' || raw === 'auxiliary') return raw;
  if (raw.startsWith('repl_main_thread') || raw === 'sdk') return 'main';
  return /^agent[:.]/.test(raw) ? 'subagent' : 'auxiliary';
}

/** `agent:builtin:Explore` gives `Explore`, `agent:custom` gives `custom`. */
function agentNameIn(raw: string): string {
  const match = /^agent[:.](?:[a-z-]+[:.])?(.+)$/.exec(raw);
  return match === null ? '' : match[1]!;
}
