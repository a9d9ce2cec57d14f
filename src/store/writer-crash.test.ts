import fc from 'fast-check';
import { expect, it } from 'vitest';
import { silentLog } from '../lib/log.ts';
import type { Clock } from './clock.ts';
import { storageUnavailable } from './storage-error.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { type Fault, MemoryDisk } from './testing/memory-spool-fs.ts';
import { MemoryTarget } from './testing/memory-target.ts';
import { appendMetadata } from './testing/rows.ts';
import { createWriter, type Writer } from './writer.ts';

const SPOOL = '/data/spool';

type Row = {
  readonly mark: string;
  /** `failed`: the sender was told so and no crash has happened since; `unknown`: the sender never got an answer. */
  state: 'waiting' | 'durable' | 'failed' | 'unknown';
};

type Action =
  | { readonly do: 'append'; readonly rows: number }
  | { readonly do: 'pass'; readonly ms: number }
  /** The file system step that comes `after` others fails. */
  | { readonly do: 'fault'; readonly after: number; readonly fault: Fault }
  | { readonly do: 'insert'; readonly fault: 'away' | 'reply lost' | 'crash before' | 'crash after' }
  | { readonly do: 'drain' };

/** A machine with one writer process on it, which may die at any step and is then started again. */
class Machine {
  readonly rows: Row[] = [];
  readonly #disk = new MemoryDisk();
  readonly #clock = new FakeClock();
  readonly #store = new MemoryTarget(this.#disk);
  readonly #survives: () => boolean;
  #process = { isDead: false };
  #writer!: Writer;
  #fault: { after: number; readonly fault: Fault } | undefined;
  #insertFault: (Action & { do: 'insert' })['fault'] | undefined;

  constructor(survives: () => boolean) {
    this.#survives = survives;
    this.#store.fault = () => {
      const fault = this.#insertFault;
      this.#insertFault = undefined;
      if (fault === 'away') return { instead: storageUnavailable('simulated') };
      return fault === 'reply lost' ? { replyLost: true } : undefined;
    };
  }

  async start(): Promise<void> {
    const own = { isDead: false };
    this.#process = own;
    const clock: Clock = {
      now: () => this.#clock.now(),
      after: (ms, run) => this.#clock.after(ms, () => (own.isDead ? undefined : run())),
    };
    this.#writer = await createWriter({
      spoolDir: SPOOL,
      log: silentLog,
      clock,
      fs: this.#disk.mount(() => (own.isDead ? 'crash' : this.#nextFault(own))),
      target: { insertFiles: (insert) => this.#insert(own, insert) },
    });
  }

  #nextFault(own: { isDead: boolean }): Fault | undefined {
    if (this.#fault === undefined || this.#fault.after-- > 0) return undefined;
    const { fault } = this.#fault;
    this.#fault = undefined;
    if (fault === 'crash') own.isDead = true;
    return fault;
  }

  async #insert(own: { isDead: boolean }, insert: Parameters<MemoryTarget['insertFiles']>[0]): Promise<void> {
    if (this.#insertFault === 'crash before') own.isDead = true;
    if (!own.isDead) {
      const dies = this.#insertFault === 'crash after';
      await this.#store.insertFiles(insert);
      if (dies) own.isDead = true;
    }
    if (!own.isDead) return;
    this.#insertFault = undefined;
    await new Promise(() => {});
  }

  async run(action: Action): Promise<void> {
    if (action.do === 'append') this.#append(action.rows);
    if (action.do === 'fault') this.#fault = { after: action.after, fault: action.fault };
    if (action.do === 'insert') this.#insertFault = action.fault;
    if (action.do === 'pass') await this.#clock.pass(action.ms);
    if (action.do === 'drain') {
      const drained = this.#writer.drain(500);
      await this.#clock.pass(1_000);
      if (!this.#process.isDead) {
        await drained;
        this.#process.isDead = true;
      }
    }
    if (this.#process.isDead) await this.#restart();
  }

  #append(count: number): void {
    for (let i = 0; i < count; i++) {
      const row: Row = { mark: `<${this.rows.length}>`, state: 'waiting' };
      this.rows.push(row);
      appendMetadata(this.#writer.batch(), row.mark);
      this.#writer.committed().then(
        () => {
          row.state = 'durable';
        },
        () => {
          row.state = 'failed';
        },
      );
    }
  }

  async #restart(): Promise<void> {
    this.#fault = undefined;
    this.#insertFault = undefined;
    await this.#clock.pass(0);
    this.#disk.crash(this.#survives);
    for (const row of this.rows) if (row.state !== 'durable') row.state = 'unknown';
    await this.start();
  }

  /** Lets everything go well from now on until nothing waits any more. */
  async finish(): Promise<void> {
    this.#fault = undefined;
    this.#insertFault = undefined;
    await this.#clock.pass(60_000);
    if (this.#process.isDead) {
      await this.#restart();
      await this.#clock.pass(60_000);
    }
    const drained = this.#writer.drain(0);
    await this.#clock.pass(0);
    await drained;
  }

  timesStored(row: Row): number {
    return this.#store.count(row.mark);
  }

  leftFiles(): string[] {
    return this.#disk.names(SPOOL).filter((name) => name !== 'columns.json');
  }

  rejected(): number {
    return this.#writer.stats().rejectedFiles;
  }
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('append' as const), rows: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 5, 40, 400, 3_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      after: fc.integer({ min: 0, max: 25 }),
      fault: fc.constantFrom<Fault>('ENOSPC', 'EIO', 'short', 'crash', 'crash'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('insert' as const),
      fault: fc.constantFrom(
        'away' as const,
        'reply lost' as const,
        'crash before' as const,
        'crash after' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Action>({ do: 'drain' }) },
);

const runs = Number(process.env.BELLWETHER_CRASH_RUNS ?? 500);

it('loses no acknowledged row and doubles none, whatever fails and whenever the process dies', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.infiniteStream(fc.boolean()),
      async (actions, fate) => {
        const machine = new Machine(() => fate.next().value as boolean);
        await machine.start();
        for (const each of actions) await machine.run(each);
        await machine.finish();
        for (const row of machine.rows) {
          const times = machine.timesStored(row);
          const message = `${row.mark} ${row.state} is stored ${times} times`;
          if (row.state === 'durable') expect(times, message).toBe(1);
          else if (row.state === 'failed') expect(times, message).toBe(0);
          else expect(times, message).toBeLessThanOrEqual(1);
        }
        expect(machine.leftFiles()).toEqual([]);
      },
    ),
    { numRuns: runs, interruptAfterTimeLimit: 60_000, timeout: 3_000, endOnFailure: true },
  );
});
