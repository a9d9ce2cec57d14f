import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { kindOf, type MetricKind, quickActions } from './quick-actions.ts';

const types: Record<string, string> = {
  http_requests_total: 'counter',
  http_seconds: 'histogram',
  rpc_seconds: 'summary',
  queue_length: 'gauge',
  odd: 'unknown',
  odd_bucket: 'gauge',
};
const typeOf = (family: string) => types[family];

function hasErrors(expr: string): boolean {
  let errors = 0;
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) errors += 1;
    },
  });
  return errors > 0;
}

describe('kind of a metric', () => {
  it.each<[string, MetricKind]>([
    ['http_requests_total', 'counter'],
    ['http_seconds_bucket', 'classic-histogram'],
    ['http_seconds_count', 'counter'],
    ['http_seconds_sum', 'counter'],
    ['http_seconds', 'native-histogram'],
    ['rpc_seconds', 'summary'],
    ['rpc_seconds_count', 'counter'],
    ['queue_length', 'gauge'],
    ['bytes_total', 'counter'],
    ['x_bucket', 'classic-histogram'],
    ['odd_bucket', 'gauge'],
    ['odd', 'unknown'],
    ['nothing_known', 'unknown'],
  ])('%s is a %s', (metric, kind) => {
    expect(kindOf(metric, typeOf)).toBe(kind);
  });
});

describe('quick actions', () => {
  const kinds: MetricKind[] = [
    'counter',
    'gauge',
    'classic-histogram',
    'native-histogram',
    'summary',
    'unknown',
  ];
  const metrics = ['a_bucket', 'claude_code.cost.usage', 'with "quotes"'];
  const labels = [null, 'job', 'service.name'];

  it('always parse, for every kind, name and label', () => {
    for (const kind of kinds)
      for (const metric of metrics)
        for (const by of labels)
          for (const { expr } of quickActions({ metric, kind, by })) {
            expect([expr, hasErrors(expr)]).toEqual([expr, false]);
          }
  });

  it('ask a histogram for its quantiles with le kept', () => {
    const actions = quickActions({ metric: 'http_seconds_bucket', kind: 'classic-histogram', by: 'route' });
    expect(actions.find(({ id }) => id === 'p95')?.expr).toBe(
      'histogram_quantile(0.95, sum by (le, route) (rate(http_seconds_bucket[5m])))',
    );
    expect(actions.find(({ id }) => id === 'mean')?.expr).toBe(
      'sum by (route) (rate(http_seconds_sum[5m])) / sum by (route) (rate(http_seconds_count[5m]))',
    );
  });

  it('ask a counter for its rate', () => {
    const [first, sum] = quickActions({ metric: 'x_total', kind: 'counter', by: 'a.b' });
    expect(first?.expr).toBe('rate(x_total[5m])');
    expect(sum?.expr).toBe('sum by ("a.b") (rate(x_total[5m]))');
  });
});
