import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  overview as overviewSchema,
  type Session,
  type SessionDetail,
  sessionDetail,
  sessionList,
  type UsageGroupBy,
  usageGroupBy,
  usage as usageSchema,
} from '../src/contract/index.ts';
import type { TelemetrySignal } from '../src/model/telemetry.ts';
import { LedgerLab, RECORDED_BY_MS, type Recording, recordingsIn, sessionsIn } from './agent-ledger-kit.ts';

/*
 * Every recorded run of the real client, through the real decoders, ledger and engine, compared with what the recordings' README says.
 * Each run has a session of its own, so all of them are loaded together.
 */

const RANGE = { from: '2026-11-20T00:00:00Z', to: '2026-11-22T00:00:00Z' };
const recordings = recordingsIn('claude-code');
const scenarios = [...new Set(recordings.map((r) => r.scenario))];

/** Which session belongs to which scenario, from the recorded bytes. */
const sessionIds = new Map<string, string>();

/** USD millionths, whole numbers. */
function micros(session: { cost_usd: number }): number {
  return Math.round(session.cost_usd * 1e6);
}

function ofSignals(...signals: TelemetrySignal[]): Recording[] {
  return recordings.filter((recording) => signals.includes(recording.signal));
}

async function allSessions(lab: LedgerLab): Promise<Session[]> {
  const sessions: Session[] = [];
  let cursor: string | undefined;
  do {
    const page = await lab.queries.listSessions({ ...RANGE, limit: 7, cursor }, RECORDED_BY_MS);
    sessions.push(...page.sessions);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return sessions;
}

/** Sessions by scenario, from one source of signals. */
async function load(lab: LedgerLab, sent: readonly Recording[]): Promise<Map<string, Session>> {
  lab.empty();
  lab.send(sent);
  const byId = new Map((await allSessions(lab)).map((session) => [session.session_id, session]));
  return new Map(
    [...sessionIds].flatMap(([scenario, id]) => {
      const session = byId.get(id);
      return session === undefined ? [] : [[scenario, session] as const];
    }),
  );
}

let lab: LedgerLab;
let all: Map<string, Session>;
let logs: Map<string, Session>;
let metrics: Map<string, Session>;
let traces: Map<string, Session>;
let repeated: Map<string, Session>;

beforeAll(async () => {
  lab = new LedgerLab();
  for (const scenario of scenarios) {
    const [id] = sessionsIn(recordings.filter((r) => r.scenario === scenario && r.signal === 'traces'));
    sessionIds.set(scenario, id!);
  }
  logs = await load(lab, ofSignals('logs'));
  metrics = await load(lab, ofSignals('metrics'));
  traces = await load(lab, ofSignals('traces'));
  all = await load(lab, recordings);
  lab.send(recordings);
  lab.send(recordings.toReversed());
  repeated = new Map();
  for (const session of await allSessions(lab)) {
    const scenario = [...sessionIds].find(([, id]) => id === session.session_id)?.[0];
    repeated.set(scenario!, session);
  }
}, 180_000);

afterAll(() => lab?.close());

function get(sessions: ReadonlyMap<string, Session>, scenario: string): Session {
  const session = sessions.get(scenario);
  if (session === undefined) throw new Error(`no session for ${scenario}`);
  return session;
}

async function detailOf(scenario: string): Promise<SessionDetail> {
  return (await lab.queries.getSession(sessionIds.get(scenario)!, RECORDED_BY_MS))!;
}

describe('the recorded runs', () => {
  it('are one session each, and the throw-away id of --continue is none', () => {
    expect(new Set(sessionIds.values()).size).toBe(scenarios.length);
    expect([...all.keys()].sort()).toEqual([...scenarios].sort());
    expect([...repeated.keys()].sort()).toEqual([...scenarios].sort());
  });

  it('simple', () => {
    expect(get(all, 'simple')).toMatchObject({
      client: 'claude-code',
      client_version: '2.1.329',
      user: expect.stringMatching(/^[0-9a-f]{64}$/),
      models: ['claude-sonnet-5-5'],
      started_at: '2026-11-20T22:58:03.073Z',
      last_event_at: '2026-11-20T22:58:03.378Z',
      state: 'ended',
      cost_usd: 0.034414,
      cost_complete: true,
      input_tokens: 12,
      output_tokens: 64,
      cache_read_tokens: 0,
      cache_creation_tokens: 13_500,
      prompts: 1,
      api_requests: 1,
      api_errors: 0,
      tool_calls: 0,
      active_time_s: 0.236,
      demo: false,
    });
  });

  it.each([
    'tools',
    'tools-detail',
    'tools-detail-json',
    'tools-grpc',
    'tools-cumulative',
    'tools-gzip',
    'agent-sdk',
  ])('%s: 5 requests, 5 tool calls, 5 lines, 0.048074 USD', (scenario) => {
    expect(get(all, scenario)).toMatchObject({
      cost_usd: 0.048074,
      api_requests: 5,
      prompts: 1,
      tool_calls: 5,
      tool_failures: 0,
      edits_accepted: 2,
      edits_rejected: 0,
      lines_added: 5,
      lines_removed: 1,
      input_tokens: 46,
      output_tokens: 514,
      cache_read_tokens: 55_920,
      cache_creation_tokens: 14_900,
    });
  });

  it('tools-v2.1.197: the same tokens at the prices of Sonnet 4.5', () => {
    expect(get(all, 'tools-v2.1.197')).toMatchObject({
      cost_usd: 0.080499,
      client_version: '2.1.197',
      models: ['claude-sonnet-4-5'],
      api_requests: 5,
      tool_calls: 5,
      lines_added: 5,
      input_tokens: 46,
      cache_creation_tokens: 14_900,
    });
  });

  it('retry-then-success: no error, and the three attempts show on the timeline', async () => {
    expect(get(all, 'retry-then-success')).toMatchObject({
      api_requests: 1,
      api_errors: 0,
      cost_usd: 0.034414,
    });
    const { timeline } = await detailOf('retry-then-success');
    const [request] = timeline.filter((entry) => entry.kind === 'api_request');
    expect(request).toMatchObject({ attempts: 3, duration_ms: 2314, failed: false, cost_usd: 0.034414 });
    expect(request!.start).toBe('2026-11-20T22:58:11.677Z');
    expect(request!.attributes.duration_ms).toBe(57);
  });

  it.each([
    'errors-exhausted',
    'errors-exhausted-json',
    'errors-exhausted-grpc',
    'errors-exhausted-v2.1.197',
  ])('%s: one error after three attempts, no cost', async (scenario) => {
    expect(get(all, scenario)).toMatchObject({
      api_requests: 0,
      api_errors: 1,
      cost_usd: 0,
      cost_complete: true,
      state: 'error',
    });
    const { timeline } = await detailOf(scenario);
    const errors = timeline.filter((entry) => entry.failed);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ kind: 'api_error', attempts: 3, error: 'Internal server error' });
    expect(errors[0]!.attributes).toMatchObject({ status_code: 500, total_attempts: 3 });
  });

  it('error-400 and error-401', () => {
    expect(get(all, 'error-400')).toMatchObject({ api_errors: 1, api_requests: 0, state: 'error' });
    expect(get(all, 'error-401')).toMatchObject({ api_errors: 1, api_requests: 0, state: 'error' });
  });

  it.each(['multi-turn', 'multi-turn-json', 'multi-turn-grpc', 'multi-turn-cumulative'])(
    '%s: three prompts, 0.050474 USD',
    (scenario) => {
      for (const sessions of [all, logs, metrics, traces, repeated]) {
        expect(get(sessions, scenario)).toMatchObject({
          cost_usd: 0.050474,
          input_tokens: 57,
          output_tokens: 504,
          cache_read_tokens: 70_700,
          cache_creation_tokens: 15_300,
        });
      }
      expect(get(all, scenario)).toMatchObject({ prompts: 3, api_requests: 6, tool_calls: 3 });
    },
  );

  it('delta and cumulative counters give the same active time, to the millisecond', () => {
    expect(get(metrics, 'multi-turn').active_time_s).toBe(6.616);
    expect(get(metrics, 'multi-turn-cumulative').active_time_s).toBeGreaterThan(6);
    expect(get(metrics, 'multi-turn-cumulative').active_time_s).toBeLessThan(7);
  });

  it('compact: two processes, one session; the compaction is not a prompt', async () => {
    expect(get(all, 'compact')).toMatchObject({ prompts: 1, api_requests: 2, cost_usd: 0.037298 });
    const { timeline } = await detailOf('compact');
    expect(timeline.filter((entry) => entry.kind === 'compaction')).toMatchObject([
      { duration_ms: 133, failed: false, attributes: { trigger: 'manual', pre_tokens: '2665' } },
    ]);
    expect(timeline.filter((entry) => entry.kind === 'prompt').map((entry) => entry.name)).toEqual([
      'user_prompt',
      '/compact',
    ]);
  });

  it('resume: the second process belongs to the same session', () => {
    expect(get(all, 'resume')).toMatchObject({ prompts: 2, api_requests: 2, cost_usd: 0.037298 });
  });

  it('interactive: one accepted, one rejected tool, and keyboard time', async () => {
    expect(get(all, 'interactive')).toMatchObject({
      prompts: 2,
      tool_calls: 1,
      edits_accepted: 1,
      edits_rejected: 0,
      cost_usd: 0.040346,
      lines_added: 2,
      active_time_s: 8.061,
    });
    const { timeline } = await detailOf('interactive');
    const tools = timeline.filter((entry) => entry.kind === 'tool_call' || entry.kind === 'tool_decision');
    expect(tools).toMatchObject([
      {
        kind: 'tool_call',
        name: 'Write',
        decision: 'accept',
        decision_source: 'user_temporary',
        duration_ms: 52,
        start: '2026-11-20T22:58:46.700Z',
        attributes: { blocked_on_user_ms: 2034 },
      },
      {
        kind: 'tool_decision',
        name: 'Bash',
        decision: 'reject',
        decision_source: 'user_reject',
        duration_ms: 1313,
        attributes: { blocked_on_user_ms: 1313 },
      },
    ]);
  });

  it('tool-reject: rejected tools are decisions, not calls', async () => {
    expect(get(all, 'tool-reject')).toMatchObject({ tool_calls: 0, edits_accepted: 0, edits_rejected: 1 });
    const { timeline } = await detailOf('tool-reject');
    expect(timeline.filter((entry) => entry.kind === 'tool_call')).toEqual([]);
    expect(timeline.filter((entry) => entry.kind === 'tool_decision')).toMatchObject([
      { name: 'Bash', decision: 'reject' },
      { name: 'Write', decision: 'reject' },
    ]);
  });

  it('tool-failure: both calls failed', async () => {
    expect(get(all, 'tool-failure')).toMatchObject({ tool_calls: 2, tool_failures: 2 });
    const { timeline } = await detailOf('tool-failure');
    expect(timeline.filter((entry) => entry.kind === 'tool_call')).toMatchObject([
      { name: 'Read', failed: true, error: 'TelemetrySafeError' },
      { name: 'Bash', failed: true, error: 'ShellError' },
    ]);
  });

  it('git-commit-pr', () => {
    expect(get(all, 'git-commit-pr')).toMatchObject({ commits: 1, pull_requests: 1, tool_calls: 2 });
  });

  it('refusal: a refusal comes with a request', async () => {
    expect(get(all, 'refusal')).toMatchObject({ api_requests: 2, api_errors: 0, cost_usd: 0.037298 });
    const { timeline } = await detailOf('refusal');
    expect(timeline.filter((entry) => entry.kind === 'refusal')).toHaveLength(2);
  });

  it('mcp: the span gives the name that the event hides', async () => {
    const { timeline } = await detailOf('mcp');
    expect(timeline.filter((entry) => entry.kind === 'tool_call')).toMatchObject([
      { name: 'mcp__demo__ping', duration_ms: 9 },
    ]);
  });

  it('two-models: the subagent is told apart', async () => {
    const detail = await detailOf('two-models');
    expect(detail.models).toEqual(['claude-haiku-5-5', 'claude-opus-4-6']);
    // The client rounds each request's millionths; its counters round none.
    expect(Math.abs(micros(detail) - 109_627.4)).toBeLessThan(1);
    const subagents = detail.timeline.filter((entry) => entry.kind === 'subagent');
    expect(subagents).toMatchObject([{ name: 'Explore', duration_ms: 221, model: 'claude-haiku-5-5' }]);
    const bash = detail.timeline.find((entry) => entry.kind === 'tool_call' && entry.name === 'Bash');
    expect(bash).toMatchObject({ agent_name: 'Explore', query_source: 'subagent' });
  });

  it('resource-attrs: the client may have another name', () => {
    expect(get(all, 'resource-attrs')).toMatchObject({ client: 'my-bot', client_version: '2.1.329' });
  });

  it('low-cardinality: without a session id the three signals still meet', () => {
    const id = sessionIds.get('low-cardinality')!;
    expect(id).toMatch(/^no-session:[0-9a-f]{16}$/);
    for (const sessions of [all, logs, metrics, traces]) {
      expect(get(sessions, 'low-cardinality')).toMatchObject({ session_id: id, cost_usd: 0.034414 });
    }
  });
});

