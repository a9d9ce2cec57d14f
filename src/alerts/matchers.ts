import { messageOf } from '../lib/errors.ts';
import { compileAnchored } from '../lib/re2.ts';
import { compareText, isWellFormed, type Labels } from '../model/labels.ts';
import { quoteGo } from '../templates/index.ts';
import { badMatcher, MAX_MATCHERS, MAX_MATCHERS_LENGTH, type WrittenMatcher } from './matcher-text.ts';
import { parseClassicMatchers } from './matchers-classic.ts';
import { parseUtf8Matchers } from './matchers-utf8.ts';
import type { AlertMatcher } from './types.ts';

export { MAX_MATCHERS, MAX_MATCHERS_LENGTH, type WrittenMatcher };

const TYPES = ['=', '!=', '=~', '!~'] as const;

/**
 * A condition on one label. Regular expressions are RE2's and must match the whole value.
 *
 * @throws BellwetherError `bad_matcher` (400).
 */
export function createMatcher(name: string, type: AlertMatcher['type'], value: string): AlertMatcher {
  if (!TYPES.includes(type)) throw badMatcher(`${JSON.stringify(type)} is not one of = != =~ !~`);
  if (name === '') throw badMatcher('a matcher needs the name of a label');
  if (!isWellFormed(name) || !isWellFormed(value))
    throw badMatcher('names and values of labels must be UTF-8');
  if (type === '=') return { name, type, value, matches: (given) => given === value };
  if (type === '!=') return { name, type, value, matches: (given) => given !== value };
  const regex = anchored(value);
  if (type === '=~') return { name, type, value, matches: (given) => regex.matches(given) };
  return { name, type, value, matches: (given) => !regex.matches(given) };
}

function anchored(pattern: string) {
  try {
    return compileAnchored(pattern);
  } catch (error) {
    throw badMatcher(messageOf(error), error);
  }
}

/**
 * Matchers in Alertmanager's notation: `{severity="critical", "any name"=~"a|b"}`, braces optional. As Alertmanager does since 0.27,
 * the text is read with the grammar that allows UTF-8 names; what only the older grammar can read, or what it reads otherwise, is
 * taken as the older one reads it.
 *
 * @returns in the order of the text; none for an empty text.
 * @throws BellwetherError `bad_matcher` (400), with the position counted in characters from 1.
 */
export function parseMatchers(text: string): AlertMatcher[] {
  if (text.length > MAX_MATCHERS_LENGTH)
    throw badMatcher(`matchers are longer than ${MAX_MATCHERS_LENGTH} characters`);
  const read = agreed(text);
  if (read.length > MAX_MATCHERS) throw badMatcher(`there are more than ${MAX_MATCHERS} matchers`);
  return read.map(({ name, type, value }) => createMatcher(name, type, value));
}

/**
 * Exactly one matcher, without braces: `severity=~"critical|high"`.
 *
 * @throws BellwetherError `bad_matcher` (400).
 */
export function parseMatcher(text: string): AlertMatcher {
  if (text.startsWith('{') || text.endsWith('}')) throw badMatcher('one matcher has no braces around it');
  const matchers = parseMatchers(text);
  if (matchers.length !== 1) throw badMatcher(`one matcher is expected, there are ${matchers.length}`);
  return matchers[0]!;
}

function agreed(text: string): readonly WrittenMatcher[] {
  const classic = parseClassicMatchers(text);
  try {
    const utf8 = parseUtf8Matchers(text);
    return classic === undefined || isSame(utf8, classic) ? utf8 : classic;
  } catch (error) {
    if (classic === undefined) throw error;
    return classic;
  }
}

function isSame(a: readonly WrittenMatcher[], b: readonly WrittenMatcher[]): boolean {
  return a.length === b.length && a.every((matcher, at) => compareMatchers(matcher, b[at]!) === 0);
}

/** Alertmanager's order, in which route keys list them: by name, then value, then type. */
export function compareMatchers(a: WrittenMatcher, b: WrittenMatcher): number {
  return (
    compareText(a.name, b.name) ||
    compareText(a.value, b.value) ||
    TYPES.indexOf(a.type) - TYPES.indexOf(b.type)
  );
}

const RESERVED = /[\p{White_Space}{}!=~,\\"'`]/u;

/** As Alertmanager writes it: `severity=~"critical|high"`, a name with special characters in quotes. */
export function formatMatcher(matcher: WrittenMatcher): string {
  const { name, type, value } = matcher;
  if (RESERVED.test(name)) return `${quoteGo(name)}${type}${quoteGo(value)}`;
  return `${name}${type}"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

/** With braces and without blanks, as in route keys: `{a="1",b="2"}`. */
export function formatMatchers(matchers: readonly WrittenMatcher[]): string {
  return `{${matchers.map(formatMatcher).join(',')}}`;
}

/** Whether all match; a label that is absent is empty. */
export function matchesLabels(matchers: readonly AlertMatcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}
