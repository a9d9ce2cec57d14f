import { describe, expect, it } from 'vitest';
import { groupedMetrics, matchingMetrics } from './metric-list.ts';

const names = ['go_a', 'go_b', 'go_c', 'node_a', 'node_b', 'up'];

describe('list of metrics', () => {
  it('groups what shares a first word, and shows few names as they are', () => {
    expect(groupedMetrics(names, new Set())).toEqual([
      { kind: 'group', prefix: 'go', count: 3, isOpen: false },
      { kind: 'metric', name: 'node_a', isNested: false },
      { kind: 'metric', name: 'node_b', isNested: false },
      { kind: 'metric', name: 'up', isNested: false },
    ]);
    const open = groupedMetrics(names, new Set(['go']));
    expect(open.slice(1, 4).map((item) => item.kind === 'metric' && item.name)).toEqual([
      'go_a',
      'go_b',
      'go_c',
    ]);
  });

  it('finds names that hold every word, those that begin with the first word first', () => {
    expect(matchingMetrics(['cpu_http', 'http_cpu', 'http_mem'], 'HTTP cpu')).toEqual([
      'http_cpu',
      'cpu_http',
    ]);
    expect(matchingMetrics(names, ' ')).toBe(names);
  });
});
