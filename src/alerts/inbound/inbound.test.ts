import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BellwetherError } from '../../lib/errors.ts';
import { unknownPlace } from '../../prom-config/index.ts';
import type { IncomingAlert } from '../types.ts';
import { parseInboundWebhooks } from './config.ts';
import { INBOUND_KINDS } from './kinds/index.ts';
import { createInboundService } from './service.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const HOUR_MS = 3_600_000;
const TOKEN = 'a-long-token';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-inbound-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A service with one webhook called `hook`. */
function serviceWith(fields: Record<string, unknown>) {
  const { webhooks, problems } = parseInboundWebhooks(
    [{ name: 'hook', ...fields }],
    unknownPlace('test'),
    folder,
  );
  expect(problems).toEqual([]);
  const posted: IncomingAlert[] = [];
  const state: { nowMs: number; error: BellwetherError | undefined } = { nowMs: NOW_MS, error: undefined };
  const engine = {
    async post(alerts: readonly IncomingAlert[]) {
      if (state.error !== undefined) throw state.error;
      posted.push(...alerts);
    },
  };
  const service = createInboundService({ engine, webhooks, clock: { now: () => state.nowMs } });
  const send = (
    body: unknown,
    {
      headers = {},
      token = fields.token as string | undefined,
    }: { headers?: Record<string, string>; token?: string | undefined } = {},
  ) =>
    service.receive({
      name: 'hook',
      headers,
      params: new URLSearchParams(token === undefined ? {} : { token }),
      readBody: async () => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    });
  return { service, posted, state, send };
}

/** What came of one delivery, the short way. */
async function alertsFrom(
  fields: Record<string, unknown>,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const { posted, send } = serviceWith({ token: TOKEN, ...fields });
  const { json } = await send(body, { headers });
  return {
    json,
    alerts: posted.map(({ labels, annotations, startsAtMs, endsAtMs, ...rest }) => ({
      ...rest,
      labels: { ...labels.toObject() },
      annotations: { ...annotations.toObject() },
      isFiring: endsAtMs! > NOW_MS,
      ...{ startsAtMs, endsAtMs },
    })),
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof BellwetherError ? `${error.status} ${error.code}` : String(error)),
  );

test('plain JSON needs no mapping', async () => {
  const plain = {
    title: 'Disk full',
    message: 'on db1',
    severity: 'CRITICAL',
    status: 'firing',
    host: 'db1',
    url: 'https://x/y',
  };
  const { alerts, json } = await alertsFrom({ kind: 'generic' }, plain);
  expect(json).toEqual({ accepted: 1 });
  expect(alerts).toEqual([
    {
      labels: { alertname: 'Disk full', severity: 'critical', host: 'db1' },
      annotations: { summary: 'Disk full', description: 'on db1' },
      generatorUrl: 'https://x/y',
      source: 'webhook:hook',
      value: undefined,
      isFiring: true,
      startsAtMs: undefined,
      endsAtMs: NOW_MS + 24 * HOUR_MS,
    },
  ]);
  const over = await alertsFrom({ kind: 'generic' }, { ...plain, status: 'Resolved' });
  expect(over.alerts[0]).toMatchObject({ labels: alerts[0]!.labels, isFiring: false, endsAtMs: NOW_MS });
});

test('a mapping takes paths, pointers and templates', async () => {
  const mapping = {
    alerts: 'data.items',
    labels: {
      alertname: '{{ .monitor.name | toUpper }}',
      zone: '/monitor/tags/0',
      id: '{{ .id }}',
      all: '{{ $root.team }}',
    },
    annotations: { summary: 'monitor.name is down: {{ .why }}', raw: 'monitor.tags' },
    status: '{{ if eq .up 1 }}over{{ else }}down{{ end }}',
    resolved_values: ['over'],
    starts_at: 'since',
    value: 'ms',
    generator_url: '{{ .link }}',
  };
  const item = {
    monitor: { name: 'shop', tags: ['eu'] },
    id: 12345678,
    why: 'timeout',
    up: 0,
    since: 1795262400,
    ms: 12.5,
    link: 'javascript:x',
  };
  const body = { team: 'web', data: { items: [item, { ...item, up: 1 }] } };
  const { alerts } = await alertsFrom({ kind: 'generic', mapping, labels: { zone: 'fixed' } }, body);
  expect(alerts[0]).toMatchObject({
    labels: { alertname: 'SHOP', zone: 'fixed', id: '12345678', all: 'web' },
    annotations: { summary: 'monitor.name is down: timeout', raw: '["eu"]' },
    value: 12.5,
    generatorUrl: '',
    startsAtMs: Date.UTC(2026, 10, 21, 12),
  });
  expect(alerts.map(({ isFiring }) => isFiring)).toEqual([true, false]);
});

