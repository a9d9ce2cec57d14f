import { isUtf8 } from 'node:buffer';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII starts there
const ASCII = /^[\x00-\x7f]*$/;

/** The text of a string that has one byte per character; undefined when the bytes are not UTF-8. */
export function decodeUtf8(latin1: string): string | undefined {
  if (ASCII.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
