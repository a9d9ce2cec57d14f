import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { FileInsert } from './client.ts';
import type { Clock } from './clock.ts';
import { type Leftovers, type Spool, type SpoolFile, type SpoolGroup, takeGroup } from './spool.ts';
import { type InsertVerdict, StorageError } from './storage-error.ts';

/** What the inserter needs of the store. */
export interface InsertTarget {
  insertFiles(insert: Omit<FileInsert, 'database'>): Promise<void>;
}

/** Rows that have become readable. */
export interface StoredRows {
  readonly table: string;
  readonly rows: number;
}

export interface InserterOptions {
  readonly spool: Spool;
  readonly target: InsertTarget;
  readonly clock: Clock;
  readonly log: Log;
  /** Time between the starts of two inserts of one table. */
  readonly intervalMs: number;
  /** Inserts of different tables at a time. */
  readonly parallel: number;
  readonly onStored: (stored: StoredRows) => void;
}

/** One table's queue. */
interface Lane {
  readonly files: SpoolFile[];
  readonly groups: SpoolGroup[];
  /** Being inserted, or to be tried again before anything else. */
  current: SpoolGroup | undefined;
  isBusy: boolean;
  /** Files that may not share an insert, because one that did was refused. */
  readonly alone: Set<string>;
  nextStartMs: number;
  /** Failures of `current` in a row, by verdict. */
  failures: number;
  lost: number;
  unsure: number;
  failingSinceMs: number | undefined;
}

export interface InserterStats {
  readonly inserts: number;
  readonly insertedRows: number;
  readonly insertedBytes: number;
  readonly insertFailures: number;
  /** Since when some table's inserts have all failed, epoch milliseconds; undefined while all is well. */
  readonly failingSinceMs: number | undefined;
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | undefined;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2_000;
/** So often in a row the connection may break during the same insert before the data is suspected. */
const MAX_LOST = 6;
/** So often in a row an insert may fail for an unknown reason before the data is suspected. */
const MAX_UNSURE = 8;

/**
 * Moves durable blocks from the spool into the store: per table a queue, groups of files per insert, two inserts at a time. What
 * the store cannot take now is tried again for ever; what it will never take is set aside, file by file.
 */
export class Inserter {
  readonly #options: InserterOptions;
  readonly #lanes = new Map<string, Lane>();
  #running = 0;
  #isStopped = false;
  #cancelTimer: () => void = () => {};
  #idleWaiters: (() => void)[] = [];
  readonly #stats = { inserts: 0, insertedRows: 0, insertedBytes: 0, insertFailures: 0 };
  #lastError: InserterStats['lastError'];

  constructor(options: InserterOptions, leftovers: Leftovers) {
    this.#options = options;
    for (const group of leftovers.groups) this.#lane(group.table).groups.push(group);
    this.add(leftovers.files);
  }

  /** Queues durable files. */
  add(files: readonly SpoolFile[]): void {
    for (const file of files) this.#lane(file.table).files.push(file);
    this.#pump();
  }

