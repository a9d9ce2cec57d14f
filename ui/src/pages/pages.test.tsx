import type { Onboarding, Overview, SessionDetail, SourceList, Status } from '@contract';
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { act, cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeLayout } from '../components/fake-layout.ts';
import { sampleTimeline } from '../components/waterfall/fixture.ts';
import { createQueryClient } from '../lib/queries.ts';
import { createAppRouter } from '../router.tsx';
import { alertListWith, sampleAlerts, watchdog } from './alerts-fixture.ts';
import { sessionWith, sourceWith } from './session-fixture.ts';

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

/** A stream that a test speaks through. */
class FakeStream extends EventTarget {
  static latest: FakeStream | undefined;
  onopen: (() => void) | null = null;
  constructor() {
    super();
    FakeStream.latest = this;
  }
  say(type: string, data: object) {
    act(() => {
      this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify({ type, ...data }) }));
    });
  }
  close() {}
}

const soon = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const ada = sessionWith({ session_id: 'ada-1', started_at: soon(900), last_event_at: soon(5) });
const grace = sessionWith({
  session_id: 'grace-1',
  user: 'grace@example.com',
  state: 'error',
  cost_usd: 9.25,
  demo: true,
  last_event_at: soon(30),
});
const figures = { ...ada, sessions: 2, cost_usd: 10.75, latency_p95_ms: 1200 };
const overview: Overview = {
  from: soon(86_400),
  to: soon(0),
  step_ms: 3_600_000,
  current: figures,
  previous: { ...figures, cost_usd: 5.375 },
  live: [ada, grace],
  spend: { times: [1, 2], models: [{ model: 'claude-opus-4-7-20260410', cost_usd: [10, 0.75] }] },
  series: {
    times: [1, 2],
    tokens: [1, 2],
    sessions: [1, 2],
    errors: [0, 1],
    requests: [3, 4],
    cache_hit: [null, 0.9],
    latency_p95_ms: [null, 1200],
  },
};
const status: Status = {
  version: '0.1.0',
  role: 'admin',
  auth_required: false,
  has_data: true,
  has_sessions: true,
  ready: true,
  message: '',
  now: soon(0),
};
const onboarding: Onboarding = {
  otlp_http_url: 'http://127.0.0.1:4318',
  otlp_grpc_url: 'http://127.0.0.1:4317',
  key_required: false,
  env: [{ name: 'CLAUDE_CODE_ENABLE_TELEMETRY', value: '1', why: 'turns telemetry on' }],
  shell: 'export CLAUDE_CODE_ENABLE_TELEMETRY=1',
  settings_json: '{"env":{}}',
};
const detail: SessionDetail = {
  ...ada,
  cost_usd: 0.8,
  timeline: sampleTimeline(),
  timeline_truncated: false,
};

const refused = { error: { code: 'session_not_found', message: 'no session has this id' } };
let answers: Record<string, unknown>;
let asked: string[];

function answer(url: string): Response {
  const { pathname } = new URL(url, 'http://x');
  asked.push(url);
  const body = answers[pathname];
  return new Response(JSON.stringify(body ?? refused), { status: body === undefined ? 404 : 200 });
}

// A loaded machine takes its time; waiting ends with the first match, so this costs nothing where it is quick.
configure({ asyncUtilTimeout: 10_000 });

// Pages are loaded lazily; what that takes here is not what is tested.
beforeAll(async () => {
  await Promise.all([
    import('./overview.tsx'),
    import('./agents.tsx'),
    import('./session.tsx'),
    import('./sources.tsx'),
    import('./welcome.tsx'),
  ]);
});

