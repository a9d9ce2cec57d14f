import type { Write } from '../../ingest/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { OutboundClient } from '../../lib/outbound.ts';
import type { ScrapeConfig } from '../config/index.ts';

/** Counts for the server's own metrics; every method is cheap and does not throw. */
export interface ScrapeMeter {
  /** A scrape ended, `problem` is empty when it was good. */
  scraped(jobName: string, seconds: number, samples: number, problem: ScrapeProblem | ''): void;
  /** A scrape was left out because the one before took so long. */
  skipped(jobName: string): void;
}

/** Where a scrape failed. */
export type ScrapeProblem =
  | 'connection'
  | 'timeout'
  | 'status'
  | 'body_size'
  | 'page'
  | 'storage'
  | 'target_limit';

/** What a scrape loop needs of the world. */
export interface LoopParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The pipeline's `write`. */
  readonly write: (write: Write) => Promise<unknown>;
  readonly meter?: ScrapeMeter | undefined;
  readonly userAgent: string;
  /** Differs between servers, so that several do not scrape a target at the same moment. */
  readonly seed: bigint;
  /** Largest page where the job sets no `body_size_limit`. */
  readonly maxBodyBytes: number;
  /** A scrape that starts at most so late counts as on time: its samples get the time it was due. */
  readonly timestampToleranceMs: number;
  /** Loops that began at or after this time and may go on with series of one that ended then. */
  readonly loopsSince: (sinceMs: number) => readonly { continues(seriesId: bigint): boolean }[];
}

/** A job while it runs. */
export interface RunningJob {
  readonly config: ScrapeConfig;
  readonly client: OutboundClient;
  readonly accept: string;
}
