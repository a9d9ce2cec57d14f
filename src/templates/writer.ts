import { BoundedText, type Budget } from './run.ts';
import type { SafeText } from './values.ts';

/** Where an execution writes: text of the template itself and values are kept apart, because HTML mode escapes the latter. */
export interface Writer {
  /** Text of the template. @throws LimitError */
  markup(text: string): void;
  /** A printed value. @throws LimitError */
  value(value: string | SafeText): void;
  readonly text: string;
}

/** Writes everything as it is. */
export class TextWriter implements Writer {
  readonly #out: BoundedText;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#out = new BoundedText(budget);
  }

  markup(text: string): void {
    this.#budget.spendText(text.length);
    this.#out.add(text);
  }

  value(value: string | SafeText): void {
    this.markup(typeof value === 'string' ? value : value.text);
  }

  get text(): string {
    return this.#out.text;
  }
}