let restore: () => void;
beforeEach(() => {
  restore = fakeLayout({ width: 1200, height: 700 });
  asked = [];
  answers = {
    '/api/status': status,
    '/api/overview': overview,
    '/api/alerts': alertListWith([watchdog()]),
    '/api/sources': { sources: [sourceWith({ last_seen: soon(4) })], truncated: false } satisfies SourceList,
    '/api/onboarding': onboarding,
    '/api/agents/sessions': { sessions: [ada, grace], next_cursor: null },
    '/api/agents/sessions/ada-1': detail,
    '/health/ready': { status: 'ok', version: '0.1.0', uptime_s: 1, parts: {} },
  };
  vi.stubGlobal('fetch', async (url: string) => answer(String(url)));
  vi.stubGlobal('EventSource', FakeStream);
});
afterEach(() => {
  cleanup();
  restore();
  vi.unstubAllGlobals();
});

function visit(address: string) {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  const client = createQueryClient();
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}

describe('Overview', () => {
  it('answers the first questions in one sentence, from three requests', async () => {
    visit('/');
    expect(await screen.findByText('1 thing needs attention.')).toBeTruthy();
    expect(
      screen.getByText(/1 agent running\. \$10\.75 spent in the last 24 hours, 100% more than before\./),
    ).toBeTruthy();
    const content = asked.filter((url) => /overview|sources|sessions/.test(url));
    expect(content).toHaveLength(2);
    expect(
      screen
        .getByRole('link', { name: /grace@example.com: a model request failed for good/ })
        .getAttribute('href'),
    ).toContain('/agents/grace-1');
    expect(screen.getAllByText('demo').length).toBeGreaterThan(0);
  });

  it('names the alerts that nobody has, the most urgent first, from the request of the shell', async () => {
    answers['/api/alerts'] = alertListWith([...sampleAlerts(), watchdog()]);
    visit('/');
    expect(await screen.findByText('2 alerts fire, 1 other thing needs attention.')).toBeTruthy();
    const panel = await screen.findByRole('region', { name: /Needs attention/ });
    const links = await within(panel).findAllByRole('link');
    expect(links.map((link) => link.getAttribute('href')?.split('?')[0])).toEqual([
      '/alerts/a1b2c3d4e5f60718',
      '/agents/grace-1',
      '/alerts/c3d4e5f60718293a',
    ]);
    expect(asked.filter((url) => url.startsWith('/api/alerts'))).toHaveLength(1);
    await vi.waitFor(() => expect(document.title).toBe('(3) Overview · Bellwether'));
  });

  it('does not claim that all is well before or without an answer about alerts', async () => {
    answers['/api/overview'] = { ...overview, live: [] };
    delete answers['/api/alerts'];
    visit('/');
    expect(await screen.findByText('1 thing needs attention.')).toBeTruthy();
    expect(await screen.findByRole('link', { name: /The alerts could not be read/ })).toBeTruthy();
  });

  it('shows how to connect a client while there is no data', async () => {
    answers['/api/status'] = { ...status, has_data: false, has_sessions: false };
    answers['/api/sources'] = { sources: [], truncated: false };
    visit('/');
    expect(await screen.findByText('export CLAUDE_CODE_ENABLE_TELEMETRY=1')).toBeTruthy();
    expect(screen.queryByText('$0.00')).toBeNull();
  });
});

