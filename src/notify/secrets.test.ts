import { describe, expect, test } from 'vitest';
import { Secrets, secretTexts, valueAt } from './secrets.ts';

function redacting(...texts: string[]): (text: string) => string {
  const secrets = new Secrets();
  for (const text of texts) secrets.add(text);
  return (text) => secrets.redact(text);
}

describe('secrets', () => {
  test('are taken out in every way they are written', () => {
    const redact = redacting('pa ss/wörd"');
    expect(redact('x pa ss/wörd" y')).toBe('x <secret> y');
    expect(redact(`q=${encodeURIComponent('pa ss/wörd"')}`)).toBe('q=<secret>');
    expect(redact(new URLSearchParams({ q: 'pa ss/wörd"' }).toString())).toBe('q=<secret>');
    expect(redact(JSON.stringify({ a: 'pa ss/wörd"' }))).toBe('{"a":"<secret>"}');
    expect(redact(Buffer.from('pa ss/wörd"').toString('base64'))).toBe('<secret>');
  });

  test('of a URL the path, name and password count', () => {
    const redact = redacting('https://bot:p%40ss-w@hooks.example/services/T0/B0/XYZ?k=1');
    expect(redact('POST /services/T0/B0/XYZ?k=1 failed')).toBe('POST <secret> failed');
    expect(redact('p@ss-w and p%40ss-w')).toBe('<secret> and <secret>');
    expect(redact('connect ECONNREFUSED hooks.example:443')).toBe('connect ECONNREFUSED hooks.example:443');
  });

  test('the longer one first, so that nothing of it is left', () => {
    expect(redacting('secret', 'secret-and-more')('secret-and-more secret')).toBe('<secret> <secret>');
  });

  test('short ones only where they are words', () => {
    expect(redacting('ab')('ab cab ab.c "ab"')).toBe('<secret> cab <secret>.c "<secret>"');
    expect(redacting('')('ab')).toBe('ab');
    expect(redacting(' ')('a b')).toBe('a b');
  });

  test('names and tokens in URLs, also of nobody knows whom', () => {
    const redact = redacting();
    expect(redact('GET https://u:p@h/x?access_token=1&a=2&sig=3')).toBe(
      'GET https://<secret>@h/x?access_token=<secret>&a=2&sig=<secret>',
    );
    expect(redact('https://h/?monkey=1&q=key')).toBe('https://h/?monkey=1&q=key');
  });

  test('are found at and below keys', () => {
    const settings = { a: { b: ['x', { c: 'y' }], n: 1 }, d: 'z' };
    expect(secretTexts(settings, ['a.b', 'a.n', 'd', 'e.f', '__proto__'])).toEqual(['x', 'y', '1', 'z']);
    expect(valueAt(settings, 'toString')).toBeUndefined();
  });
});
