import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogFields } from '../lib/log.ts';
import type { DeliveryOutcome, Notification } from '../model/notification.ts';
import { ALERTMANAGER_FUNCTIONS, compileTemplates } from '../templates/index.ts';
import { DeliveryError, type SendContext, type SendResult } from './channel.ts';
import { exampleNotification } from './channels/channel-suite.ts';
import {
  fakeChannel,
  fakeIntegration,
  notifierBench,
  numberedNotification,
  settle,
} from './notify-test-kit.ts';

const OK: SendResult = { detail: '200 OK' };
const never = () => new Promise<never>(() => {});
const busy = (retryAfterMs?: number) =>
  new DeliveryError({ message: '503 Service Unavailable', isRetryable: true, retryAfterMs });
const refused = () => new DeliveryError({ message: '400 Bad Request', isRetryable: false });

/** A channel that does these things one after the other, and the last for ever. */
function scripted(...steps: (() => SendResult | Promise<SendResult>)[]) {
  const seen: { notification: Notification; context: SendContext<unknown> }[] = [];
  const send = async (notification: Notification, context: SendContext<unknown>): Promise<SendResult> => {
    seen.push({ notification, context });
    return await steps[Math.min(seen.length, steps.length) - 1]!();
  };
  return { seen, send };
}

const failing = (error: () => Error) => () => {
  throw error();
};

/** Whether it was resolved by now. */
async function stateOf(promise: Promise<DeliveryOutcome>): Promise<DeliveryOutcome | 'pending'> {
  await settle();
  return await Promise.race([promise, Promise.resolve('pending' as const)]);
}

