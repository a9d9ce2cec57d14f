import { type Document, LineCounter, parseDocument, type ScalarTag, type Tags } from 'yaml';
import { messageOf } from '../../lib/errors.ts';
import { type ConfigPlace, documentPlace, type PlacedProblem } from '../../prom-config/index.ts';
import { type Findings, isSection } from './findings.ts';

/** Longest text that is read, UTF-16 units. */
export const MAX_CONFIG_LENGTH = 16 * 1024 * 1024;
/** Values in a configuration, those behind aliases counted wherever they are used. */
export const MAX_CONFIG_VALUES = 1_000_000;
/** Sections and lists inside each other. */
export const MAX_CONFIG_DEPTH = 200;
/** Mistakes in the notation that are reported. */
const MAX_YAML_PROBLEMS = 100;

const TOO_DEEP = `sections are nested more than ${MAX_CONFIG_DEPTH} levels deep`;

export interface YamlTree {
  readonly tree: Readonly<Record<string, unknown>>;
  readonly place: ConfigPlace;
}

/** The sections of a text in YAML; undefined when its notation is too wrong to look further. */
export function readYamlTree(text: string, source: string, findings: Findings): YamlTree | undefined {
  const fail = (message: string) => {
    findings.problems.push({ path: '', message, line: 1, column: 1, source });
    return undefined;
  };
  if (text.length > MAX_CONFIG_LENGTH) return fail(`is longer than ${MAX_CONFIG_LENGTH} characters`);
  try {
    const lines = new LineCounter();
    const document = parseExactDocument(text, lines);
    // The parser recurses, and reports where it could not go deeper.
    if (document.errors.some(({ message }) => message.includes('call stack'))) return fail(TOO_DEEP);
    findings.problems.push(...notationProblems(document, lines, source));
    // A key that is there twice leaves the rest readable.
    if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) return undefined;
    const value: unknown = document.toJS({ maxAliasCount: 1000 });
    const bound = boundOf(value);
    if (bound !== undefined) return fail(bound);
    const place = documentPlace(source, document, lines);
    if (value === null || value === undefined) return { tree: {}, place };
    return isSection(value) ? { tree: value, place } : fail('must be a section of keys and values');
  } catch (error) {
    if (error instanceof RangeError) return fail(TOO_DEEP);
    // Too many aliases.
    return fail(`cannot be read: ${messageOf(error)}`);
  }
}

function notationProblems(document: Document, lines: LineCounter, source: string): PlacedProblem[] {
  return document.errors.slice(0, MAX_YAML_PROBLEMS).map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: '', message: error.message, line, column: col, source };
  });
}

/** Why the values are too many or without an end (an alias inside what it stands for); undefined when they are not. */
function boundOf(root: unknown): string | undefined {
  let values = 0;
  let tooDeep = false;
  const count = (value: unknown, depth: number): void => {
    if (++values > MAX_CONFIG_VALUES || tooDeep) return;
    if (value === null || typeof value !== 'object') return;
    if (depth > MAX_CONFIG_DEPTH) {
      tooDeep = true;
      return;
    }
    for (const inner of Object.values(value)) count(inner, depth + 1);
  };
  count(root, 1);
  if (tooDeep) return TOO_DEEP;
  return values > MAX_CONFIG_VALUES ? `has more than ${MAX_CONFIG_VALUES} values` : undefined;
}

/**
 * Scalars become numbers and truth values only where that loses nothing: 1.10, 007 and yes stay texts, since they may be values of
 * labels or keys of services.
 */
const EXACT_TAGS: readonly ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^(?:0|-?[1-9]\d{0,14})$/,
    resolve: (written) => Number(written),
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^-?(?:0|[1-9]\d{0,5})\.\d{0,5}[1-9]$/,
    resolve: (written) => Number(written),
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:true|false)$/,
    resolve: (written) => written === 'true',
  },
];
const REPLACED = new Set(EXACT_TAGS.map(({ tag }) => tag));

function parseExactDocument(text: string, lines: LineCounter): Document {
  const isReplaced = (tag: Tags[number]) => typeof tag === 'object' && REPLACED.has(tag.tag);
  return parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => [...EXACT_TAGS, ...tags.filter((tag) => !isReplaced(tag))],
  });
}
