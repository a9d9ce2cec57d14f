import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { act, cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeLayout } from '../components/fake-layout.ts';
import { createQueryClient } from '../lib/queries.ts';
import { createAppRouter } from '../router.tsx';
import { clearHistory } from './explore/history.ts';

vi.mock('uplot', () => ({
  default: class {
    static paths = {};
    setData() {}
    setSize() {}
    setCursor() {}
    redraw() {}
    destroy() {}
  },
}));
vi.mock('uplot/dist/uPlot.min.css', () => ({}));
// The real editor needs a browser that lays text out; the acceptance tests drive it there.
vi.mock('./explore/editor/promql-editor.tsx', () => ({
  PromqlEditor: (props: {
    label: string;
    value: string;
    onChange: (text: string) => void;
    onRun: (text: string) => void;
  }) => (
    <textarea
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
      onKeyDown={(event) => event.key === 'Enter' && props.onRun(event.currentTarget.value)}
    />
  ),
}));

class FakeStream extends EventTarget {
  close() {}
}

const now = Math.floor(Date.now() / 1000);
const status = {
  ...{ version: '0.1.0', role: 'admin', auth_required: false, has_data: true, has_sessions: false },
  ...{ ready: true, message: '', now: new Date().toISOString() },
};
const names = ['http_requests_total', 'http_seconds_bucket', 'queue_length', 'up'];

/** Answers by endpoint; a function is given the parameters. */
let answers: Record<string, unknown>;
let asked: URL[];
let signals: Map<string, AbortSignal>;

function vector(count: number) {
  return { resultType: 'vector', result: [{ metric: {}, value: [now, String(count)] }] };
}

function matrixOf(params: URLSearchParams) {
  const at = Number(params.get('end'));
  const series = (job: string, value: string) => ({ metric: { __name__: 'up', job }, values: [[at, value]] });
  return { resultType: 'matrix', result: [series('a', '1'), series('b', '2')] };
}

async function answer(address: string, init?: RequestInit): Promise<Response> {
  const url = new URL(address, 'http://x');
  asked.push(url);
  const endpoint = url.pathname.replace('/api/v1/', '');
  if (init?.signal) signals.set(endpoint, init.signal);
  if (url.pathname === '/api/status') return Response.json(status);
  const found = answers[endpoint];
  const data = typeof found === 'function' ? await found(url.searchParams) : found;
  if (data instanceof Response) return data;
  if (data === undefined) return Response.json({ error: { code: 'x', message: 'x' } }, { status: 404 });
  return Response.json({ status: 'success', data });
}

configure({ asyncUtilTimeout: 10_000 });

beforeAll(async () => {
  await Promise.all([
    import('./explore-metrics.tsx'),
    import('./explore/editor/selectors.ts'),
    import('./targets.tsx'),
    import('./cardinality.tsx'),
  ]);
});

let restore: () => void;
beforeEach(() => {
  restore = fakeLayout({ width: 1200, height: 700 });
  asked = [];
  signals = new Map();
  clearHistory();
  answers = {
    'label/__name__/values': names,
    metadata: {
      http_requests_total: [{ type: 'counter', help: 'Requests answered.', unit: '' }],
      http_seconds: [{ type: 'histogram', help: 'How long.', unit: 'seconds' }],
    },
    labels: ['__name__', 'job', 'code'],
    query: vector(3),
    query_range: matrixOf,
    query_exemplars: [],
  };
  vi.stubGlobal('fetch', answer);
  vi.stubGlobal('EventSource', FakeStream);
  // A window in which the browser of metrics stands beside the queries.
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: query.includes('min-width'),
    addEventListener() {},
    removeEventListener() {},
  }));
});
afterEach(() => {
  cleanup();
  restore();
  vi.unstubAllGlobals();
});

