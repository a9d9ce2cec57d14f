import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, parse } from 'node:path';
import { messageOf } from '../../lib/errors.ts';
import { type ConfigPlace, fromDirectory, problemAt, text, within } from '../../prom-config/index.ts';
import {
  ALERTMANAGER_FUNCTIONS,
  compileTemplates,
  type TemplateSet,
  type TemplateSource,
  templateMistakes,
} from '../../templates/index.ts';
import { type Findings, readList, readValue } from './findings.ts';

/** Patterns under `templates`. */
export const MAX_TEMPLATE_PATTERNS = 1000;
/** Files that all patterns together may name, and folders that are looked into for them. */
export const MAX_TEMPLATE_FILES = 1000;
export const MAX_TEMPLATE_FILE_BYTES = 1024 * 1024;

/** For texts in entries of receivers, which are checked one by one. */
export function templateChecker(): TemplateSet {
  return compileTemplates([], { functions: ALERTMANAGER_FUNCTIONS });
}

export interface TemplateFiles {
  /** Named as in Go by the file's name without its folder. */
  readonly sources: readonly TemplateSource[];
  /** Absolute. */
  readonly files: readonly string[];
}

/** Reads the files that patterns name and checks each. */
export function readTemplateFiles(
  value: unknown,
  place: ConfigPlace,
  directory: string,
  findings: Findings,
): TemplateFiles {
  const patterns = readList(value, place, findings, {
    max: MAX_TEMPLATE_PATTERNS,
    what: 'patterns of files',
  });
  const sources: TemplateSource[] = [];
  const files = new Set<string>();
  for (const [index, item] of patterns.entries()) {
    const itemPlace = within(place, [index]);
    const pattern = readValue(text, item, itemPlace, findings);
    if (pattern === undefined || pattern === '') continue;
    const names = filesMatching(fromDirectory(directory, pattern));
    if (names.length === 0)
      findings.warnings.push(problemAt(itemPlace, [], `no file matches ${JSON.stringify(pattern)}`));
    for (const file of names) {
      if (files.has(file)) continue;
      files.add(file);
      if (files.size > MAX_TEMPLATE_FILES) {
        const message = `the patterns match more than ${MAX_TEMPLATE_FILES} files`;
        findings.problems.push(problemAt(itemPlace, [], message));
        return { sources, files: [...files] };
      }
      const source = readTemplateFile(file, itemPlace, findings);
      if (source !== undefined) sources.push(source);
    }
  }
  return { sources, files: [...files] };
}

function readTemplateFile(file: string, place: ConfigPlace, findings: Findings): TemplateSource | undefined {
  const fail = (reason: string) => {
    findings.problems.push(problemAt(place, [], `template file ${file} cannot be read: ${reason}`));
    return undefined;
  };
  let content: string;
  try {
    const status = statSync(file);
    if (!status.isFile()) return fail('it is no file');
    if (status.size > MAX_TEMPLATE_FILE_BYTES)
      return fail(`it has more than ${MAX_TEMPLATE_FILE_BYTES} bytes`);
    content = readFileSync(file, 'utf8');
  } catch (error) {
    return fail(messageOf(error));
  }
  const source = { name: basename(file), text: content };
  for (const mistake of templateMistakes([source], { functions: ALERTMANAGER_FUNCTIONS })) {
    const at = mistake.place === undefined ? {} : { line: mistake.place.line, column: mistake.place.column };
    findings.problems.push({ path: '', message: mistake.message, source: file, ...at });
  }
  return source;
}

/** Files in the order of their names; every part of the pattern may have `*`, `?` and `[...]`, as in Go's filepath.Glob. */
export function filesMatching(pattern: string): string[] {
  if (!isAbsolute(pattern)) return [];
  const { root } = parse(pattern);
  const parts = pattern
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  let found = [root];
  for (const part of parts) {
    const hasPattern = /[*?[\\]/.test(part);
    const regex = hasPattern ? globRegex(part) : undefined;
    if (hasPattern && regex === undefined) return [];
    found = found
      .slice(0, MAX_TEMPLATE_FILES + 1)
      .flatMap((folder) => (regex === undefined ? [join(folder, part)] : entriesMatching(folder, regex)));
  }
  return found.filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined).sort();
}

function entriesMatching(folder: string, regex: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => regex.test(name))
      .map((name) => join(folder, name));
  } catch {
    // No folder, or one that may not be read: as in Go it matches nothing.
    return [];
  }
}

/** Undefined when the pattern is none. */
function globRegex(glob: string): RegExp | undefined {
  const source = glob.replace(/\\.|\[\^?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    if (part.length > 2 && part.startsWith('[')) return part.replaceAll('\\', '\\\\');
    return part.replace(/^\\(?=.)/, '').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    // Such as [z-a].
    return undefined;
  }
}
