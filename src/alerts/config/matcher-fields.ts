import { BellwetherError } from '../../lib/errors.ts';
import { isWellFormed } from '../../model/labels.ts';
import { type ConfigPlace, problemAt, textList, textMap } from '../../prom-config/index.ts';
import { compareMatchers, createMatcher, parseMatchers } from '../matchers.ts';
import type { AlertMatcher } from '../types.ts';
import type { Findings } from './findings.ts';

/** Schemas of the three ways to write matchers; their keys differ from section to section. */
export const matchField = textMap.optional();
export const matchersField = textList.optional();

/** What stands under the three keys, each with the key itself. */
export interface WrittenConditions {
  readonly match?: readonly [key: string, value: Readonly<Record<string, string>> | undefined];
  readonly matchRe?: readonly [key: string, value: Readonly<Record<string, string>> | undefined];
  readonly matchers: readonly [key: string, value: readonly string[] | undefined];
}

/** All matchers together, in Alertmanager's order. Wrong ones are reported and left out. */
export function readConditions(
  written: WrittenConditions,
  place: ConfigPlace,
  findings: Findings,
): AlertMatcher[] {
  const found: AlertMatcher[] = [];
  const attempt = (path: readonly PropertyKey[], read: () => readonly AlertMatcher[]) => {
    try {
      found.push(...read());
    } catch (error) {
      if (!(error instanceof BellwetherError)) throw error;
      findings.problems.push(problemAt(place, path, error.message));
    }
  };
  const { match, matchRe, matchers } = written;
  for (const [name, value] of Object.entries(match?.[1] ?? {}))
    attempt([match![0], name], () => [createMatcher(name, '=', value)]);
  for (const [name, value] of Object.entries(matchRe?.[1] ?? {}))
    attempt([matchRe![0], name], () => [regexMatcher(name, value)]);
  for (const [index, line] of (matchers[1] ?? []).entries())
    attempt([matchers[0], index], () => parseMatchers(line));
  return found.sort(compareMatchers);
}

/** With the anchors that Alertmanager adds to patterns under `match_re`, since they are part of its group keys. */
function regexMatcher(name: string, pattern: string): AlertMatcher {
  // The pattern by itself, so that the message quotes what was written.
  createMatcher(name, '=~', pattern);
  return createMatcher(name, '=~', `^(?:${pattern})$`);
}

/** Reports names that cannot be names of labels. */
export function checkLabelNames(
  names: readonly string[],
  place: ConfigPlace,
  findings: Findings,
  list: string,
): void {
  for (const [index, name] of names.entries()) {
    if (name !== '' && isWellFormed(name)) continue;
    findings.problems.push(
      problemAt(place, [index], `invalid label name ${JSON.stringify(name)} in ${list}`),
    );
  }
}
