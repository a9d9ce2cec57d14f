import { unquoteGo } from '../templates/index.ts';
import { badMatcher, MAX_MATCHERS, type WrittenMatcher } from './matcher-text.ts';

/**
 * Alertmanager's notation of matchers with any names:
 *
 *     matchers = [ "{" ] [ matcher { "," matcher } [ "," ] ] [ "}" ]     both braces or none
 *     matcher  = text operator text
 *     text     = '"' Go string '"' | characters other than blanks and {}!=~,\"'`
 */

interface Token {
  readonly kind: '{' | '}' | ',' | 'operator' | 'quoted' | 'plain' | 'end';
  readonly text: string;
  /** Characters from 1. */
  readonly at: number;
}

const BLANK = /\p{White_Space}*/uy;
const OPERATOR = /=~|=|!=|!~/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/suy;
const PLAIN = /[^\p{White_Space}{}!=~,\\"'`]+/uy;

/** @throws BellwetherError `bad_matcher` with the position. */
export function parseUtf8Matchers(text: string): WrittenMatcher[] {
  const read = tokenReader(text);
  const matchers: WrittenMatcher[] = [];
  const hasBrace = read.peek().kind === '{';
  if (hasBrace) read.next();
  while (read.peek().kind !== '}' && read.peek().kind !== 'end') {
    matchers.push(readMatcher(read));
    if (matchers.length > MAX_MATCHERS) throw badMatcher(`there are more than ${MAX_MATCHERS} matchers`);
    const { kind } = read.peek();
    if (kind === '}' || kind === 'end') break;
    expect(read, [','], hasBrace ? 'a comma or }' : 'a comma');
  }
  if (hasBrace) expect(read, ['}'], '} at the end');
  expect(read, ['end'], 'the end');
  return matchers;
}

function readMatcher(read: TokenReader): WrittenMatcher {
  const name = textOf(expect(read, ['quoted', 'plain'], 'the name of a label'));
  const operator = expect(read, ['operator'], 'one of = != =~ !~').text as WrittenMatcher['type'];
  const value = textOf(expect(read, ['quoted', 'plain'], 'a value'));
  return { name, type: operator, value };
}

function expect(read: TokenReader, kinds: readonly Token['kind'][], what: string): Token {
  const token = read.next();
  if (kinds.includes(token.kind)) return token;
  throw misplaced(token.at, `${what} is expected, not ${shown(token)}`);
}

function shown(token: Token): string {
  return token.kind === 'end' ? 'the end' : JSON.stringify(token.text.slice(0, 64));
}

function textOf(token: Token): string {
  if (token.kind === 'plain') return token.text;
  const inner = token.text.slice(1, -1);
  const value = inner.includes('\n') ? undefined : unquoteGo(inner, '"');
  // Bytes that are no UTF-8 cannot be in any label.
  const isBroken = value?.includes('\ufffd') === true && !/\ufffd|\\ufffd/i.test(inner);
  if (value === undefined || isBroken)
    throw misplaced(token.at, `${shown(token)} is not a valid quoted text`);
  return value;
}

interface TokenReader {
  peek(): Token;
  next(): Token;
}

function tokenReader(text: string): TokenReader {
  let offset = 0;
  let ahead: Token | undefined;
  const scan = (): Token => {
    offset += match(BLANK, text, offset)!.length;
    const token = tokenAt(text, offset);
    offset += token.text.length;
    return token;
  };
  return {
    peek() {
      ahead ??= scan();
      return ahead;
    },
    next() {
      const token = ahead ?? scan();
      ahead = undefined;
      return token;
    },
  };
}

function tokenAt(text: string, offset: number): Token {
  const at = offset + 1;
  const first = text[offset];
  if (first === undefined) return { kind: 'end', text: '', at };
  if (first === '{' || first === '}' || first === ',') return { kind: first, text: first, at };
  const operator = match(OPERATOR, text, offset);
  if (operator !== undefined) return { kind: 'operator', text: operator, at };
  const quoted = match(QUOTED, text, offset);
  if (quoted !== undefined) return { kind: 'quoted', text: quoted, at };
  const plain = match(PLAIN, text, offset);
  if (plain !== undefined) return { kind: 'plain', text: plain, at };
  if (first === '"') throw misplaced(at, 'the quotes are not closed');
  if (first === '!') throw misplaced(at, '! is not an operator; use != or !~');
  throw misplaced(at, `${JSON.stringify(first)} must stand inside double quotes`);
}

function match(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

function misplaced(at: number, reason: string) {
  return badMatcher(`at character ${at}: ${reason}`);
}
