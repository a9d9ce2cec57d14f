import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AlertEvent, PartialAlertEvent } from '../../src/alerts/types.ts';
import { createAlertHistory } from '../../src/app/alert-history.ts';
import { alertStatistics, history as historyShape } from '../../src/contract/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Labels } from '../../src/model/labels.ts';
import { type AlertHistoryQueries, createAlertHistoryQueries } from '../../src/query/alerts/index.ts';
import {
  createWriter,
  type EngineHandle,
  openStore,
  type Store,
  sql,
  startEngine,
  systemClock,
  type Writer,
} from '../../src/store/index.ts';

const OFF = { metrics: 'off', logs: 'off', traces: 'off', sessions: 'off', alerts: 'off' } as const;
const NOW = Date.UTC(2026, 2, 12);
const DAY = { from: '2026-03-10T00:00:00Z', to: '2026-03-11T00:00:00Z' };

let folder: string;
let engine: EngineHandle;
let store: Store;
let writer: Writer;
let queries: AlertHistoryQueries;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-history-'));
  engine = await startEngine({ dataDir: folder, log: silentLog });
  await engine.whenReady(60_000);
  store = openStore({
    connection: { kind: 'engine', socketPath: engine.socketPath },
    retention: OFF,
    log: silentLog,
  });
  await store.whenReady();
  writer = await createWriter({ target: store, spoolDir: join(folder, 'spool'), log: silentLog });
  queries = createAlertHistoryQueries(store);
});

