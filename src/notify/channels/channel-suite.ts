import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Labels } from '../../model/labels.ts';
import type { Notification, NotifiedAlert } from '../../model/notification.ts';
import type { ChannelDefinition } from '../channel.ts';

/**
 * What every channel's tests have in common. Beside each channel `x.ts` stands `x.example.ts` with a {@link ChannelExample}:
 * `channels.test.ts` runs the same questions over all of them.
 */

/** How a stand-in answers. */
export type Behaviour =
  | { readonly kind: 'succeed' }
  /** For the moment it cannot: 500, SMTP 451. Its answer quotes the whole request, secrets too. */
  | { readonly kind: 'fail' }
  /** It will never take this: 400, SMTP 550. Its answer quotes the whole request, secrets too. */
  | { readonly kind: 'refuse' }
  /** 429 with `Retry-After`. */
  | { readonly kind: 'limit'; readonly retryAfterS: number }
  /** It takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** It answers with success, but what it says is nothing that could be read. */
  | { readonly kind: 'garbage' };

export type Fault = Exclude<Behaviour['kind'], 'succeed'>;

/** A service at 127.0.0.1 that knows what the real one documents. */
export interface StandIn<R = HttpReceived> {
  /** `http://127.0.0.1:<port>`, or `127.0.0.1:<port>` for SMTP, or a path. */
  readonly url: string;
  /** Everything that came, in order. */
  readonly requests: readonly R[];
  /** What was wrong with requests, by the service's documentation. */
  readonly mistakes: readonly string[];
  /** From now on, until told otherwise. */
  behave(behaviour: Behaviour): void;
  /** Resolves when one more request has come completely. */
  nextRequest(): Promise<void>;
  close(): Promise<void>;
}

export interface ChannelExample<R = HttpReceived> {
  readonly definition: ChannelDefinition;
  startStandIn(): Promise<StandIn<R>>;
  /** One entry as in alertmanager.yml, leading to the stand-in, with every secret in it. */
  settings(standIn: StandIn<R>): Record<string, unknown>;
  /** Texts that may stand in no error, detail or line of a log. */
  readonly secrets: readonly string[];
  /** Keys of `settings` that may be replaced by `<key>_file`. */
  readonly fileKeys: readonly string[];
  /** What can go wrong with this channel. Of HTTP channels: all. */
  readonly faults: readonly Fault[];
  /**
   * Asserts (node:assert) what the service documents about requests, that the request tells of this notification, and that nothing in
   * labels became formatting, a mention or a command.
   */
  verify(request: R, notification: Notification): void;
  /** Every text of the request that people will read, as the service shows it. */
  texts(request: R): readonly string[];
  /** Limits of the service: how much of each is used by the request. */
  sizes?(request: R): readonly { readonly name: string; readonly used: number; readonly max: number }[];
  /** What the service recognises a repetition of the same delivery by. */
  idempotencyKey?(request: R): string | undefined;
  /** What the service recognises the same incident by. */
  groupKey?(request: R): string | undefined;
}

export const HTTP_FAULTS: readonly Fault[] = ['fail', 'refuse', 'limit', 'hang', 'garbage'];

