import { setMaxListeners } from 'node:events';
import { messageOf } from '../lib/errors.ts';
import type { DeliveryOutcome, DeliveryRequest, Integration } from '../model/notification.ts';
import { type AttemptResult, MAX_DETAIL_LENGTH } from './attempt.ts';
import type { ChannelDefinition } from './channel.ts';
import { ClientCache } from './client-cache.ts';
import { BUG_DETAIL, notTried, runDelivery, type Track } from './delivery.ts';
import { digestOf } from './digest.ts';
import type { IntegrationStatus, Shared } from './notify-types.ts';
import { abortWithAll, abortWithAny } from './signals.ts';
import { Slots } from './slots.ts';
import { cutText } from './text.ts';
import { TokenBucket } from './token-bucket.ts';

/** A delivery that the rate limit keeps back. */
interface Gathered {
  readonly request: DeliveryRequest;
  /** Ends it; does nothing the second time. */
  readonly finish: (outcome: DeliveryOutcome) => void;
}

/** Notifications in one digest; more make another one. */
const MAX_DIGEST = 1000;

type History = Pick<
  IntegrationStatus,
  | 'lastSuccessAtMs'
  | 'lastFailureAtMs'
  | 'lastFailure'
  | 'lastLatencyMs'
  | 'consecutiveFailures'
  | 'delivered'
  | 'failed'
>;

