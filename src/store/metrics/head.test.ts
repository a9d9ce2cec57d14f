import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STALE_HIGH, STALE_LOW } from '../../model/samples.ts';
import { SampleBuffer } from './chunk-buffer.ts';
import { decodeChunk } from './chunk-codec.ts';
import { MetricsHead, type MetricsHeadOptions, type SampleRows } from './head.ts';
import type { FlushPlan } from './head-flush.ts';

const HOUR_MS = 3_600_000;

interface Sample {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
}

/** Ids with words that are shared, large and zero. */
function idOf(series: number): [low: number, high: number] {
  return [Math.imul(series >>> 1, 0x9e37_79b1) >>> 0, series & 1 ? 0xffff_fff0 : 0];
}

function bytesOf(words: number[], lead = 0): Uint8Array {
  const bytes = new Uint8Array(lead + words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(lead + 4 * i, word, true);
  });
  return bytes.subarray(lead);
}

/** Rows as the Native format has them; `lead` bytes in front spoil the alignment. */
function rowsOf(samples: readonly Sample[], lead = 0): SampleRows {
  const times = BigInt64Array.from(samples, ({ timeMs }) => BigInt(timeMs));
  const values = Float64Array.from(samples, ({ value }) => value);
  return {
    rows: samples.length,
    ids: bytesOf(
      samples.flatMap(({ series }) => idOf(series)),
      lead,
    ),
    timesMs: bytesOf([...new Uint32Array(times.buffer)], lead),
    values: bytesOf([...new Uint32Array(values.buffer)], lead),
    metricAt: (row) => `metric_${samples[row]!.series % 3}`,
  };
}

function headWith(options: Partial<MetricsHeadOptions> = {}): MetricsHead {
  return new MetricsHead({ startMs: 0, residentBytes: 1e9, ...options });
}

const scratch = new SampleBuffer();

function samplesOf(
  head: MetricsHead,
  series: number,
  fromMs = -Infinity,
  toMs = Infinity,
): [number, number][] {
  const [low, high] = idOf(series);
  const read = head.collect(low, high, fromMs, toMs);
  if (read === undefined) return [];
  const count = read.decodeInto(scratch);
  expect(count).toBeLessThanOrEqual(read.maxSamples);
  return Array.from({ length: count }, (_, i) => [scratch.timesMs[i]!, scratch.values[i]!]);
}

function walk(plan: FlushPlan) {
  return [...plan.chunks()].map((chunk) => {
    const timesMs = new Float64Array(chunk.count);
    const values = new Float64Array(chunk.count);
    expect(decodeChunk(chunk.data, timesMs, values, 0)).toBe(chunk.count);
    expect([timesMs[0], timesMs[chunk.count - 1]]).toEqual([chunk.minMs, chunk.maxMs]);
    expect(chunk.maxMs - chunk.minMs).toBeLessThanOrEqual(HOUR_MS);
    expect(chunk.count).toBeLessThanOrEqual(255);
    return { ...chunk, timesMs, values };
  });
}

function flush(head: MetricsHead) {
  const plan = head.beginFlush()!;
  const chunks = walk(plan);
  head.commitFlush(plan);
  return chunks;
}

/** `count` samples of one series from `startMs` on, 15 s apart. */
function ramp(series: number, count: number, startMs = 0): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    series,
    timeMs: startMs + i * 15_000,
    value: startMs + i,
  }));
}

function pairs(samples: readonly Sample[]): [number, number][] {
  return samples.map(({ timeMs, value }) => [timeMs, value]);
}

