import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseInboundWebhooks } from '../../src/alerts/index.ts';
import { adminKey, ingestKey } from '../../src/http/fakes.ts';
import { unknownPlace } from '../../src/prom-config/index.ts';
import {
  type StartedAlertmanager,
  startAlerting,
  startAlertmanager,
  type TestAlerting,
} from './alertmanager-support.ts';
import {
  eventually,
  freePort,
  missingPeers,
  runPeer,
  type StartedPrometheus,
  startPrometheus,
} from './metrics-support.ts';
import { temporaryFolder, untilTrue } from './server-support.ts';

const configuration = `
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 1h
  routes:
    - matchers: [severity="critical"]
      receiver: pager
      continue: true
    - matchers: [team=~"web|shop"]
      receiver: web
inhibit_rules:
  - source_matchers: [alertname="Outage"]
    target_matchers: [severity="warning"]
    equal: [site]
receivers:
  - name: everybody
  - name: pager
  - name: web
`;

const HOUR_MS = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();

let folder: string;
let ours: TestAlerting;
beforeAll(async () => {
  folder = temporaryFolder();
  const hooks = [{ name: 'elsewhere', kind: 'alertmanager', token: 'token-of-the-webhook' }];
  ours = await startAlerting(configuration, parseInboundWebhooks(hooks, unknownPlace('test')).webhooks);
});
afterAll(async () => {
  await ours.stop();
  rmSync(folder, { recursive: true, force: true });
});

const missingTool = missingPeers('amtool');

