import type { ActiveAlertJson, AlertListJson } from '@contract';
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { act, cleanup, configure, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeLayout } from '../components/fake-layout.ts';
import { createQueryClient } from '../lib/queries.ts';
import { createAppRouter } from '../router.tsx';
import {
  ago,
  alertDetailWith,
  alertListWith,
  alertWith,
  ruleWith,
  sampleAlerts,
  sampleBacktest,
  sampleEvents,
  sampleOnCall,
  samplePreview,
  sampleReceivers,
  sampleRules,
  sampleRunbook,
  sampleStatistics,
  silenceWith,
  watchdog,
  whyWith,
} from './alerts-fixture.ts';

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
  PromqlEditor: (props: { label: string; value: string; onChange: (text: string) => void }) => (
    <textarea
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
    />
  ),
}));

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

const status = {
  ...{ version: '0.1.0', role: 'admin', auth_required: false, has_data: true, has_sessions: false },
  ...{ ready: true, message: '', now: ago(0) },
};
const high = alertWith();
const userRule = sampleRules()[1]!;

/** Answers by method and path; a function is given the body. */
let answers: Record<string, unknown>;
let asked: { method: string; url: URL; body: unknown }[];

async function answer(address: string, init?: RequestInit): Promise<Response> {
  const url = new URL(address, 'http://x');
  const method = init?.method ?? 'GET';
  const body = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
  asked.push({ method, url, body });
  const found = answers[`${method} ${decodeURIComponent(url.pathname)}`];
  const data = typeof found === 'function' ? await found(body, url) : found;
  if (data instanceof Response) return data;
  return data === undefined
    ? Response.json({ error: { code: 'not_found', message: 'no such thing' } }, { status: 404 })
    : Response.json(data);
}

const posts = (path: string) => asked.filter(({ method, url }) => method === 'POST' && url.pathname === path);

configure({ asyncUtilTimeout: 10_000 });

beforeAll(async () => {
  await Promise.all([
    import('./alerts.tsx'),
    import('./alerts-alert.tsx'),
    import('./alerts-rules.tsx'),
    import('./alerts-rule.tsx'),
    import('./alerts-rule-edit.tsx'),
    import('./alerts-silences.tsx'),
    import('./alerts-history.tsx'),
    import('./alerts-on-call.tsx'),
    import('./alerts-delivery.tsx'),
    import('./alerts/alert-graph.tsx'),
    import('./runbooks.tsx'),
    import('./runbooks/markdown.tsx'),
  ]);
});

