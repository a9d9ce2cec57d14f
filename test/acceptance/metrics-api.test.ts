import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  api,
  eventually,
  freePort,
  importText,
  instant,
  missingPeers,
  type Params,
  runPeer,
  scalarIfAny,
  scalarOf,
  searchOf,
  startPeer,
} from './metrics-support.ts';
import { startTestServer, type TestServer, untilTrue } from './server-support.ts';

/** On a full minute, a while ago. */
const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
const endS = endMs / 1000;
const STEP_MS = 15_000;
const STEPS = 60;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ 'host.enabled': false });
  await importText(server.url, samples());
});
afterAll(() => server.remove());

/** A counter of three series, a gauge with special values and a classic histogram, a quarter of an hour of each. */
function samples(): string {
  const lines = [
    '# TYPE http_requests_total counter',
    '# HELP http_requests_total Requests, by "code".',
    '# TYPE latency_seconds histogram',
  ];
  for (let i = 0; i <= STEPS; i++) {
    const timeMs = endMs - (STEPS - i) * STEP_MS;
    for (const [at, code] of ['200', '404', '500'].entries()) {
      lines.push(`http_requests_total{code="${code}",job="web"} ${i * 15 * (at + 1)} ${timeMs}`);
    }
    for (const [le, count] of [
      ['0.1', 5],
      ['1', 9],
      ['+Inf', 10],
    ] as const) {
      lines.push(`latency_seconds_bucket{job="web",le="${le}"} ${count * i} ${timeMs}`);
    }
    lines.push(
      `temperature{room="Küche \\"1\\"",job="home"} ${['NaN', '+Inf', '-Inf', '1e-07', '123456789.5'][i % 5]} ${timeMs}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const ask = (endpoint: string, params: Params = {}, init?: RequestInit) =>
  api(server.url, endpoint, params, init);
const post = (endpoint: string, params: Params) =>
  api(server.url, endpoint, {}, { method: 'POST', body: searchOf(params) });
const query = (text: string, params: Params = {}) => ask('query', { query: text, time: endS, ...params });

describe.skipIf(missingPeers('promtool') !== '')(`promtool${missingPeers('promtool')}`, () => {
  const promtool = async (...args: string[]) => {
    const { code, stdout, stderr } = await runPeer('promtool', args);
    expect(code, stderr).toBe(0);
    return stdout.trim().split('\n');
  };

  test('query instant, range, series, labels', async () => {
    expect(
      await promtool('query', 'instant', `--time=${endS}`, server.url, 'increase(http_requests_total[5m])'),
    ).toEqual([
      `{code="200", job="web"} => 300 @[${endS}]`,
      `{code="404", job="web"} => 600 @[${endS}]`,
      `{code="500", job="web"} => 900 @[${endS}]`,
    ]);
    const range = [`--start=${endS - 30}`, `--end=${endS}`, '--step=15s'];
    expect(await promtool('query', 'range', ...range, server.url, 'http_requests_total{code="404"}')).toEqual(
      [
        'http_requests_total{code="404", job="web"} =>',
        `1740 @[${endS - 30}]`,
        `1770 @[${endS - 15}]`,
        `1800 @[${endS}]`,
      ],
    );
    expect(await promtool('query', 'series', '--match=http_requests_total', server.url)).toEqual([
      '{__name__="http_requests_total", code="200", job="web"}',
      '{__name__="http_requests_total", code="404", job="web"}',
      '{__name__="http_requests_total", code="500", job="web"}',
    ]);
    expect(await promtool('query', 'labels', server.url, 'code')).toEqual(['200', '404', '500']);
  });

  test('query tells our errors', async () => {
    const { code, stderr } = await runPeer('promtool', ['query', 'instant', server.url, 'rate(up)']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('expected type range vector in call to function "rate"'),
    ]);
  });

  test('check metrics finds nothing wrong with our own', async () => {
    const { code, stdout } = await runPeer(
      'promtool',
      ['check', 'metrics'],
      await (await fetch(`${server.url}/metrics`)).text(),
    );
    expect([code, stdout]).toEqual([0, '']);
  });
});

describe.skipIf(missingPeers('vmalert') !== '')(`vmalert${missingPeers('vmalert')}`, () => {
  test('evaluates rules on our data and writes the results back', async () => {
    const file = join(server.dataDir, 'rules.yml');
    writeFileSync(file, rules);
    const port = await freePort();
    const peer = startPeer('vmalert', [
      `-rule=${file}`,
      `-datasource.url=${server.url}`,
      `-remoteWrite.url=${server.url}`,
      `-remoteRead.url=${server.url}`,
      '-remoteWrite.flushInterval=200ms',
      '-evaluationInterval=1s',
      '-notifier.url=http://127.0.0.1:9',
      `-httpListenAddr=127.0.0.1:${port}`,
    ]);
    try {
      await importText(server.url, 'queue_length{job="live"} 7\n');
      await untilTrue(
        async () => (await scalarIfAny(server.url, 'live:queue_length:doubled')) !== undefined,
      ).catch((error: Error) => {
        throw new Error(`${error.message}\n${peer.output()}`);
      });
      expect(await instant(server.url, 'live:queue_length:doubled')).toEqual(
        new Map([['{"__name__":"live:queue_length:doubled","job":"live","rule":"mine"}', '14']]),
      );
      await eventually(
        () => scalarOf(server.url, 'count(ALERTS{alertname="LongQueue",alertstate="firing"})'),
        1,
      );
    } finally {
      await peer.end();
    }
  });
});

const rules = `
groups:
  - name: g
    rules:
      - record: live:queue_length:doubled
        expr: sum by (job) (queue_length{job="live"}) * 2
        labels: { rule: mine }
      - alert: LongQueue
        expr: queue_length > 5
        labels: { severity: page }
        annotations: { summary: "{{ $value }} are waiting" }
`;

describe('query', () => {
  test('the four types of results, with numbers as Prometheus writes them', async () => {
    expect((await query('1/0')).data).toEqual({ resultType: 'scalar', result: [endS, '+Inf'] });
    expect((await query('"text \\u00e9"')).data).toEqual({ resultType: 'string', result: [endS, 'text é'] });
    expect((await query('vector(1e21)', { time: endS + 0.25 })).data).toEqual({
      resultType: 'vector',
      result: [{ metric: {}, value: [endS + 0.25, '1e+21'] }],
    });
    const { data } = await query('temperature[75s]', { time: endS - 15 });
    const values = ['NaN', '+Inf', '-Inf', '1e-07', '123456789.5'].map((value, i) => [
      endS - 75 + 15 * i,
      value,
    ]);
    expect(data).toEqual({
      resultType: 'matrix',
      result: [
        { metric: { __name__: 'temperature', room: 'Küche "1"', job: 'home' }, values: expect.anything() },
      ],
    });
    expect(data.result[0].values.map(([, value]: [number, string]) => value).sort()).toEqual(
      values.map(([, value]) => value).sort(),
    );
    expect((await query('vector(-0)')).data.result[0].value[1]).toBe('-0');
    expect((await query('absent(http_requests_total)')).data).toEqual({ resultType: 'vector', result: [] });
  });

  test('GET, POST forms and parameters in both places are the same', async () => {
    const params = { query: 'sum(http_requests_total)', time: endS };
    const expected = (await ask('query', params)).data;
    expect(expected.result[0].value[1]).toBe('5400');
    expect((await post('query', params)).data).toEqual(expected);
    const { query: text, ...rest } = params;
    const mixed = await api(server.url, 'query', rest, { method: 'POST', body: searchOf({ query: text }) });
    expect(mixed.data).toEqual(expected);
    const rfc = new Date(endMs).toISOString();
    expect((await ask('query', { ...params, time: rfc })).data).toEqual(expected);
  });

  test('a range: steps, ends, gaps', async () => {
    const params = {
      query: 'http_requests_total{code="200"} > 870',
      start: endS - 60,
      end: endS,
      step: '15s',
    };
    const { data } = await ask('query_range', params);
    expect(data).toEqual({
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'http_requests_total', code: '200', job: 'web' },
          values: [
            [endS - 15, '885'],
            [endS, '900'],
          ],
        },
      ],
    });
    expect((await post('query_range', params)).data).toEqual(data);
    const late = { query: 'http_requests_total{code="200"}', start: endS + 240, end: endS + 360, step: 60 };
    expect((await ask('query_range', late)).data.result[0].values).toEqual([[endS + 240, '900']]);
  });

  test('limit, stats, lookback_delta, timeout', async () => {
    const limited = await query('http_requests_total', { limit: 2 });
    expect(limited.data.result).toHaveLength(2);
    expect(limited.warnings).toEqual(['results truncated due to limit']);
    const { stats } = (await query('sum(rate(http_requests_total[5m]))', { stats: 'all' })).data;
    expect(stats.samples).toMatchObject({ totalQueryableSamples: 60, peakSamples: expect.any(Number) });
    expect(stats.timings).toMatchObject({
      evalTotalTime: expect.any(Number),
      execTotalTime: expect.any(Number),
    });
    const later = { time: endS + 200 };
    expect((await query('http_requests_total', later)).data.result).toHaveLength(3);
    expect((await query('http_requests_total', { ...later, lookback_delta: '3m' })).data.result).toHaveLength(
      0,
    );
    expect(await query('http_requests_total', { timeout: '0.000001' })).toMatchObject({
      code: 503,
      errorType: 'timeout',
    });
  });

  test('annotations of a query that is probably wrong', async () => {
    const { infos } = await query(
      'rate(latency_seconds_bucket[5m]) + on(le) group_left() vector(1) or rate(temperature[5m])',
    );
    expect(infos?.join()).toContain(
      'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "temperature"',
    );
  });

  test('a compressed answer for those who ask for it', async () => {
    const url = `${server.url}/api/v1/query_range?${searchOf({ query: 'http_requests_total', start: endS - 900, end: endS, step: 1 })}`;
    const [packed, plain] = [
      await fetch(url, { headers: { 'accept-encoding': 'gzip' } }),
      await fetch(url, { headers: { 'accept-encoding': 'identity' } }),
    ];
    expect([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual([
      'gzip',
      null,
    ]);
    expect(await packed.text()).toBe(await plain.text());
  });

  test.each([
    [
      'query',
      { query: 'http_requests_total{' },
      400,
      'bad_data',
      'parse error: unexpected end of input inside braces',
    ],
    ['query', { query: '' }, 400, 'bad_data', 'no expression found in input'],
    [
      'query',
      { query: 'up', time: 'noon' },
      400,
      'bad_data',
      'invalid parameter "time": cannot parse "noon" to a valid timestamp',
    ],
    ['query', { query: 'http_requests_total * on(job) temperature' }, 200, undefined, undefined],
    [
      'query',
      { query: 'http_requests_total * on(job) http_requests_total' },
      422,
      'execution',
      'found duplicate series for the match group {job="web"} on the right hand-side of the operation',
    ],
    [
      'query',
      { query: 'label_replace(http_requests_total, "code", "x", "", "")' },
      422,
      'execution',
      'vector cannot contain metrics with the same labelset',
    ],
    [
      'query_range',
      { query: 'up', start: 1, end: 0, step: 1 },
      400,
      'bad_data',
      'end timestamp must not be before start time',
    ],
    [
      'query_range',
      { query: 'up', start: 0, end: 1, step: 0 },
      400,
      'bad_data',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    ],
    [
      'query_range',
      { query: 'up', start: 0, end: 12_000, step: 1 },
      400,
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
    [
      'query_range',
      { query: 'up[5m]', start: 0, end: 1, step: 1 },
      400,
      'bad_data',
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    ],
    ['series', {}, 400, 'bad_data', 'no match[] parameter provided'],
    ['series', { 'match[]': '{}' }, 400, 'bad_data', 'match[] must contain at least one non-empty matcher'],
    ['query', { query: 'up', limit: '-1' }, 400, 'bad_data', 'limit'],
  ] as const)('%s %j: %s %s', async (endpoint, params, code, errorType, message) => {
    const reply = await ask(endpoint, params as Params);
    expect(reply).toMatchObject({ code, status: code === 200 ? 'success' : 'error' });
    expect(reply.errorType).toBe(errorType);
    if (message !== undefined) expect(reply.error).toContain(message);
  });
});

describe('the other endpoints have the shapes of Prometheus', () => {
  test('series, labels, values, with matchers, times and limits', async () => {
    const matcher = { 'match[]': ['http_requests_total{code="200"}', 'temperature'] };
    expect((await ask('series', matcher)).data).toEqual([
      { __name__: 'http_requests_total', code: '200', job: 'web' },
      { __name__: 'temperature', job: 'home', room: 'Küche "1"' },
    ]);
    expect((await post('series', matcher)).data).toHaveLength(2);
    expect((await ask('labels', { 'match[]': 'latency_seconds_bucket' })).data).toEqual([
      '__name__',
      'job',
      'le',
    ]);
    expect((await ask('label/job/values', matcher)).data).toEqual(['home', 'web']);
    const cut = await ask('label/code/values', { limit: 1 });
    expect([cut.data, cut.warnings]).toEqual([['200'], ['results truncated due to limit']]);
    const longAgo = { ...matcher, start: endS - 30 * 86_400, end: endS - 20 * 86_400 };
    expect((await ask('series', longAgo)).data).toEqual([]);
  });

  test('metadata', async () => {
    await eventually(async () => (await ask('metadata', { metric: 'http_requests_total' })).data, {
      http_requests_total: [{ type: 'counter', help: 'Requests, by "code".', unit: '' }],
    });
    expect((await ask('metadata', { metric: 'no_such_metric' })).data).toEqual({});
  });

  test('format_query and parse_query', async () => {
    expect((await ask('format_query', { query: 'sum(rate(a[5m]))by(b)' })).data).toBe(
      'sum by (b) (rate(a[5m]))',
    );
    expect((await ask('parse_query', { query: 'a{b="c"}' })).data).toMatchObject({
      type: 'vectorSelector',
      name: 'a',
      matchers: [
        { name: 'b', type: '=', value: 'c' },
        { name: '__name__', type: '=', value: 'a' },
      ],
    });
  });

  test.each([
    ['targets', { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} }],
    ['targets/metadata', []],
    ['scrape_pools', { scrapePools: [] }],
    ['rules', { groups: [] }],
    ['alerts', { alerts: [] }],
    [
      'alertmanagers',
      {
        activeAlertmanagers: [{ url: expect.stringMatching(/\/alertmanager\/api\/v2\/alerts$/) }],
        droppedAlertmanagers: [],
      },
    ],
    ['status/buildinfo', { version: expect.stringMatching(/^3\.\d+\.\d+/) }],
    [
      'status/runtimeinfo',
      { startTime: expect.stringMatching(/^\d{4}-/), storageRetention: expect.any(String) },
    ],
    ['status/config', { yaml: expect.stringContaining('server:') }],
    ['status/flags', { 'query.timeout': '120s' }],
    [
      'status/tsdb',
      {
        headStats: {
          numSeries: expect.any(Number),
          numLabelPairs: expect.any(Number),
          chunkCount: expect.any(Number),
          minTime: expect.any(Number),
          maxTime: expect.any(Number),
        },
        seriesCountByMetricName: expect.arrayContaining([{ name: 'http_requests_total', value: 3 }]),
        labelValueCountByLabelName: expect.anything(),
        memoryInBytesByLabelName: expect.anything(),
        seriesCountByLabelValuePair: expect.anything(),
      },
    ],
    ['query_exemplars?query=up&start=0&end=1', []],
  ])('%s', async (endpoint, data) => {
    const answer = await fetch(`${server.url}/api/v1/${endpoint}`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    const body = (await answer.json()) as { status: string; data: unknown };
    expect(body.status).toBe('success');
    if (Array.isArray(data)) expect(body.data).toEqual(data);
    else expect(body.data).toMatchObject(data);
  });

  test('administration is off unless it is allowed', async () => {
    const answer = await api(server.url, 'admin/tsdb/delete_series', { 'match[]': 'up' }, { method: 'POST' });
    expect([answer.code, answer.status]).toEqual([503, 'error']);
    expect(answer.error).toContain('admin');
  });

  test('health as load balancers ask for it', async () => {
    expect((await fetch(`${server.url}/-/healthy`)).status).toBe(200);
    expect((await fetch(`${server.url}/-/ready`)).status).toBe(200);
  });
});
