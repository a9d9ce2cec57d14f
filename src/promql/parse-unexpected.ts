import type { PositionRange } from './ast.ts';
import { AGGREGATORS, MODIFIER_WORDS, type Token, WORD_OPERATORS } from './parse-lex.ts';
import { type Level, Speller } from './parse-spell.ts';
import { quoteGo } from './strings.ts';

interface Expectation {
  readonly context?: string;
  readonly expected?: string;
}

const DURATION_STARTS = 'number, duration, step(), or range()';
const OPERATORS = new Set('+ - * / % ^ == != < <= > >= </ >/ =~ !~ @'.split(' '));
const MATCH_OPERATORS = new Set(['=', '!=', '=~', '!~']);
const GROUPING_STARTS = new Set(['by', 'without', 'on', 'ignoring']);

/** Words the error for a token that cannot stand where it does, as Prometheus does. */
export function describeUnexpected(
  tokens: readonly Token[],
  index: number,
): { pos: PositionRange; reason: string } {
  const token = tokens[index]!;
  if (index === 0 && token.kind === 'end')
    return { pos: { start: 0, end: 0 }, reason: 'no expression found in input' };
  const speller = new Speller(tokens);
  for (let before = 0; before < index; before++) speller.spell(before);
  const levels = speller.levels;
  const previous = tokens[index - 1];
  const hasTrailingComma =
    token.text === ')' &&
    previous?.text === ',' &&
    (levels.at(-1) === 'call' || levels.at(-1) === 'aggregate');
  if (hasTrailingComma) return { pos: previous, reason: 'trailing commas not allowed in function call args' };
  const { context, expected } = expectation(tokens, index, levels);
  let reason = `unexpected ${describeToken(token)}`;
  if (context !== undefined) reason += ` in ${context}`;
  if (expected !== undefined) reason += `, expected ${expected}`;
  return { pos: token, reason };
}

function expectation(tokens: readonly Token[], index: number, levels: readonly Level[]): Expectation {
  const previous = tokens[index - 1];
  const level = levels.at(-1);
  if (level === 'brace') return inBraces(previous!);
  if (level === 'grouping') {
    const expected = previous!.text === '(' || previous!.text === ',' ? 'label' : '"," or ")"';
    return { context: 'grouping opts', expected };
  }
  const bracket = levels.lastIndexOf('bracket');
  const isInDuration = levels.slice(bracket + 1).every((inner) => inner === 'duration');
  if (bracket >= 0 && isInDuration) return inBrackets(tokens, index, level === 'duration');
  if (previous !== undefined && GROUPING_STARTS.has(previous.keyword))
    return { context: 'grouping opts', expected: '"("' };
  if (level === 'duration' || isAfterOffset(tokens, index))
    return { context: 'offset', expected: DURATION_STARTS };
  if (previous?.text === '@' || (isSign(previous) && tokens[index - 2]?.text === '@'))
    return { context: '@', expected: 'timestamp' };
  const isBeforeArguments =
    previous !== undefined &&
    (previous.text === ')' || AGGREGATORS.has(previous.keyword)) &&
    levels.length === 0;
  if (levels.includes('aggregate') || (isBeforeArguments && lacksArguments(tokens, index)))
    return { context: 'aggregation' };
  return {};
}

/** Whether `sum by (...)` stands right before, without its arguments. */
function lacksArguments(tokens: readonly Token[], index: number): boolean {
  let at = index - 1;
  while (at > 0 && tokens[at]!.text !== '(') at--;
  const word = tokens[at - 1];
  return (
    (word?.keyword === 'by' || word?.keyword === 'without') && AGGREGATORS.has(tokens[at - 2]?.keyword ?? '')
  );
}

function inBraces(previous: Token): Expectation {
  const context = 'label matching';
  if (previous.kind === 'word') return { context, expected: 'label matching operator' };
  if (MATCH_OPERATORS.has(previous.text)) return { context, expected: 'string' };
  if (previous.kind === 'string') return { context, expected: '"," or "}"' };
  return { context, expected: 'identifier or "}"' };
}

function inBrackets(tokens: readonly Token[], index: number, isNested: boolean): Expectation {
  let from = index - 1;
  while (tokens[from]!.text !== '[' && tokens[from]!.text !== ':') from--;
  const isComplete = !isNested && isDurationEnd(tokens[index - 1]!);
  if (tokens[from]!.text === ':') {
    const expected = isComplete ? '"]"' : `${DURATION_STARTS.replace(', or', ',')}, or "]"`;
    return { context: 'subquery selector', expected };
  }
  if (isComplete) return { context: 'subquery or range', expected: '":" or "]"' };
  return { context: 'subquery or range selector', expected: DURATION_STARTS };
}

function isDurationEnd(token: Token): boolean {
  return token.kind === 'number' || token.kind === 'duration' || token.text === ')';
}

function isAfterOffset(tokens: readonly Token[], index: number): boolean {
  let at = index - 1;
  while (isSign(tokens[at])) at--;
  return tokens[at]?.keyword === 'offset';
}

function isSign(token: Token | undefined): boolean {
  return token?.text === '-' || token?.text === '+';
}

function describeToken(token: Token): string {
  const { kind, text, keyword } = token;
  if (kind === 'end') return 'end of input';
  if (kind === 'punctuation') return OPERATORS.has(text) ? `<op:${text}>` : quoteGo(text);
  if (keyword !== '') {
    if (WORD_OPERATORS.has(keyword)) return `<op:${text}>`;
    if (AGGREGATORS.has(keyword)) return `<aggr:${text}>`;
    return MODIFIER_WORDS.has(keyword) ? `<${text}>` : quoteGo(text);
  }
  if (kind === 'word') return `${text.includes(':') ? 'metric identifier' : 'identifier'} ${quoteGo(text)}`;
  const isLong = Buffer.byteLength(text) > 10;
  return `${kind} ${isLong ? `${quoteGo([...text].slice(0, 10).join(''))}...` : quoteGo(text)}`;
}
