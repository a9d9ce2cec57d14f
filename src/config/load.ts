import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { type Config, configSchema, contradictions } from './schema.ts';

/** One mistake, with its place when it stands in the file. */
export interface ConfigProblem {
  /** Dotted key: `server.listen`. */
  readonly path: string;
  readonly message: string;
  /** 1-based; undefined for problems of flags or environment. */
  readonly line?: number;
  readonly column?: number;
  /** Where the value came from: the file's name, `environment BELLWETHER_X`, `flag`. */
  readonly source: string;
}

/** Thrown with every mistake at once. */
export class ConfigError extends BellwetherError {
  readonly problems: readonly ConfigProblem[];
  /** The configuration without the keys that are wrong, so that what it names can be checked as well. */
  readonly rest: Config | undefined;
  constructor(problems: readonly ConfigProblem[], rest?: Config) {
    super({
      code: 'bad_config',
      message: `the configuration has ${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}:\n${problems.map(describe).join('\n')}`,
      hint: 'docs/configuration.md lists every key',
    });
    this.name = 'ConfigError';
    this.problems = problems;
    this.rest = rest;
  }
}

export interface LoadOptions {
  /** Path of `bellwether.yml`; absent: `./bellwether.yml` when it exists, else defaults. */
  readonly file?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values that win over file and environment, by dotted key. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

type Tree = { [key: string]: unknown };

/**
 * Reads file, environment and overrides into one checked configuration. Order of strength: overrides, environment, file, defaults.
 *
 * @throws {ConfigError} with every mistake found, not only the first.
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const file = findFile(options.file);
  const problems: ConfigProblem[] = [];
  const parsed = file === undefined ? undefined : parseFile(file, problems);
  const tree: Tree = parsed?.tree ?? {};
  const sources = new Map<string, string>();
  applyEnvironment(tree, options.env ?? process.env, sources, problems);
  for (const [path, value] of Object.entries(options.overrides ?? {})) {
    if (value === undefined) continue;
    setPath(tree, path.split('.'), value);
    sources.set(path, 'flag');
  }
  const result = configSchema.safeParse(tree);
  if (!result.success) {
    for (const issue of result.error.issues) problems.push(...toProblems(issue, { parsed, file, sources }));
  }
  for (const { path, message } of result.success ? contradictions(result.data) : []) {
    problems.push(problemAt(path.split('.'), message, { parsed, file, sources }, false));
  }
  if (problems.length > 0 || !result.success) {
    throw new ConfigError(
      problems,
      result.success ? undefined : restOf(tree, result.error, { parsed, file, sources }),
    );
  }
  // Absolute, because the engine has a working directory of its own.
  const config = { ...readSecrets(result.data, file), data_dir: resolve(result.data.data_dir) };
  origins.set(config, { parsed, file, sources });
  return config;
}

/** What is left without the keys that are wrong; undefined when that is wrong too. */
function restOf(tree: Tree, error: z.ZodError, origin: Origins): Config | undefined {
  const rest = structuredClone(tree);
  for (const { path, ...issue } of error.issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    for (const key of keys) removePath(rest, key === undefined ? path : [...path, key]);
  }
  const result = configSchema.safeParse(rest);
  if (!result.success) return undefined;
  origins.set(result.data, origin);
  return result.data;
}

/** Removes a key; of a list everything, because a list with a hole would be another mistake. */
function removePath(tree: Tree, path: readonly PropertyKey[]): void {
  let node: Tree = tree;
  for (const [depth, key] of path.entries()) {
    const next = node[String(key)];
    const isLast = depth === path.length - 1;
    if (isLast || typeof next !== 'object' || next === null || Array.isArray(next)) {
      delete node[String(key)];
      return;
    }
    node = next as Tree;
  }
}

const origins = new WeakMap<Config, Origins>();

/** Where a configuration's values stand, for those who check parts of it further. */
export interface ConfigOrigin {
  /** The file's name, or `defaults`. */
  readonly source: string;
  /** Relative files are taken from here. */
  readonly directory: string;
  locate(
    path: readonly PropertyKey[],
    atKey: boolean,
  ): { readonly line: number; readonly column: number } | undefined;
}

/** @param config from {@link loadConfig}. */
export function configOrigin(config: Config): ConfigOrigin {
  const origin = origins.get(config);
  const { file, parsed } = origin ?? {};
  return {
    source: file ?? 'defaults',
    directory: file === undefined ? '.' : dirname(file),
    locate(path, atKey) {
      if (parsed === undefined || origin?.sources.has(path.map(String).join('.'))) return undefined;
      const { line, col } = parsed.lines.linePos(offsetOf(parsed.document, path.map(String), atKey));
      return { line, column: col };
    },
  };
}

function findFile(file: string | undefined): string | undefined {
  if (file === undefined) return existsSync('bellwether.yml') ? 'bellwether.yml' : undefined;
  if (existsSync(file)) return file;
  throw new ConfigError([{ path: '', message: 'the file does not exist', source: file }]);
}

interface ParsedFile {
  readonly tree: Tree;
  readonly document: Document;
  readonly lines: LineCounter;
}

function parseFile(file: string, problems: ConfigProblem[]): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) {
    const position = lines.linePos(error.pos[0]);
    problems.push({
      path: '',
      message: error.message,
      line: position.line,
      column: position.col,
      source: file,
    });
  }
  const value: unknown = document.errors.length > 0 ? {} : document.toJS();
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    problems.push({
      path: '',
      message: 'the file must be a list of keys and values',
      line: 1,
      column: 1,
      source: file,
    });
  }
  const tree = value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Tree) : {};
  return { tree, document, lines };
}

