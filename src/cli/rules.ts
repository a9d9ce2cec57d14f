import { createRuleLanguage } from '../app/index.ts';
import { checkRuleFiles, runRuleTests } from '../rules/index.ts';

/** Of groups that do not name theirs, in checks and tests: Prometheus's. */
const INTERVAL_MS = 60_000;

export interface RuleFlags {
  readonly enableFeature?: string;
}

export interface RuleTestFlags extends RuleFlags {
  readonly run?: string;
}

/** `bellwether check rules`: as `promtool check rules`. */
export function checkRules(files: readonly string[], flags: RuleFlags): number {
  const { text, isOk } = checkRuleFiles(files, languageOf(flags).parseOptions(INTERVAL_MS, 0));
  (isOk ? process.stdout : process.stderr).write(text);
  return isOk ? 0 : 1;
}

/** `bellwether test rules`: as `promtool test rules`. */
export async function testRules(files: readonly string[], flags: RuleTestFlags): Promise<number> {
  const language = languageOf(flags);
  const only = flags.run === undefined ? {} : { only: new RegExp(flags.run) };
  let failedFiles = 0;
  for (const file of files) {
    const report = await runRuleTests(file, {
      parse: language.parseOptions(INTERVAL_MS, 0),
      expandTemplate: language.expandTemplate,
      engine: language.engine,
      ...only,
    });
    (report.isOk ? process.stdout : process.stderr).write(report.text);
    if (!report.isOk) failedFiles++;
  }
  return failedFiles === 0 ? 0 : 1;
}

function languageOf({ enableFeature }: RuleFlags) {
  return createRuleLanguage(enableFeature?.split(',') ?? []);
}