/** One integration: its rate, its connections, what it is doing and how that went. */
export class Lane {
  readonly #shared: Shared;
  readonly #definition: ChannelDefinition;
  readonly #bucket: TokenBucket;
  readonly #track: Track;
  readonly #stop = new AbortController();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #waitingUntil = new Set<{ readonly atMs: number }>();
  #integration: Integration;
  #gathered: Gathered[] = [];
  #cancelFlush: (() => void) | undefined;
  #history: History = {
    lastSuccessAtMs: undefined,
    lastFailureAtMs: undefined,
    lastFailure: undefined,
    lastLatencyMs: undefined,
    consecutiveFailures: 0,
    delivered: 0,
    failed: 0,
  };

  constructor(shared: Shared, definition: ChannelDefinition, integration: Integration) {
    const { clock, log, addressPolicy, policy } = shared;
    // Everything that is being sent listens to it.
    setMaxListeners(0, this.#stop.signal);
    this.#shared = shared;
    this.#definition = definition;
    this.#integration = integration;
    this.#bucket = new TokenBucket(definition.messagesPerMinute, () => clock.elapsed());
    this.#track = {
      definition,
      slots: new Slots(policy.maxConcurrentPerIntegration),
      clients: new ClientCache({ policy: addressPolicy, now: () => clock.now(), log }),
      notBeforeMs: Number.NEGATIVE_INFINITY,
      note: (result, latencyMs) => this.#note(result, latencyMs),
      waitsUntil: (atMs) => this.#waitsUntil(atMs),
    };
  }

  /** May reject only when the code is wrong. */
  deliver(request: DeliveryRequest): Promise<DeliveryOutcome> {
    this.#integration = request.integration;
    const { maxWaitingPerIntegration } = this.#shared.policy;
    if (this.#stop.signal.aborted) return Promise.resolve(notTried('the server is stopping'));
    if (request.signal.aborted) return Promise.resolve(notTried('given up before the first attempt'));
    if (this.#pending.size >= maxWaitingPerIntegration)
      return Promise.resolve(notTried(`more than ${maxWaitingPerIntegration} notifications are waiting`));
    return this.#pend(this.#begin(request).then((outcome) => this.#counted(outcome)));
  }

  #begin(request: DeliveryRequest): Promise<DeliveryOutcome> {
    if (request.notification.reason === 'test') return this.#run(request, true);
    const mayGo = this.#gathered.length === 0 && this.#bucket.take();
    return mayGo ? this.#run(request, false) : this.#gather(request);
  }

  status(): IntegrationStatus {
    const { id, receiver, channel } = this.#integration;
    let nextTryAtMs: number | undefined;
    for (const { atMs } of this.#waitingUntil) nextTryAtMs = Math.min(nextTryAtMs ?? atMs, atMs);
    return {
      integration: id,
      receiver,
      channel,
      ...this.#history,
      nextTryAtMs,
      pending: this.#pending.size,
      gathered: this.#gathered.length,
    };
  }

  /** Closes connections as soon as nothing uses them; what is being sent goes on. */
  retire(): Promise<void> {
    return this.#track.clients.retire();
  }

  /** Resolves once nothing is being sent any more. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelFlush?.();
    for (const { finish } of this.#gathered.splice(0)) finish(notTried('the server is stopping'));
    await this.idle();
    await this.retire();
  }

  async #run(request: DeliveryRequest, isTest: boolean): Promise<DeliveryOutcome> {
    const { policy } = this.#shared;
    const { signal, unlink } = abortWithAny(request.signal, this.#stop.signal);
    try {
      return await runDelivery({
        request,
        track: this.#track,
        shared: this.#shared,
        maxAttempts: isTest ? 1 : policy.maxAttempts,
        isPatient: !isTest,
        signal,
      });
    } finally {
      unlink();
    }
  }

  #gather(request: DeliveryRequest): Promise<DeliveryOutcome> {
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#gathered = this.#gathered.filter((other) => other !== entry);
        finish(notTried('given up while the rate limit kept it back'));
      };
      const finish = (outcome: DeliveryOutcome) => {
        request.signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      };
      const entry = { request, finish };
      this.#gathered.push(entry);
      request.signal.addEventListener('abort', onAbort, { once: true });
      this.#arm();
    });
  }

  #arm(): void {
    if (this.#cancelFlush !== undefined || this.#gathered.length === 0 || this.#stop.signal.aborted) return;
    this.#cancelFlush = this.#shared.clock.after(this.#bucket.waitMs(), () => {
      this.#cancelFlush = undefined;
      this.#flush();
      this.#arm();
    });
  }

  #flush(): void {
    if (this.#gathered.length === 0 || !this.#bucket.take()) return;
    const entries = this.#gathered.splice(0, this.#definition.isPerGroup === true ? 1 : MAX_DIGEST);
    const [first, second] = entries as [Gathered, ...Gathered[]];
    const sending = second === undefined ? this.#run(first.request, false) : this.#sendDigest(entries);
    const finishAll = (outcome: DeliveryOutcome) => {
      for (const { finish } of entries) finish(outcome);
    };
    const onBug = (error: unknown) => {
      this.#shared.log.error({ error: messageOf(error) }, 'a digest failed because of a bug');
      finishAll(notTried(BUG_DETAIL));
    };
    void this.#pend(sending.then(finishAll, onBug));
  }

  async #sendDigest(entries: readonly Gathered[]): Promise<DeliveryOutcome> {
    const requests = entries.map(({ request }) => request);
    const { signal, unlink } = abortWithAll(requests.map((request) => request.signal));
    const notification = digestOf(
      requests.map((request) => request.notification),
      this.#definition.maxAlerts,
    );
    this.#shared.meter.digested(this.#definition.name, entries.length);
    try {
      const { integration } = requests.at(-1)!;
      const outcome = await this.#run({ integration, notification, previous: undefined, signal }, false);
      const suffix = ` (${entries.length} notifications in one because of the rate limit)`;
      const detail = cutText(outcome.detail, MAX_DETAIL_LENGTH - suffix.length) + suffix;
      // The state is that of the digest's message, not of any group's.
      return { ...outcome, detail, isDigested: true, state: undefined };
    } finally {
      unlink();
    }
  }

  #pend<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const onEnd = () => this.#pending.delete(work);
    work.then(onEnd, onEnd);
    return work;
  }

  #counted(outcome: DeliveryOutcome): DeliveryOutcome {
    const key = outcome.isDelivered ? 'delivered' : 'failed';
    this.#history = { ...this.#history, [key]: this.#history[key] + 1 };
    return outcome;
  }

  #note(result: AttemptResult, latencyMs: number): void {
    const nowMs = this.#shared.clock.now();
    if (result.isDelivered) {
      const good = { lastSuccessAtMs: nowMs, lastLatencyMs: latencyMs, consecutiveFailures: 0 };
      this.#history = { ...this.#history, ...good };
      return;
    }
    const consecutiveFailures = this.#history.consecutiveFailures + 1;
    const bad = { lastFailureAtMs: nowMs, lastFailure: result.detail, consecutiveFailures };
    this.#history = { ...this.#history, ...bad };
  }

  #waitsUntil(atMs: number): () => void {
    const waiting = { atMs };
    this.#waitingUntil.add(waiting);
    return () => this.#waitingUntil.delete(waiting);
  }
}
