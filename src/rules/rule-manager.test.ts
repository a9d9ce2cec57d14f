import { describe, expect, test } from 'vitest';
import { BellwetherError } from '../lib/errors.ts';
import { alertsJson, rulesJson } from './rules-api.ts';
import { Bench, groupsOf, minutes, START_MS } from './rules-test-kit.ts';
import { tickOffsetMs } from './schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A group whose rules are given as YAML in one line each. */
function group(rules: readonly string[], more = ''): string {
  return `groups: [{name: g${more}, rules: [${rules.join(', ')}]}]`;
}

const DOWN =
  '{alert: Down, expr: up == 0, for: 5m, labels: {severity: page}, annotations: {summary: "{{ $labels.i }} is down: {{ $value }}"}}';

/** Moment of the group's first tick, minutes since the start. */
const FIRST = tickOffsetMs('rules.yml;g', MINUTE) / MINUTE;

describe('ticks', () => {
  test('are aligned, with an offset of the group', async () => {
    const times: number[] = [];
    const bench = new Bench({
      query: async (_, timeMs) => {
        times.push(timeMs);
        return nothing;
      },
    });
    await bench.start(group(['{record: a, expr: up}']));
    await bench.advance(3 * MINUTE);
    expect(times).toEqual([0, 1, 2].map((i) => START_MS + FIRST * MINUTE + i * MINUTE));
    expect(tickOffsetMs('f;a', MINUTE)).not.toBe(tickOffsetMs('f;b', MINUTE));
  });

  test('that pass during an evaluation are counted as missed', async () => {
    const times: number[] = [];
    const bench = new Bench({
      query: async (_, timeMs) => {
        times.push(Math.round(minutes(timeMs) - FIRST));
        // Takes four and a half intervals the first time.
        if (times.length === 1) bench.clock.skip(4.5 * MINUTE);
        return nothing;
      },
    });
    await bench.start(group(['{record: a, expr: up}']));
    await bench.advance(8 * MINUTE);
    expect(times.slice(0, 3)).toEqual([0, 4, 5]);
    expect(bench.manager.counters.missedTicks).toBe(3);
    expect(bench.manager.groups()[0]!.missedTicks).toBe(3);
  });

  test('a query offset moves the query and its samples', async () => {
    const bench = new Bench();
    bench.values.set('x', 1);
    await bench.start(group(['{record: a, expr: time()}'], ', query_offset: 10s'));
    await bench.advance(MINUTE);
    const atS = START_MS / 1000 + FIRST * 60 - 10;
    expect(bench.written.map(({ timeMs, value }) => [timeMs, value])).toEqual([[atS * 1000, atS]]);
  });

  test('stopping ends an evaluation that hangs and leaves its rule as it was', async () => {
    const bench = new Bench({ query: () => new Promise(() => undefined) });
    await bench.start(group(['{record: a, expr: up}']));
    await bench.clock.advance(MINUTE, async () => undefined);
    await bench.manager.stop();
    expect(bench.manager.groups()[0]!.rules[0]).toMatchObject({ health: 'unknown', lastError: undefined });
  });
});

const nothing = {
  value: { type: 'vector', samples: [] },
  warnings: [],
  infos: [],
  stats: {},
  plan: {},
} as never;

