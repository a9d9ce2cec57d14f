export { type RuleTestOptions, type RuleTestReport, runRuleTests } from './run-tests.ts';
