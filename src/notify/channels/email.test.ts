import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import type { DeliveryOutcome, Notification } from '../../model/notification.ts';
import { DIGEST_LABEL } from '../digest.ts';
import { fakeIntegration, notifierBench, numberedNotification } from '../notify-test-kit.ts';
import { exampleAlert, exampleNotification, hostileNotification } from './channel-suite.ts';
import { MAIL_PASSWORD, MAIL_USER } from './email.example.ts';
import { email } from './email.ts';
import { addressesIn, hostAndPort } from './email-settings.ts';
import { type SmtpReceived, type SmtpStandInOptions, startSmtpStandIn } from './smtp-stand-in.contract.ts';

const LOGIN = { user: MAIL_USER, password: MAIL_PASSWORD };

interface Sent {
  readonly outcome: DeliveryOutcome;
  readonly mails: readonly SmtpReceived[];
}

/** One attempt at a server of its own. */
async function sent(
  server: SmtpStandInOptions,
  settings: Record<string, unknown> = {},
  notification: Notification = exampleNotification(),
): Promise<Sent> {
  const standIn = await startSmtpStandIn({
    ...server,
    server: { allowInsecureAuth: true, ...server.server },
  });
  onTestFinished(() => standIn.close());
  const bench = notifierBench([email], { policy: { maxAttempts: 1 } });
  const parsed = email.schema.parse({
    to: 'ops@example.org',
    from: 'alerts@example.org',
    smarthost: standIn.url,
    require_tls: false,
    ...settings,
  });
  const outcome = await bench.deliver({
    notification,
    integration: fakeIntegration({ channel: 'email', settings: parsed }),
  });
  expect(standIn.mistakes).toEqual([]);
  return { outcome, mails: standIn.requests };
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A key and a certificate for localhost, which nobody vouches for. */
let pair: { key: string; cert: string } | undefined;
function selfSigned(): { key: string; cert: string } {
  if (pair !== undefined) return pair;
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-smtp-'));
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'ignore' });
  pair = { key: readFileSync(join(folder, 'key'), 'utf8'), cert: readFileSync(join(folder, 'cert'), 'utf8') };
  rmSync(folder, { recursive: true });
  return pair;
}

describe.skipIf(!hasOpenssl)('TLS', () => {
  test('STARTTLS with a certificate of ones own authority, and then login', async () => {
    const { key, cert } = selfSigned();
    const server = { login: LOGIN, server: { key, cert, allowInsecureAuth: false } };
    const settings = {
      require_tls: true,
      tls_config: { ca: cert },
      auth_username: MAIL_USER,
      auth_password: MAIL_PASSWORD,
    };
    const { outcome, mails } = await sent(server, settings);
    expect(outcome).toMatchObject({ isDelivered: true, detail: 'SMTP 250 OK: queued as 1234' });
    expect(mails[0]).toMatchObject({ isEncrypted: true, login: expect.stringContaining(MAIL_USER) });
  });

  test('TLS from the first byte', async () => {
    const { key, cert } = selfSigned();
    const server = { server: { key, cert, secure: true } };
    const { outcome, mails } = await sent(server, { force_implicit_tls: true, tls_config: { ca: cert } });
    expect(outcome.isDelivered).toBe(true);
    expect(mails[0]?.isEncrypted).toBe(true);
  });

  test('a certificate nobody vouches for is refused, unless told otherwise', async () => {
    const { key, cert } = selfSigned();
    const server = { server: { key, cert } };
    const refused = await sent(server, { require_tls: true });
    expect(refused).toMatchObject({ outcome: { isDelivered: false, isPermanent: false }, mails: [] });
    expect(refused.outcome.detail).toMatch(/self-signed/i);
    const other = await sent(server, {
      require_tls: true,
      tls_config: { ca: cert, server_name: 'mail.example' },
    });
    expect(other.outcome).toMatchObject({ isDelivered: false });
    const { outcome } = await sent(server, { require_tls: true, tls_config: { insecure_skip_verify: true } });
    expect(outcome.isDelivered).toBe(true);
  });

  test('without require_tls it is still used where the server has it', async () => {
    const { key, cert } = selfSigned();
    expect((await sent({ server: { key, cert } })).mails[0]?.isEncrypted).toBe(true);
    expect((await sent({ server: { hideSTARTTLS: true } })).mails[0]?.isEncrypted).toBe(false);
  });

  test('a server without STARTTLS is refused when TLS is required', async () => {
    const { outcome, mails } = await sent({ server: { hideSTARTTLS: true } }, { require_tls: true });
    expect(outcome.isDelivered).toBe(false);
    expect(mails).toEqual([]);
  });

  test('a file that cannot be read says which', async () => {
    const { outcome } = await sent({}, { tls_config: { ca_file: '/nowhere/ca.pem' } });
    expect(outcome.detail).toContain('/nowhere/ca.pem');
  });
});

