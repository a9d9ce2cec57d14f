import type { StateDatabase } from './database.ts';

/** Named JSON documents that a part of the server writes now and then and reads at start. */
export interface SnapshotStore {
  /** The document, or undefined when there is none. */
  load(name: string): Promise<unknown>;
  save(name: string, value: unknown, nowMs: number): Promise<void>;
}

export function createSnapshotStore(database: StateDatabase): SnapshotStore {
  return {
    async load(name) {
      const row = await database
        .selectFrom('snapshots')
        .select('json')
        .where('name', '=', name)
        .executeTakeFirst();
      return row === undefined ? undefined : (JSON.parse(row.json) as unknown);
    },
    async save(name, value, nowMs) {
      const row = { name, json: JSON.stringify(value), updated_at: nowMs };
      await database
        .insertInto('snapshots')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ json: row.json, updated_at: nowMs }))
        .execute();
    },
  };
}