describe('recording rules', () => {
  test('set name and labels, an empty label removes one, vanished series get a marker once', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 1).set('up{i="2"}', 0);
    await bench.start(group(['{record: "up:copy", expr: up, labels: {i2: x, job: ""}}']));
    await bench.advance(MINUTE);
    expect(bench.written.map(({ labels, value }) => `${labels} ${value}`).sort()).toEqual([
      '{__name__="up:copy", i="1", i2="x"} 1',
      '{__name__="up:copy", i="2", i2="x"} 0',
    ]);
    bench.values.delete('up{i="2"}');
    bench.written.length = 0;
    await bench.advance(3 * MINUTE);
    expect(bench.written.filter(({ isStale }) => isStale).map(({ labels }) => labels.get('i'))).toEqual([
      '2',
    ]);
  });

  test('see what rules before them in the group have recorded', async () => {
    const bench = new Bench();
    bench.values.set('x', 3);
    await bench.start(
      group([
        '{record: b, expr: x * 2}',
        '{record: c, expr: b * 2}',
        '{record: d, expr: "{__name__=~\\"c\\"} + 0"}',
      ]),
    );
    await bench.advance(MINUTE);
    expect(bench.written.map(({ labels, value }) => [labels.metric, value])).toEqual([
      ['b', 6],
      ['c', 12],
      ['d', 12],
    ]);
  });

  test('writes of rules that nobody reads do not hold up the next rule', async () => {
    const order: string[] = [];
    const bench = new Bench({
      write: async (samples) => {
        const name = samples[0]!.labels.metric;
        order.push(`write ${name}`);
        await new Promise((settle) => setTimeout(settle, 20));
        bench.storage.write(samples);
        order.push(`written ${name}`);
      },
    });
    bench.values.set('x', 3);
    await bench.start(group(['{record: b, expr: x}', '{record: c, expr: x}', '{record: d, expr: b}']));
    await bench.advance(MINUTE);
    expect(order.indexOf('write c')).toBeLessThan(order.indexOf('written b'));
    // But `d` reads `b`.
    expect(order.indexOf('write d')).toBeGreaterThan(order.indexOf('written b'));
  });

  test('equal series, limits and ranges are errors in the words of Prometheus', async () => {
    const bench = new Bench();
    bench.values.set('x{a="1"}', 1).set('x{a="2"}', 1);
    await bench.start(
      `groups:
        - {name: g, limit: 1, rules: [{record: b, expr: x, labels: {a: c}}, {record: d, expr: x}, {record: e, expr: "x[5m]"}, {record: f, expr: sum(x)}]}`,
    );
    await bench.advance(MINUTE);
    expect(bench.manager.groups()[0]!.rules.map(({ health, lastError }) => [health, lastError])).toEqual([
      ['err', 'vector contains metrics with the same labelset after applying rule labels'],
      ['err', 'exceeded limit of 1 with 2 series'],
      ['err', 'rule result is not a vector or scalar'],
      ['ok', undefined],
    ]);
    expect(bench.manager.counters).toMatchObject({ evaluations: 4, failures: 3, samplesWritten: 1 });
  });

  test('annotations of queries are kept as warnings', async () => {
    const bench = new Bench();
    bench.values.set('x', 1);
    await bench.start(group(['{record: b, expr: "rate(x[5m])"}']));
    await bench.advance(2 * MINUTE);
    expect(bench.manager.groups()[0]!.rules[0]!.warnings.join()).toMatch(/metric might not be a counter/);
  });

  test('a write that fails is shown, and its markers come later', async () => {
    let isBroken = false;
    const bench = new Bench({
      write: async (samples) => {
        if (isBroken) throw new Error('spool full');
        bench.written.push(...samples);
      },
    });
    bench.values.set('x', 1);
    await bench.start(group(['{record: b, expr: x}']));
    await bench.advance(MINUTE);
    bench.values.clear();
    isBroken = true;
    await bench.advance(MINUTE);
    expect(bench.manager.groups()[0]!.rules[0]!.lastError).toMatch(/spool full/);
    isBroken = false;
    bench.written.length = 0;
    await bench.advance(2 * MINUTE);
    expect(bench.written.map(({ labels, isStale }) => `${labels} ${isStale}`)).toEqual([
      '{__name__="b"} true',
    ]);
  });
});

