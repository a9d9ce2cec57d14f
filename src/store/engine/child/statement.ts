import { engineError } from './errors.ts';
import { type Token, tokensOf } from './lexer.ts';

/** A statement whose answer is rows: `format` is the one it names, and `head` and `tail` surround the place of `INTO OUTFILE`. */
export interface RowsStatement {
  readonly kind: 'rows';
  readonly head: string;
  readonly format: string | undefined;
  /** What follows the format: a second SETTINGS clause or nothing. */
  readonly tail: string;
  readonly parameters: readonly string[];
}

/** `INSERT INTO t [(columns)] [SETTINGS ...] FORMAT X` (or VALUES): the data starts at `dataStart`. */
export interface InsertStatement {
  readonly kind: 'insert';
  /** Everything before FORMAT or VALUES. */
  readonly head: string;
  readonly format: string;
  readonly dataStart: number;
  readonly parameters: readonly string[];
}

/** Everything else. `session` statements change the session they run in. */
export interface PlainStatement {
  readonly kind: 'command' | 'session';
  readonly text: string;
  readonly parameters: readonly string[];
}

export type Statement = RowsStatement | InsertStatement | PlainStatement;

const ROWS = new Set(['SELECT', 'WITH', 'FROM', 'SHOW', 'DESC', 'DESCRIBE', 'EXISTS', 'EXPLAIN', 'CHECK']);

/**
 * Finds out what a text is, as far as its transport must know.
 *
 * @throws EngineError when it is empty, holds several statements, or writes to a file of its own.
 */
export function readStatement(sql: string): Statement {
  const insert = readInsert(sql);
  if (insert !== undefined) return insert;
  const tokens = withoutEnd(sql, [...tokensOf(sql)]);
  const first = tokens[0];
  if (first === undefined) throw engineError('SYNTAX_ERROR', 'Syntax error (Empty query).');
  rejectFiles(sql, tokens);
  const parameters = parametersOf(sql, tokens);
  const word = upper(sql, first);
  const text = sql.slice(first.start, tokens.at(-1)!.end);
  if (word === 'SET' || word === 'USE' || isTemporary(sql, tokens))
    return { kind: 'session', text, parameters };
  const isRows = (ROWS.has(word) || word === '(') && !hasInsert(sql, tokens);
  if (!isRows) return { kind: 'command', text, parameters };
  const at = formatIndex(sql, tokens);
  if (at < 0) return { kind: 'rows', head: text, format: undefined, tail: '', parameters };
  return {
    kind: 'rows',
    head: sql.slice(first.start, tokens[at]!.start).trimEnd(),
    format: nameOf(sql, tokens[at + 1]!),
    tail: sql.slice(tokens[at + 1]!.end, tokens.at(-1)!.end),
    parameters,
  };
}

/** Drops closing semicolons; what follows one must be nothing. */
function withoutEnd(sql: string, tokens: Token[]): Token[] {
  const end = tokens.findIndex((token) => sql[token.start] === ';' && token.kind === 'punctuation');
  if (end < 0) return tokens;
  const after = tokens.slice(end).find((token) => sql[token.start] !== ';');
  if (after !== undefined) {
    const near = sql.slice(after.start, after.start + 40);
    throw engineError('SYNTAX_ERROR', `Syntax error (Multi-statements are not allowed): ${near}.`);
  }
  return tokens.slice(0, end);
}

function rejectFiles(sql: string, tokens: readonly Token[]): void {
  for (let i = 0; i + 1 < tokens.length; i++) {
    if (tokens[i]!.kind !== 'word' || tokens[i + 1]!.kind !== 'word') continue;
    const pair = `${upper(sql, tokens[i]!)} ${upper(sql, tokens[i + 1]!)}`;
    if (pair === 'INTO OUTFILE' || pair === 'FROM INFILE') {
      throw engineError('NOT_IMPLEMENTED', `${pair} is not allowed over HTTP.`);
    }
  }
}

/** Names in `{name:Type}` substitutions. */
function parametersOf(sql: string, tokens: readonly Token[]): string[] {
  const names = new Set<string>();
  for (let i = 0; i + 2 < tokens.length; i++) {
    const [open, name, colon] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
    if (sql[open.start] === '{' && name.kind === 'word' && sql[colon.start] === ':') {
      names.add(sql.slice(name.start, name.end));
    }
  }
  return [...names];
}

