import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SmtpReceived, startSmtpStandIn } from '../../src/notify/channels/smtp-stand-in.contract.ts';
import {
  postJson,
  pushSamples,
  startWebhookSink,
  told,
  type WebhookSink,
  writeFiles,
} from './alerts-support.ts';
import { freePort, missingPeers, startPrometheus } from './metrics-support.ts';
import {
  getJson,
  runCommand,
  startTestServer,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

const MAIL_PASSWORD = 'correct horse battery';
const GITHUB_SECRET = 'a secret of the repository';
const noOpenssl = spawnSync('openssl', ['version']).status !== 0;

type MailServer = Awaited<ReturnType<typeof startSmtpStandIn>>;
let folder: string;
let sink: WebhookSink;
let mail: MailServer;
let server: TestServer;

beforeAll(async () => {
  folder = temporaryFolder();
  const tls = noOpenssl ? undefined : certificate(folder);
  [sink, mail] = await Promise.all([
    startWebhookSink(),
    startSmtpStandIn({
      login: { user: 'alerts', password: MAIL_PASSWORD },
      server: tls === undefined ? { allowInsecureAuth: true } : { ...tls, allowInsecureAuth: false },
    }),
  ]);
  server = await startTestServer({}, configFile(tls !== undefined));
});
afterAll(async () => {
  await server?.remove();
  await Promise.all([sink.close(), mail.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** A key and a certificate for localhost, which nobody vouches for. */
function certificate(into: string): { key: string; cert: string } {
  const [key, cert] = [join(into, 'mail.key'), join(into, 'mail.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-days', '2'];
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-nodes',
    ...curve,
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ]);
  expect(made.status, String(made.stderr)).toBe(0);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

function configFile(hasTls: boolean): string {
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets/mail'), `${MAIL_PASSWORD}\n`);
  writeFileSync(join(folder, 'secrets/coolify'), 'token-of-coolify\n');
  return writeFiles(folder, {
    'bellwether.yml': `
rule_files: ['rules.yml']
alertmanager_config_file: alertmanager.yml
alerting: { packs: [] }
host: { enabled: false }
inbound_webhooks:
  - name: backup
    kind: generic
    token: token-of-backups
    labels: { team: storage }
    mapping:
      labels: { alertname: 'Backup{{ .job }}', job: job }
      annotations: { summary: error }
      status: outcome
      resolved_values: [done]
  - { name: code, kind: github, secret: '${GITHUB_SECRET}' }
  - { name: deploys, kind: coolify, token_file: secrets/coolify }
`,
    'rules.yml': `
groups:
  - name: hostile
    interval: 200ms
    rules:
      - alert: Hostile
        expr: hostile > 0
        annotations: { summary: 'it says {{ $labels.text }}' }
`,
    'alertmanager.yml': `
global:
  smtp_smarthost: '${mail.url.replace('127.0.0.1', 'localhost')}'
  smtp_from: 'Bellwether <alerts@example.org>'
  smtp_auth_username: alerts
  smtp_auth_password_file: secrets/mail
  smtp_require_tls: ${hasTls}
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 200ms
  repeat_interval: 1h
  routes:
    - { matchers: ['alertname=~"Hostile|Mailed"'], receiver: team-mail, continue: true }
    - { receiver: hook }
receivers:
  - name: hook
    webhook_configs: [{ url: '${sink.url}/hook' }]
  - name: team-mail
    email_configs:
      - to: 'Ops <ops@example.org>'
        send_resolved: true
${hasTls ? '        tls_config: { ca_file: mail.crt }' : ''}
  - name: nowhere
    webhook_configs: [{ url: 'http://127.0.0.1:1/' }]
  - name: nobody
`,
  });
}

const mailsAbout = (name: string): SmtpReceived[] =>
  mail.requests.filter(({ headers }) => headers.get('subject')!.includes(name));
const toldOf = (name: string) => told(sink.taken()).filter((one) => one.split(' ')[1] === name);

async function post(labels: object, times: object = {}): Promise<void> {
  const answer = await postJson(`${server.url}/alertmanager/api/v2/alerts`, [{ labels, ...times }]);
  expect(answer.status, await answer.text()).toBe(200);
}

describe(`e-mail over ${noOpenssl ? 'plain SMTP (openssl is missing for STARTTLS)' : 'STARTTLS'} and a login`, () => {
  test('tells of an alert and of its end, in one thread', async () => {
    const labels = { alertname: 'Mailed', severity: 'high' };
    await post(labels);
    await untilTrue(() => mailsAbout('Mailed').length === 1);
    const [first] = mailsAbout('Mailed');
    expect(first).toMatchObject({
      from: 'alerts@example.org',
      to: ['ops@example.org'],
      isEncrypted: !noOpenssl,
    });
    expect(first!.login).toMatch(/ alerts$/);
    expect(first!.headers.get('subject')).toContain('FIRING');
    for (const body of [first!.text, first!.html]) {
      expect(body).toContain('Mailed');
      expect(body).toContain(`${server.url}/`);
      expect(body).toContain(`${server.url}/act/`);
    }
    await post(labels, { endsAt: new Date().toISOString() });
    await untilTrue(() => mailsAbout('Mailed').length === 2);
    const second = mailsAbout('Mailed')[1]!;
    expect(second.headers.get('subject')).toContain('RESOLVED');
    expect(second.headers.get('references')).toBe(first!.headers.get('references'));
    expect(second.headers.get('message-id')).not.toBe(first!.headers.get('message-id'));
    expect(mail.mistakes).toEqual([]);
  });

  test('the password stands in no answer of the server', async () => {
    for (const path of ['/api/receivers', '/alertmanager/api/v2/status', '/api/alerts'])
      expect(await (await fetch(server.url + path)).text()).not.toContain(MAIL_PASSWORD);
  });
});

describe('`bellwether receivers`', () => {
  const receivers = (...args: string[]) => runCommand(['receivers', ...args, '--url', server.url]);

  test('test sends a message that says what it is, and tells how it went', async () => {
    const { code, stdout } = await receivers('test', 'team-mail');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^delivered {2}team-mail.* ms, 1 attempt/)]);
    const [one] = mailsAbout('BellwetherTest');
    expect(one!.text).toContain('This is a test');
  });

  test('test of one that cannot be reached fails, and says why', async () => {
    const { code, stdout } = await receivers('test', 'nowhere');
    expect([code, stdout]).toEqual([1, expect.stringContaining('FAILED  nowhere')]);
    expect(stdout).toContain('ECONNREFUSED');
    expect((await receivers('test', 'nobody')).code).toBe(1);
    const unknown = await receivers('test', 'unknown');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('unknown')]);
  });

  test('list names everybody', async () => {
    const { code, stdout } = await receivers('list');
    expect([code, stdout]).toEqual([0, expect.stringContaining('team-mail\n  email')]);
    expect(stdout).toContain('nobody  (tells nobody)');
  });
});

