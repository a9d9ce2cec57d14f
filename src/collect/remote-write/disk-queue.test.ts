import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import { DiskQueue, type QueueRecord } from './disk-queue.ts';
import { RecordWriter, textsOf } from './queue-format.ts';
import { ManualClock, settle, until } from './testing/kit.ts';

let directory: string;
let clock: ManualClock;
let dropped: [items: number, reason: string][];
let queues: DiskQueue[];
/** That the record before went to. */
let segment: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bellwether-queue-'));
  clock = new ManualClock();
  dropped = [];
  segment = 0;
  queues = [];
});

afterEach(async () => {
  for (const queue of queues) await queue.close();
  rmSync(directory, { recursive: true, force: true });
});

async function open(maxBytes = 10_000_000): Promise<DiskQueue> {
  const queue = await DiskQueue.open({
    directory,
    maxBytes,
    syncIntervalMs: 500,
    clock,
    log: silentLog,
    onDropped: (items, reason) => dropped.push([items, reason]),
    onData: () => {},
  });
  queues.push(queue);
  return queue;
}

const LABEL = Buffer.from('0a060a016e120131', 'hex');
const writer = new RecordWriter();

/** A record with samples at these times; the first of a segment brings the series. */
async function push(queue: DiskQueue, ...timesMs: number[]): Promise<void> {
  const number = queue.prepare();
  if (number !== segment) writer.series(LABEL);
  segment = number;
  for (const timeMs of timesMs) writer.sample(0, timeMs, 1, 2);
  const { items } = writer;
  queue.push(writer.finish(), items);
  await settle();
}

interface Read {
  readonly record: QueueRecord;
  readonly timesMs: number[];
}

async function read(queue: DiskQueue): Promise<Read | undefined> {
  const timesMs: number[] = [];
  const record = await queue.read(() => ({
    sample: (series, timeMs, low, high) => {
      expect([textsOf(series), low, high]).toEqual([['n', '1'], 1, 2]);
      timesMs.push(timeMs);
    },
    other: () => {},
  }));
  return record === undefined ? undefined : { record, timesMs };
}

async function readAll(queue: DiskQueue): Promise<number[][]> {
  const all: number[][] = [];
  for (let one = await read(queue); one !== undefined; one = await read(queue)) all.push(one.timesMs);
  return all;
}

const segments = () => readdirSync(directory).filter((name) => name.endsWith('.queue'));
const close = async (queue: DiskQueue) => {
  queues = queues.filter((one) => one !== queue);
  await queue.close();
};

describe('queue on disk', () => {
  test('records come in order; what was not settled comes again', async () => {
    const queue = await open();
    await push(queue, 1, 2);
    await push(queue, 3);
    await push(queue, 4);
    const [first, second] = [await read(queue), await read(queue)];
    expect([first!.timesMs, second!.timesMs]).toEqual([[1, 2], [3]]);
    queue.settle(second!.record, 1);
    queue.settle(first!.record, 1);
    expect(queue.items).toBe(2);
    await close(queue);
    expect(await readAll(await open())).toEqual([[1, 2], [3], [4]]);
  });

  test('what was settled does not come again, and its files go', async () => {
    const queue = await open();
    await push(queue, 1, 2);
    await push(queue, 3);
    const first = await read(queue);
    queue.settle(first!.record, 2);
    await close(queue);
    const again = await open();
    expect([again.items, again.hasUnread]).toEqual([1, true]);
    const second = await read(again);
    expect(second!.timesMs).toEqual([3]);
    await push(again, 5);
    again.settle(second!.record, 1);
    await until(clock, () => segments().length === 1);
    expect(await readAll(again)).toEqual([[5]]);
  });

  test('the position is noted while running, for the case that nobody stops it', async () => {
    const queue = await open();
    await push(queue, 1);
    await push(queue, 2);
    queue.settle((await read(queue))!.record, 1);
    await until(clock, () => readdirSync(directory).includes('position'));
    expect(await readAll(await open())).toEqual([[2]]);
  });

  test('a record that was cut off by a crash is as if it had not been written', async () => {
    const queue = await open();
    await push(queue, 1);
    await push(queue, 2);
    await close(queue);
    const path = join(directory, segments()[0]!);
    truncateSync(path, readFileSync(path).length - 3);
    const again = await open();
    expect(again.items).toBe(1);
    await push(again, 3);
    expect(await readAll(again)).toEqual([[1], [3]]);
    expect(dropped).toEqual([]);
  });

  test('a damaged record loses the rest of its segment and nothing else', async () => {
    const queue = await open();
    await push(queue, 1);
    await push(queue, 2, 3);
    await push(queue, 4);
    await close(queue);
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.length - 60]! ^= 1;
    writeFileSync(path, bytes);
    const again = await open();
    await push(again, 5);
    expect(await readAll(again)).toEqual([[1], [5]]);
    expect(dropped).toEqual([[3, 'damaged']]);
  });

  test('without a readable position everything comes again', async () => {
    const queue = await open();
    await push(queue, 1);
    await push(queue, 2);
    queue.settle((await read(queue))!.record, 1);
    await close(queue);
    writeFileSync(join(directory, 'position'), '');
    expect(await readAll(await open())).toEqual([[1], [2]]);
  });

  test('files that are no segments are left alone or taken as empty', async () => {
    writeFileSync(join(directory, '00000003.queue'), 'nonsense that is long enough');
    writeFileSync(join(directory, 'notes.txt'), 'x');
    const queue = await open();
    await push(queue, 1);
    expect(await readAll(queue)).toEqual([[1]]);
    expect(readdirSync(directory).sort()).toEqual(['00000004.queue', 'notes.txt']);
  });

  test('beyond its bytes the oldest segment is dropped, read or not', async () => {
    const queue = await open(300_000);
    const record = Array.from({ length: 1000 }, (_, i) => i);
    for (let i = 0; i < 50; i++) await push(queue, ...record);
    expect(queue.bytes).toBeLessThanOrEqual(300_000);
    const lost = dropped.reduce((sum, [items]) => sum + items, 0);
    expect(lost + queue.items).toBe(50_000);
    expect(new Set(dropped.map(([, reason]) => reason))).toEqual(new Set(['queue_full']));
    expect((await readAll(queue)).length).toBe((50_000 - lost) / 1000);
    await settle();
    expect(segments().length).toBeLessThan(7);
  });

  test('while the disk refuses, records wait in memory, in order', async () => {
    const queue = await open();
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'a file where the folder was');
    await push(queue, 1);
    await push(queue, 2);
    expect(await read(queue)).toBeUndefined();
    rmSync(directory);
    mkdirSync(directory);
    await until(clock, () => segments().length === 1);
    await settle();
    expect(await readAll(queue)).toEqual([[1], [2]]);
  });
});
