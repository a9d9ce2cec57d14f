import { z } from 'zod';
import { messageOf } from '../../lib/errors.ts';
import { compileAnchored } from '../../lib/re2.ts';
import { isPlainLabelName } from '../../model/labels.ts';
import { section, text, textList } from '../../prom-config/index.ts';
import {
  DEFAULT_RELABEL_RULE,
  isLabelName,
  RELABEL_ACTIONS,
  type RelabelAction,
  type RelabelRule,
} from '../relabel.ts';

const relabelFields = section({
  source_labels: textList.optional(),
  separator: text.optional(),
  regex: text.optional(),
  modulus: text.optional(),
  target_label: text.optional(),
  replacement: text.optional(),
  action: text.optional(),
});
type RelabelFields = z.output<typeof relabelFields>;

/** One `relabel_config`; comes out compiled. */
export const relabelConfig = relabelFields.transform((fields, context): RelabelRule => {
  try {
    return toRule(fields);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

/** A list of them; an entry without content is a mistake. */
export const relabelConfigs = z.array(relabelConfig, { error: 'must be a list of relabelling rules' });

/** @throws Error with Prometheus's text. */
function toRule(fields: RelabelFields): RelabelRule {
  const action = (fields.action ?? 'replace').toLowerCase() as RelabelAction;
  if (!RELABEL_ACTIONS.includes(action))
    throw new Error(`unknown relabel action ${JSON.stringify(fields.action)}`);
  const rule: RelabelRule = {
    sourceLabels: fields.source_labels ?? [],
    separator: fields.separator ?? DEFAULT_RELABEL_RULE.separator,
    regex: fields.regex === undefined ? DEFAULT_RELABEL_RULE.regex : compileAnchored(fields.regex),
    modulus: modulusOf(fields.modulus),
    targetLabel: fields.target_label ?? '',
    replacement: fields.replacement ?? DEFAULT_RELABEL_RULE.replacement,
    action,
  };
  assertValid(rule, fields);
  return rule;
}

function modulusOf(value: string | undefined): bigint {
  if (value === undefined) return 0n;
  if (!/^\d+$/.test(value)) throw new Error('modulus must be a whole number');
  return BigInt(value);
}

const NEEDS_TARGET: ReadonlySet<RelabelAction> = new Set([
  'replace',
  'hashmod',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]);

function assertValid(rule: RelabelRule, fields: RelabelFields): void {
  const { action, targetLabel, replacement } = rule;
  if (action === 'hashmod' && rule.modulus === 0n)
    throw new Error('relabel configuration for hashmod requires non-zero modulus');
  if (NEEDS_TARGET.has(action) && targetLabel === '')
    throw new Error(`relabel configuration for ${action} action requires 'target_label' value`);
  const hasTemplate = targetLabel.includes('$');
  if (action === 'replace' && !hasTemplate && !isLabelName(targetLabel)) throw badTarget(rule);
  if (NEEDS_TARGET.has(action) && action !== 'replace' && !isLabelName(targetLabel)) throw badTarget(rule);
  if (action === 'labelmap' && !isLabelName(replacement.replaceAll(/\$\{?\w+\}?/g, 'x')))
    throw new Error(`${JSON.stringify(replacement)} is invalid 'replacement' for labelmap action`);
  if (action === 'labeldrop' || action === 'labelkeep') assertOnly(fields, ['regex'], action);
  if (action === 'keepequal' || action === 'dropequal')
    assertOnly(fields, ['source_labels', 'target_label'], action);
}

function badTarget({ targetLabel, action }: RelabelRule): Error {
  return new Error(`${JSON.stringify(targetLabel)} is invalid 'target_label' for ${action} action`);
}

function assertOnly(fields: RelabelFields, allowed: readonly string[], action: RelabelAction): void {
  const others = Object.keys(fields).filter((key) => key !== 'action' && !allowed.includes(key));
  if (others.length === 0) return;
  const names = allowed.map((name) => `'${name}'`).join(' and ');
  throw new Error(`${action} action requires only ${names}, and no other fields`);
}

/** The first name a rule sets that Prometheus's old rules forbid, for jobs with `metric_name_validation_scheme: legacy`. */
export function legacyMistake(rule: RelabelRule): string | undefined {
  const { action, targetLabel } = rule;
  if (!NEEDS_TARGET.has(action)) return undefined;
  const name = targetLabel.replaceAll(/\$\{\w+\}|\$\w+/g, 'x');
  return isPlainLabelName(name)
    ? undefined
    : `${JSON.stringify(targetLabel)} is invalid 'target_label' for ${action} action`;
}
