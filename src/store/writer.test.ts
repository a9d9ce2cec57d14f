import { describe, expect, it } from 'vitest';
import type { BellwetherError } from '../lib/errors.ts';
import { silentLog } from '../lib/log.ts';
import type { InsertVerdict } from './storage-error.ts';
import { StorageError, storageUnavailable } from './storage-error.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import { type FaultPlan, filesEnding, MemoryDisk } from './testing/memory-spool-fs.ts';
import { MemoryTarget } from './testing/memory-target.ts';
import { appendMetadata } from './testing/rows.ts';
import { createWriter, type Writer, type WriterLimits } from './writer.ts';

const SPOOL = '/data/spool';

async function setUp(options: { plan?: FaultPlan; limits?: Partial<WriterLimits>; disk?: MemoryDisk } = {}) {
  const disk = options.disk ?? new MemoryDisk();
  const clock = new FakeClock();
  const target = new MemoryTarget(disk);
  const open = async () =>
    await createWriter({
      target,
      spoolDir: SPOOL,
      log: silentLog,
      clock,
      fs: disk.mount(options.plan),
      limits: { spoolBytes: 100_000, ...options.limits },
    });
  return { disk, clock, target, open, writer: await open() };
}

/** Appends a row and gives what became of it. */
function append(writer: Writer, mark: string): { state: string; error?: BellwetherError } {
  const outcome: { state: string; error?: BellwetherError } = { state: 'waiting' };
  appendMetadata(writer.batch(), mark);
  writer.committed().then(
    () => {
      outcome.state = 'durable';
    },
    (error: BellwetherError) => {
      outcome.state = 'failed';
      outcome.error = error;
    },
  );
  return outcome;
}

function refused(verdict: InsertVerdict): StorageError {
  return new StorageError({ code: 'storage_error', message: 'simulated', insertVerdict: verdict });
}

function thrownBy(run: () => void): BellwetherError | undefined {
  try {
    run();
  } catch (error) {
    return error as BellwetherError;
  }
  return undefined;
}

describe('group commit', () => {
  it('makes rows durable together, then readable, and leaves no files', async () => {
    const { writer, clock, disk, target } = await setUp();
    const first = append(writer, '<1>');
    const second = append(writer, '<2>');
    expect(first.state).toBe('waiting');
    await clock.pass(5);
    expect([first.state, second.state]).toEqual(['durable', 'durable']);
    expect(writer.stats()).toMatchObject({ commits: 1, committedRows: 2, insertedRows: 2, spoolBytes: 0 });
    expect([target.count('<1>'), target.count('<2>')]).toEqual([1, 1]);
    expect(filesEnding(disk, SPOOL, '.native')).toEqual([]);
  });

  it('is not durable before the file and the directory are synced', async () => {
    const steps: string[] = [];
    const { writer, clock } = await setUp({
      plan: (operation, path) => {
        if (/metric_metadata.*(tmp|native)$/.test(path) || operation === 'syncDirectory')
          steps.push(operation);
        return undefined;
      },
    });
    steps.length = 0;
    let atAcknowledgement: string[] = [];
    appendMetadata(writer.batch(), '<1>');
    const acknowledged = writer.committed().then(() => {
      atAcknowledgement = [...steps];
    });
    await clock.pass(5);
    await acknowledged;
    expect(atAcknowledgement.slice(0, 6)).toEqual([
      'create',
      'writev',
      'datasync',
      'close',
      'rename',
      'syncDirectory',
    ]);
  });

  it('takes rows into the other batch while one is written', async () => {
    let release: () => void = () => {};
    const { writer, clock, disk } = await setUp();
    const fs = disk.mount();
    const slow = await createWriter({
      target: new MemoryTarget(disk),
      spoolDir: SPOOL,
      log: silentLog,
      clock,
      fs: {
        ...fs,
        syncDirectory: async (path) => {
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          await fs.syncDirectory(path);
        },
      },
    });
    const before = slow.batch();
    const first = append(slow, '<1>');
    await clock.pass(5);
    expect(slow.batch()).not.toBe(before);
    const second = append(slow, '<2>');
    await clock.pass(500);
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    release();
    await settle();
    expect([first.state, second.state]).toEqual(['durable', 'waiting']);
    await clock.pass(5);
    release();
    await settle();
    expect(second.state).toBe('durable');
    await writer.drain(0);
  });

  it('forgets what was rolled back', async () => {
    const { writer, clock, target } = await setUp();
    const kept = append(writer, '<kept>');
    writer.mark();
    appendMetadata(writer.batch(), '<dropped>');
    writer.rollback();
    await clock.pass(5);
    expect(kept.state).toBe('durable');
    expect([target.count('<kept>'), target.count('<dropped>')]).toEqual([1, 0]);
  });

  it('resolves at once when there is nothing to make durable', async () => {
    const { writer } = await setUp();
    await expect(writer.committed()).resolves.toBeUndefined();
  });
});

