import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { postJson, pushSamples, startWebhookSink, type WebhookSink, writeFiles } from './alerts-support.ts';
import { getJson, startTestServer, type TestServer, temporaryFolder, untilTrue } from './server-support.ts';
import {
  chromiumPath,
  launchBrowser,
  machines,
  openPage,
  runAxe,
  sidewaysOverflow,
  smallTargets,
} from './ui-harness.ts';

const hasBrowser = existsSync(chromiumPath);
const why = hasBrowser ? '' : ` (skipped: no browser at ${chromiumPath}, set CHROMIUM_PATH)`;
const assets = fileURLToPath(new URL('../../dist/ui/assets/', import.meta.url));

const evil = '<img src=x onerror=alert(1)>';
const rules = `
groups:
  - name: shop
    interval: 500ms
    rules:
      - alert: QueueLong
        expr: shop_queue_depth > 100
        labels: { severity: critical, service: shop }
        annotations:
          summary: 'queue {{ $labels.queue }} holds {{ $value }}'
          description: 'see https://wiki.example.com/queue, not javascript:alert(1)'
          runbook_url: /runbooks/queue-long
      - alert: Slow
        expr: shop_latency_seconds > 1
        labels: { severity: warning, service: shop }
        annotations: { summary: '${evil}' }
      - alert: StillPending
        expr: shop_queue_depth > 0
        for: 1h
        labels: { severity: info }
      - alert: Broken
        expr: shop_queue_depth / on (queue) group_left shop_many
  - name: sums
    interval: 1s
    rules:
      - record: shop:queue:sum
        expr: sum(shop_queue_depth)
`;

const alertmanager = (sink: string): string => `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: team
    webhook_configs: [{ url: '${sink}/team' }]
  - name: dead
    webhook_configs: [{ url: 'http://127.0.0.1:9/' }]
`;

const runbook = `# Long queue

**Impact:** mail comes late. [Graph](/explore/metrics?q=shop_queue_depth), [status](https://status.example.com).

\`\`\`sh
shopctl drain --queue mail
\`\`\`

## Second part

<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg><p style="position:fixed">styled</p>
[one](javascript:alert(1)) [two](data:text/html,x) [three](//evil.example) ![pixel](https://evil.example/p.png)
`;

const onCall = {
  people: [{ name: 'ada', receivers: ['team'] }],
  schedules: [
    {
      ...{ name: 'primary', time_zone: 'Europe/Berlin' },
      rotations: [{ people: ['ada'], start: '2026-01-05T09:00:00', shift_length: '1w' }],
    },
  ],
  escalation_policies: [
    {
      name: 'default',
      steps: [
        { after: '30m', schedules: ['primary'] },
        { after: '10m', receivers: ['team'] },
      ],
    },
  ],
};

function configure(folder: string, sink: WebhookSink): Record<string, unknown> {
  const runbooks = join(folder, 'runbooks');
  mkdirSync(runbooks);
  writeFiles(runbooks, { 'queue-long.md': runbook });
  writeFiles(folder, { 'rules.yml': rules, 'alertmanager.yml': alertmanager(sink.url) });
  return {
    rule_files: [join(folder, 'rules.yml')],
    alertmanager_config_file: join(folder, 'alertmanager.yml'),
    'alerting.packs': [],
    'alerting.runbooks_dir': runbooks,
    on_call: onCall,
  };
}

/** Ten minutes of samples, the last of them now: rules look at what is there, graphs at what was. */
async function pushState(server: TestServer): Promise<void> {
  const nowMs = Date.now();
  const times = Array.from({ length: 40 }, (_, at) => nowMs - (39 - at) * 15_000);
  await pushSamples(
    server.url,
    times
      .flatMap((at, index) => [
        `shop_queue_depth{queue="mail"} ${20 + index * 10} ${at}`,
        `shop_latency_seconds{handler="/pay"} 2.5 ${at}`,
        `shop_many{queue="mail",n="1"} 1 ${at}`,
        `shop_many{queue="mail",n="2"} 1 ${at}`,
      ])
      .join('\n'),
  );
}

const rowOf = (page: Page, name: string) =>
  page.getByRole('table', { name: 'Active alerts' }).getByRole('row', { name: new RegExp(name) });

