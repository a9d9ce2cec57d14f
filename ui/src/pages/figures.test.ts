import { expect, it } from 'vitest';
import { cacheHit, errorRate, failures, sessionTitle, spanMs, spendPerStep, totalTokens } from './figures.ts';
import { sessionWith } from './session-fixture.ts';

const session = sessionWith({});

it('counts all tokens, and takes the cache hit of what was sent only', () => {
  expect(totalTokens(session)).toBe(1050);
  expect(cacheHit(session)).toBe(0.8);
  expect(
    cacheHit(sessionWith({ input_tokens: 0, cache_read_tokens: 0, cache_creation_tokens: 0 })),
  ).toBeNull();
});

it('takes failed requests of all requests', () => {
  expect(errorRate(session)).toBe(0.1);
  expect(errorRate({ api_requests: 0, api_errors: 0 })).toBeNull();
  expect(failures(session)).toBe(3);
});

it('adds the models up at each step', () => {
  expect(
    spendPerStep({
      times: [0, 1],
      models: [
        { model: 'a', cost_usd: [1, 2] },
        { model: 'b', cost_usd: [0.5, 0] },
      ],
    }),
  ).toEqual([1.5, 2]);
});

it('names a session by its user, else by its id', () => {
  expect(sessionTitle(session)).toBe('ada@example.com');
  expect(sessionTitle(sessionWith({ user: '' }))).toBe('aaaaaaaa');
  expect(spanMs(session)).toBe(590_000);
});
