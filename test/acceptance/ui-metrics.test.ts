import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getJson, startTestServer, type TestServer, untilTrue } from './server-support.ts';
import {
  chromiumPath,
  launchBrowser,
  machines,
  openPage,
  runAxe,
  sidewaysOverflow,
  tabWalk,
} from './ui-harness.ts';

const hasBrowser = existsSync(chromiumPath);
const why = hasBrowser ? '' : ` (skipped: no browser at ${chromiumPath}, set CHROMIUM_PATH)`;
const assets = fileURLToPath(new URL('../../dist/ui/assets/', import.meta.url));

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const rate = 'sum by (code) (rate(shop_requests_total[5m]))';
/** Nobody listens there: port 9 of this machine discards, if anything. */
const deadTarget = '127.0.0.1:9';

/** Twenty minutes of a counter and a gauge, every 15 s, up to now. */
async function importSamples(server: TestServer): Promise<void> {
  const lines = [
    '# HELP shop_requests Requests answered.',
    '# TYPE shop_requests counter',
    ...samples((at) => [
      `shop_requests_total{code="200",handler="/pay"} ${at * 20}`,
      `shop_requests_total{code="500",handler="/pay"} ${at}`,
      `shop_queue_depth{queue="mail"} ${10 + (at % 7)}`,
    ]),
  ];
  const answer = await fetch(`${server.url}/api/v1/import/prometheus`, {
    method: 'POST',
    body: `${lines.join('\n')}\n`,
  });
  expect(answer.status).toBe(204);
}

function samples(lineOf: (at: number) => string[]): string[] {
  const nowMs = Date.now();
  return Array.from({ length: 80 }, (_, at) =>
    lineOf(at).map((line) => `${line} ${nowMs - (80 - at) * 15_000}`),
  ).flat();
}

