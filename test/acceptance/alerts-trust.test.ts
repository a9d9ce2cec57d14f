import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  postJson,
  pushSamples,
  startWebhookSink,
  told,
  type WebhookSink,
  writeFiles,
} from './alerts-support.ts';
import {
  getJson,
  runCommand,
  startTestServer,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from './server-support.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let folder: string;
let sink: WebhookSink;
let server: TestServer;

beforeAll(async () => {
  folder = temporaryFolder();
  sink = await startWebhookSink();
  server = await startTestServer({}, writeFiles(folder, goodFiles()));
});
afterAll(async () => {
  await server?.remove();
  await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

function goodFiles() {
  return {
    'bellwether.yml': `
rule_files: ['rules.yml']
alertmanager_config_file: alertmanager.yml
alerting: { packs: [self], settle: 1s }
host: { enabled: false, interval: 1s }
`,
    'rules.yml': `
groups:
  - name: disk
    interval: 200ms
    rules:
      - alert: DiskFull
        expr: disk_used_ratio > 0.9
        labels: { severity: critical }
      - alert: DiskFilling
        expr: disk_used_ratio > 0.5
        for: 1h
      - { alert: DiskGone, expr: absent(disk_size_bytes) == 2 }
  - name: archive
    interval: 200ms
    rules:
      - { alert: WasHot, expr: 'max_over_time(heat[4d]) > 30' }
  - name: wrong
    interval: 200ms
    rules:
      - { alert: Ambiguous, expr: disk_used_ratio / on () disk_twice }
`,
    'alertmanager.yml': `
route:
  receiver: hook
  group_by: [alertname, disk]
  group_wait: 0s
  group_interval: 200ms
  repeat_interval: 1h
  routes:
    - { matchers: ['alertname="Unheard"'], receiver: broken }
receivers:
  - { name: hook, webhook_configs: [{ url: '${sink.url}/hook' }] }
  - { name: broken, webhook_configs: [{ url: '${sink.url}/broken', max_alerts: 1 }] }
`,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the server has checked its answers already
async function ruleNamed(name: string): Promise<any> {
  const { rules } = await getJson(`${server.url}/api/rules`);
  return rules.find((rule: { name: string }) => rule.name === name);
}

// biome-ignore lint/suspicious/noExplicitAny: the server has checked its answers already
async function alertsNamed(name: string): Promise<any[]> {
  const { alerts } = await getJson(`${server.url}/api/alerts`);
  return alerts.filter((alert: { name: string }) => alert.name === name);
}

// biome-ignore lint/suspicious/noExplicitAny: the server has checked its answers already
async function why(name: string): Promise<any> {
  const { id } = await ruleNamed(name);
  return await getJson(`${server.url}/api/rules/${encodeURIComponent(id)}/why`);
}

const toldOf = (name: string) => told(sink.taken()).filter((one) => one.split(' ')[1] === name);

describe('why', () => {
  beforeAll(async () => {
    const twice = 'disk_twice{n="1"} 1\ndisk_twice{n="2"} 1';
    await pushSamples(server.url, `disk_used_ratio{disk="a"} 0.95\ndisk_used_ratio{disk="b"} 0.6\n${twice}`);
    await untilTrue(() => toldOf('DiskFull').length === 1);
  });

  test('a rule fired: its evaluations with values, the route, and who was told', async () => {
    // It is noted once the receiver has answered.
    await untilTrue(async () => (await alertsNamed('DiskFull'))[0].last_notified_at !== null);
    const { rule, evaluations, alerts } = await why('DiskFull');
    expect(rule).toMatchObject({ state: 'firing', health: 'ok', alerts: 1, line: 6, is_editable: false });
    expect(rule.file).toBe(join(folder, 'rules.yml'));
    expect(evaluations[0]).toMatchObject({ error: '', store_away: false, series_count: 1 });
    expect(evaluations[0].series).toMatchObject([{ value: 0.95, state: 'firing', labels: { disk: 'a' } }]);
    expect(Date.parse(evaluations[0].at)).toBeGreaterThan(Date.parse(evaluations[1].at));
    expect(alerts).toHaveLength(1);
    expect(alerts[0].routes).toMatchObject([
      { receiver: 'hook', matched: true, taken: true },
      { receiver: 'broken', matched: false, taken: false },
    ]);
    expect(alerts[0].groups[0].integrations[0]).toMatchObject({ channel: 'webhook', last_status: 'firing' });
  });

  test('a rule has not fired yet: since when it is pending', async () => {
    const { rule, evaluations, alerts } = await why('DiskFilling');
    expect(rule).toMatchObject({ state: 'pending', for_s: 3600, alerts: 2 });
    const [first] = evaluations[0].series;
    expect(first.state).toBe('pending');
    expect(Date.parse(first.active_at)).toBeLessThan(Date.now());
    expect(alerts[0].groups).toEqual([]);
    expect(toldOf('DiskFilling')).toEqual([]);
  });

  test('a rule does not fire: it gives nothing, or fails with a reason', async () => {
    expect((await why('DiskGone')).evaluations[0]).toMatchObject({ series_count: 0, error: '' });
    const { rule, evaluations } = await why('Ambiguous');
    expect(rule).toMatchObject({ health: 'err', state: 'inactive' });
    expect(evaluations[0].error).toContain('many-to-many');
    expect((await getJson(`${server.url}/api/alerts`)).rules.failing).toBe(1);
  });

  test('an alert was told: what was decided for its receiver, and what happened to it', async () => {
    const [{ fingerprint }] = await alertsNamed('DiskFull');
    const url = `${server.url}/api/alerts/${fingerprint}`;
    await untilTrue(async () => (await getJson(url)).timeline.length === 3);
    const { timeline, query, why: reasons } = await getJson(url);
    expect(query).toBe('disk_used_ratio > 0.9');
    expect(timeline.map(({ kind }: { kind: string }) => kind).reverse()).toEqual([
      'pending',
      'firing',
      'notified',
    ]);
    expect(reasons.groups[0].group_key).toContain('alertname="DiskFull"');
  });

  test('of what does not exist is 404', async () => {
    expect((await fetch(`${server.url}/api/rules/none/why`)).status).toBe(404);
    expect((await fetch(`${server.url}/api/alerts/0123456789abcdef`)).status).toBe(404);
  });
});

describe('a rule of a user', () => {
  const url = () => `${server.url}/api/rules`;
  const rule = {
    name: 'QueueLong',
    query: 'queue_length > 10',
    interval: '1s',
    labels: { severity: 'high' },
    annotations: { summary: '{{ $labels.queue }} has {{ $value }}' },
  };
  let id = '';

  test('with mistakes is refused, and the preview names all of them', async () => {
    const bad = {
      name: 'Bad',
      query: 'queue_length >',
      for: 'soon',
      labels: { __name__: 'x', severity: '{{ .Nothing' },
      annotations: { summary: '{{ end }}' },
    };
    const { problems, series } = (await (await postJson(`${url()}/preview`, bad)).json()) as {
      problems: { path: string; message: string }[];
      series: unknown[];
    };
    const paths = problems.map(({ path }) => path.split('.')[0]);
    expect(new Set(paths)).toEqual(new Set(['query', 'for', 'labels', 'annotations']));
    expect(series).toEqual([]);
    const saved = await postJson(url(), bad);
    expect(saved.status).toBe(422);
    expect(await saved.text()).toContain('could not parse expression');
    expect(await ruleNamed('Bad')).toBeUndefined();
  });

  test('a preview shows what it gives now, and keeps nothing', async () => {
    await pushSamples(server.url, 'queue_length{queue="mail"} 42\nqueue_length{queue="sms"} 3');
    await untilTrue(async () => {
      const answer = await postJson(`${url()}/preview`, rule);
      const preview = (await answer.json()) as { series_count: number };
      return preview.series_count === 1;
    });
    const preview = await (await postJson(`${url()}/preview`, rule)).json();
    expect(preview).toMatchObject({
      problems: [],
      series: [{ labels: { queue: 'mail' }, value: 42 }],
      annotations: [{ name: 'summary', text: 'mail has 42' }],
    });
    expect(await ruleNamed('QueueLong')).toBeUndefined();
  });

  test('is saved, fires and tells', async () => {
    const saved = await postJson(url(), rule);
    expect(saved.status).toBe(200);
    ({ id } = (await saved.json()) as { id: string });
    await untilTrue(() => toldOf('QueueLong').length === 1);
    expect(await ruleNamed('QueueLong')).toMatchObject({ is_editable: true, file: 'user', state: 'firing' });
    const [{ annotations }] = sink.taken().find((one) => told([one])[0] === 'firing QueueLong')!.alerts as [
      { annotations: object },
    ];
    expect(annotations).toEqual({ summary: 'mail has 42' });
  });

  test('that is changed is another: what it does not say any more is resolved', async () => {
    const { id: ruleId } = await ruleNamed('QueueLong');
    const answer = await postJson(url(), { ...rule, id, query: 'queue_length > 100' });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { id: string }).id).toBe(id);
    await untilTrue(() => toldOf('QueueLong').length === 2);
    expect((await ruleNamed('QueueLong')).query).toBe('queue_length > 100');
    expect(
      (await getJson(url())).rules.filter(({ id: one }: { id: string }) => one === ruleId).length,
    ).toBeLessThan(2);
    await postJson(url(), { ...rule, id });
    await untilTrue(() => toldOf('QueueLong').length === 3);
  });

  test('that is deleted resolves its alerts', async () => {
    expect((await postJson(`${url()}/${id}/delete`)).status).toBe(200);
    await untilTrue(() => toldOf('QueueLong').length === 4);
    expect(toldOf('QueueLong')).toEqual([
      'firing QueueLong',
      'resolved QueueLong',
      'firing QueueLong',
      'resolved QueueLong',
    ]);
    expect(await ruleNamed('QueueLong')).toBeUndefined();
    expect((await postJson(`${url()}/${id}/delete`)).status).toBe(404);
    expect((await postJson(url(), { ...rule, id })).status).toBe(404);
    await untilTrue(async () => {
      const { events } = await getJson(`${server.url}/api/alert-history?kinds=rule_changed`);
      return events.length === 4;
    });
  });
});

describe('a back-test over stored samples', () => {
  const from = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS - 150 * MINUTE_MS;
  const rule = { name: 'Busy', query: 'load > 0.5', for: '5m', interval: '1m' };
  const run = async (body: object) =>
    await postJson(`${server.url}/api/rules/backtest`, {
      from: String(from),
      to: String(from + 10 * 3_600_000),
      rule,
      ...body,
    });
  const at = (minutes: number) => new Date(from + minutes * MINUTE_MS).toISOString();

  beforeAll(async () => {
    // From half past nine in the evening: ten minutes at night, three in which it stays pending, twenty in the morning.
    const isBusy = (minute: number) =>
      (minute >= 60 && minute < 70) || (minute >= 330 && minute < 333) || (minute >= 540 && minute < 560);
    const lines = Array.from(
      { length: 601 },
      (_, minute) => `load{host="a"} ${isBusy(minute) ? 1 : 0} ${from + minute * MINUTE_MS}`,
    );
    await pushSamples(server.url, lines.join('\n'));
  });

  test('counts exactly when the rule would have fired', async () => {
    await untilTrue(async () => ((await (await run({})).json()) as { fired: number }).fired === 2);
    expect(await (await run({})).json()).toMatchObject({
      step_s: 60,
      fired: 2,
      fired_at_night: 1,
      only_pending: 1,
      firing_s: 20 * 60,
      longest_s: 15 * 60,
      intervals: [
        { pending_from: at(60), fired_at: at(65), resolved_at: at(70), at_night: true, value: 1 },
        {
          pending_from: at(540),
          fired_at: at(545),
          resolved_at: at(560),
          at_night: false,
          labels: { host: 'a' },
        },
      ],
    });
  });

  test('night is where people sleep', async () => {
    const answer = await run({ time_zone: 'Asia/Tokyo' });
    expect(await answer.json()).toMatchObject({ fired: 2, fired_at_night: 0 });
  });

  test('a rule with a mistake, or too long a range, is refused', async () => {
    expect((await run({ rule: { ...rule, query: 'load >' } })).status).toBe(422);
    expect((await run({ time_zone: 'Mars/Olympus' })).status).toBe(400);
  });
});

describe('while the store is away', () => {
  test('rules that need it say so and resolve nothing, those over recent samples go on, and so do all afterwards', async () => {
    // Older than anything that is kept in memory.
    await pushSamples(server.url, `heat 40 ${Date.now() - 2 * DAY_MS}`);
    await untilTrue(() => toldOf('WasHot').length === 1);
    const [before] = await alertsNamed('WasHot');
    const isAway = async () => (await getJson(`${server.url}/api/alerts`)).rules.store_away;
    let kills = 0;
    await untilTrue(async () => {
      const pid = server.enginePid();
      if (pid !== undefined) {
        process.kill(pid, 'SIGKILL');
        kills++;
      }
      return await isAway();
    });
    expect(kills).toBeGreaterThan(0);
    const { rule, evaluations } = await why('WasHot');
    expect(rule).toMatchObject({ state: 'firing', alerts: 1 });
    const away = evaluations.find(({ store_away }: { store_away: boolean }) => store_away);
    expect(away.error).toContain('no data because the store is away');
    await pushSamples(server.url, 'disk_used_ratio{disk="a"} 0.1');
    await untilTrue(() => toldOf('DiskFull').length === 2);
    await untilTrue(async () => !(await isAway()), 60_000);
    const evaluated = (await ruleNamed('WasHot')).last_evaluation_at;
    await untilTrue(async () => (await ruleNamed('WasHot')).last_evaluation_at !== evaluated);
    expect(await ruleNamed('WasHot')).toMatchObject({ health: 'ok', state: 'firing', store_away: false });
    expect(await alertsNamed('WasHot')).toMatchObject([{ state: 'firing', starts_at: before.starts_at }]);
    expect(toldOf('WasHot')).toEqual(['firing WasHot']);
    expect(toldOf('DiskFull')).toEqual(['firing DiskFull', 'resolved DiskFull']);
  });
});

describe('a configuration with more than twenty mistakes', () => {
  const bad = {
    'bellwether.yml': `
rule_files: ['rules.yml']
alertmanager_config_file: alertmanager.yml
on_call:
  people:
    - { name: Ada, receivers: [hook] }
    - { name: Ada, receivers: [hook] }
  schedules:
    - name: primary
      time_zone: Europe/Atlantis
      rotations:
        - { people: [Eve], start: yesterday, shift_length: 1m }
  escalation_policies:
    - name: urgent
      matchers: ['severity=~"("']
      steps:
        - { after: 0s, schedules: [secondary] }
inbound_webhooks:
  - { name: one, kind: cooolify, token: long-enough }
  - { name: two, kind: generic }
  - { name: two, kind: generic, token: short }
`,
    'rules.yml': `
groups:
  - name: a
    interval: soon
    rules:
      - alert: X
        expr: up ==
        forr: 5m
      - record: y
        expr: rate(up)
      - alert: Z
        expr: up
        annotations:
          summary: '{{ $labels.x '
`,
    'alertmanager.yml': `
route:
  receiver: nobody
  group_wiat: 5s
  group_interval: 0s
  routes:
    - matchers: ['a=~"("']
      receiver: hook
      mute_time_intervals: [never]
receivers:
  - name: hook
    webhook_configs: [{ url: 'not a url' }]
  - name: hook
    email_configs: [{ to: 'a@example.org' }]
`,
  };
  const places = [
    ...['bellwether.yml:7:15', 'bellwether.yml:10:18', 'bellwether.yml:12:35', 'bellwether.yml:12:60'],
    ...['bellwether.yml:12:22', 'bellwether.yml:15:18', 'bellwether.yml:17:36', 'bellwether.yml:19:24'],
    ...['bellwether.yml:20:13', 'bellwether.yml:21:40', 'bellwether.yml:21:13'],
    ...['rules.yml:4:15', 'rules.yml:7:15', 'rules.yml:8:9', 'rules.yml:10:15', 'rules.yml:14:11'],
    ...['alertmanager.yml:3:13', 'alertmanager.yml:4:3', 'alertmanager.yml:5:19', 'alertmanager.yml:7:18'],
    ...[
      'alertmanager.yml:9:29',
      'alertmanager.yml:12:30',
      'alertmanager.yml:13:11',
      'alertmanager.yml:14:21',
    ],
  ];
  const placesIn = (text: string) => [
    ...new Set([...text.matchAll(/(?:bellwether|rules|alertmanager)\.yml:\d+:\d+/g)].map(([place]) => place)),
  ];

  test('has every one of them told by `bellwether check`, with line and column', async () => {
    const checked = temporaryFolder();
    try {
      const file = writeFiles(checked, bad);
      const { code, stderr } = await runCommand(['check', '--config', file]);
      expect(code).toBe(1);
      expect(placesIn(stderr).sort()).toEqual([...places].sort());
      expect(stderr).toMatch(/has 25 mistakes/);
      expect(stderr).not.toContain('long-enough');
    } finally {
      rmSync(checked, { recursive: true, force: true });
    }
  });

  test('is refused by a reload with all of them, and the running one stays', async () => {
    const count = (await getJson(`${server.url}/api/rules`)).rules.length;
    try {
      writeFiles(folder, bad);
      const answer = await postJson(`${server.url}/-/reload`);
      expect(answer.status).toBe(422);
      const { error } = (await answer.json()) as { error: { message: string } };
      expect(placesIn(error.message).sort()).toEqual([...places].sort());
      expect((await getJson(`${server.url}/api/rules`)).rules).toHaveLength(count);
      expect((await getJson(`${server.url}/api/receivers`)).receivers).toHaveLength(2);
      await pushSamples(server.url, 'disk_used_ratio{disk="c"} 0.99');
      await untilTrue(() => toldOf('DiskFull').length === 3);
      // A rule of a user can still be made: it does not read the broken files.
      const made = await postJson(`${server.url}/api/rules`, { name: 'Meanwhile', query: 'vector(1) > 2' });
      const text = await made.text();
      expect([made.status, text]).toEqual([200, text]);
    } finally {
      writeFiles(folder, goodFiles());
    }
    expect((await postJson(`${server.url}/-/reload`)).status).toBe(200);
  });
});

describe('Bellwether watches itself', () => {
  test('the dead-man’s switch always fires and is told', async () => {
    await untilTrue(() => toldOf('Watchdog').length > 0);
    expect(toldOf('Watchdog')).toEqual(['firing Watchdog']);
    const { runbook } = (await alertsNamed('Watchdog'))[0];
    expect(runbook.slug).toBe('watchdog');
    expect((await getJson(`${server.url}/api/runbooks/watchdog`)).markdown).toContain('#');
  });

  test('a notification that cannot be delivered is itself an alert, told to others', async () => {
    const refusing = await startWebhookSink();
    try {
      refusing.mode = 403;
      const files = goodFiles();
      writeFileSync(
        join(folder, 'alertmanager.yml'),
        files['alertmanager.yml'].replace(`${sink.url}/broken`, `${refusing.url}/broken`),
      );
      expect((await postJson(`${server.url}/-/reload`)).status).toBe(200);
      const answer = await postJson(`${server.url}/alertmanager/api/v2/alerts`, [
        { labels: { alertname: 'Unheard' } },
      ]);
      expect(answer.status).toBe(200);
      await untilTrue(async () => Boolean((await alertsNamed('Unheard'))[0]?.notify_error));
      const [{ notify_error }] = await alertsNamed('Unheard');
      expect(notify_error).toContain('403');
      const { told: summary } = await getJson(`${server.url}/api/alerts`);
      expect(summary.failing).toHaveLength(1);
      expect(summary.failing[0]).toContain('broken');
      await untilTrue(() => toldOf('NotificationsFailing').length > 0, 60_000);
      const [one] = sink.taken().filter((sent) => told([sent])[0] === 'firing NotificationsFailing');
      expect(one!.alerts[0]!.labels).toMatchObject({ channel: 'webhook', severity: 'critical' });
    } finally {
      await refusing.close();
    }
  });
});
