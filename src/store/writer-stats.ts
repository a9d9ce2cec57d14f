import type { Inserter } from './inserter.ts';
import type { Spool } from './spool.ts';

/** The write path in figures, for /metrics and /health. Counters count from the start of the process. */
export interface WriterStats {
  /** Rows and bytes that are not durable yet. */
  readonly openRows: number;
  readonly openBytes: number;
  readonly spoolFiles: number;
  readonly spoolBytes: number;
  readonly spoolLimitBytes: number;
  /** Age of the oldest durable block that is not readable yet; 0 when there is none. */
  readonly oldestAgeMs: number;
  readonly commits: number;
  readonly committedRows: number;
  readonly committedBytes: number;
  readonly commitFailures: number;
  /** Sum over all commits of the time to make them durable. */
  readonly commitMs: number;
  readonly inserts: number;
  readonly insertedRows: number;
  readonly insertedBytes: number;
  readonly insertFailures: number;
  /** Refused requests by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Files and rows set aside because the store will never take them. */
  readonly rejectedFiles: number;
  readonly rejectedRows: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly atMs: number } | undefined;
  /** One sentence when the write path needs somebody's attention. */
  readonly degraded: string | undefined;
}

/** Inserts may fail this long, for example while the engine restarts, before anybody is told. */
const FAILING_IS_NORMAL_MS = 10_000;

type Counts = Pick<
  WriterStats,
  'commits' | 'committedRows' | 'committedBytes' | 'commitFailures' | 'commitMs'
>;

interface Parts extends Counts {
  readonly spool: Spool;
  readonly inserter: Inserter;
  readonly spoolLimitBytes: number;
  readonly openRows: number;
  readonly openBytes: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly nowMs: number;
}

export function writerStats(parts: Parts): WriterStats {
  const { spool, inserter, nowMs, ...own } = parts;
  const { failingSinceMs, ...inserts } = inserter.stats();
  const oldestSinceMs = inserter.oldestSinceMs();
  const rejected = spool.rejected.totals();
  return {
    ...own,
    ...inserts,
    spoolFiles: spool.fileCount,
    spoolBytes: spool.bytes,
    oldestAgeMs: oldestSinceMs === undefined ? 0 : Math.max(0, nowMs - oldestSinceMs),
    rejectedFiles: rejected.files,
    rejectedRows: rejected.rows,
    degraded: degradedBecause(parts),
  };
}

function degradedBecause({ spool, inserter, nowMs }: Parts): string | undefined {
  const { failingSinceMs, lastError } = inserter.stats();
  if (failingSinceMs !== undefined && nowMs - failingSinceMs > FAILING_IS_NORMAL_MS) {
    const forS = Math.round((nowMs - failingSinceMs) / 1000);
    return `data has been waiting in the spool for ${forS} s: ${lastError?.message ?? 'the store takes none'}`;
  }
  const { files, rows, lastReason } = spool.rejected.totals();
  if (files === 0) return undefined;
  return `${files} spool files with ${rows} rows could not be stored and lie in spool/rejected: ${lastReason}`;
}
