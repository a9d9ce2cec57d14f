import type { Clock } from '../../lib/clock.ts';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import type { OutboundClient, OutboundResponse } from '../../lib/outbound.ts';
import type { RemoteWriteConfig } from './config.ts';

/** What became of a request. `stopped`: nobody knows. */
export type DeliveryOutcome = 'sent' | 'refused' | 'stopped';

export interface DeliveryParts {
  readonly config: RemoteWriteConfig;
  readonly client: OutboundClient;
  readonly userAgent: string;
  readonly clock: Clock;
  /** Aborted when sending is to end. */
  readonly signal: AbortSignal;
  /** Told of every attempt that did not succeed. */
  readonly onFailure: (message: string, isFinal: boolean) => void;
}

const MAX_ANSWER_BYTES = 64 * 1024;
/** A receiver that asks for more time is asked again after this. */
const MAX_RETRY_AFTER_MS = 300_000;
const MAX_QUOTED_LENGTH = 256;
const V2 = 'io.prometheus.write.v2.Request';

/** Sends bodies to one destination, each as often as it takes. */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#headers = headersOf(parts.config, parts.userAgent);
  }

  /**
   * Repeats while the receiver is not reached, answers 5xx, or 429 unless that is switched off, waiting longer each time or as long as
   * `Retry-After` says. Never rejects.
   *
   * @param maxAttempts gives up as `refused` after so many; for what is not worth more.
   */
  async send(
    body: Uint8Array,
    items: number,
    maxAttempts = Number.POSITIVE_INFINITY,
  ): Promise<DeliveryOutcome> {
    const { config, signal } = this.#parts;
    let backoffMs = config.queue.minBackoffMs;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { reason, waitMs } = await this.#attempt(body, items, attempt);
      if (reason === undefined) return 'sent';
      // Whether it has arrived is not known; the next run sends it again.
      if (signal.aborted) return 'stopped';
      const isFinal = waitMs === undefined || attempt + 1 >= maxAttempts;
      this.#parts.onFailure(reason, isFinal);
      if (isFinal) return 'refused';
      await this.#wait(Math.max(backoffMs, waitMs));
      backoffMs = Math.min(backoffMs * 2, config.queue.maxBackoffMs);
    }
    return 'stopped';
  }

  /** Without a reason it has arrived; without a time to wait there is no use in trying again. */
  async #attempt(
    body: Uint8Array,
    items: number,
    attempt: number,
  ): Promise<{ reason?: string; waitMs?: number }> {
    const { config, client, signal } = this.#parts;
    try {
      const response = await client.request({
        url: config.url,
        method: 'POST',
        headers: attempt === 0 ? this.#headers : { ...this.#headers, 'Retry-Attempt': String(attempt) },
        body,
        timeoutMs: config.timeoutMs,
        maxBodyBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return this.#judge(response, items);
    } catch (error) {
      // Not reached, or a secret that cannot be read just now: both may change.
      return {
        reason: messageOf(error),
        waitMs: error instanceof BellwetherError ? (error.retryAfterS ?? 0) * 1000 : 0,
      };
    }
  }

  #judge(response: OutboundResponse, items: number): { reason?: string; waitMs?: number } {
    const { config, clock } = this.#parts;
    const { status, headers } = response;
    if (status >= 200 && status < 300) {
      if (config.message !== V2 || items === 0 || hasStatistics(headers)) return {};
      // Receivers of 1.0 take the body for something else and answer 2xx.
      return {
        reason: `the receiver answered ${status} without saying what it wrote: it may know remote write 1.0 only`,
      };
    }
    const text = Buffer.from(response.body).toString().trim().split('\n')[0]!.slice(0, MAX_QUOTED_LENGTH);
    const reason = `server returned HTTP status ${status} ${response.statusText}: ${text}`;
    const isRetried = status >= 500 || (status === 429 && config.queue.retryOnHttp429);
    return isRetried ? { reason, waitMs: retryAfterMs(headers['retry-after'], clock.now()) } : { reason };
  }

  #wait(delayMs: number): Promise<void> {
    const { clock, signal } = this.#parts;
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.after(delayMs, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

function headersOf({ message, headers }: RemoteWriteConfig, userAgent: string): Record<string, string> {
  const isV2 = message === V2;
  return {
    ...headers,
    'User-Agent': userAgent,
    'Content-Encoding': 'snappy',
    'Content-Type': isV2 ? `application/x-protobuf;proto=${V2}` : 'application/x-protobuf',
    'X-Prometheus-Remote-Write-Version': isV2 ? '2.0.0' : '0.1.0',
  };
}

function hasStatistics(headers: Readonly<Record<string, string>>): boolean {
  return ['samples', 'histograms', 'exemplars'].some(
    (kind) => headers[`x-prometheus-remote-write-${kind}-written`] !== undefined,
  );
}

/** Seconds or a date. */
function retryAfterMs(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