describe('a webhook from elsewhere', () => {
  const deliver = (name: string, body: string, headers: Record<string, string>) =>
    fetch(`${server.url}/api/inbound/webhooks/${name}`, { method: 'POST', body, headers });

  test('generic: fields are mapped, and its own word for the end ends it', async () => {
    const headers = { authorization: 'Bearer token-of-backups' };
    const failed = await deliver('backup', '{"job":"db","outcome":"failed","error":"no <space>"}', headers);
    expect([failed.status, await failed.json()]).toEqual([200, { accepted: 1 }]);
    await untilTrue(() => toldOf('Backupdb').length === 1);
    const sent = sink.taken().find((one) => told([one])[0] === 'firing Backupdb')!;
    expect(sent.alerts[0]).toMatchObject({
      labels: { alertname: 'Backupdb', job: 'db', team: 'storage' },
      annotations: { summary: 'no <space>' },
    });
    const { alerts } = await getJson(
      `${server.url}/api/alerts?q=${encodeURIComponent('alertname="Backupdb"')}`,
    );
    expect(alerts[0].source).toBe('webhook:backup');
    await deliver('backup', '{"job":"db","outcome":"done"}', headers);
    await untilTrue(() => toldOf('Backupdb').length === 2);
    expect(toldOf('Backupdb')).toEqual(['firing Backupdb', 'resolved Backupdb']);
  });

  test('generic: without the token, or with something else than JSON, is refused', async () => {
    const wrong = await deliver('backup', '{}', { authorization: 'Bearer wrong' });
    expect([wrong.status, (await wrong.text()).includes('token-of-backups')]).toEqual([401, false]);
    expect((await deliver('backup', '{}', {})).status).toBe(401);
    expect((await deliver('unknown', '{}', {})).status).toBe(404);
    const headers = { 'x-bellwether-token': 'token-of-backups' };
    expect((await deliver('backup', 'not JSON', headers)).status).toBe(400);
    expect((await deliver('backup', '', headers)).status).toBe(400);
  });

  test('GitHub: a failed workflow, signed; a wrong signature is refused', async () => {
    const run = (conclusion: string) =>
      JSON.stringify({
        action: 'completed',
        workflow_run: {
          name: 'CI',
          conclusion,
          head_branch: 'main',
          head_sha: 'abc',
          html_url: 'https://x/y',
        },
        repository: { full_name: 'a/b', default_branch: 'main' },
      });
    const signed = (body: string, secret = GITHUB_SECRET) => ({
      'x-github-event': 'workflow_run',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    const failed = run('failure');
    expect((await deliver('code', failed, signed(failed, 'guessed'))).status).toBe(401);
    expect((await deliver('code', failed, { 'x-github-event': 'workflow_run' })).status).toBe(401);
    expect((await deliver('code', run('failure').replace('a/b', 'a/c'), signed(failed))).status).toBe(401);
    expect(toldOf('GitHubWorkflowFailed')).toEqual([]);
    expect((await deliver('code', failed, signed(failed))).status).toBe(200);
    await untilTrue(() => toldOf('GitHubWorkflowFailed').length === 1);
    const passed = run('success');
    await deliver('code', passed, signed(passed));
    await untilTrue(() => toldOf('GitHubWorkflowFailed').length === 2);
    const sent = sink.taken().find((one) => told([one])[0] === 'resolved GitHubWorkflowFailed')!;
    expect(sent.alerts[0]!.labels).toMatchObject({ repository: 'a/b', workflow: 'CI', branch: 'main' });
  });

  test('Coolify: a failed deployment, and the next good one', async () => {
    const headers = { authorization: 'Bearer token-of-coolify' };
    const event = (name: string, success: boolean) =>
      JSON.stringify({
        ...{ success, message: 'New version', event: name, application_name: 'shop', project: 'web' },
        ...{ environment: 'production', deployment_url: 'https://coolify.example/d/1' },
      });
    await deliver('deploys', event('deployment_failed', false), headers);
    await untilTrue(() => toldOf('CoolifyDeploymentFailed').length === 1);
    await deliver('deploys', event('deployment_success', true), headers);
    await untilTrue(() => toldOf('CoolifyDeploymentFailed').length === 2);
    const sent = sink.taken().find((one) => told([one])[0] === 'firing CoolifyDeploymentFailed')!;
    expect(sent.alerts[0]!.labels).toMatchObject({ application: 'shop', severity: 'critical' });
  });
});

const noPrometheus = missingPeers('prometheus');

test.skipIf(noPrometheus !== '')(`a Prometheus sends its alerts here${noPrometheus}`, async () => {
  const theirs = join(folder, 'prometheus');
  mkdirSync(theirs);
  const { host } = new URL(server.url);
  const configFile = writeFiles(theirs, {
    'prometheus.yml': `
global: { evaluation_interval: 1s, external_labels: { site: theirs } }
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - path_prefix: /alertmanager
      static_configs: [{ targets: ['${host}'] }]
`,
    'rules.yml':
      'groups: [{ name: g, rules: [{ alert: FromPrometheus, expr: vector(7), annotations: { summary: "{{ $value }}" } }] }]\n',
  });
  const prometheus = await startPrometheus({
    configFile,
    folder: join(theirs, 'data'),
    port: await freePort(),
    // The first notification is lost while it still looks for alertmanagers.
    flags: ['--rules.alert.resend-delay=1s'],
  });
  try {
    await untilTrue(() => toldOf('FromPrometheus').length === 1);
    const sent = sink.taken().find((one) => told([one])[0] === 'firing FromPrometheus')!;
    expect(sent.alerts[0]).toMatchObject({
      labels: { alertname: 'FromPrometheus', site: 'theirs' },
      annotations: { summary: '7' },
    });
    expect(sent.alerts[0]!.generatorURL).toContain(prometheus.url.split(':').at(-1));
    const { alerts } = await getJson(`${server.url}/api/alerts?q=FromPrometheus`);
    expect(alerts[0].source).toBe('api');
  } finally {
    await prometheus.end();
  }
});

describe('hostile label values', () => {
  const values = [
    '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>',
    '{{ template "nothing" }} {{ range }} {{ .Labels }}',
    'line\nbreak\r\nBcc: evil@example.org\r\n\r\n.\r\nMAIL FROM:<x@y>',
    'javascript:alert(1) \u202eright to left\u0000\u0007\u001b[31m 😀 ä',
    "%s%n $ {jndi:ldap://x} $(reboot) `reboot` '; DROP TABLE alert_events; --",
    'long '.repeat(800),
  ];
  const quoted = (value: string) => value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');

  test('reach webhook, e-mail, API and history as they are, and do nothing', async () => {
    await pushSamples(
      server.url,
      values.map((value, n) => `hostile{n="${n}",text="${quoted(value)}"} 1`).join('\n'),
    );
    await untilTrue(() => toldOf('Hostile').length === values.length);
    await untilTrue(() => mailsAbout('Hostile').length === values.length);
    const sunk = sink.taken().filter((one) => told([one])[0]!.startsWith('firing Hostile'));
    const { alerts } = await getJson(
      `${server.url}/api/alerts?q=${encodeURIComponent('alertname="Hostile"')}`,
    );
    values.forEach((text, n) => {
      const labels = { n: String(n), text };
      const sent = sunk.find((one) => one.alerts[0]!.labels.n === labels.n)!;
      expect(sent.alerts[0]!.labels).toMatchObject(labels);
      expect(sent.alerts[0]!.annotations).toEqual({ summary: `it says ${text}` });
      const known = alerts.find((one: { labels: { n: string } }) => one.labels.n === labels.n);
      expect(known).toMatchObject({ labels, annotations: { summary: `it says ${text}` } });
    });
    for (const { to, from, html, headers, raw } of mailsAbout('Hostile')) {
      expect([from, to]).toEqual(['alerts@example.org', ['ops@example.org']]);
      expect(html).not.toMatch(/<script|<img|href="javascript:/i);
      expect(headers.has('bcc')).toBe(false);
      expect(raw).not.toContain('\u0000');
    }
    expect(mail.mistakes).toEqual([]);
    await untilTrue(async () => {
      const { events } = await getJson(`${server.url}/api/alert-history?q=Hostile&kinds=firing&limit=100`);
      const texts = events.map(({ labels }: { labels: { text: string } }) => labels.text);
      return values.every((value) => texts.includes(value));
    });
    const csv = await (await fetch(`${server.url}/api/alert-history/export?format=csv&q=Hostile`)).text();
    // Nothing that a spreadsheet would compute.
    expect(csv).not.toMatch(/^[=+@]/m);
  });
});
