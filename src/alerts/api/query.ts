import { BellwetherError } from '../../lib/errors.ts';
import { type AnchoredRegex, compileAnchored } from '../../lib/re2.ts';
import type { AlertView } from '../engine-types.ts';
import { matchesLabels, parseMatcher } from '../matchers.ts';
import type { AlertMatcher, Silence } from '../types.ts';
import { Refusal } from './refusal.ts';

/** Matchers in one request; each is compared with every alert. */
const MAX_FILTERS = 100;
/** Values whose result a request remembers. */
const MAX_REMEMBERED = 10_000;
const TRUE_WORDS = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** `filter` parameters. @throws Refusal */
export function filtersOf(params: URLSearchParams): readonly AlertMatcher[] {
  const texts = params.getAll('filter');
  if (texts.length > MAX_FILTERS) throw Refusal.text(400, `more than ${MAX_FILTERS} filters`);
  return texts.map((text) => {
    try {
      return remembering(parseMatcher(text));
    } catch (error) {
      if (!(error instanceof BellwetherError)) throw error;
      throw Refusal.text(400, `bad matcher format: ${text.slice(0, 1000)}: ${error.message}`);
    }
  });
}

/** Labels of ten thousand alerts have few values; a regular expression costs much more than looking one up. */
function remembering(matcher: AlertMatcher): AlertMatcher {
  if (matcher.type === '=' || matcher.type === '!=') return matcher;
  const known = new Map<string, boolean>();
  return {
    ...matcher,
    matches(value) {
      const before = known.get(value);
      if (before !== undefined) return before;
      const isMatch = matcher.matches(value);
      if (known.size < MAX_REMEMBERED) known.set(value, isMatch);
      return isMatch;
    },
  };
}

/** `receiver`: undefined takes all. @throws Refusal */
export function receiverFilterOf(params: URLSearchParams): AnchoredRegex | undefined {
  const pattern = params.get('receiver');
  if (pattern === null || pattern === '') return undefined;
  try {
    return compileAnchored(pattern);
  } catch (error) {
    if (!(error instanceof BellwetherError)) throw error;
    throw Refusal.text(400, `failed to parse receiver param: ${error.message}`);
  }
}

/** As go-openapi reads flags: what is no word for true is false. */
export function flagOf(params: URLSearchParams, name: string): boolean {
  const text = params.get(name);
  return text === null || text === '' || TRUE_WORDS.has(text.toLowerCase());
}

/** Whether an alert is one that a request asks for. */
export function alertFilterOf(params: URLSearchParams): (view: AlertView) => boolean {
  const matchers = filtersOf(params);
  const wantsActive = flagOf(params, 'active');
  const wantsSilenced = flagOf(params, 'silenced');
  const wantsInhibited = flagOf(params, 'inhibited');
  return ({ alert, isResolved, suppressions }) => {
    if (isResolved) return false;
    const isSilenced = suppressions.some(({ kind }) => kind === 'silenced');
    const isInhibited = suppressions.some(({ kind }) => kind === 'inhibited');
    if (!wantsActive && !isSilenced && !isInhibited) return false;
    if ((!wantsSilenced && isSilenced) || (!wantsInhibited && isInhibited)) return false;
    return matchesLabels(matchers, alert.labels);
  };
}

/** A silence is asked for when it has each of the matchers just as it is written. */
export function silenceFilterOf(params: URLSearchParams): (silence: Silence) => boolean {
  const filters = filtersOf(params);
  const creators = new Set(params.getAll('creator'));
  return ({ matchers, createdBy }) =>
    (creators.size === 0 || creators.has(createdBy)) &&
    filters.every(({ name, type, value }) =>
      matchers.some((own) => own.name === name && own.type === type && own.value === value),
    );
}
