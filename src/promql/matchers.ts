import { compileAnchored } from '../lib/re2.ts';
import { type Labels, METRIC_NAME } from '../model/labels.ts';
import type { Matcher } from './ast.ts';

/** Values whose answer a regular expression's matcher remembers. */
const MAX_KNOWN_VALUES = 10_000;

/** A matcher ready for use. */
export interface CompiledMatcher extends Matcher {
  /** Whether a label's value satisfies it; the empty string stands for an absent label. */
  readonly accepts: (value: string) => boolean;
}

/** @throws BellwetherError `bad_regex`. */
export function compileMatcher(matcher: Matcher): CompiledMatcher {
  return { ...matcher, accepts: acceptor(matcher) };
}

function acceptor({ type, value }: Matcher): (value: string) => boolean {
  if (type === '=') return (text) => text === value;
  if (type === '!=') return (text) => text !== value;
  const regex = compileAnchored(value);
  const isWanted = type === '=~';
  // Many series share few values.
  const known = new Map<string, boolean>();
  return (text) => {
    let accepted = known.get(text);
    if (accepted === undefined) {
      accepted = regex.matches(text) === isWanted;
      if (known.size < MAX_KNOWN_VALUES) known.set(text, accepted);
    }
    return accepted;
  };
}

export function matchesAll(matchers: readonly CompiledMatcher[], labels: Labels): boolean {
  for (const matcher of matchers) if (!matcher.accepts(labels.get(matcher.name))) return false;
  return true;
}

/** The metric that equality matchers name, or undefined. */
export function metricOf(matchers: readonly Matcher[]): string | undefined {
  return matchers.find(({ name, type, value }) => name === METRIC_NAME && type === '=' && value !== '')
    ?.value;
}