describe.skipIf(missingTool !== '')(`the real amtool${missingTool}`, () => {
  async function amtool(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runPeer('amtool', [`--alertmanager.url=${ours.url}`, ...args]);
    if (code !== 0) throw new Error(`amtool ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
    return stdout.trim();
  }
  const shown = async (...args: string[]) => JSON.parse(await amtool(...args, '-o', 'json'));
  const namesOf = async (...args: string[]) =>
    ((await shown('alert', 'query', ...args)) as { labels: { alertname: string } }[])
      .map(({ labels }) => labels.alertname)
      .sort();

  test('adds alerts and finds them again', async () => {
    await amtool(
      'alert',
      'add',
      'Slow',
      'severity=critical',
      'team=web',
      '--annotation=summary=it is slow',
      '--generator-url=http://x/y',
    );
    await amtool('alert', 'add', 'alertname="Strange ä"', 'severity=info');
    await amtool('alert', 'add', 'Later', '--end', inHours(2));
    expect(await namesOf()).toEqual(['Later', 'Slow', 'Strange ä']);
    expect(await namesOf('severity=~"crit.*"')).toEqual(['Slow']);
    expect(await namesOf('Slow')).toEqual(['Slow']);
    expect(await namesOf('--receiver=pa.*')).toEqual(['Slow']);
    const [slow] = await shown('alert', 'query', 'alertname=Slow');
    expect(slow).toMatchObject({
      annotations: { summary: 'it is slow' },
      generatorURL: 'http://x/y',
      receivers: [{ name: 'pager' }, { name: 'web' }],
      status: { state: 'active' },
    });
    expect(await amtool('alert', 'query', 'Slow', '-o', 'extended')).toContain('severity="critical"');
    await amtool('alert', 'add', 'Later', '--end', new Date().toISOString());
    await untilTrue(async () => (await namesOf()).length === 2);
  });

  test('inhibits, and says so', async () => {
    await amtool('alert', 'add', 'Outage', 'site=a');
    await amtool('alert', 'add', 'Lag', 'site=a', 'severity=warning');
    await untilTrue(async () => (await namesOf('--inhibited')).join() === 'Lag');
    expect(await namesOf('--active')).not.toContain('Lag');
  });

  test('silences: add, query, update, expire, import', async () => {
    const id = await amtool(
      'silence',
      'add',
      'alertname=Slow',
      'team=~"w.*"',
      '--comment=we know',
      '--author=me',
      '--duration=2h',
    );
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    const [silence] = await shown('silence', 'query', 'alertname=Slow');
    expect(silence).toMatchObject({ id, comment: 'we know', createdBy: 'me', status: { state: 'active' } });
    expect(await namesOf('--silenced')).toEqual(['Slow']);
    expect(await namesOf('alertname=Slow', '--active')).toEqual([]);
    expect(await amtool('silence', 'query', '-q')).toBe(id);

    const updated = await shown('silence', 'update', id, '--comment=still', '--duration=3h');
    expect(updated).toMatchObject([{ id }]);
    expect(await shown('silence', 'query', '--created-by=me')).toMatchObject([{ comment: 'still' }]);

    const file = join(folder, 'silences.json');
    writeFileSync(file, await amtool('silence', 'query', '-o', 'json'));
    await amtool('silence', 'expire', id);
    expect(await shown('silence', 'query')).toEqual([]);
    expect(await shown('silence', 'query', '--expired')).toMatchObject([
      { id, status: { state: 'expired' } },
    ]);
    expect(await namesOf('alertname=Slow', '--active')).toEqual(['Slow']);
    await expect(amtool('silence', 'expire', id)).rejects.toThrow(/expired/);

    // Forced, because the silence that it would update is over.
    await amtool('silence', 'import', '--force', file);
    const imported = await shown('silence', 'query');
    expect(imported).toMatchObject([{ comment: 'still' }]);
    expect(imported[0].id).not.toBe(id);
    const unknown = amtool('silence', 'expire', '2a1c8b8e-8f0a-4f1e-9d2c-8d2a1c8b8e00');
    await expect(unknown).rejects.toThrow(/404/);
    await expect(amtool('silence', 'add', 'x=~"["', '--comment=c')).rejects.toThrow();
    await amtool('silence', 'expire', imported[0].id);
  });

  test('shows the configuration and tests its routes', async () => {
    expect(await amtool('config', 'show')).toContain('receiver: everybody');
    expect(await amtool('config', 'routes', 'show')).toContain('team=~');
    const configFile = join(folder, 'alertmanager.yml');
    writeFileSync(configFile, configuration);
    for (const labels of [['severity=critical', 'team=shop'], ['team=web'], ['x=y']]) {
      const told = await amtool('config', 'routes', 'test', ...labels);
      const expected = await runPeer('amtool', [
        'config',
        'routes',
        'test',
        `--config.file=${configFile}`,
        ...labels,
      ]);
      expect(told).toBe(expected.stdout.trim());
    }
  });

  test('shows the cluster', async () => {
    expect(await amtool('cluster', 'show')).toContain('disabled');
  });

  test('logs in with a key as the password', async () => {
    const file = join(folder, 'http.yml');
    const write = (password: string) =>
      writeFileSync(file, `basic_auth: {username: any, password: ${password}}\n`);
    ours.server.access.isRequired = true;
    try {
      write(adminKey);
      expect(await amtool(`--http.config.file=${file}`, 'silence', 'query')).not.toBe('');
      write(ingestKey);
      await amtool(`--http.config.file=${file}`, 'alert', 'add', 'FromIngest');
      await expect(amtool(`--http.config.file=${file}`, 'silence', 'query')).rejects.toThrow();
      await expect(amtool('alert', 'query')).rejects.toThrow();
    } finally {
      ours.server.access.isRequired = false;
    }
  });
});

const missingPrometheus = missingPeers('prometheus');

describe.skipIf(missingPrometheus !== '')(
  `a real Prometheus with a rule that fires${missingPrometheus}`,
  () => {
    let prometheus: StartedPrometheus;
    beforeAll(async () => {
      const rules = join(folder, 'rules.yml');
      writeFileSync(
        rules,
        `groups: [{name: g, interval: 1s, rules: [{alert: FromPrometheus, expr: vector(7) > 1, labels: {severity: critical}, annotations: {summary: 'is {{ $value }}'}}]}]\n`,
      );
      const address = `127.0.0.1:${ours.server.servers.main.port}`;
      const configFile = join(folder, 'prometheus.yml');
      writeFileSync(
        configFile,
        `global: {evaluation_interval: 1s, external_labels: {replica: a}}
rule_files: [${rules}]
alerting:
  alertmanagers:
    - path_prefix: /alertmanager
      basic_auth: {username: any, password: ${ingestKey}}
      static_configs: [{targets: ['${address}']}]
`,
      );
      prometheus = await startPrometheus({
        ...{ configFile, folder: join(folder, 'prometheus'), port: await freePort() },
        // The first notification is lost while it still looks for alertmanagers.
        flags: ['--rules.alert.resend-delay=1s'],
      });
    });
    afterAll(() => prometheus?.end('SIGKILL'));

    test('its alert arrives, with an ingest key', async () => {
      const found = () =>
        ours.engine.alerts().find(({ alert }) => alert.labels.get('alertname') === 'FromPrometheus');
      await untilTrue(() => found() !== undefined);
      expect({ ...found()!.alert.labels.toObject() }).toEqual({
        alertname: 'FromPrometheus',
        severity: 'critical',
        replica: 'a',
      });
      expect(found()!.alert.annotations.get('summary')).toBe('is 7');
      expect(found()!.receivers).toEqual(['pager']);
      expect(found()!.alert.generatorUrl).toContain('/graph?');
    });
  },
);

/** JSON with everything that differs from run to run replaced by its kind. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/.test(value) ? 'time' : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Alertmanager has it since 0.28.
      .filter(([name]) => name !== 'mutedBy')
      .map(([name, inner]) => [
        name,
        /^(id|silenceID|silencedBy|message|original)$/.test(name) ? kindOf(inner) : shapeOf(inner),
      ]),
  );
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? `${value.length} × ${typeof value[0]}` : typeof value;
}

const missingAlertmanager = missingPeers('prometheus-alertmanager');

describe.skipIf(missingAlertmanager !== '')(`beside a real Alertmanager${missingAlertmanager}`, () => {
  let theirs: StartedAlertmanager;
  let fresh: TestAlerting;
  beforeAll(async () => {
    theirs = await startAlertmanager(configuration);
    fresh = await startAlerting(configuration);
  });
  afterAll(async () => {
    await theirs?.remove();
    await fresh?.stop();
  });

  async function ask(base: string, path: string, init?: { method: string; body?: unknown }) {
    const response = await fetch(`${base}/api/v2/${path}`, {
      ...(init === undefined ? {} : { method: init.method }),
      ...(init?.body === undefined
        ? {}
        : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const body = text.trim() === '' ? undefined : JSON.parse(text);
    return { status: response.status, body };
  }

  /** Errors are compared by status and kind: the words are ours. */
  async function shape(base: string, path: string, init?: { method: string; body?: unknown }) {
    const { status, body } = await ask(base, path, init);
    return {
      status,
      body: status === 200 ? shapeOf(body) : typeof body === 'string' ? 'text' : shapeOf(body),
    };
  }

  const alerts = [
    {
      labels: { alertname: 'Outage', site: 'a', severity: 'critical' },
      annotations: { summary: 's' },
      generatorURL: 'http://g/1',
    },
    { labels: { alertname: 'Lag', site: 'a', severity: 'warning', job: 'b' } },
    { labels: { alertname: 'Lag', site: 'b', severity: 'warning', job: 'a', team: 'web' } },
    {
      labels: { alertname: 'Lag', site: 'c', severity: 'critical', team: 'shop', empty: '' },
      startsAt: inHours(-1),
      endsAt: inHours(1),
    },
    { labels: { alertname: 'Over' }, startsAt: inHours(-2), endsAt: inHours(-1) },
    { labels: { site: 'without a name' } },
    { labels: { alertname: 'Lag', zone: 'a' } },
    { labels: { alertname: 'Lag', area: 'z' } },
  ];
  const silenceOf = (fields: object = {}) => ({
    matchers: [
      { name: 'site', value: 'b', isRegex: false },
      { name: 'absent', value: 'x.+', isRegex: true, isEqual: false },
    ],
    ...{ startsAt: inHours(-1), endsAt: inHours(5), createdBy: 'me', comment: 'c', ...fields },
  });
  const post = (body: unknown) => ({ method: 'POST', body });

  test('the same alerts and silences give the same JSON', async () => {
    for (const base of [theirs.url, fresh.url]) {
      expect(await ask(base, 'alerts', post(alerts))).toEqual({ status: 200, body: undefined });
      expect(await shape(base, 'silences', post(silenceOf()))).toEqual({
        status: 200,
        body: { silenceID: 'string' },
      });
      await ask(base, 'silences', post(silenceOf({ startsAt: inHours(1), comment: 'later' })));
    }
    // Theirs puts alerts into groups in its own time.
    await eventually(async () => ((await ask(theirs.url, 'alerts/groups')).body as unknown[]).length, 5);
    const paths = [
      'alerts',
      'alerts/groups',
      'alerts?active=false',
      'alerts?silenced=false&inhibited=false',
      'alerts?filter=site%3D%22a%22&filter=severity%3D~%22w.*%22',
      'alerts?receiver=web',
      'alerts/groups?receiver=pager',
      'alerts/groups?inhibited=false&silenced=nonsense',
      'receivers',
      'silences',
      'silences?filter=site%3Db',
    ];
    for (const path of paths)
      expect({ path, ...(await shape(fresh.url, path)) }).toEqual({
        path,
        ...(await shape(theirs.url, path)),
      });
  });

  test('the status has the same fields', async () => {
    const fields = async (base: string) => {
      const { body } = (await ask(base, 'status')) as { body: Record<string, Record<string, unknown>> };
      return { ...(shapeOf(body) as object), versionInfo: Object.keys(body.versionInfo!).sort() };
    };
    expect(await fields(fresh.url)).toEqual(await fields(theirs.url));
  });

  test('refusals have the same status and kind', async () => {
    const noId = '2a1c8b8e-8f0a-4f1e-9d2c-8d2a1c8b8e00';
    const requests: [path: string, init?: { method: string; body?: unknown }][] = [
      ['alerts', post({})],
      ['alerts', post([{}])],
      ['alerts', post([{ labels: {} }, { labels: { alertname: 'Good' } }])],
      ['alerts', post([{ labels: { a: 1 } }])],
      ['alerts', post([{ labels: { a: 'b' }, startsAt: 'never' }])],
      ['alerts', post([{ labels: { a: 'b' }, startsAt: inHours(1), endsAt: inHours(-1) }])],
      ['alerts', post([{ labels: { a: 'b' }, generatorURL: '::bad' }])],
      ['alerts', { method: 'PUT' }],
      ['alerts?filter=bad'],
      ['alerts/groups?filter=a%3D~%22%5B%22'],
      ['alerts?receiver=%5B'],
      ['silences?filter=bad'],
      ['silences', post({})],
      ['silences', post(silenceOf({ matchers: [] }))],
      ['silences', post(silenceOf({ matchers: [{ name: 'a', value: 'b' }] }))],
      ['silences', post(silenceOf({ matchers: [{ name: 'a', value: '[', isRegex: true }] }))],
      ['silences', post(silenceOf({ matchers: [{ name: 'a', value: '', isRegex: false }] }))],
      ['silences', post(silenceOf({ endsAt: inHours(-2) }))],
      ['silences', post(silenceOf({ startsAt: inHours(-3), endsAt: inHours(-2) }))],
      ['silences', post(silenceOf({ id: noId }))],
      [`silence/${noId}`],
      ['silence/abc'],
      ['silence/abc', { method: 'DELETE' }],
      ['nothing'],
    ];
    for (const [path, init] of requests) {
      const what = { path, ...init };
      expect({ what, ...(await shape(fresh.url, path, init)) }).toEqual({
        what,
        ...(await shape(theirs.url, path, init)),
      });
    }
    for (const base of [theirs.url, fresh.url])
      expect((await ask(base, 'alerts?filter=alertname%3DGood')).body).toHaveLength(1);
  });
});

describe('webhooks', () => {
  test('a notification becomes an alert that is routed, and its end ends it', async () => {
    const send = (status: string) =>
      fetch(`${ours.server.mainUrl}/api/inbound/webhooks/elsewhere`, {
        method: 'POST',
        headers: { authorization: 'Bearer token-of-the-webhook' },
        body: JSON.stringify({
          version: '4',
          status,
          alerts: [
            {
              status,
              labels: { alertname: 'Elsewhere', team: 'shop' },
              annotations: {},
              startsAt: inHours(-1),
              endsAt: '0001-01-01T00:00:00Z',
            },
          ],
        }),
      });
    const found = () =>
      ours.engine.alerts().find(({ alert }) => alert.labels.get('alertname') === 'Elsewhere');
    expect(await (await send('firing')).json()).toEqual({ accepted: 1 });
    expect(found()).toMatchObject({ isResolved: false, receivers: ['web'] });
    expect(found()!.alert.source).toBe('webhook:elsewhere');
    expect((await send('resolved')).status).toBe(200);
    expect(found()?.isResolved ?? true).toBe(true);
    expect(ours.inbound.status()).toMatchObject([{ name: 'elsewhere', accepted: 2, alerts: 2, refused: 0 }]);
  });
});
