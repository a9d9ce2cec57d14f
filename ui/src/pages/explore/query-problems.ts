/** Messages of the server that say where in the expression something is. */

export interface Problem {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  /** Offset in the expression, in UTF-16 units; null when the message names none. */
  readonly at: number | null;
}

/** `3:14: parse error: …` or `invalid parameter "query": 1:5: …` */
const positionBefore = /(?:^|: )(\d{1,6}):(\d{1,6}): /;
/** `… (1:5)` at the end, as annotations have it. */
const positionAfter = / \((\d{1,6}):(\d{1,6})\)$/;

/** A message with its place in the expression. Lines and columns count from 1, columns in characters. */
export function problemOf(severity: Problem['severity'], message: string, expr: string): Problem {
  const before = positionBefore.exec(message);
  if (before !== null) {
    const text = message.slice((before.index ?? 0) + before[0].length);
    return { severity, message: text, at: offsetOf(expr, Number(before[1]), Number(before[2])) };
  }
  const after = positionAfter.exec(message);
  if (after === null) return { severity, message: withoutPrefix(message), at: null };
  const at = offsetOf(expr, Number(after[1]), Number(after[2]));
  return { severity, message: withoutPrefix(message.slice(0, after.index)), at };
}

function withoutPrefix(message: string): string {
  return message.replace(/^PromQL (?:warning|info): /, '').replace(/^invalid parameter "query": /, '');
}

/** Offset of a line and column; null outside of the text. */
export function offsetOf(text: string, line: number, column: number): number | null {
  const lines = text.split('\n');
  const row = lines[line - 1];
  if (row === undefined || column < 1) return null;
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(before + column - 1, text.length);
}
