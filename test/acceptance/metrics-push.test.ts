import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snappyCompress } from '../../src/lib/snappy.ts';
import { createSnapshotStore, openState } from '../../src/state/index.ts';
import { apiData, eventually, instant, scalarIfAny, scalarOf } from './metrics-support.ts';
import {
  getJson,
  type SpawnedServer,
  spawnServer,
  startTestServer,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ 'host.enabled': false });
});
afterAll(() => server.remove());

async function send(
  path: string,
  body: string | Uint8Array = '',
  {
    method = 'POST',
    headers = {},
    url = server.url,
  }: { method?: string; headers?: Record<string, string>; url?: string } = {},
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers,
    body: method === 'GET' ? undefined : typeof body === 'string' ? body : new Uint8Array(body),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Values by labels without the name. */
async function now(query: string, params = {}): Promise<Record<string, string>> {
  const found = await instant(server.url, query, params);
  return Object.fromEntries(
    [...found].map(([labels, value]) => {
      const { __name__, ...rest } = JSON.parse(labels);
      return [
        Object.entries(rest)
          .map(([name, text]) => `${name}=${text}`)
          .join(),
        value,
      ];
    }),
  );
}

/** How many groups the state database has, read beside the running server. */
async function savedGroups(folder: string): Promise<number> {
  const state = openState(join(folder, 'state.db'));
  try {
    const saved = (await createSnapshotStore(state).load('push_groups')) as { groups: unknown[] } | undefined;
    return saved?.groups.length ?? 0;
  } finally {
    await state.destroy();
  }
}

describe('Pushgateway', () => {
  const group = '/metrics/job/nightly/instance/db1';

  test('push, push more, replace, delete', async () => {
    const beforeS = Date.now() / 1000;
    expect(
      await send(group, '# TYPE rows counter\nrows 17\nbytes{table="a"} 1\nbytes{table="b"} 2\n'),
    ).toEqual({ status: 200, text: '' });
    expect(await now('rows')).toEqual({ 'instance=db1,job=nightly': '17' });
    expect(await now('bytes')).toEqual({
      'instance=db1,job=nightly,table=a': '1',
      'instance=db1,job=nightly,table=b': '2',
    });
    const pushedS = (await scalarOf(server.url, 'push_time_seconds{job="nightly"}'))!;
    expect(pushedS).toBeGreaterThanOrEqual(beforeS - 1);
    expect(await scalarOf(server.url, 'push_failure_time_seconds{job="nightly"}')).toBe(0);

    // POST replaces the metrics it names and leaves the others.
    expect((await send(group, 'bytes{table="c"} 3\n')).status).toBe(200);
    await eventually(() => now('bytes'), { 'instance=db1,job=nightly,table=c': '3' });
    expect(await now('rows')).toEqual({ 'instance=db1,job=nightly': '17' });

    // PUT replaces all of it.
    expect((await send(group, 'errors 0\n', { method: 'PUT' })).status).toBe(200);
    await eventually(() => now('{job="nightly",__name__!~"push_.*"}'), { 'instance=db1,job=nightly': '0' });

    expect((await send(group, '', { method: 'DELETE' })).status).toBe(202);
    await eventually(() => now('{job="nightly"}'), {});
    expect(await scalarOf(server.url, 'last_over_time(rows[5m])')).toBe(17);
    expect((await send(group, '', { method: 'DELETE' })).status).toBe(202);
  });

  test('groups are apart; names of groups in base64', async () => {
    const encoded = Buffer.from('/var/tmp').toString('base64url');
    expect((await send('/metrics/job/apart', 'size 1\n')).status).toBe(200);
    expect((await send(`/metrics/job/apart/path@base64/${encoded}`, 'size 2\n')).status).toBe(200);
    expect((await send('/metrics/job@base64/YXBhcnQ/path@base64/=', 'other 3\n')).status).toBe(200);
    expect(await now('size')).toEqual({ 'job=apart': '1', 'job=apart,path=/var/tmp': '2' });
    await send('/metrics/job/apart', '', { method: 'DELETE' });
    await eventually(() => now('size'), { 'job=apart,path=/var/tmp': '2' });
  });

  test('a bad push says why and changes nothing', async () => {
    await send('/metrics/job/strict', 'kept 1\n');
    for (const body of ['kept{ 2\n', 'kept 2 1795271000000\n', 'kept 2\nkept 3\n']) {
      const { status, text } = await send('/metrics/job/strict', body, { method: 'PUT' });
      expect([status, text], body).toEqual([400, expect.stringMatching(/./)]);
    }
    expect(await now('kept')).toEqual({ 'job=strict': '1' });
    expect((await send('/metrics/job/strict', '', { method: 'PATCH' })).status).toBe(405);
    expect((await send('/metrics/job/', 'a 1\n')).status).toBeGreaterThanOrEqual(400);
    expect((await send('/metrics/job/a/odd', 'a 1\n')).status).toBe(400);
  });

  test('survives stops and crashes, and what was deleted stays away', async () => {
    const folder = temporaryFolder();
    let own: SpawnedServer | undefined;
    try {
      own = await spawnServer(folder);
      const ask = (query: string) => scalarIfAny(own!.url, query);
      await send('/metrics/job/lasting', 'lasting 1\n', { url: own.url });
      await send('/metrics/job/passing', 'passing 1\n', { url: own.url });
      // The gateway's memory is saved a moment after the push.
      await untilTrue(async () => (await savedGroups(folder)) === 2);
      await own.end('SIGKILL');
      own = await spawnServer(folder);
      const restartedS = Date.now() / 1000;
      await send('/metrics/job/passing', '', { method: 'DELETE', url: own.url });
      // Written again by the server itself.
      await untilTrue(async () => ((await ask('timestamp(lasting)')) ?? 0) > restartedS);
      await send('/metrics/job/lasting', '', { method: 'DELETE', url: own.url });
      await untilTrue(async () => (await savedGroups(folder)) === 0);
      await own.end('SIGKILL');
      own = await spawnServer(folder);
      await eventually(() => ask('last_over_time(lasting[1h])'), 1);
      expect(await ask('lasting')).toBeUndefined();
      expect(await ask('passing')).toBeUndefined();
      await send('/metrics/job/stopped', 'stopped 1\n', { url: own.url });
      expect(await own.end('SIGTERM')).toBe(0);
      expect(await savedGroups(folder)).toBe(1);
    } finally {
      if (own?.process.exitCode === null && own.process.signalCode === null) await own.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('import', () => {
  const timeMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

  test('text with and without times, more labels, compressed', async () => {
    const text = `# HELP imported Something.\n# TYPE imported gauge\nimported{a="1"} 1 ${timeMs}\nimported{a="1"} 2 ${timeMs + 1000}\nimported{a="2"} NaN\n`;
    const path = `/api/v1/import/prometheus?extra_label=env=lab&timestamp=${timeMs}`;
    expect(await send(path, gzipSync(text), { headers: { 'content-encoding': 'gzip' } })).toEqual({
      status: 204,
      text: '',
    });
    expect(await now('imported', { time: timeMs / 1000 })).toEqual({
      'a=1,env=lab': '1',
      'a=2,env=lab': 'NaN',
    });
    expect(await now('imported{a="1"}', { time: timeMs / 1000 + 1 })).toEqual({ 'a=1,env=lab': '2' });
    expect(
      (
        await send('/api/v1/import/prometheus', snappyCompress(Buffer.from('snappy_text 5\n')), {
          headers: { 'content-encoding': 'snappy' },
        })
      ).status,
    ).toBe(204);
    expect(await scalarOf(server.url, 'snappy_text')).toBe(5);
    await eventually(() => apiData(server.url, 'metadata', { metric: 'imported' }), {
      imported: [{ type: 'gauge', help: 'Something.', unit: '' }],
    });
  });

  test('OpenMetrics', async () => {
    const text =
      '# TYPE visits counter\n# UNIT visits people\nvisits_total{door="n"} 4 # {trace_id="0123456789abcdef0123456789abcdef"} 1 1795270000\n# EOF\n';
    const headers = { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' };
    expect(
      (await send('/api/v1/import/prometheus', text.replace('# UNIT visits people\n', ''), { headers }))
        .status,
    ).toBe(204);
    expect(await now('visits_total')).toEqual({ 'door=n': '4' });
  });

  test('a bad line is named, the others are stored', async () => {
    const { status, text } = await send('/api/v1/import/prometheus', 'fine_one 1\nnot a line\nfine_two 2\n');
    expect([status, text]).toEqual([400, expect.stringMatching(/line 2|2:/)]);
    expect(await scalarOf(server.url, 'fine_one + ignoring() fine_two')).toBe(3);
    expect((await send('/api/v1/import/prometheus?timestamp=soon', 'a 1\n')).status).toBe(400);
    expect((await send('/api/v1/import/prometheus?extra_label=x', 'a 1\n')).status).toBe(400);
    expect((await send('/api/v1/import/prometheus', '', { method: 'GET' })).status).toBe(405);
  });
});

describe('InfluxDB line protocol', () => {
  const timeMs = Math.floor(Date.now() / 1000) * 1000 - 600_000;

  test('measurements, tags, fields of all types, the database', async () => {
    const lines = [
      `cpu,host=web-1,zone=a\\ b usage=0.5,idle=99i,up=true,note="x" ${timeMs}000000`,
      'weather temperature=-3e2',
      '',
      '# a comment',
    ].join('\n');
    expect(await send('/write?db=telegraf', lines)).toEqual({ status: 204, text: '' });
    const time = { time: timeMs / 1000 };
    expect(await now('cpu_usage', time)).toEqual({ 'db=telegraf,host=web-1,zone=a b': '0.5' });
    expect(await now('cpu_idle', time)).toEqual({ 'db=telegraf,host=web-1,zone=a b': '99' });
    expect(await now('cpu_up', time)).toEqual({ 'db=telegraf,host=web-1,zone=a b': '1' });
    expect(await now('cpu_note', time)).toEqual({});
    expect(await now('weather_temperature')).toEqual({ 'db=telegraf': '-300' });
  });

  test.each([
    ['s', 1000],
    ['ms', 1],
  ])('precision %s at the paths of versions 1 and 2', async (precision, unitMs) => {
    const line = `paths_${precision} value=1 ${timeMs / unitMs}\n`;
    for (const path of [
      '/write?db=d',
      '/api/v2/write?bucket=d',
      '/influx/write?db=d',
      '/influx/api/v2/write?bucket=d',
    ]) {
      expect((await send(`${path}&precision=${precision}`, line)).status).toBe(204);
    }
    expect(await now(`paths_${precision}_value`, { time: timeMs / 1000 })).toEqual({ 'db=d': '1' });
    expect(await scalarOf(server.url, `count_over_time(paths_${precision}_value[1h])`)).toBe(1);
  });

  test('a bad line is named, the others are stored', async () => {
    const { status, text } = await send('/write', 'good value=1\nbad\ngood2 value=2\n');
    expect([status, text]).toEqual([400, expect.stringMatching(/line 2|2:/)]);
    expect(await scalarOf(server.url, 'good_value + good2_value')).toBe(3);
    expect((await send('/write?precision=fortnight', 'a value=1\n')).status).toBe(400);
  });
});

test('each way in is a source', async () => {
  await untilTrue(async () => {
    const { sources } = await getJson(`${server.url}/api/sources`);
    const protocols = new Set(sources.map(({ protocol }: { protocol: string }) => protocol));
    return ['pushgateway', 'import/prometheus', 'influx'].every((name) => protocols.has(name));
  });
});
