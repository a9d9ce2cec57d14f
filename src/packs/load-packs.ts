import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import type { PlacedProblem } from '../prom-config/index.ts';
import { type PackMetric, parsePackFile } from './pack-file.ts';

/** Largest `pack.yaml` that is read. */
const MAX_PACK_FILE_BYTES = 1024 * 1024;
/** Files of one kind in a pack. */
const MAX_FILES = 1000;

/** A folder with rules, runbooks and a catalogue of metrics for one domain. */
export interface Pack {
  /** The folder's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What the domain's programs are expected to expose. */
  readonly metrics: readonly PackMetric[];
  /** Rule files in Prometheus's format, not parsed yet; sorted, with the path of the pack's folder. */
  readonly ruleFiles: readonly string[];
  /** Unit tests of the rules in promtool's format. */
  readonly testFiles: readonly string[];
  /** Folder of the runbooks; it need not exist. */
  readonly runbookFolder: string;
}

export interface LoadedPacks {
  /** In the order of the names; without those that have no readable `pack.yaml`. */
  readonly packs: readonly Pack[];
  readonly problems: readonly PlacedProblem[];
}

/**
 * Reads packs. Never throws: what is wrong is among the problems, of all packs together.
 *
 * @param folder holds a folder per pack; the paths in the answer begin with it.
 */
export function loadPacks(folder: string, names: readonly string[]): LoadedPacks {
  const problems: PlacedProblem[] = [];
  const packs = names.flatMap((name) => loadPack(folder, name, problems) ?? []);
  return { packs, problems };
}

function loadPack(folder: string, name: string, problems: PlacedProblem[]): Pack | undefined {
  const root = join(folder, name);
  const file = join(root, 'pack.yaml');
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    problems.push({ path: '', message: `${JSON.stringify(name)} is no name of a pack`, source: folder });
    return undefined;
  }
  try {
    const facts = lstatSync(file);
    if (!facts.isFile()) throw new Error('it is no plain file');
    if (facts.size > MAX_PACK_FILE_BYTES) throw new Error(`it is larger than ${MAX_PACK_FILE_BYTES} bytes`);
    const { pack, problems: found } = parsePackFile(readFileSync(file, 'utf8'), file, name);
    problems.push(...found);
    if (pack === undefined) return undefined;
    return {
      ...pack,
      ruleFiles: yamlFilesIn(join(root, 'rules'), problems),
      testFiles: yamlFilesIn(join(root, 'tests'), problems),
      runbookFolder: join(root, 'runbooks'),
    };
  } catch (error) {
    problems.push({ path: '', message: `cannot be read: ${messageOf(error)}`, source: file });
    return undefined;
  }
}

/** None when there is no such folder. */
function yamlFilesIn(folder: string, problems: PlacedProblem[]): string[] {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  const files: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!/\.ya?ml$/.test(entry.name)) continue;
    const file = join(folder, entry.name);
    if (!entry.isFile()) problems.push({ path: '', message: 'is no plain file', source: file });
    else if (files.length >= MAX_FILES)
      problems.push({ path: '', message: `is one file too many: at most ${MAX_FILES}`, source: file });
    else files.push(file);
  }
  return files.sort();
}
