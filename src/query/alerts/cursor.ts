import { BellwetherError } from '../../lib/errors.ts';

/**
 * The place behind the last event of a page. The range of the first page goes with it, so that `now-24h` does not move on
 * between two pages.
 */
export interface HistoryCursor {
  readonly atMs: number;
  readonly eventId: bigint;
  readonly fromMs: number;
  readonly toMs: number;
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const cursorPattern = /^1\.(\d{1,15})\.(\d{1,20})\.(\d{1,15})\.(\d{1,15})$/;

/** An opaque text of at most 100 characters. */
export function encodeCursor({ atMs, eventId, fromMs, toMs }: HistoryCursor): string {
  return Buffer.from(`1.${atMs}.${eventId}.${fromMs}.${toMs}`).toString('base64url');
}

/** @throws BellwetherError 400 `bad_cursor` for anything that `encodeCursor` did not make. */
export function decodeCursor(text: string): HistoryCursor {
  const match = cursorPattern.exec(Buffer.from(text, 'base64url').toString('latin1'));
  if (match !== null) {
    const [, atMs, eventId, fromMs, toMs] = match;
    const cursor = {
      atMs: Number(atMs),
      eventId: BigInt(eventId!),
      fromMs: Number(fromMs),
      toMs: Number(toMs),
    };
    if (cursor.eventId <= MAX_UINT64 && encodeCursor(cursor) === text) return cursor;
  }
  throw new BellwetherError({
    code: 'bad_cursor',
    status: 400,
    message: 'the cursor is not one that this server gave',
    hint: 'use next_cursor of the previous page as it is, or leave cursor out to start from the beginning',
  });
}
