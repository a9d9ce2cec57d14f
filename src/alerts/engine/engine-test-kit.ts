import { silentLog } from '../../lib/log.ts';
import { Labels } from '../../model/labels.ts';
import type {
  DeliveryOutcome,
  DeliveryRequest,
  Integration,
  Notification,
} from '../../model/notification.ts';
import type { AlertEngine, AlertEngineParts, SilenceInput } from '../engine-types.ts';
import { formatMatchers, parseMatchers } from '../matchers.ts';
import type {
  AlertClock,
  AlertingConfig,
  DocumentStore,
  IncomingAlert,
  InhibitRule,
  PartialAlertEvent,
  Receiver,
  Route,
  TimeInterval,
} from '../types.ts';
import { createAlertEngine } from './engine.ts';

/** 2026-01-05T12:00:00Z, a Monday. */
export const START_MS = Date.UTC(2026, 0, 5, 12);
export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** Time that passes only when told to. */
export class FakeClock implements AlertClock {
  #nowMs = START_MS;
  #elapsedMs = 0;
  #timers = new Set<{ readonly atMs: number; readonly call: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Sets the machine's clock. */
  step(byMs: number): void {
    this.#nowMs += byMs;
  }

  /** Lets time pass. @param settle waits for what a timer began. */
  async advance(byMs: number, settle: () => Promise<void>): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    await settle();
    for (;;) {
      let next: { readonly atMs: number; readonly call: () => void } | undefined;
      for (const timer of this.#timers)
        if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#pass(Math.max(0, next.atMs - this.#elapsedMs));
      next.call();
      await settle();
    }
    this.#pass(endMs - this.#elapsedMs);
  }

  /** As when a process ends. */
  forgetTimers(): void {
    this.#timers.clear();
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#elapsedMs += ms;
  }
}

/** Texts in memory. */
export class MemoryDocuments implements DocumentStore {
  readonly saved = new Map<string, string>();
  isBroken = false;
  applies = 0;
  writes = 0;

  async load(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.saved);
  }

  async apply(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    if (this.isBroken) throw new Error('the disk is full');
    this.applies++;
    this.writes += changes.size;
    for (const [key, json] of changes)
      if (json === undefined) this.saved.delete(key);
      else this.saved.set(key, json);
  }
}

export interface RouteText extends Partial<Omit<Route, 'matchers' | 'routes' | 'groupBy'>> {
  readonly matchers?: string;
  readonly groupBy?: readonly string[] | 'all';
  readonly routes?: readonly RouteText[];
}

/** A tree of routes with Alertmanager's inheritance and defaults. */
export function routeOf(text: RouteText, id = '0', parent?: Route): Route {
  const { matchers: matcherText = '', routes: children = [], ...fields } = text;
  const matchers = parseMatchers(matcherText);
  const inherited = parent ?? {
    receiver: 'team',
    groupBy: ['alertname'],
    groupWaitMs: 30 * SECOND_MS,
    groupIntervalMs: 5 * MINUTE_MS,
    repeatIntervalMs: 4 * HOUR_MS,
  };
  const route: Route = {
    receiver: inherited.receiver,
    groupBy: inherited.groupBy,
    groupWaitMs: inherited.groupWaitMs,
    groupIntervalMs: inherited.groupIntervalMs,
    repeatIntervalMs: inherited.repeatIntervalMs,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    continues: false,
    line: undefined,
    ...fields,
    id,
    key: `${parent === undefined ? '' : `${parent.key}/`}${formatMatchers(matchers)}`,
    matchers,
    routes: [],
  };
  return { ...route, routes: children.map((child, at) => routeOf(child, `${id}.${at}`, route)) };
}

export function receiverOf(
  name: string,
  channels: readonly string[] = ['webhook'],
  sendsResolved = true,
): Receiver {
  const integrations = channels.map(
    (channel, at): Integration => ({
      id: `${name}/${channel}/${at}`,
      receiver: name,
      channel,
      index: at,
      sendsResolved,
      settings: {},
    }),
  );
  return { name, integrations };
}

export interface ConfigText {
  readonly route?: RouteText;
  readonly receivers?: readonly Receiver[];
  readonly inhibitRules?: readonly InhibitRule[];
  readonly timeIntervals?: readonly TimeInterval[];
}

export function configOf({
  route = {},
  receivers,
  inhibitRules = [],
  timeIntervals = [],
}: ConfigText = {}): AlertingConfig {
  const all = receivers ?? [receiverOf('team')];
  return {
    route: routeOf(route),
    receivers: new Map(all.map((receiver) => [receiver.name, receiver])),
    inhibitRules,
    timeIntervals: new Map(timeIntervals.map((interval) => [interval.name, interval])),
    templates: [],
    resolveTimeoutMs: 5 * MINUTE_MS,
    text: '',
    file: '',
  };
}

export function inhibitRule(
  source: string,
  target: string,
  equal: readonly string[] = [],
  name = '',
): InhibitRule {
  return { name, sourceMatchers: parseMatchers(source), targetMatchers: parseMatchers(target), equal };
}

