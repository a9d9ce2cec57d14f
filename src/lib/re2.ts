import { RE2JS } from 're2js';
import { BellwetherError, messageOf } from './errors.ts';

/** Longest pattern that is compiled, UTF-16 units. */
export const MAX_PATTERN_LENGTH = 65_536;

/** A regular expression in RE2's syntax: matching takes time linear in the text, whatever the pattern. */
export interface AnchoredRegex {
  readonly pattern: string;
  /** Whether the whole text matches. */
  matches(text: string): boolean;
  /** The groups of a match of the whole text: 0 the text, then each group ('' when it took no part); undefined without a match. */
  groups(
    text: string,
  ): { readonly list: readonly string[]; readonly named: ReadonlyMap<string, string> } | undefined;
}

/** `.` matches a newline too, as in Prometheus 3. */
const PLAIN = /^[^\\.+*?()|[\]{}^$]*$/;

/**
 * Compiles a pattern that must match the whole text, as Prometheus's matchers and relabelling do.
 *
 * @throws BellwetherError `bad_regex` (400).
 */
export function compileAnchored(pattern: string): AnchoredRegex {
  const words = literalWords(pattern);
  let compiled: RE2JS | undefined;
  const regex = () => {
    compiled ??= compile(pattern, RE2JS.DOTALL);
    return compiled;
  };
  if (words === undefined) regex();
  return {
    pattern,
    matches: words === undefined ? (text) => compiled!.matches(text) : (text) => words.has(text),
    groups(text) {
      const matcher = regex().matcher(text);
      if (!matcher.matches()) return undefined;
      const list = Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? '');
      const named = new Map<string, string>();
      for (const [name, index] of Object.entries(regex().namedGroups()))
        named.set(name, list[Number(index)] ?? '');
      return { list, named };
    },
  };
}

/** The alternatives of a pattern that is nothing but words with bars between, the usual case from dashboards. */
function literalWords(pattern: string): ReadonlySet<string> | undefined {
  const inner = /^\(([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const words = inner.split('|');
  return words.every((word) => PLAIN.test(word)) ? new Set(words) : undefined;
}

/** A regular expression that may match anywhere in the text; `.` does not match a newline, as in Go's regexp package. */
export interface UnanchoredRegex {
  readonly pattern: string;
  /** Whether any part of the text matches. */
  matches(text: string): boolean;
  /**
   * Hands every piece of the text with its matches replaced to `add`, in order. In the replacement `$1`, `${1}`, `$name` and
   * `${name}` stand for groups and `$$` for a dollar sign; a group that is not there is empty. `add` ends the work by throwing.
   */
  replaceAll(text: string, replacement: string, add: (piece: string) => void): void;
}

/**
 * Compiles a pattern for searching.
 *
 * @throws BellwetherError `bad_regex` (400).
 */
export function compileUnanchored(pattern: string): UnanchoredRegex {
  const compiled = compile(pattern, 0);
  return {
    pattern,
    matches: (text) => compiled.matcher(text).find(),
    replaceAll(text, replacement, add) {
      const parts = replacementParts(replacement, new Map(Object.entries(compiled.namedGroups())));
      const matcher = compiled.matcher(text);
      let copiedTo = 0;
      let searchFrom = 0;
      while (searchFrom <= text.length && matcher.find(searchFrom)) {
        const start = matcher.start();
        const end = matcher.end();
        add(text.slice(copiedTo, start));
        // An empty match right behind another match does not count.
        if (end > copiedTo || start === 0)
          for (const part of parts) add(typeof part === 'string' ? part : groupOf(matcher, part));
        copiedTo = end;
        searchFrom =
          end > searchFrom ? end : searchFrom + ((text.codePointAt(searchFrom) ?? 0) > 0xffff ? 2 : 1);
      }
      add(text.slice(copiedTo));
    },
  };
}

/**
 * An upper bound for the states of a pattern, from its length and its counted repetitions. States times characters is what a
 * search may cost, and what a caller with foreign patterns should bound.
 */
export function regexStates(pattern: string): number {
  let repetitions = 1;
  for (const [, least, most] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    repetitions *= Math.max(1, Number(least), Number(most ?? 0));
    // RE2 refuses more than a thousand repetitions inside each other.
    if (repetitions >= 1000) return pattern.length * 1000;
  }
  return pattern.length * repetitions;
}

interface GroupMatcher {
  groupCount(): number;
  group(index: number): string | null;
}

function groupOf(matcher: GroupMatcher, index: number): string {
  return index <= matcher.groupCount() ? (matcher.group(index) ?? '') : '';
}

/** Texts and numbers of groups; a name that is no group is left out. */
function replacementParts(
  replacement: string,
  named: ReadonlyMap<string, unknown>,
): readonly (string | number)[] {
  const parts: (string | number)[] = [];
  const pattern = /\$\$|\$([\p{L}\p{Nd}_]+)|\$\{([\p{L}\p{Nd}_]+)\}/gu;
  let at = 0;
  for (const match of replacement.matchAll(pattern)) {
    parts.push(replacement.slice(at, match.index));
    at = match.index + match[0].length;
    const name = match[1] ?? match[2];
    if (name === undefined) parts.push('$');
    else if (/^\d{1,8}$/.test(name)) parts.push(Number(name));
    else if (named.has(name)) parts.push(Number(named.get(name)));
  }
  parts.push(replacement.slice(at));
  return parts;
}

function compile(pattern: string, flags: number): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw badRegex(pattern, `it is longer than ${MAX_PATTERN_LENGTH} characters`);
  try {
    return RE2JS.compile(pattern, flags);
  } catch (error) {
    throw badRegex(pattern, messageOf(error), error);
  }
}

function badRegex(pattern: string, reason: string, cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'bad_regex',
    status: 400,
    message: `the regular expression ${JSON.stringify(pattern.slice(0, 200))} is not valid: ${reason}`,
    hint: 'the syntax is that of RE2, as in Prometheus: no look-around and no back-references',
    cause,
  });
}