describe('a disk that fails', () => {
  for (const operation of ['create', 'writev', 'datasync', 'rename', 'syncDirectory']) {
    for (const fault of ['ENOSPC', 'EIO'] as const) {
      it(`${fault} in ${operation}: refused with a hint, nothing stays, and the next commit works`, async () => {
        let isBroken = false;
        const { writer, clock, disk, target } = await setUp({
          plan: (step) => (isBroken && step === operation ? fault : undefined),
        });
        let discarded = 0;
        writer.onDiscard(() => discarded++);
        isBroken = true;
        const lost = append(writer, '<lost>');
        await clock.pass(200);
        expect(lost.state).toBe('failed');
        expect(lost.error).toMatchObject({
          status: 503,
          code: fault === 'ENOSPC' ? 'disk_full' : 'spool_write_failed',
        });
        expect(lost.error?.hint).toBeTruthy();
        expect(lost.error?.retryAfterS).toBeGreaterThan(0);
        expect(discarded).toBe(1);
        expect([...filesEnding(disk, SPOOL, '.native'), ...filesEnding(disk, SPOOL, '.tmp')]).toEqual([]);
        expect(writer.stats()).toMatchObject({ spoolBytes: 0, spoolFiles: 0, commitFailures: 1 });
        isBroken = false;
        const kept = append(writer, '<kept>');
        await clock.pass(1_500);
        expect(kept.state).toBe('durable');
        expect([target.count('<lost>'), target.count('<kept>')]).toEqual([0, 1]);
      });
    }
  }

  it('writes everything however short the writes are', async () => {
    const { writer, clock, target } = await setUp({
      plan: (step) => (step === 'writev' ? 'short' : undefined),
    });
    const row = append(writer, '<a longer text so that there is something to cut>');
    await clock.pass(500);
    expect(row.state).toBe('durable');
    expect(target.count('<a longer text so that there is something to cut>')).toBe(1);
  });

  it('a full disk refuses senders for a moment, then lets one try', async () => {
    let isFull = false;
    const { writer, clock } = await setUp({
      plan: (step) => (isFull && step === 'writev' ? 'ENOSPC' : undefined),
    });
    isFull = true;
    append(writer, '<1>');
    await clock.pass(10);
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'disk_full', status: 503 });
    await clock.pass(1_000);
    expect(thrownBy(() => writer.admit())).toBeUndefined();
    expect(writer.stats().refused).toEqual({ disk_full: 1 });
  });

  it('refuses before the disk is quite full, and goes on when there is room', async () => {
    const { writer, clock, disk } = await setUp({ limits: { freeDiskBytes: 1_000 } });
    disk.freeBytes = 999;
    append(writer, '<1>');
    await clock.pass(10);
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'disk_full' });
    disk.freeBytes = 1_000;
    await clock.pass(1_000);
    writer.stats();
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'disk_full' });
    await settle();
    expect(thrownBy(() => writer.admit())).toBeUndefined();
  });
});

describe('the byte budget', () => {
  it('429 spool_full when inserts are too slow, 503 when the store is away', async () => {
    const { writer, clock, target } = await setUp({ limits: { spoolBytes: 400 } });
    let finish: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const insert = target.insertFiles.bind(target);
    target.insertFiles = async (request) => {
      await gate;
      await insert(request);
    };
    append(writer, `<1>${'x'.repeat(600)}`);
    await clock.pass(5);
    const full = thrownBy(() => writer.admit());
    expect(full).toMatchObject({ code: 'spool_full', status: 429 });
    expect(full?.retryAfterS).toBeGreaterThan(0);
    target.insertFiles = () => Promise.reject(storageUnavailable('simulated'));
    append(writer, '<2>');
    await clock.pass(400);
    finish();
    await clock.pass(400);
    append(writer, `<3>${'x'.repeat(600)}`);
    await clock.pass(400);
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'storage_unavailable', status: 503 });
    target.insertFiles = insert;
    await clock.pass(3_000);
    expect(thrownBy(() => writer.admit())).toBeUndefined();
    expect(['<1>', '<2>', '<3>'].map((mark) => target.count(mark))).toEqual([1, 1, 1]);
  });

  it('429 when too much waits in memory', async () => {
    const { writer } = await setUp({ limits: { openBytes: 100 } });
    append(writer, 'x'.repeat(200));
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'too_much_in_memory', status: 429 });
  });
});

