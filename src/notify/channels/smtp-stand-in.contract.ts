import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import {
  SMTPServer,
  type SMTPServerAuthentication,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';
import type { Behaviour, StandIn } from './channel-suite.ts';

/** A message as a mail server got it. */
export interface SmtpReceived {
  readonly from: string;
  readonly to: readonly string[];
  readonly isEncrypted: boolean;
  /** Who logged in, and how: `PLAIN alerts`. */
  readonly login: string | undefined;
  /** What the client called itself. */
  readonly hello: string;
  readonly raw: string;
  /** Of the message, decoded; names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string | undefined;
  readonly html: string | undefined;
}

export interface SmtpStandInOptions {
  readonly login?: { readonly user: string; readonly password: string };
  readonly server?: SMTPServerOptions;
  /** Recipients it does not know. */
  readonly unknown?: readonly string[];
  /** Answers to the transaction of commands in place of the usual ones. */
  readonly refusesLoginWith?: number;
}

/** A real SMTP server on a port of its own. */
export async function startSmtpStandIn(options: SmtpStandInOptions = {}): Promise<StandIn<SmtpReceived>> {
  const requests: SmtpReceived[] = [];
  const mistakes: string[] = [];
  const waiting: (() => void)[] = [];
  let behaviour: Behaviour = { kind: 'succeed' };
  const server = new SMTPServer({
    disableReverseLookup: true,
    closeTimeout: 1,
    // Without a certificate of its own it would have one that everybody knows.
    hideSTARTTLS: options.server?.key === undefined,
    authOptional: options.login === undefined,
    onAuth: (auth, _session, callback) => {
      const isRight = options.login === undefined || isLogin(auth, options.login);
      if (isRight && options.refusesLoginWith === undefined)
        return callback(null, { user: `${auth.method} ${auth.username}` });
      callback(
        codeError(options.refusesLoginWith ?? 535, `Invalid login for ${auth.username} ${auth.password}`),
      );
    },
    onRcptTo: ({ address }, _session, callback) =>
      callback(
        options.unknown?.includes(address) === true ? codeError(550, `No such user ${address}`) : null,
      ),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('latin1');
        try {
          requests.push(readMessage(raw, session));
        } catch (error) {
          mistakes.push(String(error));
        }
        answer(behaviour, `${raw} ${options.login?.password}`, callback);
        for (const resolve of waiting.splice(0)) resolve();
      });
    },
    ...options.server,
  });
  server.on('error', () => {
    // Connections that clients break are part of the tests.
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    requests,
    mistakes,
    behave: (next) => {
      behaviour = next;
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function isLogin(auth: SMTPServerAuthentication, login: { user: string; password: string }): boolean {
  if (auth.username !== login.user) return false;
  if (auth.method === 'CRAM-MD5') return auth.validatePassword?.(login.password) === true;
  return auth.password === login.password;
}

function codeError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function answer(
  behaviour: Behaviour,
  quotation: string,
  callback: (error?: Error | null, message?: string) => void,
): void {
  const quoted = quotation.replace(/[^\x20-\x7e]+/g, ' ').slice(-2000);
  const { kind } = behaviour;
  if (kind === 'succeed') callback(null, 'OK: queued as 1234');
  else if (kind === 'garbage') callback(null, '\x1b[31m\0 what?');
  else if (kind === 'refuse') callback(codeError(554, `Rejected ${quoted}`));
  // One that hangs never calls back.
  else if (kind !== 'hang') callback(codeError(451, `Try again later ${quoted}`));
}

/** Fails for what RFC 5321, 5322 and 2045 forbid. */
function readMessage(raw: string, session: SMTPServerSession): SmtpReceived {
  assert.ok(!/[^\r]\n|\r[^\n]/.test(raw), 'a line feed or carriage return by itself');
  for (const line of raw.split('\r\n')) assert.ok(line.length <= 998, `a line of ${line.length} characters`);
  const { mailFrom, rcptTo } = session.envelope;
  const part = readPart(raw);
  const parts = leaves(part);
  return {
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map(({ address }) => address),
    isEncrypted: session.secure,
    login: session.user,
    hello: session.hostNameAppearsAs,
    raw,
    headers: part.headers,
    text: parts.find(({ type }) => type === 'text/plain')?.body,
    html: parts.find(({ type }) => type === 'text/html')?.body,
  };
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly type: string;
  readonly body: string;
  readonly parts: readonly Part[];
}

function leaves(part: Part): Part[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leaves);
}

function readPart(raw: string): Part {
  const end = raw.indexOf('\r\n\r\n');
  assert.ok(end > 0, 'no end of headers');
  const headers = readHeaders(raw.slice(0, end));
  const body = raw.slice(end + 4);
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  const parts = boundary === undefined ? [] : partsBetween(body, boundary);
  return { headers, type: type.split(';')[0]!.trim().toLowerCase(), body: decodeBody(body, headers), parts };
}

function partsBetween(body: string, boundary: string): Part[] {
  const pieces = `\r\n${body}`.split(`\r\n--${boundary}`);
  assert.ok(pieces.at(-1)!.startsWith('--'), 'the last part does not end');
  return pieces.slice(1, -1).map((piece) => readPart(piece.replace(/^\r\n/, '')));
}

function readHeaders(block: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of block.replace(/\r\n[ \t]/g, ' ').split('\r\n')) {
    const match = /^([\x21-\x39\x3b-\x7e]+):[ \t]?(.*)$/.exec(line);
    assert.ok(match !== null, `not a header: ${line.slice(0, 80)}`);
    const name = match[1]!.toLowerCase();
    assert.ok(!headers.has(name), `${name} comes twice`);
    assert.ok(/^[\x20-\x7e\t]*$/.test(match[2]!), `${name} has bytes that are not ASCII`);
    headers.set(name, decodeWords(match[2]!));
  }
  return headers;
}

/** RFC 2047. */
function decodeWords(value: string): string {
  return value
    .replace(/(=\?[^?]+\?[BQ]\?[^?]*\?=)\s+(?==\?)/gi, '$1')
    .replace(/(?:=\?utf-8\?[BQ]\?[^?]*\?=)+/gi, (words) =>
      Buffer.concat(
        [...words.matchAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi)].map(([, kind, text]) =>
          kind!.toUpperCase() === 'B'
            ? Buffer.from(text!, 'base64')
            : quotedBytes(text!.replaceAll('_', ' ')),
        ),
      ).toString('utf8'),
    );
}

function decodeBody(body: string, headers: ReadonlyMap<string, string>): string {
  const encoding = (headers.get('content-transfer-encoding') ?? '7bit').toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding === 'quoted-printable') return quotedBytes(body.replace(/=[ \t]*\r\n/g, '')).toString('utf8');
  assert.equal(encoding, '7bit');
  if (!(headers.get('content-type') ?? '').startsWith('multipart/'))
    assert.ok(!/[^\t\r\n\x20-\x7e]/.test(body), 'a body of 7 bits has other bytes');
  const isFlowed = /format=flowed/i.test(headers.get('content-type') ?? '');
  return isFlowed ? body.replace(/ \r\n/g, ' ') : body;
}

function quotedBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