describe('Agents', () => {
  it('lists sessions, sorts in the address and narrows by facet', async () => {
    const router = visit('/agents');
    const table = await screen.findByRole('table', { name: 'Sessions' });
    expect(within(table).getAllByRole('row')).toHaveLength(3);
    fireEvent.click(within(table).getByRole('button', { name: 'Cost' }));
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ sort: '-cost' }));
    await vi.waitFor(() =>
      expect(within(table).getAllByRole('row')[1]?.textContent).toContain('grace@example.com'),
    );
    fireEvent.click(
      within(screen.getByRole('group', { name: 'Filters' })).getByRole('button', { name: 'State' }),
    );
    fireEvent.click(screen.getByRole('checkbox', { name: /Running/ }));
    await vi.waitFor(() => expect(within(table).getAllByRole('row')).toHaveLength(2));
    expect(router.state.location.search).toMatchObject({ filters: 'state=running' });
  });

  it('opens a summary beside the list from the address, and closes it with escape', async () => {
    const router = visit('/agents?sel=grace-1');
    const panel = await screen.findByRole('complementary', { name: 'grace@example.com' });
    expect(panel.textContent).toContain('$9.25');
    fireEvent.keyDown(panel, { key: 'Escape' });
    await vi.waitFor(() => expect(router.state.location.search.sel).toBeUndefined());
  });

  it('offers new sessions under a pill instead of moving the rows', async () => {
    visit('/agents');
    const table = await screen.findByRole('table', { name: 'Sessions' });
    FakeStream.latest!.say('sessions', {
      sessions: [sessionWith({ session_id: 'new-1', started_at: soon(0) })],
    });
    expect(await screen.findByRole('button', { name: '1 new' })).toBeTruthy();
    expect(within(table).getAllByRole('row')).toHaveLength(3);
  });
});

describe('Session', () => {
  it('shows the steps, finds the dearest request and keeps it in the address', async () => {
    const router = visit('/agents/ada-1');
    expect(await screen.findByRole('treegrid')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /Dearest request/ }));
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ sel: 'r3' }));
    expect((await screen.findByRole('complementary', { name: 'opus' })).textContent).toContain('$0.50');
  });

  it('splits the cost so that it adds up to the header', async () => {
    visit('/agents/ada-1?view=cost');
    const sections = await screen.findAllByRole('region', { name: /^By / });
    expect(sections.map((section) => section.textContent?.slice(0, 20))).toHaveLength(3);
    for (const section of sections) expect(section.textContent).toContain('$0.80');
  });

  it('filters events', async () => {
    visit('/agents/ada-1?view=events&q=bash');
    const table = await screen.findByRole('table', { name: 'Events of the session' });
    expect(within(table).getAllByRole('row')).toHaveLength(3);
  });

  it('says when it is not known', async () => {
    visit('/agents/gone');
    expect(await screen.findByText('This session is not known here.')).toBeTruthy();
  });
});

describe('Sources', () => {
  it('unfolds why something was refused, with what to do', async () => {
    const reasons = [{ code: 'unauthorized', message: 'no key was given', count: 4, last_at: soon(60) }];
    answers['/api/sources'] = {
      sources: [
        sourceWith({
          service: '',
          signal: 'unknown',
          accepted: 0,
          rejected: 4,
          reasons,
          last_seen: soon(60),
        }),
      ],
      truncated: false,
    };
    visit('/settings/sources');
    expect(await screen.findByText('no key was given')).toBeTruthy();
    expect(screen.getByText(/OTEL_EXPORTER_OTLP_HEADERS/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'unknown' }));
    expect(screen.queryByText('no key was given')).toBeNull();
  });
});

describe('Welcome', () => {
  it('turns green by itself with the first event, and links to its session', async () => {
    answers['/api/sources'] = { sources: [], truncated: false };
    visit('/welcome');
    expect(await screen.findByText('Waiting for the first event')).toBeTruthy();
    answers['/api/sources'] = { sources: [sourceWith({ last_seen: soon(0) })], truncated: false };
    FakeStream.latest!.say('sessions', { sessions: [ada] });
    FakeStream.latest!.say('sources', { at: soon(0) });
    expect(await screen.findByText('Connected: claude-code')).toBeTruthy();
    expect(screen.getByRole('link', { name: /Open the session/ }).getAttribute('href')).toContain(
      '/agents/ada-1',
    );
  });

  it('has a block for a team and for the Agent SDK', async () => {
    visit('/welcome?for=team');
    expect(await screen.findByText('{"env":{}}')).toBeTruthy();
    fireEvent.click(screen.getByRole('tab', { name: 'Agent SDK and bots' }));
    expect(await screen.findByText(/claude-agent-sdk/)).toBeTruthy();
  });
});
