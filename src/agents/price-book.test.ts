import { describe, expect, it } from 'vitest';
import { normaliseModelId, priceOf, type RequestTokens, rowInEffect } from './price-book.ts';

const now = Date.UTC(2026, 10, 20);
const million = 1_000_000;

function tokens(part: Partial<RequestTokens>): RequestTokens {
  return { input: 0, output: 0, cacheRead: 0, cacheCreation: 0, cacheCreation1h: 0, ...part };
}

/** USD for a million tokens of one kind; below Haiku's tier in steps of 100 000. */
function usdPerMillion(model: string, part: Partial<RequestTokens>, atMs = now): number {
  const step = 100_000;
  const scaled = Object.fromEntries(Object.entries(part).map(([key, n]) => [key, (n * step) / million]));
  return (priceOf(model, tokens(scaled), atMs)! * (million / step)) / million;
}

describe('the price list, row by row', () => {
  // model, input, output, cache write 5 min, cache write 1 h, cache read
  it.each([
    ['claude-fable-5-2', 8, 40, 10, 16, 0.2],
    ['claude-fable-5-1', 10, 50, 12.5, 20, 0.25],
    ['claude-fable-5', 10, 50, 12.5, 20, 1],
    ['claude-mythos-5', 10, 50, 12.5, 20, 1],
    ['claude-opus-5-5', 4, 20, 5, 8, 0.2],
    ['claude-opus-5', 5, 25, 6.25, 10, 0.5],
    ['claude-opus-4-8', 5, 25, 6.25, 10, 0.5],
    ['claude-opus-4-7', 5, 25, 6.25, 10, 0.5],
    ['claude-opus-4-6', 5, 25, 6.25, 10, 0.5],
    ['claude-opus-4-5', 5, 25, 6.25, 10, 0.5],
    ['claude-opus-4-1', 15, 75, 18.75, 30, 1.5],
    ['claude-opus-4', 15, 75, 18.75, 30, 1.5],
    ['claude-sonnet-5-5', 2, 10, 2.5, 4, 0.1],
    ['claude-sonnet-5', 2, 10, 2.5, 4, 0.2],
    ['claude-sonnet-4-6', 3, 15, 3.75, 6, 0.3],
    ['claude-sonnet-4-5', 3, 15, 3.75, 6, 0.3],
    ['claude-sonnet-4', 3, 15, 3.75, 6, 0.3],
    ['claude-haiku-5-5', 0.1, 0.5, 0.125, 0.2, 0.01],
    ['claude-haiku-4-5', 1, 5, 1.25, 2, 0.1],
    ['claude-3-5-haiku', 0.8, 4, 1, 1.6, 0.08],
  ])('%s', (model, input, output, write5m, write1h, read) => {
    expect(usdPerMillion(model, { input: million })).toBe(input);
    expect(usdPerMillion(model, { output: million })).toBe(output);
    expect(usdPerMillion(model, { cacheCreation: million })).toBe(write5m);
    expect(usdPerMillion(model, { cacheCreation: million, cacheCreation1h: million })).toBe(write1h);
    expect(usdPerMillion(model, { cacheRead: million })).toBe(read);
  });

  it('Haiku 5.5: above 100 000 prompt tokens every token costs the higher rate', () => {
    const atLimit = tokens({ input: 50_000, cacheRead: 40_000, cacheCreation: 10_000, output: 1000 });
    const above = { ...atLimit, input: 50_001 };
    expect(priceOf('claude-haiku-5-5', atLimit, now)).toBe(5000 + 400 + 1250 + 500);
    expect(priceOf('claude-haiku-5-5', above, now)).toBe(Math.round(25_000.5 + 2000 + 6250 + 2500));
    const hour = tokens({ input: 100_001, cacheCreation: 1000, cacheCreation1h: 1000 });
    expect(priceOf('claude-haiku-5-5', hour, now)).toBe(Math.round(50_000.5 + 1000));
  });

  it('Sonnet 5.5: cache reads cost 0.20 until 7 October 2026', () => {
    const before = Date.UTC(2026, 9, 7) - 1;
    expect(usdPerMillion('claude-sonnet-5-5', { cacheRead: million }, before)).toBe(0.2);
    expect(usdPerMillion('claude-sonnet-5-5', { cacheRead: million }, before + 1)).toBe(0.1);
    expect(usdPerMillion('claude-sonnet-5-5', { output: million }, before)).toBe(10);
  });

  it('knows no price before a model existed', () => {
    expect(rowInEffect('claude-haiku-5-5', Date.UTC(2026, 9, 6))).toBeUndefined();
    expect(rowInEffect('claude-haiku-5-5', Date.UTC(2026, 9, 7))).toBeDefined();
  });
});

