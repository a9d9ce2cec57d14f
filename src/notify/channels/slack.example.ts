import assert from 'node:assert/strict';
import type { ChannelDefinition } from '../channel.ts';
import {
  type ChannelExample,
  HTTP_FAULTS,
  type HttpAnswer,
  type HttpReceived,
  jsonOf,
  type StandIn,
  startHttpStandIn,
} from './channel-suite.ts';
import {
  assertHttpUrl,
  assertJson,
  assertKeys,
  assertTells,
  assertText,
  quoteRequest,
} from './example-checks.ts';
import { slack } from './slack.ts';

export const SLACK_TOKEN = 'xoxb-123456789012-abcdefghijkl';
const WEBHOOK_PATH = '/services/T00000000/B00000000/webhooksecretwebhook';

const MESSAGE_KEYS = [
  'channel',
  'username',
  'icon_emoji',
  'icon_url',
  'link_names',
  'text',
  'attachments',
  'thread_ts',
  'reply_broadcast',
  'ts',
];
const ATTACHMENT_KEYS = [
  'color',
  'fallback',
  'title',
  'title_link',
  'pretext',
  'text',
  'footer',
  'callback_id',
  'image_url',
  'thumb_url',
  'mrkdwn_in',
  'fields',
  'actions',
  'blocks',
];

/** https://docs.slack.dev/reference/methods/chat.postMessage and chat.update, with a bot's token. */
export function startSlackApi(): Promise<StandIn> {
  let count = 0;
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(request.headers.authorization, `Bearer ${SLACK_TOKEN}`);
      const body = jsonOf(request);
      if (request.path.endsWith('/reactions.add')) {
        assertKeys(body, ['channel', 'timestamp', 'name']);
        return;
      }
      assert.match(request.path, /^\/api\/chat\.(postMessage|update)$/);
      assert.equal(typeof body.channel, 'string');
      if (request.path.endsWith('update')) assert.match(body.ts, /^\d+\.\d{6}$/);
      else assert.equal(body.ts, undefined);
      if (body.thread_ts !== undefined) assert.match(body.thread_ts, /^\d+\.\d{6}$/);
      checkMessage(body);
    },
    answer(request): HttpAnswer {
      const { ts } = jsonOf(request);
      count++;
      const posted = ts ?? `1700000000.${String(count).padStart(6, '0')}`;
      return { body: JSON.stringify({ ok: true, channel: 'C0123456789', ts: posted, message: {} }) };
    },
    // Slack refuses with 200.
    refuse: (request) => ({
      body: JSON.stringify({ ok: false, error: 'channel_not_found', needed: quoteRequest(request) }),
    }),
  });
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export function startSlackWebhook(): Promise<StandIn> {
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(request.path, WEBHOOK_PATH);
      checkMessage(jsonOf(request));
    },
    answer: () => ({ body: 'ok' }),
    refuse: (request) => ({ status: 404, body: `no_service ${quoteRequest(request)}` }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkMessage(body: any): void {
  assertKeys(body, MESSAGE_KEYS);
  assert.ok(body.attachments.length > 0 && body.attachments.length <= 100, 'number of attachments');
  for (const attachment of body.attachments) {
    assertKeys(attachment, ATTACHMENT_KEYS);
    assertText(attachment.fallback, 2000, 'fallback');
    if (attachment.title_link !== undefined) assertHttpUrl(attachment.title_link);
    assert.ok((attachment.actions ?? []).length <= 5, 'number of buttons');
    for (const action of attachment.actions ?? []) {
      assert.equal(action.type, 'button');
      assertText(action.text, 75, 'text of a button');
      if (action.url !== undefined) assertHttpUrl(action.url);
    }
    for (const block of attachment.blocks ?? []) checkActions(block);
  }
  assert.ok(JSON.stringify(body).length <= 40_000 * 2, 'length of the message');
}

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkActions(block: any): void {
  assertKeys(block, ['type', 'block_id', 'elements']);
  assert.equal(block.type, 'actions');
  assert.ok(block.block_id.length <= 255 && block.elements.length <= 25);
  assert.equal(
    new Set(block.elements.map((element: { action_id: string }) => element.action_id)).size,
    block.elements.length,
  );
  for (const element of block.elements) {
    assertKeys(element, ['type', 'action_id', 'value', 'style', 'text', 'url']);
    assertKeys(element.text, ['type', 'text', 'emoji']);
    assertText(element.text.text, 75, 'text of a button');
    assert.ok(element.action_id.length <= 255 && element.value.length <= 2000);
  }
}

/** Every text of a message, as it is written. */
export function slackTexts(request: HttpReceived): string[] {
  const body = jsonOf(request);
  const texts: (string | undefined)[] = [body.text, body.username];
  for (const attachment of body.attachments ?? []) {
    const { title, text, pretext, fallback, footer, fields, actions } = attachment;
    texts.push(title, text, pretext, fallback, footer);
    for (const field of fields ?? []) texts.push(field.title, field.value);
    for (const action of actions ?? []) texts.push(action.text);
  }
  return texts.filter((text) => text !== undefined);
}

function shown(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

const common: Omit<ChannelExample, 'startStandIn' | 'settings' | 'secrets' | 'fileKeys'> = {
  definition: slack as ChannelDefinition,
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const written = slackTexts(request);
    assertTells(written, notification);
    for (const text of written)
      assert.doesNotMatch(text, /<[!@#a-zA-Z]/, 'a mention or a link that no template wrote');
  },
  texts: (request) => slackTexts(request).map(shown),
  sizes(request) {
    const [attachment] = jsonOf(request).attachments;
    return [
      { name: 'title', used: attachment.title.length, max: 1024 },
      { name: 'text', used: (attachment.text ?? '').length, max: 8000 },
    ];
  },
};

/** With a bot's token. */
export const slackExample: ChannelExample = {
  ...common,
  startStandIn: startSlackApi,
  settings: (standIn) => ({
    app_url: `${standIn.url}/api/chat.postMessage`,
    app_token: SLACK_TOKEN,
    channel: '#alerts',
  }),
  secrets: [SLACK_TOKEN],
  fileKeys: ['app_token'],
};

/** With an incoming webhook, whose address is the secret. */
export const slackWebhookExample: ChannelExample = {
  ...common,
  startStandIn: startSlackWebhook,
  settings: (standIn) => ({ api_url: `${standIn.url}${WEBHOOK_PATH}`, channel: '#alerts' }),
  secrets: ['webhooksecretwebhook'],
  fileKeys: ['api_url'],
};
