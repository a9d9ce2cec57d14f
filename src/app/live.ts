import type { AgentLedger } from '../agents/index.ts';
import type { LiveHub } from '../http/index.ts';
import type { StoredRows } from '../store/index.ts';

const ledgerTables = new Set(['agent_events', 'agent_points']);

/**
 * Tells the live hub which sessions changed, once their rows can be read. Rows of one commit reach the two ledger tables at different
 * moments, so the ids are announced again when the second table was stored; the hub gathers repeats.
 */
export function forwardTouches(ledger: AgentLedger, live: LiveHub): (stored: StoredRows) => void {
  let previous: readonly string[] = [];
  return ({ table }) => {
    if (!ledgerTables.has(table)) return;
    const { sessionIds } = ledger.takeTouched();
    live.touch(new Set([...previous, ...sessionIds]));
    if (sessionIds.length > 0) previous = sessionIds;
  };
}
