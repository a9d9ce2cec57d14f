import type { Budget } from '../run.ts';
import { typeName, type Value } from '../values.ts';
import { Printer } from './print.ts';
import type { Directive } from './scalars.ts';

/** Largest width and precision, as in Go. */
const MAX_WIDTH = 1_000_000n;
const FLAGS = '+-# 0';

/** fmt.Sprintf, with its ways to show mistakes: `%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`. */
export function sprintf(format: string, values: readonly Value[], budget: Budget): string {
  return new Formatter(format, values, budget).run();
}

class Formatter {
  readonly #format: string;
  readonly #values: readonly Value[];
  readonly #printer: Printer;
  readonly #budget: Budget;
  #at = 0;
  #argument = 0;
  #isReordered = false;
  #isGoodIndex = true;

  constructor(format: string, values: readonly Value[], budget: Budget) {
    this.#format = format;
    this.#values = values;
    this.#budget = budget;
    this.#printer = new Printer(budget);
  }

  run(): string {
    const { out } = this.#printer;
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      out.add(this.#format.slice(this.#at, end));
      this.#at = end + 1;
      if (percent >= 0) this.#directive();
    }
    if (!this.#isReordered && this.#argument < this.#values.length) this.#extra();
    return out.text;
  }

  #directive(): void {
    this.#budget.spend(1);
    this.#isGoodIndex = true;
    const flags = this.#flags();
    let isIndexed = this.#index();
    let width: number | undefined;
    if (this.#format[this.#at] === '*') {
      width = this.#star('BADWIDTH');
      isIndexed = false;
    } else {
      width = this.#number();
      // `%[3]2d`: the index belongs behind the width.
      if (isIndexed && width !== undefined) this.#isGoodIndex = false;
    }
    let precision: number | undefined;
    if (this.#format[this.#at] === '.') {
      this.#at++;
      if (isIndexed) this.#isGoodIndex = false;
      isIndexed = this.#index();
      const isStar = this.#format[this.#at] === '*';
      precision = isStar ? this.#star('BADPREC') : (this.#number() ?? 0);
      if (isStar) isIndexed = false;
    }
    if (!isIndexed) this.#index();
    const point = this.#format.codePointAt(this.#at);
    if (point === undefined) {
      this.#printer.out.add('%!(NOVERB)');
      return;
    }
    const verb = String.fromCodePoint(point);
    this.#at += verb.length;
    this.#apply(this.#directiveOf(verb, flags, width, precision));
  }

  #directiveOf(
    verb: string,
    flags: Set<string>,
    width: number | undefined,
    precision: number | undefined,
  ): Directive {
    if (width === undefined || width >= 0) return { verb, flags, width, precision };
    // A negative width from an argument means left alignment.
    flags.add('-').delete('0');
    return { verb, flags, width: -width, precision };
  }

  #apply(directive: Directive): void {
    const { out } = this.#printer;
    const { verb } = directive;
    if (verb === '%') out.add('%');
    else if (!this.#isGoodIndex) out.add(`%!${verb}(BADINDEX)`);
    else if (this.#argument >= this.#values.length) out.add(`%!${verb}(MISSING)`);
    else {
      this.#budget.checkLength(Math.max(directive.width ?? 0, directive.precision ?? 0));
      this.#printer.value(this.#values[this.#argument++], directive);
    }
  }

  #flags(): Set<string> {
    const flags = new Set<string>();
    while (FLAGS.includes(this.#format[this.#at] ?? 'x')) flags.add(this.#format[this.#at++]!);
    return flags;
  }

  /** `[3]`: the next argument is the third. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#isReordered = true;
    const close = this.#format.indexOf(']', this.#at);
    const text = close < 0 ? '' : this.#format.slice(this.#at + 1, close);
    const index = /^\d{1,7}$/.test(text) ? Number(text) : 0;
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    if (index < 1 || index > this.#values.length) this.#isGoodIndex = false;
    else this.#argument = index - 1;
    return true;
  }

  /** `*`: the number is an argument. */
  #star(mistake: 'BADWIDTH' | 'BADPREC'): number | undefined {
    this.#at++;
    const value = this.#values[this.#argument++];
    const least = mistake === 'BADPREC' ? 0n : -MAX_WIDTH;
    if (typeof value === 'bigint' && value <= MAX_WIDTH && value >= least) return Number(value);
    this.#printer.out.add(`%!(${mistake})`);
    return undefined;
  }

  #number(): number | undefined {
    const start = this.#at;
    while (/\d/.test(this.#format[this.#at] ?? '')) this.#at++;
    if (this.#at === start) return undefined;
    const value = Number(this.#format.slice(start, this.#at));
    return value > MAX_WIDTH ? undefined : value;
  }

  #extra(): void {
    const { out } = this.#printer;
    out.add('%!(EXTRA ');
    this.#values.slice(this.#argument).forEach((value, i) => {
      if (i > 0) out.add(', ');
      out.add(typeName(value));
      if (value === undefined || value === null) return;
      out.add('=');
      this.#printer.value(value, { verb: 'v', flags: new Set(), width: undefined, precision: undefined });
    });
    out.add(')');
  }
}
