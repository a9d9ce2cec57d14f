import type { Budget } from '../run.ts';
import { BoundedText } from '../run.ts';
import { Dict, List, NamedInt, Struct, textOf, typeName, typeOf, type Value } from '../values.ts';
import { formatFloat } from './floats.ts';
import { type Directive, formatInteger, formatNumber, formatText, pad } from './scalars.ts';

/** Deepest nesting of lists and maps that is printed. */
const MAX_NESTING = 100;
const PLAIN: Directive = { verb: 'v', flags: new Set(), width: undefined, precision: undefined };

/** Values as Go's fmt prints them, into a text of bounded length. */
export class Printer {
  readonly out: BoundedText;
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.out = new BoundedText(budget);
  }

  /** fmt.Sprint: a space between two operands of which neither is a string. */
  print(values: readonly Value[]): string {
    values.forEach((value, i) => {
      if (i > 0 && textOf(value) === undefined && textOf(values[i - 1]) === undefined) this.out.add(' ');
      this.value(value, PLAIN);
    });
    return this.out.text;
  }

  /** fmt.Sprintln: spaces between all, a line's end behind. */
  printLine(values: readonly Value[]): string {
    values.forEach((value, i) => {
      if (i > 0) this.out.add(' ');
      this.value(value, PLAIN);
    });
    this.out.add('\n');
    return this.out.text;
  }

  value(value: Value, directive: Directive, depth = 0): void {
    this.#budget.spend(1);
    const text = this.#simple(value, directive);
    if (text !== undefined) this.out.add(text);
    else if (depth >= MAX_NESTING) this.out.add('...');
    else if (value instanceof List) this.#list(value, directive, depth);
    else if (value instanceof Dict) this.#dict(value, directive, depth);
    else if (value instanceof Struct) this.#struct(value, directive, depth);
    else this.out.add(`%!${directive.verb}(${typeName(value)})`);
  }

  /** The text of a value that has no parts. */
  #simple(value: Value, directive: Directive): string | undefined {
    const { verb } = directive;
    if (verb === 'T') return formatText(typeName(value), { ...directive, verb: 's' });
    if (verb === 'v' && directive.flags.size > 0) return this.#withFlags(value, directive);
    return this.#scalar(value, directive);
  }

  /** With `%v` the flags `+` and `#` ask for field names and Go's syntax, and not for signs and prefixes. */
  #withFlags(value: Value, directive: Directive): string | undefined {
    const flags = new Set([...directive.flags].filter((flag) => flag !== '+' && flag !== '#'));
    const text = directive.flags.has('#') ? textOf(value) : undefined;
    if (text !== undefined) return formatText(text, { ...directive, verb: 'q', flags });
    return this.#scalar(value, { ...directive, flags });
  }

  #scalar(value: Value, directive: Directive): string | undefined {
    const { verb } = directive;
    if (value === undefined || value === null)
      return verb === 'v' ? pad('<nil>', directive) : `%!${verb}(<nil>)`;
    if (typeof value === 'bigint') return formatInteger(value, directive, 'int');
    if (typeof value === 'number') return formatNumber(value, directive);
    if (typeof value === 'boolean')
      return verb === 't' || verb === 'v' ? pad(String(value), directive) : `%!${verb}(bool=${value})`;
    const text = textOf(value) ?? this.#ownText(value, directive);
    if (text !== undefined) return formatText(text, directive);
    return value instanceof NamedInt ? formatInteger(value.value, directive, value.type.name) : undefined;
  }

  /** A type with a String method prints itself where a string is asked for. */
  #ownText(value: Value, directive: Directive): string | undefined {
    const print = typeOf(value)?.print;
    if (print === undefined || !'vsqxX'.includes(directive.verb)) return undefined;
    const text = print(value);
    this.#budget.spendText(text.length);
    return text;
  }

  #list(list: List, directive: Directive, depth: number): void {
    this.out.add('[');
    list.items.forEach((item, i) => {
      if (i > 0) this.out.add(' ');
      this.value(item, directive, depth + 1);
    });
    this.out.add(']');
  }

  #dict(dict: Dict, directive: Directive, depth: number): void {
    this.out.add('map[');
    dict.keys.forEach((key, i) => {
      if (i > 0) this.out.add(' ');
      this.value(key, directive, depth + 1);
      this.out.add(':');
      this.value(dict.get(key), directive, depth + 1);
    });
    this.out.add(']');
  }

  #struct(struct: Struct, directive: Directive, depth: number): void {
    this.out.add('{');
    let isFirst = true;
    for (const [name, value] of struct.fields) {
      if (!isFirst) this.out.add(' ');
      isFirst = false;
      if (directive.flags.has('+')) this.out.add(`${name}:`);
      this.value(value, directive, depth + 1);
    }
    this.out.add('}');
  }
}

/** What `{{ value }}` prints. */
export function printed(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '<no value>';
  if (typeof value === 'number') return formatFloat(value, 'g', -1);
  return new Printer(budget).print([value]);
}
