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
import { assertJson, assertKeys, assertText, quoteRequest } from './example-checks.ts';
import { opsgenie } from './opsgenie.ts';

export const OPSGENIE_KEY = 'eb243592-faa2-4ba2-a551q-1afdf565c889';
const ONE_ALERT = /^\/v2\/alerts\/([^/]+)\/(close|message|description)\?identifierType=alias$/;

/** https://docs.opsgenie.com/docs/alert-api */
export function startOpsgenie(): Promise<StandIn> {
  let count = 0;
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(request.headers.authorization, `GenieKey ${OPSGENIE_KEY}`);
      const body = jsonOf(request);
      const [, alias, what] = ONE_ALERT.exec(request.path) ?? [];
      if (what === undefined) {
        assert.equal(`${request.method} ${request.path}`, 'POST /v2/alerts');
        checkAlert(body);
        return;
      }
      assert.match(decodeURIComponent(alias!), /^.{1,512}$/);
      assert.equal(request.method, what === 'close' ? 'POST' : 'PUT');
      assertKeys(body, what === 'close' ? ['user', 'source', 'note'] : [what]);
    },
    answer() {
      count++;
      const body = {
        result: 'Request will be processed',
        took: 0.1,
        requestId: `43a29c5c-3dbf-4fa4-${count}`,
      };
      return { status: 202, body: JSON.stringify(body) };
    },
    refuse: (request) => ({
      status: 422,
      body: JSON.stringify({
        message: 'Request body is not processable. Please check the errors.',
        errors: { message: `Message can not be empty. ${quoteRequest(request)}` },
        took: 0.01,
        requestId: '1',
      }),
    }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: checks an unknown body
function checkAlert(body: any): void {
  assertKeys(body, [
    'message',
    'alias',
    'description',
    'responders',
    'actions',
    'tags',
    'details',
    'entity',
    'source',
    'priority',
    'note',
  ]);
  assertText(body.message, 130, 'message');
  assertText(body.alias, 512, 'alias');
  assertText(body.description, 15_000, 'description');
  assertText(body.source, 100, 'source');
  assert.match(body.priority, /^P[1-5]$/);
  assert.ok((body.tags ?? []).length <= 20);
  for (const word of [...(body.tags ?? []), ...(body.actions ?? [])]) assertText(word, 50, 'tag or action');
  const details = Object.entries<string>(body.details).flat();
  assert.ok(details.every((text) => typeof text === 'string'));
  assert.ok(details.join('').length <= 8000, 'details are too long');
  for (const responder of body.responders ?? []) {
    assertKeys(responder, ['id', 'name', 'username', 'type']);
    assert.match(responder.type, /^(team|user|escalation|schedule)$/);
  }
}

function isCreation(request: HttpReceived): boolean {
  return request.path === '/v2/alerts';
}

export const opsgenieExample: ChannelExample = {
  definition: opsgenie as ChannelDefinition,
  startStandIn: startOpsgenie,
  settings: (standIn) => ({ api_url: `${standIn.url}/`, api_key: OPSGENIE_KEY }),
  secrets: [OPSGENIE_KEY],
  fileKeys: ['api_key'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    assert.equal(isCreation(request), notification.status === 'firing', 'resolved alerts are closed');
    if (!isCreation(request) || notification.truncatedAlerts === 0) return;
    assert.ok(jsonOf(request).description.includes(`${notification.truncatedAlerts} more alert`));
  },
  texts(request) {
    const { message, description, source, details } = jsonOf(request);
    return [message, description, source, ...Object.values(details ?? {})].filter(
      (text) => text !== undefined,
    );
  },
  sizes(request) {
    if (!isCreation(request)) return [];
    const { message, description } = jsonOf(request);
    return [
      { name: 'message', used: message.length, max: 130 },
      { name: 'description', used: description.length, max: 15_000 },
    ];
  },
  groupKey: (request) => (isCreation(request) ? jsonOf(request).alias : ONE_ALERT.exec(request.path)?.[1]),
};
