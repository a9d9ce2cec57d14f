/** Texts of strangers (label values, answers of servers) on their way into messages and lines of a log. */

/** At the end of every text that was cut. */
export const CUT_MARK = '…';

/** C0 and C1 controls except tab and line feed, and the signs that turn the direction of writing around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWANTED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * A text that can stand in any message: well-formed Unicode, no control characters besides tab and line feed (CR LF becomes LF), no
 * marks that reverse the direction of writing. What is taken out leaves U+FFFD behind.
 */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, '\n').replace(UNWANTED, '\ufffd');
}

/** As {@link cleanText}, on one line: for subjects, headers, titles and lines of a log. */
export function cleanLine(text: string): string {
  return cleanText(text)
    .replace(/[\s\u2028\u2029]+/g, ' ')
    .trim();
}

/**
 * The text when it has at most so many characters (UTF-16 units), otherwise its beginning, cut between characters (grapheme clusters
 * stay whole as far as emoji with modifiers go), with {@link CUT_MARK} as its last character.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  if (maxLength < CUT_MARK.length) return '';
  return text.slice(0, boundaryBefore(text, maxLength - CUT_MARK.length)) + CUT_MARK;
}

/** As {@link cutText} with a limit in bytes of UTF-8. */
export function cutBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const room = maxBytes - Buffer.byteLength(CUT_MARK);
  if (room < 0) return '';
  // Every UTF-16 unit is at least one byte, so more than that many units cannot fit.
  let end = boundaryBefore(text, Math.min(room, text.length));
  let bytes = Buffer.byteLength(text.slice(0, end));
  while (bytes > room) {
    // Leaves at least what certainly is too much: a unit has at most three bytes.
    end = boundaryBefore(text, end - Math.ceil((bytes - room) / 3));
    bytes = Buffer.byteLength(text.slice(0, end));
  }
  return text.slice(0, end) + CUT_MARK;
}

/** Variation selectors, skin tones, joiners and combining marks belong to what is before them. */
const CONTINUES = /^(?:\u200d|\p{M}|\p{Emoji_Modifier})/u;
/** Longest cluster that is kept whole. */
const MAX_CLUSTER_LENGTH = 32;

/** The last position up to `at` where a text may be cut. */
function boundaryBefore(text: string, at: number): number {
  let end = Math.max(0, withoutHalf(text, at));
  for (let steps = 0; steps < MAX_CLUSTER_LENGTH && end > 0 && end < text.length; steps++) {
    const next = String.fromCodePoint(text.codePointAt(end)!);
    if (!CONTINUES.test(next) && text[end - 1] !== '\u200d') return end;
    end = withoutHalf(text, end - 1);
  }
  return end;
}

/** One back when the position is inside a surrogate pair. */
function withoutHalf(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff ? at - 1 : at;
}