describe('delivery', () => {
  test('one attempt that succeeds', async () => {
    const { seen, send } = scripted(() => ({ detail: '200 OK', state: 'ts=1' }));
    const bench = notifierBench([fakeChannel(send)]);
    expect(await bench.deliver({ previous: 'ts=0' })).toEqual({
      isDelivered: true,
      attempts: 1,
      latencyMs: 0,
      detail: '200 OK',
      isPermanent: false,
      state: 'ts=1',
      isDigested: false,
    });
    expect(seen[0]!.context.previous).toBe('ts=0');
    expect(bench.lines).toEqual(['attempted fake delivered 0', 'notified fake delivered 0']);
  });

  test('pauses grow to a bound, and it ends after the last attempt', async () => {
    const { seen, send } = scripted(failing(() => busy()));
    const policy = { maxAttempts: 5, firstRetryMs: 1000, maxRetryMs: 3000 };
    const bench = notifierBench([fakeChannel(send)], { policy });
    const outcome = bench.deliver();
    const times: number[] = [];
    for (let ms = 0; ms <= 10_000; ms += 500) {
      times.push(seen.length);
      await bench.clock.advance(500);
    }
    expect(seen.map(({ context }) => context.nowMs - seen[0]!.context.nowMs)).toEqual([
      0, 1000, 3000, 6000, 9000,
    ]);
    expect(await outcome).toMatchObject({
      isDelivered: false,
      attempts: 5,
      latencyMs: 9000,
      isPermanent: false,
      detail: '503 Service Unavailable',
    });
    expect(bench.lines.filter((line) => line.startsWith('retried'))).toHaveLength(4);
  });

  test('the pause is a random part of its bound', async () => {
    const { seen, send } = scripted(
      failing(() => busy()),
      () => OK,
    );
    const bench = notifierBench([fakeChannel(send)], { random: () => 0.25 });
    const outcome = bench.deliver();
    await bench.clock.advance(249);
    expect(seen).toHaveLength(1);
    await bench.clock.advance(1);
    expect(seen).toHaveLength(2);
    expect((await outcome).attempts).toBe(2);
  });

  test('what cannot help is not tried again', async () => {
    const { seen, send } = scripted(failing(refused));
    const bench = notifierBench([fakeChannel(send)]);
    expect(await bench.deliver()).toMatchObject({ isDelivered: false, attempts: 1, isPermanent: true });
    expect(seen).toHaveLength(1);
  });

  test('an error nobody expects may be tried again', async () => {
    const { send } = scripted(
      failing(() => new TypeError('x is not a function')),
      () => OK,
    );
    const bench = notifierBench([fakeChannel(send)]);
    const outcome = bench.deliver();
    await bench.clock.advance(1000);
    expect(await outcome).toMatchObject({ isDelivered: true, attempts: 2 });
  });

  test('a channel that is unknown, or throws at once', async () => {
    const bench = notifierBench([]);
    expect(await bench.deliver()).toMatchObject({ isDelivered: false, isPermanent: true, attempts: 0 });
    const throwing = notifierBench([
      fakeChannel(() => {
        throw refused();
      }),
    ]);
    expect(await throwing.deliver()).toMatchObject({ isDelivered: false, attempts: 1 });
  });

  test('Retry-After is waited for, up to a bound, and others wait with it', async () => {
    const { seen, send } = scripted(
      failing(() => busy(30_000)),
      failing(() => busy(9e9)),
      () => OK,
    );
    const bench = notifierBench([fakeChannel(send)], { policy: { maxRetryAfterMs: 60_000 } });
    const first = bench.deliver();
    await settle();
    const second = bench.deliver({ notification: numberedNotification(2) });
    await bench.clock.advance(29_999);
    expect(seen).toHaveLength(1);
    expect(bench.notifier.status()[0]).toMatchObject({ nextTryAtMs: bench.clock.now() + 1, pending: 2 });
    await bench.clock.advance(1);
    // One of them was asked to wait again, for longer than the bound, and the other waits with it.
    expect(seen).toHaveLength(2);
    await bench.clock.advance(59_999);
    expect(seen).toHaveLength(2);
    await bench.clock.advance(1);
    expect(seen).toHaveLength(4);
    expect((await first).isDelivered && (await second).isDelivered).toBe(true);
  });

  test('an attempt ends when its time is over, whether or not the channel listens', async () => {
    const { seen, send } = scripted(never, () => OK);
    const bench = notifierBench([fakeChannel(send)], { policy: { attemptTimeoutMs: 5000 } });
    const outcome = bench.deliver();
    await bench.clock.advance(5000);
    expect(seen[0]!.context.signal.aborted).toBe(true);
    expect(bench.notifier.status()[0]).toMatchObject({ lastFailure: 'no answer within 5s' });
    await bench.clock.advance(1000);
    expect(await outcome).toMatchObject({ isDelivered: true, attempts: 2, latencyMs: 6000 });
  });

  test('a timeout in the settings counts, within bounds', async () => {
    const { seen, send } = scripted(() => OK);
    const bench = notifierBench([fakeChannel(send)]);
    for (const timeout of [2500, 0, 9e9])
      await bench.deliver({ integration: fakeIntegration({ settings: { timeout } }) });
    expect(seen.map(({ context }) => context.timeoutMs)).toEqual([2500, 10_000, 300_000]);
  });

  test('the signal ends attempts and pauses', async () => {
    const abort = new AbortController();
    const { seen, send } = scripted(
      failing(() => busy()),
      never,
    );
    const bench = notifierBench([fakeChannel(send)]);
    const inPause = bench.deliver({ signal: abort.signal });
    await settle();
    abort.abort();
    expect(await inPause).toMatchObject({
      isDelivered: false,
      attempts: 1,
      isPermanent: false,
      detail: 'given up after 1 attempt: 503 Service Unavailable',
    });
    const second = new AbortController();
    const inAttempt = bench.deliver({ signal: second.signal });
    await settle();
    second.abort();
    expect(await inAttempt).toMatchObject({ isDelivered: false, detail: 'given up after 1 attempt' });
    expect(await bench.deliver({ signal: second.signal })).toMatchObject({ isDelivered: false, attempts: 0 });
    expect(seen).toHaveLength(2);
    expect(bench.clock.timers).toBe(0);
  });

  test('a detail is one line of at most 500 characters; a state that is too long is none', async () => {
    const detail = `a\r\nb\0${'x'.repeat(1000)}`;
    const { send } = scripted(
      () => ({ detail, state: 'x'.repeat(4097) }),
      () => ({ detail: 'ok', state: 'x'.repeat(4096) }),
    );
    const bench = notifierBench([fakeChannel(send)]);
    const outcome = await bench.deliver();
    expect(outcome.detail).toHaveLength(500);
    expect(outcome.detail.startsWith('a b\ufffdxxx')).toBe(true);
    expect(outcome.detail.endsWith('…')).toBe(true);
    expect(outcome.state).toBeUndefined();
    expect((await bench.deliver()).state).toHaveLength(4096);
  });

  test('what attempts have done is known to the next, and to no other delivery', async () => {
    const done: number[] = [];
    const bench = notifierBench([
      fakeChannel(async (_, context) => {
        done.push(context.done.size);
        context.done.add('a');
        if (done.length === 1) throw busy();
        return OK;
      }),
    ]);
    const outcome = bench.deliver();
    await bench.clock.advance(1000);
    await outcome;
    await bench.deliver();
    expect(done).toEqual([0, 1, 0]);
  });
});

