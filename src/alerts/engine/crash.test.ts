import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import type { DeliveryOutcome, DeliveryRequest, Notification } from '../../model/notification.ts';
import type { AlertEngine } from '../engine-types.ts';
import { parseMatchers } from '../matchers.ts';
import { matchingRoutes } from '../route-match.ts';
import type { AlertClock, AlertingConfig, DocumentStore, IncomingAlert } from '../types.ts';
import { groupKeyOf, groupLabelsOf } from './alert-group.ts';
import { createAlertEngine } from './engine.ts';
import {
  configOf,
  FakeClock,
  HOUR_MS,
  incoming,
  inhibitRule,
  MemoryDocuments,
  MINUTE_MS,
  outcomeOf,
  type RouteText,
  receiverOf,
  SECOND_MS,
  settle,
} from './engine-test-kit.ts';

/** How many random lives of a server are tried; each is killed at least once. */
const RUNS = Number(process.env.ALERT_CRASH_RUNS ?? 250);
const REPEAT_MS = 30 * MINUTE_MS;

const receivers = [
  receiverOf('team', ['webhook']),
  receiverOf('pager', ['sms', 'email']),
  receiverOf('quiet', ['log'], false),
];
const base: RouteText = {
  groupBy: ['alertname'],
  groupWaitMs: 10 * SECOND_MS,
  groupIntervalMs: MINUTE_MS,
  repeatIntervalMs: REPEAT_MS,
};
const inhibitRules = [inhibitRule('a="1"', 'a="2"')];
/** Configurations to change between. The integrations stay. */
const configs: readonly AlertingConfig[] = [
  { ...base, routes: [{ matchers: 'alertname="Y"', receiver: 'pager' }] },
  {
    ...base,
    routes: [
      { matchers: 'a=~"0|1"', receiver: 'pager', continues: true },
      { matchers: 'alertname="X"', receiver: 'quiet', groupBy: [] },
    ],
  },
  { ...base, receiver: 'quiet', groupIntervalMs: 2 * MINUTE_MS },
].map((route) => configOf({ route, receivers, inhibitRules }));

const ALERTS = ['0', '1', '2', '3'].map((a, at) => incoming(`alertname="${at < 2 ? 'X' : 'Y'}",a="${a}"`));
const INTEGRATIONS = receivers.flatMap(({ integrations }) => integrations.map(({ id }) => id));

type Mode = 'good' | 'bad' | 'hangs';

type Action =
  | { readonly kind: 'fire' | 'end'; readonly alert: number }
  | { readonly kind: 'silence'; readonly alert: number; readonly minutes: number }
  | { readonly kind: 'channel'; readonly integration: number; readonly mode: Mode }
  | { readonly kind: 'step'; readonly minutes: number }
  | { readonly kind: 'reload'; readonly config: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'kill'; readonly afterOperations: number; readonly isAfterEffect: boolean };

interface Attempt {
  readonly notification: Notification;
  readonly elapsedMs: number;
  isDelivered: boolean;
}

/** A server that is killed at any operation, the senders around it, and the receivers. */
class World {
  readonly clock = new FakeClock();
  readonly documents = {
    alerts: new MemoryDocuments(),
    silences: new MemoryDocuments(),
    log: new MemoryDocuments(),
  };
  /** By integration and group key. */
  readonly attempts = new Map<string, Attempt[]>();
  readonly modes = new Map<string, Mode>();
  readonly firing = new Map<number, number>();
  readonly ended = new Map<
    number,
    { readonly startsAtMs: number; readonly endsAtMs: number; readonly atMs: number }
  >();
  config = configs[0]!;
  engine: AlertEngine;
  kills = 0;
  #life = 0;
  #operations = 0;
  #killAt: { readonly operation: number; readonly isAfterEffect: boolean } | undefined;
  #isDead = false;

  constructor() {
    this.engine = this.#begin();
  }

