import { BellwetherError } from '../../lib/errors.ts';
import { type AnchoredRegex, compileAnchored } from '../../lib/re2.ts';
import { type Labels, METRIC_NAME } from '../../model/labels.ts';
import { defineFunction, type StepSample, type VectorFunction } from './define.ts';
import { fillTemplate } from './label-template.ts';

/** A change of labels that has been checked and compiled. */
export interface LabelChange {
  /** The label it sets. */
  readonly target: string;
  /** The labels after it; the same ones when it does not apply. */
  readonly apply: (labels: Labels) => Labels;
}

function invalid(message: string, cause?: unknown): BellwetherError {
  return new BellwetherError({ code: 'execution', status: 422, message, cause });
}

/** Surrogates without a partner and replacement characters: what bytes that are no UTF-8 have become. */
const NO_UTF8 = /[\p{Surrogate}\ufffd]/u;

/** Whether a text may name a label: any UTF-8 text but the empty one. */
function isLabelName(name: string): boolean {
  return name !== '' && !NO_UTF8.test(name);
}

function compileLabelReplace(strings: readonly string[]): LabelChange {
  const [target = '', template = '', source = '', pattern = ''] = strings;
  let regex: AnchoredRegex;
  try {
    regex = compileAnchored(pattern);
  } catch (error) {
    throw invalid(`invalid regular expression in label_replace(): ${pattern}`, error);
  }
  if (!isLabelName(target)) throw invalid(`invalid destination label name in label_replace(): ${target}`);
  return remembering(target, (labels) => {
    const groups = regex.groups(labels.get(source));
    return groups === undefined ? labels : labels.with(target, fillTemplate(template, groups));
  });
}

function compileLabelJoin(strings: readonly string[]): LabelChange {
  const [target = '', separator = '', ...sources] = strings;
  const bad = sources.find((name) => !isLabelName(name));
  if (bad !== undefined) throw invalid(`invalid source label name in label_join(): ${bad}`);
  if (!isLabelName(target)) throw invalid(`invalid destination label name in label_join(): ${target}`);
  return remembering(target, (labels) =>
    labels.with(target, sources.map((name) => labels.get(name)).join(separator)),
  );
}

/** A series comes with the same labels at each step, so each label set is changed once. */
function remembering(target: string, change: (labels: Labels) => Labels): LabelChange {
  const known = new WeakMap<Labels, Labels>();
  const apply = (labels: Labels) => {
    let changed = known.get(labels);
    if (changed === undefined) {
      changed = change(labels);
      known.set(labels, changed);
    }
    return changed;
  };
  return { target, apply };
}

/** Most compiled changes that are kept; the one that has not been used for longest goes. */
const MAX_COMPILED = 64;

/** Compiles once for the steps of a query. */
function keepingCompiled(compile: (strings: readonly string[]) => LabelChange) {
  const compiled = new Map<string, LabelChange>();
  return (strings: readonly string[]): LabelChange => {
    const key = JSON.stringify(strings);
    const change = compiled.get(key) ?? compile(strings);
    compiled.delete(key);
    compiled.set(key, change);
    if (compiled.size > MAX_COMPILED) compiled.delete(compiled.keys().next().value!);
    return change;
  };
}

/**
 * The change that `label_replace(v, ...strings)` makes, for those who apply it to series instead of samples.
 *
 * @throws BellwetherError `execution` (422) for a bad regular expression or label name.
 */
export const labelReplaceChange: (strings: readonly string[]) => LabelChange =
  keepingCompiled(compileLabelReplace);

/** As {@link labelReplaceChange} for `label_join`. */
export const labelJoinChange: (strings: readonly string[]) => LabelChange = keepingCompiled(compileLabelJoin);

function changed(sample: StepSample, change: LabelChange): StepSample {
  const labels = change.apply(sample.labels);
  // A name that was just set stays, whatever was to happen to the one before it.
  const dropsName = labels === sample.labels || change.target !== METRIC_NAME ? sample.dropsName : false;
  return { labels, dropsName, value: sample.value, histogram: sample.histogram };
}

/** Functions that change labels and leave values alone. The evaluator refuses answers in which label sets have become equal. */
export const labelFunctions: readonly VectorFunction[] = [
  defineFunction({
    kind: 'vector',
    name: 'label_replace',
    argTypes: ['vector', 'string', 'string', 'string', 'string'],
    variadic: 0,
    returns: 'vector',
    help: 'Sets a label to a text with groups ($1, $name) of a regular expression that matches another label.',
    evaluate: ({ vectors, strings }) => {
      const change = labelReplaceChange(strings);
      return vectors[0]!.map((sample) => changed(sample, change));
    },
  }),
  defineFunction({
    kind: 'vector',
    name: 'label_join',
    argTypes: ['vector', 'string', 'string', 'string'],
    variadic: -1,
    returns: 'vector',
    help: 'Sets a label to the values of other labels, joined by a separator.',
    evaluate: ({ vectors, strings }) => {
      const change = labelJoinChange(strings);
      return vectors[0]!.map((sample) => changed(sample, change));
    },
  }),
];
