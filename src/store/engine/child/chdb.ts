import { Session } from 'chdb';
import type { Connector } from './sessions.ts';

/**
 * Opens the library on a directory. The first connection starts the engine with `connectionArgs`; it stays open
 * until the process ends, because the engine stops with its last connection.
 */
export function openChdb(engineDir: string, connectionArgs: string[]): Connector & { close(): void } {
  const pending = new Set<Promise<unknown>>();
  const run = async (session: Session, sql: string): Promise<Uint8Array> => {
    const running = session.queryAsync(sql, { format: 'TabSeparated' });
    pending.add(running);
    try {
      const result = await running;
      return result.bytes();
    } finally {
      pending.delete(running);
    }
  };
  const first = new Session(engineDir, { connectionArgs });
  return {
    open: () => {
      const session = new Session(engineDir);
      return { run: (sql) => run(session, sql), close: () => session.close() };
    },
    // The library closes a connection once everything that ran at the time has ended.
    drained: async () => {
      await Promise.allSettled([...pending]);
    },
    close: () => first.close(),
  };
}