describe('sources of the same spend', () => {
  const spending = scenarios.filter((scenario) => !scenario.startsWith('error'));

  it.each(spending)('%s: events, counters and spans agree, alone and together', (scenario) => {
    const together = get(all, scenario);
    for (const alone of [get(logs, scenario), get(metrics, scenario), get(traces, scenario)]) {
      // One request of Haiku 5.5 is rounded by the client to a whole millionth.
      expect(Math.abs(micros(alone) - micros(together))).toBeLessThanOrEqual(
        scenario === 'two-models' ? 1 : 0,
      );
      expect(alone).toMatchObject({
        input_tokens: together.input_tokens,
        output_tokens: together.output_tokens,
        cache_read_tokens: together.cache_read_tokens,
        cache_creation_tokens: together.cache_creation_tokens,
        models: together.models,
      });
    }
  });

  it.each(scenarios)('%s: spans alone count the same requests, errors and tools', (scenario) => {
    const { api_requests, api_errors, tool_calls, tool_failures } = get(logs, scenario);
    expect(get(traces, scenario)).toMatchObject({ api_requests, api_errors, tool_calls, tool_failures });
  });

  it.each(scenarios)('%s: sent three times, in another order, it stays the same', (scenario) => {
    expect(get(repeated, scenario)).toEqual(get(all, scenario));
  });
});

