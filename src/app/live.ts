import type { AgentLedger } from '../agents/index.ts';
import type { LiveHub } from '../http/index.ts';
import type { StoredRows } from '../store/index.ts';

const ledgerTables = new Set(['agent_events', 'agent_points']);
/**
 * Sessions are touched when their rows are decoded and can be read when both ledger tables have stored them, in any order and with other
 * commits between. So an id is announced at every store for this long, which is more than a store takes.
 */
const announceMs = 3000;
/** Ids that are announced again; the oldest go first. */
const maxRecent = 10_000;

export interface TouchParts {
  readonly ledger: Pick<AgentLedger, 'takeTouched'>;
  readonly live: Pick<LiveHub, 'touch'>;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Tells the live hub which sessions changed, once their rows can be read. The hub gathers repeats and costs nothing while nobody listens. */
export function forwardTouches({
  ledger,
  live,
  clock,
}: TouchParts): (stored: Pick<StoredRows, 'table'>) => void {
  const touchedAtMs = new Map<string, number>();
  return ({ table }) => {
    if (!ledgerTables.has(table)) return;
    const nowMs = clock();
    for (const id of ledger.takeTouched().sessionIds) {
      // Deleting first keeps the map in order of time.
      touchedAtMs.delete(id);
      touchedAtMs.set(id, nowMs);
    }
    for (const [id, atMs] of touchedAtMs) {
      if (touchedAtMs.size <= maxRecent && nowMs - atMs <= announceMs) break;
      touchedAtMs.delete(id);
    }
    if (touchedAtMs.size > 0) live.touch(touchedAtMs.keys());
  };
}