describe('several integrations', () => {
  test('one that hangs holds its own slots, and no others', async () => {
    const good = scripted(() => OK);
    const bench = notifierBench([fakeChannel(never), fakeChannel(good.send, { name: 'good' })], {
      policy: { maxConcurrentPerIntegration: 2, maxConcurrent: 3 },
    });
    const hanging = Array.from({ length: 10 }, (_, i) =>
      bench.deliver({ notification: numberedNotification(i) }),
    );
    const other = fakeIntegration({ id: 'team/good/0', channel: 'good' });
    expect(await bench.deliver({ integration: other })).toMatchObject({ isDelivered: true });
    expect(bench.notifier.status().map(({ integration, pending }) => [integration, pending])).toEqual([
      ['team/fake/0', 10],
      ['team/good/0', 0],
    ]);
    await bench.notifier.stop();
    for (const outcome of await Promise.all(hanging)) expect(outcome.isDelivered).toBe(false);
  });

  test('no more at the same time than allowed', async () => {
    let now = 0;
    let most = 0;
    const releases: (() => void)[] = [];
    const bench = notifierBench(
      [
        fakeChannel(async () => {
          most = Math.max(most, ++now);
          await new Promise<void>((resolve) => releases.push(resolve));
          now--;
          return OK;
        }),
      ],
      { policy: { maxConcurrentPerIntegration: 3 } },
    );
    const all = Array.from({ length: 10 }, (_, i) =>
      bench.deliver({ notification: numberedNotification(i) }),
    );
    await settle();
    while (releases.length > 0 || now > 0) {
      for (const release of releases.splice(0)) release();
      await settle();
    }
    await Promise.all(all);
    expect(most).toBe(3);
  });

  test('too many are refused at once, and say so', async () => {
    const bench = notifierBench([fakeChannel(never)], { policy: { maxWaitingPerIntegration: 2 } });
    void bench.deliver();
    void bench.deliver();
    expect(await bench.deliver()).toMatchObject({
      isDelivered: false,
      attempts: 0,
      isPermanent: false,
      detail: 'more than 2 notifications are waiting',
    });
    await bench.notifier.stop();
  });
});

