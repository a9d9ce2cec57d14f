import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Priority } from '../../model/notification.ts';
import { exampleAlert, exampleNotification, jsonOf, startHttpStandIn } from './channel-suite.ts';
import { DISCORD_PATH, discordExample, startDiscord } from './discord.example.ts';
import { discord } from './discord.ts';
import { fitMessage } from './message.ts';
import { msteamsExample, startMsteams } from './msteams.example.ts';
import { msteams } from './msteams.ts';
import { ntfyExample, startNtfy } from './ntfy.example.ts';
import { ntfy } from './ntfy.ts';
import { opsgenieExample, startOpsgenie } from './opsgenie.example.ts';
import { opsgenie } from './opsgenie.ts';
import { formOf, pushoverExample, startPushover } from './pushover.example.ts';
import { pushover } from './pushover.ts';
import { attempt, closeStandIns, delivered, started } from './testing.ts';

afterEach(closeStandIns);

const resolved = { alerts: [exampleAlert({ status: 'resolved' })] };
const answering = (status: number, body: object) =>
  startHttpStandIn({ answer: () => ({ status, body: JSON.stringify(body) }) });

test('a text is cut so that what stands below it fits', () => {
  const notification = exampleNotification({ truncatedAlerts: 180 });
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 400 }),
      fc.integer({ min: 80, max: 400 }),
      (text, max) => {
        const result = fitMessage(text, notification, max);
        expect(result.length).toBeLessThanOrEqual(max);
        expect(result.endsWith('\n… and 180 more alerts')).toBe(true);
        expect(result.includes('(shortened; 181 alerts in all)')).toBe(
          text.trimEnd().length + '\n… and 180 more alerts'.length > max,
        );
      },
    ),
  );
});

describe('Discord', () => {
  test('update_message: the end changes the first message; a deleted one is sent anew', async () => {
    const standIn = await started(startDiscord);
    const settings = { ...discordExample.settings(standIn), update_message: true };
    const first = await delivered(discord, settings);
    await delivered(discord, settings, { previous: first, notification: resolved });
    expect(standIn.mistakes).toEqual([]);
    expect(standIn.requests.map(({ method }) => method)).toEqual(['POST', 'PATCH']);
    const gone = await started(() =>
      startHttpStandIn({
        answer: ({ method }) => ({ status: method === 'PATCH' ? 404 : 200, body: '{"id":"7"}' }),
      }),
    );
    await delivered(
      discord,
      { ...settings, webhook_url: `${gone.url}${DISCORD_PATH}` },
      { previous: first, notification: resolved },
    );
    expect(gone.requests.map(({ method }) => method)).toEqual(['PATCH', 'POST']);
  });

  test('only whom the configuration names may be called', async () => {
    const standIn = await started(startDiscord);
    const labels = exampleAlert().labels.with('alertname', '@everyone <@&666>');
    const settings = {
      ...discordExample.settings(standIn),
      content: '<@&123> <@456> {{ .CommonLabels.alertname }}',
      username: 'Bell',
      avatar_url: 'https://a.example/a.png',
      thread_id: '99',
    };
    await delivered(discord, settings, { notification: { alerts: [exampleAlert({ labels })] } });
    expect(standIn.mistakes).toEqual([]);
    expect(jsonOf(standIn.requests[0]!)).toMatchObject({
      allowed_mentions: { parse: [], roles: ['123'], users: ['456'] },
      username: 'Bell',
    });
    expect(standIn.requests[0]!.path).toMatch(/\?wait=true&thread_id=99$/);
  });

  test('429 with seconds in the body, and a webhook that is gone', async () => {
    const limited = await started(() =>
      answering(429, { message: 'You are being rate limited.', retry_after: 0.35, global: false }),
    );
    expect(await attempt(discord, { webhook_url: `${limited.url}/a` })).toMatchObject({
      isRetryable: true,
      retryAfterMs: 350,
    });
    const gone = await started(() => answering(404, { message: 'Unknown Webhook', code: 10015 }));
    const result = await attempt(discord, { webhook_url: `${gone.url}/a` });
    expect(result).toMatchObject({ isRetryable: false });
    expect(result.detail).toMatch(/make a new one/);
  });
});

