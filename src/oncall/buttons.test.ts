import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  alertView,
  createWorld,
  fingerprint,
  onCallConfig,
  startOnCall,
  type World,
} from './on-call-test-kit.ts';

const FIRST = fingerprint(1);
const TOKEN = '123:bot-token';

async function withButtons(config: object) {
  const world = createWorld();
  world.engine.put(alertView(1));
  const onCall = await startOnCall(world, onCallConfig(config));
  return { world, onCall, buttons: onCall.buttons };
}

const sent = (world: World) =>
  world.requests.map(({ url, body }) => ({ url, json: JSON.parse(String(body)) as Record<string, unknown> }));

describe('Telegram', () => {
  const config = {
    telegram: {
      secret: 's3cret',
      bot_token: TOKEN,
      api_url: 'https://tg.example/',
      allowed_users: [42],
      allowed_chats: [-100],
    },
  };
  const headers = { 'x-telegram-bot-api-secret-token': 's3cret' };
  const keyboard = [
    [
      { text: 'Acknowledge Alert1', callback_data: `ack:${FIRST}` },
      { text: 'Acknowledge Alert2', callback_data: `ack:${fingerprint(2)}` },
    ],
    [{ text: 'Open', url: 'https://bell.example' }],
  ];
  const update = (query: object = {}, message: object = {}) =>
    JSON.stringify({
      update_id: 1,
      callback_query: {
        id: '77',
        from: { id: 42, is_bot: false, first_name: 'Ann', username: 'ann' },
        data: `ack:${FIRST}`,
        message: {
          message_id: 5,
          date: 1,
          chat: { id: 7, type: 'private' },
          text: 'Alert1 fires',
          entities: [{ type: 'bold', offset: 0, length: 6 }],
          reply_markup: { inline_keyboard: keyboard },
          ...message,
        },
        ...query,
      },
    });

  test('acknowledges, answers and changes the message', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    expect(await buttons.handleTelegram(headers, update())).toEqual({ status: 200, body: '' });
    expect(onCall.acknowledgementOf(FIRST)).toMatchObject({
      by: '@ann',
      via: 'telegram',
      untilMs: undefined,
    });
    await buttons.idle();
    expect(sent(world)).toEqual([
      {
        url: `https://tg.example/bot${TOKEN}/answerCallbackQuery`,
        json: {
          callback_query_id: '77',
          text: 'Acknowledged by @ann until it is resolved.',
          show_alert: false,
        },
      },
      {
        url: `https://tg.example/bot${TOKEN}/editMessageText`,
        json: {
          chat_id: 7,
          message_id: 5,
          text: 'Alert1 fires\n\n✓ Alert1: Acknowledged by @ann until it is resolved.',
          entities: [{ type: 'bold', offset: 0, length: 6 }],
          link_preview_options: { is_disabled: true },
          reply_markup: { inline_keyboard: [[keyboard[0]![1]], keyboard[1]] },
        },
      },
    ]);
  });

  test('a message that has no room or no text only loses its button, an old one stays', async () => {
    const { world, buttons } = await withButtons(config);
    await buttons.handleTelegram(headers, update({}, { text: 'x'.repeat(4090) }));
    await buttons.idle();
    expect(sent(world)[1]!.url).toContain('editMessageReplyMarkup');
    await buttons.handleTelegram(headers, update({}, { date: 0 }));
    await buttons.idle();
    expect(world.requests).toHaveLength(3);
  });

  test('whoever is not allowed is told so and changes nothing; a chat may be allowed', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    const stranger = { from: { id: 43, first_name: 'Eve' } };
    expect((await buttons.handleTelegram(headers, update(stranger))).status).toBe(200);
    await buttons.idle();
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
    expect(sent(world)).toMatchObject([
      { json: { text: 'You may not acknowledge alerts.', show_alert: true } },
    ]);
    await buttons.handleTelegram(headers, update(stranger, { chat: { id: -100 } }));
    expect(onCall.acknowledgementOf(FIRST)?.by).toBe('Eve');
  });

  test('what Telegram did not send is refused', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    for (const wrong of [
      {},
      { 'x-telegram-bot-api-secret-token': 'S3cret' },
      { 'x-telegram-bot-api-secret-token': '' },
    ])
      expect((await buttons.handleTelegram(wrong, update())).status).toBe(401);
    expect((await buttons.handleTelegram(headers, '{')).status).toBe(400);
    expect((await buttons.handleTelegram(headers, 'x'.repeat(300_000))).status).toBe(413);
    for (const other of ['{}', '[]', 'null', '7', '{"callback_query":{"data":"x"}}', '{"message":{}}'])
      expect((await buttons.handleTelegram(headers, other)).status).toBe(200);
    await buttons.idle();
    expect(world.requests).toEqual([]);
    await buttons.handleTelegram(headers, update({ data: 'ack:../../x' }));
    await buttons.handleTelegram(headers, update({ data: `ack:${fingerprint(9)}` }));
    await buttons.idle();
    expect(sent(world).map(({ json }) => json.text)).toEqual([
      'This button is not valid.',
      'Not acknowledged: there is no such alert.',
    ]);
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
  });

  test('without configuration there is none, and a secret that cannot be read lets nobody in', async () => {
    const none = await withButtons({});
    expect((await none.buttons.handleTelegram(headers, update())).status).toBe(404);
    expect((await none.buttons.handleSlack(headers, '')).status).toBe(404);
    const unread = await withButtons({
      telegram: { secret_file: '/nonexistent/secret', bot_token: TOKEN, allowed_users: [42] },
    });
    expect(
      (await unread.buttons.handleTelegram({ 'x-telegram-bot-api-secret-token': '' }, update())).status,
    ).toBe(503);
  });
});

