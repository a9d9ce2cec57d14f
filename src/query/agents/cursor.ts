import { BellwetherError } from '../../lib/errors.ts';

/** The place behind the last session of a page: its newest event and the hash of its id, which breaks ties. */
export interface Cursor {
  readonly lastMs: number;
  readonly idHash: bigint;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** An opaque text of at most 50 characters. */
export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`1.${cursor.lastMs}.${cursor.idHash}`).toString('base64url');
}

/** @throws BellwetherError 400 `bad_cursor` for anything that `encodeCursor` did not make. */
export function decodeCursor(text: string): Cursor {
  const match = /^1\.(\d{1,15})\.(\d{1,20})$/.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const cursor = match === null ? undefined : { lastMs: Number(match[1]), idHash: BigInt(match[2]!) };
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
