import { z } from 'zod';
import { nearest } from '../../lib/nearest.ts';
import {
  type ConfigPlace,
  type PlacedProblem,
  problemAt,
  problemsOf,
  within,
} from '../../prom-config/index.ts';

/** What was found while a configuration is read. */
export interface Findings {
  /** The configuration may not be used while there is one. */
  readonly problems: PlacedProblem[];
  /** What is understood and has no effect. */
  readonly warnings: PlacedProblem[];
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Fields<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> | undefined };

/**
 * Reads a section key by key, so that a mistake in one does not hide those in others. A key that is absent, without a value or wrong
 * is undefined. The whole is undefined when it is no section.
 */
export function readSection<S extends Shape>(
  shape: S,
  value: unknown,
  place: ConfigPlace,
  findings: Findings,
): Fields<S> | undefined {
  if (!isSection(value)) {
    findings.problems.push(problemAt(place, [], 'must be a section of keys and values'));
    return undefined;
  }
  const fields: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (schema === undefined) findings.problems.push(unknownKey(key, Object.keys(shape), place));
    else if (inner !== null && inner !== undefined)
      fields[key] = readValue(schema, inner, within(place, [key]), findings);
  }
  return fields as Fields<S>;
}

/** The value as its schema makes it; undefined when it is wrong. */
export function readValue<T>(
  schema: z.ZodType<T>,
  value: unknown,
  place: ConfigPlace,
  findings: Findings,
): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  findings.problems.push(...placedProblems(result.error, place));
  return undefined;
}

/** Every unknown key at its own place; `section` reports those of one section together. */
export function placedProblems(error: z.ZodError, place: ConfigPlace): PlacedProblem[] {
  return error.issues.flatMap((issue) => {
    const together = problemsOf(new z.ZodError([issue]), place);
    if (issue.code !== 'unrecognized_keys') return together;
    const messages = issue.message.split(/; (?=unknown key )/);
    if (messages.length !== issue.keys.length) return together;
    return issue.keys.map((key, at) => problemAt(place, [...issue.path, key], messages[at]!, true));
  });
}

/** The items of a list up to a bound; none when it is absent or no list. */
export function readList(
  value: unknown,
  place: ConfigPlace,
  findings: Findings,
  bound: { readonly max: number; readonly what: string },
): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    findings.problems.push(problemAt(place, [], `must be a list of ${bound.what}`));
    return [];
  }
  if (value.length <= bound.max) return value;
  findings.problems.push(
    problemAt(place, [bound.max], `there are more than ${bound.max} ${bound.what} (${value.length})`),
  );
  return value.slice(0, bound.max);
}

export function unknownKey(key: string, known: readonly string[], place: ConfigPlace): PlacedProblem {
  const close = nearest(key, known);
  const hint = close === undefined ? '' : `; did you mean ${close}?`;
  return problemAt(place, [key], `unknown key ${JSON.stringify(key)}${hint}`, true);
}

export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
