import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { OnCallClock, OnCallDocuments } from './types.ts';

const RETRY_MS = 5000;

type Changes = ReadonlyMap<string, string | undefined>;

/** Writes documents one batch after the other, in the order in which they were given. */
export class Ledger {
  readonly #documents: OnCallDocuments;
  readonly #clock: OnCallClock;
  readonly #log: Log;
  #chain: Promise<void> = Promise.resolve();
  /** Batches that wait. One for each caller of `write`, and at most one between two of them. */
  readonly #queued: Changes[] = [];
  /** The batch at the queue's end, if it may still grow. */
  #open: Map<string, string | undefined> | undefined;
  /** What could not be stored. One entry per key, so as many as there are records. */
  readonly #failed = new Map<string, string | undefined>();
  #cancelRetry: (() => void) | undefined;
  #failures = 0;

  constructor(documents: OnCallDocuments, clock: OnCallClock, log: Log) {
    this.#documents = documents;
    this.#clock = clock;
    this.#log = log;
  }

  /** Batches that could not be stored. */
  get failures(): number {
    return this.#failures;
  }

  load(): Promise<ReadonlyMap<string, string>> {
    return this.#documents.load();
  }

  /**
   * Stores changes that somebody waits for.
   *
   * @throws what the store throws; nothing is stored then, and it is not tried again.
   */
  write(changes: Changes): Promise<void> {
    for (const key of changes.keys()) this.#failed.delete(key);
    this.#open = undefined;
    return this.#enqueue(changes);
  }

  /** Stores a change soon, and again until it succeeds. A later one of the same key takes its place. */
  put(key: string, json: string | undefined): void {
    this.#failed.delete(key);
    if (this.#open !== undefined) {
      this.#open.set(key, json);
      return;
    }
    const changes = new Map([[key, json]]);
    this.#open = changes;
    this.#enqueue(changes).catch((error: unknown) => this.#keepFailed(changes, error));
  }

  /** Resolves once everything given so far was tried to be stored; what failed is tried again later. */
  settled(): Promise<void> {
    return this.#chain;
  }

  /** Stores what is left. Nothing is tried again afterwards. */
  async stop(): Promise<void> {
    await this.settled();
    this.#putFailed();
    await this.settled();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #enqueue(changes: Changes): Promise<void> {
    this.#queued.push(changes);
    const done = this.#chain.then(async () => {
      this.#queued.shift();
      if (this.#open === changes) this.#open = undefined;
      await this.#documents.apply(changes);
    });
    this.#chain = done.catch(() => {
      this.#failures++;
    });
    return done;
  }

  #keepFailed(changes: Changes, error: unknown): void {
    this.#log.error({ error: messageOf(error) }, 'the state of on-call could not be stored; trying again');
    for (const [key, json] of changes) {
      if (!this.#queued.some((later) => later.has(key))) this.#failed.set(key, json);
    }
    this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#putFailed();
    });
  }

  #putFailed(): void {
    for (const [key, json] of [...this.#failed]) this.put(key, json);
  }
}

/** Documents whose key begins with a prefix, decoded; those that cannot be read are left out and logged. */
export function readRecords<T>(
  documents: ReadonlyMap<string, string>,
  prefix: string,
  options: { readonly isRecord: (value: unknown) => value is T; readonly log: Log },
): T[] {
  const records: T[] = [];
  for (const [key, json] of documents) {
    if (!key.startsWith(prefix)) continue;
    const value = parseJson(json);
    if (options.isRecord(value)) records.push(value);
    else options.log.warn({ key }, 'a stored record of on-call cannot be read and is left out');
  }
  return records;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a decoded value is an object whose fields have these types. */
export function hasFields(value: unknown, fields: Readonly<Record<string, string>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(fields).every(
    ([name, type]) => typeof (value as Readonly<Record<string, unknown>>)[name] === type,
  );
}
