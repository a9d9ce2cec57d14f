import assert from 'node:assert/strict';
import type { ChannelExample } from './channel-suite.ts';
import { email } from './email.ts';
import { assertTells } from './example-checks.ts';
import { type SmtpReceived, startSmtpStandIn } from './smtp-stand-in.contract.ts';

export const MAIL_USER = 'alerts';
export const MAIL_PASSWORD = 'correct horse battery';

/** Elements the default HTML is made of. */
const ELEMENTS = /^(html|head|meta|title|body|div|h2|p|table|tr|th|td|tbody|a)$/;

export const emailExample: ChannelExample<SmtpReceived> = {
  definition: email,
  startStandIn: () =>
    startSmtpStandIn({
      login: { user: MAIL_USER, password: MAIL_PASSWORD },
      server: { allowInsecureAuth: true },
    }),
  settings: (standIn) => ({
    to: 'Ops <ops@example.org>, night@example.org',
    from: 'Bellwether <alerts@example.org>',
    smarthost: standIn.url,
    hello: 'bellwether.example',
    auth_username: MAIL_USER,
    auth_password: MAIL_PASSWORD,
    require_tls: false,
    headers: { 'X-Team': '{{ .GroupLabels.alertname }}' },
  }),
  secrets: [MAIL_PASSWORD, Buffer.from(`\0${MAIL_USER}\0${MAIL_PASSWORD}`).toString('base64')],
  fileKeys: ['auth_password'],
  // There is no way to say how long to wait in SMTP.
  faults: ['fail', 'refuse', 'hang', 'garbage'],
  verify(mail, notification) {
    assert.equal(mail.from, 'alerts@example.org');
    assert.deepEqual(mail.to, ['ops@example.org', 'night@example.org']);
    assert.equal(mail.login?.split(' ')[1], MAIL_USER);
    const expected = [
      'auto-submitted',
      'content-type',
      'date',
      'from',
      'in-reply-to',
      'message-id',
      'mime-version',
    ];
    // An empty header is left out.
    const names = [...mail.headers.keys()].filter((name) => name !== 'x-team').sort();
    assert.deepEqual(names, [...expected, 'references', 'subject', 'to']);
    assert.equal(mail.headers.get('from'), 'Bellwether <alerts@example.org>');
    assert.equal(mail.headers.get('to'), 'Ops <ops@example.org>, night@example.org');
    assert.match(mail.headers.get('content-type')!, /^multipart\/alternative;/);
    assertTells([mail.headers.get('subject')!, mail.text!], notification);
    for (const [, name] of mail.html!.matchAll(/<\/?([a-z][a-z0-9]*)/gi)) assert.match(name!, ELEMENTS);
    assert.ok(!/<[^>]*\son[a-z]+\s*=/i.test(mail.html!), 'a handler of events');
    for (const [, url] of mail.html!.matchAll(/\shref="([^"]*)"/g))
      assert.match(url!, /^(https?:|#ZgotmplZ)/);
  },
  texts: (mail) => [mail.headers.get('subject')!, mail.headers.get('x-team') ?? '', mail.text!, mail.html!],
  sizes: (mail) => [
    { name: 'subject', used: mail.headers.get('subject')!.length, max: 250 },
    { name: 'longest line', used: Math.max(...mail.raw.split('\r\n').map(({ length }) => length)), max: 998 },
  ],
  idempotencyKey: (mail) => mail.headers.get('message-id'),
  groupKey: (mail) => mail.headers.get('references'),
};
