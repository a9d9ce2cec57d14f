import { CallError } from './errors.ts';
import { SAMPLE, SAMPLES } from './functions/samples.ts';
import { DURATION } from './time/duration.ts';
import { TimeValue } from './time/time.ts';
import {
  List,
  NamedInt,
  type ParamKind,
  type Signature,
  Struct,
  textOf,
  typeName,
  type Value,
} from './values.ts';

/** An argument and whether it is written as a number in the template: such a number fits any kind of number. */
export interface Argument {
  readonly value: Value;
  readonly isLiteral: boolean;
}

const EXPECTED: Readonly<Record<ParamKind, string>> = {
  any: 'interface {}',
  string: 'string',
  strings: '[]string',
  float: 'float64',
  int: 'int',
  bool: 'bool',
  list: '[]interface {}',
  duration: 'time.Duration',
  time: 'time.Time',
  sample: 'template.sample',
  samples: 'template.queryResult',
};

/**
 * The arguments as a function wants them.
 *
 * @param name for messages.
 * @throws CallError when there are too few or too many, or one has another type.
 */
export function fitArguments(name: string, signature: Signature, args: readonly Argument[]): Value[] {
  const wanted = signature.params.length;
  if (signature.rest !== undefined ? args.length < wanted : args.length !== wanted) {
    const atLeast = signature.rest === undefined ? '' : 'at least ';
    throw new CallError(`wrong number of args for ${name}: want ${atLeast}${wanted} got ${args.length}`);
  }
  return args.map((argument, i) => fitOne(argument, signature.params[i] ?? signature.rest!));
}

function fitOne({ value, isLiteral }: Argument, kind: ParamKind): Value {
  if (kind === 'any') return value;
  const fitting = FIT[kind](value, isLiteral);
  if (fitting !== undefined) return fitting;
  if (value === undefined || value === null) throw new CallError(`invalid value; expected ${EXPECTED[kind]}`);
  throw new CallError(`wrong type for value; expected ${EXPECTED[kind]}; got ${typeName(value)}`);
}

/** The value, changed if need be, or undefined when it does not fit. */
const FIT: Readonly<Record<Exclude<ParamKind, 'any'>, (value: Value, isLiteral: boolean) => Value>> = {
  string: textOf,
  // Go has lists of strings and lists of anything; here a list of anything that holds strings alone is one of strings.
  strings: (value) =>
    value instanceof List && value.items.every((item) => textOf(item) !== undefined) ? value : undefined,
  float(value, isLiteral) {
    if (typeof value === 'number') return value;
    return isLiteral && typeof value === 'bigint' ? Number(value) : undefined;
  },
  int(value, isLiteral) {
    if (typeof value === 'bigint') return value;
    if (value instanceof NamedInt) return value.value;
    return isLiteral && Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  },
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  list: (value) => (value instanceof List ? value : undefined),
  duration(value, isLiteral) {
    if (value instanceof NamedInt && value.type === DURATION) return value;
    return isLiteral && typeof value === 'bigint' ? new NamedInt(DURATION, value) : undefined;
  },
  time: (value) => (value instanceof TimeValue ? value : undefined),
  sample: (value) => (value instanceof Struct && value.type === SAMPLE ? value : undefined),
  samples: (value) => (value instanceof List && value.type === SAMPLES ? value : undefined),
};