describe('alerting rules', () => {
  test('pending, firing, resolved; told at once and again; kept for 15 minutes', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group([DOWN]));
    await bench.advance(5 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'pending' });
    expect(bench.sent).toEqual([]);
    await bench.advance(MINUTE);
    const firedAtMs = START_MS + (FIRST + 5) * MINUTE;
    expect(bench.sent).toHaveLength(1);
    expect(bench.sent[0]).toMatchObject({
      isResolved: false,
      startsAtMs: firedAtMs,
      sentAtMs: firedAtMs,
      // Four resend delays.
      endsAtMs: firedAtMs + 4 * MINUTE,
      generatorUrl: 'http://localhost:7070/graph?g0.expr=up+%3D%3D+0&g0.tab=1',
    });
    expect(bench.sent[0]!.labels.toString()).toBe('{alertname="Down", i="1", severity="page"}');
    expect(bench.sent[0]!.annotations.toObject()).toEqual({ summary: '1 is down: 0' });
    await bench.advance(10 * MINUTE);
    // After more than a minute each: with ticks of one minute, every second.
    expect(bench.sent.map(({ sentAtMs }) => Math.round((sentAtMs - firedAtMs) / MINUTE))).toEqual([
      0, 2, 4, 6, 8, 10,
    ]);
    bench.values.set('up{i="1"}', 1);
    bench.sent.length = 0;
    await bench.advance(MINUTE);
    expect(bench.sent).toHaveLength(1);
    expect(bench.sent[0]).toMatchObject({
      isResolved: true,
      startsAtMs: firedAtMs,
      endsAtMs: firedAtMs + 11 * MINUTE,
    });
    await bench.advance(15 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'inactive' });
    await bench.advance(2 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({});
    expect(bench.sent.every(({ isResolved }) => isResolved)).toBe(true);
    expect(bench.changes.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'inactive pending',
      'pending firing',
      'firing inactive',
    ]);
  });

  test('a resolved alert that was taken over is kept for as long as told, one that was not for 15 minutes', async () => {
    let isTaken = true;
    const bench = new Bench({
      options: { resolvedRetentionMs: MINUTE },
      notify: async () => {
        if (!isTaken) throw new Error('nobody listens');
      },
    });
    const end = async () => {
      bench.values.set('up{i="1"}', 0);
      await bench.advance(10 * MINUTE);
      bench.values.set('up{i="1"}', 1);
      await bench.advance(4 * MINUTE);
    };
    bench.values.set('up{i="1"}', 0);
    await bench.start(group([DOWN]));
    await end();
    expect(bench.states('Down', 'i')).toEqual({});
    isTaken = false;
    await end();
    expect(bench.states('Down', 'i')).toEqual({ '1': 'inactive' });
  });

  test('ALERTS and ALERTS_FOR_STATE follow the state and end with markers', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: Down, expr: up == 0, for: 2m}']));
    await bench.advance(5 * MINUTE);
    bench.values.set('up{i="1"}', 1);
    await bench.advance(2 * MINUTE);
    const lines = bench.written.map(({ labels, timeMs, value, isStale }) => {
      const state = labels.get('alertstate') || 'since';
      const shown = isStale
        ? 'stale'
        : labels.has('alertstate')
          ? value
          : Math.round(value - START_MS / 1000 - FIRST * 60);
      return `${Math.round(minutes(timeMs) - FIRST)} ${state} ${shown}`;
    });
    expect(lines).toEqual([
      ...['0 pending 1', '0 since 0', '1 pending 1', '1 since 0'],
      ...['2 firing 1', '2 since 0', '2 pending stale'],
      ...['3 firing 1', '3 since 0', '4 firing 1', '4 since 0'],
      ...['5 firing stale', '5 since stale'],
    ]);
    expect(bench.written[0]!.labels.toString()).toBe(
      '{__name__="ALERTS", alertname="Down", alertstate="pending", i="1"}',
    );
  });

  test('keep_firing_for bridges gaps and begins anew when the expression is true again', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: Down, expr: up == 0, keep_firing_for: 5m}']));
    await bench.advance(2 * MINUTE);
    bench.values.set('up{i="1"}', 1);
    await bench.advance(4 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
    expect(alertsJson(bench.manager.groups()).alerts[0]).toHaveProperty('keepFiringSince');
    bench.values.set('up{i="1"}', 0);
    await bench.advance(MINUTE);
    bench.values.set('up{i="1"}', 1);
    await bench.advance(5 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
    await bench.advance(MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'inactive' });
    expect(bench.fired()).toHaveLength(1);
  });

  test('a limit forgets the alerts and says so; the number of texts made is bounded by it', async () => {
    let expanded = 0;
    const bench = new Bench({ expandTemplate: () => String(expanded++) });
    for (let i = 0; i < 3; i++) bench.values.set(`up{i="${i}"}`, 0);
    await bench.start(group([DOWN], ', limit: 3'));
    await bench.advance(2 * MINUTE);
    expect(expanded).toBe(6);
    for (let i = 3; i < 50; i++) bench.values.set(`up{i="${i}"}`, 0);
    await bench.advance(MINUTE);
    expect(bench.manager.groups()[0]!.rules[0]).toMatchObject({
      health: 'err',
      lastError: 'exceeded limit of 3 with 50 alerts',
    });
    expect([expanded, bench.states('Down', 'i')]).toEqual([6, {}]);
  });

  test('equal alerts are an error; templates that fail are visible text', async () => {
    const bench = new Bench({
      expandTemplate: () => {
        throw new Error('no such function');
      },
    });
    bench.values.set('x{a="1"}', 1).set('x{a="2"}', 1);
    await bench.start(
      group(['{alert: A, expr: x, labels: {a: b}}', '{alert: B, expr: sum(x), annotations: {t: "{{ x }}"}}']),
    );
    await bench.advance(MINUTE);
    const [first, second] = bench.manager.groups()[0]!.rules;
    expect(first!.lastError).toBe(
      'vector contains metrics with the same labelset after applying alert labels',
    );
    expect(second!.live()[0]!.annotations.get('t')).toBe('<error expanding template: no such function>');
  });

  test('external labels are added when alerts are told, not over their own', async () => {
    const bench = new Bench({ externalLabels: { region: 'eu', severity: 'x' } });
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: A, expr: up == 0, labels: {severity: page}}']));
    await bench.advance(MINUTE);
    expect(bench.sent[0]!.labels.toObject()).toEqual({
      alertname: 'A',
      i: '1',
      severity: 'page',
      region: 'eu',
    });
    expect(bench.written[0]!.labels.has('region')).toBe(false);
  });

  test('notifications that cannot be handed over come again with the next evaluation', async () => {
    let isBroken = true;
    const told: number[] = [];
    const bench = new Bench({
      notify: async () => {
        if (isBroken) throw new Error('router is away');
        told.push(minutes(bench.clock.now()) - FIRST);
      },
    });
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: A, expr: up == 0}']));
    await bench.advance(MINUTE);
    isBroken = false;
    await bench.advance(MINUTE);
    expect(told.map(Math.round)).toEqual([1]);
    expect(bench.manager.counters.notifyFailures).toBe(1);
  });

  test('the state is saved before anybody is told', async () => {
    const saved: unknown[] = [];
    const bench = new Bench({
      notify: () => {
        saved.push(...[...bench.state.saved.values()].map((json) => JSON.parse(json).alerts[0]));
      },
    });
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: A, expr: up == 0}']));
    await bench.advance(MINUTE);
    expect(saved).toMatchObject([{ state: 'firing', is_unsent: true, labels: { alertname: 'A', i: '1' } }]);
  });

  test('the last evaluations tell why', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group([DOWN]));
    await bench.advance(3 * MINUTE);
    const runner = bench.manager.groups()[0]!.rules[0]!;
    expect(runner.evaluations()).toHaveLength(3);
    expect(runner.evaluations()[2]).toMatchObject({ seriesCount: 1, error: undefined });
    expect(runner.evaluations()[2]!.series[0]).toMatchObject({
      value: 0,
      state: 'pending',
      activeAtMs: START_MS + FIRST * MINUTE,
    });
    await bench.advance(100 * MINUTE);
    expect(runner.evaluations()).toHaveLength(32);
  });

  test('rules of another language go to its evaluator', async () => {
    const asked: string[] = [];
    const languages = new Map([
      [
        'logql',
        async (query: string) => {
          asked.push(query);
          return { samples: [], warnings: [], infos: [] };
        },
      ],
    ]);
    const bench = new Bench({ languages });
    const options = { language: 'logql', checkExpr: (query: string) => ({ query, reads: undefined }) };
    await bench.manager.start(groupsOf(group(['{alert: A, expr: "{app=\\"x\\"}"}']), 'rules.yml', options));
    await bench.advance(MINUTE);
    expect(asked).toEqual(['{app="x"}']);
  });
});

