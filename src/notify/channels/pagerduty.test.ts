import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Priority } from '../../model/notification.ts';
import { exampleAlert, exampleNotification, jsonOf, startHttpStandIn } from './channel-suite.ts';
import { pagerdutyExample, startPagerduty } from './pagerduty.example.ts';
import { pagerduty } from './pagerduty.ts';
import { attempt, closeStandIns, delivered, started } from './testing.ts';

afterEach(closeStandIns);

describe('events', () => {
  test('one incident from beginning to end, as Alertmanager names it', async () => {
    const standIn = await started(startPagerduty);
    const settings = pagerdutyExample.settings(standIn);
    await delivered(pagerduty, settings);
    await delivered(pagerduty, settings, {
      notification: { alerts: [exampleAlert({ status: 'resolved' })] },
    });
    const key = createHash('sha256').update(exampleNotification().groupKey).digest('hex');
    expect(standIn.mistakes).toEqual([]);
    expect(standIn.requests.map(jsonOf)).toMatchObject([
      { event_action: 'trigger', dedup_key: key },
      { event_action: 'resolve', dedup_key: key },
    ]);
  });

  test.each([
    ['P0', '', 'critical'],
    ['P1', '', 'error'],
    ['P2', '', 'warning'],
    ['P3', '', 'info'],
    ['P3', '{{ .CommonLabels.severity }}', 'critical'],
    ['P2', 'Info', 'info'],
    ['P2', 'page', 'warning'],
  ])('%s with severity "%s" is %s', async (priority, severity, expected) => {
    const standIn = await started(startPagerduty);
    const alerts = [
      exampleAlert({ priority: priority as Priority }),
      exampleAlert({ priority: 'P0', status: 'resolved' }),
    ];
    await delivered(
      pagerduty,
      { ...pagerdutyExample.settings(standIn), severity },
      { notification: { alerts } },
    );
    expect(jsonOf(standIn.requests[0]!).payload.severity).toBe(expected);
  });

  test('configured details, links and images, and ours', async () => {
    const standIn = await started(startPagerduty);
    await delivered(pagerduty, {
      ...pagerdutyExample.settings(standIn),
      source: '{{ .CommonLabels.instance }}',
      class: 'a',
      component: 'b',
      group: 'c',
      details: { num_firing: 'none', nested: { list: ['{{ .Status }}', 7, true, null] } },
      links: [{ href: 'https://a.example/{{ .Status }}', text: 'Graph' }, { href: 'nonsense' }],
      images: [{ src: 'https://a.example/x.png', href: 'https://a.example', alt: 'graph' }, { src: '' }],
    });
    expect(standIn.mistakes).toEqual([]);
    const event = jsonOf(standIn.requests[0]!);
    expect(event.payload).toMatchObject({ source: 'web-0:9090', class: 'a', component: 'b', group: 'c' });
    expect(event.payload.custom_details).toMatchObject({
      num_firing: 'none',
      num_resolved: '0',
      nested: { list: ['firing', 7, true, null] },
    });
    expect(event.images).toEqual([
      { src: 'https://a.example/x.png', href: 'https://a.example', alt: 'graph' },
    ]);
    expect(event.links.map(({ text }: { text: string }) => text)).toEqual([
      'Graph',
      'Acknowledge',
      'Open',
      'Runbook',
      'Silence',
    ]);
  });

  test('details beyond the limit are cut, and say so', async () => {
    const standIn = await started(startPagerduty);
    const details = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`d${i}`, 'é"'.repeat(30_000)]));
    await delivered(pagerduty, { ...pagerdutyExample.settings(standIn), details });
    expect(standIn.mistakes).toEqual([]);
    const { custom_details: sent } = jsonOf(standIn.requests[0]!).payload;
    expect(sent.d39).toMatch(/^(é"?)[é"]+…$/);
    expect(Buffer.byteLength(standIn.requests[0]!.body)).toBeLessThan(512_000);
  });

  test('a key of the older type talks to the older API', async () => {
    const standIn = await started(startPagerduty);
    const settings = { url: `${standIn.url}/v2/enqueue`, service_key: 'old-key' };
    await delivered(pagerduty, settings);
    expect(standIn.mistakes).toEqual([]);
    const [request] = standIn.requests;
    expect(request!.path).toBe('/generic/2010-04-15/create_event.json');
    expect(jsonOf(request!)).toMatchObject({ service_key: 'old-key', event_type: 'trigger' });
  });

  test('a key may be a template', async () => {
    const standIn = await started(startPagerduty);
    const settings = {
      ...pagerdutyExample.settings(standIn),
      routing_key: `{{ if .Status }}${'a'.repeat(32)}{{ end }}`,
    };
    await delivered(pagerduty, settings);
    expect(jsonOf(standIn.requests[0]!).routing_key).toBe('a'.repeat(32));
  });
});

describe('refusals', () => {
  test('what is wrong with an event is told', async () => {
    const body = JSON.stringify({
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: ['summary is missing'],
    });
    const standIn = await started(() => startHttpStandIn({ answer: () => ({ status: 400, body }) }));
    expect(await attempt(pagerduty, pagerdutyExample.settings(standIn))).toEqual({
      isDelivered: false,
      detail: '400 Bad Request: Event object is invalid: summary is missing',
      isRetryable: false,
      retryAfterMs: undefined,
    });
  });

  test('403 of the older API is a rate limit', async () => {
    const standIn = await started(() => startHttpStandIn({ answer: () => ({ status: 403, body: 'slow' }) }));
    const url = `${standIn.url}/v2/enqueue`;
    expect(await attempt(pagerduty, { url, service_key: 'k' })).toMatchObject({ isRetryable: true });
    expect(await attempt(pagerduty, { url, routing_key: 'k' })).toMatchObject({ isRetryable: false });
  });
});

test('one key is needed', () => {
  const check = (settings: object) => pagerduty.check!(pagerduty.schema.parse(settings)).length;
  expect(check({})).toBe(1);
  expect(check({ routing_key: 'a' })).toBe(0);
  expect(check({ service_key_file: 'a' })).toBe(0);
  expect(check({ routing_key: 'a', routing_key_file: 'b' })).toBe(1);
});
