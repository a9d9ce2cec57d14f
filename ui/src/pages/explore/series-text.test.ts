import { describe, expect, it } from 'vitest';
import type { LabelSet } from './prometheus.ts';
import { selectorOf, seriesText, shortNames, varyingLabels } from './series-text.ts';

describe('series as text', () => {
  it('writes classic names bare and other names quoted', () => {
    expect(seriesText({ __name__: 'up', job: 'a"b', env: 'x' })).toBe('up{env="x", job="a\\"b"}');
    expect(seriesText({ __name__: 'claude.cost', 'service.name': 'x' })).toBe(
      '{"claude.cost", "service.name"="x"}',
    );
    expect(seriesText({})).toBe('{}');
    expect(selectorOf('a:b')).toBe('a:b');
    expect(selectorOf('a b')).toBe('{"a b"}');
  });

  it('names series by what differs between them', () => {
    const all: LabelSet[] = [
      { __name__: 'x', job: 'a', env: 'test' },
      { __name__: 'x', job: 'b', env: 'test' },
      { __name__: 'x', env: 'test' },
    ];
    expect(varyingLabels(all)).toEqual(['job']);
    expect(shortNames(all)).toEqual(['job=a', 'job=b', 'x{env="test"}']);
    expect(shortNames([{ __name__: 'x' }])).toEqual(['x']);
    expect(shortNames([{}])).toEqual(['']);
    expect(shortNames([{ __name__: 'x' }, { __name__: 'y' }])).toEqual(['x', 'y']);
  });
});
