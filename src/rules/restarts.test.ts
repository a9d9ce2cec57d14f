import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { Labels } from '../model/labels.ts';
import type { QueryResult } from '../promql/index.ts';
import type { RuleAlert } from './evaluation-types.ts';
import { createRuleManager, type RuleManager } from './rule-manager.ts';
import { FakeClock, FakeState, groupsOf, START_MS } from './rules-test-kit.ts';

const MINUTE = 60_000;

/** A server that may be killed between any two things it does. */
class Mortal {
  readonly clock = new FakeClock(START_MS);
  readonly state = new FakeState();
  readonly told: (RuleAlert & { readonly atMs: number })[] = [];
  readonly transitions: string[] = [];
  readonly #isTrue: (series: number, timeMs: number) => boolean;
  readonly #series: number;
  #manager: RuleManager | undefined;
  #life = { isOver: false, end: () => {}, ended: Promise.resolve() };
  /** Things it will still do before it dies; undefined: no such plan. */
  #left: number | undefined;

  constructor(series: number, isTrue: (series: number, timeMs: number) => boolean) {
    this.#series = series;
    this.#isTrue = isTrue;
  }

  async start(text: string): Promise<void> {
    this.#life = newLife();
    const manager = createRuleManager({
      query: (_, timeMs) => this.#do(async () => vector(this.#trueAt(timeMs), timeMs)),
      write: () => this.#do(async () => undefined),
      clock: this.clock,
      state: {
        loadState: () => this.state.loadState(),
        saveState: (key, json) => this.#do(() => this.state.saveState(key, json)),
      },
      expandTemplate: (template) => template,
      notify: (alerts) =>
        this.#do(
          async () => void this.told.push(...alerts.map((alert) => ({ ...alert, atMs: this.clock.now() }))),
        ),
      onChange: (changes) =>
        this.transitions.push(...changes.map(({ labels, from, to }) => `${labels.get('i')} ${from} ${to}`)),
      externalLabels: {},
      externalUrl: '',
      log: silentLog,
    });
    this.#manager = manager;
    await manager.start(groupsOf(text));
  }

  #trueAt(timeMs: number): number[] {
    return Array.from({ length: this.#series }, (_, i) => i).filter((i) => this.#isTrue(i, timeMs));
  }

  /** Does something, unless this life is over; then nothing ever comes back. */
  async #do<T>(run: () => Promise<T>): Promise<T> {
    const life = this.#life;
    if (life.isOver) return new Promise(() => undefined);
    const isLast = this.#left !== undefined && this.#left-- <= 0;
    // Dies before or after the deed.
    if (isLast && this.#left! % 2 === 0) this.kill();
    if (life.isOver) return new Promise(() => undefined);
    const result = await run();
    if (isLast) this.kill();
    return life.isOver ? new Promise(() => undefined) : result;
  }

  killAfter(deeds: number): void {
    this.#left = deeds;
  }

  kill(): void {
    this.#left = undefined;
    this.clock.forgetTimers();
    this.#life.isOver = true;
    this.#life.end();
  }

  get isDead(): boolean {
    return this.#life.isOver;
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, async () => {
      await Promise.race([this.#manager!.idle(), this.#life.ended]);
      await new Promise((settle) => setImmediate(settle));
    });
  }
}

function newLife() {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((settle) => {
    end = settle;
  });
  return { isOver: false, end, ended };
}

function vector(series: readonly number[], timeMs: number): QueryResult {
  const samples = series.map((i) => ({
    labels: Labels.fromObject({ i: String(i) }),
    timeMs,
    value: 1,
    histogram: undefined,
  }));
  return { value: { type: 'vector', samples }, warnings: [], infos: [] } as unknown as QueryResult;
}

/** A time in which an expression is true, milliseconds. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Times of at least 25 minutes in which the expression is false and true in turn. */
function stretchesOf(lengths: readonly number[]): Stretch[] {
  const stretches: Stretch[] = [];
  let atMs = START_MS;
  for (const [i, length] of lengths.entries()) {
    if (i % 2 === 1) stretches.push({ fromMs: atMs, toMs: atMs + length * MINUTE });
    atMs += length * MINUTE;
  }
  return stretches;
}

const world = fc.array(fc.integer({ min: 25, max: 90 }), { minLength: 6, maxLength: 10 });
const lives = fc.array(
  fc.record({
    upMinutes: fc.integer({ min: 5, max: 60 }),
    downMs: fc.constantFrom(0, 20_000, MINUTE, 4 * MINUTE, 15 * MINUTE),
    /** Things it does yet after its time is up. */
    deeds: fc.integer({ min: 0, max: 12 }),
  }),
  { minLength: 1, maxLength: 15 },
);

describe('restarts at any moment', () => {
  test('nothing fires twice, no pending time begins again, every end is told', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(world, world),
        lives,
        fc.constantFrom(0, 5, 20),
        async (worlds, plan, forMinutes) => {
          const stretches = worlds.map(stretchesOf);
          const isTrue = (series: number, timeMs: number) =>
            stretches[series]!.some(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs);
          const server = new Mortal(worlds.length, isTrue);
          const text = `groups: [{name: g, rules: [{alert: A, expr: x, for: ${forMinutes}m}]}]`;
          const outages: Stretch[] = [];
          await server.start(text);
          for (const { upMinutes, downMs, deeds } of plan) {
            await server.advance(upMinutes * MINUTE);
            server.killAfter(deeds);
            for (let i = 0; i < 30 && !server.isDead; i++) await server.advance(MINUTE);
            if (!server.isDead) server.kill();
            const fromMs = server.clock.now();
            await server.advance(downMs);
            outages.push({ fromMs, toMs: server.clock.now() });
            await server.start(text);
          }
          await server.advance(15 * 60 * MINUTE);
          for (const [i, list] of stretches.entries())
            for (const stretch of list) check(server, i, { stretch, outages, forMinutes });
          checkNothingElse(server, stretches);
        },
      ),
      { numRuns: 15 },
    );
  });

  function check(
    server: Mortal,
    series: number,
    { stretch, outages, forMinutes }: { stretch: Stretch; outages: readonly Stretch[]; forMinutes: number },
  ): void {
    const { fromMs, toMs } = stretch;
    const told = server.told.filter(
      ({ labels, startsAtMs }) =>
        labels.get('i') === String(series) && startsAtMs >= fromMs && startsAtMs <= toMs,
    );
    const starts = new Set(told.filter(({ isResolved }) => !isResolved).map(({ startsAtMs }) => startsAtMs));
    expect(starts.size, 'fires once').toBeLessThanOrEqual(1);
    const within = outages.filter((one) => one.fromMs < toMs && one.toMs + 3 * MINUTE > fromMs);
    // Up to a tick until it is seen; each restart costs the outage, up to a tick, and what the last tick had not seen yet.
    const lostMs = within.reduce((sum, one) => sum + one.toMs - one.fromMs + 3 * MINUTE, 0);
    const [startedAtMs] = starts;
    if (startedAtMs === undefined) {
      expect(toMs - fromMs, 'fires').toBeLessThan(forMinutes * MINUTE + 2 * MINUTE + lostMs);
      return;
    }
    expect(startedAtMs, 'not too early').toBeGreaterThanOrEqual(fromMs + forMinutes * MINUTE);
    expect(startedAtMs, 'not too late').toBeLessThanOrEqual(fromMs + (forMinutes + 2) * MINUTE + lostMs);
    const ends = told.filter(({ isResolved }) => isResolved);
    expect(ends.length, 'is resolved').toBeGreaterThan(0);
    expect(Math.min(...ends.map(({ endsAtMs }) => endsAtMs)), 'not before its end').toBeGreaterThanOrEqual(
      toMs,
    );
  }

  /** Everything that was told belongs to a stretch. */
  function checkNothingElse(server: Mortal, stretches: readonly (readonly Stretch[])[]): void {
    const stray = server.told.filter(({ labels, startsAtMs }) => {
      const list = stretches[Number(labels.get('i'))]!;
      return !list.some(({ fromMs, toMs }) => startsAtMs >= fromMs && startsAtMs <= toMs);
    });
    expect(stray).toEqual([]);
  }
});

test('four weeks: one alert a day fires once a day, and nothing piles up', async () => {
  const DAY = 24 * 60 * MINUTE;
  const isNight = (timeMs: number) => (timeMs - START_MS) % DAY < 2 * 60 * MINUTE;
  const server = new Mortal(1, (_, timeMs) => isNight(timeMs));
  await server.start('groups: [{name: g, interval: 2m, rules: [{alert: A, expr: x, for: 1h}]}]');
  await server.advance(28 * DAY - MINUTE);
  expect(server.transitions.filter((text) => text === '0 pending firing')).toHaveLength(28);
  expect(new Set(server.told.map(({ startsAtMs }) => startsAtMs)).size).toBe(28);
  // Each firing of an hour is told about every two minutes, and its end for a quarter of an hour.
  expect(server.told.length / 28).toBeLessThan(30 + 8 + 2);
  expect(server.state.saved.size).toBeLessThanOrEqual(2);
});