describe('Microsoft Teams', () => {
  test('a text of any signs is cut to 28 KB', async () => {
    const standIn = await started(startMsteams);
    const signs = ['x', '"', 'é', '👍🏿', '\u2028x', 'a\\n'];
    for (const sign of signs)
      await delivered(msteams, { ...msteamsExample.settings(standIn), text: sign.repeat(30_000) });
    expect(standIn.mistakes).toEqual([]);
    for (const request of standIn.requests) {
      expect(Buffer.byteLength(request.body)).toBeLessThanOrEqual(28_000);
      expect(Buffer.byteLength(request.body)).toBeGreaterThan(27_980);
      const { text } = jsonOf(request).attachments[0].content.body[1];
      expect(text).toMatch(/…\n\(shortened; 1 alert in all\)$/);
    }
  });

  test('an old connector says in a body that it failed', async () => {
    const body =
      'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId';
    const standIn = await started(() => startHttpStandIn({ answer: () => ({ body }) }));
    expect(await attempt(msteams, { webhook_url: standIn.url })).toMatchObject({
      isDelivered: false,
      isRetryable: true,
    });
  });

  test('six buttons at most, the last ones among them', async () => {
    const standIn = await started(startMsteams);
    const alerts = [0, 1, 2, 3, 4, 5, 6].map((number) => exampleAlert({ number }));
    await delivered(msteams, msteamsExample.settings(standIn), { notification: { alerts } });
    const { actions } = jsonOf(standIn.requests[0]!).attachments[0].content;
    expect(actions.map(({ title }: { title: string }) => title)).toEqual([
      'Acknowledge web-0:9090',
      'Acknowledge web-1:9090',
      'Acknowledge web-2:9090',
      'Acknowledge web-3:9090',
      'Open',
      'Runbook',
    ]);
  });
});

describe('ntfy', () => {
  test.each([
    ['P0', '', 5],
    ['P3', '', 2],
    ['P3', 'urgent', 5],
    ['P0', '1', 1],
    ['P1', 'nonsense', 4],
  ])('%s with priority "%s" is %i', async (priority, configured, expected) => {
    const standIn = await started(startNtfy);
    const alerts = [exampleAlert({ priority: priority as Priority })];
    await delivered(
      ntfy,
      { ...ntfyExample.settings(standIn), priority: configured },
      { notification: { alerts } },
    );
    expect(jsonOf(standIn.requests[0]!).priority).toBe(expected);
  });

  test('topic in the address, a login, Markdown and one notification for a group', async () => {
    const standIn = await started(startNtfy);
    const more = {
      markdown: true,
      update_message: true,
      tags: ['a, {{ .Status }}', ''],
      icon: 'https://a.example/i.png',
    };
    const settings = { url: `${standIn.url}/my-topic/`, username: 'me', password: 'pa:ss', ...more };
    await delivered(ntfy, settings);
    await delivered(ntfy, settings, { notification: resolved });
    expect(standIn.mistakes).toEqual([]);
    const [first, second] = standIn.requests.map(jsonOf);
    expect(first).toMatchObject({ topic: 'my-topic', markdown: true, tags: ['a', 'firing'] });
    expect(first.message).toContain('**Errors on web-0**');
    expect(first.sequence_id).toBe(second.sequence_id);
    expect(standIn.requests[0]!.headers.authorization).toBe(
      `Basic ${Buffer.from('me:pa:ss').toString('base64')}`,
    );
  });

  test('a message is cut by its bytes', async () => {
    const standIn = await started(startNtfy);
    await delivered(ntfy, { ...ntfyExample.settings(standIn), message: 'é'.repeat(5000) });
    expect(standIn.mistakes).toEqual([]);
    expect(Buffer.byteLength(jsonOf(standIn.requests[0]!).message)).toBeGreaterThan(4090);
  });

  test.each([
    [{}, ['topic']],
    [{ topic: 'a', token: 'x', username: 'y', password: 'z' }, ['token']],
    [{ topic: 'a', username: 'y' }, ['username']],
    [{ url: 'https://ntfy.sh/abc' }, []],
  ])('%j', (settings, paths) =>
    expect(ntfy.check!(ntfy.schema.parse(settings)).map(({ path }) => path.join('.'))).toEqual(paths),
  );
});

