import type { Config } from '../config/index.ts';
import type { Log } from '../lib/log.ts';
import { MetricsHead, type Store, sql, type Writer } from '../store/index.ts';
import type { Stack } from './stack.ts';

const RETRY_MS = 500;

/**
 * Memory for recent samples. An earlier process may have stored samples ahead of its clock, so at first the head counts as complete only
 * beyond what could be accepted; see {@link settleHead}.
 */
export function createHead({ ingest, metrics }: Config, nowMs: number): MetricsHead {
  return new MetricsHead({ startMs: nowMs + ingest.max_future, residentBytes: metrics.memory });
}

/** Tells whether everything that an earlier process left in the spool has been stored. To be made before anything is written. */
export function watchLeftovers(writer: Pick<Writer, 'stats'>): () => boolean {
  const sinceMs = performance.now();
  let isDone = false;
  return () => {
    // Leftovers are older than this process's own blocks. Ages are whole milliseconds.
    isDone ||= writer.stats().oldestAgeMs + 2 < performance.now() - sinceMs;
    return isDone;
  };
}

export interface HeadParts {
  readonly head: MetricsHead;
  readonly store: Pick<Store, 'ready' | 'query'>;
  readonly isStoreComplete: () => boolean;
  readonly log: Log;
  readonly stack: Stack;
}

/**
 * As soon as the store can tell: the head is complete after the last stored sample, since everything newer was in the journal and has
 * been replayed. Until then queries look into the store as well.
 */
export function settleHead(parts: HeadParts): void {
  const { head, store, isStoreComplete, log, stack } = parts;
  const firstMs = head.coveredFromMs;
  let isAsking = false;
  const timer = setInterval(async () => {
    if (isAsking || store.ready().status !== 'ok' || !isStoreComplete()) return;
    isAsking = true;
    try {
      const lastMs = await lastStoredMs(store);
      // Further on it is only when something was dropped meanwhile.
      if (head.coveredFromMs === firstMs) head.startAt(lastMs + 1);
      clearInterval(timer);
    } catch (error) {
      log.debug({ err: error }, 'the newest stored sample could not be read; it is tried again');
    } finally {
      isAsking = false;
    }
  }, RETRY_MS);
  stack.onStop('head', () => clearInterval(timer));
}

/** Time of the newest stored sample, epoch milliseconds; minus infinity when there is none. */
async function lastStoredMs(store: Pick<Store, 'query'>): Promise<number> {
  const [row] = await store.query<{ chunks: number; last_ms: number }>(
    sql`SELECT count() AS chunks, toUnixTimestamp64Milli(max(max_ts)) AS last_ms FROM metric_chunks`,
  );
  return row === undefined || row.chunks === 0 ? Number.NEGATIVE_INFINITY : row.last_ms;
}
