import { LimitError } from './errors.ts';
import type { List, Value } from './values.ts';

/** Bounds of one execution. At a bound it ends with the error `template_limit`. */
export interface TemplateLimits {
  /** Characters of the result, and of any string on the way to it. */
  readonly maxOutputLength: number;
  /** Steps of evaluation; work on long strings costs one per 64 characters. */
  readonly maxSteps: number;
  /** Templates, control structures and parentheses inside each other. */
  readonly maxDepth: number;
  /** Different queries. */
  readonly maxQueries: number;
  /** Milliseconds, waiting for queries included. */
  readonly timeoutMs: number;
  /** Milliseconds of evaluation alone, during which nothing else in the process runs. */
  readonly busyTimeoutMs: number;
  /** Characters of one source. */
  readonly maxSourceLength: number;
  /** States of a regular expression times characters of the text it searches, which bounds the time of a search. */
  readonly maxRegexWork: number;
}

export const DEFAULT_LIMITS: TemplateLimits = {
  maxOutputLength: 1_048_576,
  maxSteps: 1_000_000,
  maxDepth: 100,
  maxQueries: 50,
  timeoutMs: 10_000,
  busyTimeoutMs: 500,
  maxSourceLength: 1_048_576,
  maxRegexWork: 50_000_000,
};

const CHARACTERS_PER_STEP = 64;
const STEPS_PER_LOOK_AT_CLOCK = 256;

/** Counts what an execution has used up. Shared by the repetitions that queries cause. */
export class Budget {
  readonly limits: TemplateLimits;
  readonly #clockMs: () => number;
  readonly #startMs: number;
  #steps = 0;
  #nextLook = STEPS_PER_LOOK_AT_CLOCK;
  #busyMs = 0;
  #resumedMs: number;

  constructor(limits: TemplateLimits, clockMs: () => number) {
    this.limits = limits;
    this.#clockMs = clockMs;
    this.#startMs = clockMs();
    this.#resumedMs = this.#startMs;
  }

  /** @throws LimitError */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.limits.maxSteps)
      throw new LimitError(`it takes more than ${this.limits.maxSteps} steps`);
    if (this.#steps < this.#nextLook) return;
    this.#nextLook = this.#steps + STEPS_PER_LOOK_AT_CLOCK;
    this.checkTime();
  }

  /** For work that grows with the length of a text. @throws LimitError when it is longer than a result may be. */
  spendText(length: number): void {
    this.checkLength(length);
    this.spend(1 + Math.floor(length / CHARACTERS_PER_STEP));
  }

  checkLength(length: number): void {
    if (length > this.limits.maxOutputLength)
      throw new LimitError(`it is longer than ${this.limits.maxOutputLength} characters`);
  }

  checkTime(): void {
    const { timeoutMs, busyTimeoutMs } = this.limits;
    const nowMs = this.#clockMs();
    if (this.#busyMs + nowMs - this.#resumedMs > busyTimeoutMs)
      throw new LimitError(`it takes longer than ${busyTimeoutMs} ms to evaluate`);
    if (nowMs - this.#startMs >= timeoutMs) throw new LimitError(`it takes longer than ${timeoutMs} ms`);
  }

  /** The evaluation waits for a query from here on. */
  pause(): void {
    this.#busyMs += this.#clockMs() - this.#resumedMs;
  }

  resume(): void {
    this.#resumedMs = this.#clockMs();
  }

  get remainingMs(): number {
    return this.#startMs + this.limits.timeoutMs - this.#clockMs();
  }
}

/** Collects text up to the longest a result may be, so that no function builds more than that. */
export class BoundedText {
  readonly budget: Budget;
  #text = '';

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** @throws LimitError */
  add(text: string): void {
    this.budget.checkLength(this.#text.length + text.length);
    this.#text += text;
  }

  get text(): string {
    return this.#text;
  }
}

/** What functions may use besides their arguments. */
export interface Run {
  readonly budget: Budget;
  /** The time of the evaluation, epoch milliseconds: `now`, `since`. */
  readonly nowMs: number;
  /** Where the product is reached from outside, without a slash at the end. */
  readonly externalUrl: string;
  readonly isHtml: boolean;
  /** The result of a query. Without it in memory yet, this throws QueryNeeded and the execution is repeated once it is there. */
  query(text: string): List;
  /** The text of another template. */
  executeTemplate(name: string, data: Value): string;
}

/** Not an error: the execution needs the answer to a query before it can go on. */
export class QueryNeeded {
  readonly query: string;

  constructor(query: string) {
    this.query = query;
  }
}
