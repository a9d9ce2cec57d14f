import { z } from 'zod';
import { nearest } from '../lib/nearest.ts';
import { parseDurationMs } from '../lib/units.ts';
import { isWellFormed } from '../model/labels.ts';

/**
 * Kinds of values as Prometheus's configuration has them. Scalars may come typed or as text, because a label value such as 1.10 must
 * stay what it was written as.
 */

export const text = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text' })
  .transform(String);

const TRUE_WORDS = new Set(['true', 'True', 'TRUE', 'yes', 'Yes', 'on', 'On']);
const FALSE_WORDS = new Set(['false', 'False', 'FALSE', 'no', 'No', 'off', 'Off']);

export const bool = z
  .union([z.boolean(), z.string()], { error: 'must be true or false' })
  .transform((value, context) => {
    if (typeof value === 'boolean') return value;
    if (TRUE_WORDS.has(value)) return true;
    if (FALSE_WORDS.has(value)) return false;
    context.addIssue({ code: 'custom', message: 'must be true or false' });
    return z.NEVER;
  });

/** A whole number from 0. */
export const count = z
  .union([z.number(), z.string()], { error: 'must be a whole number' })
  .transform((value, context) => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
    context.addIssue({ code: 'custom', message: 'must be a whole number, 0 or more' });
    return z.NEVER;
  });

export const float = z
  .union([z.number(), z.string()], { error: 'must be a number' })
  .transform((value, context) => {
    const number = value === '' ? Number.NaN : Number(value);
    if (!Number.isNaN(number)) return number;
    context.addIssue({ code: 'custom', message: 'must be a number' });
    return z.NEVER;
  });

/** Milliseconds. */
export const duration = z
  .union([z.string(), z.number()], { error: 'must be a duration such as 15s or 1m30s' })
  .transform((value, context) => {
    const parsed = promDurationMs(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: 'custom',
      message: `not a valid duration string: ${JSON.stringify(String(value))}`,
    });
    return z.NEVER;
  });

/** Prometheus's durations: as ours, and `0`. */
export function promDurationMs(value: string): number | undefined {
  return value === '0' ? 0 : parseDurationMs(value);
}

/** Prometheus's notation: years, weeks and days only where they come out even. */
export function formatPromDuration(totalMs: number): string {
  if (totalMs === 0) return '0s';
  let rest = totalMs;
  let result = '';
  for (const [unit, unitMs, mustFit] of DURATION_UNITS) {
    if (mustFit && rest % unitMs !== 0) continue;
    const amount = Math.floor(rest / unitMs);
    if (amount > 0) result += `${amount}${unit}`;
    rest -= amount * unitMs;
  }
  return result;
}

const DAY_MS = 86_400_000;
const DURATION_UNITS: readonly (readonly [unit: string, unitMs: number, mustFit: boolean])[] = [
  ['y', 365 * DAY_MS, true],
  ['w', 7 * DAY_MS, true],
  ['d', DAY_MS, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
];

const SIZE_FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  P: 1024 ** 5,
  E: 1024 ** 6,
};

/** Bytes. As in Prometheus `KB` and `KiB` both are 1024 bytes, and a unit is required. */
export const size = z
  .union([z.string(), z.number()], { error: 'must be a size with a unit such as 100MB' })
  .transform((value, context) => {
    const match = /^(\d+(?:\.\d+)?)(?:B|([KMGTPE])i?B?)$/i.exec(String(value));
    if (match !== null) return Math.round(Number(match[1]) * SIZE_FACTORS[match[2]?.toUpperCase() ?? 'B']!);
    if (String(value) === '0') return 0;
    context.addIssue({ code: 'custom', message: 'must be a size with a unit such as 100MB, or 0' });
    return z.NEVER;
  });

export const textList = z.array(text, { error: 'must be a list' });

/** Names to texts, without a prototype. */
export const textMap = z.record(z.string(), text, { error: 'must be names and values' });

/** Labels: any UTF-8 name. */
export const labelMap = textMap.superRefine((labels, context) => {
  for (const [name, value] of Object.entries(labels)) {
    if (name === '' || !isWellFormed(name))
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(name)} is not a valid label name`,
        path: [name],
      });
    if (!isWellFormed(value))
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(value)} is not a valid label value`,
        path: [name],
      });
  }
});

/** An object whose unknown keys are mistakes, with the known key that was likely meant. */
export function section<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return 'must be a section of keys and values';
      return (issue.keys as string[]).map((key) => unknownKey(key, Object.keys(shape))).join('; ');
    },
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const close = nearest(key, known);
  return `unknown key ${JSON.stringify(key)}${close === undefined ? '' : `; did you mean ${close}?`}`;
}

/** Leaves out keys without a value, which count as absent. Lists keep theirs. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
