import { BellwetherError } from '../../lib/errors.ts';
import type { SilenceInput } from '../engine-types.ts';
import { createMatcher } from '../matchers.ts';
import type { AlertMatcher, Silence, SilenceState } from '../types.ts';
import { numberOf, textOf } from './alert-documents.ts';
import { MAX_SILENCE_COMMENT_LENGTH, MAX_SILENCE_MATCHERS, MAX_SILENCE_TEXT_LENGTH } from './limits.ts';

export function silenceState(silence: Pick<Silence, 'startsAtMs' | 'endsAtMs'>, nowMs: number): SilenceState {
  if (nowMs >= silence.endsAtMs) return 'expired';
  return nowMs < silence.startsAtMs ? 'pending' : 'active';
}

/** @throws BellwetherError `bad_silence` (400). */
export function checkSilence(input: SilenceInput, nowMs: number): void {
  const mistake = mistakeIn(input, nowMs);
  if (mistake === undefined) return;
  throw new BellwetherError({
    code: 'bad_silence',
    status: 400,
    message: `the silence is not taken: ${mistake}`,
  });
}

function mistakeIn(input: SilenceInput, nowMs: number): string | undefined {
  const { matchers, startsAtMs, endsAtMs, createdBy, comment } = input;
  if (matchers.length === 0) return 'it needs at least one matcher';
  if (matchers.length > MAX_SILENCE_MATCHERS) return `it has more than ${MAX_SILENCE_MATCHERS} matchers`;
  const textLength = matchers.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  if (textLength > MAX_SILENCE_TEXT_LENGTH)
    return `its matchers are longer than ${MAX_SILENCE_TEXT_LENGTH} characters`;
  if (matchers.every((matcher) => matcher.matches('')))
    return 'at least one matcher must not match the empty string, or it would silence everything';
  if (createdBy.trim() === '') return 'it needs a creator';
  if (comment.trim() === '') return 'it needs a comment';
  if (comment.length > MAX_SILENCE_COMMENT_LENGTH || createdBy.length > MAX_SILENCE_COMMENT_LENGTH)
    return `comment and creator can have ${MAX_SILENCE_COMMENT_LENGTH} characters`;
  if (!Number.isFinite(startsAtMs) || !Number.isFinite(endsAtMs))
    return 'its times must be epoch milliseconds';
  if (endsAtMs <= startsAtMs) return 'it ends before it begins';
  return endsAtMs <= nowMs ? 'it ends in the past' : undefined;
}

/** Whether a silence can be changed as asked without making its past another one. */
export function canUpdate(silence: Silence, input: SilenceInput, nowMs: number): boolean {
  if (!haveSameMatchers(silence.matchers, input.matchers)) return false;
  const state = silenceState(silence, nowMs);
  if (state === 'expired') return false;
  if (state === 'pending') return input.startsAtMs >= nowMs;
  // To the second, as the times that people send back are.
  return Math.floor(input.startsAtMs / 1000) === Math.floor(silence.startsAtMs / 1000);
}

function haveSameMatchers(a: readonly AlertMatcher[], b: readonly AlertMatcher[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, type, value }, at) => {
      const other = b[at]!;
      return name === other.name && type === other.type && value === other.value;
    })
  );
}

export function silenceJson(silence: Silence): string {
  return JSON.stringify({
    matchers: silence.matchers.map(({ name, type, value }) => ({ name, type, value })),
    starts_at: silence.startsAtMs,
    ends_at: silence.endsAtMs,
    updated_at: silence.updatedAtMs,
    created_by: silence.createdBy,
    comment: silence.comment,
  });
}

/** @throws Error when it is no silence. */
export function parseSilenceJson(id: string, json: string): Silence {
  const stored = JSON.parse(json) as Record<string, unknown>;
  const matchers = stored.matchers as { name: unknown; type: AlertMatcher['type']; value: unknown }[];
  return {
    id,
    matchers: matchers.map(({ name, type, value }) => createMatcher(textOf(name), type, textOf(value))),
    startsAtMs: numberOf(stored.starts_at),
    endsAtMs: numberOf(stored.ends_at),
    updatedAtMs: numberOf(stored.updated_at),
    createdBy: textOf(stored.created_by),
    comment: textOf(stored.comment),
  };
}
