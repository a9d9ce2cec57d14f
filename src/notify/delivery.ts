import type { DeliveryOutcome, DeliveryRequest } from '../model/notification.ts';
import { type AttemptResult, MAX_DETAIL_LENGTH, readSecretFile, runAttempt } from './attempt.ts';
import type { ChannelDefinition } from './channel.ts';
import type { ClientCache } from './client-cache.ts';
import { templateData } from './notification-data.ts';
import type { Shared } from './notify-types.ts';
import { httpSecrets, Secrets, secretTexts } from './secrets.ts';
import type { Slots } from './slots.ts';
import { cutText } from './text.ts';

/** Links to acknowledge are secrets, and only those of the first alerts are ever put in messages one by one. */
const MAX_SECRET_LINKS = 20;

/** What the deliveries of one integration have in common. */
export interface Track {
  readonly definition: ChannelDefinition;
  readonly slots: Slots;
  readonly clients: ClientCache;
  /** By the monotonic clock: the service asked for no requests before. */
  notBeforeMs: number;
  /** Told after every attempt. */
  note(result: AttemptResult, latencyMs: number): void;
  /** Told when a repetition is waited for; the result is called when it begins or never will. */
  waitsUntil(atMs: number): () => void;
}

export interface DeliveryParts {
  readonly request: DeliveryRequest;
  readonly track: Track;
  readonly shared: Shared;
  readonly maxAttempts: number;
  /** Whether it waits when the service asked others to. */
  readonly isPatient: boolean;
  readonly signal: AbortSignal;
}

/** Of one that ended with an error that nothing expects. */
export const BUG_DETAIL = 'failed because of a bug; the log says more';

/** Of a delivery for which no request was made. */
export function notTried(detail: string, isPermanent = false): DeliveryOutcome {
  return {
    isDelivered: false,
    attempts: 0,
    latencyMs: 0,
    detail,
    isPermanent,
    state: undefined,
    isDigested: false,
  };
}

type Attempt = (signal: AbortSignal) => Promise<AttemptResult>;

/** Attempts, with growing random pauses between them, until one succeeds or trying makes no more sense. */
export async function runDelivery(parts: DeliveryParts): Promise<DeliveryOutcome> {
  const { shared, track, signal } = parts;
  const { clock, policy } = shared;
  const attempt = await prepare(parts);
  let outcome = notTried('given up before the first attempt');
  let firstMs: number | undefined;
  let pauseMs = 0;
  for (let attempts = 1; ; attempts++) {
    const release = await turn(parts, pauseMs);
    if (release === undefined) return gaveUp(outcome, signal);
    const startMs = clock.elapsed();
    firstMs ??= startMs;
    const result = await attempt(signal).finally(release);
    const endMs = clock.elapsed();
    note(parts, result, endMs - startMs);
    outcome = outcomeOf(result, attempts, endMs - firstMs);
    if (result.isDelivered) return outcome;
    if (signal.aborted) return gaveUp(outcome, signal);
    if (!result.isRetryable || attempts >= parts.maxAttempts) return outcome;
    shared.meter.retried(track.definition.name);
    const askedMs = Math.min(result.retryAfterMs ?? 0, policy.maxRetryAfterMs);
    if (askedMs > 0) track.notBeforeMs = Math.max(track.notBeforeMs, clock.elapsed() + askedMs);
    pauseMs = Math.max(askedMs, jitterMs(shared, attempts));
  }
}

/** Full jitter: anything up to a bound that doubles, so that many which failed together do not come again together. */
function jitterMs({ policy, random }: Shared, attempts: number): number {
  return random() * Math.min(policy.maxRetryMs, policy.firstRetryMs * 2 ** (attempts - 1));
}

/**
 * Waits until the next request may be made: a pause, as long as the service asked to wait, and a slot.
 *
 * @returns gives the slot back; undefined when the signal aborted.
 */
async function turn(parts: DeliveryParts, pauseMs: number): Promise<(() => void) | undefined> {
  const { track, shared, signal } = parts;
  const askedMs = () => (parts.isPatient ? track.notBeforeMs - shared.clock.elapsed() : 0);
  let restMs = Math.max(pauseMs, askedMs());
  for (;;) {
    if (restMs > 0 && !(await pause(parts, restMs))) return undefined;
    const release = await acquire(parts);
    if (release === undefined || signal.aborted || askedMs() <= 0) return release;
    // While it waited for the slot another delivery was asked to wait.
    release();
    restMs = askedMs();
  }
}