describe.skipIf(!hasBrowser)(`the pages of alerts on a real server${why}`, () => {
  let folder: string;
  let sink: WebhookSink;
  let server: TestServer;
  let browser: Browser;
  let fingerprint: string;
  let ruleId: string;
  let refresh: ReturnType<typeof setInterval>;
  beforeAll(async () => {
    folder = temporaryFolder();
    sink = await startWebhookSink();
    server = await startTestServer(configure(folder, sink));
    browser = await launchBrowser();
    await pushState(server);
    // Samples grow stale within five minutes, and the tests may take longer.
    refresh = setInterval(() => void pushState(server).catch(() => undefined), 60_000);
    await untilTrue(async () => {
      const { alerts } = await getJson(`${server.url}/api/alerts`);
      const found = alerts.find(({ name }: { name: string }) => name === 'QueueLong');
      fingerprint = found?.fingerprint;
      ruleId = found?.rule_id;
      return found?.state === 'firing' && alerts.length >= 3;
    });
    await untilTrue(() => sink.taken('/team').length > 0);
  });
  afterAll(async () => {
    clearInterval(refresh);
    await browser?.close();
    await server?.remove();
    await sink?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  /** Tests leave the alerts as they found them. */
  afterEach(async () => {
    await postJson(`${server.url}/api/alerts/${fingerprint}/unacknowledge`);
    const { silences } = await getJson(`${server.url}/api/silences`);
    for (const { id, state } of silences as { id: string; state: string }[])
      if (state !== 'expired') await postJson(`${server.url}/api/silences/${id}/expire`);
  });

  const routes = [
    ['active', '/alerts'],
    ['details beside the list', '/alerts?sel=:fingerprint'],
    ['one alert', '/alerts/:fingerprint'],
    ['rules', '/alerts/rules'],
    ['one rule', '/alerts/rules/:rule'],
    ['new rule', '/alerts/rules/new?q=shop_queue_depth%20%3E%2010'],
    ['silences', '/alerts/silences'],
    ['new silence', '/alerts/silences?alert=:fingerprint'],
    ['history', '/alerts/history'],
    ['on-call', '/alerts/on-call'],
    ['delivery', '/alerts/delivery'],
    ['runbooks', '/runbooks'],
    ['one runbook', '/runbooks/queue-long'],
  ] as const;
  const cases = routes.flatMap(([name, route]) =>
    Object.keys(machines).map((machine) => [name, machine as keyof typeof machines, route] as const),
  );
  const addressOf = (route: string) =>
    server.url + route.replace(':fingerprint', fingerprint).replace(':rule', encodeURIComponent(ruleId));

  test.each(cases)(
    '%s on %s: nothing to complain about, accessible, no sideways scrolling',
    async (_, machine, route) => {
      const opened = await openPage(browser, addressOf(route), { machine: machines[machine] });
      await opened.page.waitForLoadState('load');
      await opened.page.locator('[aria-busy="true"]').waitFor({ state: 'detached' });
      expect(await runAxe(opened.page)).toEqual([]);
      expect(await sidewaysOverflow(opened.page)).toEqual({ pixels: 0, culprits: [] });
      expect(opened.complaints).toEqual([]);
      expect([...opened.foreignOrigins]).toEqual([]);
      await opened.close();
    },
  );

  test('the list says what is wrong and who has it, and shows hostile text as text', async () => {
    const { page, complaints, close } = await openPage(browser, `${server.url}/alerts`);
    const row = rowOf(page, 'QueueLong');
    await row.getByText(/^queue mail holds \d+/).waitFor();
    await row.getByText('Firing').waitFor();
    await row.getByText('team', { exact: true }).waitFor();
    await page.getByText(evil).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toMatch(/^\(\d+\) Alerts/);
    expect(complaints).toEqual([]);
    await close();
  });

  test('one key acknowledges; the server knows, and another window sees it', async () => {
    const other = await openPage(browser, `${server.url}/alerts`);
    const { page, close } = await openPage(browser, `${server.url}/alerts`);
    await rowOf(page, 'QueueLong').focus();
    await page.keyboard.press('a');
    await rowOf(page, 'QueueLong')
      .getByText(/has it since/)
      .waitFor();
    await untilTrue(
      async () => (await getJson(`${server.url}/api/alerts/${fingerprint}`)).alert.acknowledged,
    );
    await rowOf(other.page, 'QueueLong')
      .getByText(/has it since/)
      .waitFor();
    await page.keyboard.press('Shift+A');
    await rowOf(page, 'QueueLong')
      .getByText(/Nobody yet/)
      .waitFor();
    await other.close();
    await close();
  });

  test('three clicks silence for four hours', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts`);
    await page.getByRole('button', { name: 'Silence QueueLong' }).click();
    await page.getByText('4 hours').click();
    await page.getByRole('button', { name: 'Silence 1 alert' }).click();
    await rowOf(page, 'QueueLong').getByText('Silenced').waitFor();
    const { silences } = await getJson(`${server.url}/api/silences`);
    const made = silences.find(({ state }: { state: string }) => state === 'active');
    expect(Date.parse(made.ends_at) - Date.parse(made.starts_at)).toBeGreaterThan(3.9 * 3_600_000);
    await close();
  });

  test('the keyboard walks the list, opens details, steps on and comes back', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts`);
    await rowOf(page, 'QueueLong').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/sel=/);
    const first = new URL(page.url()).searchParams.get('sel');
    await page.getByRole('heading', { name: 'Value over time' }).waitFor();
    await page.keyboard.press('j');
    await page.waitForURL((url) => url.searchParams.get('sel') !== first);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('sel'));
    await page.keyboard.press('o');
    await page.waitForURL(/\/alerts\/[0-9a-f]{16}$/);
    await close();
  });

  test('a link from a notification shows what, why, who was told, and leads to the runbook', async () => {
    const { page, close } = await openPage(browser, addressOf('/alerts/:fingerprint'));
    await page.getByRole('heading', { level: 1, name: 'QueueLong' }).waitFor();
    await page.getByText(/taken: team/).waitFor();
    await page
      .getByText(/^Delivered/)
      .first()
      .waitFor();
    await page.getByRole('img', { name: /Value over time/ }).waitFor();
    const outside = page.getByRole('link', { name: /wiki\.example\.com/ });
    expect(await outside.getAttribute('rel')).toContain('noopener');
    expect(await page.locator('main a[href^="javascript"]').count()).toBe(0);
    await page.getByRole('link', { name: 'Runbook' }).click();
    await page.getByText('shopctl drain --queue mail').waitFor();
    await close();
  });

  test('a hostile runbook stays harmless, its code can be copied, links out open apart', async () => {
    const { page, complaints, foreignOrigins, close } = await openPage(
      browser,
      `${server.url}/runbooks/queue-long`,
    );
    const article = page.getByRole('article');
    await article.getByRole('heading', { level: 2, name: 'Second part' }).waitFor();
    expect(
      await article.locator('script, img, svg:not([aria-hidden]), [style], [onclick], [onload]').count(),
    ).toBe(0);
    const targets = await article
      .locator('a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(targets).toEqual([
      '/explore/metrics?q=shop_queue_depth',
      'https://status.example.com',
      'https://evil.example/p.png',
    ]);
    expect(await article.getByRole('link', { name: 'status' }).getAttribute('rel')).toContain('noopener');
    await article.getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('shopctl drain --queue mail');
    expect(complaints).toEqual([]);
    expect([...foreignOrigins]).toEqual([]);
    await article.getByRole('link', { name: 'Graph' }).click();
    await page.waitForURL('**/explore/metrics?**');
    await close();
  });

  test('a broken rule is named with its error and its place', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/rules?show=failing`);
    await page.getByRole('link', { name: 'Broken' }).waitFor();
    await page.getByText('rules.yml:').first().waitFor();
    await page.getByRole('link', { name: 'Broken' }).click();
    await page.getByText('The last evaluation failed:').waitFor();
    await page.getByText(/kept in the file above/).waitFor();
    expect(await page.getByRole('link', { name: 'Edit' }).count()).toBe(0);
    await close();
  });

  test('a rule is written, tried over the past, saved, fires, and is deleted', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/rules/new`);
    await page.getByLabel('Expression', { exact: true }).click();
    await page.keyboard.type('shop_queue_depth > 5');
    await page.keyboard.press('Escape');
    await page.getByLabel('Name', { exact: true }).or(page.getByLabel(/^Name/)).first().fill('OwnRule');
    await page.getByLabel(/^For/).fill('0s');
    await page.getByLabel(/^Summary/).fill('{{ $labels.queue }} is long');
    await page.getByText('mail is long').waitFor();
    await page.getByRole('button', { name: '1 day' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page
      .getByText(/^Would have fired 1 time in a day/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'OwnRule' }).waitFor();
    await untilTrue(async () => {
      const { alerts } = await getJson(`${server.url}/api/alerts?state=firing`);
      return alerts.some(({ name }: { name: string }) => name === 'OwnRule');
    });
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete it for good?' }).click();
    await page.waitForURL('**/alerts/rules');
    await close();
  });

  test('a mistake in an expression is said before anything is sent', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/rules/new?q=sum((up)`);
    await page
      .getByText(/parse error|unclosed|unexpected/i)
      .first()
      .waitFor();
    await close();
  });

  test('receivers are tested, and the result is said', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/delivery`);
    const panel = page.getByRole('region', { name: 'team', exact: true });
    await panel.getByRole('button', { name: /^Send test/ }).click();
    await panel.getByText(/^Delivered in/).waitFor();
    const dead = page.getByRole('region', { name: 'dead', exact: true });
    await dead.getByRole('button', { name: /^Send test/ }).click();
    await dead.getByText(/^Not delivered after/).waitFor();
    await page
      .getByRole('table', { name: 'Deliveries' })
      .getByText(/to team\/webhook\/0/)
      .first()
      .waitFor();
    await close();
  });

  test('an override is made and taken back', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/on-call`);
    await page.getByText('On call now: ada').waitFor();
    await page.getByRole('button', { name: 'Override' }).click();
    await page.getByRole('dialog').getByLabel(/^To/).fill('2h');
    await page.getByRole('dialog').getByRole('button', { name: 'Override' }).click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Remove it?' }).click();
    await page.getByRole('heading', { name: 'Overrides' }).waitFor({ state: 'detached' });
    await close();
  });

  test('the history is exported with its filter', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts/history?kinds=firing`);
    await page.getByRole('table', { name: 'Events of alerts' }).getByText('QueueLong').first().waitFor();
    const href = await page.getByRole('link', { name: 'JSON lines' }).getAttribute('href');
    const lines = (await (await fetch(server.url + href)).text()).trim().split('\n');
    const kinds = new Set(lines.map((line) => JSON.parse(line).kind));
    expect([...kinds]).toEqual(['firing']);
    await close();
  });

  test('on a phone, what is pressed is large enough for a thumb', async () => {
    const { page, close } = await openPage(browser, `${server.url}/alerts`, {
      machine: machines['phone-dark'],
    });
    await rowOf(page, 'QueueLong').waitFor();
    const small = await smallTargets(page, 44);
    // The bar at the top belongs to every page.
    expect(small.filter(({ what }) => what !== 'More')).toEqual([]);
    await close();
  });
});

