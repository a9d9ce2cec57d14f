import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EngineHealth } from './options.ts';
import { type Clock, type EngineHandle, type EngineState, startEngine } from './supervisor.ts';

class FakeChild extends EventEmitter {
  readonly pid: number;
  exitCode: number | null = null;
  signalCode: string | null = null;
  readonly signals: string[] = [];
  constructor(pid: number) {
    super();
    this.pid = pid;
  }
  kill(signal: string): boolean {
    this.signals.push(signal);
    if (signal === 'SIGKILL') this.end(null, signal);
    return true;
  }
  end(code: number | null, signal: string | null = null): void {
    this.exitCode = code;
    this.signalCode = signal;
    this.emit('exit', code, signal);
  }
  ready(): void {
    this.emit('message', { type: 'ready', version: '26.7' });
  }
}

class FakeClock implements Clock {
  nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];
  now(): number {
    return this.nowMs;
  }
  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  /** Moves time on, timer by timer, and lets promises settle in between. */
  async advance(milliseconds: number): Promise<void> {
    const untilMs = this.nowMs + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.nowMs = next.atMs;
      next.callback();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.nowMs = untilMs;
  }
}

let dataDir = '';
let children: FakeChild[] = [];
let clock: FakeClock;
let probes: 'answered' | 'failed' = 'answered';
let logged: string[] = [];
const log = {
  info: (_fields: object, message: string) => logged.push(message),
  warn: (_fields: object, message: string) => logged.push(message),
  error: (_fields: object, message: string) => logged.push(message),
};

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'bellwether-supervisor-'));
  children = [];
  logged = [];
  clock = new FakeClock();
  probes = 'answered';
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function start(spawn?: () => ChildProcess): Promise<EngineHandle> {
  return await startEngine({
    dataDir,
    log,
    clock,
    spawn:
      spawn ??
      (() => {
        const child = new FakeChild(100 + children.length);
        children.push(child);
        return child as unknown as ChildProcess;
      }),
    probe: async () => {
      if (probes === 'failed') throw new Error('no answer');
      return { version: '26.7' } as EngineHealth;
    },
  });
}

it('goes from starting to ready, and tells', async () => {
  const engine = await start();
  const states: EngineState['status'][] = [];
  engine.onStateChange((state) => states.push(state.status));
  const ready = engine.whenReady(1_000);
  expect(engine.state()).toMatchObject({ status: 'starting', pid: 100, restarts: 0 });
  children[0]!.ready();
  await ready;
  expect(engine.state()).toMatchObject({ status: 'ready', pid: 100, version: '26.7' });
  await clock.advance(3_000);
  expect(engine.health()).toMatchObject({ version: '26.7' });
  expect(states).toEqual(['ready']);
});

it('restarts with growing pauses, and quickly again after a stable time', async () => {
  const engine = await start();
  const pauses: number[] = [];
  for (const livedMs of [0, 0, 0, 70_000]) {
    const child = children.at(-1)!;
    child.ready();
    await clock.advance(livedMs);
    child.end(null, 'SIGSEGV');
    expect(engine.state()).toMatchObject({
      status: 'down',
      pid: undefined,
      lastError: 'it was ended by SIGSEGV',
    });
    const diedAt = clock.nowMs;
    const before = children.length;
    while (children.length === before) await clock.advance(50);
    pauses.push(clock.nowMs - diedAt);
  }
  expect(pauses).toEqual([100, 200, 400, 100]);
  expect(engine.state()).toMatchObject({ status: 'starting', restarts: 4 });
});

it('kills a process that hangs, after three health queries without answer', async () => {
  const engine = await start();
  children[0]!.ready();
  await clock.advance(4_000);
  probes = 'failed';
  await clock.advance(6_000);
  expect(children[0]!.signals).toEqual([]);
  await clock.advance(3_000);
  expect(children[0]!.signals).toEqual(['SIGKILL']);
  expect(engine.state().lastError).toBe('it did not answer health queries');
  expect(children).toHaveLength(2);
});

it('kills a process that never gets ready', async () => {
  await start();
  await clock.advance(119_000);
  expect(children[0]!.signals).toEqual([]);
  await clock.advance(2_000);
  expect(children[0]!.signals).toEqual(['SIGKILL']);
});

it('passes on why a process could not start, and keeps trying', async () => {
  const engine = await start();
  children[0]!.emit('message', { type: 'failed', code: 'data_dir_in_use', message: 'in use by pid 7' });
  children[0]!.end(1);
  expect(engine.state()).toMatchObject({ status: 'down', lastError: 'in use by pid 7' });
  await clock.advance(100);
  expect(children).toHaveLength(2);
});

it('survives a spawn that throws and a listener that throws', async () => {
  const engine = await start(() => {
    throw new Error('EAGAIN');
  });
  expect(engine.state().lastError).toBe('it could not be started: EAGAIN');
  engine.onStateChange(() => {
    throw new Error('listener');
  });
  await clock.advance(500);
  expect(engine.state().restarts).toBeGreaterThan(1);
  expect(logged.some((message) => message.includes('listener'))).toBe(true);
});

it('stops politely, then by force, and does not restart', async () => {
  const engine = await start();
  children[0]!.ready();
  const stopped = engine.stop();
  expect(children[0]!.signals).toEqual(['SIGTERM']);
  await clock.advance(4_000);
  await stopped;
  expect(children[0]!.signals).toEqual(['SIGTERM', 'SIGKILL']);
  await clock.advance(60_000);
  expect(children).toHaveLength(1);
  expect(engine.state().status).toBe('down');
  expect(engine.stop()).toBe(engine.stop());
});

it('gives up waiting for readiness', async () => {
  const engine = await start();
  const waiting = expect(engine.whenReady(1_000)).rejects.toThrow(/not ready/);
  await clock.advance(1_000);
  await waiting;
});