describe('Slack', () => {
  const config = { slack: { signing_secret: 'shh' } };
  const button = (n: number) => ({
    type: 'button',
    action_id: 'bellwether_ack',
    value: fingerprint(n),
    text: { type: 'plain_text', text: `Acknowledge Alert${n}` },
  });
  const url = 'https://hooks.slack.com/actions/T1/2/3';
  const payload = (fields: object = {}) => ({
    type: 'block_actions',
    user: { id: 'U012AB3CD', username: 'ann', name: 'ann' },
    response_url: url,
    actions: [{ ...button(1), action_ts: '1' }],
    message: {
      text: 'fires',
      attachments: [
        { id: 1, text: 'one' },
        {
          id: 2,
          blocks: [
            { type: 'actions', elements: [button(1)] },
            { type: 'actions', elements: [button(2)] },
          ],
        },
      ],
    },
    ...fields,
  });
  const bodyOf = (json: unknown) => `payload=${encodeURIComponent(JSON.stringify(json))}`;
  function signed(world: World, body: string, { secret = 'shh', ageS = 0 } = {}) {
    const timestamp = String(Math.floor(world.clock.now() / 1000) - ageS);
    const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` };
  }

  test('acknowledges and replaces the button', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    const body = bodyOf(payload());
    expect(await buttons.handleSlack(signed(world, body), body)).toEqual({ status: 200, body: '' });
    expect(onCall.acknowledgementOf(FIRST)).toMatchObject({ by: '@ann', via: 'slack' });
    await buttons.idle();
    const note = ':white_check_mark: Alert1: Acknowledged by <@U012AB3CD> until it is resolved.';
    expect(sent(world)).toEqual([
      {
        url,
        json: {
          replace_original: true,
          text: 'fires',
          attachments: [
            { id: 1, text: 'one' },
            {
              id: 2,
              blocks: [
                { type: 'context', elements: [{ type: 'mrkdwn', text: note }] },
                { type: 'actions', elements: [button(2)] },
              ],
            },
          ],
        },
      },
    ]);
  });

  test('what is wrong is told to whoever pressed only', async () => {
    const { world, buttons } = await withButtons({ slack: { signing_secret: 'shh', allowed_users: ['U9'] } });
    const body = bodyOf(payload());
    await buttons.handleSlack(signed(world, body), body);
    await buttons.idle();
    expect(sent(world)).toMatchObject([
      {
        json: {
          response_type: 'ephemeral',
          replace_original: false,
          text: 'You may not acknowledge alerts.',
        },
      },
    ]);
  });

  test('what Slack did not sign, or too long ago, is refused', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    const body = bodyOf(payload());
    const good = signed(world, body);
    for (const wrong of [
      {},
      signed(world, body, { secret: 'other' }),
      signed(world, body, { ageS: 301 }),
      signed(world, body, { ageS: -301 }),
      signed(world, `${body} `),
      { ...good, 'x-slack-signature': good['x-slack-signature'].slice(0, -1) },
      { ...good, 'x-slack-request-timestamp': `${good['x-slack-request-timestamp']}.0` },
    ])
      expect((await buttons.handleSlack(wrong, body)).status).toBe(401);
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
    expect((await buttons.handleSlack(signed(world, body, { ageS: 299 }), body)).status).toBe(200);
  });

  test('other payloads are taken and left; answers go to Slack only', async () => {
    const { world, onCall, buttons } = await withButtons(config);
    const press = async (json: unknown, raw = bodyOf(json)) =>
      (await buttons.handleSlack(signed(world, raw), raw)).status;
    expect(await press(undefined, 'x=1')).toBe(400);
    for (const other of [
      {},
      [],
      payload({ type: 'view_submission' }),
      payload({ actions: [{ action_id: 'open' }] }),
    ])
      expect(await press(other)).toBe(200);
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
    for (const bad of [
      'http://hooks.slack.com/x',
      'https://hooks.slack.com.evil.example/',
      'http://169.254.169.254/',
      '',
    ])
      expect(await press(payload({ response_url: bad }))).toBe(200);
    await buttons.idle();
    expect(world.requests).toEqual([]);
    expect(onCall.acknowledgementOf(FIRST)).toBeDefined();
  });
});
