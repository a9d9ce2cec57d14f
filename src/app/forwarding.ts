import { join } from 'node:path';
import { createRemoteWriter, type RemoteMetadata, type RemoteWriter } from '../collect/index.ts';
import type { Config } from '../config/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createOutboundClient, denyMetadataAddresses } from '../lib/outbound.ts';
import type { Labels } from '../model/labels.ts';
import { sampleRowsOf, type Writer } from '../store/index.ts';
import type { Scraping } from './scraping.ts';
import type { Stack } from './stack.ts';

/** What is still being sent at a stop goes on for so long; the rest stays in the queue for the next start. */
const STOP_FLUSH_MS = 1000;

export interface ForwardingParts {
  readonly config: Config;
  readonly version: string;
  readonly scraping: Scraping;
  readonly writer: Pick<Writer, 'onDurable'>;
  readonly labelsOf: (low: number, high: number) => Labels | undefined;
  /** What is known of metrics. */
  readonly metadata: () => Promise<readonly RemoteMetadata[]>;
  readonly log: Log;
  readonly stack: Stack;
}

/** Sends samples on to the servers of `remote_write`; undefined when there are none. */
export async function createForwarding(parts: ForwardingParts): Promise<RemoteWriter | undefined> {
  const { config, version, scraping, writer, labelsOf, metadata, log, stack } = parts;
  const configs = scraping.remoteWrites;
  if (configs.length === 0) return undefined;
  const remote = await createRemoteWriter({
    configs,
    externalLabels: scraping.externalLabels,
    directory: join(config.data_dir, 'remote-write'),
    labelsOf,
    metadata,
    createClient: ({ http }) => createOutboundClient({ ...http, policy: denyMetadataAddresses }),
    userAgent: `Bellwether/${version}`,
    clock: systemClock,
    log,
  });
  writer.onDurable(({ metric_samples: rows }) => {
    if (rows.ts.length > 0) remote.append(sampleRowsOf(rows));
  });
  stack.onStop('remote write', () => remote.stop(STOP_FLUSH_MS));
  return remote;
}