function isTemporary(sql: string, tokens: readonly Token[]): boolean {
  const words = tokens.slice(0, 4).map((token) => upper(sql, token));
  return (words[0] === 'CREATE' || words[0] === 'DROP') && words.includes('TEMPORARY');
}

function hasInsert(sql: string, tokens: readonly Token[]): boolean {
  return tokens.some(
    (token, i) =>
      token.depth === 0 &&
      upper(sql, token) === 'INSERT' &&
      tokens[i + 1] !== undefined &&
      upper(sql, tokens[i + 1]!) === 'INTO',
  );
}

/** Index of the FORMAT keyword that ends the statement, -1 without one. Columns may be called `format` as well. */
function formatIndex(sql: string, tokens: readonly Token[]): number {
  for (let i = tokens.length - 2; i > 0; i--) {
    const token = tokens[i]!;
    if (token.depth !== 0 || token.kind !== 'word' || upper(sql, token) !== 'FORMAT') continue;
    const name = tokens[i + 1]!;
    const next = tokens[i + 2];
    const isLast = next === undefined || upper(sql, next) === 'SETTINGS';
    return isLast && (name.kind === 'word' || name.kind === 'quoted') ? i : -1;
  }
  return -1;
}

/** Reads the head of an INSERT with data behind it, and not a character of the data; undefined for anything else. */
function readInsert(sql: string): InsertStatement | undefined {
  const source = tokensOf(sql);
  const read: Token[] = [];
  const next = (): Token | undefined => {
    const { value, done } = source.next();
    if (done) return undefined;
    read.push(value);
    return value;
  };
  let token = next();
  if (token === undefined || upper(sql, token) !== 'INSERT') return undefined;
  token = next();
  if (token === undefined || upper(sql, token) !== 'INTO') return undefined;
  let nameRead = false;
  let previousWasDot = false;
  for (token = next(); token !== undefined; token = next()) {
    if (token.depth > 0) {
      // `INSERT INTO t (SELECT ...)`: rows come from a query, not from data.
      if (token.kind === 'word' && isQueryStart(sql, token) && sql[read.at(-2)!.start] === '(')
        return undefined;
      continue;
    }
    const text = upper(sql, token);
    if (!nameRead && !previousWasDot && (text === 'TABLE' || text === 'FUNCTION')) continue;
    if (text === '.') {
      previousWasDot = true;
      nameRead = false;
      continue;
    }
    if (!nameRead) {
      nameRead = true;
      previousWasDot = false;
      continue;
    }
    if (token.kind !== 'word') continue;
    if (isQueryStart(sql, token) || text === 'WATCH') return undefined;
    if (text === 'VALUES' && !isSettingName(sql, token))
      return insertOf(sql, read, token, 'Values', token.end);
    if (text === 'FORMAT') {
      const name = next();
      if (name === undefined || (name.kind !== 'word' && name.kind !== 'quoted')) return undefined;
      return insertOf(sql, read, token, nameOf(sql, name), afterFormat(sql, name.end));
    }
  }
  return undefined;
}

function isQueryStart(sql: string, token: Token): boolean {
  const text = upper(sql, token);
  return text === 'SELECT' || text === 'WITH';
}

function isSettingName(sql: string, token: Token): boolean {
  return /^\s*=/.test(sql.slice(token.end, token.end + 8));
}

function insertOf(
  sql: string,
  read: readonly Token[],
  keyword: Token,
  format: string,
  dataStart: number,
): InsertStatement {
  rejectFiles(sql, read);
  const head = sql.slice(read[0]!.start, keyword.start).trimEnd();
  return { kind: 'insert', head, format, dataStart, parameters: parametersOf(sql, read) };
}

/** Data begins after the first line break behind the format's name, or after the blanks where there is none. */
function afterFormat(sql: string, end: number): number {
  let at = end;
  while (at < sql.length && ' \t\f'.includes(sql[at]!)) at++;
  if (sql[at] === ';') at++;
  if (sql[at] === '\r') at++;
  if (sql[at] === '\n') at++;
  return at;
}

function upper(sql: string, token: Token): string {
  return sql.slice(token.start, token.end).toUpperCase();
}

function nameOf(sql: string, token: Token): string {
  const text = sql.slice(token.start, token.end);
  return token.kind === 'quoted' ? text.slice(1, -1) : text;
}
