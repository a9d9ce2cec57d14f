import { describe, expect, test } from 'vitest';
import { print } from './format.ts';
import { MAX_NESTING_DEPTH, MAX_QUERY_LENGTH, ParseError, parse, parseMetricSelector } from './parse.ts';
import type { ParseOptions } from './parse-source.ts';
import { SIGNATURES } from './testing/signatures.ts';

const functions = (name: string) => SIGNATURES.get(name);
const everything: ParseOptions = {
  functions,
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasFillModifiers: true,
};

function mistakeIn(text: string, options: ParseOptions = everything): string {
  try {
    parse(text, options);
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
  return 'parses';
}

/** With brackets around every operation, to show how it is grouped. */
function grouped(text: string): string {
  const show = (expr: ReturnType<typeof parse>): string => {
    if (expr.kind === 'binary') return `[${show(expr.left)} ${expr.op} ${show(expr.right)}]`;
    if (expr.kind === 'unary') return `[${expr.op}${show(expr.expr)}]`;
    if (expr.kind === 'paren') return `(${show(expr.expr)})`;
    return print(expr);
  };
  return show(parse(text, everything));
}

describe('grouping', () => {
  test.each([
    ['a + b * c', '[a + [b * c]]'],
    ['a * b + c', '[[a * b] + c]'],
    ['a - b - c', '[[a - b] - c]'],
    ['a ^ b ^ c', '[a ^ [b ^ c]]'],
    ['-a ^ b', '[-[a ^ b]]'],
    ['-1 ^ 2', '[-[1 ^ 2]]'],
    ['-a * b', '[[-a] * b]'],
    ['a ^ -b * c', '[[a ^ [-b]] * c]'],
    ['a ^ -b ^ c', '[a ^ [-[b ^ c]]]'],
    ['2 ^ -1', '[2 ^ -1]'],
    ['- - 1', '1'],
    ['--a', '[-[-a]]'],
    ['a or b and c unless d', '[a or [[b and c] unless d]]'],
    ['a == b + c', '[a == [b + c]]'],
    ['a > b == c', '[[a > b] == c]'],
    ['a % b atan2 c / d', '[[[a % b] atan2 c] / d]'],
    ['a + b </ c', '[[a + b] </ c]'],
    ['(a + b) * c', '([a + b]) * c'.replace(/^(.*)$/, '[$1]')],
    ['a + b offset 5m * c', '[a + [b offset 5m * c]]'],
    ['a + b @ 5 - c', '[[a + b @ 5.000] - c]'],
    ['-a offset 5m', '[-a offset 5m]'],
    ['a offset 1m + 1m', '[a offset 1m + 1m]'],
    ['a offset -2 ^ b', '[a offset -2s ^ b]'],
    ['a + b[5m:1m]', 'never'],
  ])('%s', (text, shape) => {
    if (shape === 'never') expect(mistakeIn(text)).toContain('binary expression must contain only scalar');
    else expect(grouped(text)).toBe(shape);
  });

  test('is the same for a long query, which the grammar would cut', () => {
    const terms = Array.from({ length: 400 }, (_, i) => `m{x="${i}",y="z"}`);
    let expr = parse(terms.join(' or '), everything);
    for (let i = 399; i > 0; i--) {
      if (expr.kind !== 'binary') throw new Error('not left-leaning');
      expect(print(expr.right)).toBe(terms[i]);
      expr = expr.left;
    }
  });
});

describe('positions', () => {
  test('are those of the text, whatever it contains', () => {
    const text = '# é\n  sum by (a) (rate({"😀"}[5m] offset 2.))  +  .5e1 # end';
    const expr = parse(text, everything);
    if (expr.kind !== 'binary' || expr.left.kind !== 'aggregate' || expr.left.expr.kind !== 'call')
      throw new Error('shape');
    const show = ({ start, end }: { start: number; end: number }) => text.slice(start, end);
    expect(show(expr.pos)).toBe('sum by (a) (rate({"😀"}[5m] offset 2.))  +  .5e1');
    expect(show(expr.left.pos)).toBe('sum by (a) (rate({"😀"}[5m] offset 2.))');
    expect(show(expr.left.expr.pos)).toBe('rate({"😀"}[5m] offset 2.)');
    expect(show(expr.left.expr.args[0]!.pos)).toBe('{"😀"}[5m] offset 2.');
    expect(show(expr.right.pos)).toBe('.5e1');
  });

  test('in messages count lines, and columns in bytes', () => {
    expect(mistakeIn('a +\n{"é"} b')).toBe('2:8: parse error: unexpected identifier "b"');
  });
});

describe('words', () => {
  test.each([
    ['sum', 'sum'],
    ['offset offset 5m', 'offset offset 5m'],
    ['by + without', 'by + without'],
    ['and and and', 'and and and'],
    ['start + end', 'start + end'],
    ['fill + fill', 'fill + fill'],
    ['anchored{a="b"} + smoothed[5m:]', undefined],
    ['min_of + step', 'min_of + step'],
    ['sum by (by, on, sum, offset) (bool)', undefined],
    ['Sum BY (x) (a) Or B', 'sum by (x) (a) or B'],
    ['a{by="c", on="d"}', 'a{by="c",on="d"}'],
    ['MIN_OF(1, 2) + STEP()', 'min_of(1, 2) + step()'],
    ['foo[STEP() + Range()]', 'foo[step() + range()]'],
    ['foo @ START()', 'foo @ start()'],
    ['sum by("a.b", c,) (x)', 'sum by ("a.b", c) (x)'],
    ['{"metric.name", "label.name"="v", x="y",}', '{"label.name"="v",__name__="metric.name",x="y"}'],
    [':a:b', ':a:b'],
  ])('%s', (text, printed) => {
    if (printed === undefined) expect(mistakeIn(text)).not.toBe('parses');
    else expect(print(parse(text, everything))).toBe(printed);
  });

  test('the name in front comes last among the matchers, one in the braces is only a matcher', () => {
    expect(parse('a{b="c"}', everything)).toMatchObject({
      name: 'a',
      matchers: [
        { name: 'b', type: '=', value: 'c' },
        { name: '__name__', type: '=', value: 'a' },
      ],
    });
    expect(parse('{"a"}', everything)).toMatchObject({
      name: '',
      matchers: [{ name: '__name__', type: '=', value: 'a' }],
    });
  });
});

describe('durations', () => {
  test.each([
    ['foo[300]', 'foo[5m]'],
    ['foo[1.5]', 'foo[1s500ms]'],
    ['foo[5m * 2]', 'foo[5m * 2]'],
    ['foo[1 + 2 * 3]', 'foo[1 + 2 * 3]'],
    ['foo[(1 + 2) * 3:step()]', 'foo[(1 + 2) * 3:step()]'],
    ['foo[min_of(5m, range()):max_of(1, 2)]', 'foo[min_of(5m, range()):max_of(1, 2)]'],
    ['foo[-(-5m)]', 'foo[-(-5m)]'],
    ['foo offset -(1m + step())', 'foo offset -(1m + step())'],
    ['foo offset -step()', 'foo offset -step()'],
    ['foo offset (5)', 'foo offset (5)'],
    ['foo offset 0', 'foo'],
    ['foo[5m] @ 1.5 offset -1h', 'foo[5m] @ 1.500 offset -1h'],
    ['foo offset 1h @ end()', 'foo @ end() offset 1h'],
    ['foo @ -5m', 'foo @ -300.000'],
    ['foo anchored[5m] offset 1m', 'foo[5m] anchored offset 1m'],
    ['5m + 1h30m', '5m + 1h30m'],
    ['-5m', '-5m'],
    ['1.001 + 1s1ms', '1.001 + 1s1ms'],
  ])('%s', (text, printed) => {
    expect(print(parse(text, everything))).toBe(printed);
  });
});

describe('switches', () => {
  test.each([
    ['foo[5m * 2]', '1:5: parse error: experimental duration expression is not enabled'],
    ['foo offset (5m)', '1:12: parse error: experimental duration expression is not enabled'],
    ['foo[5m] anchored', '1:1: parse error: anchored modifier is experimental and not enabled'],
    ['a + fill(0) b', '1:1: parse error: binop fill modifiers are experimental and not enabled'],
    ['mad_over_time(a[5m])', '1:1: parse error: function "mad_over_time" is not enabled'],
    [
      'limitk(1, a)',
      '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
    ],
  ])('%s is off unless turned on', (text, message) => {
    expect(mistakeIn(text, { functions })).toBe(message);
    expect(mistakeIn(text)).toBe('parses');
  });
});

describe('syntax errors', () => {
  test.each([
    ['', '1:1: parse error: no expression found in input'],
    [' # nothing', '1:1: parse error: no expression found in input'],
    ['foo bar', '1:5: parse error: unexpected identifier "bar"'],
    ['foo bar:baz', '1:5: parse error: unexpected metric identifier "bar:baz"'],
    ['1 +', '1:4: parse error: unexpected end of input'],
    ['1 1', '1:3: parse error: unexpected number "1"'],
    ['1 "a string that is long"', String.raw`1:3: parse error: unexpected string "\"a string "...`],
    ['(a', '1:3: parse error: unclosed left parenthesis'],
    ['a)', "1:2: parse error: unexpected right parenthesis ')'"],
    ['(a b', '1:4: parse error: unexpected identifier "b"'],
    ['a]', "1:2: parse error: unexpected right bracket ']'"],
    ['* a', '1:1: parse error: unexpected <op:*>'],
    ['a and', '1:6: parse error: unexpected end of input'],
    ['bool', '1:1: parse error: unexpected <bool>'],
    ['atan2', '1:1: parse error: unexpected <op:atan2>'],
    ['= a', '1:1: parse error: unexpected "="'],
    ['a =~ b', "1:3: parse error: unexpected character after '=': '~'"],
    ['é', "1:1: parse error: unexpected character: 'é'"],
    ['a; b', "1:2: parse error: unexpected character: ';'"],
    ['5mm', '1:1: parse error: bad number or duration syntax: "5mm"'],
    ['1..2', '1:1: parse error: bad number or duration syntax: "1..2"'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['sum(foo bar)', '1:9: parse error: unexpected identifier "bar" in aggregation'],
    ['sum by (a) b', '1:12: parse error: unexpected identifier "b" in aggregation'],
    ['sum by (a, 1) (b)', '1:12: parse error: unexpected number "1" in grouping opts, expected label'],
    ['sum by a (b)', '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("'],
    [
      'sum by (a b) (c)',
      '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"',
    ],
    ['sum by ("") (c)', '1:9: parse error: invalid label name for grouping: ""'],
    ['a + on b', '1:8: parse error: unexpected identifier "b" in grouping opts, expected "("'],
    ['abs(a,)', '1:6: parse error: trailing commas not allowed in function call args'],
    ['a{', '1:3: parse error: unexpected end of input inside braces'],
    ['a{b}', '1:4: parse error: unexpected "}" in label matching, expected label matching operator'],
    ['a{b=}', '1:5: parse error: unexpected "}" in label matching, expected string'],
    ['a{,}', '1:3: parse error: unexpected "," in label matching, expected identifier or "}"'],
    ['a{b="c" d="e"}', '1:9: parse error: unexpected identifier "d" in label matching, expected "," or "}"'],
    ['a{b=5}', "1:5: parse error: unexpected character inside braces: '5'"],
    ['a{{', "1:3: parse error: unexpected left brace '{'"],
    ['a{b!c}', "1:4: parse error: unexpected character after '!' inside braces: 'c'"],
    ['a{b=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `^(?s:()$`'],
    [
      'a[]',
      '1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
    ],
    ['a[5m', '1:5: parse error: unclosed left bracket'],
    ['a[5m)', "1:5: parse error: unexpected right parenthesis ')'"],
    ['a[5m "x"]', '1:6: parse error: unexpected string "\\"x\\"" in subquery or range, expected ":" or "]"'],
    ['a[5m:1m 2]', '1:9: parse error: unexpected number "2" in subquery selector, expected "]"'],
    ['a[x]', "1:3: parse error: unexpected character in duration expression: 'x'"],
    ['a[5m:1m:1m]', "1:8: parse error: unexpected colon ':'"],
    ['a[:1m]', '1:3: parse error: unexpected colon before duration in duration expression'],
    ['a[0]', '1:3: parse error: duration must be greater than 0'],
    ['a[-5m]', '1:3: parse error: duration must be greater than 0'],
    ['a[5m / 0]', '1:6: parse error: division by zero'],
    ['a[5m % 0s]', '1:6: parse error: modulo by zero'],
    ['a offset 300y', '1:10: parse error: duration out of range'],
    ['a[1e100]', '1:3: parse error: duration out of range'],
    [
      'a offset b',
      '1:10: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()',
    ],
    [
      'a offset --5m',
      '1:11: parse error: unexpected <op:-> in offset, expected number, duration, step(), or range()',
    ],
    ['a @ b', '1:5: parse error: unexpected identifier "b" in @, expected timestamp'],
    ['a @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf'],
    ['a @ 1e19', '1:1: parse error: timestamp out of bounds for @ modifier: 10000000000000000000.000000'],
  ])('%s', (text, message) => {
    expect(mistakeIn(text)).toBe(message);
  });
});

describe('meaning', () => {
  test.each([
    ['foo(a)', '1:1: parse error: unknown function with name "foo"'],
    ['RATE(a[5m])', '1:1: parse error: unknown function with name "RATE"'],
    [
      'rate(a)',
      '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    ],
    ['abs()', '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'],
    ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['label_join(a)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1'],
    [
      'label_join(a, "b", "c", "d", 1)',
      '1:30: parse error: expected type string in call to function "label_join", got scalar',
    ],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    [
      'topk(a)',
      '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1',
    ],
    ['topk("a", b)', '1:6: parse error: expected type scalar in aggregation parameter, got string'],
    ['sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar'],
    ['1 > 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['1 and a', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a or 1', '1:1: parse error: set operator "or" not allowed in binary scalar expression'],
    ['a and on(b) group_left() c', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a and fill(1) b', '1:1: parse error: filling in missing series not allowed for set operators'],
    ['a + fill(1) 2', '1:1: parse error: filling in missing series only allowed between instant vectors'],
    ['1 + on(b) c', '1:1: parse error: vector matching only allowed between instant vectors'],
    [
      'a * on(b) group_left(b) c',
      '1:3: parse error: label "b" must not occur in ON and GROUP clause at once',
    ],
    ['a[5m] + b', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['a + "b"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
    [
      '-"a"',
      '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
    ],
    ['1[5m:]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
    ['a[5m][5m:]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
    ['(a)[5m]', '1:4: parse error: ranges only allowed for vector selectors'],
    ['a offset 1m [5m]', '1:13: parse error: no offset modifiers allowed before range'],
    ['a @ 5 [5m]', '1:7: parse error: no @ modifiers allowed before range'],
    ['a offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    ['a @ 1 @ end()', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    [
      '1 offset 5m',
      '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    [
      '(a) @ 5',
      '1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    ],
    ['a anchored smoothed', '1:1: parse error: anchored and smoothed modifiers cannot be used together'],
    ['a[5m:] anchored', '1:1: parse error: anchored modifier is not supported for subqueries'],
    ['1 smoothed', '1:1: parse error: smoothed modifier not implemented'],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    [
      '{a="", b!="c", d=~".*"}',
      '1:1: parse error: vector selector must contain at least one non-empty matcher',
    ],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['a{"b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['info(a, b)', '1:9: parse error: expected label selectors only, got vector selector instead'],
    ['info(a, 1)', '1:1: parse error: expected type instant vector in call to function "info", got scalar'],
    ['info(a, (b))', '1:9: parse error: expected label selectors only'],
  ])('%s', (text, message) => {
    expect(mistakeIn(text)).toBe(message);
  });

  test('matching is many-to-many for sets, and there is none unless both sides are vectors', () => {
    expect(parse('a and b', everything)).toMatchObject({ matching: { cardinality: 'many-to-many' } });
    expect(parse('a / on(x) group_right(y) b', everything)).toMatchObject({
      matching: { cardinality: 'one-to-many', isOn: true, labels: ['x'], include: ['y'] },
    });
    expect(parse('a + 1', everything)).toHaveProperty('matching', undefined);
    expect(parse('a + fill_right(-2) b', everything)).toMatchObject({
      matching: { fillLeft: undefined, fillRight: -2 },
    });
  });

  test('the selector of info may match everything', () => {
    expect(mistakeIn('info(a, {})')).toBe('parses');
  });
});

describe('bounds', () => {
  const deep = (open: string, close: string, count: number) => open.repeat(count) + 'a' + close.repeat(count);

  test.each([
    ['parentheses', deep('(', ')', 10_000)],
    ['calls', deep('abs(', ')', 10_000)],
    ['signs', deep('-', '', 10_000)],
    ['powers', deep('', '^a', 10_000)],
    ['sums', deep('', '+a', 10_000)],
    ['subqueries', deep('', '[5m:1m]', 10_000)],
    ['durations', `a[${deep('(', ')', 10_000).replace('a', '5m')}]`],
    ['modifiers', deep('', ' @ 5', 10_000)],
    ['open parentheses', '('.repeat(10_000)],
  ])('10 000 %s are refused', (_, text) => {
    expect(mistakeIn(text)).toMatch(/^1:\d+: parse error: query is nested too deeply: more than 500 /);
  });

  test('everything up to the bound is read', () => {
    for (const text of [
      deep('(', ')', MAX_NESTING_DEPTH),
      deep('sum by (a, b) (', ')', MAX_NESTING_DEPTH),
      deep('sum(', ') by (a)', MAX_NESTING_DEPTH),
      deep('-', '', MAX_NESTING_DEPTH),
      deep('', '^a', MAX_NESTING_DEPTH),
      deep('', ' == bool on (a) group_left (b) fill (1) a', MAX_NESTING_DEPTH - 1),
      deep('', ' unless on (a) a{b="c"}', MAX_NESTING_DEPTH - 1),
      deep('a ^ abs(', ')', MAX_NESTING_DEPTH / 2),
    ])
      expect(mistakeIn(text)).toBe('parses');
  });

  test('a query of 1 MB is refused, wide ones below the bound are read', () => {
    expect(mistakeIn('a'.repeat(1 << 20))).toBe(
      `1:1: parse error: query is too long: 1048576 characters, at most ${MAX_QUERY_LENGTH} are allowed`,
    );
    expect(mistakeIn(`a{${'x="y",'.repeat(20_000)}}`)).toBe('parses');
    expect(mistakeIn(`sum by (${'x,'.repeat(20_000)}) (a)`)).toBe('parses');
    expect(mistakeIn(`${'1'.repeat(200_000)}z`)).toContain('bad number or duration syntax');
  });
});

describe('parseMetricSelector', () => {
  test('reads a selector, which may match everything', () => {
    expect(parseMetricSelector('up{job=~"a|b"}')).toEqual([
      { name: 'job', type: '=~', value: 'a|b' },
      { name: '__name__', type: '=', value: 'up' },
    ]);
    expect(parseMetricSelector('{}')).toEqual([]);
  });

  test.each(['a + b', 'a offset 5m', 'a[5m]', '(a)', '1', 'abs(a)'])('refuses %s', (text) => {
    expect(() => parseMetricSelector(text)).toThrow(ParseError);
  });
});