describe('timelines', () => {
  it.each(scenarios)('%s: as the contract says, and its figures add up', async (scenario) => {
    const detail = await detailOf(scenario);
    expect(sessionDetail.parse(detail)).toEqual(detail);
    const { timeline } = detail;
    const count = (kind: string) => timeline.filter((entry) => entry.kind === kind).length;
    expect(count('api_request')).toBe(detail.api_requests);
    expect(count('api_error')).toBe(detail.api_errors);
    expect(count('tool_call')).toBe(detail.tool_calls);
    expect(timeline.reduce((sum, entry) => sum + micros(entry), 0)).toBe(micros(detail));
    expect(timeline.map((entry) => entry.start)).toEqual(timeline.map((entry) => entry.start).sort());
    expect(new Set(timeline.map((entry) => entry.id)).size).toBe(timeline.length);
    expect(detail.timeline_truncated).toBe(false);
  });

  it('attributes have their types back', async () => {
    const { timeline } = await detailOf('simple');
    const request = timeline.find((entry) => entry.kind === 'api_request');
    expect(request!.attributes).toMatchObject({
      model: 'claude-sonnet-5-5',
      input_tokens: 12,
      cost_usd: 0.034414,
      'anthropic.custom_base_url': true,
    });
    expect(timeline.find((entry) => entry.kind === 'prompt')).toMatchObject({
      duration_ms: expect.any(Number),
    });
    expect(timeline.find((entry) => entry.kind === 'prompt')!.duration_ms).toBeGreaterThan(100);
  });

  it('an unknown session is undefined', async () => {
    expect(await lab.queries.getSession('no-such-session', RECORDED_BY_MS)).toBeUndefined();
    expect(await lab.queries.getSession("'; DROP TABLE agent_events; --", RECORDED_BY_MS)).toBeUndefined();
  });
});

