export {
  type AlertInput,
  commonPairs,
  type NotificationInput,
  notificationData,
  type Pairs,
  type RuleAlertData,
  type RuleAlertInput,
  ruleAlertData,
  toValue,
} from './data.ts';
export { DEFAULT_TEMPLATES } from './default-templates.ts';
export { TemplateError, type TemplatePlace } from './errors.ts';
export { escapeHtml, escapeMarkdown, escapeSlack } from './escape.ts';
export { quote as quoteGo } from './format/quote.ts';
export { ALERTMANAGER_FUNCTIONS } from './functions/alertmanager.ts';
export {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
} from './functions/humanize.ts';
export { PROMETHEUS_FUNCTIONS } from './functions/prometheus.ts';
export type { QuerySample } from './functions/samples.ts';
export { unquote as unquoteGo } from './literals.ts';
export { DEFAULT_LIMITS, type TemplateLimits } from './run.ts';
export {
  type CompileOptions,
  compileTemplates,
  type ExecuteOptions,
  type Rendered,
  type TemplateQuery,
  type TemplateSet,
  type TemplateSource,
  templateMistakes,
} from './template-set.ts';
export type { FunctionSet, ParamKind, TemplateFunction, Value } from './values.ts';
