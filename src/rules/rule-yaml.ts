import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar,
  visit,
} from 'yaml';
import { nearest } from '../lib/nearest.ts';
import { parseDurationMs } from '../lib/units.ts';
import { compareText } from '../model/labels.ts';
import type { LabelPairs, RuleProblem } from './rule-types.ts';

/** Mistakes that are reported of one file; the rest is counted. */
const MAX_PROBLEMS = 1000;
/** Merge keys inside merged maps; more is a cycle or an attack. */
const MAX_MERGE_DEPTH = 16;
/** Durations from here on do not fit Prometheus's 64-bit nanoseconds. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;

/** Collects what is wrong with a file. */
export class ProblemList {
  readonly source: string;
  readonly problems: RuleProblem[] = [];
  readonly warnings: RuleProblem[] = [];
  #left = 0;

  constructor(source: string) {
    this.source = source;
  }

  add(problem: RuleProblem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
    else if (this.#left++ === 0) this.problems.push(problem);
    else
      this.problems[MAX_PROBLEMS] = {
        path: '',
        source: this.source,
        message: `and ${this.#left} more mistakes`,
      };
  }
}

interface Reader {
  readonly lines: LineCounter;
  readonly targets: ReadonlyMap<Node, Node>;
  readonly list: ProblemList;
}

/** A key of a mapping with its value; keys that a merge brought in are among them. */
export interface YamlEntry {
  readonly key: string;
  readonly value: YamlValue;
  /** Offset of the key in the text. */
  readonly offset: number;
}

/** A value in a YAML document with its place. Aliases are followed when the value is looked at, so that they cannot multiply. */
export class YamlValue {
  readonly path: string;
  readonly #reader: Reader;
  readonly #node: Node | undefined;
  readonly #offset: number;

  constructor(node: unknown, path: string, reader: Reader, offset: number) {
    const written = isNode(node) ? node : undefined;
    this.path = path;
    this.#reader = reader;
    this.#node = written !== undefined && isAlias(written) ? reader.targets.get(written) : written;
    this.#offset = written?.range?.[0] ?? offset;
  }

  get kind(): 'map' | 'list' | 'text' | 'nothing' {
    const node = this.#node;
    if (isMap(node)) return 'map';
    if (isSeq(node)) return 'list';
    if (!isScalar(node) || isNothing(node)) return 'nothing';
    return 'text';
  }

  /** A scalar as it was written: `1.10` stays `1.10`. Empty when there is nothing. */
  get text(): string {
    return this.kind === 'text' ? textOf(this.#node as Scalar) : '';
  }

  get line(): number {
    return this.#reader.lines.linePos(this.#offset).line;
  }

  items(): YamlValue[] {
    if (!isSeq(this.#node)) return [];
    return this.#node.items.map((item, i) => this.#child(item, String(i), this.#offset));
  }

  /** The keys in their order; what is written in the mapping itself counts more than what is merged into it. */
  entries(): YamlEntry[] {
    if (!isMap(this.#node)) return [];
    const found = new Map<string, YamlEntry>();
    this.#collect(this.#node.items, found, 0);
    return [...found.values()];
  }

  #collect(items: readonly Pair[], found: Map<string, YamlEntry>, depth: number): void {
    const merges: unknown[] = [];
    for (const { key, value } of items) {
      if (isMergeKey(key)) {
        merges.push(value);
        continue;
      }
      const offset = isNode(key) ? (key.range?.[0] ?? this.#offset) : this.#offset;
      const name = isScalar(key) ? textOf(key) : String(key);
      if (!found.has(name)) found.set(name, { key: name, value: this.#child(value, name, offset), offset });
    }
    for (const merge of merges) this.#merge(merge, found, depth + 1);
  }

  #merge(value: unknown, found: Map<string, YamlEntry>, depth: number): void {
    const target = isAlias(value) ? this.#reader.targets.get(value) : value;
    if (depth > MAX_MERGE_DEPTH) this.problem('anchors are merged too deeply');
    else if (isMap(target)) this.#collect(target.items, found, depth);
    else if (isSeq(target)) for (const item of target.items) this.#merge(item, found, depth + 1);
    else this.problem('map merge requires map or sequence of maps as the value');
  }

  #child(node: unknown, name: string, offset: number): YamlValue {
    return new YamlValue(node, this.path === '' ? name : `${this.path}.${name}`, this.#reader, offset);
  }

  /** Notes a mistake at this value, or at a place in it. */
  problem(
    message: string,
    at: { readonly offset: number; readonly key: string } | undefined = undefined,
  ): void {
    this.#reader.list.add(this.#placed(message, at));
  }

  #placed(message: string, at: { readonly offset: number; readonly key: string } | undefined): RuleProblem {
    const { line, col } = this.#reader.lines.linePos(at?.offset ?? this.#offset);
    const path = at === undefined ? this.path : `${this.path}${this.path === '' ? '' : '.'}${at.key}`;
    return { path, message, line, column: col, source: this.#reader.list.source };
  }

  /** Notes that the value is of the wrong kind, in the words of Go's YAML library. */
  mismatch(wanted: string): void {
    const tag = { map: '!!map', list: '!!seq', text: `!!str \`${shortened(this.text)}\``, nothing: '!!null' }[
      this.kind
    ];
    this.problem(`cannot unmarshal ${tag} into ${wanted}`);
  }
}

function shortened(text: string): string {
  return text.length > 10 ? `${text.slice(0, 7)}...` : text;
}

function textOf(node: Scalar): string {
  return node.source ?? String(node.value);
}

function isNothing(node: Scalar): boolean {
  return (
    node.value === null || (node.type === Scalar.PLAIN && /^(?:~|null|Null|NULL|)$/.test(node.source ?? ''))
  );
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.source === '<<' && key.type === Scalar.PLAIN;
}

/** Parses the first document of a text. Undefined when it is empty or no YAML; the mistakes are in the list then. */
export function readYaml(text: string, list: ProblemList): YamlValue | undefined {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
  const document = parsed[0] as Document;
  if (parsed.length > 1)
    list.warnings.push({
      path: '',
      message: 'only the first document of the file counts',
      source: list.source,
    });
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    list.add({ path: '', message: `yaml: ${error.message}`, line, column: col, source: list.source });
  }
  if (document.errors.length > 0) return undefined;
  const targets = aliasTargets(document, lines, list);
  const root = new YamlValue(document.contents, '', { lines, targets, list }, 0);
  return root.kind === 'nothing' ? undefined : root;
}

/** What each alias stands for: the last anchor of that name before it. */
function aliasTargets(document: Document, lines: LineCounter, list: ProblemList): Map<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target !== undefined) {
        targets.set(node, target);
        return;
      }
      const { line, col } = lines.linePos(node.range?.[0] ?? 0);
      const message = `yaml: unknown anchor '${node.source}' referenced`;
      list.add({ path: '', message, line, column: col, source: list.source });
    },
  });
  return targets;
}

/** A mapping with known keys. Others are mistakes unless they shall be ignored. */
export class Section {
  readonly value: YamlValue;
  readonly #entries: ReadonlyMap<string, YamlEntry>;

