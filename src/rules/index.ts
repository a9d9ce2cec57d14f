export { type ActiveAlert, type AlertState, RESOLVED_RETENTION_MS } from './alert-state.ts';
export {
  type Backtest,
  type BacktestOptions,
  backtest,
  type FiringInterval,
  MAX_BACKTEST_STEPS,
  type RangeQueryFunction,
} from './backtest.ts';
export { type CheckedFile, type CheckedFiles, checkRuleFiles } from './check-files.ts';
export type {
  EvaluatedSeries,
  ExpandTemplate,
  RuleAlert,
  RuleChange,
  RuleCounters,
  RuleEvaluation,
  RuleHealth,
  TemplateData,
} from './evaluation-types.ts';
export type { GroupRunner } from './group-runner.ts';
export {
  promqlCheck,
  promqlEvaluator,
  type RuleEvaluator,
  type RuleQuery,
  type RuleQueryRun,
  type RuleVector,
} from './languages.ts';
export { type LoadedRules, loadRuleFiles } from './load-rules.ts';
export {
  type CheckedExpr,
  MAX_RULES,
  type ParsedRules,
  parseRules,
  type RuleParseOptions,
} from './parse-rules.ts';
export {
  createRuleManager,
  type ReloadOptions,
  type RuleManager,
  type RuleManagerOptions,
  type RuleManagerParts,
} from './rule-manager.ts';
export type { RuleRunner } from './rule-runner.ts';
export type { RuleStateStore } from './rule-state.ts';
export * from './rule-types.ts';
export {
  type AlertJson,
  alertsJson,
  type GroupJson,
  type RulesJson,
  type RulesParams,
  rulesJson,
} from './rules-api.ts';
export { groupsEqual, ruleIds, rulesEqual } from './rules-equal.ts';
export { type RuleTestOptions, type RuleTestReport, runRuleTests } from './unit-tests/index.ts';
