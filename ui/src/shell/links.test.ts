import { expect, test } from 'vitest';
import { shareUrl } from './links.ts';

const page = {
  origin: 'http://host:7070',
  pathname: '/agents',
  search: { q: 'opus', live: 'off', refresh: '5s' },
};
const range = {
  from: 'now-24h',
  to: 'now',
  fromMs: Date.UTC(2026, 10, 19, 14),
  toMs: Date.UTC(2026, 10, 20, 14),
  zone: 'UTC',
};

test('a link says the range even where it is the default, and nothing about this browser', () => {
  expect(shareUrl(page, range, 'relative')).toBe('http://host:7070/agents?from=now-24h&to=now&q=opus');
});

test('a pinned link carries moments and the zone they were seen in', () => {
  expect(shareUrl(page, range, 'pinned')).toBe(
    'http://host:7070/agents?from=2026-11-19T14:00:00.000Z&to=2026-11-20T14:00:00.000Z&q=opus&tz=UTC',
  );
});