test('a template that fails leaves its value out and says so', async () => {
  const mapping = { labels: { broken: '{{ index .list 5 }}' } };
  const { alerts } = await alertsFrom({ kind: 'generic', mapping }, { title: 'A', list: [1] });
  expect(alerts[0]!.labels).toEqual({ alertname: 'A' });
  expect(alerts[0]!.annotations.mapping_error).toContain('out of range');
});

test('a status that is to be ignored, and an empty list, are no error', async () => {
  const ignoring = { kind: 'generic', mapping: { ignored_values: ['pending'] } };
  expect((await alertsFrom(ignoring, { title: 'A', status: 'PENDING' })).json).toEqual({
    accepted: 0,
    message: 'its status is one that is ignored',
  });
  expect((await alertsFrom({ kind: 'generic' }, [])).json).toMatchObject({ accepted: 0 });
});

const amAlert = {
  status: 'firing',
  labels: { alertname: 'Down', job: 'api' },
  annotations: { summary: 'api is down' },
  startsAt: '2026-11-21T11:00:00.5Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph?g0.expr=up',
  fingerprint: '6ef1a6f0d9c0f6b5',
};

test('Alertmanager’s notification', async () => {
  const body = {
    ...{
      version: '4',
      groupKey: '{}:{alertname="Down"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'bellwether',
    },
    ...{ groupLabels: {}, commonLabels: {}, commonAnnotations: {}, externalURL: 'http://am' },
    alerts: [amAlert, { ...amAlert, status: 'resolved', endsAt: '2026-11-21T11:30:00Z' }],
  };
  const { alerts } = await alertsFrom({ kind: 'alertmanager', resolve_after: '6h' }, body);
  expect(alerts[0]).toMatchObject({
    labels: amAlert.labels,
    annotations: amAlert.annotations,
    generatorUrl: amAlert.generatorURL,
    startsAtMs: NOW_MS - HOUR_MS + 500,
    endsAtMs: NOW_MS + 6 * HOUR_MS,
  });
  expect(alerts[1]).toMatchObject({ endsAtMs: NOW_MS - HOUR_MS / 2, isFiring: false });
});

test('Grafana’s notification, with its links and values', async () => {
  const alert = {
    ...amAlert,
    dashboardURL: 'https://g/d/1',
    panelURL: '',
    silenceURL: 'https://g/s',
    values: { B: 44.2 },
  };
  const { alerts } = await alertsFrom(
    { kind: 'grafana' },
    { receiver: 'x', status: 'firing', orgId: 1, alerts: [alert] },
  );
  expect(alerts[0]).toMatchObject({
    value: 44.2,
    annotations: {
      dashboard_url: 'https://g/d/1',
      grafana_silence_url: 'https://g/s',
      values: 'B=44.2',
      summary: 'api is down',
    },
  });
});

const run = (conclusion: string | null, fields: object = {}) => ({
  action: 'completed',
  workflow_run: {
    ...{
      id: 9,
      name: 'CI',
      head_branch: 'main',
      head_sha: 'abc',
      event: 'push',
      status: 'completed',
      conclusion,
    },
    ...{
      html_url: 'https://github.com/o/r/actions/runs/9',
      display_title: 'Fix it',
      updated_at: '2026-11-21T11:59:00Z',
    },
    actor: { login: 'octocat' },
    ...fields,
  },
  workflow: { name: 'CI' },
  repository: { full_name: 'o/r', default_branch: 'main', html_url: 'https://github.com/o/r' },
});
const asEvent = (event: string) => ({ 'x-github-event': event });

