import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postJson, startWebhookSink, told, type WebhookSink, writeFiles } from './alerts-support.ts';
import { missingPeers, runPeer } from './metrics-support.ts';
import { getJson, startTestServer, type TestServer, temporaryFolder, untilTrue } from './server-support.ts';

const HOUR_MS = 3_600_000;
const hostile = '"><script>alert(1)</script>&\u202e';

let folder: string;
/** Everybody who is told, by path. */
let sink: WebhookSink;
/** Ada's phone. */
let phone: WebhookSink;
let server: TestServer;

beforeAll(async () => {
  folder = temporaryFolder();
  [sink, phone] = await Promise.all([startWebhookSink(), startWebhookSink()]);
  server = await startTestServer({}, configFile());
});
afterAll(async () => {
  await server?.remove();
  await Promise.all([sink.close(), phone.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function configFile(): string {
  // Ada has it for another half an hour, then Grace.
  const start = new Date(Date.now() - HOUR_MS / 2).toISOString();
  return writeFiles(folder, {
    'bellwether.yml': `
alertmanager_config_file: alertmanager.yml
alerting: { packs: [] }
host: { enabled: false }
on_call:
  people:
    - { name: Ada, receivers: [ada] }
    - { name: Grace, receivers: [grace] }
  schedules:
    - name: primary
      time_zone: Europe/Berlin
      rotations:
        - { people: [Ada, Grace], start: '${start}', shift_length: 1h }
  escalation_policies:
    - name: urgent
      matchers: ['severity="critical"']
      steps:
        - { after: 0s, schedules: [primary] }
        - { after: 4s, receivers: [lead] }
  priorities:
    P1: { severities: [high], acknowledge_within: 500ms }
`,
    'alertmanager.yml': `
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  group_interval: 200ms
  repeat_interval: 1h
receivers:
  - { name: team, webhook_configs: [{ url: '${sink.url}/team' }] }
  - { name: ada, ntfy_configs: [{ url: '${phone.url}', topic: ada }] }
  - { name: grace, webhook_configs: [{ url: '${sink.url}/grace' }] }
  - { name: lead, webhook_configs: [{ url: '${sink.url}/lead' }] }
`,
  });
}

type Labelled = Readonly<Record<string, string>>;

async function fire(labels: Labelled, annotations: Labelled = {}): Promise<void> {
  const endsAt = new Date(Date.now() + HOUR_MS).toISOString();
  const answer = await postJson(`${server.url}/alertmanager/api/v2/alerts`, [
    { labels, annotations, endsAt },
  ]);
  expect(answer.status).toBe(200);
}

async function end(labels: Labelled): Promise<void> {
  const endsAt = new Date().toISOString();
  const answer = await postJson(`${server.url}/alertmanager/api/v2/alerts`, [{ labels, endsAt }]);
  expect(answer.status).toBe(200);
}

// biome-ignore lint/suspicious/noExplicitAny: the server has checked its answers already
async function alertNamed(name: string): Promise<any> {
  const { alerts } = await getJson(`${server.url}/api/alerts?q=${encodeURIComponent(`alertname="${name}"`)}`);
  return alerts[0];
}

/** What a path has been told of alerts with this name. */
const toldOf = (path: string, name: string) =>
  told(sink.taken(path)).filter((one) => one.endsWith(` ${name}`));

interface PhoneMessage {
  readonly title: string;
  readonly message: string;
  readonly actions?: readonly { readonly label: string; readonly url: string }[];
}

/** What Ada's phone has been told, as it shows it. */
function phoneTexts(name: string): PhoneMessage[] {
  return phone
    .taken()
    .map(({ body }) => body as PhoneMessage)
    .filter((body) => `${body.title} ${body.message}`.includes(name));
}

/** The link that acknowledges, from the notification on Ada's phone. */
async function linkFor(name: string): Promise<string> {
  await untilTrue(() => phoneTexts(name).length > 0);
  const link = phoneTexts(name)[0]!.actions?.find(({ label }) => label === 'Acknowledge')?.url;
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/act\/./);
  return link!;
}

async function submit(link: string, fields: Readonly<Record<string, string>>): Promise<Response> {
  return await fetch(link, { method: 'POST', body: new URLSearchParams(fields) });
}

/** How long an acknowledgement counts. */
const hoursOf = ({ at, until }: { at: string; until: string }) =>
  (Date.parse(until) - Date.parse(at)) / HOUR_MS;

async function kindsOf(fingerprint: string): Promise<string[]> {
  const { events } = await getJson(`${server.url}/api/alert-history?fingerprint=${fingerprint}&from=now-1h`);
  return events.map(({ kind }: { kind: string }) => kind).reverse();
}

describe('acknowledging', () => {
  test('by API says who has it and until when, stops repetitions, and can be taken back', async () => {
    await fire({ alertname: 'ByApi', severity: 'low' });
    await untilTrue(() => toldOf('/team', 'ByApi').length === 1);
    const { fingerprint, acknowledged } = await alertNamed('ByApi');
    expect(acknowledged).toBeNull();
    const answer = await postJson(`${server.url}/api/alerts/${fingerprint}/acknowledge`, {
      by: 'Ada',
      note: 'looking',
      for_s: 3600,
    });
    expect(answer.status).toBe(200);
    const given = (await answer.json()) as { by: string; at: string; until: string; note: string };
    expect(given).toMatchObject({ by: 'Ada', note: 'looking' });
    expect(hoursOf(given)).toBeCloseTo(1, 2);
    expect((await alertNamed('ByApi')).acknowledged).toEqual(given);
    expect((await getJson(`${server.url}/api/alerts`)).counts.acknowledged).toBe(1);
    const back = `${server.url}/api/alerts/${fingerprint}/unacknowledge`;
    expect((await postJson(back)).status).toBe(200);
    expect((await alertNamed('ByApi')).acknowledged).toBeNull();
    expect((await postJson(back)).status).toBe(404);
    await end({ alertname: 'ByApi', severity: 'low' });
    await untilTrue(() => toldOf('/team', 'ByApi').length === 2);
  });

  test('an alert that is not there is answered 404, one that has ended 409', async () => {
    const answer = await postJson(`${server.url}/api/alerts/0123456789abcdef/acknowledge`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('there is no such alert');
    const { fingerprint } = await alertNamed('ByApi');
    expect((await postJson(`${server.url}/api/alerts/${fingerprint}/acknowledge`)).status).toBe(409);
  });

  test('by the link of the notification: looking changes nothing, the button acknowledges, the page is escaped', async () => {
    const labels = { alertname: 'ByLink', severity: 'critical', where: hostile };
    await fire(labels, { summary: `it burns ${hostile}` });
    const link = await linkFor('ByLink');
    // As a program that previews links would, again and again.
    for (const method of ['GET', 'HEAD', 'GET']) {
      const page = await fetch(link, { method });
      expect(page.status).toBe(200);
      expect(page.headers.get('content-type')).toContain('text/html');
      const html = await page.text();
      expect(html).not.toContain('<script');
      if (method === 'HEAD') continue;
      expect(html).toContain('&quot;&gt;&lt;script&gt;');
      expect(html).toContain('ByLink');
    }
    expect((await alertNamed('ByLink')).acknowledged).toBeNull();
    const done = await submit(link, { for: '1h', by: `Ada <b>${hostile}` });
    expect(done.status).toBe(200);
    const html = await done.text();
    expect(html).toContain('Acknowledged by');
    expect(html).not.toMatch(/<script|<b>/);
    const { acknowledged, fingerprint } = await alertNamed('ByLink');
    expect(acknowledged.by).toContain('Ada <b>');
    expect(hoursOf(acknowledged)).toBeCloseTo(1, 2);
    await untilTrue(async () => (await kindsOf(fingerprint)).includes('acknowledged'));
    expect((await submit(link, {})).status).toBe(400);
    await end(labels);
    await untilTrue(() => phoneTexts('ByLink').length === 2);
    expect((await submit(link, { for: '1h' })).status).toBe(409);
  });

  test('with a link that somebody made up, or that is for another alert, does nothing', async () => {
    const labels = { alertname: 'Forged', severity: 'critical' };
    await fire(labels);
    const link = await linkFor('Forged');
    const at = link.lastIndexOf('/') + 1;
    const token = link.slice(at);
    const flipped = `${token.slice(0, -3)}${token.at(-3) === 'A' ? 'B' : 'A'}${token.slice(-2)}`;
    for (const bad of [flipped, token.slice(0, -1), 'x', '%00', '..%2f..'])
      expect((await submit(link.slice(0, at) + bad, { for: '1h' })).status, bad).toBe(404);
    expect((await alertNamed('Forged')).acknowledged).toBeNull();
    await end(labels);
  });
});

describe('escalation', () => {
  const stopped = { alertname: 'Stopped', severity: 'critical' };
  const ignored = { alertname: 'Ignored', severity: 'critical' };

  test('reaches who is on call, then the next step; an acknowledgement stops it, taking it back goes on', async () => {
    await fire(stopped);
    await untilTrue(() => phoneTexts('Stopped').length === 1);
    const { fingerprint, escalation } = await alertNamed('Stopped');
    expect(escalation).toMatchObject({
      policy: 'urgent',
      step: 1,
      steps: 2,
      state: 'running',
      next_receivers: ['lead'],
    });
    await postJson(`${server.url}/api/alerts/${fingerprint}/acknowledge`, { by: 'Ada' });
    expect((await alertNamed('Stopped')).escalation).toMatchObject({ state: 'acknowledged', next_at: null });
    // This one began later and nobody takes it: once its second step was told, that of the other would have been too.
    await fire(ignored);
    await untilTrue(() => toldOf('/lead', 'Ignored').length === 1);
    expect(toldOf('/lead', 'Stopped')).toEqual([]);
    expect((await alertNamed('Ignored')).escalation).toMatchObject({
      state: 'exhausted',
      step: 2,
      next_at: null,
    });
    await postJson(`${server.url}/api/alerts/${fingerprint}/unacknowledge`);
    await untilTrue(() => toldOf('/lead', 'Stopped').length === 1);
  });

  test('tells everybody it has told of the end, once', async () => {
    await end(stopped);
    await end(ignored);
    for (const name of ['Stopped', 'Ignored']) {
      await untilTrue(() =>
        [toldOf('/lead', name), phoneTexts(name), toldOf('/team', name)].every(({ length }) => length >= 2),
      );
      expect(toldOf('/lead', name)).toEqual([`firing ${name}`, `resolved ${name}`]);
      expect(toldOf('/team', name)).toEqual([`firing ${name}`, `resolved ${name}`]);
      expect(phoneTexts(name)).toHaveLength(2);
      expect(toldOf('/grace', name)).toEqual([]);
    }
  });

  test('stands in the history of the alert, step by step', async () => {
    const { fingerprint } = await alertNamed('Stopped');
    const wanted = ['firing', 'acknowledged', 'unacknowledged', 'resolved'];
    const ofPeople = (kinds: string[]) => kinds.filter((kind) => wanted.includes(kind));
    await untilTrue(
      async () => (await kindsOf(fingerprint)).filter((kind) => kind === 'notified').length >= 6,
    );
    const kinds = await kindsOf(fingerprint);
    expect(ofPeople(kinds)).toEqual(wanted);
    expect(kinds.filter((kind) => kind === 'escalated')).toHaveLength(2);
  });
});

describe('who is on call', () => {
  const call = () => getJson(`${server.url}/api/on-call`);

  test('now and next, and whom the policies would tell', async () => {
    const { schedules, people, policies, response_times } = await call();
    expect(schedules[0]).toMatchObject({
      name: 'primary',
      time_zone: 'Europe/Berlin',
      now: ['Ada'],
      next: { person: 'Grace' },
      overrides: [],
    });
    expect(schedules[0].shifts.slice(0, 3).map(({ person }: { person: string }) => person)).toEqual([
      'Ada',
      'Grace',
      'Ada',
    ]);
    expect(people).toEqual([
      { name: 'Ada', receivers: ['ada'] },
      { name: 'Grace', receivers: ['grace'] },
    ]);
    expect(policies[0].steps.map(({ now }: { now: string[] }) => now)).toEqual([['ada'], ['lead']]);
    expect(response_times).toContainEqual({ priority: 'P1', within_s: 0.5, severities: ['high'] });
  });

  test('an override changes who is told until it is taken back', async () => {
    const url = `${server.url}/api/on-call/overrides`;
    const body = { schedule: 'primary', person: 'Grace', from: 'now', to: new Date(Date.now() + HOUR_MS) };
    const made = await postJson(url, body);
    expect(made.status).toBe(200);
    const { id } = (await made.json()) as { id: string };
    expect((await call()).schedules[0]).toMatchObject({
      now: ['Grace'],
      overrides: [{ id, person: 'Grace' }],
    });
    const labels = { alertname: 'Overridden', severity: 'critical' };
    await fire(labels);
    await untilTrue(() => toldOf('/grace', 'Overridden').length === 1);
    await end(labels);
    await untilTrue(() => toldOf('/grace', 'Overridden').length === 2);
    expect(phoneTexts('Overridden')).toEqual([]);
    expect((await postJson(`${url}/${id}/delete`)).status).toBe(200);
    expect((await call()).schedules[0].now).toEqual(['Ada']);
    expect((await postJson(`${url}/${id}/delete`)).status).toBe(404);
    expect((await postJson(url, { ...body, person: 'Nobody' })).status).toBe(404);
    expect((await postJson(url, { ...body, to: 'now-1h' })).status).toBe(400);
  });
});

test('an alert that nobody acknowledges in time is marked, one that somebody has is not', async () => {
  await fire({ alertname: 'Late', severity: 'high' });
  await untilTrue(async () => (await alertNamed('Late')).response?.is_missed === true);
  const { fingerprint, response, starts_at, priority } = await alertNamed('Late');
  expect(priority).toBe('P1');
  expect(Date.parse(response.due_at) - Date.parse(starts_at)).toBeLessThan(10_000);
  await untilTrue(async () => (await kindsOf(fingerprint)).includes('response_missed'));
  await postJson(`${server.url}/api/alerts/${fingerprint}/acknowledge`);
  expect((await alertNamed('Late')).response).toBeNull();
  await end({ alertname: 'Late', severity: 'high' });
});

const noAmtool = missingPeers('amtool');

describe('silences', () => {
  const matchers = [
    { name: 'alertname', type: '=', value: 'Quiet' },
    { name: 'n', type: '=~', value: '[12]' },
  ] as const;
  const quiet = (n: string) => ({ alertname: 'Quiet', severity: 'low', n });
  let id = '';

  test('a preview tells what would be silent, and nothing is', async () => {
    for (const n of ['1', '2', '3']) await fire(quiet(n));
    await untilTrue(
      () => told(sink.taken('/team')).filter((one) => one.startsWith('firing Quiet')).length >= 3,
    );
    const answer = await postJson(`${server.url}/api/silences/preview`, { matchers });
    const { total, alerts } = (await answer.json()) as {
      total: number;
      alerts: { labels: { n: string } }[];
    };
    expect(total).toBe(2);
    expect(alerts.map(({ labels }) => labels.n).sort()).toEqual(['1', '2']);
    expect((await getJson(`${server.url}/api/silences`)).silences).toEqual([]);
  });

  test('one that is made suppresses what matches, and says whom', async () => {
    const answer = await postJson(`${server.url}/api/silences`, {
      matchers: [{ name: 'alertname', type: '=', value: 'Muffled' }, ...matchers.slice(1)],
      comment: 'we know',
      created_by: 'Grace',
      for_s: 3600,
    });
    expect(answer.status).toBe(200);
    ({ id } = (await answer.json()) as { id: string });
    for (const n of ['1', '9']) await fire({ alertname: 'Muffled', severity: 'critical', n });
    await untilTrue(() => told(sink.taken('/team')).includes('firing Muffled 9'));
    expect(told(sink.taken('/team'))).not.toContain('firing Muffled 1');
    const { alerts, counts } = await getJson(`${server.url}/api/alerts?q=alertname="Muffled"`);
    const one = alerts.find(({ labels }: { labels: { n: string } }) => labels.n === '1');
    expect(one.suppressed_by).toEqual([{ kind: 'silenced', by: [id] }]);
    expect(counts.suppressed).toBe(1);
    expect((await getJson(`${server.url}/api/silences`)).silences).toMatchObject([
      { id, state: 'active', created_by: 'Grace', comment: 'we know', alerts: 1 },
    ]);
    const { why } = await getJson(`${server.url}/api/alerts/${one.fingerprint}`);
    expect(JSON.stringify(why.groups)).toContain(id);
    // Nobody is called about it either.
    expect(one.escalation).toBeNull();
  });

  test.skipIf(noAmtool !== '')(`amtool sees the same${noAmtool}`, async () => {
    const amtool = async (...args: string[]) => {
      const flags = [`--alertmanager.url=${server.url}/alertmanager`, ...args, '-o', 'json'];
      return JSON.parse((await runPeer('amtool', flags)).stdout);
    };
    expect(await amtool('silence', 'query')).toMatchObject([
      { id, comment: 'we know', createdBy: 'Grace', status: { state: 'active' } },
    ]);
    expect(await amtool('alert', 'query', '--silenced', 'alertname=Muffled')).toMatchObject([
      { labels: { n: '1' }, status: { state: 'suppressed', silencedBy: [id] } },
    ]);
    expect(await amtool('alert', 'query', '--active', 'alertname=Muffled')).toMatchObject([
      { labels: { n: '9' } },
    ]);
  });

  test('an alert that goes on is told once the silence has ended', async () => {
    expect((await postJson(`${server.url}/api/silences/${id}/expire`)).status).toBe(200);
    await untilTrue(() => told(sink.taken('/team')).includes('firing Muffled 1'));
    await untilTrue(() => phoneTexts('Muffled').length >= 2);
    expect((await getJson(`${server.url}/api/silences`)).silences).toMatchObject([
      { id, state: 'expired', alerts: 0 },
    ]);
    expect((await postJson(`${server.url}/api/silences/${id}/expire`)).status).toBe(409);
    for (const n of ['1', '9']) await end({ alertname: 'Muffled', severity: 'critical', n });
  });

  test('so it is when the time of the silence is over', async () => {
    const body = { matchers: [{ name: 'alertname', type: '=', value: 'Brief' }], comment: 'x', for_s: 1.5 };
    expect((await postJson(`${server.url}/api/silences`, body)).status).toBe(200);
    await fire({ alertname: 'Brief', severity: 'low' });
    expect((await alertNamed('Brief')).suppressed_by).toMatchObject([{ kind: 'silenced' }]);
    await untilTrue(() => toldOf('/team', 'Brief').length === 1);
    expect((await alertNamed('Brief')).suppressed_by).toEqual([]);
  });

  test('a mistake in a matcher is refused', async () => {
    const body = { matchers: [{ name: 'a', type: '=~', value: '(' }], comment: 'x' };
    const answer = await postJson(`${server.url}/api/silences`, body);
    expect(answer.status).toBe(400);
    expect((await postJson(`${server.url}/api/silences/nothing/expire`)).status).toBe(404);
  });
});

describe('history and statistics', () => {
  type Event = Record<'kind' | 'at' | 'fingerprint' | 'actor' | 'detail' | 'name', string>;
  const eventsOf = async (query = ''): Promise<Event[]> =>
    (await getJson(`${server.url}/api/alert-history?from=now-1h&limit=1000${query}`)).events;

  test('show silences, overrides and who did it', async () => {
    await untilTrue(async () => (await eventsOf('&kinds=override_changed')).length === 2);
    const [made] = (await eventsOf('&kinds=silence_created')).reverse();
    expect(made).toMatchObject({ actor: 'Grace' });
    expect(made!.detail).toContain('we know');
    const [ended] = (await eventsOf('&kinds=silence_expired')).reverse();
    expect(ended!.actor).not.toBe('');
  });

  test('show that the time of a silence was over, at once', async () => {
    await untilTrue(async () => {
      const events = await eventsOf('&kinds=silence_expired');
      return events.some(({ actor }) => actor === '');
    });
  });

  test('times to acknowledge and to resolve are those of the events', async () => {
    const events = (await eventsOf()).reverse();
    const fired = new Map<string, number>();
    const acknowledgedS = new Map<string, number>();
    const resolvedS: number[] = [];
    for (const { kind, at, fingerprint } of events) {
      const atS = Date.parse(at) / 1000;
      const sinceS = atS - (fired.get(fingerprint) ?? Number.NaN);
      if (kind === 'firing') fired.set(fingerprint, atS);
      else if (kind === 'acknowledged' && !acknowledgedS.has(fingerprint))
        acknowledgedS.set(fingerprint, sinceS);
      else if (kind === 'resolved') resolvedS.push(sinceS);
    }
    const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    const statistics = await getJson(`${server.url}/api/alert-statistics?from=now-1h`);
    const count = (kind: string) => events.filter((event) => event.kind === kind).length;
    expect(statistics).toMatchObject({
      fired: count('firing'),
      resolved: count('resolved'),
      acknowledged: 4,
      notified: count('notified'),
      notify_failed: 0,
      response_missed: 1,
    });
    expect(statistics.mtta_s).toBeCloseTo(mean([...acknowledgedS.values()]), 1);
    expect(statistics.mttr_s).toBeCloseTo(mean(resolvedS), 1);
    const names = statistics.rules.map(({ name }: { name: string }) => name);
    expect(names).toContain('Stopped');
    expect(names).toContain('Quiet');
  });

  test('are exported as they are shown', async () => {
    const url = `${server.url}/api/alert-history/export?from=now-1h`;
    const lines = (await (await fetch(url)).text()).trim().split('\n');
    expect(lines.length).toBe((await eventsOf()).length);
    for (const line of lines) expect(JSON.parse(line).kind).toBeTypeOf('string');
    const csv = await (await fetch(`${url}&format=csv`)).text();
    expect(csv.split('\n')[0]).toContain('kind');
  });
});
