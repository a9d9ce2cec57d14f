/** Letters by their runes, as Go's strings package does it: a rune without a single counterpart stays. */
export function toUpper(text: string): string {
  return mapRunes(text, (rune) => rune.toUpperCase());
}

export function toLower(text: string): string {
  return mapRunes(text, (rune) => rune.toLowerCase());
}

function mapRunes(text: string, map: (rune: string) => string): string {
  // Nearly all texts are plain, where the whole can be mapped at once.
  if (/^[\x20-\x7e\s]*$/.test(text)) return map(text);
  let out = '';
  for (const rune of text) {
    const mapped = map(rune);
    out += mapped.length === rune.length ? mapped : rune;
  }
  return out;
}

/** Go's strings.Title, which Prometheus uses: the first letter of every word, the others as they are. */
export function titleOfWords(text: string): string {
  return text.replace(/[\p{L}\p{N}_\u0080-\uffff]+/gu, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    return toUpper(first) + word.slice(first.length);
  });
}

/** Title case as Alertmanager has it: the other letters become small, and an apostrophe does not begin a word. */
export function titleCase(text: string): string {
  return text.replace(/[\p{L}\p{N}\p{M}_]+(?:['’.][\p{L}\p{N}\p{M}_]+)*/gu, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    return toUpper(first) + toLower(word.slice(first.length));
  });
}

/** Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  return text.trim();
}
