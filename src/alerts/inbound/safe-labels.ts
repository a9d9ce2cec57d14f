import { Labels } from '../../model/labels.ts';

/** Labels, and annotations, of one alert; further ones are left out. */
const MAX_PAIRS = 64;
const MAX_NAME_LENGTH = 256;
const MAX_LABEL_LENGTH = 1024;
const MAX_ANNOTATION_LENGTH = 16_384;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not stay
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above; line breaks and tabs may stay in long texts
const CONTROL_IN_TEXT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g;

type Pairs = Iterable<readonly [name: string, value: string]>;

/**
 * Labels of strangers as labels of ours: UTF-8, one line, of bounded length and number. Names that begin with two underscores belong
 * to the product and are left out. Of a name given twice the last counts.
 */
export function safeLabels(pairs: Pairs): Labels {
  return safePairs(pairs, (value) => cut(value.replace(CONTROL, ' ').trim(), MAX_LABEL_LENGTH));
}

/** The same for annotations, which may be longer and have lines. */
export function safeAnnotations(pairs: Pairs): Labels {
  return safePairs(pairs, (value) => cut(value.replace(CONTROL_IN_TEXT, ' ').trim(), MAX_ANNOTATION_LENGTH));
}

function safePairs(pairs: Pairs, safeValue: (value: string) => string): Labels {
  const safe = new Map<string, string>();
  for (const [name, value] of pairs) {
    const safeName = name.replace(CONTROL, ' ').trim().toWellFormed();
    if (safeName === '' || safeName.startsWith('__') || safeName.length > MAX_NAME_LENGTH) continue;
    if (safe.size >= MAX_PAIRS && !safe.has(safeName)) continue;
    safe.set(safeName, safeValue(value.toWellFormed()));
  }
  return Labels.from(safe);
}

/** A name that every template and query can write without quotes. */
export function plainName(name: string): string {
  const plain = name.replace(/[^a-zA-Z0-9_]+/g, '_').replace(/^_+/, '');
  return /^\d/.test(plain) ? `_${plain}` : plain;
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half a character may be left at the end.
  return `${text.slice(0, maxLength - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}