/** An alert as it comes in; labels as `a="1",b="2"`. */
export function incoming(labels: string, fields: Partial<IncomingAlert> = {}): IncomingAlert {
  return {
    labels: Labels.from(parseMatchers(labels).map(({ name, value }) => [name, value] as const)),
    annotations: Labels.EMPTY,
    startsAtMs: undefined,
    endsAtMs: undefined,
    generatorUrl: '',
    source: 'api',
    value: undefined,
    ...fields,
  };
}

export interface Delivery {
  readonly integration: string;
  readonly notification: Notification;
  readonly previous: string | undefined;
  readonly atMs: number;
  readonly elapsedMs: number;
  readonly isDelivered: boolean;
}

export function outcomeOf(fields: Partial<DeliveryOutcome> = {}): DeliveryOutcome {
  return {
    isDelivered: true,
    attempts: 1,
    latencyMs: 12,
    detail: '200 OK',
    isPermanent: false,
    state: undefined,
    isDigested: false,
    ...fields,
  };
}

/** An engine over memory, and everything it has done. */
export class Bench {
  readonly clock = new FakeClock();
  readonly alertDocuments = new MemoryDocuments();
  readonly silenceDocuments = new MemoryDocuments();
  readonly notificationDocuments = new MemoryDocuments();
  readonly deliveries: Delivery[] = [];
  readonly events: PartialAlertEvent[] = [];
  readonly acknowledged = new Set<string>();
  /** What channels answer; delivered when undefined. */
  answer: ((request: DeliveryRequest) => DeliveryOutcome | Promise<DeliveryOutcome>) | undefined;
  engine: AlertEngine;
  readonly #more: Partial<AlertEngineParts>;

  constructor(config: AlertingConfig = configOf(), more: Partial<AlertEngineParts> = {}) {
    this.#more = more;
    this.engine = this.#newEngine(config);
  }

  static async started(
    config: AlertingConfig = configOf(),
    more: Partial<AlertEngineParts> = {},
  ): Promise<Bench> {
    const bench = new Bench(config, more);
    await bench.engine.start();
    return bench;
  }

  #newEngine(config: AlertingConfig): AlertEngine {
    return createAlertEngine({
      config,
      clock: this.clock,
      alertDocuments: this.alertDocuments,
      silenceDocuments: this.silenceDocuments,
      notificationDocuments: this.notificationDocuments,
      deliver: (request) => this.#deliver(request),
      record: (events) => this.events.push(...events),
      linksOf: ({ fingerprint }) => ({
        alert: `http://localhost/alerts/${fingerprint}`,
        silence: `http://localhost/silences/new?fingerprint=${fingerprint}`,
      }),
      priorityOf: () => 'P1',
      isAcknowledged: ({ fingerprint }) => this.acknowledged.has(fingerprint),
      externalUrl: 'http://localhost',
      log: silentLog,
      ...this.#more,
    });
  }

  async #deliver(request: DeliveryRequest): Promise<DeliveryOutcome> {
    const outcome = (await this.answer?.(request)) ?? outcomeOf();
    this.deliveries.push({
      integration: request.integration.id,
      notification: request.notification,
      previous: request.previous,
      atMs: this.clock.now(),
      elapsedMs: this.clock.elapsed(),
      isDelivered: outcome.isDelivered,
    });
    return outcome;
  }

  /** As `kill -9` and a start: what is in memory is gone. */
  async restart(config: AlertingConfig = this.engine.config): Promise<void> {
    this.clock.forgetTimers();
    this.engine = this.#newEngine(config);
    await this.engine.start();
  }

  async post(...alerts: IncomingAlert[]): Promise<void> {
    await this.engine.post(alerts);
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, settle);
  }

  /** Lets time pass while alerts are told again each minute, as rules do. */
  async keepFiring(ms: number, ...alerts: IncomingAlert[]): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= MINUTE_MS) {
      await this.post(...alerts);
      await this.advance(Math.min(MINUTE_MS, leftMs));
    }
  }

  silence(matchers: string, fields: Partial<SilenceInput> = {}): Promise<string> {
    const nowMs = this.clock.now();
    return this.engine.silences.put(
      {
        id: undefined,
        matchers: parseMatchers(matchers),
        startsAtMs: nowMs,
        endsAtMs: nowMs + 2 * HOUR_MS,
        createdBy: 'ann',
        comment: 'deploying',
        ...fields,
      },
      'ann',
    );
  }

  /** What was delivered, in one line each: `team/webhook/0 firing A B / C`, resolved ones behind the slash, by the label `a`. */
  told(): string[] {
    return this.deliveries.filter(({ isDelivered }) => isDelivered).map(lineOf);
  }

  /** What was delivered since the last call. */
  news(): string[] {
    const told = this.told();
    this.deliveries.length = 0;
    return told;
  }

  kinds(kind: PartialAlertEvent['kind']): PartialAlertEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }
}

export function lineOf({
  integration,
  notification,
}: Pick<Delivery, 'integration' | 'notification'>): string {
  const names = (status: string) =>
    notification.alerts
      .filter((alert) => alert.status === status)
      .map(({ labels }) => labels.get('a'))
      .join(' ');
  const resolved = names('resolved');
  const shown = `${names('firing')}${resolved === '' ? '' : ` / ${resolved}`}`.trim();
  return `${integration} ${notification.status}${notification.reason === 'group' ? '' : ` (${notification.reason})`} ${shown}`;
}

/** Lets everything that can go on without time passing go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
