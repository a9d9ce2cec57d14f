/**
 * How well an entry fits what was typed, 0 (not at all) to 1. Every word must occur somewhere; the beginning of the label counts most,
 * then the beginning of a word. Deliberately not fuzzy: letters scattered over a label are no match that anybody meant.
 */
export function paletteScore(label: string, words: string, search: string): number {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return 1;
  const name = label.toLowerCase();
  const all = `${name} ${words.toLowerCase()}`;
  let score = 0;
  for (const word of wanted) {
    const one = wordScore(name, all, word);
    if (one === 0) return 0;
    score += one;
  }
  return score / wanted.length;
}

function wordScore(name: string, all: string, word: string): number {
  if (name.startsWith(word)) return 1;
  if (startsAWord(name, word)) return 0.8;
  if (startsAWord(all, word)) return 0.6;
  return all.includes(word) ? 0.3 : 0;
}

function startsAWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? '')) return true;
  }
  return false;
}
