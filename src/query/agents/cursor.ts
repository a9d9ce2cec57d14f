import { BellwetherError } from '../../lib/errors.ts';

/**
 * The place behind the last session of a page: its newest event and the hash of its id, which breaks ties. The range and the moment of
 * the first page go with it, so that a walk through the pages sees one state: sessions that become active meanwhile stay
 * where they were, and `now-24h` does not move on between two pages.
 */
export interface Cursor {
  readonly lastMs: number;
  readonly idHash: bigint;
  readonly fromMs: number;
  readonly toMs: number;
  /** Events after this do not count for the order. */
  readonly snapshotMs: number;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** An opaque text of at most 120 characters. */
export function encodeCursor({ lastMs, idHash, fromMs, toMs, snapshotMs }: Cursor): string {
  return Buffer.from(`2.${lastMs}.${idHash}.${fromMs}.${toMs}.${snapshotMs}`).toString('base64url');
}

const cursorPattern = /^2\.(\d{1,15})\.(\d{1,20})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/;

function parseCursor(text: string): Cursor | undefined {
  const match = cursorPattern.exec(Buffer.from(text, 'base64url').toString('latin1'));
  if (match === null) return undefined;
  const [, lastMs, idHash, fromMs, toMs, snapshotMs] = match;
  return {
    lastMs: Number(lastMs),
    idHash: BigInt(idHash!),
    fromMs: Number(fromMs),
    toMs: Number(toMs),
    snapshotMs: Number(snapshotMs),
  };
}

/** @throws BellwetherError 400 `bad_cursor` for anything that `encodeCursor` did not make. */
export function decodeCursor(text: string): Cursor {
  const cursor = parseCursor(text);
  if (cursor === undefined || cursor.idHash > MAX_UINT64 || encodeCursor(cursor) !== text) {
    throw new BellwetherError({
      code: 'bad_cursor',
      status: 400,
      message: 'the cursor is not one that this server gave',
      hint: 'use next_cursor of the previous page as it is, or leave cursor out to start from the beginning',
    });
  }
  return cursor;
}
