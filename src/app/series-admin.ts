import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { PromqlServiceParts } from '../query/metrics/index.ts';
import type { MetricsHead, SampleStore, Writer } from '../store/index.ts';

/** How often, and how long, is looked whether what was packed can be read from the store. */
const POLL_MS = 50;
const SETTLE_TIMEOUT_MS = 60_000;

export interface SeriesAdminParts {
  readonly config: Config;
  readonly head: MetricsHead;
  readonly samples: Pick<SampleStore, 'flush'>;
  readonly writer: Pick<Writer, 'batch' | 'committed' | 'stats'>;
  /** Makes those who announce series announce them again. */
  readonly forgetSeries: () => void;
}

/** What deleting series needs of the write path. */
export function seriesAdmin(parts: SeriesAdminParts): PromqlServiceParts['admin'] {
  const { config, head, samples, writer, forgetSeries } = parts;
  return {
    isEnabled: () => config.query.admin_api,
    async flush() {
      await samples.flush();
      await whenStored(writer);
      await dropFromMemory(head);
    },
    async insertChunks(chunks) {
      const rows = writer.batch().metric_chunks;
      for (const chunk of chunks) {
        rows.metric.append(chunk.metric);
        rows.series_id.appendParts(chunk.low, chunk.high);
        rows.min_ts.append(chunk.minMs);
        rows.max_ts.append(chunk.maxMs);
        rows.count.append(chunk.count);
        rows.packed_at.append(chunk.packedMs);
        rows.data.appendBytes(chunk.data, 0, chunk.data.byteLength);
      }
      await writer.committed();
    },
    // Memory holds only what arrived after the flush; what of it lies in the deleted range is newer than the question.
    forget: ({ low, high }) => head.collect(low, high, -Infinity, Infinity) !== undefined,
    onEmpty: forgetSeries,
  };
}

/** Resolves when everything that is durable now has been stored. */
async function whenStored(writer: Pick<Writer, 'stats'>): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const waitedMs = performance.now() - startedMs;
    if (writer.stats().oldestAgeMs < waitedMs || writer.stats().oldestAgeMs === 0) return;
    if (waitedMs > SETTLE_TIMEOUT_MS) throw busy('the store takes nothing at the moment');
    await sleep(POLL_MS);
  }
}

/** Queries that are being evaluated read memory as it is. */
async function dropFromMemory(head: MetricsHead): Promise<void> {
  const startedMs = performance.now();
  while (!head.dropFlushed()) {
    if (performance.now() - startedMs > SETTLE_TIMEOUT_MS) throw busy('queries keep running');
    await sleep(POLL_MS);
  }
}

function busy(reason: string): BellwetherError {
  return new BellwetherError({
    code: 'busy',
    status: 503,
    retryAfterS: 10,
    message: `series cannot be deleted now: ${reason}`,
    hint: 'try again in a moment',
  });
}
