import { formatAbsolute, missing } from '../../lib/format.ts';

/** One line, band or stack of bars. `null` is a gap: nothing is drawn there and nothing is invented. */
export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
  /** A CSS custom property (`--series-3`) or a colour; the position in the palette when absent. */
  colour?: string;
}

/** Series over one shared axis of times in epoch milliseconds, ascending. */
export interface ChartData {
  times: readonly number[];
  series: readonly ChartSeries[];
}

export type Column = readonly (number | null)[];

/** Points per pixel of width above which a chart is thinned out. */
export const maxPointsPerPixel = 4;

/**
 * Running sums from the first series up, so that each is drawn on top of those before it. A gap counts as nothing as long as
 * another series has a value at that time; where none has one, the gap stays.
 */
export function stack(columns: readonly Column[]): (number | null)[][] {
  const length = columns[0]?.length ?? 0;
  const stacked: (number | null)[][] = columns.map(() => new Array<number | null>(length));
  for (let at = 0; at < length; at++) {
    const known = columns.some((column) => column[at] != null);
    let sum = 0;
    for (let s = 0; s < columns.length; s++) {
      sum += columns[s]?.[at] ?? 0;
      stacked[s]![at] = known ? sum : null;
    }
  }
  return stacked;
}

/** Times and columns of the same length, thinned for a width. */
export interface Sampled {
  times: readonly number[];
  columns: readonly Column[];
}

/**
 * Above {@link maxPointsPerPixel} points per pixel, keeps the lowest and highest value of every series in each pixel column, in the
 * order they occurred, so that a spike of one point stays visible. Below, returns its input unchanged.
 */
export function downsample(times: readonly number[], columns: readonly Column[], widthPx: number): Sampled {
  const buckets = Math.max(1, Math.floor(widthPx));
  if (times.length <= buckets * maxPointsPerPixel) return { times, columns };
  const outTimes: number[] = [];
  const out: (number | null)[][] = columns.map(() => []);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * times.length) / buckets);
    const to = Math.floor(((bucket + 1) * times.length) / buckets);
    outTimes.push(times[from]!, times[Math.max(from, to - 1)]!);
    columns.forEach((column, s) => {
      const [first, second] = extremes(column, from, to);
      out[s]!.push(first, second);
    });
  }
  return { times: outTimes, columns: out };
}

function extremes(column: Column, from: number, to: number): [number | null, number | null] {
  let lowAt = -1;
  let highAt = -1;
  for (let at = from; at < to; at++) {
    const value = column[at];
    if (value == null) continue;
    if (lowAt < 0 || value < column[lowAt]!) lowAt = at;
    if (highAt < 0 || value > column[highAt]!) highAt = at;
  }
  if (lowAt < 0) return [null, null];
  return lowAt < highAt ? [column[lowAt]!, column[highAt]!] : [column[highAt]!, column[lowAt]!];
}

/** Indexes of values without a neighbour on either side. */
export function lonelyIndexes(
  column: ArrayLike<number | null | undefined>,
  from: number,
  to: number,
): number[] {
  const lonely: number[] = [];
  for (let at = from; at <= to; at++) {
    if (column[at] != null && column[at - 1] == null && column[at + 1] == null) lonely.push(at);
  }
  return lonely;
}

/** Lowest, highest and last known value; null when there is none. */
export function summarize(
  values: Column,
): { min: number; max: number; maxAt: number; last: number; trend: string } | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let maxAt = 0;
  let last: number | null = null;
  values.forEach((value, at) => {
    if (value == null) return;
    if (value < min) min = value;
    if (value > max) {
      max = value;
      maxAt = at;
    }
    last = value;
  });
  if (last === null) return null;
  return { min, max, maxAt, last, trend: trendOf(values) };
}

/** Compares the mean of the last third with that of the first: `rising`, `falling` or `steady`. */
function trendOf(values: Column): string {
  const known = values.filter((value): value is number => value != null);
  if (known.length < 3) return 'steady';
  const third = Math.floor(known.length / 3);
  const early = mean(known.slice(0, third));
  const late = mean(known.slice(-third));
  const scale = Math.max(Math.abs(early), Math.abs(late));
  if (scale === 0 || Math.abs(late - early) < scale * 0.1) return 'steady';
  return late > early ? 'rising' : 'falling';
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Words for one who cannot see the chart; at most this many series are described one by one. */
const describedSeries = 4;

/** One paragraph with range, lowest, highest, last value and trend, for the `aria-label` of a chart. */
export function describeChart(options: {
  title: string;
  data: ChartData;
  format: (value: number | null) => string;
  timeZone: string;
}): string {
  const { title, data, format, timeZone } = options;
  const { times, series } = data;
  if (times.length === 0 || series.length === 0) return `${title}: no data.`;
  const from = formatAbsolute(times[0], timeZone);
  const to = formatAbsolute(times[times.length - 1], timeZone);
  const parts = [`${title}, from ${from} to ${to}.`];
  for (const { label, values } of series.slice(0, describedSeries)) {
    const summary = summarize(values);
    parts.push(
      summary === null
        ? `${label}: no values.`
        : `${label}: lowest ${format(summary.min)}, highest ${format(summary.max)} at ${formatAbsolute(times[summary.maxAt], timeZone)}, last ${format(summary.last)}, ${summary.trend}.`,
    );
  }
  if (series.length > describedSeries) parts.push(`And ${series.length - describedSeries} more series.`);
  return parts.join(' ');
}

/** RFC 4180, one row per time, times in RFC 3339 UTC, gaps empty. A leading formula character is defused for spreadsheets. */
export function toCsv(data: ChartData): string {
  const lines = [['time', ...data.series.map((series) => series.label)].map(csvCell).join(',')];
  data.times.forEach((time, at) => {
    const cells = data.series.map((series) => series.values[at]);
    lines.push(
      [new Date(time).toISOString(), ...cells.map((cell) => (cell == null ? '' : String(cell)))].join(','),
    );
  });
  return `${lines.join('\r\n')}\r\n`;
}

/** One text cell of a CSV file. */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Index of the known value nearest to `at`, searching outward; -1 when a series is empty. */
export function nearestKnown(values: Column, at: number): number {
  for (let distance = 0; distance < values.length; distance++) {
    if (values[at - distance] != null) return at - distance;
    if (values[at + distance] != null) return at + distance;
  }
  return -1;
}

/** The value, or the sign for a missing one, for tables and readouts. */
export function valueText(
  value: number | null | undefined,
  format: (value: number | null) => string,
): string {
  return value == null ? missing : format(value);
}
