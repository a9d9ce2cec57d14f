import assert from 'node:assert/strict';
import type { ChannelDefinition } from '../channel.ts';
import {
  type ChannelExample,
  HTTP_FAULTS,
  type HttpReceived,
  type StandIn,
  startHttpStandIn,
} from './channel-suite.ts';
import { assertHttpUrl, assertKeys, assertTells, assertText, quoteRequest } from './example-checks.ts';
import { pushover } from './pushover.ts';

export const PUSHOVER_TOKEN = 'azGDORePK8gMaC0QOYAMyEEuzJnyUi';
export const PUSHOVER_USER = 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG';

export function formOf(request: HttpReceived): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request.body));
}

/** https://pushover.net/api */
export function startPushover(): Promise<StandIn> {
  return startHttpStandIn({
    check(request) {
      assert.match(request.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/);
      assert.equal(request.method, 'POST');
      const form = formOf(request);
      assert.equal(form.token, PUSHOVER_TOKEN);
      if (/^\/1\/receipts\/cancel_by_tag\/\w+\.json$/.test(request.path)) {
        assertKeys(form, ['token']);
        return;
      }
      assert.equal(request.path, '/1/messages.json');
      checkMessage(form);
    },
    answer(request) {
      const receipt = formOf(request).priority === '2' ? { receipt: 'rLqVuqTRh62UzxtmqiaLzQmVcPgiCy' } : {};
      const body = { status: 1, request: '647d2300-702c-4b38-8b2f-d56326ae460b', ...receipt };
      return { body: JSON.stringify(body) };
    },
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({
        user: 'invalid',
        errors: [`user identifier is invalid ${quoteRequest(request)}`],
        status: 0,
        request: '5042853c-402d-4a18-abcb-168734a801de',
      }),
    }),
  });
}

function checkMessage(form: Record<string, string>): void {
  assertKeys(form, [
    'token',
    'user',
    'title',
    'message',
    'url',
    'url_title',
    'priority',
    'retry',
    'expire',
    'tags',
    'ttl',
    'device',
    'sound',
    'html',
    'monospace',
    'timestamp',
  ]);
  assert.equal(form.user, PUSHOVER_USER);
  assertText(form.message, 1024, 'message');
  assertText(form.title, 250, 'title');
  if (form.url !== undefined) {
    assertText(form.url, 512, 'url');
    assertHttpUrl(form.url);
  }
  if (form.url_title !== undefined) assertText(form.url_title, 100, 'url_title');
  assert.match(form.priority ?? '', /^(-2|-1|0|1|2)$/);
  if (form.priority === '2') {
    assert.ok(Number(form.retry) >= 30, 'retry');
    assert.ok(Number(form.expire) > 0 && Number(form.expire) <= 10_800, 'expire');
  }
  if (form.timestamp !== undefined) assert.match(form.timestamp, /^\d{10}$/);
}

export const pushoverExample: ChannelExample = {
  definition: pushover as ChannelDefinition,
  startStandIn: startPushover,
  settings: (standIn) => ({
    api_url: `${standIn.url}/1/messages.json`,
    token: PUSHOVER_TOKEN,
    user_key: PUSHOVER_USER,
  }),
  secrets: [PUSHOVER_TOKEN, PUSHOVER_USER],
  fileKeys: ['token', 'user_key'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const { title, message, html, priority } = formOf(request);
    assertTells([title!, message!], notification);
    // Without it nothing in the texts is formatting.
    assert.equal(html, undefined);
    assert.equal(priority, notification.status === 'firing' ? '2' : '0');
  },
  texts(request) {
    const { title, message, url_title: label } = formOf(request);
    return [title!, message!, ...(label === undefined ? [] : [label])];
  },
  sizes(request) {
    const { title, message } = formOf(request);
    return [
      { name: 'title', used: title!.length, max: 250 },
      { name: 'message', used: message!.length, max: 1024 },
    ];
  },
};