let restore: () => void;
beforeEach(() => {
  restore = fakeLayout({ width: 1200, height: 700 });
  asked = [];
  answers = {
    'GET /api/status': status,
    'GET /api/alerts': alertListWith(),
    [`GET /api/alerts/${high.fingerprint}`]: alertDetailWith(),
    'GET /api/alert-history': { events: sampleEvents(), next_cursor: null },
    'GET /api/alert-statistics': sampleStatistics(),
    'GET /api/rules': { rules: sampleRules(), warnings: [] },
    [`GET /api/rules/${ruleWith().id}/why`]: whyWith(),
    [`GET /api/rules/${userRule.id}/why`]: whyWith(userRule),
    'POST /api/rules/preview': samplePreview,
    'POST /api/rules/backtest': () => sampleBacktest(),
    'GET /api/silences': { silences: [silenceWith(), silenceWith({ id: 'old', state: 'expired' })] },
    'POST /api/silences/preview': { total: 3, alerts: sampleAlerts().slice(0, 3) },
    'POST /api/silences': { id: 'new' },
    'GET /api/receivers': sampleReceivers(),
    'GET /api/on-call': sampleOnCall(),
    'GET /api/runbooks': { runbooks: [sampleRunbook] },
    'GET /api/runbooks/high-error-rate': sampleRunbook,
  };
  vi.stubGlobal('fetch', answer);
  vi.stubGlobal('EventSource', FakeStream);
  HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
});
afterEach(() => {
  cleanup();
  restore();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function visit(address: string) {
  const router = createAppRouter(createMemoryHistory({ initialEntries: [address] }));
  const client = createQueryClient();
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return { router, client };
}

const rowOf = (name: RegExp) => screen.findByRole('row', { name });
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

describe('active alerts', () => {
  it('are grouped, with who has them, the next step, and what was missed', async () => {
    visit('/alerts');
    const row = await rowOf(/^Firing HighErrorRate/);
    expect(within(row).getByText(/step 2 of 3/)).toBeTruthy();
    expect(within(row).getByText(/lead-sms/)).toBeTruthy();
    expect(within(row).getByText(/^Answer/)).toBeTruthy();
    expect(
      within(row)
        .getByRole('link', { name: /Runbook/ })
        .getAttribute('href'),
    ).toBe('/runbooks/high-error-rate');
    expect(within(await rowOf(/LatencyHigh/)).getByText(/Response missed/)).toBeTruthy();
    expect(within(await rowOf(/QueueGrowing/)).getByText('Silenced')).toBeTruthy();
    const heads = [...document.querySelectorAll('th[scope="rowgroup"]')];
    expect(heads[0]?.textContent).toBe('P0checkoutcritical · 1 alert');
    await vi.waitFor(() => expect(document.title).toBe('(2) Alerts · Bellwether'));
  });

  it('show what others wrote as text, and link only to the web', async () => {
    visit('/alerts');
    await rowOf(/DeployFailed/);
    expect(document.querySelector('main img, main script, a[href^="javascript"]')).toBeNull();
    expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
  });

  it('are acknowledged with one key, shown before the server answers', async () => {
    answers[`POST /api/alerts/${high.fingerprint}/acknowledge`] = () => new Promise(() => undefined);
    visit('/alerts');
    const row = await rowOf(/HighErrorRate/);
    press('a');
    expect(await within(row).findByText('you')).toBeTruthy();
    expect(posts(`/api/alerts/${high.fingerprint}/acknowledge`)).toHaveLength(1);
  });

  it('are acknowledged where the keys j and k have gone', async () => {
    visit('/alerts');
    await rowOf(/HighErrorRate/);
    press('j');
    press('j');
    press('k');
    await vi.waitFor(() =>
      expect(document.activeElement?.getAttribute('data-alert')).toBe('b2c3d4e5f6071829'),
    );
    // Ada has that one already: the key does nothing.
    press('a');
    expect(asked.some(({ method }) => method === 'POST')).toBe(false);
    press('j');
    press('a');
    await vi.waitFor(() => expect(posts('/api/alerts/c3d4e5f60718293a/acknowledge')).toHaveLength(1));
  });

  it('say so when an acknowledgement fails', async () => {
    visit('/alerts');
    await rowOf(/HighErrorRate/);
    press('a');
    expect(await screen.findByText(/no such thing/)).toBeTruthy();
  });

  it('are silenced with s and one press: for an hour, with a count of what that covers', async () => {
    visit('/alerts');
    await rowOf(/HighErrorRate/);
    press('s');
    const dialog = await screen.findByRole('dialog');
    fireEvent.click(await within(dialog).findByRole('button', { name: 'Silence 3 alerts' }));
    await vi.waitFor(() => expect(posts('/api/silences')).toHaveLength(1));
    const body = posts('/api/silences')[0]!.body as { matchers: object[]; ends_at: string };
    expect(body.matchers).toContainEqual({ name: 'instance', type: '=', value: 'web-1:8080' });
    expect(Math.round((Date.parse(body.ends_at) - Date.now()) / 60_000)).toBe(60);
    await vi.waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('open beside the list with enter, and keys then act on what is open', async () => {
    const { router } = visit('/alerts');
    await rowOf(/HighErrorRate/);
    press('Enter');
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ sel: high.fingerprint }));
    const panel = await screen.findByRole('complementary', { name: 'HighErrorRate' });
    expect(await within(panel).findByText(/repeat_interval \(4h\) has not passed/)).toBeTruthy();
    expect(await within(panel).findByText(/ECONNREFUSED/)).toBeTruthy();
    expect(await within(panel).findByRole('table', { name: 'Evaluations' })).toBeTruthy();
    const link = within(panel).getByRole('link', { name: /grafana\.example\.com/ });
    expect(link.getAttribute('rel')).toContain('noopener');
    expect(within(panel).getByRole('link', { name: /Rule HighErrorRate/ })).toBeTruthy();
  });

  it('do not let keys act on another alert than the one that is open and gone', async () => {
    visit('/alerts?sel=0000000000000000');
    await screen.findByText('This alert could not be read.');
    press('a');
    expect(asked.some(({ method }) => method === 'POST')).toBe(false);
  });

  it('are cards on a phone, with both actions', async () => {
    restore();
    restore = fakeLayout({ width: 360, height: 700 });
    visit('/alerts');
    const row = await rowOf(/HighErrorRate/);
    expect(within(row).getAllByRole('cell')).toHaveLength(1);
    expect(within(row).getByRole('button', { name: 'Ack HighErrorRate' })).toBeTruthy();
    expect(within(row).getByRole('button', { name: 'Silence HighErrorRate' })).toBeTruthy();
  });

  it('prove that rules are evaluated when nothing fires', async () => {
    answers['GET /api/alerts'] = alertListWith([]);
    visit('/alerts');
    expect(await screen.findByText(/^Nothing is firing; 12 rules evaluated \d+s ago\.$/)).toBeTruthy();
  });

  it('read as calm while only the watchdog fires, which is shown as proof of life', async () => {
    answers['GET /api/alerts'] = alertListWith([watchdog()]);
    answers[`GET /api/alerts/${watchdog().fingerprint}`] = { ...alertDetailWith(), alert: watchdog() };
    const { router } = visit('/alerts');
    expect(await screen.findByText(/^Nothing to do; 12 rules evaluated \d+s ago\.$/)).toBeTruthy();
    expect(screen.queryByRole('table')).toBeNull();
    expect(screen.getByText('Firing 0')).toBeTruthy();
    expect(screen.getByText(/fires on purpose, all the time/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Watchdog' }));
    await vi.waitFor(() =>
      expect(router.state.location.search).toMatchObject({ sel: watchdog().fingerprint }),
    );
    const panel = await screen.findByRole('complementary', { name: 'Watchdog' });
    expect(await within(panel).findByText('Fires, nothing to do')).toBeTruthy();
    expect(document.title).toBe('Alerts · Bellwether');
  });

  it('stand above what asks nobody', async () => {
    answers['GET /api/alerts'] = alertListWith([high, watchdog({ name: 'InfoInhibitor' })]);
    visit('/alerts');
    await rowOf(/HighErrorRate/);
    expect(screen.queryByRole('row', { name: /InfoInhibitor/ })).toBeNull();
    expect(screen.getByText(/severity none: nobody has to do anything/)).toBeTruthy();
    expect(screen.queryByText(/Proof of life/)).toBeNull();
    await vi.waitFor(() => expect(screen.getByText('Firing 1')).toBeTruthy());
  });

  it.each<[string, Partial<AlertListJson>, RegExp]>([
    ['nobody is told', { told: { receivers: 0, integrations: 0, failing: [] } }, /no receiver is configured/],
    ['deliveries fail', { told: { receivers: 1, integrations: 1, failing: ['a/email/0'] } }, /a\/email\/0/],
    [
      'the store is away',
      { rules: { total: 1, failing: 0, last_evaluation_at: null, store_away: true } },
      /the store is away/,
    ],
    [
      'rules fail',
      { rules: { total: 2, failing: 2, last_evaluation_at: null, store_away: false } },
      /2 rules/,
    ],
  ])('warn when %s', async (_, fields, text) => {
    answers['GET /api/alerts'] = alertListWith(sampleAlerts(), fields);
    visit('/alerts');
    await rowOf(/HighErrorRate/);
    expect(
      [...document.querySelectorAll('main [role="alert"], main [role="status"]')].some((one) =>
        text.test(one.textContent ?? ''),
      ),
    ).toBe(true);
  });
});

describe('alerts in the shell', () => {
  const badge = () =>
    screen.queryAllByText(/needs? attention$/, { selector: '.visually-hidden' })[0]?.parentElement;

  it('are counted in the rail and renewed by a live event', async () => {
    visit('/settings/about');
    await vi.waitFor(() => expect(badge()?.textContent).toBe('2 need attention'));
    answers['GET /api/alerts'] = alertListWith([high]);
    FakeStream.latest?.say('alerts', { firing: 1, at: ago(0) });
    await vi.waitFor(() => expect(badge()?.textContent).toBe('1 needs attention'));
  });

  it.each([
    ['the watchdog', watchdog()],
    ['what is silenced', alertWith({ suppressed_by: [{ kind: 'silenced', by: ['3f2a'] }] })],
    ['what somebody has', alertWith({ acknowledged: { by: 'ada', at: ago(60), until: null, note: '' } })],
  ])('make no badge, no mark and no number of %s', async (_, alert) => {
    const icon = document.createElement('link');
    icon.rel = 'icon';
    document.head.append(icon);
    answers['GET /api/alerts'] = alertListWith([high, alert]);
    visit('/settings/about');
    await vi.waitFor(() => expect(badge()?.textContent).toBe('1 needs attention'));
    await vi.waitFor(() => expect(icon.dataset.state).toBe('bad'));
    answers['GET /api/alerts'] = alertListWith([alert]);
    FakeStream.latest?.say('alerts', { firing: 0, at: ago(0) });
    await vi.waitFor(() => expect(badge()).toBeUndefined());
    await vi.waitFor(() => expect(icon.dataset.state).toBe('ok'));
    icon.remove();
  });

  it('are counted by the sums when there are more than were asked for', async () => {
    const list = alertListWith([high, watchdog()]);
    answers['GET /api/alerts'] = {
      ...list,
      total: 90,
      counts: { ...list.counts, firing: 90, suppressed: 10, acknowledged: 5 },
    };
    visit('/settings/about');
    await vi.waitFor(() => expect(badge()?.textContent).toBe('74 need attention'));
  });

  it('are announced when they begin to fire, and not those that fired before', async () => {
    visit('/settings/about');
    const announcer = () => document.querySelector('[data-announcer]')?.textContent;
    await vi.waitFor(() => expect(badge()).toBeTruthy());
    expect(announcer()).toBe('');
    const fresh: ActiveAlertJson = alertWith({ fingerprint: '0123456789abcdef', name: 'NewOne' });
    answers['GET /api/alerts'] = alertListWith([fresh, ...sampleAlerts()]);
    FakeStream.latest?.say('alerts', { firing: 4, at: ago(0) });
    await vi.waitFor(() => expect(announcer()).toBe('New alert firing: P0 NewOne of checkout'));
  });
});

describe('the page of one alert', () => {
  it('is where links lead: what, why, and what happened', async () => {
    visit(`/alerts/${high.fingerprint}`);
    expect(await screen.findByRole('heading', { level: 1, name: 'HighErrorRate' })).toBeTruthy();
    expect(screen.getByText('12% of requests to checkout fail')).toBeTruthy();
    expect(screen.getByText(/taken: team-payments/)).toBeTruthy();
    press('a');
    await vi.waitFor(() => expect(posts(`/api/alerts/${high.fingerprint}/acknowledge`)).toHaveLength(1));
  });

  it('leads to the history when the alert is long over', async () => {
    visit('/alerts/ffffffffffffffff');
    expect(await screen.findByText('This alert is over and no longer kept.')).toBeTruthy();
    const link = screen.getByRole('link', { name: /last 30 days/ });
    expect(link.getAttribute('href')).toContain('fingerprint=ffffffffffffffff');
  });
});

describe('rules', () => {
  it('are listed with health, place and error; failing ones can be chosen', async () => {
    visit('/alerts/rules');
    expect(await screen.findByRole('link', { name: 'HighErrorRate' })).toBeTruthy();
    expect(screen.getByText('pack service')).toBeTruthy();
    expect(screen.getByText('yours')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Failing 1' }));
    await vi.waitFor(() => expect(screen.queryByRole('link', { name: 'HighErrorRate' })).toBeNull());
    expect(screen.getByText('node.yml:48')).toBeTruthy();
  });

  it('of packs and files cannot be edited, those of the user can', async () => {
    visit(`/alerts/rules/${encodeURIComponent(ruleWith().id)}`);
    expect(await screen.findByText(/comes with a pack/)).toBeTruthy();
    expect(screen.queryByRole('link', { name: 'Edit' })).toBeNull();
    cleanup();
    visit(`/alerts/rules/${encodeURIComponent(userRule.id)}`);
    expect(await screen.findByRole('link', { name: 'Edit' })).toBeTruthy();
  });

  it('are deleted on the second press', async () => {
    answers[`POST /api/rules/${userRule.id}/delete`] = { ok: true };
    const { router } = visit(`/alerts/rules/${encodeURIComponent(userRule.id)}`);
    fireEvent.click(await screen.findByRole('button', { name: 'Delete' }));
    expect(asked.some(({ method }) => method === 'POST')).toBe(false);
    fireEvent.click(screen.getByRole('button', { name: 'Delete it for good?' }));
    await vi.waitFor(() => expect(router.state.location.pathname).toBe('/alerts/rules'));
  });

  it('are tried over the past before anybody is woken', async () => {
    visit(`/alerts/rules/${encodeURIComponent(ruleWith().id)}`);
    fireEvent.click(await screen.findByRole('button', { name: 'Run' }));
    expect(await screen.findByText(/^Would have fired 4 times in 7 days, 2 at night: /)).toBeTruthy();
    expect(await screen.findByRole('table', { name: 'Times it would have fired' })).toBeTruthy();
    expect(posts('/api/rules/backtest')[0]?.body).toMatchObject({ from: 'now-7d', to: 'now' });
  });

  it('are written with a preview, and saved', async () => {
    answers['POST /api/rules'] = { id: userRule.id };
    const { router } = visit('/alerts/rules/new');
    fireEvent.change(await screen.findByLabelText('Expression'), {
      target: { value: 'mail_queue_length > 1000' },
    });
    expect(await screen.findByText('12.34% of requests to checkout fail')).toBeTruthy();
    fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: 'QueueGrowing' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await vi.waitFor(() => expect(posts('/api/rules')).toHaveLength(1));
    expect(posts('/api/rules')[0]?.body).toMatchObject({
      name: 'QueueGrowing',
      for: '5m',
      labels: { severity: 'warning' },
    });
    await vi.waitFor(() =>
      expect(router.state.location.pathname).toBe(`/alerts/rules/${encodeURIComponent(userRule.id)}`),
    );
  });

  it('with a mistake are not sent', async () => {
    answers['POST /api/rules/preview'] = {
      ...samplePreview,
      problems: [{ path: 'query', message: 'unclosed left parenthesis', line: 1, column: 5 }],
    };
    visit('/alerts/rules/new?q=sum((up)');
    expect(await screen.findByText(/unclosed left parenthesis/)).toBeTruthy();
    fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: 'X' } });
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(posts('/api/rules')).toHaveLength(0);
  });
});

describe('silences', () => {
  it('are listed, and ended on the second press', async () => {
    answers[`POST /api/silences/${silenceWith().id}/expire`] = { ok: true };
    visit('/alerts/silences');
    expect(await screen.findByText('service="mail"')).toBeTruthy();
    expect(screen.getByText('1 silence')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'End' }));
    fireEvent.click(screen.getByRole('button', { name: 'End it now?' }));
    await vi.waitFor(() => expect(posts(`/api/silences/${silenceWith().id}/expire`)).toHaveLength(1));
  });

  it('begin from the link of a notification, filled with the labels of the alert', async () => {
    visit(`/alerts/silences?alert=${high.fingerprint}`);
    const dialog = await screen.findByRole('dialog');
    const values = within(dialog)
      .getAllByLabelText<HTMLInputElement>(/^Value/)
      .map(({ value }) => value);
    expect(values).toContain('web-1:8080');
    expect(await within(dialog).findByText('Silences 3 alerts now')).toBeTruthy();
    const button = within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Silence' });
    expect(button.disabled).toBe(true);
    fireEvent.change(within(dialog).getByLabelText('Why'), { target: { value: 'moving' } });
    fireEvent.click(button);
    await vi.waitFor(() => expect(posts('/api/silences')[0]?.body).toMatchObject({ comment: 'moving' }));
  });

  it('begin from matchers in the address', async () => {
    visit(`/alerts/silences?matchers=${encodeURIComponent('service=~"a|b"')}`);
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByLabelText<HTMLInputElement>('Value 1').value).toBe('a|b');
    expect(within(dialog).getByLabelText<HTMLSelectElement>('Comparison 1').value).toBe('=~');
  });
});

