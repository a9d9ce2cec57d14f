import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Log, LogFields } from '../../lib/log.ts';
import { allowAllAddresses, createOutboundClient } from '../../lib/outbound.ts';
import type { Notification } from '../../model/notification.ts';
import { ALERTMANAGER_FUNCTIONS, compileTemplates, DEFAULT_TEMPLATES } from '../../templates/index.ts';
import { type AttemptResult, runAttempt } from '../attempt.ts';
import { templateData } from '../notification-data.ts';
import { CHANNELS } from '../registry.ts';
import { Secrets, secretTexts } from '../secrets.ts';
import { EXAMPLES } from './all-examples.ts';
import {
  assertReadable,
  type ChannelExample,
  EXAMPLE_NOW_MS,
  exampleAlert,
  exampleNotification,
  HOSTILE_VALUES,
  hostileNotification,
  type StandIn,
} from './channel-suite.ts';

const TEMPLATES = compileTemplates(DEFAULT_TEMPLATES, { functions: ALERTMANAGER_FUNCTIONS });

/** One channel with its stand-in. */
class Bench {
  readonly example: ChannelExample<unknown>;
  readonly standIn: StandIn<unknown>;
  readonly lines: string[] = [];
  settings: Record<string, unknown>;
  fireTimeout: () => void = () => {};

  constructor(example: ChannelExample<unknown>, standIn: StandIn<unknown>) {
    this.example = example;
    this.standIn = standIn;
    this.settings = example.settings(standIn);
  }

  get log(): Log {
    const add = (fields: LogFields, message: string) =>
      void this.lines.push(`${JSON.stringify(fields)} ${message}`);
    return { debug: add, info: add, warn: add, error: add };
  }

  async send(
    notification: Notification,
    options: { previous?: string; signal?: AbortSignal; settings?: Record<string, unknown> } = {},
  ): Promise<AttemptResult> {
    const { definition } = this.example;
    const settings = definition.schema.parse(options.settings ?? this.settings);
    const secrets = new Secrets();
    for (const text of secretTexts(settings, definition.secretKeys)) secrets.add(text);
    const http = createOutboundClient({ policy: allowAllAddresses, env: {} });
    try {
      return await runAttempt({
        definition,
        settings,
        notification,
        data: templateData(notification),
        templates: TEMPLATES,
        previous: options.previous,
        http,
        secrets,
        timeoutMs: 60_000,
        signal: options.signal ?? new AbortController().signal,
        nowMs: EXAMPLE_NOW_MS,
        after: (_, call) => {
          this.fireTimeout = call;
          return () => {};
        },
        log: this.log,
      });
    } finally {
      await http.close();
    }
  }

  /** Sends; it must be delivered, as documented. The last request. */
  async deliver(notification: Notification): Promise<unknown> {
    const result = await this.send(notification);
    expect(this.standIn.mistakes).toEqual([]);
    expect(result).toMatchObject({ isDelivered: true });
    const request = this.standIn.requests.at(-1);
    this.example.verify(request, notification);
    for (const text of this.example.texts(request)) assertReadable(text);
    for (const { name, used, max } of this.example.sizes?.(request) ?? [])
      expect(used, name).toBeLessThanOrEqual(max);
    return request;
  }

  expectNoSecrets(result: AttemptResult): void {
    const said = `${JSON.stringify(result)}\n${this.lines.join('\n')}`;
    for (const secret of this.example.secrets) expect(said).not.toContain(secret);
    expect(result.detail.length).toBeLessThanOrEqual(500);
    expect(result.detail).not.toMatch(/[\r\n\0]/);
  }
}

async function bench(example: ChannelExample<unknown>): Promise<Bench> {
  const standIn = await example.startStandIn();
  onTestFinished(() => standIn.close());
  return new Bench(example, standIn);
}

function tempFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bellwether-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'secret'), content);
  return join(folder, 'secret');
}

const MANY = Array.from({ length: 200 }, (_, number) => exampleAlert({ number }));

