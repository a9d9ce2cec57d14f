import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { DEFAULT_EXPOSITION_LIMITS } from './index.ts';
import { ProtoWriter } from './testing/proto-writer.ts';
import { PROTOBUF, record } from './testing/record.ts';

type Write = (message: ProtoWriter) => void;

const COUNTER = 0;
const GAUGE = 1;
const SUMMARY = 2;
const UNTYPED = 3;
const HISTOGRAM = 4;
const GAUGE_HISTOGRAM = 5;

function family(name: string, type: number, metrics: Write[], more: Write = () => undefined): Uint8Array {
  const page = new ProtoWriter();
  page.message(undefined, (message) => {
    message.text(1, name).text(2, `Help of ${name}`).varint(3, type);
    for (const metric of metrics) message.message(4, metric);
    more(message);
  });
  return page.bytes();
}

const label =
  (name: string, value: string): Write =>
  (metric) => {
    metric.message(1, (pair) => pair.text(1, name).text(2, value));
  };
const all =
  (...parts: Write[]): Write =>
  (message) => {
    for (const part of parts) part(message);
  };
const timestamp =
  (field: number, seconds: number, nanos: number): Write =>
  (message) => {
    message.message(field, (time) => time.varint(1, seconds).varint(2, nanos));
  };
const exemplar =
  (field: number, value: number, ...more: Write[]): Write =>
  (message) => {
    message.message(
      field,
      all(label('trace_id', `t${value}`), (inner) => inner.double(2, value), ...more),
    );
  };
const histogram =
  (...parts: Write[]): Write =>
  (metric) => {
    metric.message(7, all(...parts));
  };
const span =
  (field: number, offset: number, length: number): Write =>
  (message) => {
    message.message(field, (inner) => inner.zigzag(1, offset).varint(2, length));
  };
const bucket =
  (bound: number, count: number, ...more: Write[]): Write =>
  (message) => {
    message.message(
      3,
      all((inner) => inner.varint(1, count).double(2, bound), ...more),
    );
  };
const told = (body: Uint8Array, options = {}) => record(body, PROTOBUF, options).told;
const samples = (body: Uint8Array, options = {}) =>
  told(body, options).filter(([kind]) => kind !== 'metadata');