describe('history', () => {
  it('has figures, the noisiest rules, and events with their results', async () => {
    visit('/alerts/history');
    expect(await screen.findByText('3m 04s')).toBeTruthy();
    expect(await screen.findByRole('table', { name: 'Noisiest rules' })).toBeTruthy();
    const table = await screen.findByRole('table', { name: 'Events of alerts' });
    expect(within(table).getByText('connect ECONNREFUSED 127.0.0.1:25')).toBeTruthy();
    expect(within(table).getByText('to team-payments/slack/0, in 212 ms')).toBeTruthy();
  });

  it('is narrowed by kinds, which the export follows', async () => {
    const { router } = visit('/alerts/history');
    fireEvent.click(await screen.findByRole('button', { name: 'Not delivered' }));
    await vi.waitFor(() => expect(router.state.location.search).toMatchObject({ kinds: 'notify_failed' }));
    await vi.waitFor(() =>
      expect(asked.some(({ url }) => url.searchParams.get('kinds') === 'notify_failed')).toBe(true),
    );
    expect(screen.getByRole('link', { name: 'CSV' }).getAttribute('href')).toMatch(
      /export\?.*kinds=notify_failed.*format=csv/,
    );
  });
});

describe('on-call', () => {
  it('says who has it, who is next, and where nobody would be told', async () => {
    visit('/alerts/on-call');
    expect(await screen.findByText('On call now: ada')).toBeTruthy();
    expect(screen.getByText('Nobody is on call now')).toBeTruthy();
    expect(screen.getByText(/No receiver for linus/)).toBeTruthy();
    expect(screen.getByText('Would reach nobody now')).toBeTruthy();
  });

  it('is overridden and given back', async () => {
    answers['POST /api/on-call/overrides'] = { id: 'o2' };
    answers['POST /api/on-call/overrides/o1/delete'] = { ok: true };
    visit('/alerts/on-call');
    fireEvent.click((await screen.findAllByRole('button', { name: 'Override' }))[0]!);
    const dialog = await screen.findByRole('dialog');
    fireEvent.change(within(dialog).getByLabelText('Who'), { target: { value: 'grace' } });
    fireEvent.change(within(dialog).getByLabelText(/^To/), { target: { value: '2h' } });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Override' }));
    await vi.waitFor(() =>
      expect(posts('/api/on-call/overrides')[0]?.body).toMatchObject({
        schedule: 'payments-primary',
        person: 'grace',
      }),
    );
    fireEvent.click(screen.getByRole('button', { name: 'Remove' }));
    fireEvent.click(screen.getByRole('button', { name: 'Remove it?' }));
    await vi.waitFor(() => expect(posts('/api/on-call/overrides/o1/delete')).toHaveLength(1));
  });
});