test('GitHub: a failed workflow fires and the next success resolves the same alert', async () => {
  const failed = await alertsFrom({ kind: 'github' }, run('failure'), asEvent('workflow_run'));
  expect(failed.alerts[0]).toMatchObject({
    labels: {
      alertname: 'GitHubWorkflowFailed',
      repository: 'o/r',
      workflow: 'CI',
      branch: 'main',
      severity: 'warning',
    },
    annotations: {
      summary: 'Workflow CI failed on main of o/r',
      description: 'Fix it, by octocat',
      commit: 'abc',
    },
    generatorUrl: 'https://github.com/o/r/actions/runs/9',
    isFiring: true,
  });
  const passed = await alertsFrom({ kind: 'github' }, run('success'), asEvent('workflow_run'));
  expect(passed.alerts[0]).toMatchObject({ labels: failed.alerts[0]!.labels, isFiring: false });
});

test.each([
  ['ping', { zen: 'x' }, {}],
  ['push', {}, {}],
  ['workflow_run', { ...run(null), action: 'requested' }, {}],
  ['workflow_run', run('cancelled'), {}],
  ['workflow_run', run('failure', { head_branch: 'feature' }), {}],
  ['check_suite', { action: 'completed', check_suite: { app: { slug: 'github-actions' } } }, {}],
  ['deployment_status', { deployment_status: { state: 'in_progress' } }, {}],
  ['workflow_run', run('failure'), { branches: ['release'] }],
])('GitHub: %s %# is no alert, and no error', async (event, body, mapping) => {
  const { json, alerts } = await alertsFrom({ kind: 'github', mapping }, body, asEvent(event));
  expect(json).toMatchObject({ accepted: 0, message: expect.stringMatching(/./) });
  expect(alerts).toEqual([]);
});

test('GitHub: deployments by environment, check suites by app, any branch when asked', async () => {
  const status = (state: string) => ({
    action: 'created',
    deployment_status: {
      state,
      environment: 'production',
      description: 'boom',
      creator: { login: 'bot' },
      log_url: 'https://l/1',
      updated_at: '2026-11-21T11:00:00Z',
    },
    deployment: { sha: 'abc', ref: 'main', environment: 'production' },
    repository: { full_name: 'o/r' },
  });
  const deployed = await alertsFrom({ kind: 'github' }, status('error'), asEvent('deployment_status'));
  expect(deployed.alerts[0]).toMatchObject({
    labels: { alertname: 'GitHubDeploymentFailed', environment: 'production' },
    startsAtMs: NOW_MS - HOUR_MS,
    isFiring: true,
  });
  const suite = {
    action: 'completed',
    check_suite: { conclusion: 'timed_out', head_branch: 'x', app: { slug: 'sonar', name: 'Sonar' } },
    repository: { full_name: 'o/r' },
  };
  const checked = await alertsFrom(
    { kind: 'github', mapping: { branches: 'all' } },
    suite,
    asEvent('check_suite'),
  );
  expect(checked.alerts[0]!.labels).toMatchObject({
    alertname: 'GitHubChecksFailed',
    app: 'Sonar',
    branch: 'x',
  });
});

test('GitHub: the signature is checked over the body as it came, in a form too', async () => {
  const secret = 'It is a secret';
  const { send, posted } = serviceWith({ kind: 'github', secret });
  const body = JSON.stringify(run('failure'));
  const sign = (text: string) => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const headers = { ...asEvent('workflow_run'), 'x-hub-signature-256': sign(body) };
  await send(body, { headers });
  expect(posted).toHaveLength(1);
  expect(await codeOf(send(`${body} `, { headers }))).toBe('401 bad_signature');
  expect(await codeOf(send(body, { headers: asEvent('workflow_run') }))).toBe('401 bad_signature');
  const form = `payload=${encodeURIComponent(body)}`;
  const formHeaders = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-hub-signature-256': sign(form),
  };
  await send(form, { headers: { ...asEvent('workflow_run'), ...formHeaders } });
  expect(posted).toHaveLength(2);
  // The example of GitHub's documentation.
  const known = serviceWith({ kind: 'github', secret: "It's a Secret to Everybody" });
  const example = {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  };
  expect(await codeOf(known.send('Hello, World!', { headers: example }))).toBe('400 bad_input');
});

