import css from './sparkline.module.css';

const width = 120;
const height = 32;
const pad = 2;

/**
 * A small line without axes. Decoration beside a figure that says the same in words, so it is hidden from screen readers. Gaps
 * stay gaps; a single point becomes a dot.
 */
export function Sparkline(props: {
  values: readonly (number | null)[];
  colour?: string;
  baselineZero?: boolean;
}) {
  const known = props.values.filter((value): value is number => value != null);
  if (known.length === 0) return <svg className={css.spark} aria-hidden />;
  const low = props.baselineZero === false ? Math.min(...known) : Math.min(0, ...known);
  const high = Math.max(...known);
  const x = (at: number) => pad + (at / Math.max(1, props.values.length - 1)) * (width - 2 * pad);
  const y = (value: number) => height - pad - ((value - low) / (high - low || 1)) * (height - 2 * pad);
  const runs = runsOf(props.values);
  const path = (run: [number, number][]) =>
    `M${run.map(([at, value]) => `${r(x(at))} ${r(y(value))}`).join('L')}`;
  const lines = runs.filter((run) => run.length > 1);
  const line = lines.map(path).join('');
  // A lone point has no line: a hair of length, which a thick round pen turns into a dot.
  const dots = runs
    .filter((run) => run.length === 1)
    .map((run) => `${path(run)}h0.01`)
    .join('');
  const area = lines.map((run) => areaOf(run.map(([at, value]) => [x(at), y(value)]))).join('');
  return (
    <svg
      className={css.spark}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden
      style={{ color: props.colour ?? 'var(--series-1)' }}
    >
      <path className={css.area} d={area} />
      <path className={css.line} d={line} />
      {dots !== '' && <path className={css.dots} d={dots} />}
    </svg>
  );
}

function runsOf(values: readonly (number | null)[]): [number, number][][] {
  const runs: [number, number][][] = [];
  let run: [number, number][] = [];
  values.forEach((value, at) => {
    if (value != null) {
      if (run.length === 0) runs.push(run);
      run.push([at, value]);
    } else {
      run = [];
    }
  });
  return runs;
}

function areaOf(points: [number, number][]): string {
  const first = points[0]!;
  const last = points[points.length - 1]!;
  return `M${r(first[0])} ${height}L${points.map(([px, py]) => `${r(px)} ${r(py)}`).join('L')}L${r(last[0])} ${height}Z`;
}

function r(value: number): string {
  return value.toFixed(2);
}
