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
    compiled ??= compile(pattern);
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

function compile(pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw badRegex(pattern, `it is longer than ${MAX_PATTERN_LENGTH} characters`);
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
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
