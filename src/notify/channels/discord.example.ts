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
import { discord } from './discord.ts';
import {
  assertHttpUrl,
  assertJson,
  assertKeys,
  assertTells,
  assertText,
  markupOf,
  quoteRequest,
  shownMarkdown,
} from './example-checks.ts';

export const DISCORD_TOKEN = 'discordwebhooktoken-0123456789';
export const DISCORD_PATH = `/api/webhooks/112233445566778899/${DISCORD_TOKEN}`;

/** https://discord.com/developers/docs/resources/webhook#execute-webhook */
export function startDiscord(): Promise<StandIn> {
  let count = 0;
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      const url = new URL(request.path, 'http://discord');
      const isEdit = request.method === 'PATCH';
      if (isEdit) assert.match(url.pathname, new RegExp(`^${DISCORD_PATH}/messages/\\d+$`));
      else
        assert.equal(
          `${request.method} ${url.pathname} ${url.searchParams.get('wait')}`,
          `POST ${DISCORD_PATH} true`,
        );
      checkMessage(jsonOf(request), isEdit);
    },
    answer(): HttpAnswer {
      count++;
      const message = { id: String(900_000_000_000_000_000n + BigInt(count)), channel_id: '1', type: 0 };
      return { headers: { 'x-ratelimit-remaining': '4' }, body: JSON.stringify(message) };
    },
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({
        message: `Invalid Form Body ${quoteRequest(request)}`,
        code: 50035,
        errors: { embeds: { 0: { title: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } } } },
      }),
    }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkMessage(body: any, isEdit: boolean): void {
  const keys = ['content', 'embeds', 'allowed_mentions'];
  assertKeys(body, isEdit ? keys : [...keys, 'username', 'avatar_url']);
  if (body.content !== undefined) assertText(body.content, 2000, 'content');
  if (body.username !== undefined) {
    assertText(body.username, 80, 'username');
    assert.doesNotMatch(body.username, /discord|clyde/i);
  }
  assert.ok(body.embeds.length >= 1 && body.embeds.length <= 10);
  let total = 0;
  for (const embed of body.embeds) {
    assertKeys(embed, ['title', 'description', 'url', 'color', 'timestamp', 'fields', 'footer']);
    assertText(embed.title, 256, 'title');
    assertText(embed.description, 4096, 'description');
    assert.ok(Number.isInteger(embed.color) && embed.color >= 0 && embed.color <= 0xffffff);
    if (embed.url !== undefined) assertHttpUrl(embed.url);
    total += embed.title.length + embed.description.length;
  }
  assert.ok(total <= 6000, `the embeds have ${total} characters`);
  assert.ok(Array.isArray(body.allowed_mentions?.parse), 'allowed_mentions');
}

function textsOf(request: HttpReceived): string[] {
  const { content, embeds } = jsonOf(request);
  return [content, embeds[0].title, embeds[0].description].filter((text) => text !== undefined);
}

export const discordExample: ChannelExample = {
  definition: discord as ChannelDefinition,
  startStandIn: startDiscord,
  settings: (standIn) => ({ webhook_url: `${standIn.url}${DISCORD_PATH}` }),
  secrets: [DISCORD_TOKEN],
  fileKeys: ['webhook_url'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    assertTells(textsOf(request), notification);
    assert.deepEqual(jsonOf(request).allowed_mentions, { parse: [] }, 'nobody may be called by a label');
    for (const text of textsOf(request))
      assert.doesNotMatch(
        markupOf(text),
        /\]\(https?:\/\/evil|<https?:|```|~~|<[@#]/,
        'formatting of a label',
      );
  },
  texts: (request) => textsOf(request).map(shownMarkdown),
  sizes(request) {
    const [{ title, description }] = jsonOf(request).embeds;
    return [
      { name: 'title', used: title.length, max: 256 },
      { name: 'description', used: description.length, max: 4096 },
    ];
  },
};