/** `BELLWETHER_SERVER_LISTEN` is `server.listen`. Only known keys; others with the prefix are mistakes. */
function applyEnvironment(
  tree: Tree,
  env: Readonly<Record<string, string | undefined>>,
  sources: Map<string, string>,
  problems: ConfigProblem[],
): void {
  const known = new Map(
    leafPaths(configSchema).map((path) => [`BELLWETHER_${path.toUpperCase().replaceAll('.', '_')}`, path]),
  );
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('BELLWETHER_') || value === undefined || reservedVariables.has(name)) continue;
    if (name.startsWith('BELLWETHER_TEST_')) continue;
    const path = known.get(name);
    if (path === undefined) {
      const close = nearest(name, [...known.keys()]);
      problems.push({
        path: name,
        message: `unknown variable${close ? `; did you mean ${close}?` : ''}`,
        source: 'environment',
      });
      continue;
    }
    setPath(tree, path.split('.'), fromText(value));
    sources.set(path, `environment ${name}`);
  }
}

/** Variables with the prefix that are not configuration keys. */
const reservedVariables = new Set(['BELLWETHER_CONFIG', 'BELLWETHER_KEY', 'BELLWETHER_URL']);

/** Booleans, numbers and comma-separated lists as YAML would read them. */
function fromText(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^\d+$/.test(text)) return Number(text);
  if (text === '[]') return [];
  return text.startsWith('[')
    ? text
        .slice(1, -1)
        .split(',')
        .map((item) => item.trim())
    : text;
}

/** Dotted paths of all leaves of the schema, in its order. */
export function leafPaths(schema: z.ZodType, prefix = ''): string[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return [prefix];
  return Object.entries(inner.shape).flatMap(([key, child]) =>
    leafPaths(child as z.ZodType, prefix === '' ? key : `${prefix}.${key}`),
  );
}

/** The object schema behind defaults and optionals, or the schema itself. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    const inner = schema.unwrap() as z.ZodType;
    return inner instanceof z.ZodObject ? inner : schema;
  }
  return schema;
}

function setPath(tree: Tree, keys: readonly string[], value: unknown): void {
  let node = tree;
  for (const key of keys.slice(0, -1)) {
    const next = node[key];
    if (next === null || typeof next !== 'object' || Array.isArray(next)) node[key] = {};
    node = node[key] as Tree;
  }
  node[keys.at(-1)!] = value;
}

interface Origins {
  readonly parsed: ParsedFile | undefined;
  readonly file: string | undefined;
  readonly sources: ReadonlyMap<string, string>;
}

function toProblems(issue: z.core.$ZodIssue, origins: Origins): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const close = nearest(key, siblingsOf(issue.path));
      const message = `unknown key${close ? `; did you mean ${close}?` : ''}`;
      return problemAt([...issue.path, key], message, origins, true);
    });
  }
  const message = issue.code === 'invalid_union' ? unionMessage(issue) : issue.message;
  return [problemAt(issue.path, message, origins, false)];
}

function unionMessage(issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>): string {
  const messages = issue.errors.flat().map((inner) => inner.message);
  return messages.find((text) => text.startsWith('must')) ?? messages.join(' or ') ?? issue.message;
}

function siblingsOf(path: readonly PropertyKey[]): string[] {
  let schema: z.ZodType = configSchema;
  for (const key of path) {
    const inner = unwrap(schema);
    if (!(inner instanceof z.ZodObject)) return [];
    schema = inner.shape[String(key)] as z.ZodType;
  }
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function problemAt(
  keys: readonly PropertyKey[],
  message: string,
  origins: Origins,
  atKey: boolean,
): ConfigProblem {
  const path = keys.map(String).join('.');
  const source = origins.sources.get(path);
  if (source !== undefined || origins.parsed === undefined)
    return { path, message, source: source ?? 'defaults' };
  const offset = offsetOf(origins.parsed.document, keys.map(String), atKey);
  const position = origins.parsed.lines.linePos(offset);
  return { path, message, line: position.line, column: position.col, source: origins.file ?? '' };
}

/** Offset of the value (or of the key itself) in the text; of the nearest parent that exists when it is missing. */
function offsetOf(document: Document, keys: readonly string[], atKey: boolean): number {
  for (let depth = keys.length; depth > 0; depth--) {
    const parent =
      depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1).map(keyOrIndex), true);
    if (isSeq(parent)) {
      const item = parent.items[Number(keys[depth - 1])];
      if (isNode(item) && item.range) return item.range[0];
    }
    if (!isMap(parent)) continue;
    const pair = parent.items.find(
      (item) => isScalar(item.key) && String(item.key.value) === keys[depth - 1],
    );
    if (pair === undefined) continue;
    const node = atKey || !isNode(pair.value) ? pair.key : pair.value;
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOrIndex(key: string): string | number {
  return /^\d+$/.test(key) ? Number(key) : key;
}

function describe(problem: ConfigProblem): string {
  const place =
    problem.line === undefined ? problem.source : `${problem.source}:${problem.line}:${problem.column}`;
  return `  ${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`;
}

/** Replaces `x_file` by the file's content. Paths are relative to the configuration file. */
function readSecrets(config: Config, file: string | undefined): Config {
  const path = config.storage.password_file;
  if (path === undefined) return config;
  const absolute = isAbsolute(path) ? path : resolve(file === undefined ? '.' : dirname(file), path);
  try {
    return { ...config, storage: { ...config.storage, password: readFileSync(absolute, 'utf8').trim() } };
  } catch (error) {
    throw new ConfigError([
      {
        path: 'storage.password_file',
        message: `cannot be read: ${messageOf(error)}`,
        source: file ?? 'environment',
      },
    ]);
  }
}
