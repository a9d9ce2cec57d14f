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

/** A file that two parts read is wrong once. */
function distinct(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
