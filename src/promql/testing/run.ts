import type { SeriesSamples } from '../../model/samples.ts';
import type { QueryEngine } from '../engine-types.ts';
import { compareError, compareResult, compareValue } from './compare.ts';
import { ScriptData } from './data.ts';
import type { EvalCommand, ScriptCommand } from './script.ts';

/** Makes an engine over exactly these series. */
export type CreateEngine = (series: readonly SeriesSamples[]) => QueryEngine;

/** What came of one `eval`. */
export interface EvalOutcome {
  readonly line: number;
  readonly query: string;
  /** Undefined: as expected. */
  readonly failure: string | undefined;
}

/**
 * Runs a parsed script. Each instant query also runs as the middle step of a range query and must give the same, as upstream does it.
 *
 * @returns One outcome for each `eval`, in order.
 */
export async function runScript(
  script: readonly ScriptCommand[],
  createEngine: CreateEngine,
): Promise<EvalOutcome[]> {
  const data = new ScriptData();
  const outcomes: EvalOutcome[] = [];
  let engine: QueryEngine | undefined;
  for (const command of script) {
    if (command.kind === 'eval') {
      engine ??= createEngine(data.series());
      const failure = await check(command, engine);
      outcomes.push({ line: command.line, query: command.query, failure });
      continue;
    }
    engine = undefined;
    if (command.kind === 'clear') data.clear();
    else data.load(command);
  }
  return outcomes;
}

async function check(command: EvalCommand, engine: QueryEngine): Promise<string | undefined> {
  const failure = await settle(command, async () => {
    const { steps, query } = command;
    const result = command.isRange
      ? await engine.range({ text: query, ...steps })
      : await engine.instant({ text: query, timeMs: steps.startMs });
    return () => compareResult(command, result);
  });
  return failure ?? (await checkAsRange(command, engine));
}

/** Turns errors into outcomes; `run` returns how to judge what it got. */
async function settle(
  command: EvalCommand,
  run: () => Promise<() => string | undefined>,
): Promise<string | undefined> {
  const shallFail = command.expectations.some(({ type }) => type === 'fail');
  let judge: () => string | undefined;
  try {
    judge = await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isBug =
      error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    if (!shallFail || isBug) return `failed: ${isBug ? (error.stack ?? message) : message}`;
    return compareError(command, message);
  }
  return shallFail ? 'expected to fail' : judge();
}

const WINDOW_MS = 60_000;

/** Queries whose answer depends on the range they run in. */
const DEPENDS_ON_RANGE = /\b(?:step|range|start|end)\s*\(/i;

function canRunAsRange(command: EvalCommand): boolean {
  return !(
    command.isRange ||
    command.string !== undefined ||
    command.rangeVector !== undefined ||
    command.expectations.some(({ type }) => type === 'ordered') ||
    DEPENDS_ON_RANGE.test(command.query)
  );
}

async function checkAsRange(command: EvalCommand, engine: QueryEngine): Promise<string | undefined> {
  if (!canRunAsRange(command)) return undefined;
  const { startMs: timeMs } = command.steps;
  const failure = await settle(command, async () => {
    const { value } = await engine.range({
      text: command.query,
      startMs: timeMs - WINDOW_MS,
      endMs: timeMs + WINDOW_MS,
      stepMs: WINDOW_MS,
    });
    return () => compareMiddle(command, value, timeMs);
  });
  return failure === undefined ? undefined : `as the middle of a range: ${failure}`;
}

function compareMiddle(
  command: EvalCommand,
  value: Awaited<ReturnType<QueryEngine['range']>>['value'],
  timeMs: number,
): string | undefined {
  if (value.type !== 'matrix') return `got a ${value.type}`;
  const samples = value.series.flatMap(({ labels, timesMs, values, histograms }) => {
    const i = timesMs.indexOf(timeMs);
    return i < 0 ? [] : [{ labels, timeMs, value: values[i]!, histogram: histograms?.[i] }];
  });
  return command.scalar === undefined
    ? compareValue(command, { type: 'vector', samples })
    : compareValue(command, { type: 'scalar', timeMs, value: samples[0]?.value ?? Number.NaN });
}