describe('MetricsHead', () => {
  test('gives back what was appended, sealed or not', () => {
    const head = headWith();
    const samples = [...ramp(1, 500), ...ramp(2, 5)];
    head.appendRows(rowsOf(samples));
    expect(samplesOf(head, 1)).toEqual(pairs(ramp(1, 500)));
    expect(samplesOf(head, 2)).toEqual(pairs(ramp(2, 5)));
    expect(samplesOf(head, 1, 15_000, 30_000)).toEqual([
      [15_000, 1],
      [30_000, 2],
    ]);
    expect(samplesOf(head, 3)).toEqual([]);
    expect(head.collect(...idOf(1), 500 * 15_000, 1e12)).toBeUndefined();
    expect(head.stats()).toMatchObject({ series: 2, chunks: 2, openSamples: 25, unflushedSamples: 505 });
  });

  test('reads columns at any address', () => {
    for (const lead of [0, 1, 2, 3, 4, 7]) {
      const head = headWith();
      head.appendRows(rowsOf(ramp(1, 3, -20_000), lead));
      expect(samplesOf(head, 1)).toEqual(pairs(ramp(1, 3, -20_000)));
    }
  });

  test('appends one sample with its bits, a staleness marker among them', () => {
    const head = headWith();
    const out = { timeMs: 0, valueLow: 0, valueHigh: 0 };
    expect(head.lastSample(5, 6, out)).toBe(false);
    head.append(5, 6, () => 'up', 1000, 0, 0x3ff0_0000);
    head.append(5, 6, () => 'up', 2000, STALE_LOW, STALE_HIGH);
    expect(head.lastSample(5, 6, out)).toBe(true);
    expect(out).toEqual({ timeMs: 2000, valueLow: STALE_LOW, valueHigh: STALE_HIGH });
    expect(head.lastWithin({ low: 5, high: 6 }, { fromMs: 0, toMs: 1999 }, out)).toBe(true);
    expect(out).toEqual({ timeMs: 1000, valueLow: 0, valueHigh: 0x3ff0_0000 });
    expect(head.lastWithin({ low: 5, high: 6 }, { fromMs: 0, toMs: 999 }, out)).toBe(false);
    expect(head.lastWithin({ low: 5, high: 6 }, { fromMs: 2001, toMs: 9999 }, out)).toBe(false);
    head.collect(5, 6, 0, 9999)!.decodeInto(scratch);
    expect([...scratch.words.subarray(2, 4)]).toEqual([STALE_LOW, STALE_HIGH]);
    const chunk = flush(head)[0]!;
    expect(chunk).toMatchObject({ metric: 'up', low: 5, high: 6, minMs: 1000, maxMs: 2000, count: 2 });
    expect(() => head.append(5, 6, () => 'up', 0.5, 0, 0)).toThrow(RangeError);
  });

  test('refuses columns that are too short and times that are no milliseconds', () => {
    const rows = rowsOf(ramp(1, 3));
    expect(() => headWith().appendRows({ ...rows, rows: 4 })).toThrow(RangeError);
    expect(() => headWith().appendRows({ ...rows, timesMs: bytesOf([0, 0x20_0000, 0, 0, 0, 0]) })).toThrow(
      RangeError,
    );
  });

  test('seals after 240 samples, and before an hour is exceeded', () => {
    const head = headWith();
    head.appendRows(rowsOf(ramp(1, 240)));
    head.appendRows(rowsOf([0, HOUR_MS, HOUR_MS + 1].map((timeMs) => ({ series: 2, timeMs, value: 1 }))));
    expect(head.stats()).toMatchObject({ chunks: 2, openSamples: 1 });
    expect(flush(head).map(({ minMs, maxMs, count }) => [minMs, maxMs, count])).toEqual([
      [0, 239 * 15_000, 240],
      [0, HOUR_MS, 2],
      [HOUR_MS + 1, HOUR_MS + 1, 1],
    ]);
  });

  test('the first of equal times stays, in the run, after sealing and after a flush', () => {
    const head = headWith();
    const at = (timeMs: number, value: number) => ({ series: 1, timeMs, value });
    head.appendRows(rowsOf([at(10, 1), at(30, 3), at(30, 99), at(10, 99), at(20, 2)]));
    expect(samplesOf(head, 1)).toEqual([
      [10, 1],
      [20, 2],
      [30, 3],
    ]);
    expect(flush(head).map(({ count }) => count)).toEqual([3]);
    head.appendRows(rowsOf([at(30, 99), at(20, 99), at(15, 5)]));
    expect(samplesOf(head, 1)).toEqual([
      [10, 1],
      [15, 5],
      [20, 2],
      [30, 3],
    ]);
    expect(head.stats()).toMatchObject({ duplicates: 3, outOfOrder: 4, late: 2, unflushedSamples: 2 });
  });

  test('late samples of many days become chunks of an hour at most', () => {
    const head = headWith();
    head.appendRows(rowsOf(ramp(1, 10, 1e9)));
    const late = Array.from({ length: 600 }, (_, i) => ({
      series: 1,
      timeMs: ((i * 7919) % 600) * 400_000,
      value: i,
    }));
    head.appendRows(rowsOf(late));
    const expected = [...late].sort((a, b) => a.timeMs - b.timeMs);
    expect(samplesOf(head, 1)).toEqual([...pairs(expected), ...pairs(ramp(1, 10, 1e9))]);
    const chunks = flush(head);
    expect(chunks.reduce((sum, { count }) => sum + count, 0)).toBe(610);
    expect(samplesOf(head, 1)).toEqual([...pairs(expected), ...pairs(ramp(1, 10, 1e9))]);
  });

  test('late samples are read within bounds, whatever their order', () => {
    const head = headWith();
    head.appendRows(rowsOf(ramp(1, 2, 1e9)));
    const times = [5, 1, 4, 2, 3, 1].map((hours) => hours * HOUR_MS);
    head.appendRows(rowsOf(times.map((timeMs, value) => ({ series: 1, timeMs, value }))));
    expect(samplesOf(head, 1, HOUR_MS, 3 * HOUR_MS)).toEqual([
      [HOUR_MS, 1],
      [2 * HOUR_MS, 3],
      [3 * HOUR_MS, 4],
    ]);
  });

  test('chunks of open runs do not overlap: what is older than the last one is late', () => {
    const head = headWith();
    head.appendRows(rowsOf([...ramp(1, 240), ...ramp(1, 2, 240 * 15_000)]));
    head.appendRows(rowsOf([200_001, 240 * 15_000 - 1].map((timeMs) => ({ series: 1, timeMs, value: 0 }))));
    expect(head.stats()).toMatchObject({ outOfOrder: 2, late: 1 });
    expect(flush(head).map(({ minMs, count }) => [minMs, count])).toEqual([
      [0, 240],
      [240 * 15_000 - 1, 3],
      [200_001, 1],
    ]);
  });

  test('appends during a flush belong to the next', () => {
    const head = headWith();
    head.appendRows(rowsOf([...ramp(1, 3), ...ramp(2, 3)]));
    const plan = head.beginFlush()!;
    expect(() => head.beginFlush()).toThrow('under way');
    const chunks = plan.chunks();
    const first = chunks.next().value!;
    head.appendRows(
      rowsOf([...ramp(1, 2, 100_000), ...ramp(2, 2, 100_000), ...ramp(3, 1), ...ramp(2, 1, -50)]),
    );
    expect(() => head.commitFlush(plan)).toThrow('walked');
    expect([first, ...chunks].map(({ count }) => count)).toEqual([3, 3]);
    expect([...plan.chunks()].length).toBe(2);
    head.commitFlush(plan);
    expect(() => head.commitFlush(plan)).toThrow('over');
    expect(head.stats()).toMatchObject({ unflushedSamples: 6, oldestUnflushedMs: -50 });
    expect(flush(head).reduce((sum, { count }) => sum + count, 0)).toBe(6);
    expect(head.beginFlush()).toBeUndefined();
    expect(head.stats()).toMatchObject({ unflushedSamples: 0, oldestUnflushedMs: undefined });
  });

  test('an aborted flush comes again, whole', () => {
    const head = headWith();
    head.appendRows(rowsOf([...ramp(1, 300), ...ramp(2, 3), ...ramp(3, 4)]));
    const plan = head.beginFlush()!;
    const chunks = plan.chunks();
    chunks.next();
    chunks.next();
    head.abortFlush(plan);
    expect(() => chunks.next()).toThrow('over');
    expect(head.stats()).toMatchObject({ unflushedSamples: 307, oldestUnflushedMs: 0 });
    head.appendRows(rowsOf(ramp(3, 2, 100_000)));
    const counts = flush(head).map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(309);
    expect(samplesOf(head, 3)).toEqual([...pairs(ramp(3, 4)), ...pairs(ramp(3, 2, 100_000))]);
  });

  test('drops the oldest flush when the budget is exceeded, says so, and forgets series without samples', () => {
    const head = headWith({ residentBytes: 40_000 });
    const out = { timeMs: 0, valueLow: 0, valueHigh: 0 };
    let most = 0;
    for (let round = 0; round < 50; round++) {
      const series = Array.from({ length: 100 }, (_, i) => 100 * round + i);
      head.appendRows(rowsOf(series.flatMap((id) => ramp(id, 5, round * HOUR_MS))));
      expect(head.coveredFromMs).toBeLessThanOrEqual(round * HOUR_MS);
      flush(head);
      most = Math.max(most, head.stats().series);
    }
    expect(most).toBeLessThan(500);
    expect(head.coveredFromMs).toBeGreaterThan(40 * HOUR_MS);
    expect(head.coveredFromMs % HOUR_MS).toBe(60_001);
    expect(samplesOf(head, 0)).toEqual([]);
    expect(head.lastSample(...idOf(0), out)).toBe(false);
    expect(samplesOf(head, 4999)).toEqual(pairs(ramp(4999, 5, 49 * HOUR_MS)));
    head.appendRows(rowsOf(ramp(0, 2)));
    expect(samplesOf(head, 0)).toEqual(pairs(ramp(0, 2)));
  });

  test('memory does not grow with series and metrics that come and go', () => {
    const head = headWith({ residentBytes: 40_000 });
    const bytes = Array.from({ length: 60 }, (_, round) => {
      const samples = Array.from({ length: 300 }, (_, i) => ({
        series: 300 * round + i,
        timeMs: round,
        value: i,
      }));
      head.appendRows({ ...rowsOf(samples), metricAt: (row) => `metric_${round}_${row}` });
      flush(head);
      return head.stats().memoryBytes;
    });
    expect(Math.max(...bytes.slice(30))).toBe(Math.max(...bytes.slice(0, 30)));
  });

  test('a hold keeps chunks until it is let go', () => {
    const head = headWith({ residentBytes: 0 });
    const release = head.hold();
    head.appendRows(rowsOf(ramp(1, 5)));
    flush(head);
    expect(head.coveredFromMs).toBe(0);
    expect(samplesOf(head, 1).length).toBe(5);
    const another = head.hold();
    release();
    release();
    expect(samplesOf(head, 1).length).toBe(5);
    another();
    expect(samplesOf(head, 1)).toEqual([]);
    expect(head.coveredFromMs).toBe(60_001);
    expect(head.stats()).toMatchObject({ series: 0, chunks: 0, chunkBytes: 0 });
  });

  test('packs open samples beyond the budget of blocks', () => {
    const [packed, plain] = [0, 1e9].map((blockBytes) => {
      const head = headWith({ blockBytes });
      for (let i = 0; i < 239; i++) {
        head.appendRows(
          rowsOf(
            Array.from({ length: 100 }, (_, series) => ({ series, timeMs: i * 15_000, value: i * series })),
          ),
        );
      }
      for (const series of [0, 50, 99]) expect(samplesOf(head, series).length).toBe(239);
      expect(samplesOf(head, 7)).toEqual(Array.from({ length: 239 }, (_, i) => [i * 15_000, i * 7]));
      expect(flush(head).every(({ count }) => count === 239)).toBe(true);
      return head;
    });
    expect(packed!.stats().chunkBytes).toBe(plain!.stats().chunkBytes);
  });
});

