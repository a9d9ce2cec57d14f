import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { OutboundClient } from '../lib/outbound-types.ts';
import type { AcknowledgeInput, Acknowledgement } from './acknowledgements.ts';
import type { ConfigSecret } from './config-types.ts';
import type { OnCallClock } from './types.ts';

/** Of a request from Telegram or Slack; their messages are far smaller. */
export const MAX_BUTTON_BODY_BYTES = 256 * 1024;
const SEND_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_SECRET_BYTES = 64 * 1024;

/** Names in lower case, as Node has them. */
export type ButtonHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ButtonAnswer {
  readonly status: number;
  readonly body: string;
}

export interface ButtonParts {
  readonly clock: Pick<OnCallClock, 'now'>;
  readonly acknowledge: (
    fingerprint: string,
    startsAtMs: number | undefined,
    input: AcknowledgeInput,
  ) => Promise<Acknowledgement>;
  /** For answers to Telegram and Slack. */
  readonly http: Pick<OutboundClient, 'request'>;
  readonly log: Log;
}

/** What pressing a button did. */
export interface PressOutcome {
  readonly isAcknowledged: boolean;
  /** One sentence for whoever pressed. */
  readonly text: string;
}

/** Acknowledges until resolved; what goes wrong becomes a sentence. */
export async function press(
  parts: ButtonParts,
  target: { readonly fingerprint: string; readonly startsAtMs: number | undefined },
  input: Pick<AcknowledgeInput, 'by' | 'via'>,
): Promise<PressOutcome> {
  try {
    const { by } = await parts.acknowledge(target.fingerprint, target.startsAtMs, input);
    return { isAcknowledged: true, text: `Acknowledged by ${by} until it is resolved.` };
  } catch (error) {
    if (!(error instanceof BellwetherError))
      parts.log.error({ error: messageOf(error) }, 'a button could not acknowledge');
    const why = error instanceof BellwetherError ? error.message : 'something went wrong';
    return { isAcknowledged: false, text: `Not acknowledged: ${why}.` };
  }
}

/** What a button names: a fingerprint, maybe with the alert's begin. */
export function readTarget(
  text: unknown,
): { readonly fingerprint: string; readonly startsAtMs: number | undefined } | undefined {
  const match = typeof text === 'string' ? /^([0-9a-f]{16})(?::(\d{1,15}))?$/.exec(text) : null;
  if (match === null) return undefined;
  return { fingerprint: match[1]!, startsAtMs: match[2] === undefined ? undefined : Number(match[2]) };
}

/** @throws BellwetherError 503 when a secret's file cannot be read or is empty. */
export async function readSecret(secret: ConfigSecret): Promise<string> {
  const text = 'text' in secret ? secret.text : await readSecretFile(secret.file);
  if (text !== '') return text;
  throw secretUnavailable('it is empty');
}

async function readSecretFile(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw secretUnavailable(messageOf(error));
  }
  if (text.length > MAX_SECRET_BYTES) throw secretUnavailable('its file is too large');
  return text.trim();
}

function secretUnavailable(why: string): BellwetherError {
  return new BellwetherError({
    code: 'secret_unavailable',
    status: 503,
    message: `a secret of on_call cannot be read: ${why}`,
    hint: 'check the file and its permissions',
  });
}

/** Takes the same time whatever the texts are. */
export function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export function headerOf(headers: ButtonHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}

/** Sends JSON. What goes wrong is logged without the address, which may hold a secret. */
export async function postJson(
  parts: ButtonParts,
  to: { readonly url: string; readonly what: string; readonly secret: string | undefined },
  json: unknown,
): Promise<void> {
  const redact = (text: string) => {
    const withoutUrl = text.replaceAll(to.url, '<address>');
    return to.secret === undefined ? withoutUrl : withoutUrl.replaceAll(to.secret, '<secret>');
  };
  try {
    const { status } = await parts.http.request({
      url: to.url,
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(json),
      timeoutMs: SEND_TIMEOUT_MS,
      maxBodyBytes: MAX_ANSWER_BYTES,
    });
    if (status >= 300) parts.log.warn({ status }, `${to.what} was refused`);
  } catch (error) {
    parts.log.warn({ error: redact(messageOf(error)) }, `${to.what} failed`);
  }
}

export type Json = Readonly<Record<string, unknown>>;

/** The object, or an empty one. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A number or text as text; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