function visit(address: string) {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  render(
    <QueryClientProvider client={createQueryClient()}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

function callsOf(endpoint: string): URL[] {
  return asked.filter((url) => url.pathname === `/api/v1/${endpoint}`);
}

async function typeAndRun(letter: string, expr: string) {
  const editor = await screen.findByLabelText(`Expression of query ${letter}`);
  fireEvent.change(editor, { target: { value: expr } });
  fireEvent.keyDown(editor, { key: 'Enter' });
}

describe('Explore metrics', () => {
  it('runs what is typed at enter, and keeps it in the address and in the history', async () => {
    const router = visit('/explore/metrics');
    await typeAndRun('A', 'up');
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ q: 'up' }));
    const table = await screen.findByRole('table', { name: /Series of the graph/ });
    expect(within(table).getAllByRole('row')).toHaveLength(3);
    expect(within(table).getByText('job=b')).toBeTruthy();
    fireEvent.click(screen.getByRole('tab', { name: 'History' }));
    expect(await screen.findByRole('button', { name: /^up/ })).toBeTruthy();
  });

  it('asks over the range with the step of the address', async () => {
    visit('/explore/metrics?q=up&from=now-1h&step=30s');
    await screen.findByRole('table', { name: /Series of the graph/ });
    const params = callsOf('query_range')[0]!.searchParams;
    expect(params.get('step')).toBe('30');
    expect(Number(params.get('end')) - Number(params.get('start'))).toBe(3600);
    expect(Number(params.get('end')) % 10).toBe(0);
  });

  it('adds, hides, duplicates and removes queries, all in the address', async () => {
    const router = visit('/explore/metrics?q=up');
    fireEvent.click(await screen.findByRole('button', { name: 'Duplicate query A' }));
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ q: 'up', qb: 'up' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Query A: shown' }));
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ off: 'a' }));
    fireEvent.click(screen.getByRole('button', { name: 'Remove query A' }));
    await vi.waitFor(() => expect(router.state.location.search.q).toBeUndefined());
    fireEvent.click(screen.getByRole('button', { name: 'Add query' }));
    expect(await screen.findByLabelText('Expression of query A')).toBeTruthy();
    expect(router.state.location.search).toMatchObject({ qb: 'up' });
  });

  it('leads from a query to an alert of it', async () => {
    const router = visit('/explore/metrics?q=up%20==%200');
    fireEvent.click(await screen.findByRole('button', { name: 'Make alert of query A' }));
    await vi.waitFor(() => expect(router.state.location.pathname).toBe('/alerts/rules/new'));
    expect(router.state.location.search).toMatchObject({ q: 'up == 0' });
  });

  it('comes back to what was run before', async () => {
    const router = visit('/explore/metrics?q=up');
    await typeAndRun('A', 'queue_length');
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ q: 'queue_length' }));
    act(() => router.history.back());
    await vi.waitFor(() =>
      expect(screen.getByLabelText<HTMLTextAreaElement>('Expression of query A').value).toBe('up'),
    );
  });

  it('says where an error is, and what to do about it', async () => {
    answers.query_range = () =>
      Response.json(
        {
          status: 'error',
          errorType: 'bad_data',
          error: '1:6: parse error: expected a range',
          hint: 'Add [5m].',
        },
        { status: 400 },
      );
    visit('/explore/metrics?q=rate(up)');
    const alert = await screen.findByText(/parse error: expected a range/);
    expect(alert.textContent).toContain('at character 6');
    expect(screen.getByText('Add [5m].')).toBeTruthy();
    expect(callsOf('query_exemplars')).toHaveLength(0);
  });

  it('counts before it runs something huge, and runs it when told to', async () => {
    answers.query = vector(2_000_000);
    const router = visit('/explore/metrics');
    await typeAndRun('A', 'http_requests_total');
    expect(await screen.findByText(/selects about 2,000,000 series/)).toBeTruthy();
    expect(router.state.location.search.q).toBeUndefined();
    expect(callsOf('query_range')).toHaveLength(0);
    fireEvent.click(screen.getByRole('button', { name: 'Run anyway' }));
    await vi.waitFor(() => expect(callsOf('query_range')).toHaveLength(1));
  });

  it('cancels a query when the page is left', async () => {
    answers.query_range = () => new Promise(() => undefined);
    const router = visit('/explore/metrics?q=up');
    await vi.waitFor(() => expect(signals.has('query_range')).toBe(true));
    await act(() => router.navigate({ to: '/settings/about' }));
    await vi.waitFor(() => expect(signals.get('query_range')?.aborted).toBe(true));
  });

  it('offers what one asks of a counter, by a label', async () => {
    const router = visit('/explore/metrics?q=http_requests_total');
    fireEvent.change(await screen.findByLabelText('by'), { target: { value: 'code' } });
    fireEvent.click(screen.getByRole('button', { name: 'Sum of rate by code' }));
    await vi.waitFor(() =>
      expect(router.state.location.search).toMatchObject({
        q: 'sum by (code) (rate(http_requests_total[5m]))',
      }),
    );
  });

  it('browses metrics and runs what is picked', async () => {
    const router = visit('/explore/metrics');
    const tree = await screen.findByRole('tree', { name: 'Metrics' });
    fireEvent.click(within(tree).getByRole('treeitem', { name: /http_seconds_bucket/ }));
    const details = screen.getByRole('region', { name: 'Metric http_seconds_bucket' });
    expect(details.textContent).toContain('How long.');
    fireEvent.click(within(details).getByRole('button', { name: 'p95' }));
    await vi.waitFor(() =>
      expect(router.state.location.search.q).toBe(
        'histogram_quantile(0.95, sum by (le) (rate(http_seconds_bucket[5m])))',
      ),
    );
  });

  it('shows native histograms in words', async () => {
    const histogram = { count: '4', sum: '6', buckets: [[0, '1', '2', '4']] };
    answers.query = { resultType: 'vector', result: [{ metric: { job: 'a' }, histogram: [now, histogram] }] };
    visit('/explore/metrics?q=latency&view=table');
    fireEvent.click(await screen.findByText('4 observations, mean 1.5'));
    const panel = await screen.findByRole('complementary', { name: 'Series' });
    expect(panel.textContent).toContain('(1, 2]');
    expect(panel.textContent).toContain('100%');
  });

  it('explains how to send metrics while there are none', async () => {
    answers['label/__name__/values'] = [];
    visit('/explore/metrics');
    expect(await screen.findByText('No metric has arrived yet.')).toBeTruthy();
    expect(screen.getByText(/remote_write/)).toBeTruthy();
  });
});