describe('when the store is away', () => {
  const away = new BellwetherError({ code: 'storage_unavailable', status: 503, message: 'engine restarts' });

  test('alerts do not resolve, are told again, and go on when it is back', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0).set('up{i="2"}', 0);
    await bench.start(group([DOWN]));
    await bench.advance(7 * MINUTE);
    bench.sent.length = 0;
    bench.outage = away;
    await bench.advance(30 * MINUTE);
    const runner = bench.manager.groups()[0]!.rules[0]!;
    expect(runner).toMatchObject({
      health: 'err',
      lastError: 'no data because the store is away: engine restarts',
    });
    expect(runner.evaluations().at(-1)).toMatchObject({ isStoreAway: true });
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'firing' });
    expect(bench.sent.length).toBeGreaterThan(20);
    expect(bench.sent.some(({ isResolved }) => isResolved)).toBe(false);
    // The first data after the outage is not all there yet.
    bench.outage = undefined;
    bench.values.clear();
    await bench.advance(MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'firing' });
    bench.values.set('up{i="1"}', 0).set('up{i="2"}', 1);
    await bench.advance(2 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'inactive' });
    expect(bench.fired()).toHaveLength(2);
  });

  test('a state store that is away delays no notification', async () => {
    const bench = new Bench();
    bench.state.isBroken = true;
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: A, expr: up == 0}']));
    await bench.advance(MINUTE);
    expect(bench.sent).toHaveLength(1);
    expect(bench.manager.counters.stateFailures).toBeGreaterThan(0);
    bench.state.isBroken = false;
    await bench.advance(MINUTE);
    expect([...bench.state.saved.keys()]).toContain(bench.manager.groups()[0]!.rules[0]!.id);
  });
});

