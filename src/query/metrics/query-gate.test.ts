import { expect, test } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import { createQueryGate } from './query-gate.ts';

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const never = new AbortController().signal;

function setUp() {
  let nowMs = 0;
  const warnings: unknown[] = [];
  const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
  const gate = createQueryGate({ concurrency: 1, maxWaiting: 1, slowMs: 100, now: () => nowMs, log });
  return { gate, warnings, advance: (ms: number) => (nowMs += ms) };
}

test('a second query waits for the first, a third is refused', async () => {
  const { gate } = setUp();
  const [first, second] = [deferred(), deferred()];
  const order: string[] = [];
  const running = gate.run('a', never, () => first.promise.then(() => void order.push('a')));
  const waiting = gate.run('b', never, () => second.promise.then(() => void order.push('b')));
  await expect(gate.run('c', never, async () => {})).rejects.toMatchObject({
    code: 'too_many_queries',
    status: 503,
  });
  expect(gate.stats()).toEqual({ running: 1, waiting: 1, slow: 0, refused: 1 });
  second.resolve();
  first.resolve();
  await Promise.all([running, waiting]);
  expect(order).toEqual(['a', 'b']);
  expect(gate.stats()).toMatchObject({ running: 0, waiting: 0 });
});

test('a client that goes away while waiting gives its turn to nobody', async () => {
  const { gate } = setUp();
  const first = deferred();
  const gone = new AbortController();
  const running = gate.run('a', never, () => first.promise);
  const waiting = gate.run('b', gone.signal, async () => {
    throw new Error('must not start');
  });
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'canceled', status: 499 });
  first.resolve();
  await running;
  expect(gate.stats()).toMatchObject({ running: 0, waiting: 0 });
});

test('a slow query is logged, a failing one frees its place', async () => {
  const { gate, warnings, advance } = setUp();
  await gate.run('slow', never, async () => void advance(100));
  expect(warnings).toEqual([{ query: 'slow', elapsedMs: 100, waitedMs: 0 }]);
  await expect(gate.run('bad', never, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  await gate.run('fine', never, async () => {});
  expect(gate.stats()).toMatchObject({ running: 0, slow: 1 });
});
