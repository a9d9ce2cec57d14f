import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';
import { describe, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const maxFunctionLines = 70;
const maxFileLines = 500;

/** What a folder of `src/` may import besides itself, Node and the packages listed. `app`, `cli` and `main.ts` may import everything. */
const importTable: Readonly<Record<string, { folders: readonly string[]; packages: readonly string[] }>> = {
  lib: { folders: [], packages: ['re2js', 'undici'] },
  model: { folders: ['lib'], packages: [] },
  contract: { folders: ['lib', 'model'], packages: ['zod'] },
  templates: { folders: ['lib', 'model'], packages: [] },
  config: { folders: ['lib'], packages: ['zod', 'yaml'] },
  'prom-config': { folders: ['lib', 'model'], packages: ['zod', 'yaml'] },
  state: { folders: ['lib'], packages: ['better-sqlite3', 'kysely'] },
  auth: { folders: ['lib', 'state'], packages: [] },
  store: { folders: ['lib', 'model'], packages: ['@clickhouse/client', 'chdb', 'better-sqlite3'] },
  ingest: { folders: ['lib', 'model', 'store', 'contract'], packages: [] },
  agents: { folders: ['lib', 'model', 'store', 'contract'], packages: [] },
  promql: {
    folders: ['lib', 'model'],
    packages: ['@prometheus-io/lezer-promql', '@lezer/common', '@lezer/lr'],
  },
  collect: {
    folders: ['lib', 'model', 'prom-config', 'ingest', 'contract'],
    packages: ['undici', 'yaml', 'zod'],
  },
  rules: { folders: ['lib', 'model', 'promql'], packages: ['yaml', 'zod'] },
  notify: {
    folders: ['lib', 'model', 'prom-config', 'templates'],
    packages: ['zod', 'nodemailer'],
  },
  alerts: { folders: ['lib', 'model', 'prom-config', 'templates'], packages: ['zod', 'yaml'] },
  oncall: { folders: ['lib', 'model', 'prom-config'], packages: ['zod'] },
  packs: { folders: ['lib', 'model', 'prom-config'], packages: ['yaml', 'zod'] },
  query: { folders: ['lib', 'model', 'store', 'promql', 'contract'], packages: ['zod'] },
  self: { folders: ['lib', 'contract'], packages: ['pino', 'rotating-file-stream'] },
  http: {
    folders: ['lib', 'model', 'contract', 'auth', 'ingest'],
    packages: ['fastify', 'zod'],
  },
};
const openFolders = new Set(['app', 'cli']);

interface SourceFile {
  /** Path from the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

function sourcesBelow(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${sep}node_modules${sep}`))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }));
}

const server = sourcesBelow('src');
const everything = ['src', 'ui', 'test', 'scripts', 'bench']
  .flatMap(sourcesBelow)
  .filter((file) => !file.path.includes('/fixtures/'));

function importsOf(file: SourceFile): string[] {
  const pattern =
    /^\s*(?:import|export)\b[^'"]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...file.text.matchAll(pattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

function folderOf(path: string): string {
  return path.split('/')[1]!;
}

/** The mistake in one import, or undefined. */
function importMistake(file: SourceFile, specifier: string): string | undefined {
  const from = folderOf(file.path);
  const rule = importTable[from];
  if (specifier.startsWith('node:')) return undefined;
  if (!specifier.startsWith('.')) {
    const isTest = file.path.endsWith('.test.ts') || file.path.endsWith('.contract.ts');
    if (rule === undefined || isTest) return undefined;
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/');
    return rule.packages.includes(name) ? undefined : `${file.path} imports the package ${name}`;
  }
  const target = join(dirname(file.path), specifier).split(sep).join('/');
  const to = folderOf(target);
  if (!target.startsWith('src/') || to === from || openFolders.has(from) || file.path === 'src/main.ts')
    return undefined;
  if (file.path.endsWith('.test.ts')) return undefined;
  if (rule === undefined) return `${file.path} is in a folder without a line in the import table`;
  if (!rule.folders.includes(to)) return `${file.path} imports ${target}`;
  const isFace = basename(target) === 'index.ts' || ['lib', 'model', 'contract'].includes(to);
  return isFace ? undefined : `${file.path} reaches past the index of ${to}: ${target}`;
}

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && typeof (value as AstNode).type === 'string';
}

function* functionsIn(node: AstNode): Generator<AstNode> {
  if (/Function/.test(node.type) && isNode(node.body)) yield node;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'type') continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* functionsIn(child);
  }
}

function linesOf(text: string, start: number, end: number): number {
  return text.slice(start, end).split('\n').length;
}

function longFunctions(file: SourceFile): string[] {
  const lang = file.path.endsWith('.tsx') ? 'tsx' : file.path.endsWith('.ts') ? 'ts' : 'js';
  const program = parseAst(file.text, { lang }) as unknown as AstNode;
  return [...functionsIn(program)]
    .map((node) => ({ node, lines: linesOf(file.text, node.start, node.end) }))
    .filter(({ lines }) => lines > maxFunctionLines)
    .map(({ node, lines }) => `${file.path}:${linesOf(file.text, 0, node.start)} has ${lines} lines`);
}

describe('tidy', () => {
  test('imports point one way and meet at index.ts', () => {
    const mistakes = server.flatMap((file) =>
      importsOf(file).map((specifier) => importMistake(file, specifier)),
    );
    expect(mistakes.filter((mistake) => mistake !== undefined)).toEqual([]);
  });

  test(`functions have at most ${maxFunctionLines} lines`, () => {
    const files = everything.filter(
      (file) => !/\.(test|contract)\.tsx?$/.test(file.path) && !file.path.startsWith('test/'),
    );
    expect(files.flatMap(longFunctions)).toEqual([]);
  });

  test(`files have at most ${maxFileLines} lines`, () => {
    const long = everything.filter(
      (file) =>
        !/\.(test|contract)\.tsx?$|^src\/store\/migrations\//.test(file.path) &&
        file.text.split('\n').length > maxFileLines + 1,
    );
    expect(long.map((file) => `${file.path}: ${file.text.split('\n').length}`)).toEqual([]);
  });

  test('files are named in kebab case', () => {
    const odd = everything.filter(
      (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(basename(file.path)),
    );
    expect(odd.map((file) => file.path)).toEqual([]);
  });

  test('there are named exports only', () => {
    const withDefault = [...server, ...everything.filter((file) => file.path.startsWith('ui/src/'))].filter(
      (file) => /^export default\b/m.test(file.text),
    );
    expect(withDefault.map((file) => file.path)).toEqual([]);
  });

  test('numbers with a unit say it at the end of the name', () => {
    const vague =
      /\b(?:const|let|readonly)\s+(timeout|delay|interval|duration|ttl|maxAge|size|elapsed)\b\s*(?::\s*number|=\s*\d)/g;
    const found = server.flatMap((file) =>
      [...file.text.matchAll(vague)].map((match) => `${file.path}: ${match[1]}`),
    );
    expect(found).toEqual([]);
  });

  test('nothing is left for later in the code', () => {
    const words = new RegExp(
      `\\b(${['TO', 'FIX'].map((start) => (start === 'TO' ? 'TODO' : 'FIXME')).join('|')}|XXX)\\b|@ts-ignore|@ts-nocheck|\\.only\\(`,
    );
    const found = everything.filter((file) => file.path !== 'test/tidy.test.ts' && words.test(file.text));
    expect(found.map((file) => file.path)).toEqual([]);
  });
});
