import { CallError } from '../errors.ts';
import { formatFloat } from '../format/floats.ts';
import { DURATION } from '../time/duration.ts';
import { TimeValue } from '../time/time.ts';
import { NamedInt, textOf, typeName, type Value } from '../values.ts';

/** Numbers for people, as Prometheus's template reference describes them. */

const LARGE = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const BINARY = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NS_PER_MS = 1_000_000n;

/**
 * The number a function for numbers works on: one, a duration in seconds, or a text with a number.
 *
 * @throws CallError
 */
export function numberFrom(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof NamedInt && value.type === DURATION) return Number(value.value) / 1e9;
  const text = textOf(value);
  if (text === undefined) throw new CallError(`can't convert ${typeName(value)} to float`);
  if (FLOAT.test(text)) return Number(text);
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word === null)
    throw new CallError(`strconv.ParseFloat: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax`);
  if (word[2]!.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? -Infinity : Infinity;
}

/** Four significant digits. */
function four(value: number): string {
  return formatFloat(value, 'g', 4);
}

export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? enlarged(value, LARGE, 1000) : reduced(value);
}

export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return four(value);
  return enlarged(value, BINARY, 1024);
}

function enlarged(value: number, prefixes: readonly string[], base: number): string {
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= base && step < prefixes.length - 1) {
    rest /= base;
    step++;
  }
  return four(rest) + prefixes[step];
}

function reduced(value: number): string {
  let rest = value;
  let step = 0;
  while (Math.abs(rest) < 1 && step < SMALL.length - 1) {
    rest *= 1000;
    step++;
  }
  return four(rest) + SMALL[step];
}

/** @param seconds */
export function humanizeDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return four(seconds);
  if (seconds === 0) return `${four(seconds)}s`;
  if (Math.abs(seconds) < 1) return `${reduced(seconds)}s`;
  const sign = seconds < 0 ? '-' : '';
  const size = Math.abs(seconds);
  const whole = BigInt(Math.trunc(size));
  const units = { d: whole / 86_400n, h: (whole / 3600n) % 24n, m: (whole / 60n) % 60n, s: whole % 60n };
  if (units.d > 0n) return `${sign}${units.d}d ${units.h}h ${units.m}m ${units.s}s`;
  if (units.h > 0n) return `${sign}${units.h}h ${units.m}m ${units.s}s`;
  if (units.m > 0n) return `${sign}${units.m}m ${units.s}s`;
  return `${sign}${four(size)}s`;
}

export function humanizePercentage(ratio: number): string {
  return `${four(ratio * 100)}%`;
}

/** @param seconds since 1970. @throws CallError when 64 bits do not hold its nanoseconds. */
export function timeFrom(seconds: number): TimeValue {
  if (!Number.isFinite(seconds)) throw new CallError('value is NaN or Inf');
  const ns = seconds * 1e9;
  if (Math.abs(ns) >= 2 ** 63)
    throw new CallError(
      `${formatFloat(seconds, 'g', -1)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  return new TimeValue((BigInt(Math.trunc(ns)) / NS_PER_MS) * NS_PER_MS);
}