  #begin(): AlertEngine {
    const life = ++this.#life;
    const isOver = () => this.#life !== life || this.#isDead;
    const clock: AlertClock = {
      now: () => this.clock.now(),
      elapsed: () => this.clock.elapsed(),
      after: (delayMs, call) => (isOver() ? () => {} : this.clock.after(delayMs, call)),
    };
    const guarded = (documents: DocumentStore): DocumentStore => ({
      load: () => documents.load(),
      apply: (changes) => this.#operation(isOver, () => documents.apply(changes)),
    });
    return createAlertEngine({
      config: this.config,
      clock,
      alertDocuments: guarded(this.documents.alerts),
      silenceDocuments: guarded(this.documents.silences),
      notificationDocuments: guarded(this.documents.log),
      deliver: (request) => this.#operation(isOver, () => this.#deliver(request)),
      record: () => {},
      linksOf: () => ({ alert: '', silence: '' }),
      priorityOf: () => 'P2',
      isAcknowledged: () => false,
      externalUrl: '',
      log: silentLog,
    });
  }

  /** Nothing of it happens any more once the process is dead. */
  async #operation<T>(isOver: () => boolean, effect: () => Promise<T>): Promise<T> {
    if (isOver()) return new Promise(() => {});
    const at = this.#killAt?.operation === this.#operations++ ? this.#killAt : undefined;
    if (at !== undefined && !at.isAfterEffect) this.#die();
    if (isOver()) return new Promise(() => {});
    const result = await effect();
    if (at !== undefined) this.#die();
    return isOver() ? new Promise(() => {}) : result;
  }

  #die(): void {
    this.#isDead = true;
    this.clock.forgetTimers();
  }

  async #deliver({ integration, notification, signal }: DeliveryRequest): Promise<DeliveryOutcome> {
    const key = `${integration.id} ${notification.groupKey}`;
    const mode = this.modes.get(integration.id) ?? 'good';
    const attempt = { notification, elapsedMs: this.clock.elapsed(), isDelivered: mode === 'good' };
    this.attempts.set(key, [...(this.attempts.get(key) ?? []), attempt]);
    if (mode === 'good') return outcomeOf();
    const failure = outcomeOf({ isDelivered: false, detail: 'HTTP 500' });
    if (mode === 'bad') return failure;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(failure)));
  }

  kill(afterOperations: number, isAfterEffect: boolean): void {
    this.#killAt = { operation: this.#operations + afterOperations, isAfterEffect };
  }

  /** Whether or not it has come to its operation. */
  async killNow(): Promise<void> {
    this.#die();
    await this.revive();
  }

  async revive(): Promise<void> {
    if (!this.#isDead) return;
    // What was going on in the dead one comes to its end.
    await settle();
    this.kills++;
    this.#killAt = undefined;
    this.#isDead = false;
    this.engine = this.#begin();
    await this.engine.start();
  }

  /** What rules do each minute: firing alerts again, and ends for a while. */
  async post(): Promise<void> {
    const validMs = this.clock.now() + 4 * MINUTE_MS;
    const alerts: IncomingAlert[] = [];
    for (const [alert, startsAtMs] of this.firing)
      alerts.push({ ...ALERTS[alert]!, source: 'rule:r', startsAtMs, endsAtMs: validMs });
    for (const [alert, { startsAtMs, endsAtMs, atMs }] of this.ended) {
      if (this.clock.elapsed() - atMs > 15 * MINUTE_MS) this.ended.delete(alert);
      alerts.push({ ...ALERTS[alert]!, source: 'rule:r', startsAtMs, endsAtMs, isResolved: true });
    }
    await this.attempt(() => this.engine.post(alerts));
  }

  /** The sender of something that a kill interrupts gets no answer. */
  async attempt(work: () => Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work().finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    while (!isDone && !this.#isDead) await settle();
    await this.revive();
  }

  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= MINUTE_MS) {
      await this.post();
      await this.clock.advance(Math.min(MINUTE_MS, leftMs), settle);
      await this.revive();
    }
  }
}

async function act(world: World, action: Action): Promise<void> {
  const { clock, engine } = world;
  switch (action.kind) {
    case 'fire':
      if (world.firing.has(action.alert)) return;
      world.ended.delete(action.alert);
      world.firing.set(action.alert, clock.now());
      return world.post();
    case 'end': {
      const startsAtMs = world.firing.get(action.alert);
      if (startsAtMs === undefined) return;
      world.firing.delete(action.alert);
      world.ended.set(action.alert, { startsAtMs, endsAtMs: clock.now(), atMs: clock.elapsed() });
      return world.post();
    }
    case 'silence':
      return world.attempt(() =>
        engine.silences.put(
          {
            id: undefined,
            matchers: parseMatchers(`a="${action.alert}"`),
            startsAtMs: clock.now(),
            endsAtMs: clock.now() + action.minutes * MINUTE_MS,
            createdBy: 'ann',
            comment: 'test',
          },
          'ann',
        ),
      );
    case 'channel':
      world.modes.set(INTEGRATIONS[action.integration]!, action.mode);
      return;
    case 'step':
      clock.step(action.minutes * MINUTE_MS);
      return;
    case 'reload':
      world.config = configs[action.config]!;
      return world.attempt(() => engine.reload(world.config));
    case 'wait':
      return world.pass(action.seconds * SECOND_MS);
    case 'kill':
      return world.kill(action.afterOperations, action.isAfterEffect);
  }
}

/** Everything works again, nothing is silenced, and time passes. */
async function calm(world: World): Promise<void> {
  await world.killNow();
  world.modes.clear();
  for (const { silence, state } of world.engine.silences.list())
    if (state !== 'expired') await world.engine.silences.expire(silence.id, 'ann');
  await world.pass(40 * MINUTE_MS);
}

