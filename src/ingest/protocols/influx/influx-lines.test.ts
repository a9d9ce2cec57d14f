import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { SeriesCache } from '../import/series-cache.ts';
import { writtenSamples } from '../import/testing/written.ts';
import { createContext, NOW_MS } from '../otlp/metrics-test-kit.ts';
import {
  decodeInfluxLines,
  type InfluxOptions,
  type InfluxPrecision,
  isInfluxPrecision,
} from './influx-lines.ts';

function decode(body: string | Uint8Array, options?: InfluxOptions) {
  const context = createContext();
  const outcome = decodeInfluxLines(typeof body === 'string' ? Buffer.from(body) : body, context, options);
  return { outcome, samples: writtenSamples(context) };
}

describe('InfluxDB line protocol', () => {
  test('fields are series, tags are labels', () => {
    const { samples, outcome } = decode(
      `weather,location=us-midwest,host=a temperature=82.5,humidity=71i,count=3u ${NOW_MS - 5000}000000\n` +
        'cpu value=1e3\n',
    );
    expect(samples).toEqual([
      'weather_temperature{host="a",location="us-midwest"} 82.5 @-5000',
      'weather_humidity{host="a",location="us-midwest"} 71 @-5000',
      'weather_count{host="a",location="us-midwest"} 3 @-5000',
      'cpu_value 1000',
    ]);
    expect(outcome).toMatchObject({ accepted: 4, rejected: 0, stringsSkipped: 0 });
  });

  test('booleans, strings, signs, line ends, comments, spaces', () => {
    const { samples, outcome } = decode(
      [
        '# a comment',
        '',
        '  m a=t,b=T,c=true,d=True,e=TRUE,f=f,g=F,h=false,i=False,j=FALSE  ',
        'm s="text, with = and \\" and \\\\",x=-1i',
        'm only="strings"',
        'm y=+.5\r',
        'm z=-1e-3',
      ].join('\n'),
    );
    expect(samples).toEqual([
      ...['a', 'b', 'c', 'd', 'e'].map((name) => `m_${name} 1`),
      ...['f', 'g', 'h', 'i', 'j'].map((name) => `m_${name} 0`),
      'm_x -1',
      'm_y 0.5',
      'm_z -0.001',
    ]);
    expect(outcome).toMatchObject({ accepted: 13, rejected: 0, stringsSkipped: 2 });
  });

  test('escapes, and names as Prometheus has them', () => {
    const line =
      'my\\ meas\\,ure=ment,tag\\ key\\=1=tag\\,\\ value\\=x,b=C:\\dir,1st=é,größe=q,🚀=r fi\\ eld\\=é=1';
    expect(decode(line).samples).toEqual([
      'my_meas_ure_ment_fi_eld__{_="r",_1st="é",b="C:\\dir",gr__e="q",tag_key_1="tag, value=x"} 1',
    ]);
    expect(decode(line, { names: 'utf8' }).samples).toEqual([
      'my meas,ure=ment_fi eld=é{1st="é",b="C:\\dir",größe="q",tag key=1="tag, value=x",🚀="r"} 1',
    ]);
    expect(decode('9m f=1').samples).toEqual(['_9m_f 1']);
    expect(decode('a:b f=1').samples).toEqual(['a:b_f 1']);
  });

  test.each<[InfluxPrecision | undefined, string]>([
    [undefined, `${NOW_MS}123456`],
    ['ns', `${NOW_MS}000000`],
    ['n', `${NOW_MS}999999`],
    ['us', `${NOW_MS}000`],
    ['u', `${NOW_MS}999`],
    ['µ', `${NOW_MS}000`],
    ['ms', `${NOW_MS}`],
    ['s', `${NOW_MS / 1000}`],
    ['m', `${NOW_MS / 60_000}`],
    ['h', `${NOW_MS / 3_600_000}`],
  ])('times in %s', (precision, time) => {
    expect(decode(`m f=1 ${time}`, { precision }).samples).toEqual(['m_f 1']);
    expect(precision === undefined || isInfluxPrecision(precision)).toBe(true);
  });

  test('times outside of the window', () => {
    const { samples, outcome } = decode('m f=1 0\nm f=1 -1\nm f=1 999\n');
    expect(samples).toEqual([]);
    expect(outcome.rejections.get('too_old')).toMatchObject({ count: 3 });
    expect(isInfluxPrecision('constructor')).toBe(false);
  });

  test('labels of the request', () => {
    const options = { defaultLabels: [['db', 'telegraf']], extraLabels: [['host', 'forced']] } as const;
    expect(decode('m,host=a f=1\nm,db=mine f=2', options).samples).toEqual([
      'm_f{db="telegraf",host="forced"} 1',
      'm_f{db="mine",host="forced"} 2',
    ]);
    expect(decode('m,a=,b=1,b=2 f=1').samples).toEqual(['m_f{b="2"} 1']);
  });

  test.each([
    ['m', 'expected fields after the measurement and tags'],
    ['m ', 'expected fields after the measurement and tags'],
    [',a=b f=1', 'expected a measurement'],
    ['m f', 'expected "=" after the field "f"'],
    ['m f=', 'expected a number, a boolean or a string in quotes, got the end of the line'],
    ['m =1', 'expected the name of a field, got "=1"'],
    ['m f=1,', 'expected the name of a field, got the end of the line'],
    ['m f=1,,g=2', 'expected the name of a field, got ",g=2"'],
    ['m f=x', 'expected a number, a boolean or a string in quotes, got "x"'],
    ['m f=1.5i', 'got "1.5i"'],
    ['m f=-1u', 'got "-1u"'],
    ['m f=i', 'got "i"'],
    ['m f=NaN', 'got "NaN"'],
    ['m f=1e999', 'got "1e999"'],
    ['m f=truely', 'got "truely"'],
    ['m f="x', 'the quotes of a string are not closed'],
    ['m f="x"y', 'expected "," or a space after a field, got "y"'],
    ['m f=1 x', 'expected a whole number as the time, got "x"'],
    ['m f=1 1.5', 'expected a whole number as the time, got "1.5"'],
    ['m f=1 1 2', 'expected a whole number as the time, got "1 2"'],
    ['m,a f=1', 'expected a tag as name=value, got "a"'],
    ['m,=b f=1', 'expected a tag as name=value, got "=b"'],
    ['m,a=b=c f=1', 'expected "," after a tag, got "=c"'],
    ['m, f=1', 'expected a tag as name=value, got the end of the line'],
    ['m,__name__=x f=1', 'a tag is called __name__'],
    [`m,a=${'x'.repeat(5000)} f=1`, 'longer than the limit of 4096 bytes'],
  ])('%j is refused alone', (line, message) => {
    const { samples, outcome } = decode(`ok f=1\n${line}\nok g=2\n`);
    expect(samples).toEqual(['ok_f 1', 'ok_g 2']);
    expect(outcome).toMatchObject({ accepted: 2, rejected: 1 });
    expect(outcome.rejections.get('bad_line')!.message).toMatch(/^line 2: /);
    expect(outcome.rejections.get('bad_line')!.message).toContain(message);
  });

  test('strings may have line feeds; lines are counted on', () => {
    const { samples, outcome } = decode('m s="one\ntwo",f=1\nm g=2\nbad\nm h=3');
    expect(samples).toEqual(['m_f 1', 'm_g 2', 'm_h 3']);
    expect(outcome.rejections.get('bad_line')!.message).toMatch(/^line 4: /);
    expect(outcome.stringsSkipped).toBe(1);
  });

  test('bytes that are not UTF-8 make their line bad', () => {
    const { samples, outcome } = decode(Buffer.from('m,a=\xff f=1\nm f=2', 'latin1'));
    expect(samples).toEqual(['m_f 2']);
    expect(outcome.rejections.get('bad_line')!.message).toBe('line 1: the line is not valid UTF-8');
  });

  test('a body of something else is refused as a whole', () => {
    expect(() => decode('<p>\n'.repeat(10_001))).toThrow('more than 10000 bad lines');
  });

  test('a cache changes nothing', () => {
    const cache = new SeriesCache();
    const options: InfluxOptions[] = [
      { cache },
      { cache, names: 'utf8' },
      { cache, defaultLabels: [['db', 'x']] },
      { cache, extraLabels: [['db', 'x']] },
    ];
    const body = 'm-1,a=b,db=y f=1\nm-1,a=b,db=y g=1\nm-1 f=2\n';
    for (const option of [...options, ...options]) {
      expect(decode(body, option).samples).toEqual(decode(body, { ...option, cache: undefined }).samples);
    }
  });

  test('any bytes: the rest of the lines is kept', () => {
    const line = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('m,a=b f=1', 'm s="x', '"'),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          const { outcome, samples } = decode(lines.join('\n'));
          expect(outcome.accepted).toBe(samples.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
