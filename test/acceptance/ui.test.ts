import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demo } from '../../src/cli/demo.ts';
import { getJson, post, scenario, startTestServer, type TestServer, untilTrue } from './server-support.ts';
import { chromiumPath, launchBrowser, machines, openPage, runAxe, sidewaysOverflow } from './ui-harness.ts';

const hasBrowser = existsSync(chromiumPath);
const why = hasBrowser ? '' : ` (skipped: no browser at ${chromiumPath}, set CHROMIUM_PATH)`;

describe.skipIf(!hasBrowser)(`the interface on real sessions${why}`, () => {
  let server: TestServer;
  let browser: Browser;
  let sessionId: string;
  beforeAll(async () => {
    server = await startTestServer();
    browser = await launchBrowser();
    await demo({ url: server.url, copies: '2' });
    await untilTrue(async () => {
      const { sessions } = await getJson(`${server.url}/api/agents/sessions?limit=100`);
      sessionId = sessions.find((session: { tool_calls: number }) => session.tool_calls > 3)?.session_id;
      return sessions.length === 10 && sessionId !== undefined;
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });

  const routes = [
    '/',
    '/agents',
    '/agents/:session',
    '/settings/sources',
    '/settings/appearance',
    '/settings/about',
    '/welcome',
  ];
  const cases = routes.flatMap((route) =>
    Object.keys(machines).map((machine) => [route, machine as keyof typeof machines] as const),
  );

  test.each(cases)(
    '%s on %s: nothing to complain about, accessible, no sideways scrolling',
    async (route, machine) => {
      const url = `${server.url}${route.replace(':session', sessionId)}`;
      const opened = await openPage(browser, url, { machine: machines[machine] });
      await opened.page.waitForLoadState('load');
      await opened.page
        .locator('[aria-busy="true"]')
        .waitFor({ state: 'detached' })
        .catch(() => undefined);
      expect(await runAxe(opened.page)).toEqual([]);
      expect(await sidewaysOverflow(opened.page)).toEqual({ pixels: 0, culprits: [] });
      expect(opened.complaints).toEqual([]);
      expect([...opened.foreignOrigins]).toEqual([]);
      await opened.close();
    },
  );

  test('overview → agents → session by keyboard and click; back restores the list', async () => {
    const { page, close } = await openPage(browser, server.url);
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL('**/agents**');
    await page.getByRole('row').nth(1).waitFor();
    await page.goto(`${server.url}/agents/${sessionId}`);
    await page.getByText('$0.0481').first().waitFor();
    await page.goBack();
    await page.waitForURL((url) => url.pathname === '/agents');
    await page.getByRole('row').nth(1).waitFor();
    await close();
  });

  test('the palette opens with ctrl+K, finds a page, and goes there', async () => {
    const { page, close } = await openPage(browser, server.url);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('sources');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/sources**');
    await close();
  });

  test('the figures on the page are the figures of the API', async () => {
    const session = await getJson(`${server.url}/api/agents/sessions/${sessionId}`);
    const { page, close } = await openPage(browser, `${server.url}/agents/${sessionId}`);
    const digits = session.cost_usd < 0.1 ? 4 : 2;
    await page
      .getByText(`$${session.cost_usd.toFixed(digits)}`)
      .first()
      .waitFor();
    await close();
  });

  test('a session that changes is updated on the open page', async () => {
    const { page, close } = await openPage(browser, `${server.url}/agents?from=2026-11-01T00:00:00Z&to=now`);
    await page.getByRole('row').nth(1).waitFor();
    for (const recording of scenario('two-models')) await post(server.otlpHttpUrl!, recording);
    await page.getByText(/new/i).or(page.getByText('$0.11')).first().waitFor();
    await close();
  });
});

describe.skipIf(!hasBrowser)(`a server without data${why}`, () => {
  test('leads to the welcome page, which turns green on the first event', async () => {
    const server = await startTestServer();
    const browser = await launchBrowser();
    const { page, complaints } = await openPage(browser, server.url);
    await page.waitForURL('**/welcome**');
    await page.getByText('CLAUDE_CODE_ENABLE_TELEMETRY').first().waitFor();
    expect(await page.getByText(server.otlpHttpUrl!).count()).toBeGreaterThan(0);
    for (const recording of scenario('simple')) await post(server.otlpHttpUrl!, recording);
    await page.locator('a[href*="/agents/"]').first().waitFor();
    expect(complaints).toEqual([]);
    await browser.close();
    await server.remove();
  });
});
