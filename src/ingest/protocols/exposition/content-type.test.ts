import { describe, expect, test } from 'vitest';
import { formatOf, SCRAPE_PROTOCOLS } from './content-type.ts';
import { record, samplesOf } from './testing/record.ts';

describe('content type', () => {
  test.each([
    ['text/plain', 'text'],
    ['text/plain; version=0.0.4; charset=utf-8', 'text'],
    ['TEXT/Plain;version=1.0.0;escaping=allow-utf-8', 'text'],
    ['application/openmetrics-text; version=0.0.1', 'openmetrics'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    [
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
      'protobuf',
    ],
    ['application/vnd.google.protobuf', 'protobuf'],
  ])('%s', (contentType, format) => {
    expect(formatOf(contentType, undefined)).toBe(format);
  });

  test.each([
    [undefined, 'the target answered without a content type'],
    ['', 'the target answered without a content type'],
    ['text/html; charset=utf-8', 'the target answered text/html, which is no exposition format'],
    ['application/json', 'the target answered application/json, which is no exposition format'],
    ['nonsense', 'the target answered with the malformed content type "nonsense"'],
    ['application/vnd.google.protobuf; encoding=text', 'only delimited is understood'],
  ])('%j is refused', (contentType, message) => {
    expect(() => formatOf(contentType, undefined)).toThrow(message);
  });

  test('a web page has a hint of its own', () => {
    expect(() => formatOf('text/html', undefined)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('metrics_path') }),
    );
  });

  test('the fallback is for targets without a usable content type only', () => {
    expect(formatOf(undefined, SCRAPE_PROTOCOLS['PrometheusText0.0.4'])).toBe('text');
    expect(formatOf('text/html', SCRAPE_PROTOCOLS['OpenMetricsText1.0.0'])).toBe('openmetrics');
    expect(formatOf('text/plain', SCRAPE_PROTOCOLS.PrometheusProto)).toBe('text');
    expect(samplesOf(record('a 1', undefined, { fallback: 'text' }))).toEqual(['{__name__="a"} 1']);
  });
});