describe('inserting', () => {
  it('takes all files that gathered into one insert, and not more often than the interval', async () => {
    const { writer, clock, target } = await setUp();
    for (let i = 0; i < 20; i++) {
      append(writer, `<${i}>`);
      await clock.pass(50);
    }
    await clock.pass(1_000);
    expect(writer.stats().insertedRows).toBe(20);
    expect(target.inserts.length).toBeLessThanOrEqual(5);
    expect(target.inserts.some((insert) => insert.paths.length > 3)).toBe(true);
  });

  it('tries again with the same token when the reply is lost, and nothing is doubled', async () => {
    const { writer, clock, target } = await setUp();
    let losses = 3;
    target.fault = () => (losses-- > 0 ? { replyLost: true } : undefined);
    append(writer, '<1>');
    await clock.pass(5_000);
    expect(target.inserts).toHaveLength(4);
    expect(new Set(target.inserts.map((insert) => insert.token)).size).toBe(1);
    expect(target.count('<1>')).toBe(1);
    expect(writer.stats().spoolFiles).toBe(0);
  });

  it('keeps trying for ever while the store is away, and says so', async () => {
    const { writer, clock, target } = await setUp();
    target.fault = () => ({ instead: storageUnavailable('simulated outage') });
    append(writer, '<1>');
    await clock.pass(600_000);
    expect(writer.stats().degraded).toMatch(/waiting in the spool for 600 s: simulated outage/);
    expect(writer.stats().oldestAgeMs).toBeGreaterThan(590_000);
    target.fault = () => undefined;
    writer.wake();
    await settle();
    expect(target.count('<1>')).toBe(1);
    expect(writer.stats().degraded).toBeUndefined();
  });

  it('sets aside the one file that the store refuses, and stores its neighbours', async () => {
    const { writer, clock, target, disk } = await setUp();
    target.fault = ({ text }) => (text.includes('<bad>') ? { instead: refused('permanent') } : undefined);
    append(writer, '<warm-up>');
    await clock.pass(10);
    for (const mark of ['<1>', '<bad>', '<2>']) {
      append(writer, mark);
      await clock.pass(10);
    }
    await clock.pass(5_000);
    expect(['<1>', '<2>', '<bad>'].map((mark) => target.count(mark))).toEqual([1, 1, 0]);
    const [file, reason] = disk.names(`${SPOOL}/rejected`).sort();
    expect(file).toMatch(/^metric_metadata-.*\.native$/);
    expect(Buffer.from(disk.contentOf(`${SPOOL}/rejected/${reason}`)).toString()).toBe('simulated\n');
    expect(writer.stats()).toMatchObject({ rejectedFiles: 1, rejectedRows: 1, spoolFiles: 0, spoolBytes: 0 });
    expect(writer.stats().degraded).toMatch(/1 spool files with 1 rows could not be stored/);
  });

  it('sets aside a file that takes the engine down each time', async () => {
    const { writer, clock, target } = await setUp();
    const crash = storageUnavailable('simulated: socket hang up', undefined, 'lost');
    target.fault = ({ text }) => (text.includes('<poison>') ? { instead: crash } : undefined);
    append(writer, '<warm-up>');
    await clock.pass(10);
    append(writer, '<poison>');
    await clock.pass(10);
    append(writer, '<1>');
    await clock.pass(120_000);
    expect([target.count('<1>'), target.count('<poison>')]).toEqual([1, 0]);
    expect(writer.stats()).toMatchObject({ rejectedFiles: 1, spoolFiles: 0 });
  });

  it('keeps rejected/ within its bounds by deleting the oldest', async () => {
    const { writer, clock, target, disk } = await setUp({ limits: { rejectedFiles: 2 } });
    target.fault = () => ({ instead: refused('permanent') });
    for (const mark of ['<1>', '<2>', '<3>']) {
      append(writer, mark);
      await clock.pass(1_000);
    }
    expect(disk.names(`${SPOOL}/rejected`).filter((name) => name.endsWith('.native'))).toHaveLength(2);
    expect(disk.names(`${SPOOL}/rejected`)).toHaveLength(4);
    expect(writer.stats().rejectedFiles).toBe(3);
  });

  it('tells who listens what became readable', async () => {
    const { writer, clock } = await setUp();
    const stored: unknown[] = [];
    const unsubscribe = writer.onStored((rows) => stored.push(rows));
    append(writer, '<1>');
    await clock.pass(10);
    unsubscribe();
    append(writer, '<2>');
    await clock.pass(1_000);
    expect(stored).toEqual([{ table: 'metric_metadata', rows: 1 }]);
  });
});

