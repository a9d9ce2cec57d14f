import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseExposition } from '../../../ingest/index.ts';
import type { SeriesSamples } from '../../../model/samples.ts';
import { compileMatcher, matchesAll, memorySource, parseMetricSelector } from '../../../promql/index.ts';
import type { CatalogSeries } from '../series-catalog.ts';
import { createExportRange, type ExportParts } from './export.ts';
import type { MetricMetadata } from './metadata.ts';
import { callAt, HISTOGRAM, LIMITS, NOW_MS, seriesOf, textOf } from './testing/raw.ts';

const facts = (type: string, unit = '', help = ''): MetricMetadata[] => [{ type, unit, help }];

function exportOf(
  series: readonly SeriesSamples[],
  metadata: Record<string, MetricMetadata[]> = {},
  changes: Partial<ExportParts> = {},
) {
  return createExportRange({
    source: memorySource(series),
    catalog: {
      find: async ({ matchers }) => {
        const compiled = matchers.map(compileMatcher);
        return series.filter(({ labels }) => matchesAll(compiled, labels)) as unknown as CatalogSeries[];
      },
    },
    metadata: { read: async () => new Map(Object.entries(metadata)) },
    parseSelector: parseMetricSelector,
    limits: LIMITS,
    ...changes,
  });
}

async function pageOf(
  query: Record<string, string>,
  series: readonly SeriesSamples[],
  metadata: Record<string, MetricMetadata[]> = {},
): Promise<string> {
  return await textOf(await exportOf(series, metadata)(new URLSearchParams(query), callAt()));
}

const ALL = { 'match[]': '{__name__=~".+"}' };
const DATA = [
  seriesOf({ __name__: 'req_total', job: 'b' }, [1000, 1], [2500, 2], [4000, 'stale'], [5000, 3]),
  seriesOf({ __name__: 'req_total', job: 'a' }, [1000, 1e6]),
  seriesOf({ __name__: 'lat_seconds_bucket', le: '+Inf' }, [1000, 4]),
  seriesOf({ __name__: 'lat_seconds_sum' }, [1000, 0.25]),
  seriesOf({ __name__: 'lat_seconds_count' }, [1000, 4]),
  seriesOf({ __name__: 'odd.name', 'a b': 'x"y\\\n' }, [1000, Number.NaN]),
];
const METADATA = {
  req_total: facts('counter', '', 'Requests,\nall "of" them\\'),
  lat_seconds: facts('histogram', 'seconds', 'Latency'),
};

describe('export', () => {
  test('families with their facts, series after series, seconds, an end', async () => {
    expect(await pageOf(ALL, DATA, METADATA)).toBe(
      [
        '# TYPE lat_seconds histogram',
        '# UNIT lat_seconds seconds',
        '# HELP lat_seconds Latency',
        'lat_seconds_bucket{le="+Inf"} 4 1',
        'lat_seconds_count 4 1',
        'lat_seconds_sum 0.25 1',
        '# TYPE "odd.name" unknown',
        '{"odd.name","a b"="x\\"y\\\\\\n"} NaN 1',
        '# TYPE req counter',
        '# HELP req Requests,\\nall \\"of\\" them\\\\',
        'req_total{job="a"} 1e+06 1',
        'req_total{job="b"} 1 1',
        'req_total{job="b"} 2 2.500',
        'req_total{job="b"} 3 5',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  test('only what is asked for, each series once', async () => {
    const query = new URLSearchParams([
      ['match[]', 'req_total'],
      ['match[]', '{job="b"}'],
      ['start', '2.5'],
      ['end', '4'],
    ]);
    const page = await textOf(await exportOf(DATA, METADATA)(query, callAt()));
    expect(page.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      'req_total{job="b"} 2 2.500',
      '',
    ]);
  });

  test('no name is given to two families', async () => {
    const series = [
      seriesOf({ __name__: 'a' }, [1000, 1]),
      seriesOf({ __name__: 'a_total' }, [1000, 2]),
      seriesOf({ __name__: 'c' }, [1000, 3]),
    ];
    const metadata = { a: facts('gauge'), a_total: facts('counter'), c: facts('counter', 'bytes') };
    const page = await pageOf(ALL, series, metadata);
    expect(page.match(/# (TYPE|UNIT) .*/g)).toEqual([
      '# TYPE a gauge',
      '# TYPE a_total unknown',
      '# TYPE c unknown',
    ]);
  });

  test('native histograms and families without samples are left out', async () => {
    const series = [
      seriesOf({ __name__: 'h' }, [1000, HISTOGRAM]),
      seriesOf({ __name__: 's' }, [1000, 'stale']),
    ];
    expect(await pageOf(ALL, series)).toBe('# EOF\n');
  });

  test('what the importer reads is what was exported', async () => {
    const found: unknown[] = [];
    const text = await pageOf(ALL, DATA, METADATA);
    parseExposition(Buffer.from(text), 'application/openmetrics-text; version=1.0.0; charset=utf-8', {
      metadata: () => {},
      histogram: () => {},
      sample: (_, value, timeMs, details) => found.push([details.labels().toObject(), timeMs, value]),
    });
    const sent = DATA.flatMap(({ labels, timesMs, values }) =>
      [...timesMs].map((timeMs, i) => [labels.toObject(), timeMs, values[i]] as const),
    );
    expect(found).toHaveLength(sent.length - 1);
    expect(sent).toEqual(expect.arrayContaining(found));
  });

  test('an error on the way leaves the page without an end', async () => {
    const answer = await exportOf(DATA, METADATA, { limits: { maxSeries: 100, maxSamples: 3 } })(
      new URLSearchParams(ALL),
      callAt(),
    );
    await expect(textOf(answer)).rejects.toMatchObject({ code: 'too_many_samples' });
  });

  test('a selector is needed, and an end after the start', async () => {
    await expect(pageOf({}, DATA)).rejects.toMatchObject({ status: 400 });
    await expect(pageOf({ ...ALL, start: '5', end: '4' }, DATA)).rejects.toMatchObject({ status: 400 });
  });

  test.skipIf(!existsSync('/usr/bin/promtool'))('promtool makes blocks of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bellwether-export-'));
    try {
      const at = NOW_MS - (NOW_MS % 7_200_000);
      const plain = [
        seriesOf(
          { __name__: 'req_total', job: 'b "x"\\' },
          [at + 1500, 1],
          [at + 2500, 2e9],
          [at + 3000, 0.1],
        ),
        seriesOf({ __name__: 'lat_seconds_bucket', le: '1.0' }, [at, 4]),
      ];
      writeFileSync(join(folder, 'page'), await pageOf(ALL, plain, METADATA));
      const run = promisify(execFile);
      await run('/usr/bin/promtool', ['tsdb', 'create-blocks-from', 'openmetrics', 'page', 'data'], {
        cwd: folder,
      });
      mkdirSync(join(folder, 'data', 'wal'));
      const { stdout } = await run('/usr/bin/promtool', ['tsdb', 'dump', 'data'], { cwd: folder });
      expect(stdout.trim().split('\n').sort()).toEqual(
        [
          `{__name__="lat_seconds_bucket", le="1.0"} 4 ${at}`,
          `{__name__="req_total", job="b \\"x\\"\\\\"} 0.1 ${at + 3000}`,
          `{__name__="req_total", job="b \\"x\\"\\\\"} 1 ${at + 1500}`,
          `{__name__="req_total", job="b \\"x\\"\\\\"} 2e+09 ${at + 2500}`,
        ].sort(),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