  /** @param goType the name Prometheus gives the section in its messages. */
  constructor(value: YamlValue, goType: string, known: readonly string[], ignoresUnknown = false) {
    this.value = value;
    if (value.kind !== 'map' && value.kind !== 'nothing') value.mismatch(goType);
    const entries = value.entries();
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
    if (ignoresUnknown) return;
    for (const entry of entries) {
      if (known.includes(entry.key)) continue;
      const close = nearest(entry.key, known);
      const hint = close === undefined ? '' : `; did you mean ${close}?`;
      value.problem(`field ${entry.key} not found in type ${goType}${hint}`, entry);
    }
  }

  get(key: string): YamlValue | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The text of a key; empty when it is absent. */
  text(key: string): string {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return '';
    if (value.kind !== 'text') value.mismatch('string');
    return value.text;
  }

  list(key: string, goType: string): YamlValue[] {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return [];
    if (value.kind !== 'list') value.mismatch(`[]${goType}`);
    return value.items();
  }

  /** Texts by name, ascending. */
  pairs(key: string): LabelPairs {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return [];
    if (value.kind !== 'map') value.mismatch('map[string]string');
    return value
      .entries()
      .map(({ key: name, value: inner }) => {
        if (inner.kind === 'map' || inner.kind === 'list') inner.mismatch('string');
        return [name, inner.text] as const;
      })
      .sort((a, b) => compareText(a[0], b[0]));
  }

  /** Milliseconds; undefined when the key is absent or no duration. */
  duration(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return undefined;
    if (value.kind !== 'text') {
      value.mismatch('string');
      return undefined;
    }
    const { text } = value;
    const ms = text === '0' ? 0 : parseDurationMs(text);
    if (ms !== undefined && ms < MAX_DURATION_MS) return ms;
    if (text === '') value.problem('empty duration string');
    else if (ms === undefined) value.problem(`not a valid duration string: ${JSON.stringify(text)}`);
    else value.problem('duration out of range');
    return undefined;
  }

  /** A whole number, fractions cut off as in Go; 0 when the key is absent. */
  integer(key: string): number {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return 0;
    const isNumber = value.kind === 'text' && /^[+-]?\d+(?:\.\d*)?$/.test(value.text);
    const number = isNumber ? Math.trunc(Number(value.text)) : Number.NaN;
    if (Number.isSafeInteger(number)) return number;
    value.mismatch('int');
    return 0;
  }

  bool(key: string): boolean {
    const value = this.get(key);
    if (value === undefined || value.kind === 'nothing') return false;
    if (/^(?:true|True|TRUE|yes|Yes|YES|on|On|ON|y|Y)$/.test(value.text)) return true;
    if (!/^(?:false|False|FALSE|no|No|NO|off|Off|OFF|n|N)$/.test(value.text)) value.mismatch('bool');
    return false;
  }
}
