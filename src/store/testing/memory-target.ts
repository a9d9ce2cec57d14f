import type { InsertTarget } from '../inserter.ts';
import { storageUnavailable } from '../storage-error.ts';
import type { MemoryDisk } from './memory-spool-fs.ts';

/** What happens to an insert: an error instead of storing, or a reply that is lost after storing. */
export type InsertFault = { readonly instead: Error } | { readonly replyLost: true };

/** A store in memory that deduplicates by token and keeps the text of the blocks it was given. */
export class MemoryTarget implements InsertTarget {
  readonly #disk: MemoryDisk;
  readonly #tokens = new Set<string>();
  readonly inserts: { readonly table: string; readonly token: string; readonly paths: readonly string[] }[] =
    [];
  text = '';
  fault: (insert: { readonly table: string; readonly text: string }) => InsertFault | undefined = () =>
    undefined;

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  async insertFiles(insert: Parameters<InsertTarget['insertFiles']>[0]): Promise<void> {
    await Promise.resolve();
    const text = insert.paths
      .map((path) => Buffer.from(this.#disk.contentOf(path)).toString('latin1'))
      .join('');
    const fault = this.fault({ table: insert.table, text });
    if (fault !== undefined && 'instead' in fault) throw fault.instead;
    this.inserts.push({ table: insert.table, token: insert.token, paths: insert.paths });
    if (!this.#tokens.has(insert.token)) this.text += text;
    this.#tokens.add(insert.token);
    if (fault !== undefined) throw storageUnavailable('simulated: the reply was lost', undefined, 'lost');
  }

  /** How often a row with this mark is stored. */
  count(mark: string): number {
    return this.text.split(mark).length - 1;
  }
}
