import { describe, expect, test } from 'vitest';
import { BellwetherError } from '../../../lib/errors.ts';
import type { SeriesSamples } from '../../../model/samples.ts';
import { goNumber, memorySource, parseMetricSelector } from '../../../promql/index.ts';
import { createFederate, type FederateParts } from './federate.ts';
import { callAt, HISTOGRAM, LIMITS, NOW_MS, seriesOf, textOf } from './testing/raw.ts';

function federateOf(series: readonly SeriesSamples[], changes: Partial<FederateParts> = {}) {
  return createFederate({
    source: memorySource(series),
    metadata: { read: async () => new Map([['b_total', [{ type: 'counter', help: '', unit: '' }]]]) },
    parseSelector: parseMetricSelector,
    lookbackMs: 300_000,
    externalLabels: {},
    limits: LIMITS,
    ...changes,
  });
}

async function pageOf(
  series: readonly SeriesSamples[],
  selectors: readonly string[],
  changes: Partial<FederateParts> = {},
  accept?: string,
): Promise<string[]> {
  const params = new URLSearchParams(selectors.map((selector): [string, string] => ['match[]', selector]));
  const answer = await federateOf(series, changes)(params, callAt(NOW_MS, accept));
  return (await textOf(answer)).split('\n').slice(0, -1);
}

describe('federate', () => {
  test('the newest sample of each series, sorted by metric, with type and time', async () => {
    const series = [
      seriesOf({ __name__: 'b_total', job: 'x', instance: 'i' }, [NOW_MS - 20_000, 1], [NOW_MS - 5000, 2]),
      seriesOf({ __name__: 'a', job: 'x', instance: 'i' }, [NOW_MS, 0.5], [NOW_MS + 1, 7]),
      seriesOf({ __name__: 'b_total', job: 'w', instance: 'i' }, [NOW_MS - 1, 1e6]),
      seriesOf({ __name__: 'c', job: 'x' }, [NOW_MS, 1]),
    ];
    expect(await pageOf(series, ['{job="x",__name__!="c"}', '{__name__="b_total"}'])).toEqual([
      '# TYPE a untyped',
      `a{instance="i",job="x"} 0.5 ${NOW_MS}`,
      '# TYPE b_total counter',
      `b_total{instance="i",job="w"} 1e+06 ${NOW_MS - 1}`,
      `b_total{instance="i",job="x"} 2 ${NOW_MS - 5000}`,
    ]);
  });

  test('nothing that is stale or lies before the lookback', async () => {
    const series = [
      seriesOf({ __name__: 'old' }, [NOW_MS - 300_001, 1]),
      seriesOf({ __name__: 'gone' }, [NOW_MS - 10_000, 1], [NOW_MS, 'stale']),
      seriesOf({ __name__: 'back' }, [NOW_MS - 10_000, 'stale'], [NOW_MS, 3]),
    ];
    expect(await pageOf(series, ['{__name__=~".+"}'])).toEqual([
      '# TYPE back untyped',
      `back{instance=""} 3 ${NOW_MS}`,
    ]);
  });

  test('external labels where the series has none, and an empty instance', async () => {
    const series = [
      seriesOf({ __name__: 'a', zone: 'own' }, [NOW_MS, 1]),
      seriesOf({ __name__: 'a', instance: 'i' }, [NOW_MS, 2]),
    ];
    const externalLabels = { zone: 'eu', cluster: 'c' };
    expect(await pageOf(series, ['a'], { externalLabels })).toEqual([
      '# TYPE a untyped',
      `a{instance="i",cluster="c",zone="eu"} 2 ${NOW_MS}`,
      `a{zone="own",cluster="c",instance=""} 1 ${NOW_MS}`,
    ]);
  });

  test('escapes values', async () => {
    const series = [seriesOf({ __name__: 'a', path: 'c:\\x "y"\nz', instance: 'ü' }, [NOW_MS, Number.NaN])];
    expect(await pageOf(series, ['a'])).toEqual([
      '# TYPE a untyped',
      `a{instance="ü",path="c:\\\\x \\"y\\"\\nz"} NaN ${NOW_MS}`,
    ]);
  });

  test('names in the form that the client reads', async () => {
    const series = [seriesOf({ __name__: 'http.requests', 'k8s.pod': 'p', instance: 'i' }, [NOW_MS, 1])];
    const line = async (accept?: string) => (await pageOf(series, ['{"http.requests"}'], {}, accept))[1];
    expect(await line()).toBe(`http_requests{instance="i",k8s_pod="p"} 1 ${NOW_MS}`);
    expect(await line('text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1')).toBe(
      `{"http.requests",instance="i","k8s.pod"="p"} 1 ${NOW_MS}`,
    );
    expect(await line('text/plain;version=0.0.4;escaping=allow-utf-8')).toContain('http_requests{');
    expect(await line('text/plain;version=1.0.0;escaping=dots')).toBe(
      `http_dot_requests{instance="i",k8s_dot_pod="p"} 1 ${NOW_MS}`,
    );
    expect(await line('text/plain;version=1.0.0;escaping=values')).toBe(
      `U__http_2e_requests{instance="i",U__k8s_2e_pod="p"} 1 ${NOW_MS}`,
    );
  });

  test('native histograms are left out and counted', async () => {
    const series = [
      seriesOf({ __name__: 'h', job: 'x' }, [NOW_MS, HISTOGRAM]),
      seriesOf({ __name__: 'a', job: 'x', instance: 'i' }, [NOW_MS, 1]),
    ];
    const lines = await pageOf(series, ['{job="x"}']);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^# 1 series with native histograms/);
  });

  test('while the store is down everything is untyped', async () => {
    const down = new BellwetherError({ code: 'storage_unavailable', status: 503, message: 'down' });
    const series = [seriesOf({ __name__: 'b_total', instance: 'i' }, [NOW_MS, 1])];
    expect(await pageOf(series, ['b_total'], { metadata: { read: () => Promise.reject(down) } })).toEqual([
      '# TYPE b_total untyped',
      `b_total{instance="i"} 1 ${NOW_MS}`,
    ]);
  });

  test('content type, no selector, bad selectors, limits', async () => {
    const series = [seriesOf({ __name__: 'a' }, [NOW_MS, 1]), seriesOf({ __name__: 'b' }, [NOW_MS, 1])];
    const empty = await federateOf(series)(new URLSearchParams(), callAt());
    expect(empty.headers['Content-Type']).toBe(
      'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    );
    expect(await textOf(empty)).toBe('');
    await expect(pageOf(series, ['{'])).rejects.toMatchObject({ status: 400, code: 'bad_data' });
    const limits = { maxSeries: 1, maxSamples: 100 };
    await expect(pageOf(series, ['{__name__=~".+"}'], { limits })).rejects.toMatchObject({ status: 422 });
  });
});

test('floats as Go writes them', () => {
  const texts = [
    0,
    -0,
    1,
    0.1,
    1e-4,
    0.00001,
    123456,
    999999.5,
    1234567,
    1e21,
    1e100,
    -2.5e-9,
    Infinity,
    -Infinity,
  ];
  expect(texts.map(goNumber)).toEqual([
    ...['0', '-0', '1', '0.1', '0.0001', '1e-05', '123456', '999999.5', '1.234567e+06', '1e+21', '1e+100'],
    ...['-2.5e-09', '+Inf', '-Inf'],
  ]);
});