const someSeries = fc.nat(6);
const jumps = fc.oneof(
  { weight: 12, arbitrary: fc.constant(15_000) },
  { weight: 3, arbitrary: fc.integer({ min: -40_000, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -15_000, -30_000) },
  { weight: 1, arbitrary: fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }) },
);
const appends = fc.record({
  kind: fc.constant('append' as const),
  series: fc.array(someSeries, { minLength: 1, maxLength: 3 }),
  jumps: fc.array(jumps, { minLength: 1, maxLength: 150 }),
});
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: appends },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('step' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('finish' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        series: someSeries,
        fromMs: fc.integer({ min: -10 * HOUR_MS, max: 10 * HOUR_MS }),
        spanMs: fc.nat(5 * HOUR_MS),
      }),
    },
  ),
  { minLength: 1, maxLength: 60 },
);

/** Plays steps against a head and a plain oracle. */
class Play {
  readonly head: MetricsHead;
  /** Series to time to value, the first of equal times. */
  readonly oracle = new Map<number, Map<number, number>>();
  /** What committed chunks have, the first of equal times. */
  readonly stored = new Map<number, Map<number, number>>();
  #clock = new Map<number, number>();
  #serial = 0;
  #plan: { plan: FlushPlan; chunks: ReturnType<FlushPlan['chunks']>; done: boolean } | undefined;
  /** Samples in no committed flush: what the head must still have. */
  #unflushed: Sample[] = [];
  #flushing: Sample[] = [];

