import type { Clock } from '../../../lib/clock.ts';
import { Labels } from '../../../model/labels.ts';
import type { RemoteSamples } from '../types.ts';

/* Help for the tests of sending: time and samples. */

export const T0 = Date.UTC(2026, 10, 20, 12);

/** Time that passes only when told to. */
export class ManualClock implements Clock {
  #nowMs = T0;
  #timers: { atMs: number; run: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#nowMs - T0;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Runs what is due within so many milliseconds, in order. */
  pass(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.run();
    }
    this.#nowMs = end;
  }
}

/** Files are real, and the disk may be busy with other things. */
const GIVE_UP_MS = 20_000;

/** Lets everything go on that needs no time to pass: promises, and what is asked of the file system. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (process.getActiveResourcesInfo().some((name) => /^(FSReq|CloseReq)/.test(name))) quiet = -1;
  }
}

/** Lets time pass, a step whenever all is quiet, until something is so. */
export async function until(clock: ManualClock, isSo: () => boolean, stepMs = 50): Promise<void> {
  const end = performance.now() + GIVE_UP_MS;
  for (;;) {
    await settle();
    if (isSo()) return;
    if (performance.now() > end) throw new Error('it does not come to that');
    clock.pass(stepMs);
  }
}

export interface SentSample {
  readonly low: number;
  readonly high?: number;
  readonly timeMs: number;
  /** A number or the words of one. */
  readonly value: number | readonly [low: number, high: number];
}

/** Columns as the store's writer has them; at an odd address, as may happen. */
export function samplesOf(list: readonly SentSample[]): RemoteSamples {
  const bytes = list.length * 8;
  const memory = Buffer.alloc(3 * bytes + 1);
  const [ids, timesMs, values] = [0, 1, 2].map((i) =>
    memory.subarray(1 + i * bytes, 1 + (i + 1) * bytes),
  ) as [Buffer, Buffer, Buffer];
  for (const [i, { low, high = 7, timeMs, value }] of list.entries()) {
    ids.writeUInt32LE(low, i * 8);
    ids.writeUInt32LE(high, i * 8 + 4);
    timesMs.writeBigInt64LE(BigInt(timeMs), i * 8);
    if (typeof value === 'number') values.writeDoubleLE(value, i * 8);
    else {
      values.writeUInt32LE(value[0], i * 8);
      values.writeUInt32LE(value[1], i * 8 + 4);
    }
  }
  return { rows: list.length, ids, timesMs, values };
}

/** Series `n` is `m{n="n",job="j"}`; 13 and above nobody knows. */
export function labelsOf(low: number): Labels | undefined {
  return low >= 13 ? undefined : Labels.fromObject({ __name__: 'm', n: String(low), job: 'j' });
}

export function bitsOf(value: SentSample['value']): string {
  const bytes = Buffer.alloc(8);
  if (typeof value === 'number') bytes.writeDoubleLE(value);
  else {
    bytes.writeUInt32LE(value[0], 0);
    bytes.writeUInt32LE(value[1], 4);
  }
  return bytes.readBigUInt64LE().toString(16).padStart(16, '0');
}
