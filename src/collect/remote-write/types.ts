import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { OutboundClient } from '../../lib/outbound.ts';
import type { Labels } from '../../model/labels.ts';
import type { NativeHistogram } from '../../model/native-histogram.ts';
import type { RemoteWriteConfig } from './config.ts';

/** Rows of samples, column by column, as the store's writer hands them over. Only read during the call. */
export interface RemoteSamples {
  readonly rows: number;
  /** Series ids and times (signed milliseconds), 64 bits each, and values as float64: little-endian bytes. */
  readonly ids: Uint8Array;
  readonly timesMs: Uint8Array;
  readonly values: Uint8Array;
}

export interface RemoteHistogram {
  /** Words of the series id. */
  readonly low: number;
  readonly high: number;
  readonly timeMs: number;
  /** When counting began, 0 when not known. */
  readonly startMs: number;
  /** Undefined: the end of the series. */
  readonly histogram: NativeHistogram | undefined;
}

export interface RemoteExemplar {
  readonly low: number;
  readonly high: number;
  readonly timeMs: number;
  readonly value: number;
  readonly labels: Labels;
}

/** What is known of a metric family. */
export interface RemoteMetadata {
  readonly metric: string;
  readonly type: string;
  readonly unit: string;
  readonly help: string;
}

/** What one destination has to say on the status page and in the server's own metrics. Counters are since the start. */
export interface RemoteWriteStatus {
  readonly name: string;
  /** Without a password. */
  readonly url: string;
  readonly shards: number;
  readonly maxShards: number;
  /** Samples, histograms and exemplars that wait, those being sent included. */
  readonly pendingItems: number;
  readonly queueBytes: number;
  readonly queueBytesLimit: number;
  readonly sentItems: number;
  readonly sentBytes: number;
  readonly sentRequests: number;
  readonly retriedRequests: number;
  readonly metadataSent: number;
  /** By reason: see {@link DropReason}. */
  readonly droppedItems: Readonly<Record<DropReason, number>>;
  /** Newest time of a sample taken in, and of one sent; epoch milliseconds, 0: none yet. The difference is the lag. */
  readonly newestTakenMs: number;
  readonly newestSentMs: number;
  /** Since when nothing could be sent, epoch milliseconds; undefined while all is well. */
  readonly failingSinceMs: number | undefined;
  /** Why the last request failed or was refused; '' when none did. */
  readonly lastError: string;
}

/**
 * Why something was not sent: `refused` by the receiver for good; `queue_full`: the oldest of a full queue; `queue_slow`: the disk did
 * not keep up; `too_old` by `sample_age_limit`; `damaged` in the queue's files; `unknown_series`: nobody knew the labels. What
 * `write_relabel_configs` drop is meant to be dropped and is not counted.
 */
export type DropReason = 'refused' | 'queue_full' | 'queue_slow' | 'too_old' | 'damaged' | 'unknown_series';

export interface RemoteWriterOptions {
  readonly configs: readonly RemoteWriteConfig[];
  /** Added to series that do not have them, before relabelling. */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Folder of its own for the queues; made when missing. */
  readonly directory: string;
  /** Labels of a series by the words of its id; undefined when not known. */
  readonly labelsOf: (low: number, high: number) => Labels | undefined;
  /** What is known of metrics; asked now and then. Absent: no metadata is sent. */
  readonly metadata?: () => Promise<readonly RemoteMetadata[]>;
  readonly createClient: (config: RemoteWriteConfig) => OutboundClient;
  /** `Bellwether/1.2.3`. */
  readonly userAgent: string;
  readonly limits?: Partial<RemoteWriteLimits>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RemoteWriteLimits {
  /** Bytes on disk of one destination's queue; the oldest eighth is dropped beyond it. 1 GiB by default. */
  readonly queueBytes: number;
  /** How often queues are synced to disk and their positions noted, milliseconds; 500 by default. */
  readonly syncIntervalMs: number;
}

/**
 * Sends samples on to other servers.
 *
 * Each destination has a queue on disk, so neither a restart here nor one of the receiver loses anything, and everything is sent at
 * least once: after a crash what was sent but not noted comes again. The queue is synced every `syncIntervalMs`; samples of that last
 * moment are lost to the receiver in a power failure (not when only the process dies), though not to our own store.
 */
export interface RemoteWriter {
  /** Copies what is to be sent; returns at once. */
  append(samples: RemoteSamples): void;
  appendHistograms(histograms: readonly RemoteHistogram[]): void;
  appendExemplars(exemplars: readonly RemoteExemplar[]): void;
  status(): readonly RemoteWriteStatus[];
  /** Goes on sending what is in the queues for at most `flushMs`; the rest stays for the next start. */
  stop(flushMs?: number): Promise<void>;
}
