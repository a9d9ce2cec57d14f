/** Header by which an insert takes files of the spool instead of a body. */
export const FILES_HEADER = 'X-Bellwether-Files';

/**
 * The header for an `INSERT INTO t FORMAT Native` without body: the engine inserts these files as one block, so that an
 * `insert_deduplication_token` stands for the whole set.
 *
 * @param paths absolute, all in one directory below the spool, at most 1000; together at most `limits.filesBytes`.
 */
export function filesHeader(paths: readonly string[]): Record<string, string> {
  // Headers carry ASCII only; JSON has an escape for everything else.
  const json = JSON.stringify(paths).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { [FILES_HEADER]: json };
}
