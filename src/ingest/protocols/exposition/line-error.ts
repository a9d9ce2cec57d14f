import { DecodeError } from '../../../lib/errors.ts';

const MAX_EXCERPT_LENGTH = 80;

/** The error of a bad line. @param line counted from 1. */
export function lineError(line: number, what: string): DecodeError {
  return new DecodeError(
    `line ${line}: ${what}`,
    'the page must follow the exposition format its content type names',
  );
}

/** Piece of a page for a message: cut, quoted, with control characters escaped. */
export function excerpt(text: string, start: number, end: number): string {
  if (start >= end) return 'the end of the line';
  const isCut = end - start > MAX_EXCERPT_LENGTH;
  const piece = text.slice(start, isCut ? start + MAX_EXCERPT_LENGTH : end);
  return `${JSON.stringify(readable(piece))}${isCut ? '…' : ''}`;
}

/** Latin-1 text as UTF-8 where it is that. */
function readable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