/** A native histogram with exemplars, as an OpenTelemetry program sends it. */
async function sendHistogram(server: TestServer): Promise<void> {
  const nanos = (ms: number) => `${ms}000000`;
  const nowMs = Date.now();
  const point = (atMs: number, times: number) => ({
    attributes: [{ key: 'route', value: { stringValue: '/pay' } }],
    startTimeUnixNano: nanos(nowMs - 600_000),
    timeUnixNano: nanos(atMs),
    ...{ count: `${10 * times}`, sum: 5 * times, scale: 2, zeroCount: '0' },
    positive: { offset: -6, bucketCounts: [1, 2, 4, 2, 1].map((count) => `${count * times}`) },
    exemplars: [{ timeUnixNano: nanos(atMs), asDouble: 0.5, traceId, spanId: '00f067aa0ba902b7' }],
  });
  const metric = {
    ...{ name: 'checkout.duration', unit: 's', description: 'How long checkouts take.' },
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [point(nowMs - 60_000, 1), point(nowMs - 5000, 2)],
    },
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
  const body = {
    resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'x' }, metrics: [metric] }] }],
  };
  const answer = await fetch(`${server.otlpHttpUrl}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

async function asked(server: TestServer, query: string): Promise<unknown[]> {
  const { data } = await getJson(`${server.url}/api/v1/query?query=${encodeURIComponent(query)}`);
  return data.result;
}

const editorOf = (page: Page, letter = 'A') => page.getByLabel(`Expression of query ${letter}`);
const legendOf = (page: Page) => page.getByRole('table', { name: /Series of the graph/ });
const queryIn = (page: Page, key = 'q') => new URL(page.url()).searchParams.get(key);

describe.skipIf(!hasBrowser)(`the pages of metrics on a real server${why}`, () => {
  let server: TestServer;
  let browser: Browser;
  let explore: (params: Record<string, string>) => string;
  beforeAll(async () => {
    server = await startTestServer({
      scrape_configs: [
        { job_name: 'dead', scrape_interval: '5s', static_configs: [{ targets: [deadTarget] }] },
      ],
      'metrics.max_series_per_metric': 300,
    });
    browser = await launchBrowser();
    explore = (params) =>
      `${server.url}/explore/metrics?${new URLSearchParams({ from: 'now-15m', to: 'now', ...params })}`;
    await importSamples(server);
    await sendHistogram(server);
    const tooMany = Array.from({ length: 400 }, (_, at) => `shop_visits_total{user="u${at}"} 1`);
    await fetch(`${server.url}/api/v1/import/prometheus`, {
      method: 'POST',
      body: `${tooMany.join('\n')}\n`,
    });
    await untilTrue(async () => {
      const counts = await Promise.all(
        ['shop_queue_depth', 'checkout_duration_seconds', 'up == 0'].map((q) => asked(server, q)),
      );
      return counts.every(({ length }) => length > 0);
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });

  const routes = [
    ['nothing asked', '/explore/metrics'],
    ['graph', `/explore/metrics?from=now-15m&q=${encodeURIComponent(rate)}&qb=checkout_duration_seconds`],
    ['table', '/explore/metrics?from=now-15m&view=table&q=shop_requests_total'],
    ['native histogram', '/explore/metrics?from=now-15m&view=table&q=checkout_duration_seconds'],
    ['raw', '/explore/metrics?from=now-15m&view=raw&q=shop_queue_depth'],
    ['explain', `/explore/metrics?from=now-15m&view=explain&q=${encodeURIComponent(rate)}`],
    ['targets', '/settings/targets'],
    ['cardinality', '/settings/cardinality'],
  ] as const;
  const cases = routes.flatMap(([name, route]) =>
    Object.keys(machines).map((machine) => [name, machine as keyof typeof machines, route] as const),
  );

  test.each(cases)(
    '%s on %s: nothing to complain about, accessible, no sideways scrolling',
    async (_, machine, route) => {
      const opened = await openPage(browser, server.url + route, { machine: machines[machine] });
      await opened.page.waitForLoadState('networkidle').catch(() => undefined);
      if (route.startsWith('/explore')) await opened.page.locator('[data-query-editor]').first().waitFor();
      await opened.page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
      expect(await runAxe(opened.page)).toEqual([]);
      expect(await sidewaysOverflow(opened.page)).toEqual({ pixels: 0, culprits: [] });
      expect(opened.complaints).toEqual([]);
      expect([...opened.foreignOrigins]).toEqual([]);
      await opened.close();
    },
  );

  test('type, complete, run, back, reload: the address is the state', async () => {
    const { page, complaints, close } = await openPage(browser, explore({}));
    await editorOf(page).click();
    await page.keyboard.type('shop_que', { delay: 20 });
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'shop_queue_depth' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.cm-tooltip-autocomplete').waitFor({ state: 'detached' });
    expect(queryIn(page)).toBeNull();
    await page.keyboard.press('Enter');
    await legendOf(page).getByText('shop_queue_depth').waitFor();
    expect(queryIn(page)).toBe('shop_queue_depth');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(rate, { delay: 2 });
    await page.keyboard.press('Control+Enter');
    await legendOf(page).getByText('code=500').waitFor();
    await page.goBack();
    await legendOf(page).getByText('shop_queue_depth').waitFor();
    expect(await editorOf(page).textContent()).toBe('shop_queue_depth');
    await page.goForward();
    await page.reload();
    await legendOf(page).getByText('code=500').waitFor();
    expect(await editorOf(page).textContent()).toBe(rate);
    expect(complaints).toEqual([]);
    await close();
  });

  test('labels and their values are completed from the server', async () => {
    const { page, close } = await openPage(browser, explore({}));
    await editorOf(page).click();
    await page.keyboard.type('shop_requests_total{han', { delay: 20 });
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'handler' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.type('="', { delay: 20 });
    await page.locator('.cm-tooltip-autocomplete li', { hasText: '/pay' }).waitFor();
    await close();
  });

  test('tab leaves the editor, escape gives the keys of the page back', async () => {
    const { page, close } = await openPage(browser, explore({ q: 'shop_queue_depth' }));
    await editorOf(page).click();
    expect(await tabWalk(page, 2)).toEqual(['Run', 'Format query A']);
    await editorOf(page).click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.waitForURL((url) => url.pathname !== '/explore/metrics');
    await close();
  });

  test('an error is marked where it is, and warnings and notes are shown', async () => {
    const opened = await openPage(browser, explore({ q: 'rate(shop_queue_depth)' }), { ignore: /400/ });
    const { page } = opened;
    await page.getByText(/Error at character 6/).waitFor();
    await page.locator('.cm-lintRange-error', { hasText: 'shop_queue_depth' }).waitFor();
    await page.goto(explore({ q: 'rate(shop_queue_depth[5m])' }));
    await page.getByText(/might not be a counter/).waitFor();
    expect(opened.complaints).toEqual([]);
    await opened.close();
  });

  test('format, duplicate, hide and remove', async () => {
    const { page, close } = await openPage(browser, explore({ q: 'sum(shop_requests_total)by(code)' }));
    await legendOf(page).getByText('code=500').waitFor();
    await page.getByRole('button', { name: 'Format query A' }).click();
    await untilTrue(
      async () => (await editorOf(page).textContent()) === 'sum by (code) (shop_requests_total)',
    );
    await page.getByRole('button', { name: 'Duplicate query A' }).click();
    await editorOf(page, 'B').waitFor();
    await page.getByRole('button', { name: 'Query A: shown' }).click();
    await untilTrue(() => queryIn(page, 'off') === 'a');
    await untilTrue(async () => (await legendOf(page).getByRole('row').count()) === 3);
    await page.getByRole('button', { name: 'Remove query A' }).click();
    await untilTrue(() => queryIn(page) === null && queryIn(page, 'qb') !== null);
    await close();
  });

  test('a picked metric offers what one asks of it', async () => {
    const { page, close } = await openPage(browser, explore({}));
    await page.getByLabel('Find a metric').fill('checkout');
    await page.getByRole('treeitem', { name: /checkout_duration_seconds/ }).click();
    const details = page.getByRole('region', { name: 'Metric checkout_duration_seconds' });
    await details.getByText('How long checkouts take.').waitFor();
    await details.getByRole('button', { name: 'p95' }).click();
    await untilTrue(
      () => queryIn(page) === 'histogram_quantile(0.95, sum(rate(checkout_duration_seconds[5m])))',
    );
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('button', { name: /^histogram_quantile/ }).waitFor();
    await close();
  });

  test('series are hidden and shown alone by keyboard', async () => {
    const { page, close } = await openPage(browser, explore({ q: rate }));
    const row = legendOf(page).getByRole('row', { name: /code=200/ });
    await row.focus();
    await page.keyboard.press('Enter');
    await row.getByText('(hidden)').waitFor({ state: 'attached' });
    await page.keyboard.press('Shift+Enter');
    await legendOf(page)
      .getByRole('row', { name: /code=500.*hidden/ })
      .waitFor();
    await close();
  });

  test('exemplars stand on the graph and name their trace', async () => {
    const { page, close } = await openPage(
      browser,
      explore({ q: 'histogram_avg(checkout_duration_seconds)' }),
    );
    await page.locator('button[title^="Exemplar"]').first().click();
    await page.getByRole('region', { name: 'Exemplar' }).getByText(traceId).waitFor();
    await close();
  });

  test('a native histogram reads as buckets', async () => {
    const { page, close } = await openPage(
      browser,
      explore({ view: 'table', q: 'checkout_duration_seconds' }),
    );
    await page.getByText('20 observations, mean 0.5').click();
    const panel = page.getByRole('complementary', { name: 'checkout_duration_seconds' });
    await panel.getByText('(0.5, 0.5946]').waitFor();
    await panel.getByText('40.0%').waitFor();
    await close();
  });

  test('a query is given up when the page is left', async () => {
    const { page, close } = await openPage(browser, explore({}));
    await page.route('**/api/v1/query_range*', () => undefined);
    await editorOf(page).click();
    await page.keyboard.type('up', { delay: 20 });
    const started = page.waitForRequest(/query_range/);
    await page.keyboard.press('Control+Enter');
    await started;
    const aborted = page.waitForEvent('requestfailed', (request) => request.url().includes('query_range'));
    await page.getByRole('link', { name: 'Agents' }).click();
    expect((await aborted).failure()?.errorText).toContain('ERR_ABORTED');
    await close();
  });

  test('completion over 20,000 names keeps up with typing', async () => {
    const { page, close } = await openPage(browser, explore({}));
    const names = Array.from({ length: 20_000 }, (_, at) => `part_${at % 50}_metric_${at}_total`).sort();
    await page.route('**/label/__name__/values*', (route) =>
      route.fulfill({ json: { status: 'success', data: names } }),
    );
    await page.reload();
    await page.getByText('20,000 metrics').waitFor();
    expect(await page.getByRole('treeitem').count()).toBeLessThan(100);
    await editorOf(page).click();
    await page.keyboard.type('metric_19999', { delay: 5 });
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'part_49_metric_19999_total' }).waitFor();
    await close();
  });

  test('targets say why one is down', async () => {
    const { page, close } = await openPage(browser, `${server.url}/settings/targets`);
    await page.getByText('0 of 1 up').waitFor();
    await page.getByRole('row', { name: new RegExp(deadTarget) }).click();
    await page.getByText(/Nothing listens at this address/).waitFor();
    await page.getByRole('link', { name: 'Show its health over time' }).click();
    await legendOf(page).waitFor();
    expect(queryIn(page)).toBe(`up{instance="${deadTarget}", job="dead"}`);
    await close();
  });

  test('cardinality names the refused metric and the label at fault', async () => {
    const { page, close } = await openPage(browser, `${server.url}/settings/cardinality`);
    const refused = page.getByRole('region', { name: 'Refused series' });
    await refused.getByText('shop_visits_total').first().waitFor();
    await refused.getByText(/^user: about/).waitFor();
    await refused.getByText(/metrics\.max_series_per_metric/).waitFor();
    await close();
  });
});

describe('size of what is loaded', () => {
  const files = existsSync(assets) ? readdirSync(assets).filter((name) => name.endsWith('.js')) : [];
  const gzipped = (name: string) => gzipSync(readFileSync(assets + name), { level: 9 }).length;
  const importsOf = (name: string) =>
    [...readFileSync(assets + name, 'utf8').matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)].map(
      ([, found]) => found!,
    );

  /** A script with everything it imports at once. */
  function together(start: string, known = new Set<string>()): Set<string> {
    if (known.has(start)) return known;
    known.add(start);
    for (const found of importsOf(start)) together(found, known);
    return known;
  }
  const sum = (names: Iterable<string>) => [...names].reduce((total, name) => total + gzipped(name), 0);

  test('the first script and its imports stay below 250 KB, the editor with its grammar below 170 KB', () => {
    const entry = together(files.find((name) => name.startsWith('index-'))!);
    expect(sum(entry)).toBeLessThan(250 * 1024);
    // What the page has loaded before the editor counts for the page.
    const page = together(files.find((name) => name.startsWith('explore-metrics-'))!);
    const editor = together(files.find((name) => name.startsWith('promql-editor-'))!);
    const own = [...editor].filter((name) => !page.has(name) && !entry.has(name));
    expect(own.length).toBeGreaterThan(0);
    expect(sum(own)).toBeLessThan(170 * 1024);
  });

  test.each(['explore-metrics-', 'targets-', 'cardinality-'])(
    'the script of %s stays below 60 KB',
    (name) => {
      expect(gzipped(files.find((file) => file.startsWith(name))!)).toBeLessThan(60 * 1024);
    },
  );
});