describe('lists', () => {
  it('pages are disjoint, newest first, and as the contract says', async () => {
    const page = await lab.queries.listSessions({ ...RANGE, limit: 5 }, RECORDED_BY_MS);
    expect(sessionList.parse(page)).toEqual(page);
    const sessions = await allSessions(lab);
    expect(sessions).toHaveLength(scenarios.length);
    const times = sessions.map((session) => session.last_event_at);
    expect(times).toEqual([...times].sort().reverse());
  });

  it.each([
    ['MY-BOT', 'resource-attrs'],
    ['opus-4-6', 'two-models'],
  ])('q=%s finds %s', async (q, scenario) => {
    const { sessions } = await lab.queries.listSessions({ ...RANGE, limit: 50, q }, RECORDED_BY_MS);
    expect(sessions.map((session) => session.session_id)).toEqual([sessionIds.get(scenario)]);
  });

  it('q takes part of an id, and text with quotes as it stands', async () => {
    const id = sessionIds.get('tools')!;
    const byId = await lab.queries.listSessions({ ...RANGE, limit: 50, q: id.slice(4, 20) }, RECORDED_BY_MS);
    expect(byId.sessions).toHaveLength(1);
    const odd = await lab.queries.listSessions({ ...RANGE, limit: 50, q: "%' OR 1=1 --" }, RECORDED_BY_MS);
    expect(odd.sessions).toEqual([]);
  });

  it('leaves out sessions without anything in the range', async () => {
    const range = { from: '2026-11-20T22:58:03.000Z', to: '2026-11-20T22:58:03.400Z' };
    const { sessions } = await lab.queries.listSessions({ ...range, limit: 50 }, RECORDED_BY_MS);
    expect(sessions.map((session) => session.session_id)).toEqual([sessionIds.get('simple')]);
    const later = { from: '2026-11-22T00:00:00Z', to: '2026-11-23T00:00:00Z' };
    expect((await lab.queries.listSessions({ ...later, limit: 50 }, RECORDED_BY_MS)).sessions).toEqual([]);
  });

  it.each(['', 'x', 'MS4x', Buffer.from('1.1.99999999999999999999').toString('base64url')])(
    'refuses the cursor %j',
    async (cursor) => {
      await expect(
        lab.queries.listSessions({ ...RANGE, limit: 5, cursor }, RECORDED_BY_MS),
      ).rejects.toMatchObject({ code: 'bad_cursor', status: 400 });
    },
  );

  it('reads many by id at once and leaves out what is unknown', async () => {
    const ids = ['unknown', ...sessionIds.values()];
    const sessions = await lab.queries.sessionsByIds(ids, RECORDED_BY_MS);
    expect(sessions.map((session) => session.session_id)).toEqual([...sessionIds.values()]);
    expect(await lab.queries.sessionsByIds([], RECORDED_BY_MS)).toEqual([]);
  });
});