describe('rate limit', () => {
  test('what is too much becomes one digest, and every outcome is that of the digest', async () => {
    const { seen, send } = scripted(() => ({ detail: '200 OK', state: 'ts=1' }));
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 2 })]);
    const outcomes = [0, 1, 2, 3, 4].map((i) => bench.deliver({ notification: numberedNotification(i) }));
    await settle();
    expect(seen).toHaveLength(2);
    expect(bench.notifier.status()[0]).toMatchObject({ gathered: 3, pending: 3 });
    expect(await stateOf(outcomes[2]!)).toBe('pending');
    await bench.clock.advance(29_999);
    expect(seen).toHaveLength(2);
    await bench.clock.advance(1);
    expect(seen).toHaveLength(3);
    const digest = seen[2]!.notification;
    expect(digest.alerts.map(({ labels }) => labels.get('instance'))).toEqual([
      'web-2:9090',
      'web-3:9090',
      'web-4:9090',
    ]);
    expect(digest.groupLabels.toObject()).toEqual({
      alertname: 'HighErrorRate',
      digest: '3 notifications in one because of the rate limit',
    });
    expect(await seen[2]!.context.render('{{ template "__subject" . }}')).toContain('3 notifications in one');
    expect(seen[2]!.context.previous).toBeUndefined();
    for (const outcome of await Promise.all(outcomes.slice(2)))
      expect(outcome).toMatchObject({
        isDelivered: true,
        isDigested: true,
        attempts: 1,
        state: undefined,
        detail: '200 OK (3 notifications in one because of the rate limit)',
      });
    expect((await outcomes[0]!).isDigested).toBe(false);
    expect(bench.lines).toContain('digested fake 3');
    expect(bench.lines.filter((line) => line.startsWith('notified fake delivered'))).toHaveLength(5);
  });

  test('a digest that fails failed for all', async () => {
    const { send } = scripted(() => OK, failing(refused));
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 1 })]);
    const outcomes = [0, 1, 2].map((i) => bench.deliver({ notification: numberedNotification(i) }));
    await bench.clock.advance(60_000);
    for (const outcome of await Promise.all(outcomes.slice(1)))
      expect(outcome).toMatchObject({ isDelivered: false, isDigested: true, isPermanent: true });
  });

  test('one alone is sent as it is', async () => {
    const { seen, send } = scripted(() => ({ detail: 'ok', state: 's' }));
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 1 })]);
    await bench.deliver();
    const second = numberedNotification(2);
    const outcome = bench.deliver({ notification: second, previous: 'p' });
    await bench.clock.advance(60_000);
    expect(await outcome).toMatchObject({ isDelivered: true, isDigested: false, state: 's' });
    expect(seen[1]!.notification).toBe(second);
    expect(seen[1]!.context.previous).toBe('p');
  });

  test('incidents are never gathered: each waits for its turn', async () => {
    const { seen, send } = scripted(() => OK);
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 1, isPerGroup: true })]);
    const all = [0, 1, 2].map((i) => bench.deliver({ notification: numberedNotification(i) }));
    await bench.clock.advance(60_000);
    expect(seen).toHaveLength(2);
    await bench.clock.advance(60_000);
    expect(seen.map(({ notification }) => notification.id)).toEqual(
      [0, 1, 2].map((i) => numberedNotification(i).id),
    );
    for (const outcome of await Promise.all(all))
      expect(outcome).toMatchObject({ isDelivered: true, isDigested: false });
  });

  test('a signal takes one out of the digest', async () => {
    const { seen, send } = scripted(() => OK);
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 1 })]);
    await bench.deliver();
    const abort = new AbortController();
    const gone = bench.deliver({ notification: numberedNotification(1), signal: abort.signal });
    const stays = bench.deliver({ notification: numberedNotification(2) });
    await settle();
    abort.abort();
    expect(await gone).toMatchObject({ isDelivered: false, attempts: 0, isPermanent: false });
    await bench.clock.advance(60_000);
    expect(await stays).toMatchObject({ isDelivered: true });
    expect(seen[1]!.notification.id).toBe(numberedNotification(2).id);
  });

  test('tests do not wait', async () => {
    const { seen, send } = scripted(
      () => OK,
      failing(() => busy(60_000)),
      () => OK,
    );
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 1 })]);
    await bench.deliver();
    const signal = new AbortController().signal;
    expect(await bench.notifier.sendTest(fakeIntegration(), signal)).toMatchObject({
      isDelivered: false,
      attempts: 1,
    });
    expect(await bench.notifier.sendTest(fakeIntegration(), signal)).toMatchObject({ isDelivered: true });
    expect(seen.map(({ notification }) => notification.reason)).toEqual(['group', 'test', 'test']);
    expect(seen[1]!.notification.id).not.toBe(seen[2]!.notification.id);
  });
});