describe('restart', () => {
  const SLOW = '{alert: Down, expr: up == 0, for: 1h}';

  test('a pending time goes on, and what fires is not told anew', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group([SLOW]));
    await bench.advance(50 * MINUTE);
    bench.crash();
    await bench.clock.advance(MINUTE, async () => undefined);
    await bench.start(group([SLOW]));
    await bench.advance(8 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'pending' });
    await bench.advance(2 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
    const before = bench.fired();
    expect(before).toHaveLength(1);
    bench.crash();
    await bench.start(group([SLOW]));
    await bench.advance(2 * HOUR);
    expect(bench.fired()).toEqual(before);
    expect(bench.changes.filter(({ to }) => to === 'firing')).toHaveLength(1);
  });

  test('time in which nobody looked does not count as pending', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group([SLOW]));
    await bench.advance(30 * MINUTE);
    bench.crash();
    await bench.clock.advance(40 * MINUTE, async () => undefined);
    await bench.start(group([SLOW]));
    await bench.advance(28 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'pending' });
    await bench.advance(5 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
  });

  test('alerts that end while nobody looked are told as resolved', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: Down, expr: up == 0}']));
    await bench.advance(3 * MINUTE);
    const [fired] = bench.sent;
    bench.crash();
    await bench.clock.advance(2 * HOUR, async () => undefined);
    bench.values.set('up{i="1"}', 1);
    await bench.start(group(['{alert: Down, expr: up == 0}']));
    // Not at the first look: data may be missing still.
    await bench.advance(MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
    await bench.advance(3 * MINUTE);
    expect(bench.sent.at(-1)).toMatchObject({ isResolved: true, startsAtMs: fired!.startsAtMs });
  });

  test('a rule that was removed meanwhile is resolved, one that moved to another file goes on', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    const rules = ['{alert: A, expr: up == 0}', '{alert: B, expr: up == 0}'];
    await bench.start(group(rules));
    await bench.advance(2 * MINUTE);
    bench.crash();
    bench.sent.length = 0;
    bench.changes.length = 0;
    await bench.manager.start(groupsOf(group([rules[0]!]).replace('name: g', 'name: h'), 'other.yml'));
    await bench.advance(10 * MINUTE);
    const told = (name: string) => bench.sent.filter(({ labels }) => labels.get('alertname') === name);
    expect(told('B').map(({ isResolved }) => isResolved)).toEqual([true]);
    expect(told('A').every(({ isResolved }) => !isResolved)).toBe(true);
    expect(bench.changes.map(({ rule, to }) => `${rule} ${to}`)).toEqual(['B inactive']);
    expect(bench.state.saved.size).toBe(2);
  });

  test('without saved state the pending time comes from ALERTS_FOR_STATE', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0).set('up{i="2"}', 0);
    await bench.start(group([SLOW]));
    await bench.advance(20 * MINUTE);
    // This one is over before the crash, and begins again after it.
    bench.values.set('up{i="2"}', 1);
    await bench.advance(20 * MINUTE);
    bench.crash();
    bench.state.saved.clear();
    bench.values.set('up{i="2"}', 0);
    await bench.clock.advance(10 * MINUTE, async () => undefined);
    await bench.start(group([SLOW]));
    bench.written.length = 0;
    await bench.advance(MINUTE);
    expect(bench.written).toEqual([]);
    // 40 minutes were pending and 10 lost, 20 are left.
    await bench.advance(17 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'pending', '2': 'pending' });
    await bench.advance(6 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'pending' });
    // Its hour began at the restart; the 20 minutes it was pending before it ended do not count.
    await bench.advance(30 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'pending' });
    await bench.advance(8 * MINUTE);
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing', '2': 'firing' });
  });

  test('state that cannot be read is reported and does not stop the start', async () => {
    const bench = new Bench();
    bench.state.saved.set('x', '{"version": 9}').set('y', 'no json');
    await bench.start(group([DOWN]));
    await bench.advance(MINUTE);
    expect(bench.manager.counters).toMatchObject({ stateFailures: 2, evaluations: 1 });
  });
});