describe('priceOf', () => {
  const request = tokens({ input: 12, output: 64, cacheCreation: 13_500 });

  it('gives what the client itself reported for the same requests', () => {
    expect(priceOf('claude-sonnet-5-5', request, now)).toBe(34_414);
    expect(priceOf('claude-opus-4-6', request, now)).toBe(86_035);
    expect(priceOf('claude-haiku-5-5', request, now)).toBe(1721);
    const second = tokens({ input: 7, output: 72, cacheRead: 13_500, cacheCreation: 320 });
    expect(priceOf('claude-haiku-5-5', second, now)).toBe(212);
  });

  it('has no price for a model it does not know, but a request without tokens is free', () => {
    expect(priceOf('gpt-9', request, now)).toBeUndefined();
    expect(priceOf('', request, now)).toBeUndefined();
    expect(priceOf('gpt-9', tokens({}), now)).toBe(0);
  });

  it('halves batch requests, but not in fast mode', () => {
    const output = tokens({ output: million });
    expect(priceOf('claude-opus-5', output, now, { isBatch: true })).toBe(12_500_000);
    expect(priceOf('claude-opus-5', output, now, { isFast: true })).toBe(50_000_000);
    expect(priceOf('claude-opus-5', output, now, { isFast: true, isBatch: true })).toBe(50_000_000);
  });

  it('multiplies the cache in fast mode and ignores fast mode where it does not exist', () => {
    const cache = tokens({ cacheRead: million, cacheCreation: million });
    expect(priceOf('claude-opus-4-8', cache, now, { isFast: true })).toBe(1_000_000 + 12_500_000);
    expect(priceOf('claude-sonnet-5', cache, now, { isFast: true })).toBe(200_000 + 2_500_000);
  });

  it('adds the surcharges of regional endpoints and of one geography where they exist', () => {
    const input = tokens({ input: million });
    expect(priceOf('us.anthropic.claude-sonnet-4-5-20250929-v1:0', input, now)).toBe(3_300_000);
    expect(priceOf('global.anthropic.claude-sonnet-4-5-20250929-v1:0', input, now)).toBe(3_000_000);
    expect(priceOf('us.anthropic.claude-sonnet-4-20250514-v1:0', input, now)).toBe(3_000_000);
    expect(priceOf('claude-sonnet-4-6', input, now, { isGeoBound: true })).toBe(3_300_000);
    expect(priceOf('claude-sonnet-4-5', input, now, { isGeoBound: true })).toBe(3_000_000);
  });

  it('never prices more one-hour writes than there were writes', () => {
    const odd = tokens({ cacheCreation: 10, cacheCreation1h: 1000 });
    expect(priceOf('claude-sonnet-5', odd, now)).toBe(40);
  });
});

describe('normaliseModelId', () => {
  it.each([
    ['claude-sonnet-4-5', 'claude-sonnet-4-5', false],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5', false],
    ['claude-sonnet-4-5[1m]', 'claude-sonnet-4-5', false],
    ['claude-sonnet-4-5-20250929[1m]', 'claude-sonnet-4-5', false],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku', false],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5', false],
    ['publishers/anthropic/models/claude-opus-4-1@20250805', 'claude-opus-4-1', false],
    ['anthropic.claude-opus-4-6-v1:0', 'claude-opus-4-6', true],
    ['anthropic.claude-opus-4-6-v1', 'claude-opus-4-6', true],
    ['us.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5', true],
    ['us-gov.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5', true],
    ['global.anthropic.claude-opus-5', 'claude-opus-5', false],
    [
      'arn:aws:bedrock:us-east-1:1234:inference-profile/eu.anthropic.claude-sonnet-4-6-v1:0',
      'claude-sonnet-4-6',
      true,
    ],
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5', false],
    ['anthropic/claude-sonnet-4.5:thinking', 'claude-sonnet-4-5', false],
    [' Claude-Sonnet-5 ', 'claude-sonnet-5', false],
    ['opus', 'claude-opus-5-5', false],
    ['haiku', 'claude-haiku-5-5', false],
    ['fable', 'claude-fable-5-2', false],
    ['', '', false],
  ])('%s', (id, model, isRegional) => {
    expect(normaliseModelId(id, now)).toEqual({ model, isRegional });
  });

  it('leaves an alias alone for the time before its meaning is known', () => {
    expect(normaliseModelId('opus', Date.UTC(2026, 10, 18)).model).toBe('opus');
  });

  it('is quick on absurd ids', () => {
    expect(normaliseModelId('anthropic.'.repeat(100_000), now).model.length).toBeLessThan(300);
  });
});
