import { describe, expect, it } from 'vitest';
import { sessionOf, stateOf } from './session.ts';
import type { EventFacts, PointFacts } from './session-facts.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;

function eventFacts(changes: Partial<EventFacts> = {}): EventFacts {
  return {
    session_id: 's',
    origin: 'event',
    first_ms: NOW - 10_000,
    last_ms: NOW,
    client: 'claude-code',
    client_version: '2',
    user: 'u',
    demo: 0,
    activity: 5,
    timeline_rows: 5,
    models: ['m'],
    cost_micros: 100,
    unpriced: 0,
    input_tokens: 1,
    output_tokens: 2,
    cache_read_tokens: 3,
    cache_creation_tokens: 4,
    prompts: 1,
    api_requests: 1,
    api_errors: 0,
    tool_calls: 0,
    tool_failures: 0,
    edits_accepted: 0,
    edits_rejected: 0,
    last_call_kind: 'api_request',
    last_call_ms: NOW,
    last_prompt_ms: NOW - 5000,
    last_answer_ms: NOW - 5000,
    asked_from_ms: 0,
    asked_ms: 0,
    ...changes,
  };
}

function pointFacts(measure: string, total: number, part = ''): PointFacts {
  return {
    session_id: 's',
    measure,
    part,
    total,
    first_ms: NOW - 20_000,
    last_ms: NOW - 1000,
    client: 'claude-code',
    client_version: '2',
    user: 'u',
    demo: 0,
    models: ['counted-model'],
  };
}

describe('state', () => {
  it.each([
    [0, 'running'],
    [2 * MINUTE, 'running'],
    [2 * MINUTE + 1, 'idle'],
    [30 * MINUTE, 'idle'],
    [30 * MINUTE + 1, 'ended'],
    [-5 * MINUTE, 'running'],
  ])('%d ms after the last event: %s', (quietMs, state) => {
    expect(stateOf([eventFacts()], NOW, NOW + quietMs)).toBe(state);
  });

  it('a failed last request shows until a prompt or a request follows', () => {
    const failed = eventFacts({ last_call_kind: 'api_error' });
    expect(stateOf([failed], NOW, NOW + 60 * MINUTE)).toBe('error');
    expect(stateOf([{ ...failed, last_prompt_ms: NOW + 1 }], NOW + 1, NOW + 2)).toBe('running');
    const succeeded = eventFacts({ origin: 'span', last_call_ms: NOW + 1 });
    expect(stateOf([failed, succeeded], NOW + 1, NOW + 2)).toBe('running');
  });

  it('waits when the model wants a tool and nobody decided', () => {
    const span = eventFacts({
      origin: 'span',
      last_answer_ms: 0,
      last_prompt_ms: 0,
      asked_from_ms: NOW - 4000,
      asked_ms: NOW,
    });
    const event = eventFacts({ last_call_ms: NOW + 3 });
    expect(stateOf([event, span], NOW, NOW + 11_000)).toBe('waiting');
    expect(stateOf([event, span], NOW, NOW + 20 * MINUTE)).toBe('waiting');
    expect(stateOf([event, span], NOW, NOW + 31 * MINUTE)).toBe('ended');
    // An automatic decision is only on its way.
    expect(stateOf([event, span], NOW, NOW + 5000)).toBe('running');
    // Decided while the answer was still streaming; a later request; a later prompt.
    expect(stateOf([{ ...event, last_answer_ms: NOW - 100 }, span], NOW, NOW + 11_000)).toBe('running');
    expect(stateOf([{ ...event, last_call_ms: NOW + 5000 }, span], NOW, NOW + 11_000)).toBe('running');
    expect(stateOf([{ ...event, last_answer_ms: NOW + 9000 }, span], NOW, NOW + 11_000)).toBe('running');
  });
});

describe('which source is believed', () => {
  const counters = [
    pointFacts('cost', 700),
    pointFacts('tokens', 70, 'input'),
    pointFacts('lines', 9, 'added'),
  ];
  const span = eventFacts({ origin: 'span', cost_micros: 900, api_requests: 3, tool_calls: 2 });

  it('events, when they tell of requests', () => {
    const session = sessionOf('s', { events: [eventFacts(), span], points: counters }, NOW);
    expect(session).toMatchObject({
      cost_usd: 0.0001,
      input_tokens: 1,
      api_requests: 1,
      tool_calls: 0,
      lines_added: 9,
    });
  });

  it('counters for money and spans for requests, when events tell of none', () => {
    const prompt = eventFacts({ api_requests: 0, cost_micros: 0, input_tokens: 0 });
    const session = sessionOf('s', { events: [prompt, span], points: counters }, NOW);
    expect(session).toMatchObject({
      cost_usd: 0.0007,
      input_tokens: 70,
      api_requests: 3,
      models: ['counted-model'],
    });
  });

  it("spans, then the API's own spans", () => {
    const server = eventFacts({ origin: 'server', cost_micros: 999 });
    expect(sessionOf('s', { events: [server, span], points: [] }, NOW)).toMatchObject({ cost_usd: 0.0009 });
    expect(sessionOf('s', { events: [server], points: [] }, NOW)).toMatchObject({ cost_usd: 0.000999 });
  });

  it('an error event is enough for events to be believed about money', () => {
    const failed = eventFacts({ api_requests: 0, api_errors: 1, cost_micros: 0 });
    expect(sessionOf('s', { events: [failed], points: counters }, NOW)).toMatchObject({
      cost_usd: 0,
      api_errors: 1,
    });
  });

  it('a price that is missing makes the cost a lower bound', () => {
    expect(sessionOf('s', { events: [eventFacts({ unpriced: 1 })], points: [] }, NOW)!.cost_complete).toBe(
      false,
    );
  });
});

describe('what is a session', () => {
  it('not start-up records, a session count or active time alone', () => {
    const start = eventFacts({ activity: 0, prompts: 0, api_requests: 0 });
    const points = [pointFacts('session', 1, 'continue'), pointFacts('active_time', 500, 'cli')];
    expect(sessionOf('s', { events: [start], points }, NOW)).toBeUndefined();
    expect(sessionOf('s', { events: [], points: [] }, NOW)).toBeUndefined();
    expect(
      sessionOf('s', { events: [start], points: [...points, pointFacts('cost', 0)] }, NOW),
    ).toBeDefined();
  });

  it('begins with its first record and never after its last', () => {
    const session = sessionOf('s', { events: [eventFacts()], points: [pointFacts('cost', 1)] }, NOW);
    expect(session).toMatchObject({
      started_at: '2026-11-20T11:59:40.000Z',
      last_event_at: '2026-11-20T12:00:00.000Z',
    });
  });
});