/** A request as it came. */
export interface HttpReceived {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The body as JSON. Fails when it is none. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it
export function jsonOf(request: HttpReceived): any {
  return JSON.parse(request.body);
}

/**
 * A local HTTP service.
 *
 * @param options.check throws (node:assert) when a request is not as documented; it is answered with 400 then.
 * @param options.answer of success; 200 `ok` when absent.
 * @param options.refuse how this service says that it will never take a request; 400 with the request quoted when absent.
 */
export async function startHttpStandIn(options: {
  check?(request: HttpReceived): void;
  answer?(request: HttpReceived): HttpAnswer;
  refuse?(request: HttpReceived): HttpAnswer;
}): Promise<StandIn> {
  const requests: HttpReceived[] = [];
  const mistakes: string[] = [];
  const waiting: (() => void)[] = [];
  let behaviour: Behaviour = { kind: 'succeed' };
  const server = createServer(async (request, response) => {
    const received = await receive(request);
    requests.push(received);
    const mistake = mistakeIn(() => options.check?.(received));
    if (mistake !== undefined) mistakes.push(mistake);
    const answer =
      mistake === undefined ? answerTo(received, behaviour, options) : { status: 400, body: mistake };
    if (answer !== undefined) write(response, answer);
    for (const resolve of waiting.splice(0)) resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    mistakes,
    behave: (next) => {
      behaviour = next;
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function receive(request: IncomingMessage): Promise<HttpReceived> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  );
  const bytes = Buffer.concat(chunks);
  const body = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  return { method: request.method ?? '', path: request.url ?? '', headers, body };
}

function answerTo(
  request: HttpReceived,
  behaviour: Behaviour,
  options: { answer?(request: HttpReceived): HttpAnswer; refuse?(request: HttpReceived): HttpAnswer },
): HttpAnswer | undefined {
  const quotation = `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${request.body}`;
  switch (behaviour.kind) {
    case 'succeed':
      return options.answer?.(request) ?? { body: 'ok' };
    case 'fail':
      return { status: 500, body: quotation };
    case 'refuse':
      return options.refuse?.(request) ?? { status: 400, body: quotation };
    case 'limit':
      return { status: 429, headers: { 'retry-after': String(behaviour.retryAfterS) }, body: 'slow down' };
    case 'garbage':
      return { body: '\0<html>{"ok": \ud83d' };
    case 'hang':
      return undefined;
  }
}

function write(response: ServerResponse, answer: HttpAnswer): void {
  response.writeHead(answer.status ?? 200, answer.headers ?? {});
  response.end(answer.body ?? '');
}

function mistakeIn(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The base of the times in examples. */
export const EXAMPLE_NOW_MS = Date.UTC(2026, 10, 20, 9, 0, 0);

export function exampleAlert(fields: Partial<NotifiedAlert> & { number?: number } = {}): NotifiedAlert {
  const { number = 0, ...rest } = fields;
  const fingerprint = (number + 0xabcdef).toString(16).padStart(16, '0');
  const isResolved = rest.status === 'resolved';
  return {
    fingerprint,
    status: 'firing',
    labels: Labels.fromObject({
      alertname: 'HighErrorRate',
      instance: `web-${number}:9090`,
      service: 'shop',
      severity: 'critical',
    }),
    annotations: Labels.fromObject({
      summary: `Errors on web-${number}`,
      description: 'The error rate is 7 % (target: 1 %).',
      runbook_url: 'https://bellwether.example/runbooks/errors',
    }),
    startsAtMs: EXAMPLE_NOW_MS - 300_000,
    endsAtMs: isResolved ? EXAMPLE_NOW_MS - 1000 : undefined,
    generatorUrl: 'https://bellwether.example/metrics?q=up%20%3D%3D%200&tab=1',
    priority: 'P1',
    links: {
      alert: `https://bellwether.example/alerts/${fingerprint}`,
      silence: `https://bellwether.example/silences/new?fingerprint=${fingerprint}`,
      acknowledge: `https://bellwether.example/ack/${fingerprint}?sig=abc`,
      runbook: 'https://bellwether.example/runbooks/errors',
    },
    ...rest,
  };
}

export function exampleNotification(fields: Partial<Notification> = {}): Notification {
  const alerts = fields.alerts ?? [exampleAlert()];
  return {
    id: '0123456789abcdef0123456789abcdef',
    groupKey: '{}/{severity="critical"}:{alertname="HighErrorRate"}',
    receiver: 'team-shop',
    reason: 'group',
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    groupLabels: Labels.fromObject({ alertname: 'HighErrorRate' }),
    truncatedAlerts: 0,
    externalUrl: 'https://bellwether.example',
    ...fields,
    alerts,
  };
}

/** Label values that break naive messages. Each stands in a label, an annotation and the group's labels. */
export const HOSTILE_VALUES: readonly (readonly [name: string, value: string])[] = [
  ['HTML', '<b>bold</b><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"\''],
  [
    'Markdown',
    '**bold** _it_ [link](https://evil.example) `code` ```block``` # head > quote | cell ~~no~~ \\',
  ],
  ['a masked link', '[x](https://evil.example "t") <https://evil.example|click> https://evil.example/a_b_'],
  ['Slack mentions', '<!channel> <!here> <@U123> <#C123> <!subteam^S1> <!date^1^{date}|x> & < >'],
  [
    'Discord and Telegram mentions',
    '@everyone @here <@123> <@&1> <#1> tg://user?id=1 @somebody </b></a><a href="tg://x">',
  ],
  ['Teams mentions', '<at>everyone</at> {{DATE(2026-01-01T00:00:00Z)}}'],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈👍🏿🇩🇪'],
  ['directions of writing', 'safe\u202egnp.exe\u202c \u2066x\u2069 \u200f\ufeff'],
  ['control characters', 'nul\0 bell\x07 escape\x1b[31m backspace\x08 del\x7f csi\x9b'],
  ['line breaks', 'a\r\nBcc: evil@example.org\r\n\r\nbody\n.\n\u2028\u2029\x0b\x0c'],
  ['half a surrogate pair', 'left \ud83d right \ude00 end \ud800'],
  ['100 KB', 'long '.repeat(20_000)],
  ['100 KB of emoji', '👍🏿'.repeat(25_000)],
  ['100 KB of signs to escape', '<&>"*_\\'.repeat(14_000)],
  ['templates', '{{ .Labels.secret }} {{ define "x" }} {{ end }} {{ template "__subject" . }} $x %s %n'],
  ['an empty-looking value', ' \t\n '],
];

export function hostileNotification(value: string): Notification {
  const labels = Labels.fromObject({ alertname: value, instance: value, severity: 'critical' });
  const annotations = Labels.fromObject({ summary: value, description: value, other: value });
  return exampleNotification({
    groupLabels: Labels.fromObject({ alertname: value }),
    alerts: [
      exampleAlert({
        labels,
        annotations,
        generatorUrl: `https://bellwether.example/?q=${value.slice(0, 50)}`,
      }),
      exampleAlert({ number: 1, labels, annotations, status: 'resolved' }),
    ],
  });
}

/** Fails unless the text is fit for people: well-formed, no control characters, no marks that turn the direction of writing. */
export function assertReadable(text: string): void {
  assert.ok(text.isWellFormed(), 'half a surrogate pair');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const odd = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.exec(text.replaceAll('\r\n', '\n'));
  assert.equal(odd?.[0], undefined, `control character U+${odd?.[0].charCodeAt(0).toString(16)}`);
}
