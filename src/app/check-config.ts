import { type Config, ConfigError, type ConfigProblem } from '../config/index.ts';
import { readAlerting } from './alerting/plan.ts';
import { createRuleLanguage } from './alerting/rule-language.ts';
import { readScraping } from './scraping.ts';

/**
 * Reads every file that a configuration names: scrape jobs, rules, alertmanager.yml, templates, packs.
 *
 * @returns what is understood and has no effect.
 * @throws ConfigError with every mistake in any of them.
 */
export function checkConfig(config: Config): string[] {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const parts = [
    () => readScraping(config).warnings,
    () => readAlerting(config, createRuleLanguage(config.query.features), []).warnings,
  ];
  for (const read of parts) {
    try {
      warnings.push(...read());
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(distinct(problems));
  return warnings;
}

/**
 * Reads a configuration and every file that it names.
 *
 * @returns the configuration, and what is understood in it and has no effect.
 * @throws ConfigError with every mistake: those of the configuration's own keys do not hide those behind the others.
 */
export function readWhole(read: () => Config): { readonly config: Config; readonly warnings: string[] } {
  let config: Config;
  try {
    config = read();
  } catch (error) {
    if (!(error instanceof ConfigError) || error.rest === undefined) throw error;
    throw new ConfigError(distinct([...error.problems, ...problemsBehind(error.rest)]));
  }
  return { config, warnings: checkConfig(config) };
}

function problemsBehind(config: Config): readonly ConfigProblem[] {
  try {
    checkConfig(config);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** A file that two parts read is wrong once. */
function distinct(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
