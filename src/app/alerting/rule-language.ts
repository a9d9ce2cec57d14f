import { describeHistogram, type EngineOptions, type ParseOptions } from '../../promql/index.ts';
import { type ExpandTemplate, promqlCheck, type RuleParseOptions } from '../../rules/index.ts';
import {
  compileTemplates,
  PROMETHEUS_FUNCTIONS,
  ruleAlertData,
  type TemplateSet,
} from '../../templates/index.ts';

/** What rules are written in, besides YAML: expressions and templates. */
export interface RuleLanguage {
  readonly expandTemplate: ExpandTemplate;
  /** For an engine that evaluates the same language. */
  readonly engine: Partial<EngineOptions>;
  /** @param intervalMs and @param queryOffsetMs of groups that do not name theirs. */
  parseOptions(intervalMs: number, queryOffsetMs: number): RuleParseOptions;
}

const VARIABLES = ['labels', 'externalLabels', 'externalURL', 'value'];

/** @param features Prometheus's feature flags that are on. */
export function createRuleLanguage(features: readonly string[]): RuleLanguage {
  const templates = compileTemplates([], { functions: PROMETHEUS_FUNCTIONS });
  const has = (flag: string) => features.includes(flag);
  const language: Omit<ParseOptions, 'functions'> & Partial<EngineOptions> = {
    hasDurationExpressions: true,
    hasExperimentalFunctions: has('promql-experimental-functions'),
    hasExtendedRangeSelectors: has('promql-extended-range-selectors'),
    hasFillModifiers: has('promql-binop-fill-modifiers'),
  };
  const checkExpr = promqlCheck(language);
  return {
    expandTemplate: expander(templates),
    engine: { ...language, hasDelayedNameRemoval: has('promql-delayed-name-removal') },
    parseOptions: (intervalMs, queryOffsetMs) => ({
      checkExpr,
      checkTemplate: (text, name) => templates.check(text, { name, variables: VARIABLES })?.message,
      intervalMs,
      queryOffsetMs,
    }),
  };
}

function expander(templates: TemplateSet): ExpandTemplate {
  return (text, { name, labels, externalLabels, externalUrl, value, histogram, timeMs, query }) => {
    if (!text.includes('{{')) return text;
    const { data, variables } = ruleAlertData({
      labels,
      externalLabels,
      externalUrl,
      value: histogram === undefined ? value : describeHistogram(histogram),
    });
    return templates.execute(text, data, {
      ...{ nowMs: timeMs, externalUrl, variables, name },
      query: async (expression) =>
        (await query(expression)).map((sample) => ({
          labels: sample.labels,
          value: sample.histogram === undefined ? sample.value : describeHistogram(sample.histogram),
        })),
    });
  };
}