describe('login', () => {
  const plain = { hideSTARTTLS: true };

  test.each([['PLAIN'], ['LOGIN'], ['CRAM-MD5']])('%s', async (method) => {
    const secret = method === 'CRAM-MD5' ? { auth_secret: MAIL_PASSWORD } : { auth_password: MAIL_PASSWORD };
    const server = { login: LOGIN, server: { ...plain, authMethods: [method] } };
    const { outcome, mails } = await sent(server, { auth_username: MAIL_USER, ...secret });
    expect(outcome).toMatchObject({ isDelivered: true });
    expect(mails[0]?.login).toBe(`${method} ${MAIL_USER}`);
  });

  test('on behalf of another', async () => {
    const server = { login: LOGIN, server: { ...plain, authMethods: ['PLAIN'] } };
    const settings = { auth_username: MAIL_USER, auth_password: MAIL_PASSWORD, auth_identity: 'team' };
    const { outcome, mails } = await sent(server, settings);
    expect(outcome).toMatchObject({ isDelivered: true });
    expect(mails[0]?.login).toBe(`PLAIN ${MAIL_USER}`);
    const wrong = await sent(server, { ...settings, auth_password: 'wrong-password' });
    expect(wrong.outcome).toMatchObject({ isDelivered: false, isPermanent: true });
    expect(wrong.outcome.detail).not.toContain('wrong-password');
  });

  test('a wrong password is permanent, a server that cannot look is not', async () => {
    const settings = { auth_username: MAIL_USER, auth_password: 'wrong-password' };
    const { outcome } = await sent({ login: LOGIN, server: plain }, settings);
    expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
    expect(outcome.detail).toContain('535');
    expect(outcome.detail).not.toContain('wrong-password');
    const busy = await sent({ login: LOGIN, refusesLoginWith: 454, server: plain }, settings);
    expect(busy.outcome).toMatchObject({ isDelivered: false, isPermanent: false });
  });

  test('a name without a password is a mistake', async () => {
    const { outcome } = await sent({ login: LOGIN, server: plain }, { auth_username: MAIL_USER });
    expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
  });
});

