import assert from 'node:assert/strict';
import type { ChannelDefinition } from '../channel.ts';
import { type ChannelExample, HTTP_FAULTS, jsonOf, type StandIn, startHttpStandIn } from './channel-suite.ts';
import {
  assertHttpUrl,
  assertJson,
  assertKeys,
  assertTells,
  assertText,
  quoteRequest,
} from './example-checks.ts';
import { ntfy } from './ntfy.ts';

export const NTFY_TOKEN = 'tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2';

/** https://docs.ntfy.sh/publish/#publish-as-json */
export function startNtfy(): Promise<StandIn> {
  let count = 0;
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(`${request.method} ${request.path}`, 'POST /');
      assert.match(request.headers.authorization ?? '', /^(Bearer tk_\w{29}|Basic [A-Za-z0-9+/]+=*)$/);
      const body = jsonOf(request);
      assertKeys(body, [
        'topic',
        'title',
        'message',
        'priority',
        'tags',
        'click',
        'icon',
        'actions',
        'markdown',
        'sequence_id',
      ]);
      assert.match(body.topic, /^[-_A-Za-z0-9]{1,64}$/);
      assert.ok(Number.isInteger(body.priority) && body.priority >= 1 && body.priority <= 5);
      assert.ok(body.tags.every((tag: unknown) => typeof tag === 'string'));
      assertText(body.title, 250, 'title');
      assert.ok(Buffer.byteLength(body.message) <= 4096, 'the message would become a file');
      if (body.click !== undefined) assertHttpUrl(body.click);
      assert.ok((body.actions ?? []).length <= 3, 'number of buttons');
      for (const action of body.actions ?? []) {
        assertKeys(action, ['action', 'label', 'url', 'clear']);
        assert.equal(action.action, 'view');
        assertText(action.label, 100, 'label');
        assertHttpUrl(action.url);
      }
    },
    answer(request) {
      const { topic, message } = jsonOf(request);
      count++;
      const answer = { id: `ntfy${String(count).padStart(8, '0')}`, time: 1_700_000_000, event: 'message' };
      return { body: JSON.stringify({ ...answer, topic, message }) };
    },
    refuse: (request) => ({
      status: 403,
      body: JSON.stringify({ code: 40_301, http: 403, error: `forbidden ${quoteRequest(request)}` }),
    }),
  });
}

export const ntfyExample: ChannelExample = {
  definition: ntfy as ChannelDefinition,
  startStandIn: startNtfy,
  settings: (standIn) => ({ url: standIn.url, topic: 'alerts', token: NTFY_TOKEN }),
  secrets: [NTFY_TOKEN],
  fileKeys: ['token'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const { title, message, markdown } = jsonOf(request);
    assertTells([title, message], notification);
    // Without it nothing in the texts is formatting.
    assert.equal(markdown, undefined);
  },
  texts(request) {
    const { title, message, actions } = jsonOf(request);
    return [title, message, ...(actions ?? []).map(({ label }: { label: string }) => label)];
  },
  sizes(request) {
    const { title, message } = jsonOf(request);
    return [
      { name: 'title', used: Buffer.byteLength(title), max: 250 },
      { name: 'message', used: Buffer.byteLength(message), max: 4096 },
    ];
  },
};