describe('secrets', () => {
  test('are in no detail, status or line of the log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bellwether-notify-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    for (const name of ['key', 'bearer', 'header']) writeFileSync(join(folder, name), `${name}-from-file\n`);
    const lines: string[] = [];
    const add = (fields: LogFields, message: string) =>
      void lines.push(`${JSON.stringify(fields)} ${message}`);
    const log = { debug: add, info: add, warn: add, error: add };
    const all =
      'token-in-settings key-from-file bearer-from-file header-from-file proxy-password header-secret';
    const url = 'https://user:pass%40word@example.org/x?token=ZZTOKENZZ&y=1';
    const bench = notifierBench(
      [
        fakeChannel(async (_, context) => {
          expect(await context.secret(undefined, join(folder, 'key'))).toBe('key-from-file');
          context.log.info({ all, nested: [{ all }], error: new Error(all) }, all);
          throw new DeliveryError({
            message: `${all} ${encodeURIComponent('odd&secret')} ${url}`,
            isRetryable: false,
          });
        }),
      ],
      { log },
    );
    const integration = fakeIntegration({
      settings: { token: { a: ['token-in-settings', 'odd&secret'] } },
      http: {
        credentials: { kind: 'authorization', type: 'Bearer', credentialsFile: join(folder, 'bearer') },
        headers: {
          'x-key': { values: ['header-secret'], files: [join(folder, 'header'), join(folder, 'none')] },
        },
        proxy: { url: 'http://me:proxy-password@proxy.example:3128' },
      },
    });
    const outcome = await bench.deliver({ integration });
    const said = JSON.stringify([outcome, bench.notifier.status(), lines]);
    for (const secret of [...all.split(' '), 'odd%26secret', 'pass%40word', 'ZZTOKENZZ'])
      expect(said).not.toContain(secret);
    expect(outcome.detail).toContain('<secret>');
    expect(outcome.detail).toContain('y=1');
    expect(lines.length).toBeGreaterThan(1);
  });

  test('a file that cannot be read is a failure that says which', async () => {
    const bench = notifierBench(
      [
        fakeChannel(async (_, context) => {
          await context.secret(undefined, '/nowhere/secret');
          return OK;
        }),
      ],
      { policy: { maxAttempts: 1 } },
    );
    expect((await bench.deliver()).detail).toBe('cannot read the secret in /nowhere/secret: ENOENT');
  });
});

describe('what a channel is given', () => {
  test('texts, with mistakes in them as text', async () => {
    const { seen, send } = scripted(() => OK);
    const bench = notifierBench([fakeChannel(send)]);
    await bench.deliver({ notification: exampleNotification() });
    const { context } = seen[0]!;
    expect(await context.render('{{ .Status }} {{ len .Alerts }} {{ .ExternalURL }}')).toBe(
      'firing 1 https://bellwether.example',
    );
    expect(await context.render('<b>{{ "<i>" }}</b>', { isHtml: true })).toBe('<b>&lt;i&gt;</b>');
    expect(await context.render('{{ .Nope }}')).toContain('Nope');
    expect(await context.secret(undefined, undefined)).toBeUndefined();
    expect(await context.secret('a', '/nowhere')).toBe('a');
  });

  test('a client with the settings of the integration, that is made anew when they change', async () => {
    const headers: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers['x-from'] as string | undefined);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const bench = notifierBench([
      fakeChannel(async (_, { http, signal }) => {
        await http.request({ url, timeoutMs: 10_000, maxBodyBytes: 10, signal });
        return OK;
      }),
    ]);
    const withHeader = (value: string) =>
      fakeIntegration({ http: { headers: { 'x-from': { values: [value], files: [] } } } });
    await bench.deliver();
    await bench.deliver({ integration: withHeader('a') });
    await bench.deliver({ integration: withHeader('b') });
    expect(headers).toEqual([undefined, 'a', 'b']);
    await bench.notifier.stop();
    server.closeAllConnections();
  });

  test('addresses of metadata services are refused, and that is permanent', async () => {
    const bench = notifierBench(
      [
        fakeChannel(async (_, { http, signal }) => {
          await http.request({
            url: 'http://169.254.169.254/latest',
            timeoutMs: 10_000,
            maxBodyBytes: 10,
            signal,
          });
          return OK;
        }),
      ],
      { addressPolicy: undefined },
    );
    const outcome = await bench.deliver();
    expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
    expect(outcome.detail).toContain('metadata');
  });
});

