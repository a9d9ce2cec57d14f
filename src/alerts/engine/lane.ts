import { isOwed, type LogEntry, logKey } from './log-entry.ts';

/** The last delivery that failed, while no later one was a success. */
export interface LaneFailure {
  readonly count: number;
  readonly detail: string;
  readonly atMs: number;
}

/** One integration and one group: what it was told, and what is being done about it. */
export class Lane {
  readonly groupKey: string;
  /** Id of the integration. */
  readonly integration: string;
  /** Of its document. */
  readonly documentKey: string;
  entry: LogEntry;
  /** The entry is in the documents, so its epoch will not change any more. */
  isWritten = false;
  /** Of the clock's `elapsed`: when it was told last. */
  toldElapsedMs: number | undefined;
  /** Of the clock's `elapsed`: since when no group is about it. */
  idleSinceMs: number | undefined;

  isRunning = false;
  wantsAnother = false;
  /** A delivery waits for its turn. */
  isQueued = false;
  /** Since when something is being sent, epoch milliseconds. */
  sendingSinceMs: number | undefined;
  failure: LaneFailure | undefined;
  /** Of the clock's `elapsed`: when the next try begins by itself. */
  retryAtMs: number | undefined;
  cancelRetry: (() => void) | undefined;
  /** That a repetition was left out because of an acknowledgement is recorded. */
  isAcknowledgementNoted = false;
  /** When it was last decided what to tell, epoch milliseconds. */
  decidedAtMs: number | undefined;

  constructor(entry: LogEntry) {
    this.entry = entry;
    this.groupKey = entry.groupKey;
    this.integration = entry.integration;
    this.documentKey = logKey(entry.groupKey, entry.integration);
  }

  isOwed(fingerprint: string): boolean {
    return isOwed(this.entry, fingerprint);
  }

  get isOwedAnything(): boolean {
    return this.entry.firing.size > 0 || this.entry.uncertain.size > 0;
  }

  clearRetry(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.retryAtMs = undefined;
  }
}
