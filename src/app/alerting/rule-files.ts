import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { loadPrometheusFile } from '../../collect/index.ts';
import { type Config, ConfigError, configOrigin } from '../../config/index.ts';
import { promDurationMs } from '../../prom-config/index.ts';
import { loadRuleFiles, parseRules, type RuleGroup, type RuleProblem } from '../../rules/index.ts';
import type { RuleLanguage } from './rule-language.ts';
import type { UserRule } from './user-rules.ts';

/** File name under which the rules appear that were made in the UI. */
export const USER_FILE = 'user';

/** All rules that are to be evaluated. */
export interface RuleSet {
  readonly groups: readonly RuleGroup[];
  readonly warnings: readonly string[];
  /** What groups without an interval of their own were read with. */
  readonly timing: Omit<RuleTiming, 'prometheusFiles'>;
  /** Every rule file that was read. */
  readonly files: readonly string[];
}

export interface RuleSources {
  readonly config: Config;
  readonly language: RuleLanguage;
  /** Rule files of packs. */
  readonly packFiles: readonly string[];
  readonly userRules: readonly UserRule[];
}

/**
 * Reads all rules: of the files that the configuration and its prometheus.yml name, of packs, and of users.
 *
 * @throws ConfigError with every mistake in any of them.
 */
export function readRules({ config, language, packFiles, userRules }: RuleSources): RuleSet {
  const { directory } = configOrigin(config);
  const timing = ruleTiming(config);
  const options = language.parseOptions(timing.intervalMs, timing.queryOffsetMs);
  const loaded = [
    loadRuleFiles(config.rule_files, directory, options),
    loadRuleFiles(timing.prometheusFiles, directory, options),
    loadRuleFiles(packFiles, directory, options),
  ];
  const user = usableUserRules(userRules, language, timing);
  const problems = loaded.flatMap((part) => part.problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const groups = new Map<string, RuleGroup>();
  // A file that two patterns name is one file.
  for (const group of [...loaded.flatMap((part) => part.groups), ...user.groups])
    groups.set(`${group.file};${group.name}`, group);
  return {
    groups: [...groups.values()],
    timing,
    warnings: [
      ...loaded.flatMap((part) => part.warnings.map(({ source, message }) => `${source}: ${message}`)),
      ...user.warnings,
    ],
    files: loaded.flatMap((part) => part.files),
  };
}

export interface RuleTiming {
  readonly intervalMs: number;
  readonly queryOffsetMs: number;
  /** Rule files that the prometheus.yml names, absolute. */
  readonly prometheusFiles: readonly string[];
}

/** What the configuration says about all groups: its own `global` first, then that of its prometheus.yml. */
export function ruleTiming(config: Config): RuleTiming {
  const { directory } = configOrigin(config);
  const { prometheus_config_file: file, global } = config;
  const prometheus = file === undefined ? undefined : loadPrometheusFile(resolve(directory, file));
  const own = global === undefined ? undefined : ownGlobal(global);
  return {
    intervalMs:
      own?.intervalMs ?? prometheus?.global.evaluationIntervalMs ?? config.alerting.evaluation_interval,
    queryOffsetMs: own?.queryOffsetMs ?? prometheus?.global.ruleQueryOffsetMs ?? 0,
    prometheusFiles: prometheus?.ruleFiles ?? [],
  };
}

/** The scraper checks `global`; here only what is right in it counts. */
function ownGlobal(global: Readonly<Record<string, unknown>>): Partial<Omit<RuleTiming, 'prometheusFiles'>> {
  const read = (key: string) => {
    const value = global[key];
    return value === undefined ? undefined : promDurationMs(String(value));
  };
  return { intervalMs: read('evaluation_interval') || undefined, queryOffsetMs: read('rule_query_offset') };
}

/** Groups of rules from the UI: one each, so that a change of one leaves the others alone. */
export function parseUserRules(
  rules: readonly UserRule[],
  language: RuleLanguage,
  { intervalMs, queryOffsetMs }: Omit<RuleTiming, 'prometheusFiles'>,
): { readonly groups: readonly RuleGroup[]; readonly problems: readonly RuleProblem[] } {
  if (rules.length === 0) return { groups: [], problems: [] };
  const text = stringify({ groups: rules.map(groupOf) }, { lineWidth: 0 });
  return parseRules(text, USER_FILE, language.parseOptions(intervalMs, queryOffsetMs));
}

/**
 * As {@link parseUserRules}, but a rule with a mistake is left out and told: it was right when it was saved, and the page on which it can
 * be mended must come up.
 */
export function usableUserRules(
  rules: readonly UserRule[],
  language: RuleLanguage,
  timing: Omit<RuleTiming, 'prometheusFiles'>,
): { readonly groups: readonly RuleGroup[]; readonly warnings: readonly string[] } {
  const all = parseUserRules(rules, language, timing);
  if (all.problems.length === 0) return { groups: all.groups, warnings: [] };
  const groups: RuleGroup[] = [];
  const warnings: string[] = [];
  for (const rule of rules) {
    const parsed = parseUserRules([rule], language, timing);
    if (parsed.problems.length === 0) groups.push(...parsed.groups);
    else
      warnings.push(
        `your rule ${JSON.stringify(rule.rule.name)} (${rule.id}) is left out: ${parsed.problems.map(({ message }) => message).join('; ')}`,
      );
  }
  return { groups, warnings };
}

function groupOf({ id, rule }: UserRule): object {
  return {
    name: id,
    ...(rule.interval === undefined ? {} : { interval: rule.interval }),
    rules: [
      {
        alert: rule.name,
        expr: rule.query,
        for: rule.for,
        keep_firing_for: rule.keep_firing_for,
        labels: rule.labels,
        annotations: rule.annotations,
      },
    ],
  };
}