describe('a start after a stop', () => {
  it('drain refuses new input and leaves for the next start what the store does not take', async () => {
    const { writer, clock, target, open, disk } = await setUp();
    target.fault = () => ({ instead: storageUnavailable('simulated') });
    const row = append(writer, '<1>');
    const drained = writer.drain(2_000);
    expect(thrownBy(() => writer.admit())).toMatchObject({ code: 'shutting_down', status: 503 });
    await clock.pass(2_000);
    await drained;
    expect(row.state).toBe('durable');
    expect(filesEnding(disk, SPOOL, '.native')).toHaveLength(1);
    target.fault = () => undefined;
    const next = await open();
    await clock.pass(5);
    expect(target.count('<1>')).toBe(1);
    await next.drain();
    expect(disk.names(SPOOL)).toEqual(['columns.json']);
  });

  it('sets damaged leftovers aside and stores the sound ones', async () => {
    const { writer, clock, target, open, disk } = await setUp();
    target.fault = () => ({ instead: storageUnavailable('simulated') });
    for (const mark of ['<sound>', '<cut>', '<flipped>']) {
      append(writer, mark);
      await clock.pass(50);
    }
    const drained = writer.drain(0);
    await clock.pass(0);
    await drained;
    const paths = filesEnding(disk, SPOOL, '.native').sort();
    const [, cut, flipped] = paths.map((path) => disk.contentOf(path));
    disk.plant(paths[1]!, cut!.slice(0, -5));
    const copy = Uint8Array.from(flipped!);
    copy[copy.length - 1]! ^= 1;
    disk.plant(paths[2]!, copy);
    disk.plant(`${SPOOL}/logs-0000000009-abc.tmp`, new Uint8Array(10));
    disk.plant(`${SPOOL}/logs-0000000009-0123456789abcdef.group`, Buffer.from('{"half'));
    target.fault = () => undefined;
    const next = await open();
    await clock.pass(1_000);
    expect(['<sound>', '<cut>', '<flipped>'].map((mark) => target.count(mark))).toEqual([1, 0, 0]);
    expect(next.stats()).toMatchObject({ rejectedFiles: 3, spoolFiles: 0, spoolBytes: 0 });
    const reasons = disk
      .names(`${SPOOL}/rejected`)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => Buffer.from(disk.contentOf(`${SPOOL}/rejected/${name}`)).toString());
    expect(reasons.join('')).toMatch(/bytes, \d+ were written/);
    expect(reasons.join('')).toMatch(/checksum is wrong/);
    expect(reasons.join('')).toMatch(/list of files cannot be read/);
    expect(disk.names(SPOOL).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('inserts blocks of an older version by the columns they have', async () => {
    const { writer, clock, target, open, disk } = await setUp();
    target.fault = () => ({ instead: storageUnavailable('simulated') });
    append(writer, '<old>');
    await clock.pass(5);
    const drained = writer.drain(0);
    await clock.pass(0);
    await drained;
    for (const path of filesEnding(disk, SPOOL, '.group')) await disk.mount().remove(path);
    disk.plant(`${SPOOL}/columns.json`, Buffer.from('{"metric_metadata":["metric","help"]}'));
    const columns: (readonly string[])[] = [];
    target.fault = () => undefined;
    const insert = target.insertFiles.bind(target);
    target.insertFiles = async (request) => {
      columns.push(request.columns);
      await insert(request);
    };
    const next = await open();
    append(next, '<new>');
    await clock.pass(1_000);
    expect(columns).toEqual([
      ['metric', 'help'],
      ['metric', 'type', 'unit', 'help', 'seen_at'],
    ]);
  });
});
