import { messageOf } from '../../lib/errors.ts';
import { compileUnanchored, regexStates, type UnanchoredRegex } from '../../lib/re2.ts';
import { CallError, LimitError } from '../errors.ts';
import { BoundedText, type Run } from '../run.ts';
import type { TemplateFunction } from '../values.ts';

/** Patterns are mostly written in templates, so that a few are used again and again. */
const MAX_CACHED_PATTERNS = 200;
/** Compiling takes time too, as if a text of this length were searched. */
const COMPILE_LENGTH = 1000;

const cache = new Map<string, UnanchoredRegex>();

export const match: TemplateFunction = {
  params: ['string', 'string'],
  call: ([pattern, text], run) => regexFor(pattern as string, text as string, run).matches(text as string),
};

export const reReplaceAll: TemplateFunction = {
  params: ['string', 'string', 'string'],
  call([pattern, replacement, text], run) {
    const regex = regexFor(pattern as string, text as string, run);
    const out = new BoundedText(run.budget);
    regex.replaceAll(text as string, replacement as string, (piece) => {
      run.budget.checkTime();
      run.budget.spend(1);
      out.add(piece);
    });
    return out.text;
  },
};

function regexFor(pattern: string, text: string, run: Run): UnanchoredRegex {
  const work = regexStates(pattern) * Math.max(text.length, COMPILE_LENGTH);
  if (work > run.budget.limits.maxRegexWork)
    throw new LimitError('the regular expression is too large for the text it searches');
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  try {
    const compiled = compileUnanchored(pattern);
    if (cache.size >= MAX_CACHED_PATTERNS) cache.delete(cache.keys().next().value!);
    cache.set(pattern, compiled);
    return compiled;
  } catch (error) {
    throw new CallError(messageOf(error), { cause: error });
  }
}
