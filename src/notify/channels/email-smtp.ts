import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport';
import { messageOf } from '../../lib/errors.ts';
import { DeliveryError, type SendContext } from '../channel.ts';
import { type EmailSettings, hostAndPort } from './email-settings.ts';
import { quote } from './http.ts';

type Context = SendContext<EmailSettings>;

export interface SmtpAnswer {
  /** The server's last line. */
  readonly response: string;
  readonly accepted: readonly string[];
  /** Recipients the server refused while it took others. */
  readonly rejected: readonly string[];
}

/**
 * Hands a message to the smarthost, with a connection of its own.
 *
 * @throws DeliveryError SMTP 4xx and broken connections may be tried again, 5xx not.
 */
export async function sendMail(context: Context, message: SendMailOptions): Promise<SmtpAnswer> {
  const options = await transportOptions(context);
  const transport = nodemailer.createTransport(options);
  try {
    const info = await transport.sendMail(message);
    return { response: info.response, accepted: info.accepted, rejected: info.rejected };
  } catch (error) {
    throw failureOf(context, error);
  } finally {
    transport.close();
  }
}

async function transportOptions(context: Context): Promise<SMTPTransport.Options> {
  const { settings, timeoutMs } = context;
  const place = hostAndPort(settings.smarthost);
  if (place === undefined)
    throw new DeliveryError({ message: 'smarthost is not host:port', isRetryable: false });
  const isImplicit = settings.force_implicit_tls ?? place.port === 465;
  return {
    ...place,
    name: settings.hello,
    secure: isImplicit,
    requireTLS: !isImplicit && settings.require_tls,
    opportunisticTLS: !isImplicit && !settings.require_tls,
    tls: await tlsOptions(settings, place.host, isImplicit),
    ...(await loginOptions(context)),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 1000,
    maxResponseSize: 65_536,
  };
}

async function tlsOptions(
  { tls_config: tls, require_tls: isRequired }: EmailSettings,
  host: string,
  isImplicit: boolean,
): Promise<ConnectionOptions> {
  const ca = await textOrFile(tls?.ca, tls?.ca_file);
  const servername = tls?.server_name ?? (isIP(host) === 0 ? host : undefined);
  // When even no TLS at all is good enough, TLS with anybody is better than that.
  const isLenient = !isImplicit && !isRequired && ca === undefined;
  return {
    ca,
    cert: await textOrFile(tls?.cert, tls?.cert_file),
    key: await textOrFile(tls?.key, tls?.key_file),
    minVersion: tls?.min_version,
    maxVersion: tls?.max_version,
    rejectUnauthorized: !(isLenient || tls?.insecure_skip_verify === true),
    ...(servername === undefined ? {} : { servername }),
  };
}

async function textOrFile(text: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (text !== undefined || file === undefined) return text;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new DeliveryError({ message: `cannot read ${file}: ${messageOf(error)}`, isRetryable: true });
  }
}

async function loginOptions(context: Context): Promise<SMTPTransport.Options> {
  const { settings } = context;
  const { auth_username: user = '', auth_identity: identity = '' } = settings;
  if (user === '') return {};
  const pass = await context.secret(settings.auth_password, settings.auth_password_file);
  const secret = await context.secret(settings.auth_secret, settings.auth_secret_file);
  if (pass === undefined && secret === undefined)
    throw new DeliveryError({ message: 'there is no auth_password for auth_username', isRetryable: false });
  if (pass === undefined) return { auth: { user, pass: secret!, method: 'CRAM-MD5' } };
  // As it goes over the line, where a server may repeat it.
  await context.secret(Buffer.from(`${identity}\0${user}\0${pass}`).toString('base64'), undefined);
  if (identity === '') return { auth: { user, pass } };
  return {
    auth: { type: 'custom', method: IDENTITY, user, pass },
    customAuth: identityAuth(identity, user, pass),
  };
}

const IDENTITY = 'PLAIN-WITH-IDENTITY';

/** PLAIN on behalf of another (RFC 4616), which nodemailer does not have. */
function identityAuth(identity: string, user: string, pass: string): SMTPTransport.Options['customAuth'] {
  return {
    [IDENTITY]: async (login) => {
      const line = Buffer.from(`${identity}\0${user}\0${pass}`).toString('base64');
      const { status, response } = await login.sendCommand(`AUTH PLAIN ${line}`);
      if (status >= 200 && status < 300) login.resolve();
      else login.reject(Object.assign(new Error(`Invalid login: ${response}`), { responseCode: status }));
    },
  };
}

/** Mistakes of ours, or of the configuration, that have no code of SMTP. */
const PERMANENT = new Set(['EENVELOPE', 'EMESSAGE', 'ECONFIG', 'ENOAUTH', 'EREQUIRETLS', 'EAUTH']);

function failureOf(context: Context, error: unknown): DeliveryError {
  const { code = '', responseCode } = error as { code?: string; responseCode?: number };
  const status = responseCode ?? 0;
  const isRetryable = status >= 400 ? status < 500 : !PERMANENT.has(code);
  return new DeliveryError({ message: quote(context, messageOf(error)), isRetryable, cause: error });
}
