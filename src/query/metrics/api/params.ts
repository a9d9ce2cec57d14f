import { BellwetherError } from '../../../lib/errors.ts';
import { parseDurationMs } from '../../../lib/units.ts';
import type { Matcher } from '../../../promql/index.ts';

/** Parses a series selector into its matchers. @throws BellwetherError `bad_data`. */
export type ParseSelector = (text: string) => readonly Matcher[];

/** Times that Prometheus understands as "from the beginning" and "to the end". */
const MIN_TIME_MS = -62_135_596_800_000;
const MAX_TIME_MS = 253_402_300_799_999;
const MAX_LIMIT = 1_000_000_000;

export function badParameter(name: string, reason: string): BellwetherError {
  return new BellwetherError({
    code: 'bad_data',
    status: 400,
    message: `invalid parameter "${name}": ${reason}`,
  });
}

/** Seconds since the epoch or RFC 3339, to milliseconds. */
export function timeParam(params: URLSearchParams, name: string, defaultMs: number): number;
export function timeParam(params: URLSearchParams, name: string, defaultMs: undefined): number | undefined;
export function timeParam(
  params: URLSearchParams,
  name: string,
  defaultMs: number | undefined,
): number | undefined {
  const text = params.get(name);
  if (text === null || text === '') return defaultMs;
  const ms = parseTimeMs(text);
  if (ms === undefined) throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return Math.min(Math.max(ms, MIN_TIME_MS), MAX_TIME_MS);
}

/** As `timeParam`, and refuses an absent one. */
export function requiredTime(params: URLSearchParams, name: string): number {
  const ms = timeParam(params, name, undefined);
  if (ms === undefined) throw badParameter(name, 'cannot parse "" to a valid timestamp');
  return ms;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

function parseTimeMs(text: string): number | undefined {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(seconds)) return Math.round(seconds * 1000);
  if (!RFC_3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Seconds or Prometheus's notation (`1h30m`), to milliseconds. */
export function durationParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null || text === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? Math.round(seconds * 1000) : parseDurationMs(text);
  if (ms === undefined || Math.abs(ms) > 1e15) {
    throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  }
  return ms;
}

/** 0: no limit. */
export function limitParam(params: URLSearchParams): number {
  const text = params.get('limit');
  if (text === null || text === '') return 0;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw badParameter('limit', 'limit must be non-negative');
  return Math.min(limit, MAX_LIMIT);
}

/** The time range of a metadata call, inclusive; the last of everything when it names none. */
export function rangeParams(params: URLSearchParams): { fromMs: number; toMs: number } {
  const fromMs = timeParam(params, 'start', MIN_TIME_MS);
  const toMs = timeParam(params, 'end', MAX_TIME_MS);
  if (toMs < fromMs) throw badParameter('end', 'end timestamp must not be before start time');
  return { fromMs, toMs };
}

/** Each `match[]` as a list of matchers. */
export function matcherParams(params: URLSearchParams, parseSelector: ParseSelector): (readonly Matcher[])[] {
  return params.getAll('match[]').map((text) => {
    const matchers = selectorParam('match[]', text, parseSelector);
    if (matchers.every(acceptsEmpty)) {
      throw badParameter('match[]', 'match[] must contain at least one non-empty matcher');
    }
    return matchers;
  });
}

/** The matchers of a selector in the parameter `name`. */
export function selectorParam(name: string, text: string, parseSelector: ParseSelector): readonly Matcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof BellwetherError) throw badParameter(name, error.message);
    throw error;
  }
}

/** Regular expressions that accept the empty text are left to the parser, which refuses them. */
function acceptsEmpty({ type, value }: Matcher): boolean {
  return (type === '=' && value === '') || (type === '!=' && value !== '');
}
