/** Turns a JSON value of ClickHouse into the JavaScript value of its column type. */
type Convert = (value: unknown) => unknown;

/** Splits `A, Map(B, C), D` at the commas of the outermost level. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function integer(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

const SPECIAL_FLOATS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

function float(value: unknown): unknown {
  return typeof value === 'string' ? (SPECIAL_FLOATS[value] ?? Number(value)) : value;
}

function converterOf(type: string): Convert | undefined {
  if (/^U?Int64$/.test(type)) return integer;
  if (/^Float(32|64)$/.test(type)) return float;
  const nested = /^(Nullable|LowCardinality|Array|Map|SimpleAggregateFunction)\((.*)\)$/s.exec(type);
  if (nested === null) return undefined;
  const inner = splitArguments(nested[2]!);
  const convert = converterOf(inner.at(-1)!);
  if (convert === undefined) return undefined;
  if (nested[1] === 'Array') return (value) => (value as unknown[]).map(convert);
  if (nested[1] === 'Map') return (value) => mapValues(value as Record<string, unknown>, convert);
  return (value) => (value === null ? null : convert(value));
}

function mapValues(value: Record<string, unknown>, convert: Convert): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, convert(item)]));
}

/**
 * Makes row objects from JSONCompact rows.
 *
 * 64-bit integers become numbers when they are safe integers and bigint otherwise; floats include NaN and the
 * infinities; every other type stays as ClickHouse writes it in JSON (dates as text, FixedString as bytes in a string).
 */
export function createRowDecoder(names: readonly string[], types: readonly string[]) {
  const converters = types.map(converterOf);
  return (values: readonly unknown[]): Record<string, unknown> => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const convert = converters[i];
      row[names[i]!] = convert === undefined ? values[i] : convert(values[i]);
    }
    return row;
  };
}
