import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from './clock.ts';
import { diskFull } from './writer-errors.ts';

export interface AdmissionLimits {
  readonly spoolBytes: number;
  readonly openBytes: number;
  readonly freeDiskBytes: number;
}

interface Options {
  readonly limits: AdmissionLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes free on the spool's disk. */
  readonly free: () => Promise<number>;
}

/** What the writer holds at the moment of the question. */
export interface Load {
  /** Bytes that are not durable yet. */
  readonly memoryBytes: number;
  readonly spoolBytes: number;
  /** True while the store takes nothing. */
  readonly insertsFail: boolean;
  readonly isDraining: boolean;
}

/** How long senders are refused after the disk was found full. Then one gets through, and finds out. */
const DISK_FULL_MS = 1_000;
const DISK_CHECK_INTERVAL_MS = 1_000;

/** Decides whether the writer can take more, and counts whom it turned away. */
export class Admission {
  readonly #options: Options;
  readonly #refused = new Map<string, number>();
  #diskFullUntilMs = 0;
  #isDiskLow = false;
  #lastDiskCheckMs = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws BellwetherError 429 or 503 with `retryAfterS`. */
  check(load: Load): void {
    const refusal = this.#refusal(load);
    if (refusal === undefined) return;
    this.#refused.set(refusal.code, (this.#refused.get(refusal.code) ?? 0) + 1);
    throw refusal;
  }

  /** Refused requests by error code. */
  refused(): Record<string, number> {
    return Object.fromEntries(this.#refused);
  }

  noteFailure(error: BellwetherError): void {
    if (error.code === 'disk_full') this.#diskFullUntilMs = this.#options.clock.now() + DISK_FULL_MS;
  }

  /** Looks at the free disk space, at most once a second, in the background. */
  noteDisk(): void {
    const now = this.#options.clock.now();
    if (now - this.#lastDiskCheckMs < DISK_CHECK_INTERVAL_MS) return;
    this.#lastDiskCheckMs = now;
    this.#options.free().then(
      (freeBytes) => {
        this.#isDiskLow = freeBytes < this.#options.limits.freeDiskBytes;
      },
      (error: unknown) => this.#options.log.warn({ err: error }, 'the free disk space cannot be read'),
    );
  }

  #refusal(load: Load): BellwetherError | undefined {
    const { limits, clock } = this.#options;
    if (load.isDraining) return refuse(503, 'shutting_down', 'the server is shutting down', 5);
    if (this.#isDiskLow) this.noteDisk();
    if (this.#isDiskLow || clock.now() < this.#diskFullUntilMs) return diskFull();
    if (load.memoryBytes > limits.openBytes) {
      return refuse(429, 'too_much_in_memory', 'more data arrives than the disk can take', 1);
    }
    if (load.memoryBytes + load.spoolBytes <= limits.spoolBytes) return undefined;
    return load.insertsFail
      ? refuse(503, 'storage_unavailable', 'the storage engine takes no data and the spool is full', 10)
      : refuse(
          429,
          'spool_full',
          'more data arrives than the storage engine can take, and the spool is full',
          5,
        );
  }
}

function refuse(status: number, code: string, message: string, retryAfterS: number): BellwetherError {
  const hint =
    'Send it again later; /health/ready and the metrics named bellwether_spool_* tell how full it is.';
  return new BellwetherError({ code, status, message, retryAfterS, hint });
}
