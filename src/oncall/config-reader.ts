import type { z } from 'zod';
import { nearest } from '../lib/nearest.ts';
import { type ConfigPlace, type PlacedProblem, problemAt, problemsOf } from '../prom-config/index.ts';
import { MAX_ENTRIES } from './config-schema.ts';
import type { OnCallMatcher } from './types.ts';

export type Path = readonly PropertyKey[];

export interface OnCallParseOptions {
  /** Of alertmanager.yml; undefined: not known, so that names of receivers are not checked. */
  readonly receivers: ReadonlySet<string> | undefined;
  /** @throws an error whose message says what is wrong. */
  readonly parseMatchers: (text: string) => readonly OnCallMatcher[];
  /** Relative secret files are taken from here. */
  readonly directory: string;
}

/** What is collected while reading. */
export interface OnCallReader {
  readonly options: OnCallParseOptions;
  readonly place: ConfigPlace;
  readonly problems: PlacedProblem[];
  /** Names that entries may refer to; those of entries with mistakes are among them, so that one mistake is told once. */
  readonly people: ReadonlySet<string>;
  readonly schedules: ReadonlySet<string>;
}

export function readOne<T extends z.ZodType>(
  reader: OnCallReader,
  path: Path,
  value: unknown,
  schema: T,
): z.output<T> | undefined {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  reader.problems.push(...problemsOf(parsed.error, reader.place, path));
  return undefined;
}

/** Each entry by itself, so that a mistake in one does not hide those in others. */
export function readList<T extends z.ZodType>(
  reader: OnCallReader,
  key: string,
  value: unknown,
  schema: T,
): { readonly entry: z.output<T>; readonly path: Path }[] {
  if (!Array.isArray(value)) return [];
  if (value.length > MAX_ENTRIES) add(reader, [key], `must have at most ${MAX_ENTRIES} entries`);
  return value.slice(0, MAX_ENTRIES).flatMap((one: unknown, at) => {
    const path = [key, at];
    // Whatever is no section, the schema refuses; undefined would read as left out.
    const entry = readOne(reader, path, one ?? null, schema);
    return entry === undefined ? [] : [{ entry, path }];
  });
}

/** Reports names that nothing is called. */
export function checkNames(
  reader: OnCallReader,
  path: Path,
  names: readonly string[],
  among: {
    readonly known: ReadonlySet<string> | undefined;
    readonly kind: string;
    readonly mayRepeat?: boolean;
  },
): void {
  const { known, kind, mayRepeat = false } = among;
  for (const [at, name] of names.entries()) {
    if (!mayRepeat && names.indexOf(name) !== at)
      add(reader, [...path, at], `${JSON.stringify(name)} is there twice`);
    if (known === undefined || known.has(name)) continue;
    const close = nearest(name, [...known]);
    add(
      reader,
      [...path, at],
      `there is no ${kind} ${JSON.stringify(name)}${close === undefined ? '' : `; did you mean ${close}?`}`,
    );
  }
}

export function add(reader: OnCallReader, path: Path, message: string): void {
  reader.problems.push(problemAt(reader.place, path, message));
}
