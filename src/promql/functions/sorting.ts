import { warnOfSortInRangeQuery } from './annotations.ts';
import { defineFunction, type StepSample, type VectorFunction } from './define.ts';
import { compareNaturally } from './natural-order.ts';

/** Ascending order of values, NaNs last. */
function ascending(a: StepSample, b: StepSample): number {
  if (Number.isNaN(a.value) || Number.isNaN(b.value))
    return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
  return a.value < b.value ? -1 : Number(a.value > b.value);
}

/** Descending order of values, NaNs last. */
function descending(a: StepSample, b: StepSample): number {
  return Number.isNaN(a.value) || Number.isNaN(b.value) ? ascending(a, b) : ascending(b, a);
}

function byValue(name: string, help: string, order: (a: StepSample, b: StepSample) => number) {
  return defineFunction({
    kind: 'vector',
    name,
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    help,
    evaluate: ({ vectors }, context) => {
      warnOfSortInRangeQuery(context);
      return vectors[0]!.filter((sample) => sample.histogram === undefined).sort(order);
    },
  });
}

/** Order of the given labels' values, then of all labels. */
function compareByLabels(a: StepSample, b: StepSample, names: readonly string[]): number {
  for (const name of names) {
    const order = compareNaturally(a.labels.get(name), b.labels.get(name));
    if (order !== 0) return order;
  }
  return a.labels.compare(b.labels);
}

function byLabels(name: string, help: string, sign: 1 | -1) {
  return defineFunction({
    kind: 'vector',
    name,
    argTypes: ['vector', 'string'],
    variadic: -1,
    returns: 'vector',
    isExperimental: true,
    help,
    evaluate: ({ vectors, strings }, context) => {
      warnOfSortInRangeQuery(context);
      return [...vectors[0]!].sort((a, b) => sign * compareByLabels(a, b, strings));
    },
  });
}

/** Functions that order a vector. Range queries order their series by labels in any case. */
export const sortingFunctions: readonly VectorFunction[] = [
  byValue('sort', 'The floats of the vector in ascending order of their values.', ascending),
  byValue('sort_desc', 'The floats of the vector in descending order of their values.', descending),
  byLabels('sort_by_label', "Samples in natural order of the given labels' values.", 1),
  byLabels('sort_by_label_desc', "Samples in reverse natural order of the given labels' values.", -1),
];