test('a signature with its time, as our own webhook channel makes it, does not last', async () => {
  const secret = 'It is a secret';
  const { send, state } = serviceWith({ kind: 'generic', secret });
  const body = '{"title":"A"}';
  const timeS = NOW_MS / 1000;
  const v1 = createHmac('sha256', secret).update(`${timeS}.${body}`).digest('hex');
  const signed = (text: string) => codeOf(send(body, { headers: { 'x-bellwether-signature': text } }));
  expect(await signed(`t=${timeS},v1=${v1}`)).toBe('none');
  expect(await signed(`t=${timeS + 1},v1=${v1}`)).toBe('401 bad_signature');
  expect(await signed(createHmac('sha256', secret).update(body).digest('hex'))).toBe('none');
  state.nowMs += 301_000;
  expect(await signed(`t=${timeS},v1=${v1}`)).toBe('401 bad_signature');
});

const deployment = (event: string, success: boolean) => ({
  ...{ success, event, message: success ? 'New version successfully deployed' : 'Deployment failed' },
  ...{
    application_name: 'shop',
    application_uuid: 'u1',
    deployment_uuid: 'd1',
    deployment_url: 'https://c/d1',
  },
  ...{ project: 'web', environment: 'production', fqdn: 'https://shop.example' },
});

test('Coolify: a failed deployment fires, the next success resolves it and what stopped before', async () => {
  const failed = await alertsFrom({ kind: 'coolify' }, deployment('deployment_failed', false));
  expect(failed.alerts).toHaveLength(1);
  expect(failed.alerts[0]).toMatchObject({
    labels: {
      alertname: 'CoolifyDeploymentFailed',
      severity: 'critical',
      application: 'shop',
      project: 'web',
      environment: 'production',
    },
    annotations: { summary: 'shop: Deployment failed', fqdn: 'https://shop.example' },
    generatorUrl: 'https://c/d1',
    isFiring: true,
  });
  const passed = await alertsFrom({ kind: 'coolify' }, deployment('deployment_success', true));
  expect(passed.alerts.map(({ labels }) => labels.alertname)).toEqual([
    'CoolifyDeploymentFailed',
    'CoolifyApplicationStopped',
    'CoolifyRestartLimitReached',
  ]);
  expect(passed.alerts[0]).toMatchObject({ labels: failed.alerts[0]!.labels, isFiring: false });
});

test.each([
  [
    'server_unreachable',
    'server_reachable',
    { server_name: 'a', server_uuid: 'u', url: 'https://c/s' },
    { alertname: 'CoolifyServerUnreachable', server: 'a' },
  ],
  [
    'container_stopped',
    'container_restarted',
    { container_name: 'x', server_name: 'a' },
    { alertname: 'CoolifyContainerStopped', container: 'x', server: 'a' },
  ],
  [
    'backup_failed',
    'backup_success',
    { database_name: 'pg', error_output: 'no space' },
    { alertname: 'CoolifyBackupFailed', database: 'pg' },
  ],
  ['task_failed', 'task_success', { task_name: 't' }, { alertname: 'CoolifyTaskFailed', task: 't' }],
  [
    'docker_cleanup_failed',
    'docker_cleanup_success',
    { server_name: 'a' },
    { alertname: 'CoolifyDockerCleanupFailed', server: 'a' },
  ],
])('Coolify: %s until %s', async (bad, good, fields, labels) => {
  const begun = await alertsFrom(
    { kind: 'coolify' },
    { event: bad, success: false, message: 'm', ...fields },
  );
  expect(begun.alerts[0]).toMatchObject({ labels, isFiring: true });
  const ended = await alertsFrom(
    { kind: 'coolify' },
    { event: good, success: true, message: 'm', ...fields },
  );
  expect(ended.alerts.find((alert) => alert.labels.alertname === labels.alertname)).toMatchObject({
    labels: begun.alerts[0]!.labels,
    isFiring: false,
  });
});

