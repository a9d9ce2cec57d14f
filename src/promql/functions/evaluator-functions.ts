import { defineFunction, type FunctionDefinition } from './define.ts';

/** Functions that need the query's expressions or the samples' own times, so the evaluator does them. */
export const evaluatorFunctions: readonly FunctionDefinition[] = [
  defineFunction({
    kind: 'evaluator',
    name: 'absent',
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    help: 'One sample with value 1 when the vector is empty, with the labels its selector demands.',
  }),
  defineFunction({
    kind: 'evaluator',
    name: 'absent_over_time',
    argTypes: ['matrix'],
    variadic: 0,
    returns: 'vector',
    help: 'One sample with value 1 when the range holds no sample, with the labels its selector demands.',
  }),
  defineFunction({
    kind: 'evaluator',
    name: 'info',
    argTypes: ['vector', 'vector'],
    variadic: 1,
    returns: 'vector',
    isExperimental: true,
    help: 'Adds the data labels of the matching info series, of target_info unless a selector says otherwise.',
  }),
  defineFunction({
    kind: 'evaluator',
    name: 'timestamp',
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    help: 'The time of each sample in seconds since the epoch.',
  }),
  // No sample carries its start time, which is what Prometheus answers by default as well: nothing.
  defineFunction({
    kind: 'vector',
    name: 'start_timestamp',
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    isExperimental: true,
    help: 'The start times of counters. Always empty: they are not used in queries.',
    evaluate: () => [],
  }),
];
