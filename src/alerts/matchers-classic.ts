import type { WrittenMatcher } from './matcher-text.ts';

/** Alertmanager's older notation of matchers: names of letters, digits, underscores and colons; quotes around values optional. */

const HEAD = /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)/;
const BLANKS = new Set(['\t', '\n', '\f', '\r', ' ']);

/** Undefined when the text cannot be read that way; the other grammar then says why. */
export function parseClassicMatchers(text: string): WrittenMatcher[] | undefined {
  const matchers: WrittenMatcher[] = [];
  for (const piece of pieces(text.replace(/^\{/, '').replace(/\}$/, ''))) {
    const matcher = parsePiece(piece);
    if (matcher === undefined) return undefined;
    matchers.push(matcher);
  }
  return matchers;
}

/** Cuts at commas outside quotes. An empty last piece does not count. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let isQuoted = false;
  let isEscaped = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === ',' && !isQuoted) {
      found.push(text.slice(start, at));
      start = at + 1;
    } else if (character === '"') {
      if (isEscaped) isEscaped = false;
      else isQuoted = !isQuoted;
    } else if (character === '\\') {
      isEscaped = !isEscaped;
    } else if (character !== ',') {
      isEscaped = false;
    }
  }
  const last = text.slice(start);
  if (/\P{White_Space}/u.test(last)) found.push(last);
  return found;
}

function parsePiece(piece: string): WrittenMatcher | undefined {
  const head = HEAD.exec(piece);
  if (head === null) return undefined;
  const value = unescaped(trimmed(piece.slice(head[0].length)));
  if (value === undefined) return undefined;
  return { name: head[1]!, type: head[2] as WrittenMatcher['type'], value };
}

/** A loop, because a pattern for blanks at the end takes quadratic time. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && BLANKS.has(text[from]!)) from++;
  while (to > from && BLANKS.has(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/** Only `\n`, `\"` and `\\` are escapes; any other backslash stands for itself. */
function unescaped(written: string): string | undefined {
  let needsQuote = written.startsWith('"');
  let value = '';
  for (let at = needsQuote ? 1 : 0; at < written.length; at++) {
    const character = written[at]!;
    const isLast = at === written.length - 1;
    if (character === '\\' && !isLast) {
      const next = written[++at]!;
      if (next === 'n') value += '\n';
      else value += next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (character === '"') {
      if (!needsQuote || !isLast) return undefined;
      needsQuote = false;
    } else {
      value += character;
    }
  }
  return needsQuote ? undefined : value;
}