test('Coolify: events it will have one day', async () => {
  const bad = await alertsFrom(
    { kind: 'coolify' },
    { event: 'volume_lost', success: false, message: 'gone', server_name: 'a' },
  );
  expect(bad.alerts[0]!.labels).toEqual({ alertname: 'CoolifyVolumeLost', severity: 'warning', server: 'a' });
  expect((await alertsFrom({ kind: 'coolify' }, { event: 'volume_found', success: true })).alerts).toEqual(
    [],
  );
  expect((await alertsFrom({ kind: 'coolify' }, { event: 'test', success: true })).json).toMatchObject({
    accepted: 0,
  });
});

test.each([
  ['generic', '"text"'],
  ['generic', '{'],
  ['generic', ''],
  ['alertmanager', '{}'],
  ['alertmanager', '{"alerts":[{"labels":{}}]}'],
  ['grafana', '{"alerts":{}}'],
  ['github', '{}'],
  ['coolify', '{}'],
])('%s: %j is refused as bad input', async (kind, body) => {
  const { send, service } = serviceWith({ kind, token: TOKEN });
  expect(await codeOf(send(body))).toBe('400 bad_input');
  expect(service.status()[0]).toMatchObject({ accepted: 0, refused: 1, lastErrorAtMs: NOW_MS });
});

test('the token comes in any of its places, and nothing is read without it', async () => {
  const { service } = serviceWith({ kind: 'generic', token: TOKEN });
  let reads = 0;
  const tryWith = (headers: Record<string, string>, query = '') =>
    codeOf(
      service.receive({
        ...{ name: 'hook', headers },
        params: new URLSearchParams(query),
        readBody: async () => {
          reads++;
          return Buffer.from('{}');
        },
      }),
    );
  const basic = `Basic ${Buffer.from(`any:${TOKEN}`).toString('base64')}`;
  expect(await tryWith({ authorization: `Bearer ${TOKEN}` })).toBe('none');
  expect(await tryWith({ authorization: basic })).toBe('none');
  expect(await tryWith({ 'x-bellwether-token': TOKEN })).toBe('none');
  expect(await tryWith({}, `token=${TOKEN}`)).toBe('none');
  expect(reads).toBe(4);
  expect(await tryWith({})).toBe('401 bad_token');
  expect(await tryWith({ authorization: `Bearer ${TOKEN}x` })).toBe('401 bad_token');
  expect(reads).toBe(4);
  expect(service.status()[0]).toMatchObject({
    accepted: 4,
    refused: 2,
    lastError: 'the token of the webhook is wrong',
  });
  const unknown = service.receive({
    name: 'other',
    headers: {},
    params: new URLSearchParams(),
    readBody: async () => Buffer.from(''),
  });
  expect(await codeOf(unknown)).toBe('404 unknown_webhook');
});

test('secrets in files may change; one that is away or empty lets nobody in', async () => {
  const file = join(folder, 'token');
  const { send } = serviceWith({ kind: 'generic', token_file: 'token' });
  expect(await codeOf(send({}, { token: 'x' }))).toBe('503 secret_unreadable');
  writeFileSync(file, '\n');
  expect(await codeOf(send({}, { token: '' }))).toBe('503 secret_unreadable');
  writeFileSync(file, 'first-token\n');
  expect(await codeOf(send({ title: 'A' }, { token: 'first-token' }))).toBe('none');
  writeFileSync(file, 'second-token');
  expect(await codeOf(send({ title: 'A' }, { token: 'first-token' }))).toBe('401 bad_token');
});