  /** Tries at once what waits for its next attempt; called when the store has come back. */
  wake(): void {
    for (const lane of this.#lanes.values()) lane.nextStartMs = 0;
    this.#pump();
  }

  /** When the oldest waiting block became durable, epoch milliseconds; undefined when none waits. */
  oldestSinceMs(): number | undefined {
    let oldest: number | undefined;
    for (const lane of this.#lanes.values()) {
      const first = lane.current?.files[0] ?? lane.groups[0]?.files[0] ?? lane.files[0];
      if (first !== undefined && (oldest === undefined || first.sinceMs < oldest)) oldest = first.sinceMs;
    }
    return oldest;
  }

  stats(): InserterStats {
    const failing = [...this.#lanes.values()].flatMap((lane) => lane.failingSinceMs ?? []);
    const failingSinceMs = failing.length === 0 ? undefined : Math.min(...failing);
    return { ...this.#stats, failingSinceMs, lastError: this.#lastError };
  }

  /** Resolves when nothing waits any more. */
  whenIdle(): Promise<void> {
    for (const lane of this.#lanes.values())
      lane.nextStartMs = Math.min(lane.nextStartMs, this.#options.clock.now());
    this.#pump();
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Starts no further insert and resolves when the running ones have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #lane(table: string): Lane {
    let lane = this.#lanes.get(table);
    if (lane === undefined) {
      const attempts = { failures: 0, lost: 0, unsure: 0, nextStartMs: 0, failingSinceMs: undefined };
      lane = { files: [], groups: [], current: undefined, isBusy: false, alone: new Set(), ...attempts };
      this.#lanes.set(table, lane);
    }
    return lane;
  }

  #isIdle(): boolean {
    if (this.#running > 0) return false;
    if (this.#isStopped) return true;
    for (const lane of this.#lanes.values()) if (hasWork(lane)) return false;
    return true;
  }

  /** Starts what is due and sets the timer for what is not. */
  #pump(): void {
    if (!this.#isStopped) {
      const now = this.#options.clock.now();
      const waiting = [...this.#lanes.values()].filter((lane) => !lane.isBusy && hasWork(lane));
      waiting.sort((a, b) => a.nextStartMs - b.nextStartMs);
      for (const lane of waiting) {
        if (this.#running >= this.#options.parallel || lane.nextStartMs > now) break;
        this.#start(lane, now);
      }
      this.#setTimer(waiting, now);
    }
    if (!this.#isIdle()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #setTimer(waiting: readonly Lane[], now: number): void {
    this.#cancelTimer();
    if (this.#running >= this.#options.parallel) return;
    const next = waiting.find((lane) => !lane.isBusy);
    if (next === undefined) return;
    this.#cancelTimer = this.#options.clock.after(Math.max(0, next.nextStartMs - now), () => this.#pump());
  }

  #start(lane: Lane, now: number): void {
    lane.isBusy = true;
    lane.nextStartMs = now + this.#options.intervalMs;
    this.#running++;
    this.#attempt(lane)
      .catch((error: unknown) => this.#failed(lane, error, 'retry'))
      .finally(() => {
        lane.isBusy = false;
        this.#running--;
        this.#pump();
      });
  }

  /** One insert. Errors of the spool's files are thrown, those of the store handled. */
  async #attempt(lane: Lane): Promise<void> {
    const group = await this.#take(lane);
    if (group === undefined) return;
    try {
      await this.#options.target.insertFiles({
        table: group.table,
        columns: group.columns,
        paths: group.files.map((file) => this.#options.spool.pathOf(file)),
        bytes: group.files.reduce((sum, file) => sum + file.bytes, 0),
        token: group.token,
      });
    } catch (error) {
      await this.#refused(lane, group, error);
      return;
    }
    this.#succeeded(lane, group);
    await this.#options.spool.finish(group);
  }

  /** The group to insert now. Leftover files are checked first, and left out when damaged. */
  async #take(lane: Lane): Promise<SpoolGroup | undefined> {
    if (lane.current === undefined) {
      Object.assign(lane, { failures: 0, lost: 0, unsure: 0 });
      lane.current = lane.groups.shift() ?? (await this.#fixGroup(lane));
    }
    const group = lane.current;
    if (group?.files.some((file) => file.isLeftover)) {
      const files = [...group.files];
      try {
        await this.#keepSound(files);
      } finally {
        lane.current = files.length === 0 ? undefined : { ...group, files };
      }
    }
    return lane.current;
  }

  /** Makes a group of what is first in the queue. When that fails the files are in the queue again. */
  async #fixGroup(lane: Lane): Promise<SpoolGroup | undefined> {
    const isAlone = lane.files[0] !== undefined && lane.alone.has(lane.files[0].name);
    const files = isAlone ? lane.files.splice(0, 1) : takeGroup(lane.files);
    try {
      await this.#keepSound(files);
      return files.length === 0 ? undefined : await this.#options.spool.group(files);
    } catch (error) {
      lane.files.unshift(...files);
      throw error;
    }
  }

  /** Leaves in `files` those that are as they were written; the others are set aside. */
  async #keepSound(files: SpoolFile[]): Promise<void> {
    const { spool } = this.#options;
    for (let i = 0; i < files.length; ) {
      const file = files[i]!;
      const reason = file.isLeftover ? await spool.check(file) : undefined;
      if (reason === undefined) {
        files[i++] = { ...file, isLeftover: false };
      } else {
        await spool.reject(file, reason);
        files.splice(i, 1);
      }
    }
  }

  #succeeded(lane: Lane, group: SpoolGroup): void {
    lane.current = undefined;
    for (const file of group.files) lane.alone.delete(file.name);
    const rows = group.files.reduce((sum, file) => sum + file.rows, 0);
    this.#stats.inserts++;
    this.#stats.insertedRows += rows;
    this.#stats.insertedBytes += group.files.reduce((sum, file) => sum + file.bytes, 0);
    lane.failingSinceMs = undefined;
    this.#options.onStored({ table: group.table, rows });
  }

  async #refused(lane: Lane, group: SpoolGroup, error: unknown): Promise<void> {
    const verdict = error instanceof StorageError ? error.insertVerdict : 'unsure';
    this.#failed(lane, error, verdict);
    const isSuspect = verdict === 'permanent' || lane.lost >= MAX_LOST || lane.unsure >= MAX_UNSURE;
    if (isSuspect) await this.#separate(lane, group, error);
  }

  /**
   * The group's data is suspected. The store reads all of a group before it stores any of it, so nothing of it is stored: its
   * files can be tried one by one under tokens of their own, and a file that fails alone is set aside.
   */
  async #separate(lane: Lane, group: SpoolGroup, error: unknown): Promise<void> {
    const { spool } = this.#options;
    await spool.dissolve(group);
    lane.current = undefined;
    lane.nextStartMs = this.#options.clock.now();
    lane.files.unshift(...group.files);
    for (const file of group.files) lane.alone.add(file.name);
    if (group.files.length > 1) return;
    await spool.reject(group.files[0]!, messageOf(error));
    lane.files.shift();
    lane.alone.delete(group.files[0]!.name);
  }

  #failed(lane: Lane, error: unknown, verdict: InsertVerdict): void {
    const now = this.#options.clock.now();
    lane.failures++;
    lane.lost = verdict === 'lost' ? lane.lost + 1 : 0;
    lane.unsure = verdict === 'unsure' ? lane.unsure + 1 : 0;
    lane.nextStartMs =
      now + Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(lane.failures - 1, 10), LONGEST_BACKOFF_MS);
    this.#stats.insertFailures++;
    lane.failingSinceMs ??= now;
    const code = error instanceof BellwetherError ? error.code : 'internal';
    this.#lastError = { code, message: messageOf(error), atMs: now };
    if (lane.failures === 1) {
      const fields = { table: lane.current?.table, token: lane.current?.token, verdict, err: error };
      this.#options.log.warn(fields, 'an insert failed; the data stays in the spool');
    }
  }
}

function hasWork(lane: Lane): boolean {
  return lane.current !== undefined || lane.groups.length > 0 || lane.files.length > 0;
}