  constructor(options: Partial<MetricsHeadOptions>) {
    this.head = headWith({ startMs: Number.NEGATIVE_INFINITY, ...options });
  }

  append(series: readonly number[], offsets: readonly number[]): void {
    const samples = offsets.map((offset, i): Sample => {
      const id = series[i % series.length]!;
      const timeMs = (this.#clock.get(id) ?? id * 1000) + offset;
      this.#clock.set(id, Math.max(timeMs, this.#clock.get(id) ?? -Infinity));
      return { series: id, timeMs, value: this.#serial++ };
    });
    this.head.appendRows(rowsOf(samples));
    for (const sample of samples) {
      const known = this.oracle.get(sample.series) ?? new Map<number, number>();
      this.oracle.set(sample.series, known);
      if (!known.has(sample.timeMs)) known.set(sample.timeMs, sample.value);
      this.#unflushed.push(sample);
    }
  }

  begin(): void {
    if (this.#plan !== undefined) return;
    const plan = this.head.beginFlush();
    if (plan === undefined) return;
    this.#plan = { plan, chunks: plan.chunks(), done: false };
    this.#flushing = this.#unflushed;
    this.#unflushed = [];
  }

  step(): void {
    if (this.#plan?.chunks.next().done) this.#plan.done = true;
  }

  finish(): void {
    while (this.#plan !== undefined && !this.#plan.done) this.step();
  }

  commit(): void {
    if (this.#plan === undefined) return;
    this.finish();
    this.#store(walk(this.#plan.plan));
    this.head.commitFlush(this.#plan.plan);
    this.#plan = undefined;
    this.#flushing = [];
  }

  abort(): void {
    if (this.#plan === undefined) return;
    this.head.abortFlush(this.#plan.plan);
    this.#plan = undefined;
    this.#unflushed = [...this.#flushing, ...this.#unflushed];
    this.#flushing = [];
  }

  /** A plan has exactly the samples appended before it began. */
  #store(chunks: ReturnType<typeof walk>): void {
    const owed = new Set(this.#flushing.map(({ series, timeMs }) => `${series}/${timeMs}`));
    for (const { low, high, timesMs, values } of chunks) {
      const series = [...this.oracle.keys()].find((id) => idOf(id)[0] === low && idOf(id)[1] === high)!;
      const stored = this.stored.get(series) ?? new Map<number, number>();
      this.stored.set(series, stored);
      timesMs.forEach((timeMs, i) => {
        expect(owed.has(`${series}/${timeMs}`)).toBe(true);
        if (!stored.has(timeMs)) stored.set(timeMs, values[i]!);
      });
    }
    for (const { series, timeMs } of this.#flushing) {
      expect(this.stored.get(series)!.get(timeMs)).toBe(this.oracle.get(series)!.get(timeMs));
    }
  }

  /** Stored chunks and the head together have everything; the head alone has what is unflushed and what is covered. */
  check(series: number, fromMs: number, toMs: number): void {
    const expected = [...(this.oracle.get(series) ?? [])]
      .filter(([timeMs]) => timeMs >= fromMs && timeMs <= toMs)
      .sort(([a], [b]) => a - b);
    const got = new Map(samplesOf(this.head, series, fromMs, toMs));
    const covered = expected.filter(([timeMs]) => timeMs >= this.head.coveredFromMs);
    expect([...got].filter(([timeMs]) => timeMs >= this.head.coveredFromMs)).toEqual(covered);
    const stored = this.stored.get(series);
    const together = expected.map(([timeMs]) => [timeMs, stored?.get(timeMs) ?? got.get(timeMs)]);
    expect(together).toEqual(expected);
    for (const [timeMs] of got) expect(this.oracle.get(series)!.has(timeMs)).toBe(true);
  }

  checkAll(): void {
    for (const series of this.oracle.keys()) this.check(series, -Infinity, Infinity);
    const unflushed = this.#unflushed.length + this.#flushing.length;
    const stats = this.head.stats();
    expect(stats.unflushedSamples).toBeLessThanOrEqual(unflushed);
    if (unflushed === 0) expect(stats).toMatchObject({ unflushedSamples: 0, openSamples: 0 });
    const seriesWithSamples = new Set([...this.#unflushed, ...this.#flushing].map(({ series }) => series));
    expect(stats.series).toBeLessThanOrEqual(this.oracle.size);
    if (seriesWithSamples.size > 0) expect(stats.series).toBeGreaterThan(0);
  }

  checkLast(series: number, fromMs: number, toMs: number): void {
    const [low, high] = idOf(series);
    const out = { timeMs: 0, valueLow: 0, valueHigh: 0 };
    const samples = samplesOf(this.head, series, fromMs, toMs);
    const found = this.head.lastWithin({ low, high }, { fromMs, toMs }, out);
    const value = new Float64Array(Uint32Array.of(out.valueLow, out.valueHigh).buffer)[0]!;
    if (fromMs >= this.head.coveredFromMs) {
      expect(found ? [out.timeMs, value] : undefined).toEqual(samples.at(-1));
    }
  }
}

describe('MetricsHead against a plain oracle', () => {
  test.each([
    ['roomy', {}],
    ['packing at once', { blockBytes: 0 }],
    ['packing now and then', { blockBytes: 6000 }],
    ['dropping', { residentBytes: 1500 }],
    ['packing and dropping at once', { blockBytes: 0, residentBytes: 0 }],
  ])('loses and doubles nothing: %s', (_, options) => {
    fc.assert(
      fc.property(steps, (list) => {
        const play = new Play(options);
        for (const step of list) {
          if (step.kind === 'append') play.append(step.series, step.jumps);
          else if (step.kind === 'read') {
            play.check(step.series, step.fromMs, step.fromMs + step.spanMs);
            play.checkLast(step.series, step.fromMs, step.fromMs + step.spanMs);
          } else play[step.kind]();
        }
        play.checkAll();
        play.commit();
        play.begin();
        play.commit();
        play.checkAll();
      }),
      { numRuns: 150 },
    );
  });

  test('what is idle is flushed, however many flushes were aborted before', () => {
    const head = headWith();
    head.appendRows(rowsOf(ramp(1, 3)));
    // So many that the epoch of the run comes round.
    for (let i = 0; i < 16_382; i++) {
      if (i % 1000 === 0) head.appendRows(rowsOf([{ series: 2, timeMs: i, value: i }]));
      head.abortFlush(head.beginFlush()!);
    }
    expect(flush(head).map(({ count }) => count)).toEqual([3, 17]);
  });
});
