import { afterEach, describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import {
  exampleAlert,
  exampleNotification,
  type HttpReceived,
  jsonOf,
  startHttpStandIn,
} from './channel-suite.ts';
import {
  SLACK_TOKEN,
  slackExample,
  slackTexts,
  slackWebhookExample,
  startSlackApi,
} from './slack.example.ts';
import { slack } from './slack.ts';
import { slackThreats, withoutForeignMarkup } from './slack-mentions.ts';
import { attempt, closeStandIns, delivered, started } from './testing.ts';

afterEach(closeStandIns);

const resolved = { alerts: [exampleAlert({ status: 'resolved' })] };
const methodOf = ({ path }: HttpReceived) => path.split('/').at(-1);

/** A Slack API that answers with what it is told to, in order; the last answer again and again. */
function answering(...answers: { status?: number; headers?: Record<string, string>; body: object }[]) {
  let count = 0;
  return startHttpStandIn({
    answer() {
      const answer = answers[Math.min(count++, answers.length - 1)]!;
      return { ...answer, body: JSON.stringify(answer.body) };
    },
  });
}

const settingsFor = (url: string, more: object = {}) => ({
  app_url: `${url}/api/chat.postMessage`,
  app_token: SLACK_TOKEN,
  channel: 'alerts',
  ...more,
});

describe('conversations with a token', () => {
  test('changes are replies that the channel sees; the end changes the first message and is a quiet reply', async () => {
    const standIn = await started(startSlackApi);
    const settings = slackExample.settings(standIn);
    const first = await delivered(slack, settings);
    const second = await delivered(slack, settings, { previous: first, notification: { reason: 'repeat' } });
    const third = await delivered(slack, settings, { previous: second, notification: resolved });
    await delivered(slack, settings, { previous: third });
    expect(standIn.mistakes).toEqual([]);
    expect(standIn.requests.map(methodOf)).toEqual([
      'chat.postMessage',
      'chat.postMessage',
      'chat.update',
      'chat.postMessage',
      'chat.postMessage',
    ]);
    const [begin, repeat, update, end, anew] = standIn.requests.map(jsonOf);
    expect(begin.thread_ts).toBeUndefined();
    expect(repeat).toMatchObject({
      channel: 'C0123456789',
      thread_ts: '1700000000.000001',
      reply_broadcast: true,
    });
    expect(update).toMatchObject({ channel: 'C0123456789', ts: '1700000000.000001' });
    expect(update.attachments[0]).toMatchObject({ color: 'good' });
    expect(end.thread_ts).toBe('1700000000.000001');
    expect(end.reply_broadcast).toBeUndefined();
    expect(anew).toMatchObject({ channel: '#alerts' });
    expect(anew.thread_ts).toBeUndefined();
  });

  test.each([
    ['update_message', { update_message: true }, ['chat.postMessage', 'chat.update', 'chat.update']],
    ['update', { message_strategy: 'update' }, ['chat.postMessage', 'chat.update', 'chat.update']],
    ['new', { message_strategy: 'new' }, ['chat.postMessage', 'chat.postMessage', 'chat.postMessage']],
    ['threads: false', { threads: false }, ['chat.postMessage', 'chat.postMessage', 'chat.postMessage']],
    [
      'threads without updates',
      { threads: true, update_message: false },
      ['chat.postMessage', 'chat.postMessage', 'chat.postMessage'],
    ],
    [
      'thread with an emoji',
      { message_strategy: 'thread', threaded_options: { resolve_emoji: ':white_check_mark:' } },
      ['chat.postMessage', 'chat.postMessage', 'chat.update', 'reactions.add', 'chat.postMessage'],
    ],
  ])('%s', async (_, more, methods) => {
    const standIn = await started(startSlackApi);
    const settings = { ...slackExample.settings(standIn), ...more };
    const first = await delivered(slack, settings);
    const second = await delivered(slack, settings, { previous: first });
    await delivered(slack, settings, { previous: second, notification: resolved });
    expect(standIn.mistakes).toEqual([]);
    expect(standIn.requests.map(methodOf)).toEqual(methods);
  });

  test('a reply that has to be repeated does not change the first message again', async () => {
    const standIn = await started(() =>
      answering({ body: { ok: true } }, { status: 500, body: {} }, { body: { ok: true } }),
    );
    const previous = JSON.stringify({ channel: 'C1', ts: '1700000000.000001' });
    const options = { previous, notification: resolved, done: new Set<string>() };
    expect(await attempt(slack, settingsFor(standIn.url), options)).toMatchObject({ isRetryable: true });
    expect(await attempt(slack, settingsFor(standIn.url), options)).toMatchObject({ isDelivered: true });
    expect(standIn.requests.map(methodOf)).toEqual(['chat.update', 'chat.postMessage', 'chat.postMessage']);
  });

  test('a first message that is gone is replaced by a new one', async () => {
    const standIn = await started(() =>
      answering(
        { body: { ok: false, error: 'message_not_found' } },
        { body: { ok: true, channel: 'C1', ts: '1700000000.000009' } },
      ),
    );
    const previous = JSON.stringify({ channel: 'C1', ts: '1700000000.000001' });
    const state = await delivered(slack, settingsFor(standIn.url, { message_strategy: 'update' }), {
      previous,
    });
    expect(standIn.requests.map(methodOf)).toEqual(['chat.update', 'chat.postMessage']);
    expect(JSON.parse(state!)).toEqual({ channel: 'C1', ts: '1700000000.000009' });
  });

  test('an escalation makes a sound, whatever the strategy', async () => {
    const standIn = await started(startSlackApi);
    const settings = { ...slackExample.settings(standIn), message_strategy: 'update' };
    const first = await delivered(slack, settings);
    await delivered(slack, settings, { previous: first, notification: { reason: 'escalation' } });
    expect(standIn.requests.map(methodOf)).toEqual(['chat.postMessage', 'chat.postMessage']);
  });

  test('the token may be in http_config: the address says that it is a bot', async () => {
    const standIn = await started(() => answering({ body: { ok: true, channel: 'C1', ts: '1.000001' } }));
    const state = await delivered(slack, { api_url: `${standIn.url}/api/chat.postMessage`, channel: 'x' });
    expect(JSON.parse(state!)).toEqual({ channel: 'C1', ts: '1.000001' });
  });
});

describe('refusals with 200', () => {
  test.each([
    ['channel_not_found', false, /must be a member/],
    ['not_in_channel', false, /Invite the bot/],
    ['invalid_auth', false, /xoxb-/],
    ['ratelimited', true, /ratelimited/],
    ['internal_error', true, /internal_error/],
  ])('%s', async (error, isRetryable, message) => {
    const headers = { 'retry-after': '30' };
    const standIn = await started(() => answering({ headers, body: { ok: false, error } }));
    const result = await attempt(slack, settingsFor(standIn.url));
    expect(result).toMatchObject({ isDelivered: false, isRetryable });
    expect(result.detail).toMatch(message);
    if (error === 'ratelimited') expect(result).toMatchObject({ retryAfterMs: 30_000 });
  });

  test('a missing scope is named', async () => {
    const standIn = await started(() =>
      answering({
        body: { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'users:read' },
      }),
    );
    expect((await attempt(slack, settingsFor(standIn.url))).detail).toContain('needs chat:write');
  });

  test('a token needs a channel', async () => {
    const standIn = await started(startSlackApi);
    const result = await attempt(slack, settingsFor(standIn.url, { channel: '' }));
    expect(result).toMatchObject({ isDelivered: false, isRetryable: false });
    expect(standIn.requests).toEqual([]);
  });
});

describe('mentions', () => {
  const withValue = (value: string) =>
    exampleNotification({ alerts: [exampleAlert({ labels: Labels.fromObject({ alertname: value }) })] });

  test.each([
    ['<!here> look: x', 'x', '<!here> look: x'],
    ['<!here> look: <!channel>', '<!channel>', '&lt;!here> look: &lt;!channel>'],
    [
      'see <https://a.example|docs> <https://evil.example|docs>',
      '<https://evil.example|docs>',
      'see <https://a.example|docs> &lt;https://evil.example|docs>',
    ],
    ['<!channel>', '!channel> <', '&lt;!channel>'],
    ['<@U1>', 'disk < 5 %', '<@U1>'],
  ])('%s with the value %s', (text, value, result) => {
    expect(withoutForeignMarkup(text, slackThreats(withValue(value)), false)).toBe(result);
  });

  test('with link_names no name of a label is one', () => {
    const text = withoutForeignMarkup('@channel @bob a@b', slackThreats(withValue('x')), true);
    expect(text).toBe('@\u2060channel @\u2060bob a@\u2060b');
  });

  test('a flood of markup makes everything plain', () => {
    const value = Array.from({ length: 500 }, (_, i) => `<@U${i}>`).join('');
    expect(withoutForeignMarkup('<b> <@U499>', slackThreats(withValue(value)), false)).toBe(
      '&lt;b&gt; &lt;@U499&gt;',
    );
  });

  test('in a whole message, from a template that does not escape', async () => {
    const standIn = await started(startSlackApi);
    const value = '<!channel> <@U123> <https://evil.example|x>';
    const settings = {
      ...slackExample.settings(standIn),
      text: '{{ .CommonLabels.alertname }}',
      pretext: '{{ .CommonLabels.alertname }}',
      fields: [{ title: '{{ .CommonLabels.alertname }}', value: 'x {{ .CommonLabels.alertname }}' }],
    };
    await delivered(slack, settings, { notification: withValue(value) });
    for (const text of slackTexts(standIn.requests[0]!)) expect(text).not.toMatch(/<[!@h]/);
  });
});

describe('messages', () => {
  test('all keys of Alertmanager', async () => {
    const standIn = await started(startSlackApi);
    await delivered(slack, {
      ...slackExample.settings(standIn),
      username: 'alerts of {{ .Receiver }}',
      icon_emoji: ':bell:',
      icon_url: 'https://a.example/i.png',
      link_names: 'true',
      message_text: 'message',
      color: '#ff0000',
      fallback: 'fallback',
      title: 'title',
      title_link: 'https://a.example/',
      pretext: 'pre\ntext',
      text: 'text',
      footer: 'footer',
      callback_id: 'callback',
      image_url: 'https://a.example/a.png',
      thumb_url: 'https://a.example/b.png',
      mrkdwn_in: ['text'],
      short_fields: true,
      fields: [
        { title: 'a', value: '{{ .Status }}' },
        { title: 'b', value: 'c', short: false },
      ],
      actions: [
        { type: 'button', text: 'Graph', url: 'https://a.example/{{ .Status }}', style: 'danger' },
        { type: 'button', text: 'Do', name: 'do', value: 'it', confirm: { text: 'Sure?', ok_text: 'Yes' } },
      ],
    });
    expect(standIn.mistakes).toEqual([]);
    const { attachments, ...message } = jsonOf(standIn.requests[0]!);
    expect(message).toEqual({
      channel: '#alerts',
      username: 'alerts of team-shop',
      icon_emoji: ':bell:',
      icon_url: 'https://a.example/i.png',
      link_names: true,
      text: 'message',
    });
    const [{ actions, ...attachment }] = attachments;
    expect(attachment).toEqual({
      color: '#ff0000',
      fallback: 'fallback',
      title: 'title',
      title_link: 'https://a.example/',
      pretext: 'pre\ntext',
      text: 'text',
      footer: 'footer',
      callback_id: 'callback',
      image_url: 'https://a.example/a.png',
      thumb_url: 'https://a.example/b.png',
      mrkdwn_in: ['text'],
      fields: [
        { title: 'a', value: 'firing', short: true },
        { title: 'b', value: 'c', short: false },
      ],
    });
    expect(actions.slice(0, 2)).toEqual([
      { type: 'button', text: 'Graph', url: 'https://a.example/firing', style: 'danger' },
      { type: 'button', text: 'Do', name: 'do', value: 'it', confirm: { text: 'Sure?', ok_text: 'Yes' } },
    ]);
    expect(actions).toHaveLength(5);
  });

  test('interactive: each acknowledgement calls back with its fingerprint', async () => {
    const standIn = await started(startSlackApi);
    const alerts = [0, 1].map((number) => exampleAlert({ number }));
    await delivered(
      slack,
      { ...slackExample.settings(standIn), interactive: true },
      { notification: { alerts } },
    );
    expect(standIn.mistakes).toEqual([]);
    const [links, callbacks] = jsonOf(standIn.requests[0]!).attachments;
    expect(links.actions.map(({ text }: { text: string }) => text)).toEqual(['Open', 'Runbook']);
    expect(callbacks.blocks.map((block: { elements: object[] }) => block.elements[0])).toMatchObject([
      { action_id: 'bellwether_ack', value: '0000000000abcdef' },
      { action_id: 'bellwether_ack', value: '0000000000abcdf0' },
    ]);
  });

  test('a text that is cut leaves no half of an escaped sign', async () => {
    const standIn = await started(startSlackApi);
    for (let length = 7900; length < 8000; length += 7)
      await delivered(slack, {
        ...slackExample.settings(standIn),
        text: `${'x'.repeat(length)}{{ range .Alerts }}&lt;&amp;&gt;${'&amp;'.repeat(50)}{{ end }}`,
      });
    for (const request of standIn.requests)
      expect(jsonOf(request).attachments[0].text).toMatch(
        /^x+(&lt;|&gt;|&amp;)*…\n\(shortened; 1 alert in all\)$/,
      );
  });

  test('a webhook gets no threads', async () => {
    const standIn = await started(() => slackWebhookExample.startStandIn());
    const settings = { ...slackWebhookExample.settings(standIn), threads: true };
    expect(await delivered(slack, settings, { previous: '{"channel":"C","ts":"1.000001"}' })).toBeUndefined();
    expect(jsonOf(standIn.requests[0]!).thread_ts).toBeUndefined();
  });
});

describe('configuration', () => {
  const problems = (settings: object) =>
    slack.check!(slack.schema.parse(settings)).map(({ path, message }) => `${path.join('.')}: ${message}`);

  test.each([
    [{}, /^api_url: one of/],
    [{ api_url: 'a', api_url_file: 'b' }, /^api_url_file: at most one of/],
    [{ app_token: 'a', api_url: 'https://hooks.slack.com/services/x' }, /^api_url: /],
    [{ app_token: 'a', token: 'b' }, /^token: token and app_token/],
    [{ app_token: 'a', update_message: true, message_strategy: 'thread' }, /^update_message: /],
  ])('%j', (settings, message) => expect(problems(settings)[0]).toMatch(message));

  test.each([
    [{ api_url: 'x' }],
    [{ token_file: 'x' }],
    [{ token: 'x', api_url: 'https://slack.com/api/chat.postMessage' }],
    [{ app_token: 'x', message_strategy: 'update', update_message: true }],
  ])('%j is right', (settings) => expect(problems(settings)).toEqual([]));

  test('an action without url and name is a mistake', () => {
    const actions = [{ type: 'button', text: 'x' }];
    expect(slack.schema.safeParse({ api_url: 'x', actions }).success).toBe(false);
  });
});