test('what the engine refuses is told and counted; counts outlive another configuration', async () => {
  const { service, state, send } = serviceWith({ kind: 'generic', token: TOKEN });
  await send({ title: 'A' });
  state.error = new BellwetherError({ code: 'too_many_alerts', status: 429, message: 'full' });
  expect(await codeOf(send({ title: 'B' }))).toBe('429 too_many_alerts');
  const next = [
    { name: 'hook', kind: 'coolify', token: TOKEN },
    { name: 'new', kind: 'generic', token: TOKEN },
  ];
  service.configure(parseInboundWebhooks(next, unknownPlace('test')).webhooks);
  expect(service.status()).toEqual([
    {
      name: 'hook',
      kind: 'coolify',
      accepted: 1,
      refused: 1,
      alerts: 1,
      lastAtMs: NOW_MS,
      lastError: 'full',
      lastErrorAtMs: NOW_MS,
    },
    {
      name: 'new',
      kind: 'generic',
      accepted: 0,
      refused: 0,
      alerts: 0,
      lastAtMs: undefined,
      lastError: '',
      lastErrorAtMs: undefined,
    },
  ]);
});

test('hostile payloads stay within bounds', async () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  expect(await codeOf(serviceWith({ kind: 'generic', token: TOKEN }).send(deep))).toBe('400 bad_input');
  const long = 'x'.repeat(300_000);
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`l${i}`, 'v']));
  const body = `{"title":"a\\u0000b\\u202e\\ud800","message":"${long}","labels":{"__proto__":"x","__name__":"x","ok name!":"y","constructor":"z"},"__proto__":{"status":"ok"}}`;
  const { alerts } = await alertsFrom({ kind: 'generic' }, body);
  expect(alerts[0]!.labels).toEqual({
    alertname: 'a b\u202e\ufffd',
    proto__: 'x',
    name__: 'x',
    ok_name_: 'y',
    constructor: 'z',
  });
  expect(alerts[0]!.annotations.description).toHaveLength(16_384);
  expect(alerts[0]!.isFiring).toBe(true);
  const many = await alertsFrom({ kind: 'generic' }, { title: 'A', labels });
  expect(Object.keys(many.alerts[0]!.labels)).toHaveLength(64);
  const crowd = Array.from({ length: 1001 }, () => ({ title: 'A' }));
  expect(await codeOf(serviceWith({ kind: 'generic', token: TOKEN }).send(crowd))).toBe(
    '413 too_many_alerts',
  );
});

test('no JSON makes anything but a BellwetherError, and labels are always safe', async () => {
  const mapping = {
    labels: { a: '{{ .labels }}', b: 'labels.x' },
    annotations: { c: '{{ range . }}{{ . }}{{ end }}' },
    value: '/status',
  };
  const services = INBOUND_KINDS.map(({ name }) =>
    serviceWith({ kind: name, token: TOKEN, ...(name === 'generic' && { mapping }) }),
  );
  const key = fc.constantFrom(
    'alerts',
    'labels',
    'title',
    'status',
    'event',
    'success',
    'action',
    'workflow_run',
    'conclusion',
    'startsAt',
    'values',
    '__proto__',
    'constructor',
    'toString',
    '',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.constantFrom('failure', 'resolved', 'completed', 'success', '2026-01-01T00:00:00Z'),
      ),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.oneof(key, fc.string({ unit: 'binary' })), tie('tree')), { maxLength: 6 })
        .map((pairs) => ({ pairs })),
    ),
  }));
  const event = fc.constantFrom('workflow_run', 'check_suite', 'deployment_status', 'ping', 'x');
  await fc.assert(
    fc.asyncProperty(fc.nat(services.length - 1), tree, event, async (at, value, name) => {
      const { send, posted } = services[at]!;
      posted.length = 0;
      try {
        await send(asJson(value), { headers: asEvent(name) });
      } catch (error) {
        expect(error).toBeInstanceOf(BellwetherError);
        expect((error as BellwetherError).code).not.toBe('internal');
      }
      for (const { labels, annotations } of posted) {
        expect(labels.size).toBeGreaterThan(0);
        for (const [label, text] of [...labels.entries(), ...annotations.entries()]) {
          expect(label.isWellFormed() && text.isWellFormed()).toBe(true);
          expect(label.startsWith('__')).toBe(false);
        }
      }
    }),
    { numRuns: 500 },
  );
});

/** JSON text with whatever names, `__proto__` among them. */
function asJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const { pairs } = value as { pairs: [string, unknown][] };
  return `{${pairs.map(([name, inner]) => `${JSON.stringify(name)}:${asJson(inner)}`).join(',')}}`;
}
