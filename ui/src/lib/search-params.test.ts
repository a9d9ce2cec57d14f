import { describe, expect, test } from 'vitest';
import { parseSearch, stringifySearch, validateSearch } from './search-params.ts';

describe('the query string', () => {
  test('reads and writes plain text, not JSON', () => {
    expect(parseSearch('?from=now-1h&q=a+b&n=5')).toEqual({ from: 'now-1h', q: 'a b', n: '5' });
    expect(
      stringifySearch({ from: 'now-1d/d', q: 'a b&c', at: '2026-11-20T14:00:00.000Z', gone: undefined }),
    ).toBe('?from=now-1d/d&q=a%20b%26c&at=2026-11-20T14:00:00.000Z');
    expect(stringifySearch({})).toBe('');
  });

  test('what is written is read back', () => {
    const search = { q: '100% "x" = ä/+&?#', 'var-host': 'a,b@c' };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });

  test('cuts long values and stops at many keys', () => {
    const many = Array.from({ length: 500 }, (_, index) => `k${index}=1`).join('&');
    expect(Object.keys(parseSearch(`?${many}`))).toHaveLength(64);
    expect(parseSearch(`?q=${'x'.repeat(10_000)}`).q).toHaveLength(4096);
    expect(Object.getPrototypeOf(parseSearch('?__proto__=x'))).toBe(Object.prototype);
  });

  test('drops shared parameters that mean nothing, keeps those of the page', () => {
    expect(
      validateSearch({
        from: 'banana',
        to: 'now',
        tz: 'Mars/Olympus',
        live: 'maybe',
        refresh: '3s',
        q: 'banana',
      }),
    ).toEqual({ to: 'now', q: 'banana' });
    expect(validateSearch({ tz: 'Europe/Berlin', live: 'off', refresh: '10s' })).toEqual({
      tz: 'Europe/Berlin',
      live: 'off',
      refresh: '10s',
    });
  });
});
