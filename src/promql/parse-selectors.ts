import type { SyntaxNode } from '@lezer/common';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { compileAnchored } from '../lib/re2.ts';
import { METRIC_NAME } from '../model/labels.ts';
import type { Matcher, MatchType, PositionRange, VectorSelector } from './ast.ts';
import type { Token } from './parse-lex.ts';
import type { Source } from './parse-source.ts';
import { isValidUtf8, quoteGo, unquote } from './strings.ts';

/** Reads a `VectorSelector` node: a name, matchers in braces, or both. */
export function vectorSelector(source: Source, node: SyntaxNode): VectorSelector {
  const nameNode = node.getChild('Identifier');
  const name = nameNode === null ? '' : source.token(nameNode).text;
  const matchers: Matcher[] = [];
  const braces = node.getChild('LabelMatchers');
  for (let child = braces?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name === 'QuotedLabelName') matchers.push(nameMatcher(source, source.token(child)));
    else if (child.name.endsWith('LabelMatcher')) matchers.push(labelMatcher(source, child));
  }
  if (name !== '') matchers.push({ name: METRIC_NAME, type: '=', value: name });
  const pos = source.position(node);
  return {
    kind: 'vector_selector',
    name,
    matchers,
    offset: undefined,
    at: undefined,
    extension: undefined,
    pos,
  };
}

/** Reads a `GroupingLabels` node. */
export function groupingLabels(source: Source, node: SyntaxNode): string[] {
  const labels: string[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LabelName' && child.name !== 'QuotedLabelName') continue;
    const token = source.token(child);
    const label = textOf(token);
    if (label === '' || !isValidUtf8(label))
      throw source.error(token, `invalid label name for grouping: ${quoteGo(label)}`);
    labels.push(label);
  }
  return labels;
}

function nameMatcher(source: Source, token: Token): Matcher {
  const value = unquote(token.text);
  if (!isValidUtf8(value)) throw source.error(token, `invalid metric name: ${quoteGo(value)}`);
  return { name: METRIC_NAME, type: '=', value };
}

/** A matcher has three tokens: name, operator, value. */
function labelMatcher(source: Source, node: SyntaxNode): Matcher {
  const first = source.firstToken(node);
  const [nameToken, operator, valueToken] = source.tokens.slice(first, first + 3) as [Token, Token, Token];
  const type = operator.text as MatchType;
  const value = unquote(valueToken.text);
  if (type === '=~' || type === '!~')
    checkRegex(source, value, { start: nameToken.start, end: valueToken.end });
  return { name: textOf(nameToken), type, value };
}

function textOf(token: Token): string {
  return token.kind === 'string' ? unquote(token.text) : token.text;
}

function checkRegex(source: Source, pattern: string, pos: PositionRange): void {
  try {
    compileAnchored(pattern);
  } catch (error) {
    if (!(error instanceof BellwetherError)) throw error;
    const reason = error.cause === undefined ? error.message : messageOf(error.cause);
    // Prometheus shows the pattern with its anchors, where the library shows it with its own flag.
    throw source.error(
      pos,
      reason.replace(`\`(?s)${pattern}\``, () => `\`^(?s:${pattern})$\``),
    );
  }
}
