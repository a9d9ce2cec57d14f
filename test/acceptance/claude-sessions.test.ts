import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  allTime,
  getJson,
  post,
  scenario,
  startTestServer,
  type TestServer,
  untilTrue,
} from './server-support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.remove());

/** Sends a scenario and resolves with its session once everything of it can be read. */
async function sessionOf(name: string) {
  const sessionIds = new Set<string>();
  for (const recording of scenario(name)) {
    const answer = await post(server.otlpHttpUrl!, recording);
    expect(answer.status, await answer.clone().text()).toBe(200);
    for (const [id] of recording.body
      .toString('latin1')
      .matchAll(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g)) {
      sessionIds.add(id);
    }
  }
  const expected = scenario(name).reduce((sum, { points = 0 }) => sum + points, 0);
  expect(expected).toBeGreaterThan(0);
  // biome-ignore lint/suspicious/noExplicitAny: checked against the contract by the server
  let found: any;
  await untilTrue(async () => {
    const { sessions } = await getJson(`${server.url}/api/agents/sessions?${allTime}&limit=500`);
    found = sessions.find((session: { session_id: string }) => sessionIds.has(session.session_id));
    return found !== undefined && found.prompts > 0;
  });
  return await settled(found.session_id);
}

/** Metrics and events of one scenario become readable one after the other: wait until nothing changes any more. */
async function settled(sessionId: string) {
  const url = `${server.url}/api/agents/sessions/${sessionId}`;
  let before = '';
  // biome-ignore lint/suspicious/noExplicitAny: checked against the contract by the server
  let session: any;
  await untilTrue(async () => {
    session = await getJson(url);
    const now = JSON.stringify(session);
    const isSame = now === before;
    before = now;
    if (!isSame) await new Promise((resolve) => setTimeout(resolve, 400));
    return isSame;
  });
  return session;
}

describe('a recorded session, sent to the running server', () => {
  test('simple: one request with its true cost', async () => {
    expect(await sessionOf('simple')).toMatchObject({
      client: 'claude-code',
      client_version: '2.1.329',
      models: ['claude-sonnet-5-5'],
      cost_usd: 0.034414,
      input_tokens: 12,
      cache_creation_tokens: 13_500,
      output_tokens: 64,
      prompts: 1,
      api_requests: 1,
      api_errors: 0,
    });
  });

  test('tools: five requests, five tool calls, five lines', async () => {
    const session = await sessionOf('tools');
    expect(session).toMatchObject({ cost_usd: 0.048074, api_requests: 5, tool_calls: 5, lines_added: 5 });
    const calls = session.timeline.filter(({ kind }: { kind: string }) => kind === 'tool_call');
    expect(calls).toHaveLength(5);
    expect(calls.every((call: { duration_ms: number }) => call.duration_ms >= 0)).toBe(true);
  });

  test('the older client: the same tokens at another price', async () => {
    expect((await sessionOf('tools-v2.1.197')).cost_usd).toBe(0.080499);
  });

  test('errors exhausted: one failed request after three attempts, no cost', async () => {
    const session = await sessionOf('errors-exhausted');
    expect(session).toMatchObject({ cost_usd: 0, api_requests: 0, api_errors: 1, state: 'error' });
    const failed = session.timeline.find(({ kind }: { kind: string }) => kind === 'api_error');
    expect(failed).toMatchObject({ failed: true, attempts: 3 });
  });

  test('retry then success: no error, three attempts', async () => {
    const session = await sessionOf('retry-then-success');
    expect(session).toMatchObject({ api_errors: 0, api_requests: 1 });
    expect(session.timeline.find(({ kind }: { kind: string }) => kind === 'api_request')).toMatchObject({
      attempts: 3,
    });
  });

  test('interactive: one accepted and one rejected tool', async () => {
    const session = await sessionOf('interactive');
    expect(session.active_time_s).toBeGreaterThan(0);
    const decisions = session.timeline.filter((entry: { decision: string }) => entry.decision === 'reject');
    expect(decisions).toHaveLength(1);
  });

  test('sent twice, it counts once', async () => {
    const first = await sessionOf('multi-turn');
    const second = await sessionOf('multi-turn');
    expect(second).toMatchObject({
      cost_usd: 0.050474,
      api_requests: first.api_requests,
      tool_calls: first.tool_calls,
    });
  });
});