describe('recipients', () => {
  test('one that is refused does not keep the others from it', async () => {
    const { outcome, mails } = await sent(
      { unknown: ['gone@example.org'] },
      { to: 'gone@example.org, ops@example.org' },
    );
    expect(outcome).toMatchObject({ isDelivered: true });
    expect(outcome.detail).toContain('1 of 2 recipients refused: gone@example.org');
    expect(mails[0]?.to).toEqual(['ops@example.org']);
  });

  test('when all are refused, that is permanent', async () => {
    const { outcome, mails } = await sent({ unknown: ['ops@example.org'] });
    expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
    expect(outcome.detail).toContain('550');
    expect(mails).toEqual([]);
  });

  test('can come from labels, and nothing else with them', async () => {
    const notification = (owner: string) =>
      exampleNotification({ groupLabels: Labels.fromObject({ alertname: 'A', owner }) });
    const settings = { to: '{{ .GroupLabels.owner }}@example.org' };
    expect((await sent({}, settings, notification('lead'))).mails[0]?.to).toEqual(['lead@example.org']);
    for (const owner of ['a>\r\nRCPT TO:<evil', 'a b', '', '<a@b>,x<']) {
      const { outcome, mails } = await sent({}, settings, notification(owner));
      expect(mails.flatMap(({ to }) => to).filter((to) => !to.endsWith('@example.org'))).toEqual([]);
      if (mails.length === 0) expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
    }
  });

  test('addresses', () => {
    expect(addressesIn('A B <a@b.example>, c@d')?.map(({ address }) => address)).toEqual([
      'a@b.example',
      'c@d',
    ]);
    for (const bad of ['', 'a', 'a@', '@b', 'a b@c', 'a@b c@d e', 'x'.repeat(20)])
      expect(addressesIn(bad), bad).toBeUndefined();
    expect(addressesIn(Array.from({ length: 101 }, (_, i) => `a${i}@b.c`).join(','))).toBeUndefined();
    expect(hostAndPort('mail.example:587')).toEqual({ host: 'mail.example', port: 587 });
    expect(hostAndPort('[::1]:25')).toEqual({ host: '::1', port: 25 });
    for (const bad of ['mail.example', ':25', 'a:b', 'a:0', 'a:99999', 'a b:25', '::1:25'])
      expect(hostAndPort(bad), bad).toBeUndefined();
  });
});

describe('the message', () => {
  test('has a subject, a text and HTML with links to act', async () => {
    const { mails } = await sent({}, { headers: { 'X-Severity': '{{ .CommonLabels.severity }}' } });
    const { headers, text, html, hello } = mails[0]!;
    expect(hello).toBe('localhost');
    expect(headers.get('subject')).toBe('[FIRING:1] HighErrorRate (web-0:9090 shop critical)');
    expect(headers.get('x-severity')).toBe('critical');
    expect(headers.get('auto-submitted')).toBe('auto-generated');
    expect(headers.get('message-id')).toBe('<0123456789abcdef0123456789abcdef@example.org>');
    expect(new Date(headers.get('date')!).toISOString()).toBe('2026-11-20T09:00:00.000Z');
    for (const body of [text!, html!]) {
      expect(body).toContain('Errors on web-0');
      expect(body).toContain('https://bellwether.example/ack/0000000000abcdef?sig=');
      expect(body).toContain('https://bellwether.example/runbooks/errors');
    }
    expect(html).toContain('<h2');
    expect(text).not.toContain('<h2');
  });

  test('texts and headers of ones own', async () => {
    const settings = {
      headers: {
        SUBJECT: '{{ .Status }} ü',
        To: 'Team <team@example.org>',
        From: 'x@y.example',
        'Message-ID': '<own@id>',
      },
      html: '<p>{{ .Receiver }}</p>',
      text: '',
    };
    const { mails } = await sent({}, settings);
    const { headers, html, text, from, to } = mails[0]!;
    expect(headers.get('subject')).toBe('firing ü');
    expect(headers.get('to')).toBe('Team <team@example.org>');
    expect(headers.get('from')).toBe('x@y.example');
    expect(headers.get('message-id')).toBe('<own@id>');
    expect([from, ...to]).toEqual(['alerts@example.org', 'ops@example.org']);
    expect(html?.trim()).toBe('<p>team-shop</p>');
    expect(text).toBeUndefined();
    const { mails: empty } = await sent({}, { html: '', text: '', headers: { Subject: '' } });
    expect(empty[0]?.headers.get('subject')).toBe('[FIRING] team-shop');
    expect(empty[0]?.text?.trim()).toBe('[FIRING] team-shop');
  });

  test('labels begin no header and no element', async () => {
    const value = 'x\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>';
    const { mails } = await sent(
      {},
      { headers: { 'X-A': '{{ .GroupLabels.alertname }}' } },
      hostileNotification(value),
    );
    const { headers, html, raw, to } = mails[0]!;
    expect(headers.has('bcc')).toBe(false);
    expect(raw.slice(0, raw.indexOf('\r\n\r\n'))).not.toMatch(/^bcc:/im);
    expect(to).toEqual(['ops@example.org']);
    expect(html).not.toContain('<script');
    expect(headers.get('subject')).toContain('x Bcc: evil@example.org');
    const long = await sent({}, {}, hostileNotification(`\0\u202e${'long '.repeat(1000)}`));
    expect(long.mails[0]!.headers.get('subject')).toMatch(/^\[FIRING:1\] \ufffd\ufffdlong .{200,}…$/);
    expect(long.mails[0]!.headers.get('subject')).toHaveLength(250);
  });

  test('says how many alerts it does not show', async () => {
    const { mails } = await sent(
      {},
      { html: '<html><body>x</body></html>', text: 'y' },
      exampleNotification({ truncatedAlerts: 7 }),
    );
    expect(mails[0]?.text).toContain('7 more alerts');
    expect(mails[0]?.html).toMatch(/7 more alerts<\/p><\/body>/);
  });

  test('a digest says that it is one', async () => {
    const groupLabels = Labels.fromObject({
      [DIGEST_LABEL]: '3 notifications in one because of the rate limit',
    });
    const { mails } = await sent({}, {}, exampleNotification({ groupLabels }));
    expect(mails[0]?.headers.get('subject')).toContain('3 notifications in one');
  });

  test('a group is one thread, by day when that is wanted, or none', async () => {
    const references = async (threading: unknown, notification = exampleNotification()) =>
      (await sent({}, threading === undefined ? {} : { threading }, notification)).mails[0]!.headers.get(
        'references',
      );
    const usual = await references(undefined);
    expect(usual).toMatch(/^<group-[0-9a-f]{32}@example\.org>$/);
    expect(
      await references(
        undefined,
        exampleNotification({ id: 'f'.repeat(32), alerts: [exampleAlert({ status: 'resolved' })] }),
      ),
    ).toBe(usual);
    expect(await references(undefined, numberedNotification(1))).not.toBe(usual);
    expect(await references({ enabled: true, thread_by_date: 'none' })).toBe(usual);
    expect(await references({ enabled: true, thread_by_date: 'daily' })).not.toBe(usual);
    expect(await references({ enabled: false })).toBeUndefined();
  });
});