describe('reload', () => {
  test('equal groups go on undisturbed, changed ones keep alerts by name and labels', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    const other = '- {name: other, rules: [{record: r, expr: up}]}';
    const text = (rule: string) => `groups:\n  - {name: g, rules: [${rule}]}\n  ${other}`;
    await bench.start(text(DOWN));
    await bench.advance(4 * MINUTE);
    const [g, o] = bench.manager.groups();
    await bench.manager.reload(groupsOf(text(DOWN.replace('up == 0', 'up < 1'))));
    expect(bench.manager.groups()[1]).toBe(o);
    expect(bench.manager.groups()[0]).not.toBe(g);
    await bench.advance(2 * MINUTE);
    // Its five minutes went on.
    expect(bench.states('Down', 'i')).toEqual({ '1': 'firing' });
    expect(bench.manager.groups()[0]!.rules[0]!.evaluations().length).toBe(6);
    await bench.manager.reload(groupsOf(text(DOWN.replace('severity: page', 'severity: low'))));
    expect(bench.sent.at(-1)).toMatchObject({ isResolved: true });
    expect(bench.states('Down', 'i')).toEqual({});
  });

  test('series of rules that are gone end, those of renamed groups do not', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{record: a, expr: up}', '{record: b, expr: up}']));
    await bench.advance(MINUTE);
    bench.written.length = 0;
    await bench.manager.reload(groupsOf(group(['{record: a, expr: up + 1}']).replace('name: g', 'name: h')));
    await bench.advance(5 * MINUTE);
    expect(bench.written.filter(({ isStale }) => isStale).map(({ labels }) => labels.metric)).toEqual(['b']);
  });

  test('a group twice is refused and everything stays', async () => {
    const bench = new Bench();
    await bench.start(group([DOWN]));
    const [before] = bench.manager.groups();
    const groups = groupsOf(group([DOWN]));
    await expect(bench.manager.reload([...groups, ...groups])).rejects.toMatchObject({
      code: 'duplicate_group',
    });
    expect(bench.manager.groups()).toEqual([before]);
  });

  test('handing over neither resolves nor forgets', async () => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: A, expr: up == 0}']));
    await bench.advance(MINUTE);
    const count = bench.sent.length;
    await bench.manager.reload([], { handsOver: true });
    expect(bench.sent).toHaveLength(count);
    await bench.manager.reload(groupsOf(group(['{alert: A, expr: up == 0}'])), { handsOver: true });
    expect(bench.states('A', 'i')).toEqual({ '1': 'firing' });
  });
});

describe('steps of the clock', () => {
  test.each([
    ['back', -HOUR],
    ['forward', HOUR],
  ])('%s: pending times go on and nothing hangs or fires twice', async (_, byMs) => {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(group(['{alert: Slow, expr: up == 0, for: 10m}', '{alert: Fast, expr: up == 0}']));
    await bench.advance(5 * MINUTE);
    bench.clock.step(byMs);
    // Samples from before a step back are newer than what comes after it.
    bench.forgetSamples();
    await bench.advance(4 * MINUTE);
    expect([bench.states('Slow', 'i'), bench.states('Fast', 'i')]).toEqual([
      { '1': 'pending' },
      { '1': 'firing' },
    ]);
    await bench.advance(3 * MINUTE);
    expect(bench.states('Slow', 'i')).toEqual({ '1': 'firing' });
    expect(bench.fired()).toHaveLength(2);
    const told = bench.sent.length;
    await bench.advance(4 * MINUTE);
    expect(bench.sent.length).toBeGreaterThan(told);
    expect(bench.manager.counters.missedTicks).toBe(0);
  });
});

