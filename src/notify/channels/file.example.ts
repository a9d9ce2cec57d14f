import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelExample, StandIn } from './channel-suite.ts';
import { verifyRecord } from './console.example.ts';
import { createFileChannel } from './file.ts';

/** A folder; the lines of the file in it count as received. */
async function startFolder(): Promise<StandIn<string>> {
  const folder = await mkdtemp(join(tmpdir(), 'bellwether-file-'));
  const path = join(folder, 'alerts.ndjson');
  return {
    url: path,
    get requests() {
      return existsSync(path) ? readFileSync(path, 'utf8').split(/(?<=\n)/) : [];
    },
    mistakes: [],
    behave: ({ kind }) => {
      // A folder in place of the file.
      if (kind === 'refuse') mkdirSync(path);
    },
    nextRequest: () => Promise.resolve(),
    close: () => rm(folder, { recursive: true }),
  };
}

export const fileExample: ChannelExample<string> = {
  definition: createFileChannel({}),
  startStandIn: startFolder,
  settings: (standIn) => ({ path: standIn.url }),
  secrets: [],
  fileKeys: [],
  faults: ['refuse'],
  verify: verifyRecord,
  texts: () => [],
  idempotencyKey: (line) => JSON.parse(line).id,
  groupKey: (line) => JSON.parse(line).group_key,
};
