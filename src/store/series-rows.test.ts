import { expect, test } from 'vitest';
import { sampleRowsOf } from './journal.ts';
import { nativeBlock } from './native/block.ts';
import { readSampleBlocks } from './native/sample-blocks.ts';
import { seriesRowsOf } from './series-rows.ts';
import { createBatch } from './tables.ts';

function appendSeries(
  batch: ReturnType<typeof createBatch>,
  metric: string,
  labels: [string, string][],
): void {
  const rows = batch.metric_series;
  rows.metric.append(metric);
  rows.series_id.appendParts(7, 0x8000_0001);
  rows.seen_at.append(86_400);
  for (const [name, value] of labels) {
    rows.labels.keys.append(name);
    rows.labels.values.append(value);
  }
  rows.labels.close();
  rows.type.append('');
  rows.unit.append('');
  rows.storage.append('cumulative');
}

test('rows of series are read back from an open block', () => {
  const batch = createBatch();
  const long = 'x'.repeat(300);
  appendSeries(batch, 'up', [
    ['job', 'ä'],
    ['long', long],
  ]);
  appendSeries(batch, 'down', []);
  appendSeries(batch, 'up', [['job', 'b']]);
  const common = { seriesId: 0x8000_0001_0000_0007n, dayMs: 86_400_000, storage: 'cumulative' };
  expect([...seriesRowsOf(batch.metric_series)]).toEqual([
    {
      ...common,
      metric: 'up',
      labels: [
        ['job', 'ä'],
        ['long', long],
      ],
    },
    { ...common, metric: 'down', labels: [] },
    { ...common, metric: 'up', labels: [['job', 'b']] },
  ]);
});

function sampleBatch(count: number): ReturnType<typeof createBatch> {
  const batch = createBatch();
  const rows = batch.metric_samples;
  for (let i = 0; i < count; i++) {
    rows.metric.append(`metric_${i % 300}`);
    rows.series_id.appendParts(i, 1);
    rows.ts.append(-5 + i);
    rows.value.append(i / 2);
  }
  return batch;
}

test.each([1, 255, 257, 1000])('samples of %i rows are read back from Native blocks', (count) => {
  const rows = sampleBatch(count).metric_samples;
  const bytes = Buffer.concat([...nativeBlock({ ...rows }), ...nativeBlock({ ...rows })]);
  const wanted = sampleRowsOf(rows);
  const blocks = [...readSampleBlocks(bytes)];
  expect(blocks).toHaveLength(2);
  for (const block of blocks) {
    expect(block.rows).toBe(count);
    expect(Buffer.from(block.ids)).toEqual(Buffer.from(wanted.ids));
    expect(Buffer.from(block.timesMs)).toEqual(Buffer.from(wanted.timesMs));
    expect(Buffer.from(block.values)).toEqual(Buffer.from(wanted.values));
    expect(block.metricAt(count - 1)).toBe(`metric_${(count - 1) % 300}`);
  }
});

test('a block that ends too early is an error and nothing worse', () => {
  const bytes = Buffer.concat(nativeBlock({ ...sampleBatch(10).metric_samples }));
  for (let end = 1; end < bytes.length; end++) {
    expect(() => [...readSampleBlocks(bytes.subarray(0, end))]).toThrow(
      /ends too early|too long|width|length|columns/,
    );
  }
});
