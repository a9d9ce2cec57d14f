import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, freePort, missingPeers, type StartedPrometheus, startPrometheus } from './metrics-support.ts';
import { startTestServer, type TestServer, temporaryFolder } from './server-support.ts';

const missing = missingPeers('prometheus');
const SERIES = 30;
const SAMPLES = 400;
const STEP_MS = 15_000;
/** Beside the samples' times: whether the left edge of a range counts differs between versions. */
const BESIDE_S = -8;

describe.skipIf(missing !== '')(`a real Prometheus reads from us${missing}`, () => {
  const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
  let folder: string;
  let ours: TestServer;
  let theirs: StartedPrometheus;

  beforeAll(async () => {
    folder = temporaryFolder();
    ours = await startTestServer({ 'host.enabled': false });
    await load(ours.url, endMs);
    const configFile = join(folder, 'prometheus.yml');
    const read = `remote_read:\n  - url: ${ours.url}/api/v1/read\n    read_recent: true\n`;
    writeFileSync(configFile, read);
    theirs = await startPrometheus({ configFile, folder: join(folder, 'data'), port: await freePort() });
  });

  afterAll(async () => {
    await theirs?.end('SIGKILL');
    await ours?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every sample, bit for bit', async () => {
    const query = `read_test{s=~"1."}[2h]`;
    const { data } = await api(theirs.url, 'query', { query, time: endMs / 1000 });
    expect(data.result).toHaveLength(10);
    for (const { metric, values } of data.result) {
      expect(metric).toEqual({ __name__: 'read_test', s: metric.s, zone: 'ü "x"' });
      const expected = Array.from({ length: SAMPLES }, (_, i) => i)
        .map((i) => [timeMsOf(i, endMs) / 1000, sampleValue(Number(metric.s), i)] as const)
        .filter(([seconds]) => seconds * 1000 > endMs - 7_200_000);
      const found = values.map(([seconds, value]: [number, string]) => [seconds, Number(value)]);
      expect(found).toEqual(expected);
    }
  });

  test.each([
    'sum(rate(read_test[5m])) by (zone)',
    'topk(3, max_over_time(read_test[30m]))',
    'count(read_test{s!~"1.|2"} offset 20m)',
  ])('%s: the same answer as our own', async (query) => {
    const params = { query, start: endMs / 1000 - 3600 + BESIDE_S, end: endMs / 1000 + BESIDE_S, step: 60 };
    const [own, read] = [
      await api(ours.url, 'query_range', params),
      await api(theirs.url, 'query_range', params),
    ];
    expect(own.data.result.length).toBeGreaterThan(0);
    expect(rounded(read.data.result)).toEqual(rounded(own.data.result));
  });
});

function timeMsOf(i: number, endMs: number): number {
  return endMs - (SAMPLES - 1 - i) * STEP_MS;
}

/** Counters and noise. */
function sampleValue(series: number, i: number): number {
  return series % 2 === 0 ? i * (series + 1) : Math.sin(i * series) * 1e6;
}

async function load(url: string, endMs: number): Promise<void> {
  const lines: string[] = [];
  for (let series = 0; series < SERIES; series++) {
    for (let i = 0; i < SAMPLES; i++) {
      lines.push(`read_test{s="${series}",zone="ü \\"x\\""} ${sampleValue(series, i)} ${timeMsOf(i, endMs)}`);
    }
  }
  const body = `${lines.join('\n')}\n`;
  const answer = await fetch(`${url}/api/v1/import/prometheus`, { method: 'POST', body });
  expect(answer.ok).toBe(true);
}

/** Sums may add in another order. */
function rounded(result: readonly { metric: Record<string, string>; values: [number, string][] }[]): unknown {
  return result
    .map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort()),
      values.map(([seconds, value]) => [seconds, Number(Number(value).toPrecision(9))]),
    ])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}