describe('reload, status and stop', () => {
  const other = compileTemplates([{ name: 'x', text: '{{ define "x" }}other{{ end }}' }], {
    functions: ALERTMANAGER_FUNCTIONS,
  });

  test('templates change; status of what stays is kept', async () => {
    const texts: string[] = [];
    const bench = notifierBench(
      [
        fakeChannel(async (_, context) => {
          texts.push(await context.render('{{ template "x" . }}'));
          return OK;
        }),
      ],
      { integrations: [fakeIntegration(), fakeIntegration({ index: 1 })] },
    );
    expect(bench.notifier.status()).toHaveLength(2);
    await bench.deliver();
    bench.notifier.reload(other, [fakeIntegration(), fakeIntegration({ index: 2 })]);
    await bench.deliver();
    expect(texts[0]).toContain('not defined');
    expect(texts[1]).toBe('other');
    expect(
      bench.notifier.status().map(({ integration, lastSuccessAtMs }) => [integration, lastSuccessAtMs]),
    ).toEqual([
      ['team/fake/0', bench.clock.now()],
      ['team/fake/2', undefined],
    ]);
  });

  test('what is being sent outlives a reload that removes its integration', async () => {
    const { send } = scripted(
      failing(() => busy()),
      () => OK,
    );
    const bench = notifierBench([fakeChannel(send)]);
    const outcome = bench.deliver();
    await settle();
    bench.notifier.reload(other, []);
    expect(bench.notifier.status()).toEqual([]);
    await bench.clock.advance(1000);
    expect(await outcome).toMatchObject({ isDelivered: true, attempts: 2 });
  });

  test('status tells of successes, failures and the next try', async () => {
    const { send } = scripted(
      () => OK,
      failing(() => busy()),
    );
    const bench = notifierBench([fakeChannel(send)]);
    await bench.deliver();
    const successAtMs = bench.clock.now();
    await bench.clock.advance(5000);
    void bench.deliver();
    await settle();
    expect(bench.notifier.status()).toEqual([
      {
        integration: 'team/fake/0',
        receiver: 'team',
        channel: 'fake',
        lastSuccessAtMs: successAtMs,
        lastFailureAtMs: bench.clock.now(),
        lastFailure: '503 Service Unavailable',
        lastLatencyMs: 0,
        consecutiveFailures: 1,
        delivered: 1,
        failed: 0,
        nextTryAtMs: bench.clock.now() + 1000,
        pending: 1,
        gathered: 0,
      },
    ]);
    await bench.notifier.stop();
  });

  test('stop ends everything, and nothing begins afterwards', async () => {
    const { seen, send } = scripted(never);
    const bench = notifierBench([fakeChannel(send, { messagesPerMinute: 2 })]);
    const all = [0, 1, 2, 3].map((i) => bench.deliver({ notification: numberedNotification(i) }));
    await settle();
    await bench.notifier.stop();
    for (const outcome of await Promise.all(all)) expect(outcome.isDelivered).toBe(false);
    expect(await bench.deliver()).toMatchObject({ isDelivered: false, detail: 'the server is stopping' });
    expect(seen).toHaveLength(2);
    expect(bench.clock.timers).toBe(0);
  });
});
