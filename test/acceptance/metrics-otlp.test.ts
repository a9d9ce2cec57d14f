import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportByGrpc } from './grpc-support.ts';
import { apiData, eventually, instant, scalarOf } from './metrics-support.ts';
import {
  allTime,
  getJson,
  post,
  type RecordedRequest,
  recordings,
  startTestServer,
  type TestServer,
} from './server-support.ts';

const COST = 'claude_code_cost_usage_USD_total';
const TOKENS = 'claude_code_token_usage_tokens_total';
/** Reaches back to long before the recordings. */
const EVER = '3650d';
const sessionIdPattern = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;

let server: TestServer;
const byScenario = new Map<string, RecordedRequest[]>();
for (const recording of recordings('claude-code')) {
  byScenario.set(recording.scenario, [...(byScenario.get(recording.scenario) ?? []), recording]);
}
const names = [...byScenario.keys()];

beforeAll(async () => {
  server = await startTestServer({
    'host.enabled': false,
    'query.features': ['promql-extended-range-selectors'],
  });
  for (const name of names) for (const recording of byScenario.get(name)!) await send(recording);
});
afterAll(() => server.remove());

async function send(recording: RecordedRequest): Promise<void> {
  if (recording.transport === 'grpc') {
    await exportByGrpc(server.otlpGrpcAddress!, recording);
    return;
  }
  const answer = await post(server.otlpHttpUrl!, recording);
  expect(answer.status, await answer.clone().text()).toBe(200);
}

/** The sessions whose counters a scenario has; none for `low-cardinality`, whose counters carry no id. */
function sessionsOf(name: string): string[] {
  const metrics = byScenario.get(name)!.filter(({ signal }) => signal === 'metrics');
  const ids = metrics.flatMap(({ body, contentEncoding, transport }) => {
    const content = contentEncoding === 'gzip' && transport === 'http' ? gunzipSync(body) : body;
    return content.toString('latin1').match(sessionIdPattern) ?? [];
  });
  return [...new Set(ids)];
}

/** Sums over all series of a scenario, by a label. Figures are rounded to a billionth. */
async function sumBy(name: string, label: string, values: (selector: string) => string) {
  const found = await instant(
    server.url,
    `sum by (${label}) (${values(`{session_id=~"${sessionsOf(name).join('|')}"}`)})`,
  );
  return Object.fromEntries(
    [...found].map(([labels, value]) => [JSON.parse(labels)[label] ?? '', Number(Number(value).toFixed(9))]),
  );
}

/** What a counter has counted, told by its last value and by its increase since ever. */
async function expectTotals(
  name: string,
  { metric, label }: { metric: string; label: string },
  expected: Record<string, number>,
): Promise<void> {
  await eventually(
    () => sumBy(name, label, (selector) => `last_over_time(${metric}${selector}[${EVER}])`),
    expected,
  );
  const increase = (selector: string) => `increase(${metric}${selector}[${EVER}] anchored)`;
  expect(await sumBy(name, label, increase)).toEqual(expected);
}

const costByModel = { metric: COST, label: 'model' };
const tokensByType = { metric: TOKENS, label: 'type' };

