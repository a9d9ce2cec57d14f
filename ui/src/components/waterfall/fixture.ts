import type { TimelineEntry } from '@contract';

/** A timeline entry for tests, `atS` seconds after a fixed start. */
export function entryAt(atS: number, fields: Partial<TimelineEntry> & { id: string }): TimelineEntry {
  return {
    kind: 'other',
    name: '',
    start: new Date(Date.UTC(2026, 10, 20, 14) + atS * 1000).toISOString(),
    duration_ms: 0,
    cost_usd: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_creation_tokens: 0,
    model: '',
    attempts: 0,
    failed: false,
    error: '',
    decision: '',
    decision_source: '',
    prompt_id: '',
    agent_id: '',
    agent_name: '',
    query_source: '',
    trace_id: '',
    span_id: '',
    attributes: {},
    ...fields,
  };
}

const sample: readonly TimelineEntry[] = [
  entryAt(0, { id: 'p1', kind: 'prompt', prompt_id: 'A', attributes: { prompt: '<REDACTED>' } }),
  entryAt(1, {
    id: 'r1',
    kind: 'api_request',
    name: 'opus',
    prompt_id: 'A',
    duration_ms: 2000,
    cost_usd: 0.1,
    input_tokens: 5,
    output_tokens: 10,
  }),
  entryAt(3, {
    id: 'd1',
    kind: 'tool_decision',
    name: 'Bash',
    prompt_id: 'A',
    decision: 'accept',
    attributes: { tool_use_id: 't1' },
  }),
  entryAt(3, {
    id: 't1',
    kind: 'tool_call',
    name: 'Bash',
    prompt_id: 'A',
    duration_ms: 1000,
    attributes: { tool_use_id: 't1' },
  }),
  entryAt(5, {
    id: 's1',
    kind: 'subagent',
    name: 'Explore',
    prompt_id: 'A',
    agent_id: 'x',
    duration_ms: 10_000,
    cost_usd: 0.2,
  }),
  entryAt(6, {
    id: 'r2',
    kind: 'api_request',
    name: 'haiku',
    prompt_id: 'A',
    agent_id: 'x',
    duration_ms: 3000,
    cost_usd: 0.2,
  }),
  entryAt(10, {
    id: 't2',
    kind: 'tool_call',
    name: 'Read',
    prompt_id: 'A',
    agent_id: 'x',
    duration_ms: 500,
    failed: true,
  }),
  entryAt(200, { id: 'p2', kind: 'prompt', prompt_id: 'B' }),
  entryAt(201, {
    id: 'd2',
    kind: 'tool_decision',
    name: 'Write',
    prompt_id: 'B',
    decision: 'reject',
    attributes: { tool_use_id: 't9' },
  }),
  entryAt(202, {
    id: 'r3',
    kind: 'api_request',
    name: 'opus',
    prompt_id: 'B',
    duration_ms: 1000,
    cost_usd: 0.5,
    agent_id: '',
  }),
];

/** Two prompts, a subagent with its own work, a folded and a kept decision, and a quiet stretch before the second prompt. */
export function sampleTimeline(): TimelineEntry[] {
  return [...sample];
}