describe('Opsgenie', () => {
  test('created and closed under the same alias, with everything of Alertmanager', async () => {
    const standIn = await started(startOpsgenie);
    const settings = {
      ...opsgenieExample.settings(standIn),
      tags: 'a, {{ .CommonLabels.service }},',
      note: 'note',
      entity: 'entity',
      actions: 'restart,ping',
      details: { service: 'mine', extra: '{{ .Status }}' },
      responders: [
        { name: 'x, y', type: 'teams' },
        { username: 'me@example.org', type: 'user' },
        { id: '4513', type: '{{ "Schedule" }}' },
        { name: '{{ "" }}', type: 'team' },
      ],
      update_alerts: true,
    };
    await delivered(opsgenie, settings);
    await delivered(opsgenie, settings, { notification: resolved });
    expect(standIn.mistakes).toEqual([]);
    const alert = jsonOf(standIn.requests[0]!);
    expect(alert).toMatchObject({
      tags: ['a', 'shop'],
      note: 'note',
      entity: 'entity',
      actions: ['restart', 'ping'],
      priority: 'P2',
      responders: [
        { name: 'x', type: 'team' },
        { name: 'y', type: 'team' },
        { username: 'me@example.org', type: 'user' },
        { id: '4513', type: 'schedule' },
      ],
    });
    expect(alert.details).toMatchObject({ service: 'mine', extra: 'firing', alertname: 'HighErrorRate' });
    expect(
      standIn.requests.map(({ method, path }) => `${method} ${path.replace(alert.alias, 'ALIAS')}`),
    ).toEqual([
      'POST /v2/alerts',
      'PUT /v2/alerts/ALIAS/message?identifierType=alias',
      'PUT /v2/alerts/ALIAS/description?identifierType=alias',
      'POST /v2/alerts/ALIAS/close?identifierType=alias',
    ]);
  });

  test('an update that has to be repeated does not create the alert again', async () => {
    const standIn = await started(() =>
      startHttpStandIn({
        answer: ({ method }) => ({ status: method === 'POST' ? 202 : 500, body: '{"requestId":"1"}' }),
      }),
    );
    const settings = { api_url: standIn.url, api_key: 'k', update_alerts: true };
    const done = new Set<string>();
    expect(await attempt(opsgenie, settings, { done })).toMatchObject({ isRetryable: true });
    expect(await attempt(opsgenie, settings, { done })).toMatchObject({ isRetryable: true });
    expect(standIn.requests.map(({ method }) => method)).toEqual(['POST', 'PUT', 'PUT']);
  });

  test('many labels stay within the limit of details', async () => {
    const standIn = await started(startOpsgenie);
    let { labels } = exampleAlert();
    for (let i = 0; i < 40; i++) labels = labels.with(`label_${i}`, 'v'.repeat(900));
    await delivered(opsgenie, opsgenieExample.settings(standIn), {
      notification: { alerts: [exampleAlert({ labels })] },
    });
    expect(standIn.mistakes).toEqual([]);
    expect(jsonOf(standIn.requests[0]!).details.Runbook).toBe('https://bellwether.example/runbooks/errors');
  });

  test.each([[{ type: 'team' }], [{ name: 'a', type: 'nobody' }]])(
    'the responder %j is a mistake',
    (responder) =>
      expect(opsgenie.schema.safeParse({ api_key: 'x', responders: [responder] }).success).toBe(false),
  );
});

describe('Pushover', () => {
  test('an emergency is repeated until it is over', async () => {
    const standIn = await started(startPushover);
    const settings = { ...pushoverExample.settings(standIn), retry: '5s', expire: '1d' };
    const state = await delivered(pushover, settings);
    const end = await delivered(pushover, settings, { previous: state, notification: resolved });
    await delivered(pushover, settings, { previous: end, notification: resolved });
    expect(standIn.mistakes).toEqual([]);
    const { tags, retry, expire, priority } = formOf(standIn.requests[0]!);
    expect({ retry, expire, priority }).toEqual({ retry: '30', expire: '10800', priority: '2' });
    expect(standIn.requests.map(({ path }) => path)).toEqual([
      '/1/messages.json',
      `/1/receipts/cancel_by_tag/${tags}.json`,
      '/1/messages.json',
      '/1/messages.json',
    ]);
  });

  test('HTML is cut between tags', async () => {
    const standIn = await started(startPushover);
    const message = `<b>{{ range .Alerts }}${'<i>x & y</i> '.repeat(200)}{{ end }}</b><script>`;
    await delivered(pushover, { ...pushoverExample.settings(standIn), html: true, message });
    expect(standIn.mistakes).toEqual([]);
    const form = formOf(standIn.requests[0]!);
    expect(form.html).toBe('1');
    expect(form.message).toMatch(/^<b>(<i>x &amp; y<\/i> )+.*…(<\/i>)?<\/b>\n\(shortened; 1 alert in all\)$/);
  });

  test('other keys of Alertmanager', async () => {
    const standIn = await started(startPushover);
    const more = {
      priority: '1',
      ttl: '2h',
      device: 'phone',
      sound: 'siren',
      monospace: true,
      message: '{{ "" }}',
    };
    const settings = {
      ...pushoverExample.settings(standIn),
      ...more,
      url: 'https://a.example/',
      url_title: 'here',
    };
    await delivered(pushover, settings);
    expect(standIn.mistakes).toEqual([]);
    expect(formOf(standIn.requests[0]!)).toMatchObject({
      priority: '1',
      ttl: '7200',
      device: 'phone',
      sound: 'siren',
      monospace: '1',
      url: 'https://a.example/',
      url_title: 'here',
      message: '[FIRING] team-shop',
    });
  });

  test('html and monospace contradict each other', () => {
    const settings = pushover.schema.parse({ user_key: 'a', token: 'b', html: true, monospace: true });
    expect(pushover.check!(settings).map(({ path }) => path.join('.'))).toEqual(['monospace']);
  });
});
