import { lstatSync, readdirSync } from 'node:fs';
import { join, parse } from 'node:path';

/** Files that one pattern may name. */
const MAX_FILES = 10_000;

/**
 * The files a pattern names, as Go's `filepath.Glob`: `*`, `?` and `[a-z]` within any part of the path, sorted part by part. A name
 * without them is there or is not; folders that cannot be read match nothing.
 *
 * @throws Error `syntax error in pattern`.
 */
export function globFiles(pattern: string): string[] {
  const { root } = parse(pattern);
  const parts = pattern
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '');
  let found = [root];
  for (const part of parts) {
    const regex = isMagic(part) ? partRegex(part) : undefined;
    found = found.flatMap((folder) => matchPart(folder, part, regex)).slice(0, MAX_FILES);
  }
  return parts.length === 0 ? [] : found;
}

function isMagic(part: string): boolean {
  return /[*?[\\]/.test(part);
}

function matchPart(folder: string, part: string, regex: RegExp | undefined): string[] {
  if (regex === undefined) return exists(join(folder, part)) ? [join(folder, part)] : [];
  let entries: string[];
  try {
    entries = readdirSync(folder === '' ? '.' : folder);
  } catch {
    // It is no folder, or not ours to read.
    return [];
  }
  return entries
    .filter((entry) => regex.test(entry))
    .sort()
    .map((entry) => join(folder, entry));
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Something on the way is no folder, or not ours to look into.
    return false;
  }
}

function partRegex(part: string): RegExp {
  let source = '';
  for (let at = 0; at < part.length; at++) {
    const char = part[at]!;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = part.indexOf(']', at + 2);
      if (end < 0) throw new Error('syntax error in pattern');
      source += `[${part.slice(at + 1, end).replace(/[[\]\\&|~]/g, '\\$&')}]`;
      at = end;
    } else {
      if (char === '\\') at++;
      if (at >= part.length) throw new Error('syntax error in pattern');
      source += part[at]!.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 's');
}