describe('API', () => {
  const text = `groups:
    - {name: b, rules: [{record: r, expr: up, labels: {team: a}}, {alert: Down, expr: up == 0, labels: {team: "{{ x }}"}}]}
    - {name: a, interval: 90s, limit: 5, rules: [{alert: Slow, expr: up == 0, for: 5m, labels: {team: b}, annotations: {x: y}}]}`;

  async function running(): Promise<Bench> {
    const bench = new Bench();
    bench.values.set('up{i="1"}', 0);
    await bench.start(text);
    await bench.advance(2 * MINUTE);
    return bench;
  }

  test('rules and alerts as Prometheus shows them', async () => {
    const bench = await running();
    const { groups } = rulesJson(bench.manager.groups());
    expect(groups.map(({ name, file, interval, limit }) => [name, file, interval, limit])).toEqual([
      ['a', 'rules.yml', 90, 5],
      ['b', 'rules.yml', 60, 0],
    ]);
    expect(groups[0]!.rules[0]).toEqual({
      state: 'pending',
      name: 'Slow',
      query: 'up == 0',
      duration: 300,
      keepFiringFor: 0,
      labels: { team: 'b' },
      annotations: { x: 'y' },
      alerts: [
        {
          labels: expect.objectContaining({ alertname: 'Slow', i: '1', team: 'b' }),
          annotations: { x: 'y' },
          state: 'pending',
          activeAt: expect.stringMatching(/^2026-01-05T00:0\d:\d\d(\.\d{1,3})?Z$/),
          value: '0e+00',
        },
      ],
      health: 'ok',
      evaluationTime: 0,
      lastEvaluation: expect.stringMatching(/^2026-01-05T00:0/),
      type: 'alerting',
    });
    expect(groups[1]!.rules[0]).toMatchObject({
      name: 'r',
      type: 'recording',
      labels: { team: 'a' },
      health: 'ok',
    });
    expect(alertsJson(bench.manager.groups()).alerts.map(({ state }) => state)).toEqual([
      'pending',
      'firing',
    ]);
  });

  test('filters and pages', async () => {
    const groups = (await running()).manager.groups();
    const names = (params: Parameters<typeof rulesJson>[1]) =>
      rulesJson(groups, params).groups.flatMap(({ rules }) => rules.map(({ name }) => name));
    expect(names({ type: 'record' })).toEqual(['r']);
    expect(names({ type: 'Alert' })).toEqual(['Slow', 'Down']);
    expect(names({ ruleNames: ['Slow', 'r'] })).toEqual(['Slow', 'r']);
    expect(names({ groupNames: ['b'] })).toEqual(['r', 'Down']);
    expect(names({ files: ['none'] })).toEqual([]);
    expect(names({ matchers: [[{ name: 'team', type: '=~', value: 'a|b' }]] })).toEqual(['Slow', 'r']);
    expect(rulesJson(groups, { excludeAlerts: 'true' }).groups[0]!.rules[0]!.alerts).toBeNull();
    const page = rulesJson(groups, { groupLimit: '1' });
    expect(page.groupNextToken).toMatch(/^[0-9a-f]{40}$/);
    const rest = rulesJson(groups, { groupLimit: '1', groupNextToken: page.groupNextToken! });
    expect([rest.groups.map(({ name }) => name), rest.groupNextToken]).toEqual([['b'], undefined]);
    for (const [params, message] of [
      [{ type: 'x' }, 'invalid parameter "type": not supported value "x"'],
      [{ groupLimit: '0' }, 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
      [{ groupNextToken: 'x' }, /group_limit needs to be present/],
      [{ groupLimit: '1', groupNextToken: 'x' }, /invalid group_next_token 'x'\. were rule groups changed\?/],
      [{ excludeAlerts: 'maybe' }, /error converting exclude_alerts/],
    ] as const)
      expect(() => rulesJson(groups, params)).toThrow(message);
  });

  test('before the first evaluation', async () => {
    const bench = new Bench();
    await bench.start(text);
    const [group] = rulesJson(bench.manager.groups()).groups;
    expect(group).toMatchObject({ lastEvaluation: '0001-01-01T00:00:00Z', evaluationTime: 0 });
    expect(group!.rules[0]).toMatchObject({ state: 'unknown', health: 'unknown', alerts: [] });
  });
});
