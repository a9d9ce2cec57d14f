import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createServerMetrics } from './metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createMetricsRegistry } from './registry.ts';

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

function everything() {
  const metrics = createServerMetrics({
    version: '1.0.0',
    readers: {
      spool: () => ({ files: 2, bytes: 100, budgetBytes: 1000, oldestAgeS: 0.5, quarantinedFiles: 0 }),
      writer: () => ({
        commits: 3,
        commitFailures: 0,
        commitMs: 40,
        committedRows: 30,
        committedBytes: 300,
        inserts: 2,
        insertFailures: 0,
        insertedRows: 20,
        refused: { spool_full: 4 },
      }),
      engine: () => ({ isUp: true, restarts: 1, residentBytes: 5 }),
      sources: () => 3,
      live: () => ({ clients: 1, droppedTouches: 0 }),
      bodies: () => ({ usedBytes: 1, limitBytes: 2 }),
      connections: () => [{ listener: 'main', count: 4 }],
    },
  });
  const process = addProcessMetrics(metrics.registry);
  metrics.ingest.accepted('logs', 10, 5000);
  metrics.ingest.rejected('logs', 'too_old', 2);
  metrics.ingest.refused('traces', 'bad_input');
  metrics.ingest.trimmed('logs', 1, 2);
  metrics.ingest.acknowledged('logs', 0.03);
  metrics.http.request({
    listener: 'main',
    route: '/api/usage',
    method: 'GET',
    status: 200,
    durationS: 0.004,
  });
  metrics.http.connectionRefused('main', 'too_many_connections');
  return { ...metrics, process };
}

test('the text has what parts report, under the usual names', () => {
  const { registry, process } = everything();
  const { type, text } = registry.text('prometheus');
  process.close();
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = text.split('\n');
  for (const line of [
    '# TYPE bellwether_ingest_records_total counter',
    'bellwether_ingest_records_total{signal="logs"} 10',
    'bellwether_ingest_bytes_total{signal="logs"} 5000',
    'bellwether_ingest_rejected_records_total{signal="logs",reason="too_old"} 2',
    'bellwether_ingest_refused_requests_total{signal="traces",reason="bad_input"} 1',
    'bellwether_ingest_dropped_attributes_total{signal="logs"} 2',
    'bellwether_ingest_acknowledge_duration_seconds_bucket{signal="logs",le="0.025"} 0',
    'bellwether_ingest_acknowledge_duration_seconds_bucket{signal="logs",le="0.05"} 1',
    'bellwether_ingest_acknowledge_duration_seconds_bucket{signal="logs",le="+Inf"} 1',
    'bellwether_ingest_acknowledge_duration_seconds_sum{signal="logs"} 0.03',
    'bellwether_http_requests_total{listener="main",route="/api/usage",method="GET",status="200"} 1',
    'bellwether_spool_oldest_age_seconds 0.5',
    'bellwether_spool_commit_seconds_total 0.04',
    'bellwether_spool_refusals_total{reason="spool_full"} 4',
    'bellwether_engine_up 1',
    'bellwether_engine_restarts_total 1',
    'bellwether_http_connections{listener="main"} 4',
  ]) {
    expect(lines).toContain(line);
  }
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
  ]) {
    expect(text).toMatch(new RegExp(`^${name} [0-9.e+-]+$`, 'm'));
  }
});

test('every sample belongs to a family with HELP and TYPE, and no series comes twice', () => {
  const { registry, process } = everything();
  const { text } = registry.text('prometheus');
  process.close();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((match) => [match[1]!, match[2]!]));
  const helps = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map((match) => match[1]!));
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const sample of samples) {
    const name = /^[a-zA-Z_:][\w:]*/.exec(sample)![0];
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    expect([name, types.has(family), helps.has(family)]).toEqual([name, true, true]);
    if (types.get(family) === 'counter') expect(family).toMatch(/_total$/);
  }
  const series = samples.map((line) => line.slice(0, line.lastIndexOf(' ')));
  expect(new Set(series).size).toBe(series.length);
});

test('OpenMetrics names families without _total, gives units and ends with EOF', () => {
  const { registry, process } = everything();
  const { type, text } = registry.text('openmetrics');
  process.close();
  expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  expect(text).toContain('# TYPE bellwether_ingest_bytes counter\n# UNIT bellwether_ingest_bytes bytes\n');
  expect(text).toContain('bellwether_ingest_bytes_total{signal="logs"} 5000\n');
  expect(text.endsWith('\n# EOF\n')).toBe(true);
  for (const [, family, unit] of text.matchAll(/^# UNIT (\S+) (\S+)$/gm))
    expect(family!.endsWith(`_${unit}`)).toBe(true);
});

test.skipIf(!hasPromtool)(
  `promtool finds nothing to say${hasPromtool ? '' : ' (skipped: promtool is not installed)'}`,
  () => {
    const { registry, process } = everything();
    const { text } = registry.text('prometheus');
    process.close();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`]).toEqual([0, '']);
  },
);

test('label values are escaped', () => {
  const registry = createMetricsRegistry();
  registry.counter({ name: 'a', help: 'one\ntwo \\', labels: ['l'] }).add({ l: 'x"y\\z\n' });
  expect(registry.text('prometheus').text).toBe(
    '# HELP a_total one\\ntwo \\\\\n# TYPE a_total counter\na_total{l="x\\"y\\\\z\\n"} 1\n',
  );
});

test('label combinations are bounded', () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: 'a', help: 'h', labels: ['l'] });
  for (let i = 0; i < 2_000; i++) counter.add({ l: `v${i}` });
  counter.add({ l: 'v0' });
  const { text } = registry.text('prometheus');
  expect(text.split('\n').length).toBeLessThan(510);
  expect(text).toContain('a_total{l="v0"} 2\n');
  expect(text).toContain('a_total{l="other"} 1500\n');
});

test('a counter only grows, and a reader that throws costs only its own samples', () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter({ name: 'a', help: 'h' });
  counter.add({}, 2);
  counter.add({}, -1);
  counter.add({}, Number.NaN);
  registry.observed({ name: 'b', help: 'h', type: 'gauge' }, () => {
    throw new Error('gone');
  });
  expect(registry.text('prometheus').text).toBe(
    '# HELP a_total h\n# TYPE a_total counter\na_total 2\n# HELP b h\n# TYPE b gauge\n',
  );
});
