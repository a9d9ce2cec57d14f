import { type Document, isCollection, isMap, isNode, isScalar, type LineCounter } from 'yaml';
import type { z } from 'zod';

/** A mistake in a configuration, or something in it that is left out of account. Same shape as a problem of the main configuration. */
export interface PlacedProblem {
  /** Dotted, list positions as numbers: `scrape_configs.0.job_name`. */
  readonly path: string;
  readonly message: string;
  /** 1-based. */
  readonly line?: number;
  readonly column?: number;
  /** File's name. */
  readonly source: string;
}

/** Finds where a value stands in the text it was read from. */
export interface ConfigPlace {
  readonly source: string;
  /** Where the values that are checked stand in the document. */
  readonly path: readonly PropertyKey[];
  /** @param atKey the place of the key instead of its value. */
  locate(
    path: readonly PropertyKey[],
    atKey: boolean,
  ): { readonly line: number; readonly column: number } | undefined;
}

/** @param prefix path of the values that are checked. */
export function documentPlace(
  source: string,
  document: Document,
  lines: LineCounter,
  prefix: readonly PropertyKey[] = [],
): ConfigPlace {
  return {
    source,
    path: prefix,
    locate(path, atKey) {
      const offset = offsetOf(document, [...prefix, ...path], atKey);
      if (offset === undefined) return undefined;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

/** For values that come from nowhere in particular. */
export function unknownPlace(source: string): ConfigPlace {
  return { source, path: [], locate: () => undefined };
}

/** The same place for values that stand deeper in it. */
export function within(place: ConfigPlace, prefix: readonly PropertyKey[]): ConfigPlace {
  return {
    source: place.source,
    path: [...place.path, ...prefix],
    locate: (path, atKey) => place.locate([...prefix, ...path], atKey),
  };
}

export function problemAt(
  place: ConfigPlace,
  path: readonly PropertyKey[],
  message: string,
  atKey = false,
): PlacedProblem {
  const position = place.locate(path, atKey);
  return { path: [...place.path, ...path].map(String).join('.'), message, source: place.source, ...position };
}

/** @param prefix of the checked value's own path. */
export function problemsOf(
  error: z.ZodError,
  place: ConfigPlace,
  prefix: readonly PropertyKey[] = [],
): PlacedProblem[] {
  return error.issues.map((issue) => {
    const isUnknownKey = issue.code === 'unrecognized_keys';
    const path = [...prefix, ...issue.path, ...(isUnknownKey ? issue.keys.slice(0, 1) : [])];
    return problemAt(place, path, messageOfIssue(issue), isUnknownKey);
  });
}

function messageOfIssue(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union') return issue.message;
  const inner = issue.errors.flat().map(({ message }) => message);
  return inner.find((text) => !text.startsWith('Invalid')) ?? issue.message;
}

/** Offset of the value or key, or of the nearest parent that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const parent =
      depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1).map(keyOf), true);
    if (!isCollection(parent)) continue;
    const node = childOf(parent, path[depth - 1]!, atKey && depth === path.length);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) ? document.contents.range?.[0] : undefined;
}

function childOf(parent: unknown, key: PropertyKey, atKey: boolean): unknown {
  if (!isMap(parent)) return (parent as { get(key: unknown, keepScalar: boolean): unknown }).get(key, true);
  const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
  return pair === undefined ? undefined : atKey || !isNode(pair.value) ? pair.key : pair.value;
}

function keyOf(key: PropertyKey): string | number {
  return typeof key === 'number' ? key : String(key);
}