/** What a receiver believes that knows notifications by their ids: status by label `a`. */
function beliefs(attempts: readonly Attempt[]): Map<string, string> {
  const seen = new Map<string, string>();
  const states = new Map<string, string>();
  for (const { notification, isDelivered } of attempts) {
    const content = contentOf(notification, false);
    const before = seen.get(notification.id);
    expect(before ?? content, 'the same id for something else').toBe(content);
    if (!isDelivered || before !== undefined) continue;
    seen.set(notification.id, content);
    for (const { labels, status } of notification.alerts) states.set(labels.get('a'), status);
  }
  return states;
}

function contentOf({ alerts }: Notification, hasTimes: boolean): string {
  return alerts
    .map(
      ({ labels, status, startsAtMs }) => `${labels.get('a')} ${status}${hasTimes ? ` ${startsAtMs}` : ''}`,
    )
    .sort()
    .join(', ');
}

/** Nothing of the third alert is told while the second one fires. */
function isInhibited(world: World, alert: number): boolean {
  return alert === 2 && world.firing.has(1);
}

/** Alerts that a lane must believe to fire, by lane. */
function wanted(world: World): Map<string, Set<string>> {
  const must = new Map<string, Set<string>>();
  for (const alert of world.firing.keys()) {
    if (isInhibited(world, alert)) continue;
    const { labels } = ALERTS[alert]!;
    for (const route of matchingRoutes(world.config.route, labels))
      for (const { id } of world.config.receivers.get(route.receiver)!.integrations) {
        const lane = `${id} ${groupKeyOf(route, groupLabelsOf(route, labels))}`;
        must.set(lane, (must.get(lane) ?? new Set()).add(String(alert)));
      }
  }
  return must;
}

function check(world: World, hasSteps: boolean): void {
  const isOver = (name: string) => !world.firing.has(Number(name)) && !isInhibited(world, Number(name));
  for (const [lane, alerts] of wanted(world)) {
    const states = beliefs(world.attempts.get(lane) ?? []);
    for (const alert of alerts) expect(states.get(alert), `${alert} was not told to ${lane}`).toBe('firing');
  }
  for (const [lane, attempts] of world.attempts) {
    // It is not told of ends.
    if (!lane.startsWith('quiet/'))
      for (const [alert, status] of beliefs(attempts))
        if (status === 'firing' && isOver(alert)) expect.fail(`the end of ${alert} was not told to ${lane}`);
    checkRepetitions(lane, attempts, hasSteps);
  }
}

function checkRepetitions(lane: string, attempts: readonly Attempt[], hasSteps: boolean): void {
  const deliveries = attempts.filter(
    ({ notification, isDelivered }, at) =>
      isDelivered &&
      !attempts.slice(0, at).some((one) => one.isDelivered && one.notification.id === notification.id),
  );
  for (const [at, { notification, elapsedMs }] of deliveries.entries()) {
    const before = deliveries[at - 1];
    if (before === undefined) continue;
    const between = attempts.slice(attempts.indexOf(before) + 1, attempts.indexOf(deliveries[at]!));
    const isUnsure = between.some(
      (one) => contentOf(one.notification, false) !== contentOf(notification, false),
    );
    const isSame = contentOf(before.notification, true) === contentOf(notification, true);
    if (notification.reason === 'group' && isSame && !isUnsure) expect.fail(`told twice to ${lane}`);
    // After a kill a repetition of something else than before the kill cannot have its id.
    if (notification.reason === 'repeat' && !hasSteps && isSame)
      expect(elapsedMs - before.elapsedMs, `repeated early to ${lane}`).toBeGreaterThan(
        REPEAT_MS - SECOND_MS,
      );
  }
}

const alert = fc.nat({ max: ALERTS.length - 1 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('fire' as const), alert }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), alert }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('silence' as const),
      alert,
      minutes: fc.constantFrom(1, 5, 30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('channel' as const),
      integration: fc.nat({ max: INTEGRATIONS.length - 1 }),
      mode: fc.constantFrom<Mode>('good', 'bad', 'hangs'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('step' as const), minutes: fc.constantFrom(-90, -2, 2, 90) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reload' as const), config: fc.nat({ max: 2 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 9, 10, 30, 60, 70, 400, 2000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      afterOperations: fc.nat({ max: 8 }),
      isAfterEffect: fc.boolean(),
    }),
  },
);

test(
  `${RUNS} lives with kills at any moment: nothing is lost, nothing is told twice under another id`,
  async () => {
    let kills = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 6, maxLength: 24 }), async (actions) => {
        const world = new World();
        await world.engine.start();
        for (const one of actions) await act(world, one);
        await calm(world);
        check(
          world,
          actions.some(({ kind }) => kind === 'step'),
        );
        kills += world.kills;
      }),
      { numRuns: RUNS },
    );
    expect(kills).toBeGreaterThanOrEqual(RUNS);
  },
  HOUR_MS,
);
