import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
  retainSearchParams,
} from '@tanstack/react-router';
import { act, cleanup, render } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { parseSearch, sharedKeys, stringifySearch, validateSearch } from './search-params.ts';
import { type TimeRange, useTimeRange, useUrlState } from './url-state.ts';

afterEach(cleanup);

interface Seen {
  range: TimeRange;
  group: string;
  setGroup: (value: 'model' | 'user' | null, options?: { replace?: boolean }) => void;
}

async function open(path: string) {
  const seen: { current: Seen | null } = { current: null };
  // biome-ignore lint/correctness/noComponentHookFactories: a test's own page, drawn once
  function Probe() {
    const range = useTimeRange();
    const [group, setGroup] = useUrlState('group', 'model', ['model', 'user'] as const);
    seen.current = { range, group, setGroup };
    return null;
  }
  const root = createRootRoute({
    validateSearch,
    search: { middlewares: [retainSearchParams([...sharedKeys])] },
    component: Outlet,
  });
  const pages = ['/a', '/b'].map((one) =>
    createRoute({ getParentRoute: () => root, path: one, component: Probe }),
  );
  const history = createMemoryHistory({ initialEntries: [path] });
  const router = createRouter({ routeTree: root.addChildren(pages), history, parseSearch, stringifySearch });
  // biome-ignore lint/suspicious/noExplicitAny: this small tree is not the one that the application registers
  await act(async () => render(<RouterProvider router={router as any} />));
  const probe = (): Seen => {
    if (seen.current === null) throw new Error('the page was not drawn');
    return seen.current;
  };
  const go = async (to: string): Promise<void> => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    await act(async () => router.navigate({ to } as any));
  };
  return { probe, history, go, href: () => history.location.href };
}

test('a page without parameters shows the default range and writes nothing', async () => {
  const page = await open('/a');
  expect(page.probe().range).toMatchObject({
    from: 'now-24h',
    to: 'now',
    isRelative: true,
    label: 'Last 24 hours',
  });
  expect(page.href()).toBe('/a');
});

test('setting a range writes it, the default takes it out again', async () => {
  const page = await open('/a?q=x');
  await act(async () => page.probe().range.setRange('now-1h', 'now'));
  expect(page.href()).toBe('/a?q=x&from=now-1h&to=now');
  expect(page.probe().range.toMs - page.probe().range.fromMs).toBe(3_600_000);
  await act(async () => page.probe().range.setRange('now-24h', 'now'));
  expect(page.href()).toBe('/a?q=x');
});

test('back and forward restore what was seen', async () => {
  const page = await open('/a');
  await act(async () => page.probe().setGroup('user'));
  await act(async () => page.probe().range.setRange('now-7d', 'now'));
  expect(page.href()).toBe('/a?group=user&from=now-7d&to=now');
  await act(async () => page.history.back());
  expect(page.probe().group).toBe('user');
  expect(page.probe().range.from).toBe('now-24h');
  await act(async () => page.history.back());
  expect(page.probe().group).toBe('model');
  await act(async () => page.history.forward());
  expect(page.probe().group).toBe('user');
});

test('replacing adds no step to the history', async () => {
  const page = await open('/a');
  const before = page.history.length;
  await act(async () => page.probe().setGroup('user', { replace: true }));
  expect(page.probe().group).toBe('user');
  expect(page.history.length).toBe(before);
});

test('the range goes along to another page, what belongs to a page stays behind', async () => {
  const page = await open('/a?from=now-1h&to=now&tz=UTC&group=user');
  await page.go('/b');
  expect(page.href()).toBe('/b?from=now-1h&to=now&tz=UTC');
});

test('values nobody knows read as the default', async () => {
  const page = await open('/a?group=moon&from=banana');
  expect(page.probe().group).toBe('model');
  expect(page.probe().range.from).toBe('now-24h');
});

test('a range that ends before it starts reads as the default', async () => {
  const page = await open('/a?from=now&to=now-1h');
  expect(page.probe().range).toMatchObject({ from: 'now-24h', to: 'now' });
});

test('shift and zoom change the URL', async () => {
  const page = await open('/a?from=2026-11-20T10:00:00.000Z&to=2026-11-20T12:00:00.000Z&tz=UTC');
  await act(async () => page.probe().range.shift(-1));
  expect(page.probe().range.label).toContain('09:00 – 11:00');
  await act(async () => page.probe().range.zoom(0.5));
  expect(page.probe().range.label).toContain('09:30 – 10:30');
  expect(page.probe().range.isRelative).toBe(false);
});
