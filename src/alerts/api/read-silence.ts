import { BellwetherError } from '../../lib/errors.ts';
import type { SilenceInput } from '../engine-types.ts';
import { createMatcher } from '../matchers.ts';
import type { AlertMatcher } from '../types.ts';
import { fieldOf, isObject, type JsonObject, parseJsonBody, textOf, timeOf } from './json-body.ts';
import { Refusal } from './refusal.ts';

/** Matchers in one silence. */
const MAX_SILENCE_MATCHERS = 100;
const BODY = 'silence';

/**
 * Reads the body of `POST /api/v2/silences`.
 *
 * @throws Refusal when it is not of the schema or cannot be a silence.
 */
export function readPostedSilence(
  body: Uint8Array,
  contentType: string | undefined,
  nowMs: number,
): SilenceInput {
  const parsed = parseJsonBody(body, contentType, BODY);
  if (!isObject(parsed)) throw Refusal.unreadable(BODY, 'it is not an object');
  // In this order Alertmanager looks for them.
  const comment = required('comment', textOf(parsed, 'comment', BODY));
  const createdBy = required('createdBy', textOf(parsed, 'createdBy', BODY));
  const endsAtMs = required('endsAt', timeOf(parsed, 'endsAt', BODY));
  const items = required('matchers', listOf(parsed));
  const startsAtMs = required('startsAt', timeOf(parsed, 'startsAt', BODY));
  if (items.length === 0) throw Refusal.invalid(612, 'matchers in body should have at least 1 items');
  if (items.length > MAX_SILENCE_MATCHERS)
    throw Refusal.text(400, `silence invalid: more than ${MAX_SILENCE_MATCHERS} matchers`);
  const written = items.map(writtenMatcher);
  if (startsAtMs >= endsAtMs)
    throw Refusal.text(400, 'Failed to create silence: start time must be before end time');
  if (endsAtMs < nowMs) throw Refusal.text(400, "Failed to create silence: end time can't be in the past");
  const matchers = written.map(toMatcher);
  if (matchers.every((matcher) => matcher.matches('')))
    throw Refusal.text(400, 'silence invalid: at least one matcher must not match the empty string');
  const id = textOf(parsed, 'id', BODY);
  return {
    id: id === '' ? undefined : id,
    ...{ matchers, startsAtMs, endsAtMs, createdBy, comment },
  };
}

function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw Refusal.invalid(602, `${name} in body is required`);
  return value;
}

function listOf(object: JsonObject): readonly unknown[] | undefined {
  const value = fieldOf(object, 'matchers');
  if (value === undefined || Array.isArray(value)) return value;
  throw Refusal.unreadable(BODY, 'matchers must be a list');
}

interface WrittenMatcher {
  readonly name: string;
  readonly type: AlertMatcher['type'];
  readonly value: string;
}

function writtenMatcher(item: unknown, at: number): WrittenMatcher {
  if (!isObject(item)) throw Refusal.unreadable(BODY, `matcher ${at} is not an object`);
  const isEqual = flagOf(item, 'isEqual') ?? true;
  const isRegex = flagOf(item, 'isRegex');
  const name = textOf(item, 'name', BODY);
  const value = textOf(item, 'value', BODY);
  const missing = isRegex === undefined ? 'isRegex' : name === undefined ? 'name' : 'value';
  if (isRegex === undefined || name === undefined || value === undefined)
    throw Refusal.invalid(602, `matchers.${at}.${missing} in body is required`);
  const type = isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=';
  return { name, type, value };
}

function flagOf(item: JsonObject, name: string): boolean | undefined {
  const value = fieldOf(item, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw Refusal.unreadable(BODY, `${name} must be true or false`);
}

function toMatcher({ name, type, value }: WrittenMatcher, at: number): AlertMatcher {
  try {
    return createMatcher(name, type, value);
  } catch (error) {
    if (!(error instanceof BellwetherError)) throw error;
    throw Refusal.text(400, `silence invalid: invalid label matcher ${at}: ${error.message}`);
  }
}
