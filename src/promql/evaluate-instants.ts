import type { Labels } from '../model/labels.ts';
import { isStale, type SampleColumns, wordsOf } from '../model/samples.ts';
import type { VectorSelector } from './ast.ts';
import { executionError } from './evaluate-budget.ts';
import type { RowConsumer } from './evaluate-rows.ts';
import { RowWriter } from './evaluate-rows.ts';
import { atMs, durationMs } from './evaluate-select.ts';
import type { EvalScope } from './evaluate-types.ts';

/** What an instant selector takes from the samples of a series. */
interface Lookup {
  /** First moment looked at, and by how much it moves with each step; 0 when it is fixed. */
  readonly refMs: number;
  readonly stepMs: number;
  readonly lookbackMs: number;
  /** Gives the samples' own times in seconds instead of their values, as `timestamp` and `info` need them. */
  readonly wants: 'values' | 'times';
}

/** Fills a row with the newest sample not older than the lookback at each moment. @returns how many moments have one. */
function fillInstants(row: RowWriter, columns: SampleColumns, steps: number, lookup: Lookup): number {
  const { timesMs, values, histograms } = columns;
  let words: Uint32Array | undefined;
  const count = timesMs.length;
  let found = 0;
  let next = 0;
  for (let i = 0; i < steps; i++) {
    const refMs = lookup.refMs + i * lookup.stepMs;
    while (next < count && timesMs[next]! <= refMs) next++;
    const at = next - 1;
    if (at < 0 || timesMs[at]! <= refMs - lookup.lookbackMs) continue;
    const value = values[at]!;
    const histogram = histograms?.[at];
    if (histogram === undefined && Number.isNaN(value)) {
      words ??= wordsOf(values);
      if (isStale(words, at)) continue;
    }
    row.present[i] = 1;
    found++;
    if (lookup.wants === 'times') row.values[i] = timesMs[at]! / 1000;
    else {
      row.values[i] = value;
      if (histogram !== undefined) row.setHistogram(i, histogram);
    }
  }
  return found;
}

/** Fills a row by drawing a line between the samples around each moment. Without a next sample the previous one stands. */
function fillSmoothed(row: RowWriter, columns: SampleColumns, steps: number, lookup: Lookup): number {
  const { timesMs, values, histograms } = columns;
  if (histograms?.some((histogram) => histogram !== undefined) === true)
    throw executionError('smoothed and anchored modifiers do not work with native histograms');
  const words = wordsOf(values);
  const kept: number[] = [];
  for (let i = 0; i < timesMs.length; i++) if (!isStale(words, i)) kept.push(i);
  let found = 0;
  let next = 0;
  for (let i = 0; i < steps; i++) {
    const refMs = lookup.refMs + i * lookup.stepMs;
    while (next < kept.length && timesMs[kept[next]!]! <= refMs) next++;
    const before = kept[next - 1];
    if (before === undefined || timesMs[before]! <= refMs - lookup.lookbackMs) continue;
    const after = kept[next];
    row.present[i] = 1;
    found++;
    row.values[i] = values[before]!;
    if (timesMs[before] === refMs || after === undefined || timesMs[after]! > refMs + lookup.lookbackMs)
      continue;
    const share = (refMs - timesMs[before]!) / (timesMs[after]! - timesMs[before]!);
    row.values[i] = values[before]! + (values[after]! - values[before]!) * share;
  }
  return found;
}

/**
 * Evaluates an instant selector.
 *
 * @param wants `times`: the samples' own times in seconds instead of their values, histograms' too.
 */
export function streamInstants(
  node: VectorSelector,
  scope: EvalScope,
  consume: RowConsumer,
  wants: Lookup['wants'] = 'values',
): Promise<void> {
  const { env, grid } = scope;
  const isFixed = node.at !== undefined;
  const lookup: Lookup = {
    refMs: (isFixed ? atMs(node.at, env.query) : grid.startMs) - durationMs(node.offset),
    stepMs: isFixed ? 0 : grid.stepMs,
    lookbackMs: env.options.lookbackMs,
    wants,
  };
  const fill = node.extension === 'smoothed' ? fillSmoothed : fillInstants;
  const selected = env.selections.get(node)?.series ?? [];
  return streamRows(selected, scope, consume, (row, columns) => fill(row, columns, grid.steps, lookup));
}

interface Readable {
  readonly labels: Labels;
  read(): SampleColumns;
}

async function streamRows(
  selected: readonly Readable[],
  scope: EvalScope,
  consume: RowConsumer,
  fill: (row: RowWriter, columns: SampleColumns) => number,
): Promise<void> {
  const { grid, env, plan } = scope;
  const row = new RowWriter(grid.steps);
  for (const one of selected) {
    const columns = one.read();
    const found = fill(row, columns);
    if (env.budget.spend(grid.steps + columns.timesMs.length)) await env.budget.pause();
    if (found === 0) continue;
    plan.samplesRead += found;
    env.budget.samplesRead += found;
    consume(one.labels, false, row, found);
    row.clear();
  }
}

/** What an instant lookup without offset gives, for a selection made during the evaluation. */
export function streamSelected(
  selected: readonly Readable[],
  scope: EvalScope,
  consume: RowConsumer,
  wants: Lookup['wants'],
): Promise<void> {
  const { grid, env } = scope;
  const lookup: Lookup = {
    refMs: grid.startMs,
    stepMs: grid.stepMs,
    lookbackMs: env.options.lookbackMs,
    wants,
  };
  return streamRows(selected, scope, consume, (row, columns) =>
    fillInstants(row, columns, grid.steps, lookup),
  );
}
