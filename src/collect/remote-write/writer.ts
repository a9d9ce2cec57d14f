import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Destination, queueFolder } from './destination.ts';
import type { RemoteWriteLimits, RemoteWriter, RemoteWriterOptions } from './types.ts';

const DEFAULT_LIMITS: RemoteWriteLimits = { queueBytes: 1024 ** 3, syncIntervalMs: 500 };
/** For what is in the queues when the server stops. */
const FLUSH_MS = 5_000;
const QUEUE_FOLDER = /^[0-9a-f]{16}$/;

/**
 * Opens the queues, goes on with what an earlier run left in them, and sends. Queues of destinations that are no longer configured are
 * removed, which is logged.
 */
export async function createRemoteWriter(options: RemoteWriterOptions): Promise<RemoteWriter> {
  await removeOrphans(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const destinations: Destination[] = [];
  for (const config of options.configs) {
    destinations.push(await Destination.open({ ...options, config, limits }));
  }
  const withHistograms = destinations.filter((_, i) => options.configs[i]!.sendsNativeHistograms);
  const withExemplars = destinations.filter((_, i) => options.configs[i]!.sendsExemplars);
  return {
    append(samples) {
      for (const { intake } of destinations) intake.append(samples);
    },
    appendHistograms(histograms) {
      for (const { intake } of withHistograms) intake.appendHistograms(histograms);
    },
    appendExemplars(exemplars) {
      for (const { intake } of withExemplars) intake.appendExemplars(exemplars);
    },
    status: () => destinations.map((destination) => destination.status()),
    async stop(flushMs = FLUSH_MS) {
      await Promise.all(destinations.map((destination) => destination.stop(flushMs)));
    },
  };
}

async function removeOrphans({ directory, configs, log }: RemoteWriterOptions): Promise<void> {
  await mkdir(directory, { recursive: true });
  const wanted = new Set(configs.map(({ name }) => queueFolder(name)));
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !QUEUE_FOLDER.test(entry.name) || wanted.has(entry.name)) continue;
    log.warn(
      { folder: entry.name },
      'the queue of a remote write destination that is no longer configured is removed',
    );
    await rm(join(directory, entry.name), { recursive: true, force: true });
  }
}
