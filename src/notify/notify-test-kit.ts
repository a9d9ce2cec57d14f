import { z } from 'zod';
import { silentLog } from '../lib/log.ts';
import { allowAllAddresses } from '../lib/outbound.ts';
import { Labels } from '../model/labels.ts';
import type { DeliveryOutcome, Integration, Notification } from '../model/notification.ts';
import { ALERTMANAGER_FUNCTIONS, compileTemplates, DEFAULT_TEMPLATES } from '../templates/index.ts';
import type { ChannelDefinition, SendContext, SendResult } from './channel.ts';
import { exampleAlert, exampleNotification } from './channels/channel-suite.ts';
import { createNotifier } from './notifier.ts';
import type { Notifier, NotifierParts, NotifyClock, NotifyMeter } from './notify-types.ts';

export const TEST_TEMPLATES = compileTemplates(DEFAULT_TEMPLATES, { functions: ALERTMANAGER_FUNCTIONS });

/** Time that passes when it is told to. */
export class FakeClock implements NotifyClock {
  #nowMs = Date.UTC(2026, 10, 20, 9);
  #elapsedMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly call: () => void }>();

  now = (): number => this.#nowMs;
  elapsed = (): number => this.#elapsedMs;
  after = (delayMs: number, call: () => void): (() => void) => {
    const timer = { atMs: this.#elapsedMs + delayMs, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get timers(): number {
    return this.#timers.size;
  }

  /** Lets everything happen that happens until then, in order. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    for (;;) {
      await settle();
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#move(Math.max(next.atMs, this.#elapsedMs));
      this.#timers.delete(next);
      next.call();
    }
    this.#move(endMs);
    await settle();
  }

  #move(toMs: number): void {
    this.#nowMs += toMs - this.#elapsedMs;
    this.#elapsedMs = toMs;
  }
}

/** Until everything that waits for nothing outside has happened. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

export type FakeSend = (notification: Notification, context: SendContext<unknown>) => Promise<SendResult>;

export function fakeChannel(send: FakeSend, fields: Partial<ChannelDefinition> = {}): ChannelDefinition {
  return {
    name: 'fake',
    title: 'Fake',
    configKey: 'fake_configs',
    isInAlertmanager: false,
    schema: z.unknown(),
    globals: {},
    secretKeys: ['token'],
    templateKeys: [],
    sendsResolved: true,
    maxAlerts: undefined,
    messagesPerMinute: Number.POSITIVE_INFINITY,
    send,
    ...fields,
  };
}

export function fakeIntegration(fields: Partial<Integration> = {}): Integration {
  const index = fields.index ?? 0;
  return {
    id: `team/fake/${index}`,
    receiver: 'team',
    channel: 'fake',
    index,
    sendsResolved: true,
    settings: {},
    ...fields,
  };
}

/** A meter that writes down what it is told. */
export function recordingMeter(): { meter: NotifyMeter; lines: string[] } {
  const lines: string[] = [];
  const meter: NotifyMeter = {
    notified: (channel, result, latencyMs) => lines.push(`notified ${channel} ${result} ${latencyMs}`),
    attempted: (channel, result, latencyMs) => lines.push(`attempted ${channel} ${result} ${latencyMs}`),
    retried: (channel) => lines.push(`retried ${channel}`),
    digested: (channel, count) => lines.push(`digested ${channel} ${count}`),
  };
  return { meter, lines };
}

export interface NotifierBench {
  readonly clock: FakeClock;
  readonly notifier: Notifier;
  readonly lines: readonly string[];
  deliver(fields?: {
    notification?: Notification;
    integration?: Integration;
    previous?: string;
    signal?: AbortSignal;
  }): Promise<DeliveryOutcome>;
}

export function notifierBench(
  channels: readonly ChannelDefinition[],
  parts: Partial<NotifierParts> = {},
): NotifierBench {
  const clock = new FakeClock();
  const { meter, lines } = recordingMeter();
  const notifier = createNotifier({
    channels,
    templates: TEST_TEMPLATES,
    externalUrl: 'https://bellwether.example',
    clock,
    log: silentLog,
    addressPolicy: allowAllAddresses,
    // The longest pauses.
    random: () => 1,
    meter,
    ...parts,
  });
  return {
    clock,
    notifier,
    lines,
    deliver: (fields = {}) =>
      notifier.deliver({
        integration: fakeIntegration(),
        notification: exampleNotification(),
        previous: undefined,
        signal: new AbortController().signal,
        ...fields,
      } as Parameters<Notifier['deliver']>[0]),
  };
}

/** One with an id, an alert and a group of its own. */
export function numberedNotification(number: number, fields: Partial<Notification> = {}): Notification {
  return exampleNotification({
    id: number.toString(16).padStart(32, '0'),
    groupKey: `{}:{instance="${number}"}`,
    groupLabels: Labels.fromObject({ alertname: 'HighErrorRate', instance: String(number) }),
    alerts: [exampleAlert({ number })],
    ...fields,
  });
}
