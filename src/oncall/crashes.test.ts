import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { createOnCall, type OnCall } from './on-call.ts';
import {
  alertView,
  FakeClock,
  FakeDocuments,
  FakeEngine,
  fingerprint,
  HOUR_MS,
  MINUTE_MS,
  onCallConfig,
} from './on-call-test-kit.ts';
import type { OnCallClock, OnCallDocuments, OnCallTellRequest } from './types.ts';

const ALERTS = 3;
const CONFIG = onCallConfig({
  escalation_policies: [
    {
      name: 'all',
      steps: [
        { after: '1m', receivers: ['a', 'b'] },
        { after: '2m', receivers: ['b', 'c'] },
        { after: '3m', receivers: ['d'] },
      ],
      repeat: 1,
      repeat_after: '4m',
    },
  ],
});
/** From the begin to the last step of the last round. */
const WHOLE_MS = 15 * MINUTE_MS;
const STEPS = ['0/0/a', '0/0/b', '0/1/b', '0/1/c', '0/2/d', '1/0/a', '1/0/b', '1/1/b', '1/1/c', '1/2/d'];

type CrashPoint = 'before_store' | 'after_store' | 'after_tell';

interface Tell {
  readonly request: OnCallTellRequest;
  /** How often the server had crashed before. */
  readonly crashes: number;
}

/** A server that can end at any of its steps, without notice. */
class Harness {
  readonly clock = new FakeClock();
  readonly documents = new FakeDocuments();
  readonly engine = new FakeEngine();
  readonly told: Tell[] = [];
  /** Alerts that nobody may be told of now. */
  readonly quiet = new Set<string>();
  readonly mistakes: string[] = [];
  crashes = 0;
  /** Ends the server when it passes such a point for the nth time. */
  plan: { readonly point: CrashPoint; left: number } | undefined;
  onCall: OnCall | undefined;
  #startedAt = 0;

  async run(): Promise<OnCall> {
    if (this.onCall !== undefined) return this.onCall;
    const life = { isDead: false };
    const pass = (point: CrashPoint): Promise<void> | undefined => {
      if (life.isDead) return new Promise(() => {});
      if (this.plan?.point !== point || --this.plan.left > 0) return undefined;
      this.plan = undefined;
      life.isDead = true;
      this.onCall = undefined;
      this.crashes++;
      return new Promise(() => {});
    };
    const created = await createOnCall({
      config: CONFIG,
      clock: mortalClock(this.clock, life),
      documents: mortalDocuments(this.documents, pass),
      alertOf: (one) => this.engine.views.get(one),
      record: () => {},
      externalUrl: '',
      http: { request: () => Promise.reject(new Error('not used')) },
      log: silentLog,
      tell: async (request) => {
        if (life.isDead) return new Promise(() => {});
        this.#tell(request);
        // The receiver has it; the server does not know yet.
        await (pass('after_tell') ?? setImmediate());
        return [{ integration: 'x', isDelivered: true, detail: '' }];
      },
    });
    if (life.isDead) return this.run();
    this.onCall = created;
    await created.start();
    await this.change();
    return this.onCall ?? this.run();
  }

  async change(): Promise<void> {
    this.onCall?.onAlerts([...this.engine.views.values()]);
    await this.clock.advance(200);
  }

  fire(n: number): void {
    const view = this.engine.views.get(fingerprint(n));
    if (view !== undefined && !view.isResolved) return;
    this.quiet.delete(fingerprint(n));
    // Each life has a begin of its own.
    this.engine.put(alertView(n, { startsAtMs: this.clock.now() + ++this.#startedAt }));
  }

  #tell(request: OnCallTellRequest): void {
    const [alert] = request.alerts;
    if (!request.isResolved && this.quiet.has(alert!.fingerprint)) this.mistakes.push(`told ${request.key}`);
    this.told.push({ request, crashes: this.crashes });
  }
}

function mortalClock(clock: FakeClock, life: { readonly isDead: boolean }): OnCallClock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    after: (delayMs, call) => clock.after(delayMs, () => life.isDead || call()),
  };
}

function mortalDocuments(
  documents: FakeDocuments,
  pass: (point: CrashPoint) => Promise<void> | undefined,
): OnCallDocuments {
  return {
    load: () => documents.load(),
    async apply(changes) {
      await pass('before_store');
      await documents.apply(changes);
      await pass('after_store');
    },
  };
}

type Act =
  | { readonly kind: 'fire' | 'resolve' | 'silence' | 'unsilence' | 'ack' | 'unack'; readonly n: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'crash'; readonly point: CrashPoint; readonly left: number }
  | { readonly kind: 'restart' };

const n = fc.integer({ min: 1, max: ALERTS });
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constantFrom('fire', 'resolve', 'silence', 'unsilence', 'ack', 'unack'), n }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 0, max: 400_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash'),
      point: fc.constantFrom('before_store', 'after_store', 'after_tell'),
      left: fc.integer({ min: 1, max: 4 }),
    }),
  },
  fc.constant({ kind: 'restart' as const }),
);

