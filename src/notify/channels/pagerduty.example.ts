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
import { assertHttpUrl, assertJson, assertKeys, assertText, quoteRequest } from './example-checks.ts';
import { pagerduty } from './pagerduty.ts';

export const ROUTING_KEY = '0123456789abcdef0123456789abcdef';
const MAX_EVENT_BYTES = 524_288;

/** https://developer.pagerduty.com/docs/send-alert-event, and the older events API under its own path. */
export function startPagerduty(): Promise<StandIn> {
  return startHttpStandIn({
    check(request) {
      assertJson(request);
      assert.equal(request.method, 'POST');
      if (request.path === '/generic/2010-04-15/create_event.json') checkV1(request);
      else checkV2(request);
    },
    answer(request) {
      const { dedup_key, incident_key } = jsonOf(request);
      const body = { status: 'success', message: 'Event processed', dedup_key, incident_key };
      return { status: incident_key === undefined ? 202 : 200, body: JSON.stringify(body) };
    },
    refuse: (request) => ({
      status: 400,
      body: JSON.stringify({
        status: 'invalid event',
        message: 'Event object is invalid',
        errors: [`routing_key is invalid ${quoteRequest(request)}`],
      }),
    }),
  });
}

function checkV2(request: HttpReceived): void {
  assert.equal(request.path, '/v2/enqueue');
  const event = jsonOf(request);
  assertKeys(event, [
    'routing_key',
    'event_action',
    'dedup_key',
    'client',
    'client_url',
    'payload',
    'images',
    'links',
  ]);
  assert.match(event.routing_key, /^[0-9a-z]{32}$/);
  assert.match(event.event_action, /^(trigger|acknowledge|resolve)$/);
  assertText(event.dedup_key, 255, 'dedup_key');
  const { payload } = event;
  assertKeys(payload, [
    'summary',
    'source',
    'severity',
    'timestamp',
    'component',
    'group',
    'class',
    'custom_details',
  ]);
  assertText(payload.summary, 1024, 'summary');
  assertText(payload.source, 1024, 'source');
  assert.match(payload.severity, /^(critical|error|warning|info)$/);
  assert.equal(typeof payload.custom_details, 'object');
  for (const link of event.links) {
    assertKeys(link, ['href', 'text']);
    assertHttpUrl(link.href);
  }
  for (const image of event.images) {
    assertKeys(image, ['src', 'href', 'alt']);
    assertHttpUrl(image.src);
  }
  assert.ok(Buffer.byteLength(request.body) <= MAX_EVENT_BYTES, 'the event is too large');
}

function checkV1(request: HttpReceived): void {
  const event = jsonOf(request);
  assertKeys(event, [
    'service_key',
    'event_type',
    'incident_key',
    'description',
    'client',
    'client_url',
    'details',
  ]);
  assertText(event.service_key, 32, 'service_key');
  assert.match(event.event_type, /^(trigger|acknowledge|resolve)$/);
  assertText(event.incident_key, 255, 'incident_key');
  assertText(event.description, 1024, 'description');
}

export const pagerdutyExample: ChannelExample = {
  definition: pagerduty as ChannelDefinition,
  startStandIn: startPagerduty,
  settings: (standIn) => ({ routing_key: ROUTING_KEY, url: `${standIn.url}/v2/enqueue` }),
  secrets: [ROUTING_KEY],
  fileKeys: ['routing_key'],
  faults: HTTP_FAULTS,
  verify(request, notification) {
    const event = jsonOf(request);
    assert.equal(event.event_action, notification.status === 'firing' ? 'trigger' : 'resolve');
    const { custom_details: details } = event.payload;
    if (notification.truncatedAlerts > 0)
      assert.equal(details.not_shown, `and ${notification.truncatedAlerts} more alerts`);
    const { runbook } = notification.alerts[0]!.links;
    if (notification.alerts.length === 1)
      assert.ok(event.links.some(({ href }: { href: string }) => href === runbook));
  },
  texts(request) {
    const { client, payload, links } = jsonOf(request);
    const details = Object.values(payload.custom_details).filter((value) => typeof value === 'string');
    return [client, payload.summary, ...details, ...links.map(({ text }: { text: string }) => text)];
  },
  sizes: (request) => [
    { name: 'event', used: Buffer.byteLength(request.body), max: MAX_EVENT_BYTES },
    { name: 'summary', used: jsonOf(request).payload.summary.length, max: 1024 },
  ],
  groupKey: (request) => jsonOf(request).dedup_key,
};
