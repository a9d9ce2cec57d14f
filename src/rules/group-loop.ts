import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { RuleCounters } from './evaluation-types.ts';
import type { GroupRunner } from './group-runner.ts';
import { dueTick, tickAtOrBefore, tickOffsetMs } from './schedule.ts';

/** A difference between the two clocks from here on is a step of the machine's clock and no drift. */
const MIN_CLOCK_STEP_MS = 5000;

/** Runs a group on its ticks. */
export class GroupLoop {
  readonly runner: GroupRunner;
  readonly #clock: Clock;
  readonly #counters: RuleCounters;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #offsetMs: number;
  #lastTickMs: number;
  #lastNowMs: number;
  #lastElapsedMs: number;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(runner: GroupRunner, parts: { clock: Clock; counters: RuleCounters; log: Log }) {
    this.runner = runner;
    this.#clock = parts.clock;
    this.#counters = parts.counters;
    this.#log = parts.log;
    const { intervalMs } = runner.group;
    this.#offsetMs = tickOffsetMs(runner.key, intervalMs);
    this.#lastNowMs = this.#clock.now();
    this.#lastElapsedMs = this.#clock.elapsed();
    this.#lastTickMs = tickAtOrBefore(this.#lastNowMs, intervalMs, this.#offsetMs);
  }

  /** The first evaluation is at the next tick. */
  start(): void {
    this.#arm();
  }

  /** Resolves once no evaluation runs. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends the evaluation that is running; its rules stay as they are. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#running;
  }

  #arm(): void {
    if (this.#abort.signal.aborted) return;
    const delayMs = this.#lastTickMs + this.runner.group.intervalMs - this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(0, delayMs), () => {
      this.#cancel = undefined;
      this.#running = this.#tick().finally(() => {
        this.#running = undefined;
        this.#arm();
      });
    });
  }

  async #tick(): Promise<void> {
    const { intervalMs, name } = this.runner.group;
    const nowMs = this.#clock.now();
    const stepMs = this.#clockStep(nowMs);
    if (stepMs !== 0) {
      this.#log.warn({ group: name, step_ms: stepMs }, 'the clock was set; rules go on from the new time');
      this.runner.shift(stepMs);
      const tickMs = tickAtOrBefore(nowMs, intervalMs, this.#offsetMs);
      // A small step back must not evaluate the same tick twice.
      if (tickMs !== this.#lastTickMs) this.#lastTickMs = tickMs - intervalMs;
    }
    const due = dueTick(this.#lastTickMs, nowMs, intervalMs);
    if (due === undefined) return;
    this.#lastTickMs = due.tickMs;
    this.runner.missedTicks += due.missed;
    this.#counters.missedTicks += due.missed;
    await this.runner.evaluate(due.tickMs, this.#abort.signal);
  }

  #clockStep(nowMs: number): number {
    const elapsedMs = this.#clock.elapsed();
    const stepMs = Math.round(nowMs - this.#lastNowMs - (elapsedMs - this.#lastElapsedMs));
    this.#lastNowMs = nowMs;
    this.#lastElapsedMs = elapsedMs;
    return Math.abs(stepMs) < MIN_CLOCK_STEP_MS ? 0 : stepMs;
  }
}
