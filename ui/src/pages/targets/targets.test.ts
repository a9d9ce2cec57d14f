import { describe, expect, it } from 'vitest';
import { targetHint } from './hints.ts';
import { type ActiveTarget, matchesTarget, poolsOf, scrapedAtMs, targetKey } from './target-data.ts';

const target = (over: Partial<ActiveTarget> = {}): ActiveTarget => ({
  discoveredLabels: {},
  labels: { job: 'node', instance: 'a:9100' },
  scrapePool: 'node',
  scrapeUrl: 'http://a:9100/metrics',
  globalUrl: 'http://a:9100/metrics',
  lastError: '',
  lastScrape: '2026-11-20T14:00:00Z',
  lastScrapeDuration: 0.01,
  health: 'up',
  scrapeInterval: '15s',
  scrapeTimeout: '10s',
  ...over,
});

describe('targets', () => {
  it('stand in their pools; a pool without any is there too, with what was dropped', () => {
    const pools = poolsOf({
      activeTargets: [target(), target({ health: 'down' })],
      droppedTargets: [{ discoveredLabels: {}, scrapePool: 'gone' }],
      droppedTargetCounts: { gone: 40 },
      pools: ['gone', 'node'],
    });
    expect(pools.map(({ name, up, droppedCount }) => [name, up, droppedCount])).toEqual([
      ['gone', 0, 40],
      ['node', 1, 0],
    ]);
  });

  it('are found by address, label, error and state', () => {
    const broken = target({ lastError: 'connection refused', health: 'down' });
    for (const q of ['', '9100', 'job=node', 'refused', 'down node', 'instance="a:9100"']) {
      expect([q, matchesTarget(broken, q)]).toEqual([q, true]);
    }
    expect(matchesTarget(broken, 'up')).toBe(false);
  });

  it('have no moment before the first scrape', () => {
    expect(scrapedAtMs(target())).toBe(Date.UTC(2026, 10, 20, 14));
    expect(scrapedAtMs(target({ lastScrape: '0001-01-01T00:00:00Z' }))).toBeNull();
  });

  it('are joined with their samples by labels', () => {
    expect(targetKey({ __name__: 'scrape_samples_scraped', instance: 'a:9100', job: 'node' })).toBe(
      targetKey(target().labels),
    );
  });

  it('get advice that fits their error', () => {
    expect(targetHint('connect ECONNREFUSED 127.0.0.1:1')).toContain('Nothing listens');
    expect(targetHint('server returned HTTP status 404 Not Found')).toContain('metrics_path');
    expect(targetHint('context deadline exceeded')).toContain('scrape_timeout');
    expect(targetHint('')).toBe('');
    expect(targetHint('something new')).toBe('');
  });
});
