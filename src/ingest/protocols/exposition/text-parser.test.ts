import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { DEFAULT_EXPOSITION_LIMITS, ownText, parseExposition } from './index.ts';
import { record, samplesOf, TEXT } from './testing/record.ts';

const samples = (page: string) => samplesOf(record(page, TEXT));
const failure = (page: string | Uint8Array) => {
  try {
    record(page, TEXT);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return (error as DecodeError).message;
  }
  return 'no error';
};

describe('text format', () => {
  test('a page with everything', () => {
    const page = [
      '# HELP http_requests_total Requests \\\\ by\\ncode',
      '# TYPE http_requests_total counter',
      'http_requests_total{code="200",method="post"} 1027 1395066363000',
      'http_requests_total{code="400",method="post",} 3',
      '# just a comment',
      '',
      '#HELP not a help line',
      '# TYPE rpc summary',
      'rpc{quantile="0.5"} 4.773e+03',
      'rpc{quantile="1"} NaN',
      'rpc_sum 1.7560473e+07',
      'rpc_count 2693',
      '# HELP empty_help ',
      'plain -Inf',
      'other +Inf -3982045',
      '',
    ].join('\n');
    expect(record(page, TEXT).told).toEqual([
      ['metadata', 'http_requests_total', { help: 'Requests \\ by\ncode' }],
      ['metadata', 'http_requests_total', { type: 'counter' }],
      ['sample', '{__name__="http_requests_total", code="200", method="post"}', 1027, 1395066363000],
      ['sample', '{__name__="http_requests_total", code="400", method="post"}', 3],
      ['metadata', 'rpc', { type: 'summary' }],
      ['sample', '{__name__="rpc", quantile="0.5"}', 4773],
      ['sample', '{__name__="rpc", quantile="1.0"}', Number.NaN],
      ['sample', '{__name__="rpc_sum"}', 17560473],
      ['sample', '{__name__="rpc_count"}', 2693],
      ['metadata', 'empty_help', { help: '' }],
      ['sample', '{__name__="plain"}', Number.NEGATIVE_INFINITY],
      ['sample', '{__name__="other"}', Number.POSITIVE_INFINITY, -3982045],
    ]);
  });

  test('escapes, blanks, brackets and quotes in label values', () => {
    const page = [
      'a{path="C:\\\\DIR\\\\",error="no \\"x\\"\\n"} 1',
      'b{v="} 2",w="a b # {"} 3',
      'c { x = "1" , y = "2" } 4 5',
      'd\t{x="1"}\t6',
      'e{v="\\q"} 7',
      'f{}8',
      'g{v="{\\\\"} 9',
      '  h 10  ',
      'i{v="tab\tin"} 11',
    ].join('\n');
    expect(samples(page)).toEqual([
      '{__name__="a", error="no \\"x\\"\\n", path="C:\\\\DIR\\\\"} 1',
      '{__name__="b", v="} 2", w="a b # {"} 3',
      '{__name__="c", x="1", y="2"} 4 5',
      '{__name__="d", x="1"} 6',
      '{__name__="e", v="\\\\q"} 7',
      '{__name__="f"} 8',
      '{__name__="g", v="{\\\\"} 9',
      '{__name__="h"} 10',
      '{__name__="i", v="tab\\tin"} 11',
    ]);
  });

  test('quoted UTF-8 names', () => {
    const page = [
      '# TYPE "my.metric" gauge',
      '# HELP "my.metric" Größe',
      '{"my.metric",label="x"} 1',
      '{"my.metric"} 2',
      '{label="y","my.metric"} 3',
      'plain{"my.label"="z"} 4',
      '{"with \\"quotes\\" {and} é",é="nope"} 5',
    ];
    expect(record(page.slice(0, -1).join('\n'), TEXT).told).toEqual([
      ['metadata', 'my.metric', { type: 'gauge' }],
      ['metadata', 'my.metric', { help: 'Größe' }],
      ['sample', '{__name__="my.metric", label="x"}', 1],
      ['sample', '{__name__="my.metric"}', 2],
      ['sample', '{__name__="my.metric", label="y"}', 3],
      ['sample', '{__name__="plain", "my.label"="z"}', 4],
    ]);
    expect(failure(page.join('\n'))).toMatch(/^line 7: expected a label name, got/);
    expect(samples('{"with \\"quotes\\" {and} é","é"="ü"} 5')).toEqual([
      '{__name__="with \\"quotes\\" {and} é", "é"="ü"} 5',
    ]);
  });

  test.each([
    ['1', 1],
    ['+1', 1],
    ['-0', -0],
    ['1.', 1],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['1e-400', 0],
    ['123456789012345678', Number('123456789012345678')],
    ['0.1234567890123456789', Number('0.1234567890123456789')],
    ['9007199254740993', 9007199254740992],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['1e23', 1e23],
    ['nan', Number.NaN],
    ['NaN', Number.NaN],
    ['Inf', Number.POSITIVE_INFINITY],
    ['+infinity', Number.POSITIVE_INFINITY],
    ['-INF', Number.NEGATIVE_INFINITY],
  ])('the value %s', (text, value) => {
    expect(record(`a ${text}`, TEXT).told[0]![2]).toBe(value);
  });

  test.each(['', 'x', '0x10', '0x1p3', '1_000', '1e', '1e400', '-', '+', '.', '1,5', '+nan', 'e5', '1e+'])(
    'the value "%s" is none',
    (text) => {
      expect(failure(`ok 1\na ${text}\n`)).toMatch(/^line 2: expected/);
    },
  );

  test.each([
    ['a{b="c" 1', 'line 1: expected a label name, got "1"'],
    ['a{b="c', 'line 1: the quotes of this label value are not closed, got "\\"c"'],
    ['a{b=c} 1', 'line 1: expected a label value in double quotes, got "c}"'],
    ['a{b} 1', 'line 1: expected "=" after the label name, got "}"'],
    ['a{b:c="d"} 1', 'line 1: expected "=" after the label name, got ":c=\\"d\\"}"'],
    ['a{1="d"} 1', 'line 1: expected a label name, got "1=\\"d\\"}"'],
    ['a{,} 1', 'line 1: expected a label name, got ",}"'],
    ['a{""="x"} 1', 'line 1: a label name is empty, got "}"'],
    ['{""} 1', 'line 1: the metric name is empty, got the end of the line'],
    ['{a="b"} 1', 'line 1: expected a metric name, got the end of the line'],
    ['a{"b"} 1', 'line 1: the metric name is set twice, got "}"'],
    ['a{b="1",b="2"} 1', 'line 1: the label "b" is given twice, got the end of the line'],
    ['a{__name__="b"} 1', 'line 1: the label "__name__" is given twice, got the end of the line'],
    ['9a 1', 'line 1: expected a metric name, "{" or "#", got "9a 1"'],
    ['a', 'line 1: expected a number after the series, got the end of the line'],
    ['a 1 x', 'line 1: expected a time in milliseconds or the end of the line, got "x"'],
    ['a 1 2 3', 'line 1: expected the end of the line after the time, got "3"'],
    ['a 1 1.5', 'line 1: expected a time in milliseconds or the end of the line, got "1.5"'],
    [
      'a 1 99999999999999999999',
      'line 1: expected a time in milliseconds or the end of the line, got "99999999999999999999"',
    ],
    ['# TYPE a widget', 'line 1: expected counter, gauge, histogram, summary or untyped, got "widget"'],
    ['# TYPE a', 'line 1: expected counter, gauge, histogram, summary or untyped, got ""'],
    ['# HELP ', 'line 1: expected a metric name after HELP, got the end of the line'],
    ['# HELP 9', 'line 1: expected a metric name after HELP, got "9"'],
    ['# HELP a{} x', 'line 1: expected a blank after the metric name, got "{} x"'],
    ['<html>', 'line 1: expected a metric name, "{" or "#", got "<html>"'],
    ['a{b="c"} 1 # {} 1', 'line 1: expected the end of the series, got "1 # {}"'],
    ['\n\nx y', 'line 3: expected a number after the series, got "y"'],
  ])('%j', (page, message) => {
    expect(failure(page)).toBe(message);
  });

  test('a bad series makes the page bad only when its labels are asked for', () => {
    const page = Buffer.from('a{b="c" 1\n'.replace(' 1', '} 1').replace('"c"', '"c'));
    const sink = { metadata() {}, histogram() {} };
    expect(() => parseExposition(page, TEXT, { ...sink, sample: (_t, _v, _ms, d) => d.labels() })).toThrow(
      'line 1: the quotes',
    );
    expect(parseExposition(page, TEXT, { ...sink, sample() {} }).samples).toBe(1);
  });

  test('line ends, byte order mark, no last line feed, nothing at all', () => {
    expect(samples('\ufeff# TYPE a counter\r\na{b="c"} 1\r\n\r\nb 2 3\r\n# HELP c x\r\nc 4')).toEqual([
      '{__name__="a", b="c"} 1',
      '{__name__="b"} 2 3',
      '{__name__="c"} 4',
    ]);
    expect(record('# HELP c x\r\n', TEXT).told).toEqual([['metadata', 'c', { help: 'x' }]]);
    expect(record('', TEXT).told).toEqual([]);
    expect(record('\n', TEXT).told).toEqual([]);
    expect(record('   \n\t\n', TEXT).told).toEqual([]);
  });

  test('raw line feeds in label values, as Prometheus takes them', () => {
    const page = 'a{v="one\ntwo"} 1\nb 2\nc ?\n';
    expect(failure(page)).toMatch(/^line 4: /);
    expect(samples(page.slice(0, -4))).toEqual(['{__name__="a", v="one\\ntwo"} 1', '{__name__="b"} 2']);
  });

  test('interleaved families, types behind samples, series twice are told as they come', () => {
    const page = 'a 1\nb 2\na 3\n# TYPE a counter\na 1\n# TYPE a gauge\n';
    expect(record(page, TEXT).told.map(([kind, , value]) => [kind, value])).toEqual([
      ['sample', 1],
      ['sample', 2],
      ['sample', 3],
      ['metadata', { type: 'counter' }],
      ['sample', 1],
      ['metadata', { type: 'gauge' }],
    ]);
  });

  test('le and quantile have one form, in families of their types', () => {
    const page = [
      'x_bucket{le="1"} 0',
      '# TYPE h histogram',
      'h_bucket{le="1"} 1',
      'h_bucket{le="1e6"} 2',
      'h_bucket{le="0.00001"} 3',
      'h_bucket{le="+Inf"} 4',
      'h_bucket{le="100000",quantile="1"} 5',
      'h_bucket{le="high"} 6',
    ].join('\n');
    expect(samples(page).map((line) => /le="(.*?)"/.exec(line)![1])).toEqual([
      '1',
      '1.0',
      '1e+06',
      '1e-05',
      '+Inf',
      '100000.0',
      'high',
    ]);
  });

  test('a family whose name starts like the one before', () => {
    const page =
      '# TYPE a counter\n# TYPE ab gauge\n# HELP a\n# HELP ab_c x\n# HELP "a b" y\n# TYPE "a b" gauge\n';
    expect(record(page, TEXT).told.map(([, metric]) => metric)).toEqual([
      'a',
      'ab',
      'a',
      'ab_c',
      'a b',
      'a b',
    ]);
  });

  test('labels with empty values are left out and named', () => {
    expect(record('a{instance="",b="c"} 1', TEXT).told).toEqual([
      ['sample', '{__name__="a", b="c"}', 1, { empty: ['instance'] }],
    ]);
  });

  test('bytes that are not UTF-8', () => {
    const page = Buffer.from('a{v="\xff"} 1', 'latin1');
    expect(failure(page)).toBe('line 1: a label value is not valid UTF-8, got "\\"�\\"}"');
    expect(failure(Buffer.from('# HELP a \xff', 'latin1'))).toBe('line 1: the help text is not valid UTF-8');
    expect(samples('a{v="日本"} 1')).toEqual(['{__name__="a", v="日本"} 1']);
  });

  test('texts of series are the same in every scrape, and may be kept', () => {
    const page = (value: number) => `a{v="é"} ${value}\nb ${value} 17\n{"c.d"}  ${value}\n`;
    const first = record(page(1), TEXT).texts;
    expect(record(page(20000), TEXT).texts).toEqual(first);
    expect(first.map(ownText)).toEqual(first);
    expect(new Set(first).size).toBe(3);
  });

  test('limits', () => {
    const limits = { ...DEFAULT_EXPOSITION_LIMITS };
    const parse = (page: string, changes: object) => () =>
      record(page, TEXT, { limits: { ...limits, ...changes } });
    expect(parse('a 1\nb 2', { samples: 1 })).toThrow('more than the limit of 1 samples');
    expect(parse('a 1\nb 2', { samples: 2 })).not.toThrow();
    expect(parse('abc 1', { bodyBytes: 4 })).toThrow('5 bytes, more than the limit of 4');
    expect(parse('a 1\nabc 1', { lineBytes: 4 })).toThrow('line 2: longer than the limit of 4 bytes');
    expect(parse('a{b="c",d="e"} 1', { labels: 2 })).toThrow('more than the limit of 2 labels');
    expect(parse('a{b="c"} 1', { labels: 2 })).not.toThrow();
    expect(parse('a{bcd="c"} 1', { labelNameBytes: 2 })).toThrow('name is longer than the limit of 2 bytes');
    expect(parse('a{b="cde"} 1', { labelValueBytes: 2 })).toThrow(
      'value is longer than the limit of 2 bytes',
    );
    expect(parse(`a{v="x\n${'y\n'.repeat(40)}"} 1`, { lineBytes: 40 })).toThrow('line 1: ');
  });

  test('bad lines are passed over when somebody wants to know them, up to a limit', () => {
    const errors: string[] = [];
    const onBadLine = (error: DecodeError) => errors.push(error.message);
    const page = 'a 1\nb{c="} 2\nc ?\n# TYPE d widget\ne 3\n';
    expect(samplesOf(record(page, TEXT, { onBadLine }))).toEqual(['{__name__="a"} 1', '{__name__="e"} 3']);
    expect(errors.map((message) => message.slice(0, 7))).toEqual(['line 2:', 'line 3:', 'line 4:']);
    expect(() => record('?\n'.repeat(10_001), TEXT, { onBadLine })).toThrow('more than 10000 bad lines');
  });
});

