import { statfs } from 'node:fs/promises';
import { sql } from 'kysely';
import { formatBytes } from '../lib/units.ts';
import type { HealthProbe, ProbeResult } from '../self/index.ts';
import type { StateDatabase } from '../state/index.ts';
import type { Writer } from '../store/index.ts';
import type { Storage } from './storage.ts';

/** Less free disk than this is worth a warning. */
const lowDiskBytes = 1024 ** 3;

export interface ProbedParts {
  readonly storage: Storage;
  readonly writer: Writer;
  readonly state: StateDatabase;
  readonly dataDir: string;
}

/** What `/health/ready` asks. */
export function healthProbes({ storage, writer, state, dataDir }: ProbedParts): HealthProbe[] {
  return [
    { name: 'store', isEssential: true, check: () => storeHealth(storage) },
    { name: 'spool', isEssential: true, check: () => spoolHealth(writer) },
    { name: 'state', isEssential: true, check: () => stateHealth(state) },
    { name: 'disk', isEssential: false, check: () => diskHealth(dataDir) },
  ];
}

/** The engine's supervisor knows at once that its process ended; the store finds out at its next check. */
function storeHealth({ store, engine }: Storage): ProbeResult {
  const state = engine?.state();
  if (state !== undefined && state.status !== 'ready') {
    const reason = state.lastError === undefined ? '' : `: ${state.lastError}`;
    return {
      status: 'down',
      message: `the storage engine is ${state.status === 'down' ? 'down' : 'starting'}${reason}`,
    };
  }
  const { status, message } = store.ready();
  return status === 'ok' ? { status: 'ok' } : { status: 'down', message };
}

function spoolHealth(writer: Writer): ProbeResult {
  const { degraded, spoolBytes, spoolLimitBytes } = writer.stats();
  if (spoolBytes >= spoolLimitBytes) {
    return {
      status: 'down',
      message: `the spool is full (${formatBytes(spoolLimitBytes)}); senders are asked to wait`,
    };
  }
  return degraded === undefined ? { status: 'ok' } : { status: 'degraded', message: degraded };
}

async function stateHealth(state: StateDatabase): Promise<ProbeResult> {
  await sql`SELECT 1`.execute(state);
  return { status: 'ok' };
}

async function diskHealth(dataDir: string): Promise<ProbeResult> {
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= lowDiskBytes) return { status: 'ok' };
  return { status: 'degraded', message: `${formatBytes(freeBytes)} of disk are free` };
}
