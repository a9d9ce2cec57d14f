import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import {
  alertView,
  createWorld,
  fingerprint,
  HOUR_MS,
  onCallConfig,
  startOnCall,
  type World,
} from './on-call-test-kit.ts';
import type { OnCallAlert } from './types.ts';

const FIRST = fingerprint(1);

async function withAlert(fields: Partial<OnCallAlert> = {}) {
  const world = createWorld();
  world.engine.put(alertView(1, fields));
  const onCall = await startOnCall(world, onCallConfig({}));
  const token = onCall.tokens.create(alertView(1, fields).alert);
  const visit = (method = 'GET', form: Record<string, string> = {}, path = token) =>
    onCall.pages.handle({ method, token: path, form, nowMs: world.clock.now() });
  return { world, onCall, token, visit };
}

const acknowledged = (world: World) => world.events.filter(({ kind }) => kind === 'acknowledged');

describe('pages behind signed links', () => {
  test('looking at one acknowledges nothing', async () => {
    const { world, onCall, visit } = await withAlert();
    for (const method of ['GET', 'HEAD']) {
      const page = await visit(method, { for: '1h' });
      expect(page.status).toBe(200);
      expect(page.html).toContain('Alert1');
      expect(page.html).toContain('<form method="post">');
      expect(page.html.match(/<button name="for" value="(1h|4h|resolved)">/g)).toHaveLength(3);
    }
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
    expect(acknowledged(world)).toEqual([]);
  });

  test('pressing a button does, for the time it says', async () => {
    for (const [choice, durationMs] of [
      ['1h', HOUR_MS],
      ['4h', 4 * HOUR_MS],
      ['resolved', undefined],
    ] as const) {
      const { world, onCall, visit } = await withAlert();
      const page = await visit('POST', { for: choice, by: ' Ann ' });
      expect(page.status).toBe(200);
      expect(page.html).toContain('Acknowledged by <bdi>Ann</bdi>');
      expect(onCall.acknowledgementOf(FIRST)).toMatchObject({
        by: 'Ann',
        via: 'link',
        untilMs: durationMs === undefined ? undefined : world.clock.now() + durationMs,
      });
      await visit('POST', { for: choice, by: 'Ann' });
      expect(acknowledged(world)).toHaveLength(1);
    }
  });

  test('without a name it still is somebody; a long one is cut', async () => {
    const { onCall, visit } = await withAlert();
    await visit('POST', { for: '1h' });
    expect(onCall.acknowledgementOf(FIRST)?.by).toBe('link');
    await visit('POST', { for: '1h', by: 'x'.repeat(5000) });
    expect(onCall.acknowledgementOf(FIRST)!.by.length).toBe(100);
  });

  test('tells who has it already', async () => {
    const { onCall, visit } = await withAlert();
    await onCall.acknowledge(FIRST, undefined, { by: 'bob', via: 'ui' });
    expect((await visit()).html).toContain('Acknowledged by <bdi>bob</bdi> until it is resolved');
  });

  test('an alert that is resolved, gone, or began anew', async () => {
    const { world, visit } = await withAlert();
    world.engine.resolve(1, world.clock.now());
    expect(await visit()).toMatchObject({ status: 200, html: expect.stringContaining('is resolved') });
    expect(await visit('POST', { for: '1h' })).toMatchObject({ status: 409 });
    world.engine.views.clear();
    expect(await visit()).toMatchObject({ status: 200, html: expect.stringContaining('is resolved') });
    world.engine.put(alertView(1, { startsAtMs: world.clock.now() }));
    expect(await visit('POST', { for: '1h' })).toMatchObject({
      status: 409,
      html: expect.stringContaining('fires anew'),
    });
    expect(acknowledged(world)).toEqual([]);
  });

  test('links that are no longer or never were valid, and other methods', async () => {
    const { world, token, visit } = await withAlert();
    expect((await visit('GET', {}, 'x')).status).toBe(404);
    expect((await visit('POST', { for: '1h' }, `${token.slice(0, -4)}AAAA`)).status).toBe(404);
    expect((await visit('POST', { for: 'ever' })).status).toBe(400);
    expect((await visit('POST')).status).toBe(400);
    expect(await visit('DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } });
    await world.clock.advance(8 * 24 * HOUR_MS);
    expect((await visit('POST', { for: '1h' })).status).toBe(410);
    expect(acknowledged(world)).toEqual([]);
  });

  test('a state that cannot be stored is told, and nothing is acknowledged', async () => {
    const { world, onCall, visit } = await withAlert();
    world.documents.failing = true;
    expect(await visit('POST', { for: '1h' })).toMatchObject({
      status: 503,
      html: expect.stringContaining('not acknowledged'),
    });
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
  });

  test('nothing that an alert or a visitor says becomes markup', async () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror='x'>&amp;\u0000\u001b\ud800</style></title><!--`;
    const { visit } = await withAlert({
      labels: Labels.fromObject({
        alertname: hostile,
        [hostile]: hostile,
        severity: 'critical',
        ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`l${n}`, 'x'.repeat(2000)])),
      }),
      annotations: Labels.fromObject({ summary: hostile }),
    });
    for (const page of [await visit(), await visit('POST', { for: '1h', by: hostile })]) {
      const { html } = page;
      const tags = new Set([...html.matchAll(/<\/?([^\s>]+)/g)].map((match) => match[1]));
      const known =
        '!doctype html head meta title style body main h1 p bdi time dl dt dd form label input button a'.split(
          ' ',
        );
      expect([...tags].filter((tag) => !known.includes(tag!))).toEqual([]);
      expect(html).not.toMatch(/<[^>]*\son\w+=/);
      for (const control of ['\u0000', '\u001b']) expect(html).not.toContain(control);
      expect(html.isWellFormed()).toBe(true);
      expect(html.match(/<\/style>/g)).toHaveLength(1);
      expect(html.length).toBeLessThan(60_000);
      expect(html).toContain('more labels');
    }
  });

  test('the page needs only what its policy allows', async () => {
    const { visit } = await withAlert();
    const { headers, html } = await visit();
    const style = /<style>([\s\S]*)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(html).not.toMatch(/style=|<script|src=/);
    expect(html).toContain('width=device-width');
    expect(style).toContain('prefers-color-scheme:dark');
  });
});
