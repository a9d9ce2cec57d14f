import { hash } from 'node:crypto';
import { type AnchoredRegex, compileAnchored } from '../lib/re2.ts';
import { compareText, isPlainLabelName, isWellFormed, Labels } from '../model/labels.ts';

export const RELABEL_ACTIONS = [
  'replace',
  'lowercase',
  'uppercase',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
] as const;
export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** One step of relabelling, as Prometheus's `relabel_config`. */
export interface RelabelRule {
  readonly sourceLabels: readonly string[];
  /** Between the values of the source labels. */
  readonly separator: string;
  /** Matches the whole text. */
  readonly regex: AnchoredRegex;
  /** Of `hashmod`; at least 1 there. */
  readonly modulus: bigint;
  /** May be a template for `replace`. */
  readonly targetLabel: string;
  readonly replacement: string;
  readonly action: RelabelAction;
}

/** The defaults of every field. */
export const DEFAULT_RELABEL_RULE: RelabelRule = {
  sourceLabels: [],
  separator: ';',
  regex: compileAnchored('(.*)'),
  modulus: 0n,
  targetLabel: '',
  replacement: '$1',
  action: 'replace',
};

/**
 * Applies rules in their order.
 *
 * @returns the labels, the same object when nothing changed; undefined when a rule dropped them.
 */
export function relabel(labels: Labels, rules: readonly RelabelRule[]): Labels | undefined {
  if (rules.length === 0) return labels;
  const builder = new LabelBuilder(labels);
  for (const rule of rules) if (!apply(rule, builder)) return undefined;
  return builder.labels();
}

/** Labels under change; an empty value removes. */
export class LabelBuilder {
  #base: Labels;
  #changed: Map<string, string> | undefined;

  constructor(labels: Labels) {
    this.#base = labels;
  }

  get(name: string): string {
    return this.#changed === undefined ? this.#base.get(name) : (this.#changed.get(name) ?? '');
  }

  set(name: string, value: string): void {
    if (this.get(name) === value) return;
    this.#changed ??= new Map(this.#base.entries());
    if (value === '') this.#changed.delete(name);
    else this.#changed.set(name, value);
  }

  /** A copy that does not change while labels are set. */
  entries(): (readonly [name: string, value: string])[] {
    if (this.#changed === undefined) return [...this.#base.entries()];
    return [...this.#changed].sort((a, b) => compareText(a[0], b[0]));
  }

  labels(): Labels {
    return this.#changed === undefined ? this.#base : Labels.from(this.#changed);
  }
}

/** False when the labels are dropped. */
function apply(rule: RelabelRule, builder: LabelBuilder): boolean {
  switch (rule.action) {
    case 'labelmap':
    case 'labeldrop':
    case 'labelkeep':
      applyToNames(rule, builder);
      return true;
    default:
      return applyToValue(rule, builder, sourceValue(rule, builder));
  }
}

function sourceValue({ sourceLabels, separator }: RelabelRule, builder: LabelBuilder): string {
  if (sourceLabels.length === 1) return builder.get(sourceLabels[0]!);
  return sourceLabels.map((name) => builder.get(name)).join(separator);
}

function applyToValue(rule: RelabelRule, builder: LabelBuilder, value: string): boolean {
  const { targetLabel, regex } = rule;
  switch (rule.action) {
    case 'drop':
      return !regex.matches(value);
    case 'keep':
      return regex.matches(value);
    case 'dropequal':
      return builder.get(targetLabel) !== value;
    case 'keepequal':
      return builder.get(targetLabel) === value;
    case 'lowercase':
      builder.set(targetLabel, value.toLowerCase());
      return true;
    case 'uppercase':
      builder.set(targetLabel, value.toUpperCase());
      return true;
    case 'hashmod':
      builder.set(targetLabel, hashMod(value, rule.modulus));
      return true;
    default:
      replace(rule, builder, value);
      return true;
  }
}

function applyToNames({ action, regex, replacement }: RelabelRule, builder: LabelBuilder): void {
  for (const [name, value] of builder.entries()) {
    if (action === 'labelmap') {
      const groups = regex.groups(name);
      if (groups !== undefined) builder.set(expandTemplate(replacement, groups), value);
    } else if (regex.matches(name) === (action === 'labeldrop')) {
      builder.set(name, '');
    }
  }
}

/** A target that does not come out as a label name leaves everything as it was; an empty replacement removes the label. */
function replace(
  { regex, targetLabel, replacement }: RelabelRule,
  builder: LabelBuilder,
  value: string,
): void {
  const groups = regex.groups(value);
  if (groups === undefined) return;
  const name = expandTemplate(targetLabel, groups);
  if (!isLabelName(name)) return;
  builder.set(name, expandTemplate(replacement, groups));
}

/** Any text that is not empty and well-formed. */
export function isLabelName(name: string): boolean {
  return name !== '' && (isPlainLabelName(name) || isWellFormed(name));
}

/** The last eight bytes of the MD5 as a big-endian number, modulo. */
function hashMod(value: string, modulus: bigint): string {
  return (hash('md5', value, 'buffer').readBigUInt64BE(8) % modulus).toString();
}

/** What a template may refer to: groups by number and by name. */
export interface TemplateGroups {
  readonly list: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$`; the longest name counts, unknown ones are empty. */
export function expandTemplate(template: string, groups: TemplateGroups): string {
  if (!template.includes('$')) return template;
  return template.replace(REFERENCE, (reference, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare;
    if (name === undefined) return reference === '$$' ? '$' : reference;
    return (/^\d+$/.test(name) ? groups.list[Number(name)] : groups.named.get(name)) ?? '';
  });
}