describe('protobuf', () => {
  test('counters, gauges, untyped and summaries', () => {
    const body = Buffer.concat([
      family('c_total', COUNTER, [
        all(label('b', '2'), label('a', ''), (metric) => {
          metric.varint(6, 1234567890123);
          metric.message(
            3,
            all((counter) => counter.double(1, 7), exemplar(2, 3), timestamp(3, 1700000000, 500_000_000)),
          );
        }),
      ]),
      family('g', GAUGE, [
        (metric) => metric.message(2, (gauge) => gauge.double(1, -1.5)),
        all(label('x', 'é'), (metric) => metric.message(2, (gauge) => gauge.double(1, Number.NaN))),
      ]),
      family('u', UNTYPED, [(metric) => metric.message(5, () => undefined)]),
      family('s', SUMMARY, [
        (metric) =>
          metric.message(4, (summary) => {
            summary.varint(1, 10).double(2, 5.5);
            summary.message(3, (quantile) => quantile.double(1, 1).double(2, 0.9));
            summary.message(3, (quantile) => quantile.double(1, 0.5).double(2, Number.POSITIVE_INFINITY));
          }),
      ]),
      family('without_metrics', COUNTER, []),
    ]);
    expect(told(body)).toEqual([
      ['metadata', 'c_total', { type: 'counter', help: 'Help of c_total' }],
      [
        'sample',
        '{__name__="c_total", b="2"}',
        7,
        1234567890123,
        { startMs: 1700000000500, empty: ['a'], exemplars: [['{trace_id="t3"}', 3, undefined]] },
      ],
      ['metadata', 'g', { type: 'gauge', help: 'Help of g' }],
      ['sample', '{__name__="g"}', -1.5],
      ['sample', '{__name__="g", x="é"}', Number.NaN],
      ['metadata', 'u', { type: 'unknown', help: 'Help of u' }],
      ['sample', '{__name__="u"}', 0],
      ['metadata', 's', { type: 'summary', help: 'Help of s' }],
      ['sample', '{__name__="s_count"}', 10],
      ['sample', '{__name__="s_sum"}', 5.5],
      ['sample', '{__name__="s", quantile="1.0"}', 0.9],
      ['sample', '{__name__="s", quantile="0.5"}', Number.POSITIVE_INFINITY],
    ]);
  });

  test('classic histograms', () => {
    const body = family(
      'h_seconds',
      HISTOGRAM,
      [
        all(
          label('a', 'b'),
          histogram(
            (message) => message.varint(1, 5).double(2, 4.2),
            bucket(0.1, 1, exemplar(3, 0.05, timestamp(3, 1600000000, 0))),
            bucket(1e6, 4),
            timestamp(15, 1500000000, 0),
          ),
        ),
      ],
      (message) => message.text(5, 'seconds'),
    );
    const start = { startMs: 1500000000000 };
    expect(told(body)).toEqual([
      ['metadata', 'h_seconds', { type: 'histogram', help: 'Help of h_seconds', unit: 'seconds' }],
      ['sample', '{__name__="h_seconds_count", a="b"}', 5, start],
      ['sample', '{__name__="h_seconds_sum", a="b"}', 4.2, start],
      [
        'sample',
        '{__name__="h_seconds_bucket", a="b", le="0.1"}',
        1,
        { ...start, exemplars: [['{trace_id="t0.05"}', 0.05, 1600000000000]] },
      ],
      ['sample', '{__name__="h_seconds_bucket", a="b", le="1e+06"}', 4, start],
      ['sample', '{__name__="h_seconds_bucket", a="b", le="+Inf"}', 5, start],
    ]);
  });

  const native = all(
    (message) => message.varint(1, 12).double(2, 100.5).zigzag(5, 3).double(6, 0.001).varint(7, 2),
    span(9, -2, 1),
    (message) => message.packedZigzag(10, [1]),
    span(12, -1, 2),
    span(12, 3, 2),
    (message) => message.packedZigzag(13, [1, 2, -2, 3]),
  );

  test('native histograms: spans and deltas', () => {
    const body = family('n', HISTOGRAM, [
      histogram(native, exemplar(16, 1, timestamp(3, 1, 0)), exemplar(16, 2), bucket(1, 3)),
    ]);
    expect(samples(body)).toEqual([
      [
        'histogram',
        '{__name__="n"}',
        {
          schema: 3,
          zeroThreshold: 0.001,
          zeroCount: 2,
          count: 12,
          sum: 100.5,
          positiveIndexes: [-1, 0, 4, 5],
          positiveCounts: [1, 3, 1, 4],
          negativeIndexes: [-2],
          negativeCounts: [1],
          customBounds: [],
          counterReset: 'unknown',
        },
        { exemplars: [['{trace_id="t1"}', 1, 1000]] },
      ],
    ]);
    expect(samples(body, { nativeHistograms: 'both' }).map(([kind, labels]) => [kind, labels])).toEqual([
      ['histogram', '{__name__="n"}'],
      ['sample', '{__name__="n_count"}'],
      ['sample', '{__name__="n_sum"}'],
      ['sample', '{__name__="n_bucket", le="1.0"}'],
      ['sample', '{__name__="n_bucket", le="+Inf"}'],
    ]);
    expect(samples(body, { nativeHistograms: 'classic' }).map(([kind]) => kind)).toEqual(
      Array(4).fill('sample'),
    );
  });

  test('native histograms: floats, gauges, an empty span, unpacked fields, schemas beyond the finest', () => {
    const floats = family('f', GAUGE_HISTOGRAM, [
      histogram(
        (message) => message.double(4, 6.5).double(2, Number.NaN).double(8, 0.5).zigzag(5, -4),
        span(12, 0, 3),
        (message) => message.double(14, 1).double(14, 0).double(14, 5),
      ),
    ]);
    expect(samples(floats)[0]![2]).toMatchObject({
      schema: -4,
      count: 6.5,
      zeroCount: 0.5,
      positiveIndexes: [0, 2],
      positiveCounts: [1, 5],
      counterReset: 'gauge',
    });
    const empty = family('e', HISTOGRAM, [histogram(span(12, 0, 0))]);
    expect(samples(empty)[0]).toMatchObject([
      'histogram',
      '{__name__="e"}',
      { count: 0, positiveIndexes: [] },
    ]);
    const fine = family('m', HISTOGRAM, [
      histogram(
        (message) => message.varint(1, 6).zigzag(5, 9),
        span(12, -3, 5),
        (message) => message.zigzag(13, 1).zigzag(13, 0).zigzag(13, 0).zigzag(13, 0).zigzag(13, 1),
      ),
    ]);
    expect(samples(fine)[0]![2]).toMatchObject({
      schema: 8,
      positiveIndexes: [-1, 0, 1],
      positiveCounts: [2, 2, 2],
    });
  });

  test.each<[string, Write]>([
    ['schema -53', (message) => message.varint(1, 1).zigzag(5, -53).varint(7, 1)],
    ['schema 53', (message) => message.varint(1, 1).zigzag(5, 53).varint(7, 1)],
    ['more buckets than it has', span(12, 0, 4_000_000_000)],
    ['fewer buckets than it has', all(span(12, 0, 0), (message) => message.packedZigzag(13, [1]))],
    ['negative offset', all(span(12, 0, 1), span(12, -1, 1), (message) => message.packedZigzag(13, [1, 1]))],
    ['negative count', all(span(12, 0, 1), (message) => message.packedZigzag(13, [-1]))],
    [
      'counts 3 observations and has 1',
      all(span(12, 0, 1), (message) => message.varint(1, 3).packedZigzag(13, [1])),
    ],
    ['out of range', all(span(12, 2_147_483_647, 1), (message) => message.packedZigzag(13, [1]))],
    ['cut off', (message) => message.text(14, 'short')],
  ])('a native histogram with %s is refused', (message, write) => {
    expect(() => samples(family('n', HISTOGRAM, [histogram(span(9, 0, 0), write)]))).toThrow(message);
  });

  test('refused families', () => {
    const gauge: Write = (metric) => metric.message(2, (value) => value.double(1, 1));
    expect(() => told(family('', GAUGE, [gauge]))).toThrow('a metric family without a name');
    expect(() => told(family('a', 9, [gauge]))).toThrow('the metric "a" has the unknown type 9');
    expect(() => told(family('a', COUNTER, [gauge]))).toThrow("no value of the family's type");
    expect(() => told(family('a_b', GAUGE, [gauge], (message) => message.text(5, 'c')))).toThrow(
      'not a suffix',
    );
    expect(() =>
      told(
        family('a_b_total', COUNTER, [(metric) => metric.message(3, () => undefined)], (message) =>
          message.text(5, 'b'),
        ),
      ),
    ).not.toThrow();
    expect(() => told(family('a', GAUGE, [all(label('x', '1'), label('x', '2'), gauge)]))).toThrow(
      'label "x" twice',
    );
    expect(() => told(family('a', GAUGE, [all(label('', '1'), gauge)]))).toThrow('a label without a name');
    const badText: Write = (metric) =>
      metric.message(1, (pair) => pair.text(1, 'x').text(2, Uint8Array.of(0xff)));
    expect(() => told(family('a', GAUGE, [all(badText, gauge)]))).toThrow(
      'the label value is not valid UTF-8',
    );
    const limits = { ...DEFAULT_EXPOSITION_LIMITS, labels: 1 };
    expect(() => told(family('a', GAUGE, [all(label('x', '1'), gauge)]), { limits })).toThrow(
      'limit of 1 labels',
    );
    const few = { ...DEFAULT_EXPOSITION_LIMITS, samples: 1 };
    expect(() => told(family('a', GAUGE, [gauge, gauge]), { limits: few })).toThrow('limit of 1 samples');
  });

  test('facts of a family may stand behind its metrics', () => {
    const page = new ProtoWriter();
    page.message(undefined, (message) => {
      message.message(4, (metric) => metric.message(2, (value) => value.double(1, 4)));
      message.varint(3, GAUGE).text(1, 'late');
    });
    expect(told(page.bytes())).toEqual([
      ['metadata', 'late', { type: 'gauge', help: '' }],
      ['sample', '{__name__="late"}', 4],
    ]);
  });

  test('keys of series are the same in every page and differ between series', () => {
    const page = (value: number) =>
      Buffer.concat([
        family('a', HISTOGRAM, [
          all(
            label('x', '1'),
            label('y', ''),
            histogram((m) => m.varint(1, value), bucket(1, value), bucket(2, value)),
          ),
          all(label('x', '1'), label('z', ''), histogram(native)),
        ]),
        family('a_count', GAUGE, [all(label('x', '12'), (m) => m.message(2, (v) => v.double(1, value)))]),
        family('a_count', GAUGE, [all(label('x1', '2'), (m) => m.message(2, (v) => v.double(1, value)))]),
      ]);
    const options = { nativeHistograms: 'both' } as const;
    const { texts } = record(page(1), PROTOBUF, options);
    expect(record(page(1000), PROTOBUF, options).texts).toEqual(texts);
    expect(new Set(texts).size).toBe(texts.length);
  });

  test('a value or time between the labels changes neither key nor labels', () => {
    const page = (value: number) => {
      const gauge: Write = (m) => m.varint(6, value).message(2, (v) => v.double(1, value));
      return family('a', GAUGE, [
        all(label('x', '1'), gauge, label('y', 'z'.repeat(200))),
        all(gauge, label('x', '2')),
      ]);
    };
    const { told: calls, texts } = record(page(5), PROTOBUF);
    expect(calls[1]).toEqual(['sample', `{__name__="a", x="1", y="${'z'.repeat(200)}"}`, 5, 5]);
    expect(record(page(70_000), PROTOBUF).texts).toEqual(texts);
    const short = (value: number) =>
      family('a', GAUGE, [
        all(label('x', '1'), (m) => m.message(2, (v) => v.double(1, value)), label('y', '2')),
      ]);
    expect(record(short(1), PROTOBUF).texts).toEqual(record(short(2), PROTOBUF).texts);
  });

  test('cut off anywhere it is refused, or ends between two families', () => {
    const first = family('n', HISTOGRAM, [
      all(label('a', 'b'), histogram(native, bucket(1, 3), exemplar(16, 1))),
    ]);
    const body = Buffer.concat([first, first]);
    for (let end = 1; end < body.length; end++) {
      if (end === first.length) continue;
      expect(() => told(body.subarray(0, end))).toThrow(DecodeError);
    }
    expect(told(new Uint8Array(0))).toEqual([]);
  });

  test('any bytes, and any bytes changed, give samples or a DecodeError', () => {
    const page = Buffer.concat([
      family('n', HISTOGRAM, [all(label('a', 'b'), histogram(native, bucket(1, 3), exemplar(16, 1)))]),
      family('s', SUMMARY, [(m) => m.message(4, (s) => s.varint(1, 10).message(3, (q) => q.double(1, 1)))]),
    ]);
    const changed = fc
      .array(fc.tuple(fc.nat(page.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 })
      .map((changes) => {
        const bytes = Uint8Array.from(page);
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array()), (body) => {
        try {
          told(body);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
