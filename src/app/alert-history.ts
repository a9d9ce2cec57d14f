import type { AlertClock, PartialAlertEvent, RecordEvents } from '../alerts/types.ts';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Labels } from '../model/labels.ts';
import type { Priority } from '../model/notification.ts';
import type { Writer } from '../store/index.ts';
import { appendAlertEvent } from './alert-event-rows.ts';

/** Events that wait to be written. Beyond it further ones are dropped, counted and logged. */
const MAX_WAITING_EVENTS = 50_000;
/** Events that become durable together. */
const MAX_BATCH_EVENTS = 2_000;
/** Events of one evaluation or one flush come together: they are written together. */
const GATHER_MS = 20;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A loss is logged at most so often. */
const COMPLAINT_INTERVAL_MS = 60_000;
/** How long a stop waits for events that cannot be written. */
const STOP_GRACE_MS = 1_000;

export interface AlertHistoryOptions {
  /** Makes rows durable; the same writer as all other telemetry. */
  readonly writer: Pick<Writer, 'admit' | 'batch' | 'mark' | 'rollback' | 'committed'>;
  /** Of an alert with these labels. */
  readonly priorityOf: (labels: Labels) => Priority;
  readonly clock: Pick<AlertClock, 'now' | 'after'>;
  readonly log: Log;
  /** For tests. */
  readonly maxWaiting?: number;
}

/** All since the start. */
export interface AlertHistoryCounters {
  readonly recorded: number;
  /** Durable. */
  readonly written: number;
  /** Lost: there were too many, or the server stopped while nothing could be written. */
  readonly dropped: number;
  /** Writes that were turned away and tried again. */
  readonly retries: number;
  readonly waiting: number;
}

/** Keeps what happens to alerts in the store. */
export interface AlertHistory {
  readonly record: RecordEvents;
  /** Resolves once all that was recorded so far is durable or given up. */
  flush(): Promise<void>;
  /** Writes what waits, for a few seconds at most. What is recorded afterwards is dropped. Call it before the writer drains. */
  stop(): Promise<void>;
  counters(): AlertHistoryCounters;
}

export function createAlertHistory(options: AlertHistoryOptions): AlertHistory {
  const history = new History(options);
  return {
    record: (events) => history.record(events),
    flush: () => history.flush(),
    stop: () => history.stop(),
    counters: () => history.counters(),
  };
}

class History {
  readonly #options: AlertHistoryOptions;
  readonly #maxWaiting: number;
  /** The oldest first; those that are being written are still here. */
  #waiting: PartialAlertEvent[] = [];
  #isStopped = false;
  #isGivingUp = false;
  #running: Promise<void> | undefined;
  #endWait: () => void = () => {};
  #lastComplaintMs = Number.NEGATIVE_INFINITY;
  #counts = { recorded: 0, written: 0, dropped: 0, retries: 0 };

  constructor(options: AlertHistoryOptions) {
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING_EVENTS;
  }

  counters(): AlertHistoryCounters {
    return { ...this.#counts, waiting: this.#waiting.length };
  }

  record(events: readonly PartialAlertEvent[]): void {
    if (events.length === 0) return;
    this.#counts.recorded += events.length;
    const room = this.#isStopped ? 0 : Math.max(0, this.#maxWaiting - this.#waiting.length);
    for (const event of events.slice(0, room)) this.#waiting.push(event);
    if (events.length > room) {
      this.#drop(events.length - room, this.#isStopped ? 'the history has ended' : 'too many wait');
    }
    if (this.#waiting.length > 0) this.#start();
  }

  async flush(): Promise<void> {
    if (this.#waiting.length > 0) this.#start();
    this.#endWait();
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const cancel = this.#options.clock.after(STOP_GRACE_MS, () => {
      this.#isGivingUp = true;
      this.#endWait();
    });
    await this.flush();
    cancel();
  }

  #start(): void {
    if (this.#running !== undefined) return;
    // `#run` never rejects.
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#waiting.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    await this.#wait(this.#isStopped ? 0 : GATHER_MS);
    let retryMs = FIRST_RETRY_MS;
    while (this.#waiting.length > 0) {
      const events = this.#waiting.slice(0, MAX_BATCH_EVENTS);
      try {
        await this.#write(events);
        this.#waiting.splice(0, events.length);
        this.#counts.written += events.length;
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (this.#isGivingUp || !isRetryable(error)) {
          this.#waiting.splice(0, events.length);
          this.#drop(events.length, messageOf(error));
          continue;
        }
        this.#counts.retries++;
        await this.#wait(Math.max(retryMs, askedMs(error)));
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
      }
    }
  }

  /** Appends in one turn of the event loop, because others append to the same batch. */
  async #write(events: readonly PartialAlertEvent[]): Promise<void> {
    const { writer, priorityOf } = this.#options;
    writer.admit();
    writer.mark();
    try {
      const rows = writer.batch().alert_events;
      for (const event of events) {
        const isAboutAlert = (event.fingerprint ?? '') !== '' && event.labels !== undefined;
        appendAlertEvent(rows, event, isAboutAlert ? priorityOf(event.labels) : '');
      }
    } catch (error) {
      writer.rollback();
      throw error;
    }
    await writer.committed();
  }

  /** Ends early when somebody flushes or the grace of a stop is over. */
  #wait(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.#isGivingUp) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#endWait = () => {
        cancel();
        this.#endWait = () => {};
        resolve();
      };
    });
  }

  #drop(count: number, reason: string): void {
    this.#counts.dropped += count;
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#lastComplaintMs < COMPLAINT_INTERVAL_MS) return;
    this.#lastComplaintMs = nowMs;
    const { log } = this.#options;
    log.error({ dropped: this.#counts.dropped, reason }, 'events of alerts are missing in their history');
  }
}

/** The store asks for another try: too much at once, or not available now. */
function isRetryable(error: unknown): boolean {
  return error instanceof BellwetherError && (error.status === 429 || error.status === 503);
}

function askedMs(error: unknown): number {
  return error instanceof BellwetherError ? (error.retryAfterS ?? 0) * 1000 : 0;
}
