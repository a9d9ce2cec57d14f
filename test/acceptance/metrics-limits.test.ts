import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, apiData, eventually, importText, type Params, searchOf } from './metrics-support.ts';
import { startTestServer, type TestServer, untilTrue } from './server-support.ts';

/** On a full minute, a while ago. */
const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
const endS = endMs / 1000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ 'host.enabled': false });
  await importText(server.url, `requests_total 5400 ${endMs}\n`);
});
afterAll(() => server.remove());

const post = (params: Params) => api(server.url, 'query', {}, { method: 'POST', body: searchOf(params) });

describe('hostile queries get a clear error and do no harm', () => {
  test.each([
    ['a megabyte', `1${'+1'.repeat(500_000)}`, 'query is too long'],
    ['ten thousand brackets', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`, 'nested too deeply'],
    ['ten thousand signs', `${'-'.repeat(10_000)}1`, 'nested too deeply'],
    ['ten thousand calls', `${'abs('.repeat(10_000)}up${')'.repeat(10_000)}`, 'nested too deeply'],
    ['a pattern without end', 'up{job=~"((((((((a*)*)*)*)*)*)*)*)*b"}', undefined],
    ['only open braces', '{'.repeat(100_000), 'parse error'],
  ])('%s', async (_name, text, message) => {
    const reply = await post({ query: text });
    if (message === undefined) expect(reply.status).toBe('success');
    else
      expect(reply).toMatchObject({
        code: 400,
        errorType: 'bad_data',
        error: expect.stringContaining(message),
      });
    expect((await api(server.url, 'query', { query: '1' })).data.result[1]).toBe('1');
  });

  test('more than a form may hold', async () => {
    expect((await post({ query: 'x'.repeat(5_000_000) })).code).toBe(413);
  });
});

describe('with low limits', () => {
  let small: TestServer;
  beforeAll(async () => {
    small = await startTestServer({
      'host.enabled': false,
      'query.max_series': 50,
      'query.max_samples': 1000,
      'query.concurrency': 1,
    });
    const lines = Array.from({ length: 60 }, (_, i) => `many{i="${i}"} ${i} ${endMs}\n`);
    const long = Array.from({ length: 2000 }, (_, i) => `long ${i} ${endMs - i * 1000}\n`);
    await importText(small.url, lines.concat(long).join(''));
  });
  afterAll(() => small.remove());

  test('selecting everything names the limit', async () => {
    const all = await api(small.url, 'query', { query: '{__name__=~".+"}', time: endS });
    expect(all).toMatchObject({
      code: 422,
      errorType: 'execution',
      error: expect.stringContaining('more than 50 series'),
    });
    expect((await api(small.url, 'series', { 'match[]': 'many' })).code).toBe(422);
    expect(
      (await api(small.url, 'query', { query: 'count(many{i=~"1.*"})', time: endS })).data.result[0].value[1],
    ).toBe('11');
  });

  test('too many samples: the words of Prometheus', async () => {
    const reply = await api(small.url, 'query', { query: 'sum_over_time(long[1h])', time: endS });
    expect(reply).toMatchObject({
      code: 422,
      errorType: 'execution',
      error: 'query processing would load too many samples into memory in query execution',
    });
    expect((await api(small.url, 'query', { query: 'sum_over_time(long[5m])', time: endS })).status).toBe(
      'success',
    );
  });

  test('queries that wait for their turn are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => api(small.url, 'query', { query: `many{i="${i}"}`, time: endS })),
    );
    expect(answers.map(({ data }) => data.result[0].value[1])).toEqual(answers.map((_, i) => String(i)));
  });
});

test('the engine killed in the middle of queries: the right answer or 503, and all is well afterwards', async () => {
  const old = endMs - 3 * 86_400_000;
  const lines = Array.from({ length: 3000 }, (_, i) => `ancient{i="${i}"} ${i} ${old}\n`);
  await importText(server.url, lines.join(''));
  const params = { query: 'sum(ancient)', time: old / 1000 };
  const right = String((3000 * 2999) / 2);
  const answerOf = async () => {
    const { code, status, errorType, data } = await api(server.url, 'query', params);
    return status === 'success' ? data.result[0]?.value[1] : `${code} ${errorType}`;
  };
  await eventually(answerOf, right);
  const seen = new Set<string>();
  for (let round = 0; round < 2; round++) {
    let isBack = false;
    const clients = Array.from({ length: 3 }, async () => {
      while (!isBack) seen.add(await answerOf());
    });
    process.kill(server.enginePid()!, 'SIGKILL');
    await untilTrue(async () => (await fetch(`${server.url}/health/ready`)).status === 503);
    await untilTrue(async () => (await fetch(`${server.url}/health/ready`)).status === 200, 60_000);
    isBack = true;
    await Promise.all(clients);
    await eventually(answerOf, right);
  }
  seen.delete(right);
  expect([...seen]).toEqual(['503 unavailable']);
  expect(await apiData(server.url, 'query', { query: 'sum(requests_total)', time: endS })).toMatchObject({
    result: [{ value: [endS, '5400'] }],
  });
});
