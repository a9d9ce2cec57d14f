const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/**
 * The end of the measurement and its tags: the first space without a backslash in front of it, or `end`.
 *
 * @param text a page of one character per byte.
 */
export function endOfKey(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === SPACE) return at;
  }
  return end;
}

/** The first comma, equals sign or space without a backslash in front of it, or `end`. */
export function endOfToken(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === COMMA || code === EQUALS || code === SPACE) return at;
  }
  return end;
}

/** The first comma without a backslash in front of it, or `end`: measurements may have equals signs. */
export function endOfMeasurement(text: string, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === COMMA) return at;
  }
  return end;
}

/** The position of the quote that closes the string field opened at `start`, -1 when none does before `end`. */
export function endOfString(text: string, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return -1;
}

/** Takes away the backslashes in front of commas, equals signs and spaces; others stay. */
export function unescapeToken(text: string): string {
  return text.includes('\\') ? text.replace(/\\([,= ])/g, '$1') : text;
}
