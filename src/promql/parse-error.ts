import { BellwetherError } from '../lib/errors.ts';
import type { PositionRange } from './ast.ts';

/** Longest query that is parsed, UTF-16 units. */
export const MAX_QUERY_LENGTH = 262_144;

/**
 * Deepest query that is parsed: open brackets plus the operators before the place on each level that is still open. No expression
 * becomes deeper than this, so whoever walks it may recurse; and it stays below what the grammar's parser can stack.
 */
export const MAX_NESTING_DEPTH = 500;

/** A query that is not PromQL, or not meaningful. The message starts with line and column, as Prometheus words it. */
export class ParseError extends BellwetherError {
  readonly pos: PositionRange;
  /** The message without the place. */
  readonly reason: string;

  constructor(text: string, pos: PositionRange, reason: string, hint?: string) {
    super({
      code: 'bad_data',
      status: 400,
      message: `${lineAndColumn(text, pos.start)}: parse error: ${reason}`,
      ...(hint === undefined ? {} : { hint }),
    });
    this.name = 'ParseError';
    this.pos = pos;
    this.reason = reason;
  }
}

/** `line:column` of an offset in UTF-16 units, both from 1, the column in UTF-8 bytes, as Prometheus counts. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return `${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}`;
}
