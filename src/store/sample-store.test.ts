import { expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { decodeChunk } from './metrics/chunk-codec.ts';
import { MetricsHead } from './metrics/head.ts';
import { createSampleStore, replayInto } from './sample-store.ts';
import { storageUnavailable } from './storage-error.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { type FaultPlan, filesEnding, MemoryDisk } from './testing/memory-spool-fs.ts';
import { MemoryTarget } from './testing/memory-target.ts';
import { createWriter } from './writer.ts';

const SPOOL = '/data/spool';

async function setUp(options: { disk?: MemoryDisk; plan?: FaultPlan; residentBytes?: number } = {}) {
  const disk = options.disk ?? new MemoryDisk();
  const clock = new FakeClock();
  const head = new MetricsHead({ startMs: 0, residentBytes: options.residentBytes ?? 1e6 });
  const target = new MemoryTarget(disk);
  const writer = await createWriter({
    target,
    spoolDir: SPOOL,
    log: silentLog,
    clock,
    fs: disk.mount(options.plan),
    limits: { spoolBytes: 10_000_000 },
    replay: replayInto(head),
  });
  const limits = { journalBytes: 1e6, journalAgeMs: 60_000, quietBytes: 100, quietMs: 4_000 };
  const samples = createSampleStore({ head, writer, clock, log: silentLog, limits });
  const append = async (seriesId: number, timeMs: number) => {
    const rows = writer.batch().metric_samples;
    rows.metric.append('m');
    rows.series_id.appendParts(seriesId, 0);
    rows.ts.append(timeMs);
    rows.value.append(timeMs / 4);
    const done = writer.committed();
    await clock.pass(200);
    await done;
  };
  return { disk, clock, head, target, writer, samples, append };
}

/** Times in the chunks that lie in the spool as blocks for the store. */
function journalFiles(disk: MemoryDisk): string[] {
  return filesEnding(disk, SPOOL, '.native').filter((path) => path.includes('metric_samples'));
}

it('durable samples are in the head before their sender learns of it', async () => {
  const { head, append } = await setUp();
  await append(1, 1000);
  expect(head.stats()).toMatchObject({ series: 1, unflushedSamples: 1 });
});

it('a flush makes chunks durable, then lets go of the journal', async () => {
  const { disk, clock, head, writer, samples, append } = await setUp();
  for (let i = 0; i < 5; i++) await append(i % 2, i * 1000);
  const rows: number[] = [];
  writer.onDurable((batch) => {
    const { data } = batch.metric_chunks;
    if (data.length > 0) rows.push(data.length);
  });
  const flushed = samples.flush();
  await clock.pass(500);
  await flushed;
  expect(rows).toEqual([2]);
  expect(journalFiles(disk)).toEqual([]);
  expect(head.stats()).toMatchObject({ unflushedSamples: 0, series: 2 });
});

it('chunks leave memory only when the store has them, or takes nothing for a minute', async () => {
  const { clock, head, target, writer, samples, append } = await setUp({ residentBytes: 0 });
  const flush = async (seriesId: number) => {
    await append(seriesId, 1000);
    const flushed = samples.flush();
    await clock.pass(500);
    await flushed;
  };
  target.fault = () => ({ instead: storageUnavailable('not now') });
  await flush(1);
  expect(head.stats().chunks).toBe(1);
  target.fault = () => undefined;
  writer.wake();
  await clock.pass(5000);
  expect(head.stats().chunks).toBe(0);

  target.fault = () => ({ instead: storageUnavailable('not now') });
  await flush(2);
  expect(head.stats().chunks).toBe(1);
  await clock.pass(61_000);
  expect(head.stats().chunks).toBe(0);
});

it('what arrives during a flush stays in the journal', async () => {
  const { disk, clock, writer, samples, append } = await setUp();
  await append(1, 1000);
  const flushed = samples.flush();
  await append(1, 2000);
  await clock.pass(500);
  await flushed;
  expect(writer.journal.files).toHaveLength(1);
  const again = await setUp({ disk });
  expect(again.head.stats().unflushedSamples).toBe(1);
});

it('a flush that cannot be made durable keeps everything, and the next one has it', async () => {
  let isFull = false;
  const plan: FaultPlan = (operation, path) =>
    isFull && operation === 'create' && path.includes('metric_chunks') ? 'ENOSPC' : undefined;
  const { disk, clock, head, samples, append } = await setUp({ plan });
  await append(1, 1000);
  isFull = true;
  const failed = expect(samples.flush()).rejects.toMatchObject({ code: 'disk_full' });
  await clock.pass(500);
  await failed;
  expect(journalFiles(disk)).toHaveLength(1);
  expect(head.stats().unflushedSamples).toBe(1);
  isFull = false;
  const flushed = samples.flush();
  await clock.pass(500);
  await flushed;
  expect(journalFiles(disk)).toEqual([]);
});

it('old samples are packed by themselves', async () => {
  const { clock, writer, append } = await setUp();
  await append(1, 1000);
  await clock.pass(50_000);
  expect(writer.journal.files).toHaveLength(1);
  await clock.pass(20_000);
  expect(writer.journal.files).toHaveLength(0);
});

it('when nothing arrives samples are packed early, if there are enough for good chunks', async () => {
  const { clock, writer, append } = await setUp();
  for (let i = 0; i < 30; i++) await append(1, i * 1000);
  await clock.pass(8000);
  expect(writer.journal.files.length).toBeGreaterThan(0);
  for (let i = 30; i < 70; i++) await append(1, i * 1000);
  await clock.pass(8000);
  expect(writer.journal.files).toHaveLength(0);
});

it('a restart has all samples of the journal, with their values', async () => {
  const first = await setUp();
  for (let i = 0; i < 3; i++) await first.append(7, i * 1000);
  const { head } = await setUp({ disk: first.disk });
  const plan = head.beginFlush();
  const [chunk] = [...plan!.chunks()];
  const timesMs = new Float64Array(3);
  const values = new Float64Array(3);
  decodeChunk(chunk!.data, timesMs, values, 0);
  expect([...timesMs]).toEqual([0, 1000, 2000]);
  expect([...values]).toEqual([0, 250, 500]);
});
