/** Escaping for the places a text can stand in. */

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
};
const JS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

/** For text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"&'<>]/g, (character) => HTML[character]!);
}

/** For an attribute without quotes, where blanks and a few signs end the value. */
export function escapeUnquoted(text: string): string {
  return text.replace(/[\0"&'<>\s=`+]/g, (character) => HTML[character] ?? `&#${character.codePointAt(0)};`);
}

/** For a string in JavaScript. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\p{C}\u2028\u2029]/gu, (character) => {
    if (Object.hasOwn(JS, character)) return JS[character]!;
    const point = character.codePointAt(0)!;
    if (point > 0xffff) return character;
    return `\\u${point.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** For a value in the query of a URL, as Go's url.QueryEscape: a blank becomes `+`. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** Percent-encodes what may not stand in a URL and leaves what has a meaning there. */
export function normalizeUrl(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\w\-.~!#$&*+,/:;=?@[\]%]|%(?![0-9a-fA-F]{2})/gu, (character) =>
      [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
}

/** For Slack's message texts, in which `<` begins a link or a mention. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** For Markdown as Discord, Teams and Mattermost read it. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>#|~]/g, '\\$&');
}