describe('usage', () => {
  test('totals are the same whatever they are grouped by, to the micro-dollar', async () => {
    await sessionOf('two-models');
    const totals = new Set<string>();
    for (const by of ['model', 'session', 'user', 'agent', 'day', 'source']) {
      const usage = await getJson(`${server.url}/api/usage?${allTime}&group_by=${by}`);
      const micros = usage.groups.reduce(
        (sum: number, group: { cost_usd: number }) => sum + Math.round(group.cost_usd * 1e6),
        0,
      );
      expect(micros).toBe(Math.round(usage.total.cost_usd * 1e6));
      totals.add(JSON.stringify(usage.total));
    }
    expect(totals.size).toBe(1);
  });

  test('adjacent ranges share nothing and miss nothing', async () => {
    const { timeline } = await sessionOf('tools');
    const request = timeline.find(({ kind }: { kind: string }) => kind === 'api_request');
    // An event's own moment is the end of what it tells about.
    const middle = Date.parse(request.start) + request.duration_ms;
    const costOf = async (from: string, to: string) =>
      Math.round((await getJson(`${server.url}/api/usage?from=${from}&to=${to}`)).total.cost_usd * 1e6);
    const begin = '2026-11-01T00:00:00Z';
    expect((await costOf(begin, `${middle}`)) + (await costOf(`${middle}`, 'now'))).toBe(
      await costOf(begin, 'now'),
    );
  });

  test('two models: opus in the main thread, haiku in the subagent Explore', async () => {
    const session = await sessionOf('two-models');
    expect(session.models.sort()).toEqual(['claude-haiku-5-5', 'claude-opus-4-6']);
    const byModel = await getJson(`${server.url}/api/usage?${allTime}&group_by=model`);
    const costOf = (key: string) =>
      byModel.groups.find((group: { key: string }) => group.key === key)?.cost_usd;
    expect(costOf('claude-opus-4-6')).toBe(0.107695);
    // The client rounds each request to a micro-dollar.
    expect(costOf('claude-haiku-5-5')).toBeCloseTo(0.0019324, 5);
    const byAgent = await getJson(`${server.url}/api/usage?${allTime}&group_by=agent`);
    expect(byAgent.groups.map((group: { key: string }) => group.key)).toContain('Explore');
  });
});

test('what was acknowledged can be read within a second', async () => {
  const [logs] = scenario('simple-json').filter(({ signal }) => signal === 'logs');
  const id = /"session\.id","value":\{"stringValue":"([^"]+)"/.exec(logs!.body.toString())![1];
  await post(server.otlpHttpUrl!, logs!);
  const startedMs = performance.now();
  await untilTrue(async () => {
    const { sessions } = await getJson(`${server.url}/api/agents/sessions?${allTime}&limit=500`);
    return sessions.some((session: { session_id: string }) => session.session_id === id);
  });
  // Printed, not asserted: a timing on a shared machine is a benchmark.
  console.info(`readable after ${Math.round(performance.now() - startedMs)} ms`);
});

/** One model request of a session, as the client's event. */
async function sendRequestEvent(sessionId: string, sequence: number): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const attributes = [
    text('session.id', sessionId),
    text('event.name', 'api_request'),
    { key: 'event.sequence', value: { intValue: sequence } },
    text('model', 'claude-sonnet-5-5'),
    { key: 'cost_usd', value: { doubleValue: 0.01 } },
  ];
  const logRecords = [
    {
      timeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      body: { stringValue: 'claude_code.api_request' },
      attributes,
    },
  ];
  const scopeLogs = [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords }];
  const resource = { attributes: [text('service.name', 'paging')] };
  const body = JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] });
  const answer = await fetch(`${server.url}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(answer.status).toBe(200);
}

test('a walk through the pages misses no session that becomes active meanwhile, and shows none twice', async () => {
  const ids = Array.from({ length: 7 }, (_, i) => `page-${i}`);
  for (const id of ids) await sendRequestEvent(id, 0);
  const list = `${server.url}/api/agents/sessions?limit=2&q=paging`;
  const readable = async () =>
    (await getJson(`${list.replace('limit=2', 'limit=100')}`)).sessions.length === ids.length;
  await untilTrue(readable);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { sessions: { session_id: string }[]; next_cursor: string | null } = await getJson(
      `${list}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    seen.push(...page.sessions.map(({ session_id }) => session_id));
    cursor = page.next_cursor;
    // The oldest ones come to life between the pages.
    await sendRequestEvent('page-0', seen.length);
    await untilTrue(
      async () => (await getJson(`${server.url}/api/agents/sessions/page-0`)).api_requests > seen.length / 2,
    );
  }
  expect([...seen].sort()).toEqual(ids);
});

test('the live stream tells of a changed session', async () => {
  const abort = new AbortController();
  const stream = await fetch(`${server.url}/api/live`, { signal: abort.signal });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = (async () => {
    while (!text.includes('event: sessions')) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
  })();
  for (const recording of scenario('hooks')) await post(server.otlpHttpUrl!, recording);
  await read;
  abort.abort();
  expect(text).toContain('event: hello');
  expect(text).toMatch(/event: sessions\ndata: \{.*"session_id"/);
});
