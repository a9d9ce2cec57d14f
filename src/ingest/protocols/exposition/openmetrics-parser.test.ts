import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { OPENMETRICS, record, samplesOf } from './testing/record.ts';

const parse = (lines: string[], options = {}) => record(`${lines.join('\n')}\n# EOF\n`, OPENMETRICS, options);
const failure = (page: string) => {
  try {
    record(page, OPENMETRICS);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return (error as DecodeError).message;
  }
  return 'no error';
};

describe('OpenMetrics', () => {
  test('a page with every type', () => {
    const { told } = parse([
      '# TYPE go_seconds histogram',
      '# UNIT go_seconds seconds',
      '# HELP go_seconds A "quoted\\" \\n help',
      'go_seconds_bucket{le="0.5"} 1 # {trace_id="abc"} 0.43 1520879607.789',
      'go_seconds_bucket{le="+Inf"} 2 # {} 3',
      'go_seconds_count 2 1520879607.5',
      'go_seconds_sum 3.43 1520879607.5 # {a="b"} 1',
      '# TYPE build info',
      'build_info{version="1"} 1',
      '# TYPE mode stateset',
      'mode{mode="on"} 1',
      '# TYPE heap gaugehistogram',
      'heap_gcount 4',
      '# TYPE x unknown',
      'x NaN',
    ]);
    expect(told).toEqual([
      ['metadata', 'go_seconds', { type: 'histogram' }],
      ['metadata', 'go_seconds', { unit: 'seconds' }],
      ['metadata', 'go_seconds', { help: 'A "quoted" \n help' }],
      [
        'sample',
        '{__name__="go_seconds_bucket", le="0.5"}',
        1,
        { exemplars: [['{trace_id="abc"}', 0.43, 1520879607789]] },
      ],
      ['sample', '{__name__="go_seconds_bucket", le="+Inf"}', 2, { exemplars: [['{}', 3, undefined]] }],
      ['sample', '{__name__="go_seconds_count"}', 2, 1520879607500],
      [
        'sample',
        '{__name__="go_seconds_sum"}',
        3.43,
        1520879607500,
        { exemplars: [['{a="b"}', 1, undefined]] },
      ],
      ['metadata', 'build', { type: 'info' }],
      ['sample', '{__name__="build_info", version="1"}', 1],
      ['metadata', 'mode', { type: 'stateset' }],
      ['sample', '{__name__="mode", mode="on"}', 1],
      ['metadata', 'heap', { type: 'gaugehistogram' }],
      ['sample', '{__name__="heap_gcount"}', 4],
      ['metadata', 'x', { type: 'unknown' }],
      ['sample', '{__name__="x"}', Number.NaN],
    ]);
  });

  test('what looks like an exemplar in a label value is none', () => {
    expect(samplesOf(parse(['a{v="x # {y"} 1', 'b{v=" # {"} 2 # {c="} 3"} 4', 'c 5']))).toEqual([
      '{__name__="a", v="x # {y"} 1',
      expect.stringMatching(/^\{__name__="b", v=" # \{"\} 2 /),
      '{__name__="c"} 5',
    ]);
  });

  test('_created lines become start times of the series they belong to', () => {
    const lines = [
      '# TYPE foo counter',
      '# HELP foo Help of foo_created',
      'foo_total{a="b"} 17',
      'foo_created{a="b"} 1520872607.123',
      'foo_total{a="c"} 18',
      'foo_total{a="foo_created{"} 19',
      'foo_created{a="foo_created{"} 7',
      '# TYPE bar summary',
      'bar_count 17',
      'bar_sum 324789.3',
      'bar{quantile="0.95"} 123.7',
      'bar_created 1520872608.124',
      '# TYPE baz histogram',
      'baz_bucket{le="0",x="1"} 0',
      'baz_bucket{x="1",le="+Inf"} 17',
      'baz_bucket{x="1",le="0.5",y="2"} 3',
      'baz_count{x="1"} 17',
      'baz_created{x="1"} 1520872609.125',
      'baz_created{x="1",y="2"} 5',
      '# TYPE gau gauge',
      'gau_created 12',
      '# TYPE "u.s" counter',
      '{"u.s_total",z="1"} 5',
      '{"u.s_created",z="1"} 9',
    ];
    const starts = [
      1520872607123,
      undefined,
      7000,
      ...Array(3).fill(1520872608124),
      1520872609125,
      1520872609125,
      5000,
      1520872609125,
      undefined,
      9000,
    ];
    const told = parse(lines).told.filter(([kind]) => kind === 'sample');
    expect(told.map((call) => (call[3] as { startMs?: number } | undefined)?.startMs)).toEqual(starts);
    expect(told.some(([, labels]) => /(foo|bar|baz|u\.s)_created"/.test(String(labels)))).toBe(false);
    const kept = parse(lines, { createdLines: 'series' }).told.filter(([kind]) => kind === 'sample');
    expect(kept).toHaveLength(told.length + 6);
    expect(kept[0]).toEqual(told[0]);
    expect(kept[1]).toEqual([
      'sample',
      '{__name__="foo_created", a="b"}',
      1520872607.123,
      { startMs: 1520872607123 },
    ]);
  });

  test.each([
    ['', 'the data does not end with # EOF'],
    ['\n', 'line 1: expected a metric name, "{" or "#", got the end of the line'],
    ['a 1\n', 'the data does not end with # EOF'],
    ['a 1', 'the data does not end with # EOF'],
    ['a 1\n# EO', 'the data does not end with # EOF'],
    ['# EOF\n\n', 'line 1: unexpected data after # EOF'],
    ['# EOF\na 1\n# EOF\n', 'line 1: unexpected data after # EOF'],
    ['a 1\n\n# EOF', 'line 2: expected a metric name, "{" or "#", got the end of the line'],
    ['# comment\n# EOF', 'line 1: expected # HELP, # TYPE, # UNIT or # EOF, got "# comment"'],
    ['#  TYPE a gauge\n# EOF', 'line 1: expected # HELP, # TYPE, # UNIT or # EOF, got "#  TYPE a gauge"'],
    ['# TYPE a untyped\n# EOF', 'line 1: expected a metric type of OpenMetrics, got "untyped"'],
    ['# TYPE a\n# EOF', 'line 1: expected a space and a text after the metric name, got the end of the line'],
    ['# UNIT a_b c\n# EOF', 'line 1: the unit "c" is not a suffix of the metric "a_b"'],
    ['# UNIT ac c\n# EOF', 'line 1: the unit "c" is not a suffix of the metric "ac"'],
    ['a  1\n# EOF', 'line 1: expected a space and a number after the series, got "  1"'],
    ['a\t1\n# EOF', 'line 1: expected a space and a number after the series, got "\\t1"'],
    ['a 1 \n# EOF', 'line 1: expected a space and a number of seconds as the time, got " "'],
    ['a 1\r\n# EOF', 'line 1: expected a space and a number after the series, got " 1\\r"'],
    ['a 1 x\n# EOF', 'line 1: expected a space and a number of seconds as the time, got " x"'],
    ['a 1 NaN\n# EOF', 'line 1: expected a time in seconds, got " NaN"'],
    ['a 1 2 3\n# EOF', 'line 1: expected an exemplar or the end of the line, got " 3"'],
    ['a{b="c", d="e"} 1\n# EOF', 'line 1: expected a label name, got " d=\\"e\\"}"'],
    ['a{b="c"d="e"} 1\n# EOF', 'line 1: expected "," or "}", got "d=\\"e\\"}"'],
    ['a {b="c"} 1\n# EOF', 'line 1: expected the end of the series, got " {b=\\"c\\"}"'],
    [
      'a 1 # {b="c"}\n# EOF',
      'line 1: expected a space and a number after the labels of the exemplar, got the end of the line',
    ],
    ['a 1 # {"b"} 1\n# EOF', 'line 1: expected "=" after the label name, got "}"'],
    ['a 1 # {b="c"} 1 2 3\n# EOF', 'line 1: expected the end of the line, got " 3"'],
    ['a 1 # {b="c} 1\n# EOF', 'line 1: '],
    ['a 1 #{b="c"} 1\n# EOF', 'line 1: expected the end of the series, got " 1 #{b=\\"c\\"}"'],
    ['\ufeffa 1\n# EOF', 'line 1: expected a metric name, "{" or "#", got "\ufeffa 1"'],
  ])('%j', (page, message) => {
    expect(failure(page)).toContain(message);
  });

  test('the last line feed may be missing behind # EOF only', () => {
    expect(samplesOf(record('a 1\n# EOF', OPENMETRICS))).toEqual(['{__name__="a"} 1']);
  });

  test('cut off anywhere it is refused', () => {
    const page = '# TYPE a counter\na_total{b="c"} 1 # {d="e"} 2 3\na_created{b="c"} 4\n# EOF\n';
    for (let end = 0; end < page.length - 1; end++) expect(failure(page.slice(0, end))).not.toBe('no error');
    expect(failure(page.slice(0, -1))).toBe('no error');
  });

  test('any text gives samples or a DecodeError', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'a_total{b="c"} 1',
        'a_created{b="c"} 1',
        '# TYPE a counter',
        '# TYPE a histogram',
        'a_bucket{le="1"} 1 # {x="y"} 2',
        '{"a_created"} 1',
        '# EOF',
      ),
      fc.string(),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          parse(lines);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
