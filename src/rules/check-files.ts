import { compareText } from '../model/labels.ts';
import { readRuleFile } from './load-rules.ts';
import type { RuleParseOptions } from './parse-rules.ts';
import { formatRuleProblem, type LabelPairs, type RuleGroup, type RuleProblem } from './rule-types.ts';

/** What `check rules` says of one file. */
export interface CheckedFile {
  readonly file: string;
  readonly rules: number;
  readonly problems: readonly RuleProblem[];
  /** Rules that are there more than once: no mistake by itself. */
  readonly duplicates: readonly { readonly name: string; readonly labels: LabelPairs }[];
}

export interface CheckedFiles {
  readonly files: readonly CheckedFile[];
  /** No file has a mistake; rules that are there twice do not count. */
  readonly isOk: boolean;
  /** What `promtool check rules` prints. */
  readonly text: string;
}

/** Checks rule files as `promtool check rules` does. */
export function checkRuleFiles(paths: readonly string[], options: RuleParseOptions): CheckedFiles {
  const files = paths.map((file): CheckedFile => {
    const { groups, problems } = readRuleFile(file, options);
    const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
    return { file, rules, problems, duplicates: problems.length > 0 ? [] : duplicatesIn(groups) };
  });
  return {
    files,
    isOk: files.every(({ problems }) => problems.length === 0),
    text: files.map(describe).join('\n'),
  };
}

function describe({ file, rules, problems, duplicates }: CheckedFile): string {
  const head = `Checking ${file}\n`;
  if (problems.length > 0)
    return `${head}  FAILED:\n${problems.map((one) => `${formatRuleProblem(one)}\n`).join('')}`;
  if (duplicates.length === 0) return `${head}  SUCCESS: ${rules} rules found\n`;
  const list = duplicates.map(
    ({ name, labels }) =>
      `Metric: ${name}\nLabel(s):\n${labels.map(([label, value]) => `\t${label}: ${value}\n`).join('')}`,
  );
  return `${head}  FAILED:\nlint error ${duplicates.length} duplicate rule(s) found.\n${list.join('')}Might cause inconsistency while recording expressions\n`;
}

/** Rules of the same name and labels within a file, each once, sorted. */
function duplicatesIn(groups: readonly RuleGroup[]): { name: string; labels: LabelPairs }[] {
  const counts = new Map<string, { name: string; labels: LabelPairs; count: number }>();
  for (const { name, labels } of groups.flatMap(({ rules }) => rules)) {
    const key = JSON.stringify([name, labels]);
    const found = counts.get(key) ?? { name, labels, count: 0 };
    counts.set(key, found);
    found.count++;
  }
  return [...counts.values()]
    .filter(({ count }) => count > 1)
    .sort((a, b) => compareText(a.name, b.name))
    .map(({ name, labels }) => ({ name, labels }));
}
