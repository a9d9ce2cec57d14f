import type { Clock } from '../lib/clock.ts';
import { silentLog } from '../lib/log.ts';
import { createEngine, type QueryEngine, type SampleSource } from '../promql/index.ts';
import type { ExpandTemplate, RuleAlert, RuleChange } from './evaluation-types.ts';
import { promqlCheck } from './languages.ts';
import { parseRules, type RuleParseOptions } from './parse-rules.ts';
import { createRuleManager, type RuleManager, type RuleManagerParts } from './rule-manager.ts';
import type { RuleStateStore } from './rule-state.ts';
import type { RuleGroup, RuleSample } from './rule-types.ts';
import { TestStorage } from './unit-tests/test-storage.ts';

/** Stands in for the templates' interpreter: `{{ $labels.x }}` and `{{ $value }}` only. */
export const expandSimple: ExpandTemplate = (text, { labels, value }) =>
  text.replace(/\{\{\s*\$(labels\.(\w+)|value)\s*\}\}/g, (_, what: string, name: string) =>
    what === 'value' ? String(value) : labels.get(name),
  );

export const parseOptions: RuleParseOptions = {
  checkExpr: promqlCheck(),
  checkTemplate: (text) =>
    text.split('{{').length === text.split('}}').length ? undefined : 'unclosed action',
  intervalMs: 60_000,
  queryOffsetMs: 0,
};

/** Groups of a text without mistakes. */
export function groupsOf(
  text: string,
  file = 'rules.yml',
  options: Partial<RuleParseOptions> = {},
): readonly RuleGroup[] {
  const { groups, problems } = parseRules(text, file, { ...parseOptions, ...options });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return groups;
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #nowMs: number;
  #elapsedMs = 0;
  #timers: { readonly atMs: number; readonly call: () => void }[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Sets the machine's clock. */
  step(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** Lets time pass. @param settle waits for what a timer began. */
  async advance(byMs: number, settle: () => Promise<void>): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.#pass(Math.max(0, due.atMs - this.#elapsedMs));
      due.call();
      await settle();
    }
    this.#pass(endMs - this.#elapsedMs);
  }

  /** Time passes while something runs. */
  skip(ms: number): void {
    this.#pass(ms);
  }

  /** As when a process ends. */
  forgetTimers(): void {
    this.#timers = [];
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#elapsedMs += ms;
  }
}

/** A state store in memory. */
export class FakeState implements RuleStateStore {
  readonly saved = new Map<string, string>();
  isBroken = false;

  async loadState(): Promise<ReadonlyMap<string, string>> {
    if (this.isBroken) throw new Error('the state store is away');
    return new Map(this.saved);
  }

  async saveState(key: string, json: string | undefined): Promise<void> {
    if (this.isBroken) throw new Error('the state store is away');
    if (json === undefined) this.saved.delete(key);
    else this.saved.set(key, json);
  }
}

/** 2026-01-05T00:00:00Z, a Monday. */
export const START_MS = Date.UTC(2026, 0, 5);

/** A manager over memory with everything it has done. */
export class Bench {
  readonly clock = new FakeClock(START_MS);
  storage = new TestStorage();
  readonly state = new FakeState();
  readonly written: RuleSample[] = [];
  readonly sent: (RuleAlert & { readonly sentAtMs: number })[] = [];
  readonly changes: RuleChange[] = [];
  readonly engine: QueryEngine;
  /** Queries fail with it. */
  outage: Error | undefined;
  manager: RuleManager;
  readonly #more: Partial<RuleManagerParts>;

  constructor(more: Partial<RuleManagerParts> = {}) {
    this.#more = more;
    const source: SampleSource = { select: (request, context) => this.storage.select(request, context) };
    this.engine = createEngine({ source, options: ENGINE });
    this.manager = this.#newManager();
  }

  #newManager(): RuleManager {
    return createRuleManager({
      query: async (text, timeMs, { signal }) => {
        if (this.outage !== undefined) throw this.outage;
        this.#feed(timeMs);
        return this.engine.instant({ text, timeMs }, { signal });
      },
      write: async (samples) => {
        this.written.push(...samples);
        this.storage.write(samples);
      },
      clock: this.clock,
      state: this.state,
      expandTemplate: expandSimple,
      notify: (alerts) => {
        for (const alert of alerts) this.sent.push({ ...alert, sentAtMs: this.clock.now() });
      },
      onChange: (changes) => this.changes.push(...changes),
      externalLabels: {},
      externalUrl: 'http://localhost:7070',
      log: silentLog,
      ...this.#more,
    });
  }

  /** What the world's series are now, written at each evaluation; series that are taken out get a staleness marker. */
  readonly values = new Map<string, number>();
  readonly #fed = new Map<string, number>();

  #feed(timeMs: number): void {
    if (this.#fed.get('') === timeMs) return;
    for (const series of this.#fed.keys())
      if (series !== '' && !this.values.has(series)) {
        this.storage.load({ series, values: 'stale' }, timeMs, 1000);
        this.#fed.delete(series);
      }
    for (const [series, value] of this.values) {
      this.storage.load({ series, values: String(value) }, timeMs, 1000);
      this.#fed.set(series, timeMs);
    }
    this.#fed.set('', timeMs);
  }

  forgetSamples(): void {
    this.storage = new TestStorage();
  }

  async advance(ms: number): Promise<void> {
    this.storage.visibleUntilMs = Number.POSITIVE_INFINITY;
    await this.clock.advance(ms, async () => {
      await this.manager.idle();
      // What was not awaited, such as the heartbeat.
      await new Promise((settle) => setImmediate(settle));
      await this.manager.idle();
    });
  }

  /** As `kill -9`: nothing is saved at the end. */
  crash(): void {
    this.clock.forgetTimers();
    this.manager = this.#newManager();
  }

  async start(text: string): Promise<void> {
    await this.manager.start(groupsOf(text));
  }

  /** Firing alerts that were told, without repetitions. */
  fired(): string[] {
    const told = this.sent.filter(({ isResolved }) => !isResolved);
    return [...new Set(told.map(({ labels, startsAtMs }) => `${labels} ${minutes(startsAtMs)}`))];
  }

  /** States of the alerts of a rule by one of their labels. */
  states(rule: string, label: string): Record<string, string> {
    const runners = this.manager.groups().flatMap(({ rules }) => rules);
    const alerts = runners
      .filter((one) => one.rule.name === rule)
      .flatMap(({ active }) => [...active.values()]);
    return Object.fromEntries(alerts.map(({ labels, state }) => [labels.get(label), state]));
  }
}

/** Minutes since the start of the bench. */
export function minutes(epochMs: number): number {
  return (epochMs - START_MS) / 60_000;
}

export const ENGINE = {
  lookbackMs: 300_000,
  maxSamples: 10_000_000,
  maxSeries: 100_000,
  timeoutMs: 60_000,
  subqueryStepMs: 60_000,
  hasExperimentalFunctions: false,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: false,
  hasDelayedNameRemoval: false,
  hasFillModifiers: false,
  hasFusedKernels: true,
};
