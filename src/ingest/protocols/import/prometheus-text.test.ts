import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { ProtoWriter } from '../exposition/testing/proto-writer.ts';
import { OPENMETRICS, PROTOBUF } from '../exposition/testing/record.ts';
import { createContext, LIMITS } from '../otlp/metrics-test-kit.ts';
import { decodePrometheusText, type PrometheusTextOptions } from './prometheus-text.ts';
import { SeriesCache } from './series-cache.ts';
import { writtenExemplars, writtenHistograms, writtenMetadata, writtenSamples } from './testing/written.ts';

function decode(body: string | Uint8Array, contentType?: string, options?: PrometheusTextOptions) {
  const context = createContext();
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const outcome = decodePrometheusText(bytes, contentType, context, options);
  return { context, outcome };
}

describe('import of the Prometheus text format', () => {
  test('samples, times, metadata', () => {
    const { context, outcome } = decode(
      `# HELP a Help of a\n# TYPE a counter\na{b="c"} 1\na{b="d"} 2 ${createContext().nowMs - 5000}\r\nb NaN`,
    );
    expect(writtenSamples(context)).toEqual(['a{b="c"} 1', 'a{b="d"} 2 @-5000', 'b NaN']);
    expect(writtenMetadata(context)).toEqual([['a', 'counter', '', 'Help of a']]);
    expect(outcome).toMatchObject({ accepted: 3, rejected: 0 });
  });

  test('the time and the labels of the request', () => {
    const timestampMs = createContext().nowMs - 60_000;
    const extraLabels = [
      ['job', 'batch'],
      ['b', 'forced'],
      ['__name__', 'ignored'],
    ] as const;
    const { context, outcome } = decode('a{b="c"} 1\na 2 1763640000000', undefined, {
      timestampMs,
      extraLabels,
    });
    expect(writtenSamples(context)).toEqual(['a{b="forced",job="batch"} 1 @-60000']);
    expect(outcome.rejections.get('too_old')).toMatchObject({ count: 1 });
    expect([...outcome.services.values()]).toEqual([
      { service: 'batch', instance: '', version: '', accepted: 1, rejected: 1 },
    ]);
  });

  test('bad lines are refused alone, with their numbers', () => {
    const { context, outcome } = decode('a 1\nb{c="} 2\n\n# TYPE x widget\nd 3 4 5\ne{f="1",f="2"} 6\ng 7\n');
    expect(writtenSamples(context)).toEqual(['a 1', 'g 7']);
    expect(outcome).toMatchObject({ accepted: 2, rejected: 4 });
    expect(outcome.rejections.get('bad_line')!.message).toMatch(/^line 2: the quotes of this label value/);
  });

  test('samples outside of the time window are refused, with the reason', () => {
    const { nowMs } = createContext();
    const { context, outcome } = decode(
      `a 1 ${nowMs - LIMITS.maxAgeMs}\nb 2 ${nowMs - LIMITS.maxAgeMs - 1}\nc 3 ${nowMs + 600_001}\nd 4 -5\n`,
    );
    expect(writtenSamples(context)).toEqual([`a 1 @${-LIMITS.maxAgeMs}`]);
    expect(outcome.rejections.get('too_old')).toMatchObject({ count: 2 });
    expect(outcome.rejections.get('too_old')!.message).toMatch(/^b: older than the limit of 1 d/);
    expect(outcome.rejections.get('too_far_in_future')).toMatchObject({ count: 1 });
  });

  test('more samples than a request may have', () => {
    const context = createContext({ limits: { ...LIMITS, recordsPerRequest: 2 } });
    const outcome = decodePrometheusText(Buffer.from('a 1\nb 2\nc 3\nd 4'), undefined, context);
    expect(writtenSamples(context)).toEqual(['a 1', 'b 2']);
    expect(outcome.rejections.get('too_many_records')).toMatchObject({ count: 2 });
  });

  test('series beyond the cardinality limits are refused', () => {
    const seriesLimits = {
      admits: (_source: string, { metric }: { metric: string }) =>
        metric === 'b' ? ({ code: 'too_many_series', message: 'no more b' } as const) : undefined,
      mark: () => undefined,
      rollback: () => undefined,
      report: () => {
        throw new Error('not asked for');
      },
    };
    const context = createContext({ seriesLimits });
    const outcome = decodePrometheusText(Buffer.from('a 1\nb 2\nc 3'), undefined, context);
    expect(writtenSamples(context)).toEqual(['a 1', 'c 3']);
    expect(outcome.rejections.get('too_many_series')).toEqual({
      code: 'too_many_series',
      message: 'no more b',
      count: 1,
    });
  });

  test('a cache changes nothing but the time it takes', () => {
    const cache = new SeriesCache();
    const pages = [
      'h_bucket{le="1"} 1',
      '# TYPE h histogram\nh_bucket{le="1"} 1',
      '# TYPE h histogram\nh_bucket{le="1"} 1\n# TYPE i gauge\nh_bucket{le="1"} 2',
    ];
    for (const page of [...pages, ...pages]) {
      expect(writtenSamples(decode(page, undefined, { cache }).context)).toEqual(
        writtenSamples(decode(page).context),
      );
      const extraLabels = [['le', 'x']] as const;
      const labelled = decode(page, undefined, { cache, extraLabels });
      expect(writtenSamples(labelled.context)[0]).toBe('h_bucket{le="x"} 1');
    }
  });

  test('a full cache forgets and goes on', () => {
    const cache = new SeriesCache({ capacity: 4 });
    const page = Array.from({ length: 20 }, (_, i) => `a{i="${i}"} ${i}\n`).join('');
    for (let run = 0; run < 3; run++) {
      expect(writtenSamples(decode(page, undefined, { cache }).context)).toHaveLength(20);
      expect(cache.size).toBeLessThanOrEqual(4);
    }
  });

  test('OpenMetrics and protobuf by their content types', () => {
    const trace = 'aabbccddeeff00112233445566778899';
    const { context } = decode(
      `# TYPE a counter\na_total 1 # {trace_id="${trace}",x="y"} 0.5\na_created 5\nb 1 # {z="${'z'.repeat(128)}"} 1\n# EOF\n`,
      OPENMETRICS,
    );
    expect(writtenSamples(context)).toEqual(['a_total 1', 'a_created 5', 'b 1']);
    const [exemplar] = writtenExemplars(context) as unknown[][];
    expect(writtenExemplars(context)).toHaveLength(1);
    expect(exemplar!.slice(0, 3)).toEqual(['a_total', 0.5, 0]);
    expect(exemplar![4]).toEqual({ x: 'y' });
    expect(() => decode('a 1\n', OPENMETRICS)).toThrow('does not end with # EOF');
    const page = new ProtoWriter();
    page.message(undefined, (family) => {
      family.text(1, 'n').varint(3, 4);
      family.message(4, (metric) =>
        metric.message(7, (histogram) => {
          histogram.varint(1, 3).packedZigzag(13, [1, 1]);
          histogram.message(12, (span) => span.zigzag(1, 0).varint(2, 2));
        }),
      );
    });
    const native = decode(page.bytes(), PROTOBUF);
    expect(writtenHistograms(native.context)).toEqual(['n 3']);
    expect(native.outcome.accepted).toBe(1);
  });

  test('any bytes are decoded or refused with a DecodeError', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string().map((text) => Buffer.from(`a{b="${text}`)),
    );
    fc.assert(
      fc.property(
        body,
        fc.constantFrom(undefined, OPENMETRICS, PROTOBUF, 'text/html'),
        (bytes, contentType) => {
          try {
            decode(bytes, contentType);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
    );
  });
});
