import { expect, test } from 'vitest';
import { forwardTouches } from './live.ts';

function harness() {
  let nowMs = 1000;
  let touched: string[] = [];
  const announced: string[][] = [];
  const stored = forwardTouches({
    ledger: {
      takeTouched() {
        const sessionIds = touched;
        touched = [];
        return { sessionIds, isTruncated: false };
      },
    },
    live: { touch: (ids) => announced.push([...ids]) },
    clock: () => nowMs,
  });
  return {
    announced,
    decode: (id: string) => touched.push(id),
    store: (table: string, afterMs = 100) => {
      nowMs += afterMs;
      stored({ table });
    },
  };
}

test('a session touched while an older commit was stored is announced again when its own rows are there', () => {
  const { announced, decode, store } = harness();
  decode('a');
  store('agent_events');
  decode('b');
  store('agent_points');
  store('agent_events');
  expect(announced.at(-1)).toEqual(['a', 'b']);
});

test('announcing ends, and other tables announce nothing', () => {
  const { announced, decode, store } = harness();
  decode('a');
  store('logs');
  expect(announced).toEqual([]);
  store('agent_events');
  store('agent_events', 3001);
  expect(announced).toEqual([['a']]);
});