test('every channel has an example', () => {
  const names = new Set(EXAMPLES.map(({ definition }) => definition.name));
  expect(CHANNELS.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
});

test('names and keys of channels are unique', () => {
  for (const key of ['name', 'title', 'configKey'] as const)
    expect(new Set(CHANNELS.map((channel) => channel[key])).size).toBe(CHANNELS.length);
});

describe.each(EXAMPLES.map((example, index) => ({ name: `${index} ${example.definition.name}`, example })))(
  'channel $name',
  ({ example }) => {
    const has = (fault: string) => (example.faults as readonly string[]).includes(fault);

    test('its settings are read, and unknown keys refused', async () => {
      const { settings } = await bench(example);
      const { schema, check } = example.definition;
      expect(check?.(schema.parse(settings)) ?? []).toEqual([]);
      expect(schema.safeParse({ ...settings, no_such_key: 1 }).success).toBe(false);
      for (const key of ['send_resolved', 'http_config'])
        expect(schema.safeParse({ ...settings, [key]: true }).success).toBe(false);
    });

    test('tells of alerts that fire', async () => {
      const one = await bench(example);
      await one.deliver(exampleNotification());
      expect(one.standIn.requests).toHaveLength(1);
    });

    test('tells of resolved alerts', async () => {
      const one = await bench(example);
      const alerts = [exampleAlert({ status: 'resolved' }), exampleAlert({ status: 'resolved', number: 1 })];
      await one.deliver(exampleNotification({ alerts }));
    });

    test('tells of alerts without annotations and labels', async () => {
      const one = await bench(example);
      const empty = exampleNotification().groupLabels.pick(new Set());
      const alerts = [exampleAlert({ annotations: empty, labels: empty, generatorUrl: '' })];
      await one.deliver(exampleNotification({ alerts, groupLabels: empty }));
    });

    test('says when it does not show all of many alerts', async () => {
      const one = await bench(example);
      const max = example.definition.maxAlerts ?? MANY.length;
      const alerts = MANY.slice(0, max);
      const truncatedAlerts = MANY.length - alerts.length;
      const request = await one.deliver(exampleNotification({ alerts, truncatedAlerts }));
      const text = example.texts(request).join('\n') || JSON.stringify(request);
      const hasAll = MANY.every((_, number) => text.includes(`web-${number}:9090`));
      if (!hasAll) expect(text).toMatch(/…|200|\d+ more|[Ff]irst \d+ of \d+|truncated/);
    });

    test('says how many alerts it was not given', async () => {
      const one = await bench(example);
      const request = await one.deliver(exampleNotification({ truncatedAlerts: 37 }));
      expect(example.texts(request).join('\n') || JSON.stringify(request)).toContain('37');
    });

    test.each(HOSTILE_VALUES)('%s in labels and annotations stay what they are', async (_, value) => {
      const one = await bench(example);
      await one.deliver(hostileNotification(value));
    });

    test('a repetition has the same keys, another delivery of the group the same key for it', async () => {
      const one = await bench(example);
      const notification = exampleNotification();
      const requests = [
        await one.deliver(notification),
        await one.deliver(notification),
        await one.deliver(exampleNotification({ id: 'ffffffffffffffffffffffffffffffff' })),
        await one.deliver(exampleNotification({ groupKey: '{}:{alertname="Other"}' })),
      ];
      const keys = requests.map((request) => example.idempotencyKey?.(request));
      if (example.idempotencyKey !== undefined) {
        expect(keys[0]).toBeDefined();
        expect(keys[1]).toBe(keys[0]);
        expect(keys[2]).not.toBe(keys[0]);
      }
      const groups = requests.map((request) => example.groupKey?.(request));
      if (example.groupKey === undefined) return;
      expect(groups[0]).toBeDefined();
      expect(groups[2]).toBe(groups[0]);
      expect(groups[3]).not.toBe(groups[0]);
    });

    test.each(example.fileKeys.map((key) => [key]))('takes %s from a file', async (key) => {
      const one = await bench(example);
      const { [key]: secret, ...others } = one.settings;
      const file = tempFile(`${String(secret)}\n`);
      one.settings = { ...others, [`${key}_file`]: file };
      await one.deliver(exampleNotification());
      one.expectNoSecrets(await one.send(exampleNotification()));
      const both = example.definition.schema.parse({ ...one.settings, [key]: secret });
      expect(example.definition.check?.(both)).not.toEqual([]);
      one.settings = { ...others, [`${key}_file`]: `${file}-missing` };
      const missing = await one.send(exampleNotification());
      expect(missing).toMatchObject({ isDelivered: false, detail: expect.stringContaining('-missing') });
    });

    test('says what was answered, without secrets', async () => {
      const one = await bench(example);
      const result = await one.send(exampleNotification());
      expect(result.detail).not.toBe('');
      one.expectNoSecrets(result);
    });

    test.runIf(has('fail'))('may try again when the service cannot', async () => {
      const one = await bench(example);
      one.standIn.behave({ kind: 'fail' });
      const result = await one.send(exampleNotification());
      expect(result).toMatchObject({ isDelivered: false, isRetryable: true });
      one.expectNoSecrets(result);
    });

    test.runIf(has('refuse'))('does not try again when the service will not', async () => {
      const one = await bench(example);
      one.standIn.behave({ kind: 'refuse' });
      const result = await one.send(exampleNotification());
      expect(result).toMatchObject({ isDelivered: false, isRetryable: false });
      one.expectNoSecrets(result);
    });

    test.runIf(has('limit'))('waits as long as the service asks', async () => {
      const one = await bench(example);
      one.standIn.behave({ kind: 'limit', retryAfterS: 17 });
      const result = await one.send(exampleNotification());
      expect(result).toMatchObject({ isDelivered: false, isRetryable: true, retryAfterMs: 17_000 });
      one.expectNoSecrets(result);
    });

    test.runIf(has('hang'))('gives up when the time is over, or when told', async () => {
      const one = await bench(example);
      one.standIn.behave({ kind: 'hang' });
      const first = one.standIn.nextRequest();
      const late = one.send(exampleNotification());
      await first;
      one.fireTimeout();
      expect(await late).toMatchObject({
        isDelivered: false,
        isRetryable: true,
        detail: 'no answer within 1m',
      });
      const abort = new AbortController();
      const second = one.standIn.nextRequest();
      const cancelled = one.send(exampleNotification(), { signal: abort.signal });
      await second;
      abort.abort();
      expect(await cancelled).toMatchObject({ isDelivered: false, isRetryable: false, detail: 'given up' });
    });

    test.runIf(has('garbage'))('survives an answer that makes no sense', async () => {
      const one = await bench(example);
      one.standIn.behave({ kind: 'garbage' });
      one.expectNoSecrets(await one.send(exampleNotification()));
    });

    // Of those that speak HTTP.
    test.runIf(has('limit'))('a connection that cannot be made may be tried again', async () => {
      const one = await bench(example);
      await one.standIn.close();
      const result = await one.send(exampleNotification());
      expect(result).toMatchObject({ isDelivered: false, isRetryable: true });
      one.expectNoSecrets(result);
    });
  },
);
