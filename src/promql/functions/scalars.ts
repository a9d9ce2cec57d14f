import { Labels } from '../../model/labels.ts';
import { type CallContext, defineFunction, type FunctionDefinition, type ScalarFunction } from './define.ts';
import { goMax, goMin } from './sample-math.ts';

/** A scalar known from the query alone. */
function queryConstant(
  name: string,
  help: string,
  value: (context: CallContext) => number,
  isExperimental: boolean,
): ScalarFunction {
  return defineFunction({
    kind: 'scalar',
    name,
    argTypes: [],
    variadic: 0,
    returns: 'scalar',
    isExperimental,
    help,
    evaluate: (_args, context) => value(context),
  });
}

function choice(name: string, help: string, choose: (a: number, b: number) => number): ScalarFunction {
  return defineFunction({
    kind: 'scalar',
    name,
    argTypes: ['scalar', 'scalar'],
    variadic: 0,
    returns: 'scalar',
    isExperimental: true,
    help,
    evaluate: ({ numbers }) => choose(numbers[0]!, numbers[1]!),
  });
}

const scalar = defineFunction({
  kind: 'scalar',
  name: 'scalar',
  argTypes: ['vector'],
  variadic: 0,
  returns: 'scalar',
  help: 'The value of the only float of a vector, NaN when it has none or several.',
  evaluate: ({ vectors }) => {
    let value = Number.NaN;
    let count = 0;
    for (const sample of vectors[0] ?? []) {
      if (sample.histogram !== undefined) continue;
      value = sample.value;
      count++;
    }
    return count === 1 ? value : Number.NaN;
  },
});

const vector = defineFunction({
  kind: 'vector',
  name: 'vector',
  argTypes: ['scalar'],
  variadic: 0,
  returns: 'vector',
  help: 'A vector of one sample without labels.',
  evaluate: ({ numbers }) => [
    { labels: Labels.EMPTY, dropsName: false, value: numbers[0]!, histogram: undefined },
  ],
});

/** Functions from or to scalars. */
export const scalarFunctions: readonly FunctionDefinition[] = [
  queryConstant('time', 'The evaluated moment in seconds since the epoch.', (c) => c.evalMs / 1000, false),
  queryConstant('pi', 'The number pi.', () => Math.PI, false),
  queryConstant('start', 'The first moment of the query in seconds.', (c) => c.startMs / 1000, true),
  queryConstant('end', 'The last moment of the query in seconds.', (c) => c.endMs / 1000, true),
  queryConstant(
    'range',
    "The length of the query's range in seconds, 0 for an instant query.",
    (c) => (c.endMs - c.startMs) / 1000,
    true,
  ),
  queryConstant(
    'step',
    'The step of the query in seconds, 0 for an instant query.',
    (c) => c.stepMs / 1000,
    true,
  ),
  choice('min_of', 'The smaller of two scalars.', goMin),
  choice('max_of', 'The greater of two scalars.', goMax),
  scalar,
  vector,
];
