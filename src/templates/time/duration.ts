import { CallError } from '../errors.ts';
import { type Method, NamedInt, type TypeInfo, type Value } from '../values.ts';

export const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const MAX_NS = 2n ** 63n - 1n;
const MIN_NS = -(2n ** 63n);

const method = (call: (ns: bigint) => Value): Method => ({
  params: [],
  call: (receiver: NamedInt) => call(receiver.value),
});

const rounding = (round: (ns: bigint, unit: bigint) => bigint): Method => ({
  params: ['duration'],
  call: (receiver: NamedInt, [unit]) => duration(round(receiver.value, (unit as NamedInt).value)),
});

/** Go's time.Duration: nanoseconds. */
export const DURATION: TypeInfo = {
  name: 'time.Duration',
  methods: new Map<string, Method>([
    ['Nanoseconds', method((ns) => ns)],
    ['Microseconds', method((ns) => ns / 1000n)],
    ['Milliseconds', method((ns) => ns / NS_PER_MS)],
    ['Seconds', method((ns) => Number(ns) / 1e9)],
    ['Minutes', method((ns) => Number(ns) / 60e9)],
    ['Hours', method((ns) => Number(ns) / 3600e9)],
    ['Abs', method((ns) => duration(ns < 0n ? -ns : ns))],
    ['String', method((ns) => formatDuration(ns))],
    ['Truncate', rounding((ns, unit) => (unit <= 0n ? ns : ns - (ns % unit)))],
    ['Round', rounding((ns, unit) => (unit <= 0n ? ns : roundTo(ns, unit)))],
  ]),
  print: (value: NamedInt) => formatDuration(value.value),
};

/** @param ns nanoseconds; beyond what 64 bits hold it stays at the end of the range, as in Go. */
export function duration(ns: bigint): NamedInt {
  return new NamedInt(DURATION, ns > MAX_NS ? MAX_NS : ns < MIN_NS ? MIN_NS : ns);
}

/** @throws CallError when it is not a length of time that nanoseconds in 64 bits can hold. */
export function durationOfSeconds(seconds: number): NamedInt {
  const ns = seconds * 1e9;
  if (!(ns >= Number(MIN_NS) && ns < Number(MAX_NS)))
    throw new CallError(`${seconds} cannot be represented as a duration`);
  return duration(BigInt(Math.trunc(ns)));
}

/** Halves away from zero. */
export function roundTo(ns: bigint, unit: bigint): bigint {
  const rest = ns % unit;
  const size = rest < 0n ? -rest : rest;
  const floor = ns - rest;
  if (size * 2n < unit) return floor;
  return ns < 0n ? floor - unit : floor + unit;
}

/** `1h15m30.918s`, as Go prints it. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < NS_PER_MS) return `${sign}${withFraction(size, 1000n)}µs`;
  if (size < NS_PER_S) return `${sign}${withFraction(size, NS_PER_MS)}ms`;
  const minutes = size / (60n * NS_PER_S);
  const seconds = withFraction(size % (60n * NS_PER_S), NS_PER_S);
  if (minutes === 0n) return `${sign}${seconds}s`;
  const hours = minutes / 60n;
  return hours === 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${hours}h${minutes % 60n}m${seconds}s`;
}

function withFraction(ns: bigint, unit: bigint): string {
  const width = unit.toString().length - 1;
  const fraction = (ns % unit).toString().padStart(width, '0').replace(/0+$/, '');
  return `${ns / unit}${fraction === '' ? '' : `.${fraction}`}`;
}
