import type { Labels } from '../../model/labels.ts';
import { readPoints, type ScriptPoint } from './points.ts';
import { LineReader, readDuration, readLabels, readNumber, ScriptError } from './reader.ts';

export interface ScriptSeries {
  readonly labels: Labels;
  readonly points: readonly (ScriptPoint | undefined)[];
}

/** `load`: point i of each series is at `i * stepMs`. */
export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  /** `load_with_nhcb`: classic histograms are also stored as native ones with custom buckets. */
  readonly foldsClassic: boolean;
  readonly series: readonly ScriptSeries[];
}

export interface ClearCommand {
  readonly kind: 'clear';
  readonly line: number;
}

export interface Expectation {
  readonly type: 'ordered' | 'fail' | 'warn' | 'no_warn' | 'info' | 'no_info';
  /** How `text` is compared; undefined: any message will do. */
  readonly match: 'msg' | 'regex' | undefined;
  readonly text: string;
}

/** First and last moment and the step, milliseconds. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** `eval instant` (`steps.stepMs` is 0) or `eval range`. */
export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly isRange: boolean;
  readonly query: string;
  readonly steps: Steps;
  readonly expectations: readonly Expectation[];
  readonly series: readonly ScriptSeries[];
  readonly scalar: number | undefined;
  readonly string: string | undefined;
  /** The instant query returns a range vector with points at these times. */
  readonly rangeVector: Steps | undefined;
}

export type ScriptCommand = LoadCommand | ClearCommand | EvalCommand;

interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * Parses a script in the language of Prometheus's promqltest: `load`, `load_with_nhcb`, `clear`, `eval instant`, `eval range`. A comment
 * ends a command as an empty line does.
 *
 * Throws ScriptError.
 */
export function parseScript(text: string): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  for (const [head, ...body] of blocksOf(text)) {
    const word = head!.text.split(/\s/, 1)[0]!;
    if (word === 'clear') {
      commands.push({ kind: 'clear', line: head!.number });
      // Nothing belongs to `clear`, so what follows without an empty line is a command of its own.
      if (body.length > 0) commands.push(...parseBlock(body[0]!, body.slice(1)));
    } else {
      commands.push(...parseBlock(head!, body));
    }
  }
  return commands;
}

function blocksOf(text: string): Line[][] {
  const blocks: Line[][] = [];
  let block: Line[] = [];
  text.split('\n').forEach((raw, i) => {
    const line = raw.trim();
    if (line !== '' && !line.startsWith('#')) {
      block.push({ text: line, number: i + 1 });
      return;
    }
    if (block.length > 0) blocks.push(block);
    block = [];
  });
  if (block.length > 0) blocks.push(block);
  return blocks;
}

function parseBlock(head: Line, body: readonly Line[]): ScriptCommand[] {
  if (head.text.startsWith('load')) return [parseLoad(head, body)];
  if (head.text.startsWith('eval')) return [parseEval(head, body)];
  throw new ScriptError(head.number, `unknown command: ${head.text}`);
}

function parseLoad(head: Line, body: readonly Line[]): LoadCommand {
  const found = /^load(_with_nhcb)?\s+(\S+)$/.exec(head.text);
  const stepMs = found === null ? undefined : readDuration(found[2]!);
  if (stepMs === undefined) throw new ScriptError(head.number, `bad load: ${head.text}`);
  const byKey = new Map<string, ScriptSeries>();
  for (const line of body) {
    if (/^\S*@st\s/.test(line.text)) throw new ScriptError(line.number, 'start timestamps are not supported');
    const series = readSeries(line);
    // A series that appears twice counts only as it appears the last time.
    byKey.set(series.labels.key, series);
  }
  return {
    kind: 'load',
    line: head.number,
    stepMs,
    foldsClassic: found![1] !== undefined,
    series: [...byKey.values()],
  };
}

function readSeries(line: Line): ScriptSeries {
  const reader = new LineReader(line.text, line.number);
  const labels = readLabels(reader);
  return { labels, points: readPoints(reader) };
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+at\s+(\S+)\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$/;

function parseEval(head: Line, body: readonly Line[]): EvalCommand {
  const instant = INSTANT.exec(head.text);
  const range = RANGE.exec(head.text);
  const query = instant?.[3] ?? range?.[5];
  if (query === undefined) throw new ScriptError(head.number, `bad eval: ${head.text}`);
  const steps =
    instant === null
      ? stepsOf(head, range![2]!, range![3]!, range![4]!)
      : stepsOf(head, instant[2]!, instant[2]!, '0s');
  const draft: Draft = {
    expectations: [],
    series: [],
    scalar: undefined,
    string: undefined,
    rangeVector: undefined,
  };
  const old = (instant ?? range)![1] as Expectation['type'] | undefined;
  for (const line of body) parseExpectedLine(line, draft);
  if (old !== undefined && !draft.expectations.some(({ type }) => type === old)) {
    draft.expectations.push({ type: old, match: undefined, text: '' });
  }
  return { kind: 'eval', line: head.number, isRange: instant === null, query, steps, ...draft };
}

interface Draft {
  expectations: Expectation[];
  series: ScriptSeries[];
  scalar: number | undefined;
  string: string | undefined;
  rangeVector: Steps | undefined;
}

function stepsOf(line: Line, start: string, end: string, step: string): Steps {
  const [startMs, endMs, stepMs] = [readDuration(start), readDuration(end), readDuration(step)];
  if (startMs === undefined || endMs === undefined || stepMs === undefined) {
    throw new ScriptError(line.number, `bad time: ${line.text}`);
  }
  return { startMs, endMs, stepMs };
}

const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(msg|regex):(.*))?$/;

function parseExpectedLine(line: Line, draft: Draft): void {
  const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(line.text);
  if (old !== null) {
    draft.expectations.push({
      type: 'fail',
      match: old[1] === 'message' ? 'msg' : 'regex',
      text: old[2]!.trim(),
    });
    return;
  }
  const range = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(line.text);
  if (range !== null) {
    draft.rangeVector = stepsOf(line, range[1]!, range[2]!, range[3]!);
    return;
  }
  const string = /^expect\s+string\s+(.*)$/.exec(line.text);
  if (string !== null) {
    draft.string = new LineReader(string[1]!, line.number).quoted();
    return;
  }
  if (/^expect\s/.test(line.text)) {
    draft.expectations.push(parseExpectation(line));
    return;
  }
  const scalar = readNumber(line.text);
  if (scalar === undefined) draft.series.push(readSeries(line));
  else draft.scalar = scalar;
}

function parseExpectation(line: Line): Expectation {
  const found = EXPECT.exec(line.text);
  if (found === null) throw new ScriptError(line.number, `bad expect: ${line.text}`);
  const match = found[2] as Expectation['match'];
  return { type: found[1] as Expectation['type'], match, text: found[3]?.trim() ?? '' };
}
