import { fileURLToPath } from 'node:url';
import type { ConfigProblem } from '../../config/index.ts';
import { loadPacks, type Pack } from '../../packs/index.ts';

const folder = fileURLToPath(new URL('../../../packs', import.meta.url));

/** The packs that are switched on. */
export interface BuiltInPacks {
  readonly packs: readonly Pack[];
  readonly problems: readonly ConfigProblem[];
  readonly ruleFiles: readonly string[];
  /** Name of the pack by absolute path of the rule file. */
  readonly packOf: ReadonlyMap<string, string>;
}

export function loadBuiltInPacks(names: readonly string[]): BuiltInPacks {
  const { packs, problems } = loadPacks(folder, names);
  const files = packs.flatMap((pack) => pack.ruleFiles.map((file) => ({ pack, file })));
  return {
    packs,
    problems,
    ruleFiles: files.map(({ file }) => file),
    packOf: new Map(files.map(({ pack, file }) => [file, pack.name])),
  };
}