describe('Targets', () => {
  const target = {
    discoveredLabels: { __address__: 'a:9100' },
    labels: { job: 'node', instance: 'a:9100' },
    scrapePool: 'node',
    scrapeUrl: 'http://a:9100/metrics',
    globalUrl: 'http://a:9100/metrics',
    lastError: 'connect ECONNREFUSED',
    lastScrape: new Date().toISOString(),
    lastScrapeDuration: 0.02,
    health: 'down',
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  };

  it('show why one is down, from the address', async () => {
    answers.scrape_pools = { scrapePools: ['node'] };
    answers.targets = { activeTargets: [target], droppedTargets: [], droppedTargetCounts: {} };
    const router = visit('/settings/targets');
    expect(await screen.findByText('0 of 1 up')).toBeTruthy();
    fireEvent.click(screen.getByText('http://a:9100/metrics'));
    const panel = await screen.findByRole('complementary', { name: 'a:9100' });
    expect(panel.textContent).toContain('Nothing listens at this address');
    expect(panel.textContent).toContain('__address__');
    expect(router.state.location.search.sel).toBe('node http://a:9100/metrics');
  });

  it('say how to scrape while nothing is scraped', async () => {
    answers.scrape_pools = { scrapePools: [] };
    answers.targets = { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} };
    visit('/settings/targets');
    expect(await screen.findByText('Nothing is scraped.')).toBeTruthy();
  });
});

describe('Cardinality', () => {
  it('names the refused metric, its label and what to do', async () => {
    answers.cardinality = {
      series: 120,
      metrics: [{ metric: 'a_total', series: 100, added: 100, labels: [{ label: 'user', values: 90 }] }],
      labels: [{ label: 'user', values: 90 }],
      sources: [{ source: 'shop', series: 120, refusals: 7 }],
      new_per_hour: [{ hour_ms: 0, series: 120 }],
      refused: [
        {
          ...{ metric: 'a_total', series: 5, refusals: 7, limit: 'metric', source: 'shop' },
          ...{ label: { label: 'user', values: 90 }, last_at_ms: Date.now() },
        },
      ],
      other_refusals: 0,
      truncated: false,
    };
    visit('/settings/cardinality');
    const refused = await screen.findByRole('region', { name: 'Refused series' });
    expect(refused.textContent).toContain('user: about 90 values');
    expect(refused.textContent).toContain('max_series_per_metric');
    expect(screen.getByRole('table', { name: 'Series by source' }).textContent).toContain('shop');
  });
});
