/** A piece of SQL text. `start` and `end` are UTF-16 offsets; `depth` counts the brackets around it. */
export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'quoted' | 'punctuation';
  readonly start: number;
  readonly end: number;
  readonly depth: number;
}

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;
const SPACE = /[\s\0]+/y;
const HEREDOC = /\$[A-Za-z0-9_]*\$/y;
/** Typographic quotes, which ClickHouse's lexer accepts like the plain ones. */
const CURLY: Readonly<Record<string, string>> = { '\u2018': '\u2019', '\u201c': '\u201d' };

/**
 * The tokens of ClickHouse SQL from `from` on, without space and comments. Lazy, so that a reader can stop where
 * the statement ends and inline data begins. Unterminated strings and comments reach to the end: the engine
 * itself reports them.
 *
 * Follows the lexical rules of https://clickhouse.com/docs/sql-reference/syntax.
 */
export function* tokensOf(sql: string, from = 0): Generator<Token> {
  let at = from;
  let depth = 0;
  while (at < sql.length) {
    const skipped = endOfBlank(sql, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const [kind, end] = tokenAt(sql, at);
    const first = sql[at]!;
    if (kind === 'punctuation' && ')]}'.includes(first)) depth = Math.max(0, depth - 1);
    yield { kind, start: at, end, depth };
    if (kind === 'punctuation' && '([{'.includes(first)) depth++;
    at = end;
  }
}

function endOfBlank(sql: string, at: number): number {
  const space = matchEnd(SPACE, sql, at);
  if (space !== undefined) return space;
  if (sql.startsWith('--', at) || sql.startsWith('# ', at) || sql.startsWith('#!', at)) {
    return endAfter(sql, '\n', at);
  }
  if (sql.startsWith('/*', at)) return endAfter(sql, '*/', at + 2);
  return at;
}

function tokenAt(sql: string, at: number): [Token['kind'], number] {
  const first = sql[at]!;
  if (first === "'") return ['string', endOfQuoted(sql, at, "'")];
  if (first === '"' || first === '`') return ['quoted', endOfQuoted(sql, at, first)];
  const closing = CURLY[first];
  if (closing !== undefined)
    return [first === '\u2018' ? 'string' : 'quoted', endAfter(sql, closing, at + 1)];
  if (first === '$') {
    const tagEnd = matchEnd(HEREDOC, sql, at);
    if (tagEnd !== undefined) return ['string', endAfter(sql, sql.slice(at, tagEnd), tagEnd)];
  }
  const number = matchEnd(NUMBER, sql, at);
  if (number !== undefined) return ['number', number];
  const word = matchEnd(WORD, sql, at);
  if (word !== undefined) return ['word', word];
  return ['punctuation', at + 1];
}

/** The end of a literal in which both a backslash and a doubled quote escape. */
function endOfQuoted(sql: string, at: number, quote: string): number {
  let index = at + 1;
  while (index < sql.length) {
    const character = sql[index]!;
    if (character === '\\') {
      index += 2;
    } else if (character !== quote) {
      index++;
    } else if (sql[index + 1] === quote) {
      index += 2;
    } else {
      return index + 1;
    }
  }
  return sql.length;
}

function endAfter(sql: string, ending: string, from: number): number {
  const found = sql.indexOf(ending, from);
  return found < 0 ? sql.length : found + ending.length;
}

function matchEnd(expression: RegExp, sql: string, at: number): number | undefined {
  expression.lastIndex = at;
  return expression.test(sql) ? expression.lastIndex : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string literal. The backslash is escaped too: without that a value ending in one would end the literal. */
export function sqlString(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters the literal must escape
  return `'${value.replace(/[\\'\0\x08\f\n\r\t]/g, (character) => ESCAPES[character]!)}'`;
}

/** An identifier in backticks. */
export function sqlIdentifier(name: string): string {
  return `\`${name.replace(/[\\`]/g, (character) => `\\${character}`)}\``;
}
