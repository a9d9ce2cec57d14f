import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { health } from '../contract/index.ts';
import { createHealth, type HealthProbe, type ProbeResult, summarize } from './health.ts';

const startMs = Date.UTC(2026, 10, 21, 12);

beforeEach(() => {
  vi.useFakeTimers({ now: startMs });
});
afterEach(() => {
  vi.useRealTimers();
});

function probe(name: string, check: HealthProbe['check'], isEssential = true): HealthProbe {
  return { name, isEssential, check };
}

function healthOf(...probes: HealthProbe[]) {
  const onChange = vi.fn();
  const checks = createHealth({ version: '1.0.0', probes, clock: () => Date.now(), onChange });
  return { checks, onChange };
}

test('each part is reported, with since when', async () => {
  let store: ProbeResult = { status: 'ok' };
  const { checks } = healthOf(
    probe('store', () => store),
    probe('disk', () => ({ status: 'ok' })),
  );
  checks.markStarted();
  expect((await checks.ready()).status).toBe('ok');
  vi.setSystemTime(startMs + 10_000);
  store = { status: 'down', message: 'engine restarts' };
  const answer = health.parse(await checks.ready());
  expect(answer).toEqual({
    status: 'down',
    version: '1.0.0',
    uptime_s: 10,
    parts: {
      store: { status: 'down', message: 'engine restarts', since: '2026-11-21T12:00:10.000Z' },
      disk: { status: 'ok', since: '2026-11-21T12:00:00.000Z' },
    },
  });
  expect(summarize(answer)).toBe('store: engine restarts');
});

test('a part that is not essential only degrades', async () => {
  const { checks } = healthOf(probe('otlp_grpc', () => ({ status: 'down', message: 'port taken' }), false));
  checks.markStarted();
  expect((await checks.ready()).status).toBe('degraded');
});

test('a part that hangs is down within the second, and is not asked again meanwhile', async () => {
  const check = vi.fn(() => new Promise<ProbeResult>(() => {}));
  const { checks } = healthOf(
    probe('store', check),
    probe('disk', () => ({ status: 'ok' })),
  );
  checks.markStarted();
  for (let round = 0; round < 2; round++) {
    const answer = checks.ready();
    await vi.advanceTimersByTimeAsync(900);
    expect((await answer).parts).toMatchObject({
      store: { status: 'down', message: 'no answer within 800 ms' },
      disk: { status: 'ok' },
    });
  }
  expect(check).toHaveBeenCalledTimes(1);
});

test('a part that throws is down with its message', async () => {
  const { checks } = healthOf(
    probe('state', () => {
      throw new Error('database is locked');
    }),
  );
  checks.markStarted();
  expect((await checks.ready()).parts.state).toMatchObject({ status: 'down', message: 'database is locked' });
});

test('many callers cost one round', async () => {
  const check = vi.fn((): ProbeResult => ({ status: 'ok' }));
  const { checks } = healthOf(probe('store', check));
  checks.markStarted();
  await Promise.all([checks.ready(), checks.ready(), checks.startup()]);
  await checks.ready();
  expect(check).toHaveBeenCalledTimes(1);
  vi.setSystemTime(startMs + 251);
  await checks.ready();
  expect(check).toHaveBeenCalledTimes(2);
});

test('starting: alive, not ready; and once ready, startup stays ok', async () => {
  let store: ProbeResult = { status: 'ok' };
  const { checks } = healthOf(probe('store', () => store));
  expect(checks.live().status).toBe('ok');
  expect((await checks.startup()).status).toBe('down');
  expect((await checks.ready()).parts.start).toMatchObject({ status: 'down' });
  checks.markStarted();
  expect((await checks.startup()).status).toBe('ok');
  store = { status: 'down', message: 'gone' };
  vi.setSystemTime(startMs + 1_000);
  expect((await checks.ready()).status).toBe('down');
  expect((await checks.startup()).status).toBe('ok');
});

test('changes of the whole are told once', async () => {
  let store: ProbeResult = { status: 'ok' };
  const { checks, onChange } = healthOf(probe('store', () => store));
  checks.markStarted();
  for (const [i, status] of (['ok', 'ok', 'down', 'down', 'ok'] as const).entries()) {
    store = { status };
    vi.setSystemTime(startMs + i * 1_000);
    await checks.ready();
  }
  expect(onChange.mock.calls.map(([answer]) => answer.status)).toEqual(['ok', 'down', 'ok']);
});
