import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  postJson,
  pushSamples,
  startWebhookSink,
  told,
  type WebhookSink,
  writeFiles,
} from './alerts-support.ts';
import {
  getJson,
  runCommand,
  type SpawnedServer,
  spawnServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

let folder: string;
let sink: WebhookSink;
let server: SpawnedServer | undefined;
beforeEach(async () => {
  folder = temporaryFolder();
  sink = await startWebhookSink();
});
afterEach(async () => {
  if (server !== undefined && server.process.exitCode === null && server.process.signalCode === null)
    await server.end('SIGKILL');
  server = undefined;
  await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

const rules = `
groups:
  - name: disk
    interval: 200ms
    rules:
      - record: disk:used:ratio
        expr: disk_used_bytes / disk_size_bytes
      - alert: DiskFull
        expr: disk:used:ratio > 0.9
        labels: { severity: critical }
        annotations:
          summary: '{{ $labels.disk }} is {{ $value | humanizePercentage }} full'
`;

function config(): string {
  return writeFiles(folder, {
    'bellwether.yml': `
rule_files: ['rules*.yml']
alertmanager_config_file: alertmanager.yml
alerting: { packs: [] }
host: { enabled: false }
`,
    'rules.yml': rules,
    'alertmanager.yml': `
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 0s
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - name: hook
    webhook_configs: [{ url: '${sink.url}/hook' }]
`,
  });
}

const full = 'disk_size_bytes{disk="a"} 100\ndisk_used_bytes{disk="a"} 95';
const empty = 'disk_size_bytes{disk="a"} 100\ndisk_used_bytes{disk="a"} 5';

describe('a rule of a file', () => {
  test('fires, tells its receiver once, is resolved, and tells that once', async () => {
    server = await spawnServer(join(folder, 'data'), ['--config', config()]);
    await pushSamples(server.url, full);
    await untilTrue(() => sink.taken().length > 0);
    const [first] = sink.taken();
    expect(first).toMatchObject({ status: 'firing', receiver: 'hook' });
    expect(first!.alerts[0]).toMatchObject({
      labels: { alertname: 'DiskFull', disk: 'a', severity: 'critical' },
      annotations: { summary: 'a is 95% full' },
    });
    const { data } = await getJson(`${server.url}/api/v1/rules`);
    expect(
      data.groups[0].rules.map(({ name, health }: { name: string; health: string }) => [name, health]),
    ).toEqual([
      ['disk:used:ratio', 'ok'],
      ['DiskFull', 'ok'],
    ]);
    expect((await getJson(`${server.url}/api/v1/alerts`)).data.alerts).toHaveLength(1);
    await pushSamples(server.url, empty);
    await untilTrue(() => sink.taken().length > 1);
    expect(told(sink.taken())).toEqual(['firing DiskFull', 'resolved DiskFull']);
    const series = await getJson(`${server.url}/api/v1/series?match[]=ALERTS`);
    expect(series.data.map(({ alertstate }: { alertstate: string }) => alertstate)).toContain('firing');
  });

  test('that fired is neither told again nor forgotten when the server is killed and started again', async () => {
    const file = config();
    server = await spawnServer(join(folder, 'data'), ['--config', file]);
    await pushSamples(server.url, full);
    await untilTrue(() => sink.taken().length > 0);
    const before = await getJson(`${server.url}/api/alerts`);
    await server.end('SIGKILL');
    server = await spawnServer(join(folder, 'data'), ['--config', file]);
    await untilTrue(
      async () => (await getJson(`${server!.url}/api/alerts`)).rules.last_evaluation_at !== null,
    );
    const after = await getJson(`${server.url}/api/alerts`);
    expect(after.alerts[0].starts_at).toBe(before.alerts[0].starts_at);
    await pushSamples(server.url, empty);
    await untilTrue(() => sink.taken().some(({ status }) => status === 'resolved'));
    expect(told(sink.taken())).toEqual(['firing DiskFull', 'resolved DiskFull']);
  });

  test('and its changes stand in the history, with the delivery', async () => {
    server = await spawnServer(join(folder, 'data'), ['--config', config()]);
    await pushSamples(server.url, full);
    await untilTrue(async () => {
      const { events } = await getJson(`${server!.url}/api/alert-history`);
      return events.some(({ kind }: { kind: string }) => kind === 'notified');
    });
    const { events } = await getJson(`${server.url}/api/alert-history`);
    const kinds = events.map(({ kind }: { kind: string }) => kind);
    expect([...kinds].reverse()).toEqual(['pending', 'firing', 'notified']);
    expect(events[0]).toMatchObject({ receiver: 'hook', channel: 'webhook', attempts: 1 });
  });
});

describe('a reload', () => {
  test('takes new rules and leaves what fires alone, by signal and by HTTP', async () => {
    server = await spawnServer(join(folder, 'data'), ['--config', config()]);
    await pushSamples(server.url, full);
    await untilTrue(() => sink.taken().length > 0);
    const { starts_at } = (await getJson(`${server.url}/api/alerts`)).alerts[0];
    writeFileSync(
      join(folder, 'rules2.yml'),
      rules.replaceAll('disk', 'other').replace('DiskFull', 'OtherFull'),
    );
    expect((await postJson(`${server.url}/-/reload`)).status).toBe(200);
    const names = async () =>
      (await getJson(`${server!.url}/api/rules`)).rules.map(({ name }: { name: string }) => name);
    expect(await names()).toContain('OtherFull');
    rmSync(join(folder, 'rules2.yml'));
    server.process.kill('SIGHUP');
    await untilTrue(async () => !(await names()).includes('OtherFull'));
    expect((await getJson(`${server.url}/api/alerts`)).alerts[0].starts_at).toBe(starts_at);
    expect(told(sink.taken())).toEqual(['firing DiskFull']);
  });

  test('with mistakes is refused whole: all of them are named with line and column, and nothing changes', async () => {
    server = await spawnServer(join(folder, 'data'), ['--config', config()]);
    writeFileSync(
      join(folder, 'rules2.yml'),
      'groups:\n  - name: a\n    rules:\n      - alert: X\n        expr: up ==\n',
    );
    writeFileSync(
      join(folder, 'alertmanager.yml'),
      'route:\n  receiver: nobody\n  group_wiat: 5s\nreceivers:\n  - name: hook\n',
    );
    const answer = await postJson(`${server.url}/-/reload`);
    expect(answer.status).toBe(422);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message).toContain('rules2.yml:5:');
    expect(error.message).toContain('alertmanager.yml:3:3');
    expect(error.message).toContain('group_wait');
    expect(error.message).toContain('nobody');
    await pushSamples(server.url, full);
    await untilTrue(() => sink.taken().length > 0);
    const { code, stderr } = await runCommand(['check', '--config', join(folder, 'bellwether.yml')]);
    expect(code).toBe(1);
    expect(stderr).toContain('rules2.yml:5:');
  });
});

test('check rules and test rules answer as promtool does', async () => {
  writeFileSync(join(folder, 'good.yml'), rules);
  writeFileSync(join(folder, 'bad.yml'), rules.replace('> 0.9', '>'));
  writeFileSync(
    join(folder, 'tests.yml'),
    `rule_files: [good.yml]
tests:
  - interval: 1m
    input_series:
      - { series: 'disk_used_bytes{disk="a"}', values: '95x5' }
      - { series: 'disk_size_bytes{disk="a"}', values: '100x5' }
    alert_rule_test:
      - eval_time: 2m
        alertname: DiskFull
        exp_alerts:
          - exp_labels: { severity: critical, disk: a }
            exp_annotations: { summary: 'a is 95% full' }
`,
  );
  expect(await runCommand(['check', 'rules', join(folder, 'good.yml')])).toMatchObject({ code: 0 });
  const bad = await runCommand(['check', 'rules', join(folder, 'bad.yml')]);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain('could not parse expression');
  expect(await runCommand(['test', 'rules', join(folder, 'tests.yml')])).toMatchObject({ code: 0 });
});