test('settings that contradict', () => {
  const good = { to: 'a@b.c', from: 'd@e.f', smarthost: 'mail:25' };
  const problems = (settings: object) =>
    email.check!(email.schema.parse(settings)).map(({ path }) => path.join('.'));
  expect(problems(good)).toEqual([]);
  expect(problems({})).toEqual(['to', 'from', 'smarthost']);
  expect(problems({ ...good, to: '{{ .GroupLabels.owner }}', from: '{{ .x }}@y' })).toEqual([]);
  expect(problems({ ...good, to: 'nobody', from: 'a@b,c@d', smarthost: 'mail' })).toEqual([
    'smarthost',
    'to',
    'from',
  ]);
  expect(problems({ ...good, hello: 'a\r\nMAIL FROM:<x>' })).toEqual(['hello']);
  expect(problems({ ...good, auth_password: 'a', auth_password_file: '/b' })).toEqual(['auth_password_file']);
  expect(problems({ ...good, headers: { subject: 'a', Subject: 'b' } })).toEqual(['headers.Subject']);
  expect(problems({ ...good, headers: { 'a b': 'x', Bcc: 'y', 'Content-Type': 'z' } })).toHaveLength(3);
  expect(problems({ ...good, threading: { enabled: true } })).toEqual(['threading.thread_by_date']);
  expect(
    problems({
      ...good,
      threading: { enabled: true, thread_by_date: 'daily' },
      headers: { References: 'x' },
    }),
  ).toEqual(['headers.References']);
  expect(email.schema.safeParse({ ...good, threading: { thread_by_date: 'weekly' } }).success).toBe(false);
});
