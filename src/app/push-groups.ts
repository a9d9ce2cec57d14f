import { type IngestPipeline, PushGroups } from '../ingest/index.ts';
import type { Log } from '../lib/log.ts';
import type { SnapshotStore } from '../state/index.ts';
import type { Stack } from './stack.ts';

const PUSH_SNAPSHOT = 'push_groups';
/** Pushed metrics are written again as often as a Pushgateway would be scraped. */
const PUSH_INTERVAL_MS = 15_000;
/** From a change to its being saved, at least; all changes of this time share one save. */
const SAVE_DELAY_MS = 500;
/** Saving may take this part of the time. */
const SAVE_SHARE = 1 / 20;

export interface KeptPushGroups {
  readonly groups: PushGroups;
  /** To be called after a push or a deletion. */
  changed(): void;
}

export interface PushGroupsParts {
  readonly snapshots: SnapshotStore;
  readonly intake: Pick<IngestPipeline, 'write'>;
  readonly clock: () => number;
  readonly log: Log;
  readonly stack: Stack;
}

/**
 * What was pushed is written again and again, and outlives a restart. A crash may lose what was pushed or deleted in the second before it;
 * the samples themselves are durable like any others.
 */
export async function keepPushGroups(parts: PushGroupsParts): Promise<KeptPushGroups> {
  const { snapshots, intake, clock, log, stack } = parts;
  const groups = await restored(parts);
  const sender = { address: 'localhost', keyName: '', userAgent: '', protocol: 'pushgateway' };
  const repeat = async () => {
    if (groups.size === 0) return;
    const decode: Parameters<typeof intake.write>[0]['decode'] = (context) => groups.writeAll(context);
    await intake.write({ signal: 'metrics', sender, bodyBytes: 0, decode });
  };
  const timer = setInterval(() => {
    repeat().catch((error: unknown) => log.warn({ error }, 'pushed metrics could not be written again'));
  }, PUSH_INTERVAL_MS);
  const save = () => snapshots.save(PUSH_SNAPSHOT, groups.snapshot(), clock());
  const saver = createSaver(save, log);
  stack.onStop('push groups', async () => {
    clearInterval(timer);
    saver.stop();
    await save();
  });
  return { groups, changed: () => saver.changed() };
}

async function restored({ snapshots, log }: PushGroupsParts): Promise<PushGroups> {
  const groups = new PushGroups();
  const stored = await snapshots.load(PUSH_SNAPSHOT);
  try {
    if (stored !== undefined) groups.restore(stored);
  } catch (error) {
    log.warn({ error }, 'the stored push groups do not fit and were left out');
  }
  return groups;
}

/** Saves soon after a change, one save at a time. What changes during a save is saved by the next. */
function createSaver(save: () => Promise<void>, log: Log): { changed(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let delayMs = SAVE_DELAY_MS;
  const run = async () => {
    const startedMs = performance.now();
    timer = undefined;
    try {
      await save();
    } catch (error) {
      log.warn({ error }, 'the push groups could not be saved');
    }
    delayMs = Math.max(SAVE_DELAY_MS, (performance.now() - startedMs) / SAVE_SHARE);
  };
  return {
    changed() {
      if (!isStopped) timer ??= setTimeout(() => void run(), delayMs);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