describe('the counters of a recorded scenario, read by PromQL, have its totals', () => {
  test.each(['simple', 'simple-json', 'simple-json-gzip', 'simple-grpc-gzip', 'retry-then-success'])(
    '%s',
    async (name) => {
      await expectTotals(name, costByModel, { 'claude-sonnet-5-5': 0.034414 });
      await expectTotals(name, tokensByType, { input: 12, output: 64, cacheRead: 0, cacheCreation: 13_500 });
    },
  );

  // Counters without session, found by what they lack.
  test('low-cardinality', () =>
    expectTotals('low-cardinality', costByModel, { 'claude-sonnet-5-5': 0.034414 }));

  test.each([
    'tools',
    'tools-detail',
    'tools-detail-json',
    'tools-grpc',
    'tools-gzip',
    'tools-cumulative',
    'agent-sdk',
  ])('%s', async (name) => {
    await expectTotals(name, costByModel, { 'claude-sonnet-5-5': 0.048074 });
    const lines = { metric: 'claude_code_lines_of_code_count_total', label: 'type' };
    await expectTotals(name, lines, { added: 5, removed: 1 });
  });

  test('tools-v2.1.197: the same tokens at another price', async () => {
    await expectTotals('tools-v2.1.197', costByModel, { 'claude-sonnet-4-5': 0.080499 });
    const tokens = { input: 46, output: 514, cacheRead: 55_920, cacheCreation: 14_900 };
    await expectTotals('tools-v2.1.197', tokensByType, tokens);
    await expectTotals('tools', tokensByType, tokens);
  });

  test.each(['multi-turn', 'multi-turn-json', 'multi-turn-grpc', 'multi-turn-cumulative'])('%s', (name) =>
    expectTotals(name, costByModel, { 'claude-sonnet-5-5': 0.050474 }),
  );

  test('two-models', async () => {
    await expectTotals('two-models', costByModel, {
      'claude-opus-4-6': 0.107695,
      'claude-haiku-5-5': 0.0019324,
    });
    await expectTotals(
      'two-models',
      { metric: COST, label: 'agent_name' },
      {
        '': 0.107695,
        Explore: 0.0019324,
      },
    );
  });

  test.each(['compact', 'resume'])('%s: two processes, one total', (name) =>
    expectTotals(name, costByModel, { 'claude-sonnet-5-5': 0.037298 }),
  );

  test('interactive: one accepted and one rejected edit', async () => {
    const decisions = { metric: 'claude_code_code_edit_tool_decision_total', label: 'decision' };
    await expectTotals('interactive', decisions, { accept: 1 });
    const active = await sumBy(
      'interactive',
      'type',
      (selector) => `last_over_time(claude_code_active_time_seconds_total${selector}[${EVER}])`,
    );
    expect(active.user).toBeGreaterThan(0);
  });

  test.each(names.filter((name) => name.startsWith('error')))('%s: a session without cost', async (name) => {
    await expectTotals(
      name,
      { metric: 'claude_code_session_count_total', label: 'job' },
      { 'claude-code': 1 },
    );
    expect(await sumBy(name, 'model', (selector) => `last_over_time(${COST}${selector}[${EVER}])`)).toEqual(
      {},
    );
  });

  test.each(names.filter((name) => sessionsOf(name).length > 0))(
    '%s: the same as the ledger of sessions',
    async (name) => {
      const { sessions } = await getJson(`${server.url}/api/agents/sessions?${allTime}&limit=500`);
      const ids = sessionsOf(name);
      const mine = sessions.filter(({ session_id }: { session_id: string }) => ids.includes(session_id));
      const ofLedger = (field: string) =>
        mine.reduce((total: number, session: Record<string, number>) => total + session[field]!, 0);
      const ofCounters = async (metric: string, type = '.*') => {
        const selector = `{session_id=~"${ids.join('|')}",type=~"${type}"}`;
        return await scalarOf(server.url, `sum(last_over_time(${metric}${selector}[${EVER}])) or vector(0)`);
      };
      await eventually(() => ofCounters(TOKENS, 'input'), ofLedger('input_tokens'));
      await eventually(() => ofCounters(TOKENS, 'output'), ofLedger('output_tokens'));
      // Events tell the cost of each request rounded to a micro-dollar, counters do not round.
      expect(await ofCounters(COST)).toBeCloseTo(ofLedger('cost_usd'), 5);
    },
  );
});

test('what was sent twice counts once', async () => {
  const repeated = ['multi-turn', 'multi-turn-cumulative', 'simple'];
  for (const name of repeated) for (const recording of byScenario.get(name)!) await send(recording);
  // Increments are stored in the order of their arrival: when this one can be read, the repeats can as well.
  await sendIncrement('after_the_repeats', 3);
  await eventually(() => scalarOf(server.url, `last_over_time(after_the_repeats_total[${EVER}])`), 3);
  await expectTotals('multi-turn', costByModel, { 'claude-sonnet-5-5': 0.050474 });
  await expectTotals('multi-turn-cumulative', costByModel, { 'claude-sonnet-5-5': 0.050474 });
  await expectTotals('simple', costByModel, { 'claude-sonnet-5-5': 0.034414 });
});

/** One point of a monotonic delta sum. */
async function sendIncrement(name: string, asDouble: number): Promise<void> {
  const timeUnixNano = String(BigInt(Date.now()) * 1_000_000n);
  const sum = { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ timeUnixNano, asDouble }] };
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name, sum }] }] }] });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.otlpHttpUrl}/v1/metrics`, { method: 'POST', headers, body });
  expect(answer.status, await answer.clone().text()).toBe(200);
}

test('types, units and help of the counters; facts of the resource', async () => {
  const metadata = await apiData(server.url, 'metadata', { metric: COST });
  expect(metadata).toEqual({
    [COST]: [{ type: 'counter', unit: 'USD', help: 'Cost of the Claude Code session' }],
  });
  const info = await instant(
    server.url,
    `count by (service_version) (last_over_time(target_info{job="claude-code"}[${EVER}]))`,
  );
  expect([...info.keys()].map((labels) => JSON.parse(labels).service_version).sort()).toEqual([
    '2.1.197',
    '2.1.329',
  ]);
});
