import { setImmediate } from 'node:timers/promises';
import { silentLog } from '../lib/log.ts';
import type { OutboundRequest, OutboundResponse } from '../lib/outbound-types.ts';
import { Labels } from '../model/labels.ts';
import { unknownPlace } from '../prom-config/index.ts';
import { parseOnCall } from './config.ts';
import type { OnCallConfig } from './config-types.ts';
import { createOnCall, type OnCall } from './on-call.ts';
import type {
  OnCallAlert,
  OnCallAlertView,
  OnCallClock,
  OnCallDocuments,
  OnCallEvent,
  OnCallMatcher,
  OnCallTellOutcome,
  OnCallTellRequest,
} from './types.ts';

/** Things that tests of this folder share. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** Time that passes only when told to. */
export class FakeClock implements OnCallClock {
  #nowMs: number;
  #elapsedMs = 0;
  #timers: { readonly atMs: number; readonly call: () => void }[] = [];

  constructor(nowMs = Date.UTC(2026, 10, 23, 9)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Somebody sets the machine's clock. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + durationMs;
    await setImmediate();
    for (;;) {
      const next = this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#pass(Math.max(0, next.atMs - this.#elapsedMs));
      next.call();
      await setImmediate();
    }
    this.#pass(untilMs - this.#elapsedMs);
  }

  #pass(ms: number): void {
    this.#nowMs += ms;
    this.#elapsedMs += ms;
  }
}

export class FakeDocuments implements OnCallDocuments {
  readonly texts = new Map<string, string>();
  failing = false;

  async load(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.texts);
  }

  async apply(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    if (this.failing) throw new Error('disk full');
    for (const [key, text] of changes) {
      if (text === undefined) this.texts.delete(key);
      else this.texts.set(key, text);
    }
  }

  keys(prefix: string): string[] {
    return [...this.texts.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

/** Only `name="value"`, which is enough here. */
export function parseTestMatchers(text: string): OnCallMatcher[] {
  const match = /^(\w+)="([^"]*)"$/.exec(text);
  if (match === null) throw new Error(`bad matcher ${JSON.stringify(text)}`);
  return [{ name: match[1]!, matches: (value) => value === match[2] }];
}

/** @param value what stands under `on_call`. */
export function onCallConfig(value: unknown): OnCallConfig {
  const { config, problems } = parseOnCall(value, unknownPlace('bellwether.yml'), {
    receivers: undefined,
    parseMatchers: parseTestMatchers,
    directory: '/etc/bellwether',
  });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  return config;
}

export function fingerprint(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export function alertView(n: number, fields: Partial<OnCallAlert> = {}): OnCallAlertView {
  const alert: OnCallAlert = {
    fingerprint: fingerprint(n),
    labels: Labels.fromObject({ alertname: `Alert${n}`, severity: 'critical' }),
    annotations: Labels.EMPTY,
    startsAtMs: Date.UTC(2026, 10, 23, 9),
    endsAtMs: Date.UTC(2026, 10, 24, 9),
    updatedAtMs: Date.UTC(2026, 10, 23, 9),
    hasTimeout: false,
    generatorUrl: '',
    source: 'api',
    value: undefined,
    ...fields,
  };
  return { alert, isResolved: false, suppressions: [] };
}

/** An alert engine that knows what it was told to know. */
export class FakeEngine {
  readonly views = new Map<string, OnCallAlertView>();

  put(view: OnCallAlertView): void {
    this.views.set(view.alert.fingerprint, view);
  }

  resolve(n: number, atMs: number): void {
    const view = this.views.get(fingerprint(n))!;
    this.put({ ...view, alert: { ...view.alert, endsAtMs: atMs }, isResolved: true });
  }

  silence(n: number, isSilenced: boolean): void {
    const view = this.views.get(fingerprint(n))!;
    this.put({ ...view, suppressions: isSilenced ? [{ kind: 'silenced' }] : [] });
  }
}

export interface World {
  readonly clock: FakeClock;
  readonly documents: FakeDocuments;
  readonly engine: FakeEngine;
  readonly events: OnCallEvent[];
  readonly told: OnCallTellRequest[];
  readonly requests: OutboundRequest[];
  /** How the next requests are answered. */
  outcome: (request: OnCallTellRequest) => Promise<readonly OnCallTellOutcome[]>;
}

export function createWorld(nowMs?: number): World {
  return {
    clock: new FakeClock(nowMs),
    documents: new FakeDocuments(),
    engine: new FakeEngine(),
    events: [],
    told: [],
    requests: [],
    outcome: async () => [{ integration: 'x', isDelivered: true, detail: 'ok' }],
  };
}

const accepted: OutboundResponse = {
  status: 200,
  statusText: 'OK',
  headers: {},
  body: new Uint8Array(),
  receivedBytes: 0,
  url: '',
};

/** On-call in a world, started, with what the engine knows. */
export async function startOnCall(world: World, config: OnCallConfig): Promise<OnCall> {
  const { clock, documents, engine } = world;
  const onCall = await createOnCall({
    config,
    clock,
    documents,
    alertOf: (fingerprint) => engine.views.get(fingerprint),
    tell: (request) => {
      world.told.push(request);
      return world.outcome(request);
    },
    record: (events) => world.events.push(...events),
    externalUrl: 'https://bell.example',
    http: {
      async request(request) {
        world.requests.push(request);
        return accepted;
      },
    },
    log: silentLog,
  });
  await onCall.start();
  await changed(world, onCall);
  return onCall;
}

/** The engine reports a change, and everything that follows from it at once happens. */
export async function changed(world: World, onCall: OnCall): Promise<void> {
  onCall.onAlerts([...world.engine.views.values()]);
  await world.clock.advance(100);
}
