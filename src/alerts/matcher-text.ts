import { BellwetherError } from '../lib/errors.ts';
import type { AlertMatcher } from './types.ts';

/** Longest text that is read as matchers, UTF-16 units. */
export const MAX_MATCHERS_LENGTH = 65_536;
/** Matchers in one text. */
export const MAX_MATCHERS = 1000;

/** A matcher as it was written, its regular expression not yet read. */
export interface WrittenMatcher {
  readonly name: string;
  readonly type: AlertMatcher['type'];
  readonly value: string;
}

/** Text that cannot be read as matchers. */
export function badMatcher(message: string, cause?: unknown): BellwetherError {
  return new BellwetherError({
    code: 'bad_matcher',
    status: 400,
    message,
    hint: 'a matcher is name="value", with one of = != =~ !~; several stand behind each other with commas',
    cause,
  });
}
