import { describe, expect, test } from 'vitest';
import { paced } from './paced.ts';

/** Time that only moves when it is told to. */
function handClock() {
  let nowMs = 0;
  let timers: { atMs: number; call: () => void }[] = [];
  return {
    elapsed: () => nowMs,
    after(delayMs: number, call: () => void) {
      const timer = { atMs: nowMs + delayMs, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(byMs: number) {
      nowMs += byMs;
      const due = timers.filter(({ atMs }) => atMs <= nowMs);
      timers = timers.filter(({ atMs }) => atMs > nowMs);
      for (const { call } of due) call();
    },
  };
}

describe('paced', () => {
  test('cheap work is done every time', () => {
    let count = 0;
    const ask = paced(() => count++, handClock());
    ask();
    ask();
    expect(count).toBe(2);
  });

  test('dear work rests for nine times as long as it took, and what was asked for meanwhile is done once', () => {
    const clock = handClock();
    let count = 0;
    const ask = paced(() => {
      count++;
      clock.advance(20);
    }, clock);
    ask();
    ask();
    ask();
    clock.advance(179);
    expect(count).toBe(1);
    clock.advance(1);
    expect(count).toBe(2);
    clock.advance(1000);
    expect(count).toBe(2);
    ask();
    expect(count).toBe(3);
  });

  test('it never rests for longer than two seconds', () => {
    const clock = handClock();
    let count = 0;
    const ask = paced(() => {
      count++;
      if (count === 1) clock.advance(60_000);
    }, clock);
    ask();
    ask();
    clock.advance(2000);
    expect(count).toBe(2);
  });
});
