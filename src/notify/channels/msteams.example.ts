import assert from 'node:assert/strict';
import type { ChannelDefinition } from '../channel.ts';
import {
  type ChannelExample,
  HTTP_FAULTS,
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
  markupOf,
  quoteRequest,
  shownMarkdown,
} from './example-checks.ts';
import { msteams } from './msteams.ts';

const SIGNATURE = 'teamssignature0123456789abcdef';
const PATH = `/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sig=${SIGNATURE}`;
const MAX_BYTES = 28 * 1024;

/** A workflow "When a Teams webhook request is received", which takes messages with Adaptive Cards. */
export function startMsteams(): Promise<StandIn> {
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(`${request.method} ${request.path}`, `POST ${PATH}`);
      assert.ok(Buffer.byteLength(request.body) <= MAX_BYTES, 'the message is too large');
      const body = jsonOf(request);
      assertKeys(body, ['type', 'summary', 'attachments']);
      assert.equal(body.type, 'message');
      assert.equal(body.attachments.length, 1);
      const [attachment] = body.attachments;
      assertKeys(attachment, ['contentType', 'contentUrl', 'content']);
      assert.equal(attachment.contentType, 'application/vnd.microsoft.card.adaptive');
      checkCard(attachment.content);
    },
    answer: () => ({ status: 202 }),
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({ error: { code: 'TriggerInputSchemaMismatch', message: quoteRequest(request) } }),
    }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkCard(card: any): void {
  assertKeys(card, ['$schema', 'type', 'version', 'msteams', 'body', 'actions']);
  assert.equal(`${card.type} ${card.version}`, 'AdaptiveCard 1.4');
  for (const block of card.body) {
    assertKeys(block, ['type', 'text', 'style', 'size', 'weight', 'color', 'wrap']);
    assert.equal(block.type, 'TextBlock');
    assertText(block.text, MAX_BYTES, 'text');
  }
  assert.ok((card.actions ?? []).length <= 6, 'number of buttons');
  for (const action of card.actions ?? []) {
    assertKeys(action, ['type', 'title', 'url']);
    assert.equal(action.type, 'Action.OpenUrl');
    assertText(action.title, 100, 'text of a button');
    assertHttpUrl(action.url);
  }
}

function textsOf(request: HttpReceived): string[] {
  return jsonOf(request).attachments[0].content.body.map(({ text }: { text: string }) => text);
}

export const msteamsExample: ChannelExample = {
  definition: msteams as ChannelDefinition,
  startStandIn: startMsteams,
  settings: (standIn) => ({ webhook_url: `${standIn.url}${PATH}` }),
  secrets: [SIGNATURE],
  fileKeys: ['webhook_url'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    assertTells(textsOf(request), notification);
    for (const text of textsOf(request))
      assert.doesNotMatch(markupOf(text), /\]\(https?:\/\/evil|<at>|```|~~/, 'formatting of a label');
  },
  texts: (request) => textsOf(request).map(shownMarkdown),
  sizes: (request) => [{ name: 'message', used: Buffer.byteLength(request.body), max: MAX_BYTES }],
};