describe.skipIf(!hasBrowser)(`a server that tells nobody${why}`, () => {
  test('says so, and how to change it', async () => {
    const server = await startTestServer({ 'alerting.packs': [] });
    const browser = await launchBrowser();
    const { page, complaints, close } = await openPage(browser, `${server.url}/alerts`);
    await page.getByText('Nobody is told: no receiver is configured.').waitFor();
    await page.getByText('alertmanager_config_file').first().waitFor();
    expect(complaints).toEqual([]);
    await close();
    await browser.close();
    await server.remove();
  });
});

describe('size of the pages of alerts', () => {
  const files = existsSync(assets) ? readdirSync(assets).filter((name) => name.endsWith('.js')) : [];
  const gzipped = (name: string) => gzipSync(readFileSync(assets + name), { level: 9 }).length;
  const named = (name: string) => files.filter((file) => new RegExp(`^${name}-[\\w-]{8}\\.js$`).test(file));

  test.each([
    ...['alerts', 'alerts-alert', 'alerts-rules', 'alerts-rule', 'alerts-rule-edit', 'alerts-silences'],
    ...['alerts-history', 'alerts-on-call', 'alerts-delivery', 'runbooks'],
  ])('the script of %s stays below 60 KB', (name) => {
    expect(named(name).length).toBeGreaterThan(0);
    for (const file of named(name)) expect(gzipped(file)).toBeLessThan(60 * 1024);
  });

  test('Markdown with its sanitiser stays below 30 KB', () => {
    expect(gzipped(named('markdown')[0]!)).toBeLessThan(30 * 1024);
  });
});
