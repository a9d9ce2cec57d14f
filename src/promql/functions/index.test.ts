import { describe, expect, test } from 'vitest';
import type { FunctionDefinition } from './define.ts';
import { contextOf, sampleOf, valuesOf } from './function-test-kit.ts';
import {
  ANCHORED_FUNCTIONS,
  allFunctions,
  functionNamed,
  SMOOTHED_FUNCTIONS,
  TIME_DEPENDENT_FUNCTIONS,
} from './index.ts';

const names = allFunctions.map(({ name }) => name);
const TYPES = new Set(['scalar', 'vector', 'matrix', 'string']);

/** The result of one call with plausible arguments. */
function call(definition: FunctionDefinition): unknown {
  const context = contextOf({ evalMs: 60_000 });
  const numbers = [0.5, 0.5];
  const vectors = [[sampleOf({ __name__: 'm', a: '1' }, 4), sampleOf({ __name__: 'm', a: '2' }, 2)]];
  if (definition.kind === 'range') return definition.evaluate(valuesOf(3, 1, 2), numbers, context);
  if (definition.kind === 'sample') return definition.evaluate(vectors[0]![0]!, numbers, context);
  if (definition.kind === 'scalar') return definition.evaluate({ vectors, numbers }, context);
  if (definition.kind === 'vector')
    return definition.evaluate({ vectors, numbers, strings: ['a', 'b', 'c', 'd'] }, context);
  return undefined;
}

describe('the registry of functions', () => {
  test('has each name once, in order, and finds it', () => {
    expect(names).toEqual([...new Set(names)].sort());
    for (const definition of allFunctions) expect(functionNamed(definition.name)).toBe(definition);
  });

  test('knows nothing else', () => {
    for (const name of ['', 'Rate', 'holt_winters', 'toString', '__proto__'])
      expect(functionNamed(name)).toBeUndefined();
  });

  test.each(allFunctions.map((definition) => [definition.name, definition] as const))(
    '%s has a sane signature and help',
    (name, definition) => {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(definition.help).toMatch(/^[A-Z0-9].*\.$/);
      expect(definition.help.length).toBeLessThan(120);
      for (const type of [...definition.argTypes, definition.returns]) expect(TYPES).toContain(type);
      expect(definition.variadic).toBeGreaterThanOrEqual(-1);
      if (definition.variadic !== 0) expect(definition.argTypes.length).toBeGreaterThan(0);
      expect(definition.kind === 'range').toBe(
        definition.argTypes.includes('matrix') && definition.kind !== 'evaluator',
      );
      expect(definition.returns).toBe(definition.kind === 'scalar' ? 'scalar' : 'vector');
    },
  );

  test.each(allFunctions.map((definition) => [definition.name, definition] as const))(
    '%s gives the same answer twice and leaves its arguments alone',
    (_name, definition) => {
      const once = call(definition);
      expect(call(definition)).toEqual(once);
    },
  );

  test('has what Prometheus 3.14 documents', () => {
    const documented =
      'abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing end exp first_over_time floor histogram_avg histogram_count histogram_fraction histogram_quantile histogram_quantiles histogram_stddev histogram_stdvar histogram_sum hour idelta increase info irate label_join label_replace last_over_time ln log10 log2 mad_over_time max_of max_over_time min_of min_over_time minute month pi predict_linear present_over_time quantile_over_time rad range rate resets round scalar sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc sqrt start start_timestamp stddev_over_time stdvar_over_time step sum_over_time tan tanh time timestamp ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time vector year';
    expect(names).toEqual(documented.split(' '));
    const experimental = allFunctions.filter(({ isExperimental }) => isExperimental).map(({ name }) => name);
    expect(experimental.join(' ')).toBe(
      'double_exponential_smoothing end histogram_quantiles info mad_over_time max_of min_of range sort_by_label sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time',
    );
  });

  test('names only functions that exist in its lists', () => {
    for (const name of [...ANCHORED_FUNCTIONS, ...SMOOTHED_FUNCTIONS, ...TIME_DEPENDENT_FUNCTIONS])
      expect(names).toContain(name);
  });

  test('keeps the name for the first and the last sample only', () => {
    const keeping = allFunctions.filter((definition) => definition.kind === 'range' && definition.keepsName);
    expect(keeping.map(({ name }) => name)).toEqual(['first_over_time', 'last_over_time']);
  });
});