describe('usage', () => {
  it.each(usageGroupBy.options)(
    'by %s: groups add up to the total, which is that of the sessions',
    async (by) => {
      const usage = await lab.queries.usage({ ...RANGE, group_by: by }, RECORDED_BY_MS);
      expect(usageSchema.parse(usage)).toEqual(usage);
      const sum = (key: 'cost_usd' | 'input_tokens' | 'cache_read_tokens' | 'api_requests' | 'api_errors') =>
        Math.round(usage.groups.reduce((total, group) => total + group[key] * 1e6, 0));
      for (const key of [
        'cost_usd',
        'input_tokens',
        'cache_read_tokens',
        'api_requests',
        'api_errors',
      ] as const) {
        expect(sum(key)).toBe(Math.round(usage.total[key] * 1e6));
      }
      const spent = [...all.values()].reduce((total, session) => total + micros(session), 0);
      expect(micros(usage.total)).toBe(spent);
      expect(usage.total.sessions).toBe(scenarios.length);
      expect(usage.total.cost_complete).toBe(true);
    },
  );

  async function keys(by: UsageGroupBy): Promise<string[]> {
    const { groups } = await lab.queries.usage({ ...RANGE, group_by: by }, RECORDED_BY_MS);
    return groups.map((group) => group.key);
  }

  it('has the keys one would expect', async () => {
    expect((await keys('source')).sort()).toEqual(['auxiliary', 'main', 'subagent']);
    expect((await keys('agent')).sort()).toEqual(['Explore', 'general-purpose', 'main']);
    expect(await keys('day')).toEqual(['2026-11-20']);
    expect((await keys('session')).sort()).toEqual([...sessionIds.values()].sort());
  });

  it('cuts by time', async () => {
    const simple = { from: '2026-11-20T22:58:03.000Z', to: '2026-11-20T22:58:03.400Z' };
    const usage = await lab.queries.usage({ ...simple, group_by: 'model' }, RECORDED_BY_MS);
    expect(usage.total).toMatchObject({ cost_usd: 0.034414, api_requests: 1, sessions: 1 });
    const nothing = { from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' };
    const empty = await lab.queries.usage({ ...nothing, group_by: 'model' }, RECORDED_BY_MS);
    expect(empty).toEqual({
      total: expect.objectContaining({ cost_usd: 0, sessions: 0, cost_complete: true }),
      groups: [],
      truncated: false,
    });
  });
});

describe('overview', () => {
  it('shows the range, the one before, charts and nothing live of the past', async () => {
    const overview = await lab.queries.overview(RANGE, RECORDED_BY_MS);
    expect(overviewSchema.parse(overview)).toEqual(overview);
    const spent = [...all.values()].reduce((total, session) => total + micros(session), 0);
    expect(micros(overview.current)).toBe(spent);
    expect(overview.current).toMatchObject({
      sessions: scenarios.length,
      prompts: [...all.values()].reduce((sum, session) => sum + session.prompts, 0),
      tool_calls: [...all.values()].reduce((sum, session) => sum + session.tool_calls, 0),
      tool_failures: 2,
    });
    expect(overview.current.latency_p95_ms).toBeGreaterThan(40);
    expect(overview.previous).toMatchObject({ cost_usd: 0, sessions: 0, latency_p95_ms: null });
    expect(overview.live).toEqual([]);
    expect(overview.step_ms).toBe(3_600_000);
    const charted = overview.spend.models.flatMap((model) => model.cost_usd).reduce((a, b) => a + b, 0);
    expect(Math.round(charted * 1e6)).toBe(spent);
    expect(overview.series.requests.reduce((a, b) => a + b, 0)).toBe(overview.current.api_requests);
    expect(overview.spend.times).toHaveLength(49);
  });

  it('shows what is live at the moment', async () => {
    const justAfter = Date.parse('2026-11-20T22:58:04.000Z');
    const overview = await lab.queries.overview({ from: 'now-1h', to: 'now' }, justAfter);
    expect(overview.live.length).toBeGreaterThan(0);
    expect(await lab.queries.hasSessions()).toBe(true);
  });
});

describe('bots on the Claude SDK, which send spans only', () => {
  const sdk = recordingsIn('anthropic-sdk');
  const chats = ['chat-1001', 'chat-1002', 'chat-1003', 'chat-1004', 'chat-1005'];

  it.each(['sdk-bot', 'sdk-bot-content', 'sdk-bot-json'])(
    '%s: one session per conversation',
    async (scenario) => {
      lab.empty();
      lab.send(sdk.filter((r) => r.scenario === scenario));
      lab.send(sdk.filter((r) => r.scenario === scenario));
      const sessions = new Map((await allSessions(lab)).map((session) => [session.session_id, session]));
      expect([...sessions.keys()].sort()).toEqual(chats);
      // Input tokens of the SDK include the cache: 13 512 sent are 12 and 13 500 written.
      const reply = {
        client: 'demo-telegram-bot',
        client_version: '1.4.0',
        models: ['claude-sonnet-5-5'],
        cost_usd: 0.034414,
        cost_complete: true,
        input_tokens: 12,
        output_tokens: 64,
        cache_read_tokens: 0,
        cache_creation_tokens: 13_500,
        api_requests: 1,
        api_errors: 0,
      };
      expect(sessions.get('chat-1001')).toMatchObject(reply);
      expect(sessions.get('chat-1002')).toMatchObject(reply);
      expect(sessions.get('chat-1003')).toMatchObject({
        api_requests: 2,
        tool_calls: 2,
        tool_failures: 1,
        cost_usd: 0.068828,
      });
      expect(sessions.get('chat-1004')).toMatchObject({
        api_requests: 0,
        api_errors: 1,
        cost_usd: 0,
        state: 'error',
      });
      expect(sessions.get('chat-1005')).toMatchObject(reply);
    },
  );

  it('the timeline shows attempts, tools and errors', async () => {
    lab.empty();
    lab.send(sdk.filter((r) => r.scenario === 'sdk-bot'));
    const entries = async (id: string) => (await lab.queries.getSession(id, RECORDED_BY_MS))!.timeline;
    expect(await entries('chat-1004')).toMatchObject([
      { kind: 'api_error', attempts: 3, error: 'api_error' },
    ]);
    expect(await entries('chat-1005')).toMatchObject([{ kind: 'api_request', attempts: 2 }]);
    const agent = await entries('chat-1003');
    expect(agent.map((entry) => entry.kind).sort()).toEqual([
      'api_request',
      'api_request',
      'other',
      'tool_call',
      'tool_call',
    ]);
    const failed = agent.filter((entry) => entry.failed);
    expect(failed).toMatchObject([{ kind: 'tool_call', name: 'lookup_order', error: 'tool_error' }]);
  });

  it('usage counts spans once, also beside sessions of Claude Code', async () => {
    lab.empty();
    lab.send(sdk.filter((r) => r.scenario === 'sdk-bot'));
    lab.send(recordings.filter((r) => r.scenario === 'simple'));
    lab.send(recordings.filter((r) => r.scenario === 'tools' && r.signal !== 'logs'));
    lab.send(recordings.filter((r) => r.scenario === 'multi-turn-cumulative' && r.signal === 'metrics'));
    const spent = (await allSessions(lab)).reduce((total, session) => total + micros(session), 0);
    expect(spent).toBe(5 * 34_414 + 34_414 + 48_074 + 50_474);
    for (const by of usageGroupBy.options) {
      const usage = await lab.queries.usage({ ...RANGE, group_by: by }, RECORDED_BY_MS);
      expect(micros(usage.total)).toBe(spent);
      expect(usage.groups.reduce((total, group) => total + micros(group), 0)).toBe(spent);
      // 5 of the bot, 1 of `simple`, 5 of `tools`, which only its spans tell; counters tell no requests.
      expect(usage.total.api_requests).toBe(11);
      expect(usage.total.api_errors).toBe(1);
    }
    const overview = await lab.queries.overview(RANGE, RECORDED_BY_MS);
    expect(micros(overview.current)).toBe(spent);
    expect(overview.current).toMatchObject({ tool_calls: 7, tool_failures: 1, prompts: 2 });
  });

  it('totals of counters are spent on the day they grew', async () => {
    lab.empty();
    lab.send(recordings.filter((r) => r.scenario === 'multi-turn-cumulative' && r.signal === 'metrics'));
    const at = async (from: string, to: string) => {
      const usage = await lab.queries.usage({ from, to, group_by: 'model' }, RECORDED_BY_MS);
      return micros(usage.total);
    };
    const parts = [
      await at('2026-11-20T22:59:20.000Z', '2026-11-20T22:59:24.999Z'),
      await at('2026-11-20T22:59:25.000Z', '2026-11-20T22:59:27.999Z'),
      await at('2026-11-20T22:59:28.000Z', '2026-11-20T22:59:40.000Z'),
    ];
    expect(parts).toEqual([34_414, 40_346 - 34_414, 50_474 - 40_346]);
  });
});
