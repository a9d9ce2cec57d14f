import { expect, it } from 'vitest';
import { advice, type RefusedMetric } from './cardinality-data.ts';

const refused: RefusedMetric = {
  metric: 'http_requests_total',
  series: 900,
  refusals: 4000,
  limit: 'metric',
  source: 'shop',
  label: { label: 'user_id', values: 12_000 },
  last_at_ms: 1,
};

it('names the label at fault, how to drop it, and the limit that could be raised', () => {
  const steps = advice(refused);
  expect(steps[0]).toContain('user_id has about 12,000 values');
  expect(steps[1]).toContain('regex: user_id');
  expect(steps.at(-1)).toContain('metrics.max_series_per_metric');
});

it('blames no label that is not', () => {
  const steps = advice({ ...refused, label: { label: 'code', values: 5 } });
  expect(steps.join(' ')).not.toContain('code has');
  expect(steps[0]).toContain('multiply');
  expect(advice({ ...refused, label: undefined, limit: 'total' }).at(-1)).toContain('metrics.max_series ');
});
