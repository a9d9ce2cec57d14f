import { readFile } from 'node:fs/promises';
import { messageOf } from '../lib/errors.ts';
import type { Log, LogFields } from '../lib/log.ts';
import { type OutboundClient, OutboundError } from '../lib/outbound.ts';
import { formatDurationMs } from '../lib/units.ts';
import type { Notification } from '../model/notification.ts';
import type { TemplateSet, Value } from '../templates/index.ts';
import { type ChannelDefinition, DeliveryError, type SendContext, type SendResult } from './channel.ts';
import type { Secrets } from './secrets.ts';
import { cleanLine, cutText } from './text.ts';

/** Longest detail of an outcome. */
export const MAX_DETAIL_LENGTH = 500;
/** Longest state a channel may keep for a group. */
export const MAX_STATE_BYTES = 4096;
const MAX_SECRET_BYTES = 65_536;

export interface AttemptParts {
  readonly definition: ChannelDefinition;
  readonly settings: unknown;
  readonly notification: Notification;
  /** Of {@link templateData}. */
  readonly data: Value;
  readonly templates: TemplateSet;
  readonly previous: string | undefined;
  /** The same for all attempts at a delivery. */
  readonly done?: Set<string>;
  readonly http: OutboundClient;
  readonly secrets: Secrets;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly nowMs: number;
  /** Calls once after a time; the result cancels. */
  readonly after: (delayMs: number, call: () => void) => () => void;
  readonly log: Log;
}

export type AttemptResult =
  | { readonly isDelivered: true; readonly detail: string; readonly state: string | undefined }
  | {
      readonly isDelivered: false;
      readonly detail: string;
      readonly isRetryable: boolean;
      readonly retryAfterMs: number | undefined;
    };

/**
 * One attempt of a channel, in time and without secrets in what it says. Never rejects. A channel that does not listen to its signal
 * is left alone when the time is over.
 */
export async function runAttempt(parts: AttemptParts): Promise<AttemptResult> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(parts.signal.reason);
  const cancelTimer = parts.after(parts.timeoutMs, () => abort.abort(new OutOfTime()));
  parts.signal.addEventListener('abort', onAbort, { once: true });
  if (parts.signal.aborted) onAbort();
  try {
    const context = createSendContext(parts, abort.signal);
    return toResult(await untilAborted(() => send(parts, context), abort.signal), parts.secrets);
  } catch (error) {
    return toFailure(error, parts, abort.signal);
  } finally {
    cancelTimer();
    parts.signal.removeEventListener('abort', onAbort);
  }
}

class OutOfTime extends Error {}

/** Rejections become promises, also of what is thrown before the first await. */
async function send(parts: AttemptParts, context: SendContext<unknown>): Promise<SendResult> {
  return await parts.definition.send(parts.notification, context);
}

/** As the promise, but rejects as soon as the signal aborts. */
function untilAborted<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new DeliveryError({ message: 'given up', isRetryable: false }));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function createSendContext(parts: AttemptParts, signal: AbortSignal): SendContext<unknown> {
  const { notification, secrets, nowMs } = parts;
  return {
    settings: parts.settings,
    async render(template, options) {
      const { externalUrl } = notification;
      const isHtml = options?.isHtml ?? false;
      const rendered = await parts.templates.renderOrExplain(template, parts.data, {
        nowMs,
        externalUrl,
        isHtml,
        name: 'template',
      });
      return rendered.text.toWellFormed();
    },
    async secret(text, file) {
      const secret = text ?? (file === undefined ? undefined : await readSecretFile(file));
      if (secret !== undefined) secrets.add(secret);
      return secret;
    },
    redact: (text) => secrets.redact(text),
    http: parts.http,
    previous: parts.previous,
    done: parts.done ?? new Set(),
    timeoutMs: parts.timeoutMs,
    signal,
    nowMs,
    log: redactingLog(parts.log, secrets),
  };
}

/**
 * The content of a file without blanks around it.
 *
 * @throws DeliveryError
 */
export async function readSecretFile(file: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    throw new DeliveryError({
      message: `cannot read the secret in ${file}: ${(error as NodeJS.ErrnoException).code ?? messageOf(error)}`,
      // Files of mounted secrets are away for a moment while they are exchanged.
      isRetryable: true,
    });
  }
  if (content.length > MAX_SECRET_BYTES)
    throw new DeliveryError({
      message: `the secret in ${file} is longer than ${MAX_SECRET_BYTES} bytes`,
      isRetryable: false,
    });
  return content.trim();
}

function toResult(result: SendResult, secrets: Secrets): AttemptResult {
  const { state } = result;
  const isTooLong = state !== undefined && Buffer.byteLength(state) > MAX_STATE_BYTES;
  // Half of a state would mean something else; without one the next message is a new one.
  return {
    isDelivered: true,
    detail: detailOf(result.detail, secrets),
    state: isTooLong ? undefined : state,
  };
}

function toFailure(error: unknown, parts: AttemptParts, signal: AbortSignal): AttemptResult {
  const isOutOfTime = signal.reason instanceof OutOfTime;
  if (signal.aborted && (isOutOfTime || parts.signal.aborted)) {
    const detail = isOutOfTime ? `no answer within ${formatDurationMs(parts.timeoutMs)}` : 'given up';
    return { isDelivered: false, detail, isRetryable: isOutOfTime, retryAfterMs: undefined };
  }
  return {
    isDelivered: false,
    detail: detailOf(messageOf(error), parts.secrets) || 'failed',
    isRetryable: isRetryable(error),
    retryAfterMs: error instanceof DeliveryError ? error.retryAfterMs : undefined,
  };
}

/** Errors of connections that no repetition changes. */
const PERMANENT_CODES = new Set(['outbound_forbidden', 'outbound_bad_url', 'outbound_redirects']);

function isRetryable(error: unknown): boolean {
  if (error instanceof DeliveryError) return error.isRetryable;
  return !(error instanceof OutboundError && PERMANENT_CODES.has(error.code));
}

/** One line, without secrets, not too long. */
export function detailOf(text: string, secrets: Secrets): string {
  return cutText(cleanLine(secrets.redact(text)), MAX_DETAIL_LENGTH);
}

function redactingLog(log: Log, secrets: Secrets): Log {
  const redact = (value: unknown): unknown => {
    if (typeof value === 'string') return secrets.redact(value);
    if (value instanceof Error) return secrets.redact(value.message);
    if (Array.isArray(value)) return value.map(redact);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(inner)]));
  };
  const through = (level: keyof Log) => (fields: LogFields, message: string) =>
    log[level](redact(fields) as LogFields, secrets.redact(message));
  return { debug: through('debug'), info: through('info'), warn: through('warn'), error: through('error') };
}
