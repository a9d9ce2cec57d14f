import { describe, expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import type { SampleRows } from './journal.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { type FaultPlan, filesEnding, MemoryDisk } from './testing/memory-spool-fs.ts';
import { MemoryTarget } from './testing/memory-target.ts';
import { createWriter, type Writer } from './writer.ts';

const SPOOL = '/data/spool';

async function open(disk: MemoryDisk, plan?: FaultPlan) {
  const clock = new FakeClock();
  const replayed: number[] = [];
  const writer = await createWriter({
    target: new MemoryTarget(disk),
    spoolDir: SPOOL,
    log: silentLog,
    clock,
    fs: disk.mount(plan),
    limits: { spoolBytes: 10_000_000 },
    replay: (rows) => replayed.push(...timesOf(rows)),
  });
  return { writer, clock, replayed };
}

function timesOf({ rows, timesMs }: SampleRows): number[] {
  const view = new DataView(timesMs.buffer, timesMs.byteOffset, timesMs.byteLength);
  return Array.from({ length: rows }, (_, i) => Number(view.getBigInt64(i * 8, true)));
}

/** Appends a sample that is known by its time. */
async function append(writer: Writer, clock: FakeClock, timeMs: number): Promise<void> {
  const rows = writer.batch().metric_samples;
  rows.metric.append('m');
  rows.series_id.appendParts(1, 2);
  rows.ts.append(timeMs);
  rows.value.append(timeMs / 2);
  const done = writer.committed();
  await clock.pass(200);
  await done;
}

describe('the journal', () => {
  it('keeps samples in the spool, and the next start replays them in order', async () => {
    const disk = new MemoryDisk();
    const first = await open(disk);
    for (const timeMs of [10, 20, 30]) await append(first.writer, first.clock, timeMs);
    expect(first.writer.stats()).toMatchObject({ insertedRows: 0, oldestAgeMs: 0 });
    expect(first.writer.journal.files).toHaveLength(3);
    const second = await open(disk);
    expect(second.replayed).toEqual([10, 20, 30]);
    expect(second.writer.journal.files).toHaveLength(3);
  });

  it('tells of durable blocks before their senders learn of it', async () => {
    const { writer, clock } = await open(new MemoryDisk());
    const order: string[] = [];
    writer.onDurable((batch) => order.push(`durable ${batch.metric_samples.ts.length}`));
    await append(writer, clock, 1).then(() => order.push('acknowledged'));
    expect(order).toEqual(['durable 1', 'acknowledged']);
  });

  it('released files are gone, and what came later stays', async () => {
    const disk = new MemoryDisk();
    const { writer, clock } = await open(disk);
    await append(writer, clock, 10);
    const files = [...writer.journal.files];
    await append(writer, clock, 20);
    await writer.journal.release(files);
    await writer.journal.release(files);
    expect(filesEnding(disk, SPOOL, '.native')).toHaveLength(1);
    expect(writer.stats()).toMatchObject({ spoolFiles: 1 });
    expect((await open(disk)).replayed).toEqual([20]);
  });

  it('puts small files together when there are many, without losing any', async () => {
    const disk = new MemoryDisk();
    const { writer, clock } = await open(disk);
    const times = Array.from({ length: 520 }, (_, i) => i);
    for (const timeMs of times) await append(writer, clock, timeMs);
    expect(writer.journal.files.length).toBeLessThan(300);
    expect(filesEnding(disk, SPOOL, '.native')).toHaveLength(writer.journal.files.length);
    expect(writer.stats().spoolBytes).toBe(writer.journal.bytes);
    const { replayed } = await open(disk);
    expect(replayed.sort((a, b) => a - b)).toEqual(times);
  });

  it('a damaged file is set aside, the others are replayed', async () => {
    const disk = new MemoryDisk();
    const { writer, clock } = await open(disk);
    await append(writer, clock, 10);
    await append(writer, clock, 20);
    const [name] = filesEnding(disk, SPOOL, '.native');
    const content = Uint8Array.from(disk.contentOf(name!));
    content[20]! ^= 1;
    disk.plant(name!, content);
    const again = await open(disk);
    expect(again.replayed).toEqual([20]);
    expect(again.writer.stats()).toMatchObject({ rejectedFiles: 1, rejectedRows: 1 });
  });
});
