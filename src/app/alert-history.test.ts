import { expect, test } from 'vitest';
import type { PartialAlertEvent } from '../alerts/types.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Labels } from '../model/labels.ts';
import { createBatch } from '../store/index.ts';
import { FakeClock, settle } from '../store/testing/fake-clock.ts';
import { eventId } from './alert-event-rows.ts';
import { createAlertHistory } from './alert-history.ts';

const labels = Labels.fromObject({ alertname: 'ServiceDown', severity: 'critical', service: 'shop' });

function event(n: number): PartialAlertEvent {
  return { timeMs: 1_000 + n, kind: 'firing', fingerprint: 'f00d', startsAtMs: 1_000, labels };
}

function unavailable(status: number, retryAfterS?: number): BellwetherError {
  return new BellwetherError({ code: 'spool_full', message: 'full', status, retryAfterS });
}

/** A writer that counts the rows of every commit; `refusal` is thrown instead of admitting. */
function setUp(options: { maxWaiting?: number } = {}) {
  const state = {
    commits: [] as number[],
    refusal: undefined as Error | undefined,
    failure: undefined as Error | undefined,
    rows: createBatch(),
    complaints: [] as unknown[],
  };
  const clock = new FakeClock();
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields) => state.complaints.push(fields),
  };
  const writer = {
    admit: () => {
      if (state.refusal !== undefined) throw state.refusal;
    },
    batch: () => state.rows,
    mark: () => {},
    rollback: () => {
      state.rows = createBatch();
    },
    committed: async () => {
      const count = state.rows.alert_events.ts.length;
      state.rows = createBatch();
      if (state.failure !== undefined) throw state.failure;
      state.commits.push(count);
    },
  };
  const history = createAlertHistory({ writer, priorityOf: () => 'P0', clock, log, ...options });
  return { state, clock, history };
}

test('events that come together are one commit', async () => {
  const { state, clock, history } = setUp();
  history.record([event(1), event(2)]);
  history.record([event(3)]);
  history.record([]);
  expect(state.commits).toEqual([]);
  await clock.pass(20);
  expect(state.commits).toEqual([3]);
  history.record([event(4)]);
  await clock.pass(20);
  expect(state.commits).toEqual([3, 1]);
  expect(history.counters()).toEqual({ recorded: 4, written: 4, dropped: 0, retries: 0, waiting: 0 });
});

test('many are written in several commits, in order', async () => {
  const { state, history } = setUp();
  history.record(Array.from({ length: 4_500 }, (_, n) => event(n)));
  await history.flush();
  expect(state.commits).toEqual([2_000, 2_000, 500]);
});

test.each([429, 503])('a refusal with %d is tried again, not before the writer said', async (status) => {
  const { state, clock, history } = setUp();
  state.refusal = unavailable(status, 10);
  history.record([event(1)]);
  await clock.pass(20);
  expect(history.counters()).toMatchObject({ written: 0, retries: 1, waiting: 1 });
  state.refusal = undefined;
  await clock.pass(9_999);
  expect(state.commits).toEqual([]);
  await clock.pass(1);
  expect(state.commits).toEqual([1]);
  expect(history.counters()).toMatchObject({ written: 1, dropped: 0, waiting: 0 });
});

test('a commit that fails is written again as a whole', async () => {
  const { state, clock, history } = setUp();
  state.failure = unavailable(503);
  history.record([event(1), event(2)]);
  await clock.pass(20);
  state.failure = undefined;
  await clock.pass(500);
  expect(state.commits).toEqual([2]);
});

test('beyond the bound events are dropped, counted and told once a minute', async () => {
  const { state, clock, history } = setUp({ maxWaiting: 2 });
  state.refusal = unavailable(503);
  history.record([event(1), event(2), event(3)]);
  history.record([event(4)]);
  expect(history.counters()).toMatchObject({ recorded: 4, dropped: 2, waiting: 2 });
  expect(state.complaints).toEqual([{ dropped: 1, reason: 'too many wait' }]);
  await clock.pass(60_000);
  history.record([event(5)]);
  expect(state.complaints).toHaveLength(2);
  state.refusal = undefined;
  await history.flush();
  expect(state.commits).toEqual([2]);
});

test('what cannot be written for another reason is given up, the rest goes on', async () => {
  const { state, clock, history } = setUp();
  state.failure = new Error('a bug');
  history.record([event(1)]);
  await clock.pass(20);
  expect(history.counters()).toMatchObject({ dropped: 1, waiting: 0 });
  state.failure = undefined;
  history.record([event(2)]);
  await clock.pass(20);
  expect(history.counters()).toMatchObject({ written: 1 });
});

test('a stop writes what waits at once, and drops what comes later', async () => {
  const { state, history } = setUp();
  history.record([event(1)]);
  await history.stop();
  expect(state.commits).toEqual([1]);
  history.record([event(2)]);
  expect(history.counters()).toMatchObject({ written: 1, dropped: 1, waiting: 0 });
});

test('a stop gives up after its grace, and says what is lost', async () => {
  const { state, clock, history } = setUp();
  state.refusal = unavailable(503, 60);
  history.record([event(1), event(2)]);
  let isDone = false;
  const stopping = history.stop().then(() => {
    isDone = true;
  });
  await clock.pass(999);
  await settle();
  expect(isDone).toBe(false);
  await clock.pass(1);
  await stopping;
  expect(history.counters()).toMatchObject({ dropped: 2, waiting: 0 });
  expect(state.complaints).toHaveLength(1);
});

test('an event has one id, whatever was measured about it; another event has another', () => {
  const same: PartialAlertEvent = { ...event(1), value: 5, latencyMs: 7, attempts: 2 };
  expect(eventId(same)).toBe(eventId(event(1)));
  const others = [
    event(2),
    { ...event(1), kind: 'resolved' as const },
    { ...event(1), receiver: 'team' },
    { ...event(1), receiver: '', integration: 'team' },
    { ...event(1), labels: labels.with('service', 'cart') },
  ];
  expect(new Set([event(1), ...others].map(eventId)).size).toBe(6);
});
