/** Text in quotes as Go's strconv.Quote writes it. */

const SHORT: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  92: '\\\\',
};
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** @param isAscii everything beyond ASCII is escaped too, as `%+q` does. */
export function quote(text: string, isAscii = false, mark: '"' | "'" = '"'): string {
  let out = mark as string;
  for (const character of text) out += escaped(character, isAscii, mark);
  return out + mark;
}

function escaped(character: string, isAscii: boolean, mark: string): string {
  const point = character.codePointAt(0)!;
  if (character === mark) return `\\${mark}`;
  const short = SHORT[point];
  if (short !== undefined) return short;
  // A lone surrogate is a broken byte in Go.
  if (point >= 0xd800 && point <= 0xdfff) return isAscii ? '\\ufffd' : '\ufffd';
  if (point >= 0x20 && point < 0x7f) return character;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  if (!isAscii && isPrintable(character)) return character;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

export function isPrintable(character: string): boolean {
  return PRINTABLE.test(character);
}

function hex(point: number, width: number): string {
  return point.toString(16).padStart(width, '0');
}

/** Whether a text can stand between back quotes, as `%#q` prefers. */
export function canBackquote(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (character === '`' || character === '\ufeff' || point === 0x7f || (point < 0x20 && point !== 9))
      return false;
  }
  return true;
}