describe('any bytes', () => {
  const lines = fc.oneof(
    fc.constantFrom(
      'a{b="c"} 1',
      '# TYPE a counter',
      '# HELP a b',
      'a 1 2',
      '{"x y"} 1',
      'a{b="\\"}',
      '"',
      '{',
      '\\',
      '} 1',
      '\0',
    ),
    fc.string(),
    fc.string({ unit: 'binary' }),
  );

  test('give samples or a DecodeError', () => {
    fc.assert(
      fc.property(
        fc.array(lines),
        fc.constantFrom('\n', '\r\n', ' '),
        fc.boolean(),
        (parts, separator, skips) => {
          const options = skips ? { onBadLine: () => undefined } : {};
          try {
            record(parts.join(separator), TEXT, options);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('what is written comes back', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '__name__');
    const labels = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme' })), {
      selector: ([key]) => key,
    });
    const value = fc.double();
    const time = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, labels, value, time)), (all) => {
        const page = all
          .map(([metric, pairs, number, timeMs]) => {
            const inner = [
              escaped(metric),
              ...pairs.map(([key, text]) => `${escaped(key)}=${escaped(text)}`),
            ];
            return `{${inner.join(',')}} ${number}${timeMs === undefined ? '' : ` ${timeMs}`}\n`;
          })
          .join('');
        const told: unknown[] = [];
        parseExposition(Buffer.from(page), TEXT, {
          metadata() {},
          histogram() {},
          sample: (_text, number, timeMs, details) =>
            told.push([details.labels().toObject(), number, timeMs]),
        });
        expect(told).toEqual(
          all.map(([metric, pairs, number, timeMs]) => [
            { ...Object.fromEntries(pairs.filter(([, text]) => text !== '')), __name__: metric },
            // Numbers are written by String(), which has no sign for zero.
            Object.is(number, -0) ? 0 : number,
            timeMs,
          ]),
        );
      }),
    );
  });
});

function escaped(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
