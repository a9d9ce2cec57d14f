import { join } from 'node:path';
import {
  createRemoteWriter,
  parseRemoteWriteConfigs,
  type RemoteWriteConfig,
  type RemoteWriter,
  systemClock,
} from '../collect/index.ts';
import { type Config, ConfigError, configOrigin } from '../config/index.ts';
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
  readonly log: Log;
  readonly stack: Stack;
}

/** @throws ConfigError with every mistake in `remote_write`. */
export function readRemoteWrites(config: Config, scraping: Scraping): readonly RemoteWriteConfig[] {
  const place = { ...configOrigin(config), path: ['remote_write'] };
  const located = {
    ...place,
    locate: (path: readonly PropertyKey[], atKey: boolean) => place.locate(['remote_write', ...path], atKey),
  };
  const { configs, problems } = parseRemoteWriteConfigs(scraping.remoteWrite, {
    place: located,
    directory: place.directory,
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return configs;
}

/** Sends samples on to the servers of `remote_write`; undefined when there are none. */
export async function createForwarding(parts: ForwardingParts): Promise<RemoteWriter | undefined> {
  const { config, version, scraping, writer, labelsOf, log, stack } = parts;
  const configs = readRemoteWrites(config, scraping);
  if (configs.length === 0) return undefined;
  const remote = await createRemoteWriter({
    configs,
    externalLabels: scraping.externalLabels,
    directory: join(config.data_dir, 'remote-write'),
    labelsOf,
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
