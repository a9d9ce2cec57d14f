import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/**
 * A browser for the tests of the interface: opens pages as a person's machine would, keeps everything the browser complains about, and
 * measures what a page promises (accessibility, no sideways scrolling, nothing from another host).
 */

export type Theme = 'dark' | 'light' | 'contrast';

/** The three machines every page is checked on. */
export const machines = {
  'desktop-dark': { width: 1440, height: 900, theme: 'dark', touch: false },
  'desktop-light': { width: 1440, height: 900, theme: 'light', touch: false },
  'phone-dark': { width: 390, height: 844, theme: 'dark', touch: true },
  'phone-light': { width: 390, height: 844, theme: 'light', touch: true },
} as const satisfies Record<string, Machine>;

export interface Machine {
  /** CSS pixels. */
  width: number;
  height: number;
  theme: Theme;
  touch: boolean;
}

/** Debian's name; another machine says its own with CHROMIUM_PATH. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

export interface OpenPage {
  page: Page;
  context: BrowserContext;
  /** Console errors and warnings, uncaught exceptions, refusals of the content security policy, failed requests. */
  complaints: string[];
  /** Origins other than the page's own that were asked for anything. */
  foreignOrigins: Set<string>;
  close: () => Promise<void>;
}

export interface OpenOptions {
  machine?: Machine;
  /** Written to the browser's storage before the first page loads. */
  settings?: Record<string, unknown>;
  timezone?: string;
  reducedMotion?: boolean;
  /** Complaints that a test provokes on purpose. */
  ignore?: RegExp;
}

/** Opens `url` in a fresh profile and waits until the shell has drawn its heading. */
export async function openPage(browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenPage> {
  const machine = options.machine ?? machines['desktop-dark'];
  const context = await browser.newContext({
    viewport: { width: machine.width, height: machine.height },
    colorScheme: machine.theme === 'light' ? 'light' : 'dark',
    hasTouch: machine.touch,
    isMobile: machine.touch,
    deviceScaleFactor: machine.touch ? 2 : 1,
    timezoneId: options.timezone ?? 'UTC',
    locale: 'en-GB',
    reducedMotion: (options.reducedMotion ?? true) ? 'reduce' : 'no-preference',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const settings = JSON.stringify({ theme: machine.theme, ...options.settings });
  await context.addInitScript((text) => {
    if (localStorage.getItem('bellwether.settings') === null)
      localStorage.setItem('bellwether.settings', text);
  }, settings);
  const page = await context.newPage();
  const opened: OpenPage = {
    page,
    context,
    complaints: [],
    foreignOrigins: new Set(),
    close: () => context.close(),
  };
  listen(opened, new URL(url).origin, options.ignore);
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  await page.locator('h1').first().waitFor();
  return opened;
}

function listen(opened: OpenPage, origin: string, ignore: RegExp | undefined): void {
  const complain = (text: string): void => {
    if (!ignore?.test(text)) opened.complaints.push(text);
  };
  opened.page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const { url, lineNumber } = message.location();
    complain(`${message.type()}: ${message.text()} (${url}:${lineNumber})`);
  });
  opened.page.on('pageerror', (error) => complain(`exception: ${error.message}`));
  opened.page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // A request that the page itself gave up, such as a search overtaken by the next letter.
    if (!why.includes('ERR_ABORTED')) complain(`request failed: ${request.url()} ${why}`);
  });
  opened.page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) opened.foreignOrigins.add(url.origin);
  });
}

export interface AxeFinding {
  id: string;
  impact: string;
  help: string;
  nodes: string[];
}

let axeSource: Promise<string> | undefined;

/** Serious and critical findings of axe-core for WCAG 2.2 AA. Injected by evaluation, since the page allows no inline script. */
export async function runAxe(page: Page): Promise<AxeFinding[]> {
  axeSource ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const source = await axeSource;
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(source);
  return page.evaluate(async () => {
    interface Axe {
      run: (
        context: unknown,
        options: unknown,
      ) => Promise<{
        violations: {
          id: string;
          impact: string;
          help: string;
          nodes: { html: string; failureSummary: string }[];
        }[];
      }>;
    }
    const axe = (globalThis as unknown as { axe: Axe }).axe;
    const found = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.violations
      .filter((one) => one.impact === 'serious' || one.impact === 'critical')
      .map((one) => ({
        id: one.id,
        impact: one.impact,
        help: one.help,
        nodes: one.nodes.slice(0, 5).map((node) => `${node.html.slice(0, 160)} :: ${node.failureSummary}`),
      }));
  });
}

/** CSS pixels by which the page can be scrolled sideways (0 is right), and what sticks out. */
export async function sidewaysOverflow(page: Page): Promise<{ pixels: number; culprits: string[] }> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const pixels = Math.max(0, document.documentElement.scrollWidth - width);
    if (pixels === 0) return { pixels, culprits: [] };
    const culprits = [...document.querySelectorAll<HTMLElement>('body *')]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .slice(0, 8)
      .map(
        (element) =>
          `${element.tagName.toLowerCase()}.${element.className} ${Math.round(element.getBoundingClientRect().right)}`,
      );
    return { pixels, culprits };
  });
}

export interface TooSmall {
  what: string;
  width: number;
  height: number;
}

/** Buttons, links and inputs smaller than `leastPx` in either direction; links inside sentences are exempt, as WCAG 2.5.8 says. */
export async function smallTargets(page: Page, leastPx: number): Promise<TooSmall[]> {
  return page.evaluate((least) => {
    const targets = [
      ...document.querySelectorAll<HTMLElement>('a[href], button, input, select, [role="menuitem"]'),
    ];
    return targets
      .filter(
        (element) => element.checkVisibility({ opacityProperty: false }) && element.closest('p') === null,
      )
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 1 && box.height > 1 && (box.width < least || box.height < least))
      .map(({ element, box }) => ({
        what: (element.getAttribute('aria-label') ?? element.textContent ?? element.tagName)
          .trim()
          .slice(0, 60),
        width: Math.round(box.width),
        height: Math.round(box.height),
      }));
  }, leastPx);
}

/** What has the focus after each of `count` presses of Tab: its accessible name or text. */
export async function tabWalk(page: Page, count: number): Promise<string[]> {
  const stops: string[] = [];
  for (let index = 0; index < count; index += 1) {
    await page.keyboard.press('Tab');
    stops.push(
      await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return 'body';
        return (element.getAttribute('aria-label') ?? element.textContent ?? element.tagName)
          .trim()
          .slice(0, 60);
      }),
    );
  }
  return stops;
}

export interface Timings {
  /** First contentful paint, milliseconds after navigation. */
  firstPaintMs: number;
  /** Sum of layout shifts without recent input. */
  layoutShift: number;
}

/** Paint and shift of the page as it was loaded. */
export async function readTimings(page: Page): Promise<Timings> {
  return page.evaluate(
    () =>
      new Promise<Timings>((resolve) => {
        let layoutShift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & {
            value: number;
            hadRecentInput: boolean;
          })[]) {
            if (!entry.hadRecentInput) layoutShift += entry.value;
          }
        }).observe({ type: 'layout-shift', buffered: true });
        const paint = performance.getEntriesByName('first-contentful-paint')[0];
        // Buffered entries are delivered in a task of their own.
        setTimeout(() => resolve({ firstPaintMs: paint?.startTime ?? Number.NaN, layoutShift }), 50);
      }),
  );
}
