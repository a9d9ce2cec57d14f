import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import { globFiles } from './glob.ts';
import { MAX_RULES, type ParsedRules, parseRules, type RuleParseOptions } from './parse-rules.ts';
import type { RuleGroup, RuleProblem } from './rule-types.ts';

/** Largest rule file that is read. */
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** What all rule files came to. */
export interface LoadedRules {
  /** Sorted by file and name. Use none of them while there are problems. */
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly RuleProblem[];
  /** What is left out of account, such as a pattern that matches no file. */
  readonly warnings: readonly RuleProblem[];
  /** Every file that was read, sorted. */
  readonly files: readonly string[];
}

/**
 * Reads the rule files that patterns name, as `rule_files` has them. Never throws: what is wrong is among the problems, of all files
 * together.
 *
 * @param directory where relative patterns begin.
 */
export function loadRuleFiles(
  patterns: readonly string[],
  directory: string,
  options: RuleParseOptions,
): LoadedRules {
  const problems: RuleProblem[] = [];
  const warnings: RuleProblem[] = [];
  const groups: RuleGroup[] = [];
  const files = filesOf(patterns, directory, { problems, warnings });
  for (const file of files) {
    const parsed = readRuleFile(file, options);
    problems.push(...parsed.problems);
    warnings.push(...parsed.warnings);
    groups.push(...parsed.groups);
  }
  const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
  if (rules > MAX_RULES)
    problems.push({
      path: '',
      message: `${rules} rules in all files, at most ${MAX_RULES}`,
      source: directory,
    });
  return { groups, problems, warnings, files };
}

interface Findings {
  readonly problems: RuleProblem[];
  readonly warnings: RuleProblem[];
}

/** The files that patterns name, each once. */
export function filesOf(patterns: readonly string[], directory: string, findings: Findings): string[] {
  const files = new Set<string>();
  for (const pattern of patterns) {
    const path = isAbsolute(pattern) ? pattern : join(directory, pattern);
    try {
      const found = globFiles(path);
      if (found.length === 0)
        findings.warnings.push({ path: '', message: 'no file matches the pattern', source: path });
      for (const file of found) files.add(file);
    } catch (error) {
      findings.problems.push({ path: '', message: messageOf(error), source: path });
    }
  }
  return [...files].sort();
}

/** Reads and parses one rule file. */
export function readRuleFile(file: string, options: RuleParseOptions): ParsedRules {
  const read = readText(file);
  if (read.text !== undefined) return parseRules(read.text, file, options);
  return { groups: [], problems: [{ path: '', message: read.mistake, source: file }], warnings: [] };
}

/** Reads a file of rules or tests, or says why it cannot. */
export function readText(file: string): { text: string } | { text: undefined; mistake: string } {
  try {
    if (statSync(file).size > MAX_FILE_BYTES)
      return { text: undefined, mistake: `is larger than ${MAX_FILE_BYTES} bytes` };
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { text: undefined, mistake: `cannot be read: ${messageOf(error)}` };
  }
}
