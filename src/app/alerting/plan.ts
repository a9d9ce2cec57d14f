import { resolve } from 'node:path';
import {
  type AlertingConfig,
  type AlertingConfigResult,
  defaultAlertingConfig,
  type InboundWebhook,
  loadAlertingConfig,
  parseInboundWebhooks,
  parseMatchers,
} from '../../alerts/index.ts';
import { type Config, ConfigError, type ConfigProblem, configOrigin } from '../../config/index.ts';
import { CHANNELS } from '../../notify/index.ts';
import { type OnCallConfig, parseOnCall } from '../../oncall/index.ts';
import { type ConfigPlace, within } from '../../prom-config/index.ts';
import { type BuiltInPacks, loadBuiltInPacks } from './packs.ts';
import { type RuleSet, readRules } from './rule-files.ts';
import type { RuleLanguage } from './rule-language.ts';
import type { UserRule } from './user-rules.ts';

/** Everything that a configuration says about alerting, read and found right. */
export interface AlertingPlan {
  readonly config: Config;
  readonly rules: RuleSet;
  readonly alerting: AlertingConfig;
  readonly onCall: OnCallConfig;
  readonly webhooks: readonly InboundWebhook[];
  readonly packs: BuiltInPacks;
  /** What is understood and has no effect, and receivers that tell nobody. */
  readonly warnings: readonly string[];
}

/**
 * Reads rules, routes, receivers, on-call and webhooks, with every file they name.
 *
 * @throws ConfigError with every mistake in any of them.
 */
export function readAlerting(
  config: Config,
  language: RuleLanguage,
  userRules: readonly UserRule[],
): AlertingPlan {
  const problems: ConfigProblem[] = [];
  const place: ConfigPlace = { ...configOrigin(config), path: [] };
  const packs = loadBuiltInPacks(config.alerting.packs);
  problems.push(...packs.problems);
  const rules = collecting(problems, () =>
    readRules({ config, language, packFiles: packs.ruleFiles, userRules }),
  );
  const alerting = readAlertmanager(config);
  problems.push(...alerting.problems);
  // With a broken alertmanager.yml it is not known which receivers there are.
  const receivers = alerting.config && new Set(alerting.config.receivers.keys());
  const onCall = parseOnCall(config.on_call, within(place, ['on_call']), {
    parseMatchers,
    receivers,
    directory: configOrigin(config).directory,
  });
  problems.push(...onCall.problems);
  const inbound = parseInboundWebhooks(
    config.inbound_webhooks,
    within(place, ['inbound_webhooks']),
    configOrigin(config).directory,
  );
  problems.push(...inbound.problems);
  if (
    problems.length > 0 ||
    rules === undefined ||
    alerting.config === undefined ||
    onCall.config === undefined
  )
    throw new ConfigError(problems);
  return {
    ...{ config, rules, packs },
    alerting: alerting.config,
    onCall: onCall.config,
    webhooks: inbound.webhooks,
    warnings: [
      ...rules.warnings,
      ...alerting.warnings.map(({ source, line, message }) => `${source}:${line ?? 1}: ${message}`),
    ],
  };
}

function readAlertmanager(config: Config): AlertingConfigResult {
  const { alertmanager_config_file: file } = config;
  if (file !== undefined)
    return loadAlertingConfig(resolve(configOrigin(config).directory, file), { channels: CHANNELS });
  return { config: defaultAlertingConfig({ channels: CHANNELS }), problems: [], warnings: [], files: [] };
}

/** The result, or undefined with what was wrong among the problems. */
function collecting<T>(problems: ConfigProblem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Folder of the user's runbooks, absolute. */
export function runbookFolder(config: Config): string | undefined {
  const { runbooks_dir: folder } = config.alerting;
  return folder === undefined ? undefined : resolve(configOrigin(config).directory, folder);
}