afterAll(async () => {
  await writer.drain();
  await store.close();
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Records events as the server does, and waits until they can be read. */
async function recordAll(events: readonly PartialAlertEvent[]): Promise<void> {
  const history = createAlertHistory({
    writer,
    priorityOf: (labels) => (labels.get('severity') === 'critical' ? 'P0' : 'P2'),
    clock: systemClock,
    log: silentLog,
  });
  let open = events.length;
  const stored = new Promise<void>((resolve) => {
    const stop = writer.onStored(({ table, rows }) => {
      if (table === 'alert_events') open -= rows;
      if (open > 0) return;
      stop();
      resolve();
    });
  });
  history.record(events);
  await history.stop();
  expect(history.counters()).toMatchObject({ written: events.length, dropped: 0 });
  await stored;
}

async function empty(): Promise<void> {
  await store.command(sql`TRUNCATE TABLE ${store.table('alert_events')}`);
}

function at(day: number, time: string): number {
  return Date.parse(`2026-03-${String(day).padStart(2, '0')}T${time}Z`);
}

/** Makes the events of one life of an alert. */
function life(name: string, more: Partial<AlertEvent> & { labels: Labels; startsAtMs: number }) {
  return (
    timeMs: number,
    kind: AlertEvent['kind'],
    changes: Partial<AlertEvent> = {},
  ): PartialAlertEvent => ({
    fingerprint: name,
    timeMs,
    kind,
    ...more,
    ...changes,
  });
}

const down = Labels.fromObject({ alertname: 'ServiceDown', severity: 'critical', service: 'shop' });
const slow = Labels.fromObject({ alertname: 'SlowPages', severity: 'high', service: 'blog' });
const slowToo = Labels.fromObject({ alertname: 'SlowPages', severity: 'high', service: 'wiki' });

/**
 * 10 March. ServiceDown fires at noon for 20 minutes and is acknowledged after 5; at 21:30 for 3 minutes. SlowPages of the blog fires from
 * 23:50 to 01:00 and is acknowledged at 00:10; that of the wiki fired the evening before and ends at 02:00.
 */
function aDay(): PartialAlertEvent[] {
  const a = life('000000000000000a', { labels: down, startsAtMs: at(10, '12:00:00'), ruleId: 'r1' });
  const a2 = life('000000000000000a', { labels: down, startsAtMs: at(10, '21:30:00'), ruleId: 'r1' });
  const b = life('000000000000000b', { labels: slow, startsAtMs: at(10, '23:50:00'), ruleId: 'r2' });
  const c = life('000000000000000c', { labels: slowToo, startsAtMs: at(9, '23:00:00'), ruleId: 'r2' });
  const team = { receiver: 'team', integration: 'team/slack[0]', channel: 'slack', reason: 'group' } as const;
  return [
    c(at(9, '23:00:00'), 'firing'),
    c(at(10, '02:00:00'), 'resolved'),
    a(at(10, '11:59:30'), 'pending'),
    a(at(10, '12:00:00'), 'firing', { value: 0 }),
    a(at(10, '12:00:01'), 'notified', { ...team, latencyMs: 100, attempts: 1 }),
    a(at(10, '12:05:00'), 'acknowledged', { actor: 'ada', detail: 'looking at it' }),
    a(at(10, '12:20:00'), 'resolved'),
    a(at(10, '12:20:01'), 'notified', { ...team, latencyMs: 200, attempts: 2 }),
    a2(at(10, '21:30:00'), 'firing'),
    // Whoever delivers does not know the rule.
    a2(at(10, '21:30:01'), 'notified', { ...team, ruleId: '', latencyMs: 300, attempts: 1 }),
    a2(at(10, '21:33:00'), 'resolved'),
    b(at(10, '23:50:00'), 'firing', { value: 2.5 }),
    b(at(10, '23:50:02'), 'notify_failed', { ...team, detail: 'status 500', attempts: 4 }),
    b(at(10, '23:50:09'), 'notified', { ...team, latencyMs: 400, attempts: 1 }),
    b(at(10, '23:55:00'), 'response_missed'),
    b(at(11, '00:10:00'), 'acknowledged', { actor: 'ada' }),
    b(at(11, '01:00:00'), 'resolved'),
    { timeMs: at(10, '13:00:00'), kind: 'silence_created', actor: 'bob', detail: 'deploy, "quiet" please' },
  ];
}

describe('statistics', () => {
  beforeAll(async () => {
    await empty();
    await recordAll(aDay());
    // A replay changes nothing.
    await recordAll(aDay());
  });

  test('of a day are what one counts by hand', async () => {
    const statistics = await queries.statistics({ ...DAY, time_zone: 'Europe/Berlin' }, NOW);
    expect(alertStatistics.parse(statistics)).toEqual({
      from: '2026-03-10T00:00:00.000Z',
      to: '2026-03-11T00:00:00.000Z',
      fired: 3,
      resolved: 3,
      acknowledged: 1,
      notified: 4,
      notify_failed: 1,
      response_missed: 1,
      mtta_s: (300 + 1200) / 2,
      mttr_s: (1200 + 180 + 4200) / 3,
      notify_p50_ms: 250,
      notify_p99_ms: 397,
      rules: [
        {
          rule_id: 'r1',
          name: 'ServiceDown',
          severity: 'critical',
          fired: 2,
          fired_at_night: 1,
          notified: 3,
          acknowledged: 1,
          only_self_resolved: 1,
          mtta_s: 300,
          mttr_s: (1200 + 180) / 2,
          firing_s: 1200 + 180,
        },
        {
          rule_id: 'r2',
          name: 'SlowPages',
          severity: 'high',
          fired: 1,
          fired_at_night: 1,
          notified: 1,
          acknowledged: 0,
          only_self_resolved: 0,
          mtta_s: 1200,
          mttr_s: 4200,
          firing_s: 600 + 7200,
        },
      ],
    });
  });

  test('half past nine in the evening is night in Berlin, not in Greenwich', async () => {
    const { rules } = await queries.statistics(DAY, NOW);
    expect(rules.map((rule) => rule.fired_at_night)).toEqual([0, 1]);
  });

  test('an alert that still fires counts up to now', async () => {
    const { rules, mttr_s } = await queries.statistics(
      { from: '2026-03-10T12:00:00Z', to: '2026-03-10T12:10:00Z' },
      at(10, '12:10:00'),
    );
    expect(rules).toMatchObject([{ rule_id: 'r1', fired: 1, firing_s: 600 }]);
    expect(mttr_s).toBe(1200);
  });

  test('of a time without events are zeros and nothing', async () => {
    const none = await queries.statistics({ from: '2025-01-01T00:00:00Z', to: '2025-01-02T00:00:00Z' }, NOW);
    expect(none).toMatchObject({ fired: 0, notified: 0, mtta_s: null, mttr_s: null, notify_p50_ms: null });
    // What fired later did not fire here, but it ends after it.
    expect(none.rules).toEqual([]);
  });

  test.each(['Nowhere/Else', '+02:00', ''])('%j is no time zone', async (time_zone) => {
    await expect(queries.statistics({ ...DAY, time_zone }, NOW)).rejects.toMatchObject({
      code: 'bad_time_zone',
      status: 400,
    });
  });
});

describe('the list', () => {
  const all = { from: '2026-03-09T00:00:00Z', to: '2026-03-12T00:00:00Z', limit: 1000 };

  beforeAll(async () => {
    await empty();
    await recordAll(aDay());
    await recordAll(aDay());
  });

  async function kindsOf(filter: Partial<Parameters<typeof queries.history>[0]>): Promise<string[]> {
    const { events } = await queries.history({ ...all, ...filter }, NOW);
    return events.map((event) => event.kind);
  }

  test('has every event once, the newest first, in the contract’s shape', async () => {
    const answer = historyShape.parse(await queries.history(all, NOW));
    const times = answer.events.map((event) => Date.parse(event.at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(answer.events).toHaveLength(18);
    expect(answer.next_cursor).toBeNull();
    expect(answer.events.find((event) => event.detail === 'status 500')).toMatchObject({
      at: '2026-03-10T23:50:02.000Z',
      kind: 'notify_failed',
      fingerprint: '000000000000000b',
      name: 'SlowPages',
      severity: 'high',
      priority: 'P2',
      labels: { alertname: 'SlowPages', severity: 'high', service: 'blog' },
      rule_id: 'r2',
      receiver: 'team',
      integration: 'team/slack[0]',
      channel: 'slack',
      reason: 'group',
      actor: '',
      value: null,
      latency_ms: null,
      attempts: 4,
    });
    expect(answer.events.find((event) => event.kind === 'silence_created')).toMatchObject({
      fingerprint: '',
      priority: null,
      actor: 'bob',
    });
    expect(answer.events.filter((event) => event.value !== null).map((event) => event.value)).toEqual([
      2.5, 0,
    ]);
  });

  test('is filtered by kind, alert, rule and words', async () => {
    expect(await kindsOf({ kinds: 'acknowledged, response_missed' })).toEqual([
      'acknowledged',
      'response_missed',
      'acknowledged',
    ]);
    expect(await kindsOf({ fingerprint: '000000000000000c' })).toEqual(['resolved', 'firing']);
    expect(await kindsOf({ rule_id: 'r1', kinds: 'firing' })).toEqual(['firing', 'firing']);
    expect(await kindsOf({ q: 'QUIET deploy' })).toEqual(['silence_created']);
    expect(await kindsOf({ q: 'service="wiki" slowpages' })).toEqual(['resolved', 'firing']);
    expect(await kindsOf({ q: "'; DROP" })).toEqual([]);
    expect(await kindsOf({ from: '2026-03-10T13:00:00Z', to: '2026-03-10T13:00:00.001Z' })).toEqual([
      'silence_created',
    ]);
  });

  test('comes in pages that share nothing and leave nothing out, also within one millisecond', async () => {
    const sameTime = Array.from({ length: 7 }, (_, n) => ({
      timeMs: at(10, '05:00:00'),
      kind: 'rule_changed' as const,
      detail: `change ${n}`,
    }));
    await recordAll(sameTime);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await queries.history({ ...all, limit: 3, cursor }, NOW);
      seen.push(...page.events.map((event) => event.id));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  test('refuses what it does not understand', async () => {
    await expect(kindsOf({ kinds: 'firing,exploded' })).rejects.toMatchObject({ code: 'bad_kind' });
    await expect(kindsOf({ cursor: 'bm9wZQ' })).rejects.toMatchObject({ code: 'bad_cursor' });
    await expect(kindsOf({ from: 'yesterday' })).rejects.toMatchObject({ code: 'bad_time' });
  });

  test('of one alert has its newest events over all its lives', async () => {
    const timeline = await queries.timeline('000000000000000a', 4);
    expect(timeline.map((event) => event.kind)).toEqual(['resolved', 'notified', 'firing', 'notified']);
  });
});

describe('the export', () => {
  const all = { from: '2026-03-09T00:00:00Z', to: '2026-03-12T00:00:00Z' };

  async function textOf(format: 'ndjson' | 'csv', filter: object = {}): Promise<string> {
    let text = '';
    for await (const piece of queries.export({ ...all, ...filter }, format, NOW)) text += piece;
    return text;
  }

  beforeAll(async () => {
    await empty();
    await recordAll(aDay());
  });

  test('has the same events as the list, one per line', async () => {
    const lines = (await textOf('ndjson')).trimEnd().split('\n');
    const { events } = await queries.history({ ...all, limit: 1000 }, NOW);
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
  });

  test('as CSV has a header and quotes', async () => {
    const [header, ...lines] = (await textOf('csv', { kinds: 'silence_created' })).trimEnd().split('\r\n');
    expect(header).toMatch(/^at,kind,name,/);
    expect(lines).toEqual([
      expect.stringMatching(
        /^2026-03-10T13:00:00\.000Z,silence_created,.*,bob,"deploy, ""quiet"" please",,,0,\{\},[0-9a-f]{16}$/,
      ),
    ]);
    expect(await textOf('csv', { kinds: 'escalated' })).toBe(`${header}\r\n`);
    expect(await textOf('ndjson', { kinds: 'escalated' })).toBe('');
  });

  test('reads on after a page', async () => {
    await empty();
    const many = Array.from({ length: 5_003 }, (_, n) => ({
      timeMs: at(10, '00:00:00') + Math.floor(n / 3),
      kind: 'rule_changed' as const,
      detail: `change ${n}`,
    }));
    await recordAll(many);
    const details = (await textOf('ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).detail);
    expect(new Set(details).size).toBe(5_003);
    expect(details).toHaveLength(5_003);
  });
});

test('odd events are kept as far as they can be', async () => {
  await empty();
  await recordAll([
    { timeMs: Number.NaN, kind: 'notified', detail: 'x'.repeat(10_000), attempts: -3, value: Infinity },
  ]);
  const { events } = await queries.history({ from: '0', to: 'now', limit: 10 }, NOW);
  expect(events).toMatchObject([{ at: '1970-01-01T00:00:00.000Z', attempts: 0, value: null }]);
  expect(events[0]!.detail).toHaveLength(8_193);
});

test('events outlive a restart while the store is away', async () => {
  await empty();
  const spoolDir = join(folder, 'spool', 'away');
  const away = { insertFiles: () => Promise.reject(new Error('the store is away')) };
  const first = await createWriter({ target: away, spoolDir, log: silentLog });
  const history = createAlertHistory({
    writer: first,
    priorityOf: () => 'P0',
    clock: systemClock,
    log: silentLog,
  });
  history.record(aDay());
  await history.stop();
  await first.drain(0);
  const second = await createWriter({ target: store, spoolDir, log: silentLog });
  await new Promise<void>((resolve) => second.onStored(() => resolve()));
  await second.drain();
  const { events } = await queries.history({ from: '2026-03-09T00:00:00Z', to: 'now', limit: 100 }, NOW);
  expect(events).toHaveLength(18);
});