describe('delivery', () => {
  it('tests an integration and says how that went', async () => {
    answers['POST /api/receivers/team-payments/test'] = (body: { integration: string }) => ({
      results: [
        {
          ...{
            integration: body.integration,
            channel: 'email',
            delivered: false,
            attempts: 1,
            latency_ms: 213,
          },
          detail: 'the server refused the recipient',
        },
      ],
    });
    visit('/alerts/delivery');
    fireEvent.click(
      await screen.findByRole('button', { name: 'Send test to E-mail to payments@example.com' }),
    );
    expect(await screen.findByText('the server refused the recipient')).toBeTruthy();
    expect(screen.getByText('Not delivered after 213 ms')).toBeTruthy();
    expect(posts('/api/receivers/team-payments/test')[0]?.body).toEqual({
      integration: 'team-payments/email/0',
    });
  });

  it('asks for deliveries only', async () => {
    visit('/alerts/delivery');
    await screen.findByRole('table', { name: 'Deliveries' });
    const kinds = asked
      .find(({ url }) => url.pathname === '/api/alert-history')
      ?.url.searchParams.get('kinds');
    expect(kinds).toBe('notified,notify_failed,suppressed,escalated');
  });
});

describe('runbooks', () => {
  it('are listed and read, code with a copy button', async () => {
    visit('/runbooks');
    fireEvent.click(await screen.findByRole('link', { name: /High error rate/ }));
    expect(await screen.findByRole('heading', { level: 1, name: 'High error rate' })).toBeTruthy();
    const article = await screen.findByRole('article');
    expect(await within(article).findByText('kubectl rollout undo deployment/checkout')).toBeTruthy();
    expect(within(article).getByRole('button', { name: 'Copy' })).toBeTruthy();
  });
});
