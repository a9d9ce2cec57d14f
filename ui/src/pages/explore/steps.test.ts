import { describe, expect, it } from 'vitest';
import { alignedRange, chooseStep, mostPoints, parseStep, stepText } from './steps.ts';

const hourMs = 3_600_000;
const range = (hours: number) => ({ fromMs: 1_000_000, toMs: 1_000_000 + hours * hourMs });

describe('steps', () => {
  it.each([
    ['15s', 15_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1w', 604_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseStep(text)).toBe(ms);
  });

  it.each(['', '0s', '5', 's', '-1s', '1.5m', 'fine', '5 m'])('refuses %j', (text) => {
    expect(parseStep(text)).toBeNull();
  });

  it('writes what it reads', () => {
    for (const text of ['15s', '1h30m', '2d', '1m1s500ms']) expect(stepText(parseStep(text)!)).toBe(text);
  });

  it('chooses a round step by the range and by fineness', () => {
    expect(stepText(chooseStep('', range(1)).stepMs)).toBe('15s');
    expect(stepText(chooseStep('fine', range(1)).stepMs)).toBe('5s');
    expect(stepText(chooseStep('coarse', range(1)).stepMs)).toBe('30s');
    expect(stepText(chooseStep('', range(24)).stepMs)).toBe('5m');
    expect(stepText(chooseStep('', range(24 * 365 * 2)).stepMs)).toBe('3d');
  });

  it('takes a fixed step unless it gives more points than the server answers', () => {
    expect(chooseStep('1s', range(1))).toEqual({ stepMs: 1000, refused: null });
    const { stepMs, refused } = chooseStep('1s', range(24));
    expect(refused).toBe('1s');
    expect((24 * hourMs) / stepMs).toBeLessThanOrEqual(mostPoints);
  });

  it('asks for the same moments within ten seconds, and never leaves out more than that', () => {
    const first = alignedRange({ fromMs: 61_000, toMs: 1_061_000 }, 300_000);
    expect(first).toEqual({ startMs: 160_000, endMs: 1_060_000 });
    expect(alignedRange({ fromMs: 65_000, toMs: 1_065_000 }, 300_000)).toEqual(first);
    expect(alignedRange({ fromMs: 1400, toMs: 3500 }, 1000)).toEqual({ startMs: 1000, endMs: 3000 });
    expect(alignedRange({ fromMs: 15_000, toMs: 20_000 }, 300_000)).toEqual({
      startMs: 20_000,
      endMs: 20_000,
    });
  });
});