async function perform(harness: Harness, one: Act): Promise<void> {
  const { engine, quiet, clock } = harness;
  if (one.kind === 'wait') await clock.advance(one.ms);
  if (one.kind === 'crash') harness.plan = { point: one.point, left: one.left };
  if (one.kind === 'restart') await harness.run();
  if (!('n' in one)) return;
  const key = fingerprint(one.n);
  const view = engine.views.get(key);
  const onCall = harness.onCall;
  if (one.kind === 'fire') harness.fire(one.n);
  else if (view === undefined || view.isResolved) return;
  else if (one.kind === 'resolve') {
    engine.resolve(one.n, clock.now());
    quiet.add(key);
  } else if (one.kind === 'silence') {
    engine.silence(one.n, true);
    quiet.add(key);
  } else if (one.kind === 'unsilence') {
    engine.silence(one.n, false);
    if (!harness.documents.texts.has(`ack/${key}`)) quiet.delete(key);
  } else if (onCall !== undefined && one.kind === 'ack') {
    const acknowledged = onCall.acknowledge(key, undefined, { by: 'x', via: 'api' });
    // A crash leaves it open whether it was stored: then nothing is promised.
    const done = await Promise.race([acknowledged.then(() => true), setImmediate(false), clock.advance(0)]);
    if (done === true) quiet.add(key);
  } else if (onCall !== undefined && one.kind === 'unack') {
    if (view.suppressions.length === 0) quiet.delete(key);
    await Promise.race([onCall.unacknowledge(key, 'x'), clock.advance(0)]);
  }
  await harness.change();
}

/** Nobody has the alerts, and no crash comes in between. */
async function runToTheEnd(harness: Harness): Promise<void> {
  harness.plan = undefined;
  const onCall = await harness.run();
  for (const [key, view] of harness.engine.views) {
    if (view.isResolved) continue;
    harness.quiet.delete(key);
    harness.engine.put({ ...view, suppressions: [] });
    await onCall.unacknowledge(key, 'x');
  }
  await harness.change();
  await harness.clock.advance(WHOLE_MS + HOUR_MS);
}

function groupBy(all: readonly Tell[], keyOf: (tell: Tell) => string): Map<string, Tell[]> {
  const groups = new Map<string, Tell[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

const keysOf = (tells: readonly Tell[]) => new Set(tells.map(({ request }) => request.key));

test('whenever the server crashes, every step is told under one key, and none after an acknowledgement', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const harness = new Harness();
      await harness.run();
      harness.fire(1);
      await harness.change();
      for (const one of acts) await perform(harness, one);
      await runToTheEnd(harness);
      expect(harness.mistakes).toEqual([]);
      for (const [, tells] of groupBy(harness.told, ({ request }) => request.key)) {
        // Twice under the same key only when a crash came in between.
        expect(new Set(tells.map(({ crashes }) => crashes)).size).toBe(tells.length);
      }
      for (const view of harness.engine.views.values()) {
        if (view.isResolved) continue;
        const life = `${view.alert.fingerprint}/${view.alert.startsAtMs}/`;
        const keys = [...keysOf(harness.told)].filter((key) => key.startsWith(life));
        // `begun/generation/policy/round/step/receiver`: one begin, and all of the last generation.
        const parts = keys.map((key) => key.slice(life.length).split('/'));
        expect(new Set(parts.map(([begun]) => begun)).size).toBe(1);
        const last = Math.max(...parts.map(([, generation]) => Number(generation)));
        const told = parts.filter(([, generation]) => Number(generation) === last);
        expect(told.map((part) => part.slice(3).join('/')).sort()).toEqual(STEPS);
      }
      for (const [key, view] of harness.engine.views) {
        if (!view.isResolved) harness.engine.resolve(Number.parseInt(key, 16), harness.clock.now());
      }
      await harness.change();
      await harness.clock.advance(HOUR_MS);
      expectEnds(harness);
    }),
    { numRuns: 150 },
  );
});

/** Everybody who was told of a life was told its end, under one key, and nothing is left. */
function expectEnds({ told, documents, crashes }: Harness): void {
  const lives = groupBy(told, ({ request }) => request.groupKey);
  for (const tells of lives.values()) {
    const of = (isResolved: boolean) => tells.filter(({ request }) => request.isResolved === isResolved);
    const receivers = (some: readonly Tell[]) =>
      [...new Set(some.map(({ request }) => request.receiver))].sort();
    // After a crash nobody knows whether what was planned was told: then the end is, rather than not.
    if (crashes === 0) expect(receivers(of(true))).toEqual(receivers(of(false)));
    expect(receivers(of(true))).toEqual(expect.arrayContaining(receivers(of(false))));
    expect(keysOf(of(true)).size).toBe(receivers(of(true)).length);
  }
  expect([...documents.texts.keys()]).toEqual(['secret/links']);
}
