import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getJson, post, scenario, startTestServer, type TestServer } from './server-support.ts';

let server: TestServer;
beforeAll(async () => {
  // With retention on, so that old records have an age to be refused by.
  const kept = {
    'retention.metrics': '30d',
    'retention.logs': '30d',
    'retention.traces': '30d',
    'retention.sessions': '400d',
  };
  server = await startTestServer(kept);
});
afterAll(() => server.remove());

const nowNs = () => String(BigInt(Date.now()) * 1_000_000n);

function logs(service: string, ...records: object[]): string {
  const attributes = [{ key: 'service.name', value: { stringValue: service } }];
  return JSON.stringify({
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: records }] }],
  });
}

const good = () => ({ timeUnixNano: nowNs(), body: { stringValue: 'good' } });

async function send(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${server.otlpHttpUrl}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  return { status: answer.status, text: await answer.text() };
}

async function sourceOf(service: string) {
  const { sources } = await getJson(`${server.url}/api/sources`);
  return sources.find((source: { service: string }) => source.service === service);
}

describe('a batch with some bad records keeps the good ones and says what was wrong', () => {
  test.each([
    ['from 1970', 'too_old', { timeUnixNano: '1000000000', body: { stringValue: 'old' } }],
    ['from 2100', 'too_far_in_future', { timeUnixNano: '4102444800000000000', body: { stringValue: 'new' } }],
  ])('%s', async (name, code, bad) => {
    const service = `bad-${name.replace(' ', '-')}`;
    const { status, text } = await send(logs(service, good(), bad, good()));
    expect(status).toBe(200);
    expect(JSON.parse(text).partialSuccess).toMatchObject({ rejectedLogRecords: expect.anything() });
    const source = await sourceOf(service);
    expect(source).toMatchObject({ accepted: 2, rejected: 1 });
    expect(source.reasons.map((reason: { code: string }) => reason.code)).toContain(code);
  });

  test('a value nested 200 deep', async () => {
    let value: object = { stringValue: 'x' };
    for (let depth = 0; depth < 200; depth++) value = { arrayValue: { values: [value] } };
    const bad = { ...good(), attributes: [{ key: 'deep', value }] };
    const { status } = await send(logs('bad-depth', bad, good()));
    expect(status).toBe(200);
    expect(await sourceOf('bad-depth')).toMatchObject({ accepted: 1, rejected: 1 });
  });
});

describe('what is too much of something is cut and counted, and the record is kept', () => {
  test('an attribute of 1 MB', async () => {
    const attributes = [{ key: 'large', value: { stringValue: 'x'.repeat(1_000_000) } }];
    const { status, text } = await send(logs('bad-large', { ...good(), attributes }));
    expect(status).toBe(200);
    expect(text).toContain('cut at 262144 bytes');
    const source = await sourceOf('bad-large');
    expect(source.accepted).toBe(1);
    expect(source.reasons.map((reason: { code: string }) => reason.code)).toEqual(['value_cut']);
  });

  test('10,000 attributes', async () => {
    const attributes = Array.from({ length: 10_000 }, (_, i) => ({ key: `k${i}`, value: { intValue: i } }));
    const { status, text } = await send(logs('bad-many', { ...good(), attributes }));
    expect(status).toBe(200);
    expect(text).toContain('9744 attributes beyond 256');
    expect((await sourceOf('bad-many')).accepted).toBe(1);
  });
});

test('NaN and infinity are legal numbers of a gauge', async () => {
  const dataPoints = ['NaN', 'Infinity', '-Infinity'].map((asDouble, i) => ({
    timeUnixNano: nowNs(),
    asDouble,
    attributes: [{ key: 'i', value: { intValue: i } }],
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'bad-nan' } }];
  const body = JSON.stringify({
    resourceMetrics: [
      { resource: { attributes }, scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints } }] }] },
    ],
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.otlpHttpUrl}/v1/metrics`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  expect(await sourceOf('bad-nan')).toMatchObject({ accepted: 3, rejected: 0 });
});

test('invalid UTF-8 is replaced, not refused', async () => {
  const text = logs('bad-utf8', good());
  const at = text.indexOf('good');
  const bytes = Buffer.from(text);
  bytes[at + 1] = 0xff;
  expect((await send(bytes)).status).toBe(200);
  expect((await sourceOf('bad-utf8')).accepted).toBe(1);
});

describe('what cannot be read is refused for good', () => {
  test.each([
    ['random bytes as protobuf', () => randomBytes(500), { 'content-type': 'application/x-protobuf' }, 400],
    ['truncated JSON', () => Buffer.from('{"resourceLogs":[{'), {}, 400],
    ['broken gzip', () => randomBytes(100), { 'content-encoding': 'gzip' }, 400],
    ['another type', () => Buffer.from('hello'), { 'content-type': 'text/plain' }, 415],
    ['a gzip bomb', () => gzipSync(Buffer.alloc(200_000_000)), { 'content-encoding': 'gzip' }, 413],
    ['a body of 100 MB', () => Buffer.alloc(100_000_000, 0x20), {}, 413],
  ])('%s', async (_name, body, headers, expected) => {
    const { status, text } = await send(body(), headers as Record<string, string>);
    expect(status, text).toBe(expected);
    expect(JSON.stringify(text).length).toBeLessThan(2000);
  });

  test('a recorded request with one byte missing', async () => {
    const [recording] = scenario('tools').filter(({ signal }) => signal === 'traces');
    const cut = { ...recording!, body: recording!.body.subarray(0, -1) };
    expect((await post(server.otlpHttpUrl!, cut)).status).toBe(400);
  });

  test('it is counted for its address, under Sources', async () => {
    const source = await sourceOf('');
    expect(source.rejected).toBeGreaterThan(0);
    expect(source.address).toBe('127.0.0.1');
  });
});

test('after all that the server works as before', async () => {
  expect((await send(logs('still-fine', good()))).status).toBe(200);
  expect((await getJson(`${server.url}/health/ready`)).status).toBe('ok');
});
