export type QueryFormat = 'table' | 'json' | 'csv' | 'chart';

type Point = readonly [timeS: number, value: string];

interface HistogramValue {
  readonly count: string;
  readonly sum: string;
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly histogram?: readonly [timeS: number, histogram: HistogramValue];
  readonly values?: readonly Point[];
  readonly histograms?: readonly (readonly [timeS: number, histogram: HistogramValue])[];
}

/** `data` of Prometheus's query API. */
export type ApiResult =
  | { readonly resultType: 'scalar'; readonly result: Point }
  | { readonly resultType: 'string'; readonly result: Point }
  | { readonly resultType: 'vector'; readonly result: readonly ApiSeries[] }
  | { readonly resultType: 'matrix'; readonly result: readonly ApiSeries[] };

const CHART_HEIGHT = 12;
const AXIS_WIDTH = 11;
/** Series drawn one below the other. */
const MAX_CHARTS = 20;
const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A result as text for a terminal of `width` columns. */
export function drawResult(result: ApiResult, format: QueryFormat, width: number): string {
  if (result.resultType === 'scalar' || result.resultType === 'string') {
    const [timeS, value] = result.result;
    return format === 'csv' ? `time,value\n${isoTime(timeS)},${csv(value)}\n` : `${printable(value)}\n`;
  }
  if (result.result.length === 0) return format === 'csv' ? 'time,value\n' : 'no series\n';
  if (format === 'csv') return drawCsv(result.result);
  return format === 'chart' ? drawCharts(result.result, width) : drawTable(result.result);
}

function drawTable(list: readonly ApiSeries[]): string {
  const rows = list.flatMap((series) =>
    pointsOf(series).map(([timeS, value]) => [nameOf(series.metric), isoTime(timeS), value] as const),
  );
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map(([name, time, value]) => `${name.padEnd(widths[0]!)}  ${time.padEnd(widths[1]!)}  ${value}\n`)
    .join('');
}

/** A column per label, one line per sample. */
function drawCsv(list: readonly ApiSeries[]): string {
  const labels = [...new Set(list.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const lines = list.flatMap((series) => {
    const values = labels.map((label) => csv(series.metric[label] ?? ''));
    return pointsOf(series).map(([timeS, value]) => [isoTime(timeS), ...values, csv(value)].join(','));
  });
  return `${['time', ...labels.map(csv), 'value'].join(',')}\n${lines.join('\n')}\n`;
}

function drawCharts(list: readonly ApiSeries[], width: number): string {
  const charts = list
    .slice(0, MAX_CHARTS)
    .map((series) => `${nameOf(series.metric)}\n${drawChart(pointsOf(series), width)}`);
  const rest = list.length - charts.length;
  return charts.join('\n') + (rest > 0 ? `\n${rest} more series are not drawn\n` : '');
}

function drawChart(points: readonly Point[], width: number): string {
  const columns = bucket(points, Math.max(10, width - AXIS_WIDTH - 1));
  const known = columns.filter((value) => Number.isFinite(value));
  if (known.length === 0) return '(no finite values)\n';
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = high - low || Math.abs(high) || 1;
  const base = high === low ? low - span / 2 : low;
  const lines: string[] = [];
  for (let row = CHART_HEIGHT - 1; row >= 0; row--) {
    const cells = columns.map((value) => cell(((value - base) / span) * CHART_HEIGHT - row));
    const isEdge = row === 0 || row === CHART_HEIGHT - 1;
    const label = isEdge ? shortNumber(row === 0 ? low : high) : '';
    lines.push(`${label.padStart(AXIS_WIDTH - 1)} ┤${cells.join('')}`);
  }
  const [first, last] = [points[0]![0], points.at(-1)![0]];
  return `${lines.join('\n')}\n${' '.repeat(AXIS_WIDTH)}${isoTime(first)} … ${isoTime(last)}\n`;
}

function cell(fill: number): string {
  if (Number.isNaN(fill)) return ' ';
  return BLOCKS[Math.min(8, Math.max(0, Math.ceil(fill * 8)))]!;
}

/** The mean per column of the chart; NaN where nothing falls. */
function bucket(points: readonly Point[], count: number): number[] {
  const [first, last] = [points[0]![0], points.at(-1)![0]];
  const used = Math.min(count, Math.max(points.length, 1));
  const sums = new Array<number>(used).fill(0);
  const counts = new Array<number>(used).fill(0);
  for (const [timeS, text] of points) {
    const value = Number(text.replace('Inf', 'Infinity'));
    if (!Number.isFinite(value)) continue;
    const at = last === first ? 0 : Math.min(used - 1, Math.floor(((timeS - first) / (last - first)) * used));
    sums[at]! += value;
    counts[at]!++;
  }
  return sums.map((sum, i) => (counts[i] === 0 ? Number.NaN : sum / counts[i]!));
}

function pointsOf(series: ApiSeries): Point[] {
  const floats = series.values ?? (series.value === undefined ? [] : [series.value]);
  const natives = series.histograms ?? (series.histogram === undefined ? [] : [series.histogram]);
  const shown = natives.map(([timeS, { count, sum }]) => [timeS, `count=${count} sum=${sum}`] as const);
  return [...floats, ...shown].sort((a, b) => a[0] - b[0]);
}

function nameOf(metric: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...labels } = metric;
  const list = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return printable(list.length === 0 ? name || '{}' : `${name}{${list.join(', ')}}`);
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function isoTime(timeS: number): string {
  const ms = timeS * 1000;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(timeS);
}

function csv(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Label values come from outside and must not drive the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
