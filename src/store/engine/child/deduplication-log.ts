import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What was found wrong in the deduplication logs at start. */
export interface DedupRepair {
  /** Tokens whose rows never reached their table. */
  readonly forgotten: number;
  /** Logs whose last line was torn. */
  readonly torn: number;
}

const FOLDER = 'deduplication_logs';
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;
const ADDED = '1';
const DROPPED = '2';

/**
 * Makes the deduplication logs tell the truth after a crash. Must run before the engine opens the directory.
 *
 * A MergeTree table notes an insert's token first and renames the part into place afterwards. Killed in between, it
 * would take the token's next attempt for a repetition and the rows would be lost, although their sender
 * was told that they are safe. So a token whose part is neither on disk nor merged into another is forgotten here.
 * That never brings rows back twice: a part that retention removed is removed again.
 */
export function repairDeduplicationLogs(engineDir: string): DedupRepair {
  let forgotten = 0;
  let torn = 0;
  for (const table of tableDirectories(engineDir)) {
    const logs = entriesOf(join(table, FOLDER)).sort((a, b) => numberIn(a) - numberIn(b));
    const last = logs.at(-1);
    if (last === undefined) continue;
    const texts = logs.map((name) => readFileSync(join(table, FOLDER, name), 'utf8'));
    const missing = missingParts(texts.join(''), entriesOf(table));
    const lastText = texts.at(-1)!;
    const whole = lastText.slice(0, lastText.lastIndexOf('\n') + 1);
    if (missing.length === 0 && whole === lastText) continue;
    if (whole !== lastText) torn++;
    forgotten += missing.length;
    const drops = missing.map(([part, block]) => `${DROPPED}\t${part}\t${block}\n`).join('');
    writeFileSync(join(table, FOLDER, last), whole + drops);
  }
  return { forgotten, torn };
}

/** Part and block id of every live record of a log whose part is not among the directory's entries. */
export function missingParts(log: string, entries: readonly string[]): [part: string, block: string][] {
  const live = new Map<string, string>();
  for (const line of log.split('\n').slice(0, -1)) {
    const [operation, part, block] = line.split('\t');
    if (part === undefined || block === undefined) continue;
    if (operation === ADDED) live.set(block, part);
    else live.delete(block);
  }
  const ranges = rangesByPartition(entries);
  return [...live]
    .filter(([, part]) => !isCovered(part, ranges))
    .map(([block, part]): [string, string] => [part, block]);
}

type Ranges = Map<string, [first: number, last: number][]>;

function rangesByPartition(entries: readonly string[]): Ranges {
  const ranges: Ranges = new Map();
  for (const entry of entries) {
    const match = PART.exec(entry);
    if (match === null) continue;
    const list = ranges.get(match[1]!) ?? [];
    list.push([Number(match[2]), Number(match[3])]);
    ranges.set(match[1]!, list);
  }
  return ranges;
}

/** True too for a name of another shape: what is not understood is left alone. */
function isCovered(part: string, ranges: Ranges): boolean {
  const match = PART.exec(part);
  if (match === null) return true;
  const [first, last] = [Number(match[2]), Number(match[3])];
  return (ranges.get(match[1]!) ?? []).some(([from, to]) => from <= first && last <= to);
}

function tableDirectories(engineDir: string): string[] {
  const store = join(engineDir, 'store');
  return entriesOf(store).flatMap((prefix) =>
    entriesOf(join(store, prefix)).map((id) => join(store, prefix, id)),
  );
}

/** Entries of a directory, none when there is no such directory. */
function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}
