import { describe, expect, it } from 'vitest';
import { mostOffered, pickNames } from './completion.ts';
import { bareMetric, selectorsOf } from './selectors.ts';

describe('selectors of an expression', () => {
  it('are found once each, without ranges and offsets', () => {
    expect(selectorsOf('sum(rate(a{b="c"}[5m] offset 1h)) / sum(a{b="c"}) + {"x.y"}')).toEqual([
      'a{b="c"}',
      '{"x.y"}',
    ]);
  });

  it.each(['', '1 + 2', 'a{co}', 'sum(a', 'foo bar', 'a{b='])('there are none to count in %j', (expr) => {
    expect(selectorsOf(expr)).toBeNull();
  });
});

describe('an expression that is one metric', () => {
  it.each([
    ['up', 'up'],
    [' up{job="a"} ', 'up'],
    ['{"claude.cost", a="b"}', 'claude.cost'],
    ['up > 1', null],
    ['rate(up[5m])', null],
    ['{job="a"}', null],
  ])('%s names %s', (expr, metric) => {
    expect(bareMetric(expr)).toBe(metric);
  });
});

describe('names offered', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `metric_${index}_total`);

  it('are all of them while they are few', () => {
    expect(pickNames(['a', 'b'], 'zzz')).toEqual(['a', 'b']);
  });

  it('are those that fit best when there are many', () => {
    const offered = pickNames(['total_metric', ...names, 'metric_7'], 'metric_7');
    expect(offered).toHaveLength(mostOffered);
    expect(offered.slice(0, 2)).toEqual(['metric_7', 'metric_7_total']);
    expect(pickNames([...names, 'xmetric_zz'], 'metric_z')).toEqual(['xmetric_zz']);
    expect(pickNames([...names, 'node_zoo_keeper'], 'nzk')).toEqual(['node_zoo_keeper']);
  });
});