/** @returns false when the signal aborted. */
function pause({ shared, track, signal }: DeliveryParts, pauseMs: number): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  const begins = track.waitsUntil(shared.clock.now() + pauseMs);
  return new Promise((resolve) => {
    const end = (isOver: boolean) => {
      begins();
      signal.removeEventListener('abort', onAbort);
      resolve(isOver);
    };
    const cancel = shared.clock.after(pauseMs, () => end(true));
    const onAbort = () => {
      cancel();
      end(false);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A slot of the integration, then one of all: an integration that hangs holds few of the latter. */
async function acquire({ shared, track, signal }: DeliveryParts): Promise<(() => void) | undefined> {
  const releaseOwn = await track.slots.acquire(signal);
  if (releaseOwn === undefined) return undefined;
  const releaseShared = await shared.slots.acquire(signal);
  if (releaseShared === undefined) {
    releaseOwn();
    return undefined;
  }
  return () => {
    releaseShared();
    releaseOwn();
  };
}

async function prepare(parts: DeliveryParts): Promise<Attempt> {
  const { request, track, shared } = parts;
  const { integration, notification } = request;
  const secrets = await secretsOf(track.definition, request);
  const data = templateData(notification);
  const done = new Set<string>();
  return (signal) =>
    track.clients.use(integration.http, (http) =>
      runAttempt({
        definition: track.definition,
        settings: integration.settings,
        notification,
        data,
        templates: shared.templates(),
        previous: request.previous,
        done,
        http,
        secrets,
        timeoutMs: timeoutOf(integration.settings, shared),
        signal,
        nowMs: shared.clock.now(),
        after: shared.clock.after,
        log: shared.log,
      }),
    );
}

/** Those the settings have; the channel adds what it reads from files. */
async function secretsOf(definition: ChannelDefinition, request: DeliveryRequest): Promise<Secrets> {
  const { integration, notification } = request;
  const secrets = new Secrets();
  for (const text of secretTexts(integration.settings, definition.secretKeys)) secrets.add(text);
  const { texts, files } = httpSecrets(integration.http);
  for (const text of texts) secrets.add(text);
  for (const file of files) {
    // What cannot be read is not sent either: the client says so.
    const content = await readSecretFile(file).catch(() => undefined);
    if (content !== undefined) secrets.add(content);
  }
  for (const { links } of notification.alerts.slice(0, MAX_SECRET_LINKS))
    if (links.acknowledge !== undefined) secrets.add(links.acknowledge);
  return secrets;
}

function timeoutOf(settings: unknown, { policy }: Shared): number {
  const { timeout } = settings as { timeout?: unknown };
  if (typeof timeout !== 'number' || !(timeout > 0)) return policy.attemptTimeoutMs;
  return Math.min(timeout, policy.maxAttemptTimeoutMs);
}

function note({ track, shared }: DeliveryParts, result: AttemptResult, latencyMs: number): void {
  const kind = result.isDelivered ? 'delivered' : result.isRetryable ? 'retryable' : 'permanent';
  shared.meter.attempted(track.definition.name, kind, latencyMs);
  track.note(result, latencyMs);
}

function outcomeOf(result: AttemptResult, attempts: number, latencyMs: number): DeliveryOutcome {
  return {
    isDelivered: result.isDelivered,
    attempts,
    latencyMs,
    detail: result.detail,
    isPermanent: !result.isDelivered && !result.isRetryable,
    state: result.isDelivered ? result.state : undefined,
    isDigested: false,
  };
}

function gaveUp(outcome: DeliveryOutcome, signal: AbortSignal): DeliveryOutcome {
  if (outcome.attempts === 0) return { ...outcome, isPermanent: false };
  const count = outcome.attempts === 1 ? '1 attempt' : `${outcome.attempts} attempts`;
  const because = signal.aborted && outcome.detail === 'given up' ? '' : `: ${outcome.detail}`;
  return {
    ...outcome,
    isPermanent: false,
    detail: cutText(`given up after ${count}${because}`, MAX_DETAIL_LENGTH),
  };
}
