import type { StateDatabase } from './database.ts';

/** JSON texts by key within a scope. Everything in one `apply` becomes durable together, before it resolves. */
export interface Documents {
  /** All of the scope. */
  load(): Promise<ReadonlyMap<string, string>>;
  /** @param changes a value of undefined removes the key. */
  apply(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
}

/** Rows that one statement writes: SQLite takes so many parameters only. */
const ROWS_PER_STATEMENT = 500;

/** @param scope what the documents are about: `alerts`, `silences`. */
export function createDocuments(database: StateDatabase, scope: string): Documents {
  return {
    async load() {
      const rows = await database
        .selectFrom('documents')
        .select(['key', 'json'])
        .where('scope', '=', scope)
        .execute();
      return new Map(rows.map(({ key, json }) => [key, json]));
    },
    async apply(changes) {
      if (changes.size === 0) return;
      const removed = [...changes].filter(([, json]) => json === undefined).map(([key]) => key);
      const rows = [...changes].flatMap(([key, json]) => (json === undefined ? [] : [{ scope, key, json }]));
      await database.transaction().execute(async (transaction) => {
        for (const keys of slices(removed))
          await transaction
            .deleteFrom('documents')
            .where('scope', '=', scope)
            .where('key', 'in', keys)
            .execute();
        for (const values of slices(rows))
          await transaction
            .insertInto('documents')
            .values(values)
            .onConflict((conflict) =>
              conflict
                .columns(['scope', 'key'])
                .doUpdateSet((excluded) => ({ json: excluded.ref('excluded.json') })),
            )
            .execute();
      });
    },
  };
}

function slices<T>(all: readonly T[]): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < all.length; i += ROWS_PER_STATEMENT) result.push(all.slice(i, i + ROWS_PER_STATEMENT));
  return result;
}
