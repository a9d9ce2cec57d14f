import { describe, expect, it } from 'vitest';
import { timelineOfEvents, timelineOfSpans } from './timeline.ts';
import type { TimelineRow } from './timeline-rows.ts';

const AT = Date.UTC(2026, 10, 20, 12);
let count = 0;

function rowOf(changes: Partial<TimelineRow>): TimelineRow {
  return {
    id: `${++count}`,
    origin: 'event',
    kind: 'other',
    name: 'x',
    ts_ms: AT,
    sequence: 0,
    prompt_id: 'p',
    request_id: '',
    tool_use_id: '',
    agent_id: '',
    agent_name: '',
    model: '',
    query_source: 'main',
    tool_name: '',
    cost_micros: 0,
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_creation_tokens: 0,
    duration_ms: 0,
    attempts: 0,
    failed: 0,
    error: '',
    decision: '',
    decision_source: '',
    trace_hex: '',
    span_hex: '',
    parent_hex: '',
    attribute_keys: [],
    attribute_texts: [],
    attribute_types: '',
    ...changes,
  };
}

const shown = (entries: { kind: string; name: string }[]) =>
  entries.map((entry) => `${entry.kind} ${entry.name}`);

describe('from events', () => {
  it('an accepted decision is part of its call; without a result it stands alone', () => {
    const entries = timelineOfEvents(
      [
        rowOf({
          kind: 'tool_decision',
          tool_use_id: 't1',
          tool_name: 'Edit',
          decision: 'accept',
          decision_source: 'user_permanent',
        }),
        rowOf({ kind: 'tool_call', tool_use_id: 't1', tool_name: 'Edit', duration_ms: 50, ts_ms: AT + 100 }),
        rowOf({
          kind: 'tool_decision',
          tool_use_id: 't2',
          tool_name: 'Bash',
          decision: 'accept',
          ts_ms: AT + 200,
        }),
      ],
      [],
    );
    expect(shown(entries)).toEqual(['tool_call Edit', 'tool_decision Bash']);
    expect(entries[0]).toMatchObject({
      decision: 'accept',
      decision_source: 'user_permanent',
      start: '2026-11-20T12:00:00.050Z',
    });
  });

  it('the record about all attempts is part of its error, also across a second', () => {
    const exhausted = rowOf({
      kind: 'retries_exhausted',
      model: 'm',
      ts_ms: AT,
      attempts: 4,
      duration_ms: 9000,
    });
    const told = timelineOfEvents(
      [exhausted, rowOf({ kind: 'api_error', model: 'm', ts_ms: AT - 1, attempts: 3, failed: 1 })],
      [],
    );
    expect(told).toMatchObject([{ kind: 'api_error', attempts: 4, duration_ms: 9000 }]);
    expect(shown(timelineOfEvents([exhausted], []))).toEqual(['error x']);
    const other = rowOf({ kind: 'api_error', model: 'm', prompt_id: 'q' });
    expect(timelineOfEvents([exhausted, other], [])).toHaveLength(2);
  });

  it('leaves out what only begins, and names agents known by their id', () => {
    const entries = timelineOfEvents(
      [
        rowOf({ name: 'hook_execution_start' }),
        rowOf({ name: 'hook_execution_complete' }),
        rowOf({ kind: 'api_request', model: 'm', agent_id: 'a', agent_name: 'Explore' }),
        rowOf({ kind: 'tool_call', tool_name: 'Bash', agent_id: 'a' }),
        rowOf({ kind: 'command', tool_name: '/clear' }),
      ],
      [],
    );
    expect(shown(entries)).toEqual([
      'other hook_execution_complete',
      'api_request m',
      'tool_call Bash',
      'prompt /clear',
    ]);
    expect(entries[2]!.agent_name).toBe('Explore');
  });
});

describe('from spans alone', () => {
  const tool = rowOf({
    origin: 'span',
    kind: 'tool',
    tool_name: 'Bash',
    tool_use_id: 't',
    span_hex: 'aa',
    duration_ms: 900,
    ts_ms: AT + 900,
  });
  const wait = rowOf({
    origin: 'span',
    kind: 'tool_decision',
    parent_hex: 'aa',
    decision: 'accept',
    duration_ms: 800,
  });
  const run = rowOf({
    origin: 'span',
    kind: 'tool_call',
    parent_hex: 'aa',
    tool_use_id: 't',
    duration_ms: 90,
    failed: 1,
    error: 'E',
    ts_ms: AT + 899,
  });

  it('the three spans of a tool are one call', () => {
    expect(timelineOfSpans([wait, run, tool])).toMatchObject([
      {
        kind: 'tool_call',
        name: 'Bash',
        duration_ms: 90,
        failed: true,
        error: 'E',
        decision: 'accept',
        start: '2026-11-20T12:00:00.809Z',
        attributes: { blocked_on_user_ms: 800 },
      },
    ]);
  });

  it('without an execution it was only decided upon; without the outer span parts stand alone', () => {
    expect(timelineOfSpans([{ ...wait, decision: 'reject' }, tool])).toMatchObject([
      { kind: 'tool_decision', decision: 'reject' },
    ]);
    expect(
      timelineOfSpans([wait, run])
        .map((entry) => entry.kind)
        .sort(),
    ).toEqual(['tool_call', 'tool_decision']);
  });

  it("the API's own spans of requests give way to the caller's", () => {
    const mine = rowOf({ origin: 'span', kind: 'api_request', model: 'm' });
    const theirs = rowOf({ origin: 'server', kind: 'api_request', model: 'm' });
    expect(timelineOfSpans([mine, theirs])).toHaveLength(1);
    expect(timelineOfSpans([theirs])).toHaveLength(1);
  });
});
