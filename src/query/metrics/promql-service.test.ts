import { expect, test } from 'vitest';
import { functionNamed } from '../../promql/index.ts';
import { selectorsOf } from './promql-service.ts';

test('exemplars are looked for behind range selectors and subqueries too', () => {
  const names = (text: string) =>
    selectorsOf(text, { functions: functionNamed }).map((matchers) =>
      matchers.map(({ value }) => value).join(),
    );
  expect(names('histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) / b')).toEqual(['a_bucket', 'b']);
  expect(names('max_over_time(rate(c{x="y"}[1m])[1h:5m])')).toEqual(['y,c']);
});
