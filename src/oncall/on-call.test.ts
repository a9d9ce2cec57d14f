import { describe, expect, test } from 'vitest';
import { onCall as onCallContract } from '../contract/index.ts';
import { Labels } from '../model/labels.ts';
import {
  alertView,
  changed,
  createWorld,
  fingerprint,
  HOUR_MS,
  MINUTE_MS,
  onCallConfig,
  startOnCall,
  type World,
} from './on-call-test-kit.ts';

const POLICY = {
  name: 'critical',
  matchers: ['severity="critical"'],
  steps: [
    { receivers: ['ops'], schedules: ['primary'] },
    { after: '5m', receivers: ['lead', 'ops'] },
    { after: '10m', receivers: ['boss'] },
  ],
};
const PEOPLE = {
  people: [
    { name: 'ann', receivers: ['ann-phone', 'ops'] },
    { name: 'bob', receivers: ['bob-phone'] },
  ],
  schedules: [
    {
      name: 'primary',
      time_zone: 'UTC',
      rotations: [{ people: ['ann', 'bob'], start: '2026-11-23T00:00', shift_length: '1d' }],
    },
  ],
};
const CONFIG = onCallConfig({ ...PEOPLE, escalation_policies: [POLICY] });
const withPolicy = (policy: object, more: object = {}) =>
  onCallConfig({ ...PEOPLE, ...more, escalation_policies: [{ ...POLICY, ...policy }] });

const toldOf = (world: World) =>
  world.told.map(({ receiver, isResolved }) => `${isResolved ? 'resolved ' : ''}${receiver}`);
const eventsOf = (world: World, kind: string) =>
  world.events.filter((event) => event.kind === kind).map(({ detail }) => detail);
const FIRST = fingerprint(1);

async function firing(config = CONFIG) {
  const world = createWorld();
  world.engine.put(alertView(1));
  return { world, onCall: await startOnCall(world, config) };
}

describe('escalation', () => {
  test('tells one step after the other, everybody once in each, then nobody any more', async () => {
    const { world, onCall } = await firing();
    expect(toldOf(world)).toEqual(['ops', 'ann-phone']);
    expect(onCall.escalationOf(FIRST)).toMatchObject({
      policy: 'critical',
      step: 1,
      steps: 3,
      nextReceivers: ['lead', 'ops'],
      state: 'running',
    });
    await world.clock.advance(5 * MINUTE_MS);
    expect(toldOf(world).slice(2)).toEqual(['lead', 'ops']);
    await world.clock.advance(9 * MINUTE_MS);
    expect(toldOf(world)).toHaveLength(4);
    await world.clock.advance(MINUTE_MS);
    expect(toldOf(world).slice(4)).toEqual(['boss']);
    await world.clock.advance(24 * HOUR_MS);
    expect(toldOf(world)).toHaveLength(5);
    expect(onCall.escalationOf(FIRST)).toMatchObject({ step: 3, nextAtMs: undefined, state: 'exhausted' });
    expect(new Set(world.told.map(({ key }) => key)).size).toBe(5);
    expect(eventsOf(world, 'escalated')).toEqual([
      'step 1 of 3, of policy critical, tells ops, ann-phone',
      'step 2 of 3, of policy critical, tells lead, ops',
      'step 3 of 3, of policy critical, tells boss',
    ]);
    expect(world.told[0]).toMatchObject({
      reason: 'escalation',
      groupKey: `escalation/${FIRST}/${alertView(1).alert.startsAtMs}`,
      groupLabels: Labels.fromObject({ alertname: 'Alert1' }),
    });
  });

  test('rounds come again as often as the policy says', async () => {
    const { world } = await firing(
      withPolicy({ repeat: 2, repeat_after: '20m', steps: [{ receivers: ['ops'] }] }),
    );
    await world.clock.advance(19 * MINUTE_MS);
    expect(toldOf(world)).toHaveLength(1);
    await world.clock.advance(MINUTE_MS);
    expect(toldOf(world)).toHaveLength(2);
    await world.clock.advance(24 * HOUR_MS);
    expect(toldOf(world)).toHaveLength(3);
  });

  test('an alert that no policy matches does not escalate', async () => {
    const world = createWorld();
    world.engine.put(alertView(1, { labels: Labels.fromObject({ severity: 'info' }) }));
    const onCall = await startOnCall(world, CONFIG);
    await world.clock.advance(HOUR_MS);
    expect(world.told).toEqual([]);
    expect(onCall.escalationOf(FIRST)).toBeUndefined();
  });

  test('when it is resolved, those who were told get to know once', async () => {
    const { world, onCall } = await firing();
    await world.clock.advance(5 * MINUTE_MS);
    world.engine.resolve(1, world.clock.now());
    await changed(world, onCall);
    expect(toldOf(world).slice(4).sort()).toEqual(['resolved ann-phone', 'resolved lead', 'resolved ops']);
    expect(world.told.at(-1)!.alerts[0]!.endsAtMs).toBe(world.engine.views.get(FIRST)!.alert.endsAtMs);
    world.engine.views.clear();
    await changed(world, onCall);
    await world.clock.advance(HOUR_MS);
    expect(toldOf(world)).toHaveLength(7);
    expect(world.documents.keys('escalation/')).toEqual([]);
  });

  test('one that is not delivered was not told, and gets no notice of the end', async () => {
    const world = createWorld();
    world.outcome = async ({ receiver }) => {
      if (receiver === 'ops') throw new Error('unknown receiver');
      return [{ integration: 'x', isDelivered: receiver !== 'ann-phone', detail: '' }];
    };
    world.engine.put(alertView(1));
    const onCall = await startOnCall(world, CONFIG);
    expect(onCall.counters).toMatchObject({ escalationsTold: 0, escalationTellFailures: 2 });
    world.engine.resolve(1, world.clock.now());
    await changed(world, onCall);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone']);
  });

  test('a notification that hangs keeps neither later steps nor other receivers; its end waits for it', async () => {
    const world = createWorld();
    let release = () => {};
    world.outcome = ({ receiver }) =>
      new Promise((resolve) => {
        const done = () => resolve([{ integration: 'x', isDelivered: true, detail: '' }]);
        if (receiver === 'ann-phone') release = done;
        else done();
      });
    world.engine.put(alertView(1));
    const onCall = await startOnCall(world, CONFIG);
    await world.clock.advance(5 * MINUTE_MS);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone', 'lead', 'ops']);
    world.engine.resolve(1, world.clock.now());
    await changed(world, onCall);
    expect(toldOf(world)).toHaveLength(4);
    release();
    await world.clock.advance(0);
    expect(toldOf(world).slice(4).sort()).toEqual(['resolved ann-phone', 'resolved lead', 'resolved ops']);
  });

  test('while it is silenced nothing is told, and afterwards what was left to wait is waited', async () => {
    const { world, onCall } = await firing();
    await world.clock.advance(2 * MINUTE_MS);
    world.engine.silence(1, true);
    await changed(world, onCall);
    expect(onCall.escalationOf(FIRST)).toMatchObject({ state: 'running', nextAtMs: undefined });
    await world.clock.advance(8 * HOUR_MS);
    expect(toldOf(world)).toHaveLength(2);
    world.engine.silence(1, false);
    await changed(world, onCall);
    await world.clock.advance(2 * MINUTE_MS);
    expect(toldOf(world)).toHaveLength(2);
    await world.clock.advance(MINUTE_MS);
    expect(toldOf(world)).toHaveLength(4);
  });

  test('one that is silenced when it fires begins when the silence ends', async () => {
    const world = createWorld();
    world.engine.put({ ...alertView(1), suppressions: [{ kind: 'muted' }] });
    const onCall = await startOnCall(world, CONFIG);
    await world.clock.advance(HOUR_MS);
    expect(onCall.escalationOf(FIRST)).toBeUndefined();
    world.engine.silence(1, false);
    await changed(world, onCall);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone']);
  });

  test('a step that finds nobody on call says so, and the next one comes at once', async () => {
    const config = withPolicy(
      { steps: [{ schedules: ['night'] }, { after: '5m', receivers: ['lead'] }] },
      {
        schedules: [
          {
            name: 'night',
            time_zone: 'UTC',
            rotations: [{ people: ['ann'], start: '2030-01-01', shift_length: '1d' }],
          },
        ],
      },
    );
    const { world } = await firing(config);
    expect(toldOf(world)).toEqual(['lead']);
    expect(eventsOf(world, 'escalated')).toEqual([
      'nobody is on call in schedule night: step 1 of 2, of policy critical',
      'step 2 of 2, of policy critical, tells lead',
    ]);
  });

  test('rounds in which nobody ever is on call do not spin', async () => {
    const config = withPolicy(
      { steps: [{ schedules: ['night'] }], repeat: 3, repeat_after: '1m' },
      {
        schedules: [
          {
            name: 'night',
            time_zone: 'UTC',
            rotations: [{ people: ['ann'], start: '2030-01-01', shift_length: '1d' }],
          },
        ],
      },
    );
    const { world, onCall } = await firing(config);
    expect(eventsOf(world, 'escalated')).toHaveLength(1);
    await world.clock.advance(HOUR_MS);
    expect(eventsOf(world, 'escalated')).toHaveLength(4);
    expect(onCall.escalationOf(FIRST)?.state).toBe('exhausted');
  });

  test('who is on call is asked when the step is due', async () => {
    const { world, onCall } = await firing(withPolicy({ steps: [{ after: '16h', schedules: ['primary'] }] }));
    await world.clock.advance(16 * HOUR_MS);
    expect(toldOf(world)).toEqual(['bob-phone']);
    expect(onCall.view({ fromMs: 0, toMs: 0 }).schedules[0]!.now).toEqual(['bob']);
  });

  test('an alert that begins anew escalates anew, and the one before gets its end', async () => {
    const { world, onCall } = await firing();
    await world.clock.advance(MINUTE_MS);
    const startsAtMs = world.clock.now();
    world.engine.put(alertView(1, { startsAtMs }));
    await changed(world, onCall);
    expect(toldOf(world).slice(2).sort()).toEqual(['ann-phone', 'ops', 'resolved ann-phone', 'resolved ops']);
    // A second sender saw it earlier: still the same one.
    world.engine.put(alertView(1, { startsAtMs: startsAtMs - 2000 }));
    await changed(world, onCall);
    expect(toldOf(world)).toHaveLength(6);
  });

  test('goes on where it was after a restart', async () => {
    const { world, onCall } = await firing();
    await world.clock.advance(2 * MINUTE_MS);
    await onCall.stop();
    const again = await startOnCall(world, CONFIG);
    expect(toldOf(world)).toHaveLength(2);
    expect(again.escalationOf(FIRST)).toMatchObject({ step: 1, state: 'running' });
    await world.clock.advance(3 * MINUTE_MS);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone', 'lead', 'ops']);
  });

  test('after a long time away what is due comes at once, but not everything', async () => {
    const { world, onCall } = await firing();
    await onCall.stop();
    await world.clock.advance(24 * HOUR_MS);
    await startOnCall(world, CONFIG);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone', 'lead', 'ops']);
    await world.clock.advance(10 * MINUTE_MS);
    expect(toldOf(world)).toHaveLength(5);
  });

  test('one that was resolved while the server was away gets its end', async () => {
    const { world, onCall } = await firing();
    await onCall.stop();
    world.engine.views.clear();
    await startOnCall(world, CONFIG);
    expect(toldOf(world).slice(2).sort()).toEqual(['resolved ann-phone', 'resolved ops']);
    expect(world.documents.keys('escalation/')).toEqual([]);
  });

  test('setting the clock neither hastens nor delays steps, not even over a restart', async () => {
    for (const jumpMs of [-24 * HOUR_MS, 24 * HOUR_MS]) {
      const { world, onCall } = await firing();
      await world.clock.advance(MINUTE_MS);
      world.clock.set(world.clock.now() + jumpMs);
      await changed(world, onCall);
      expect(onCall.escalationOf(FIRST)!.nextAtMs).toBe(world.clock.now() + 4 * MINUTE_MS - 200);
      await onCall.stop();
      await startOnCall(world, CONFIG);
      await world.clock.advance(3 * MINUTE_MS);
      expect(toldOf(world)).toHaveLength(2);
      await world.clock.advance(MINUTE_MS);
      expect(toldOf(world)).toHaveLength(4);
    }
  });

  test('a clock that was set back while the server was away does not make a step wait longer than the policy says', async () => {
    const { world, onCall } = await firing();
    await onCall.stop();
    world.clock.set(world.clock.now() - 24 * HOUR_MS);
    await startOnCall(world, CONFIG);
    await world.clock.advance(5 * MINUTE_MS);
    expect(toldOf(world)).toHaveLength(4);
  });

  test('what cannot be stored is told all the same, and stored when that works again', async () => {
    const world = createWorld();
    const onCall = await startOnCall(world, CONFIG);
    world.documents.failing = true;
    world.engine.put(alertView(1));
    await changed(world, onCall);
    expect(toldOf(world)).toEqual(['ops', 'ann-phone']);
    expect(onCall.counters.stateFailures).toBeGreaterThan(0);
    world.documents.failing = false;
    await world.clock.advance(10_000);
    expect(world.documents.keys('escalation/')).toHaveLength(1);
  });

  test('what waits because the receiver is slow is no longer told once somebody acknowledged', async () => {
    const world = createWorld();
    let release = () => {};
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.outcome = async () => {
      await opened;
      return [{ integration: 'x', isDelivered: true, detail: '' }];
    };
    for (let n = 1; n <= 30; n++) world.engine.put(alertView(n));
    const onCall = await startOnCall(world, withPolicy({ steps: [{ receivers: ['ops'] }] }));
    expect(world.told).toHaveLength(16);
    for (let n = 21; n <= 30; n++)
      await onCall.acknowledge(fingerprint(n), undefined, { by: 'ann', via: 'ui' });
    release();
    await onCall.idle();
    expect(world.told).toHaveLength(20);
    // It comes after all when nobody has it any more.
    await onCall.unacknowledge(fingerprint(30), 'ann');
    await onCall.idle();
    expect(world.told.at(-1)!.alerts[0]!.fingerprint).toBe(fingerprint(30));
  });

  test('a step is not carried out when the alert was silenced a moment ago', async () => {
    const { world, onCall } = await firing();
    world.engine.silence(1, true);
    await world.clock.advance(5 * MINUTE_MS);
    expect(onCall.escalationOf(FIRST)).toMatchObject({ step: 1, nextAtMs: undefined });
    expect(eventsOf(world, 'escalated')).toHaveLength(1);
  });

  test('a new configuration: the same policy goes on, another begins, none stops', async () => {
    const { world, onCall } = await firing();
    await onCall.reload(
      withPolicy({ steps: [...POLICY.steps.slice(0, 1), { after: '2m', receivers: ['new'] }] }),
    );
    await world.clock.advance(2 * MINUTE_MS);
    expect(toldOf(world).slice(2)).toEqual(['new']);
    await onCall.reload(withPolicy({ name: 'other', steps: [{ receivers: ['else'] }] }));
    await world.clock.advance(0);
    expect(toldOf(world).slice(3)).toEqual(['else']);
    await onCall.reload(onCallConfig({}));
    await world.clock.advance(HOUR_MS);
    expect(toldOf(world)).toHaveLength(4);
    world.engine.resolve(1, world.clock.now());
    await changed(world, onCall);
    expect(toldOf(world).slice(4).sort()).toEqual([
      'resolved ann-phone',
      'resolved else',
      'resolved new',
      'resolved ops',
    ]);
  });

  test('ten thousand at once', async () => {
    const world = createWorld();
    const onCall = await startOnCall(world, CONFIG);
    for (let n = 0; n < 10_000; n++) world.engine.put(alertView(n));
    await changed(world, onCall);
    await onCall.idle();
    expect(world.told).toHaveLength(20_000);
    expect(onCall.counters).toMatchObject({ escalatingNow: 10_000, escalationsRefused: 0 });
  });
});

describe('acknowledgement', () => {
  test('stops the escalation, is stored, and is reported once', async () => {
    const { world, onCall } = await firing();
    const { alert } = alertView(1);
    const ack = await onCall.acknowledge(FIRST, alert.startsAtMs, { by: 'ann', note: 'mine', via: 'ui' });
    expect(world.documents.keys('ack/')).toEqual([`ack/${FIRST}`]);
    expect(onCall.isAcknowledged(alert)).toBe(true);
    expect(onCall.acknowledgementOf(FIRST)).toEqual(ack);
    expect(onCall.escalationOf(FIRST)).toMatchObject({ state: 'acknowledged', nextAtMs: undefined });
    await world.clock.advance(24 * HOUR_MS);
    expect(toldOf(world)).toHaveLength(2);
    await onCall.acknowledge(FIRST, undefined, { by: 'ann', note: 'mine', via: 'api' });
    expect(eventsOf(world, 'acknowledged')).toEqual(['until it is resolved, by ui: mine']);
    await onCall.acknowledge(FIRST, undefined, { by: 'bob', via: 'slack' });
    expect(eventsOf(world, 'acknowledged')).toHaveLength(2);
    expect(onCall.acknowledgementOf(FIRST)?.by).toBe('bob');
  });

  test('outlives a restart, and is there before alerts are', async () => {
    const { world, onCall } = await firing();
    await onCall.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    await onCall.stop();
    const again = await startOnCall(world, CONFIG);
    expect(again.isAcknowledged(alertView(1).alert)).toBe(true);
    await world.clock.advance(24 * HOUR_MS);
    expect(toldOf(world)).toHaveLength(2);
  });

  test('ends at its time, and the escalation goes on', async () => {
    const { world, onCall } = await firing();
    await world.clock.advance(4 * MINUTE_MS);
    await onCall.acknowledge(FIRST, undefined, {
      by: 'ann',
      via: 'ui',
      untilMs: world.clock.now() + HOUR_MS,
    });
    // Setting the clock ends nothing.
    world.clock.set(world.clock.now() + 24 * HOUR_MS);
    await world.clock.advance(HOUR_MS - 1);
    expect(onCall.isAcknowledged(alertView(1).alert)).toBe(true);
    await world.clock.advance(1);
    expect(onCall.isAcknowledged(alertView(1).alert)).toBe(false);
    expect(eventsOf(world, 'unacknowledged')).toEqual(['the acknowledgement by ann ended']);
    expect(world.documents.keys('ack/')).toEqual([]);
    expect(toldOf(world)).toHaveLength(2);
    await world.clock.advance(MINUTE_MS);
    expect(toldOf(world)).toHaveLength(4);
  });

  test('that ends after the last step makes the policy begin again', async () => {
    const { world, onCall } = await firing(withPolicy({ steps: [{ receivers: ['ops'] }] }));
    await onCall.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    expect(await onCall.unacknowledge(FIRST, 'ann')).toBe(true);
    expect(await onCall.unacknowledge(FIRST, 'ann')).toBe(false);
    await world.clock.advance(0);
    expect(toldOf(world)).toEqual(['ops', 'ops']);
    await onCall.stop();
    const again = await startOnCall(world, withPolicy({ steps: [{ receivers: ['ops'] }] }));
    await again.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    await again.unacknowledge(FIRST, 'ann');
    await world.clock.advance(0);
    expect(toldOf(world)).toHaveLength(3);
    expect(new Set(world.told.map(({ key }) => key)).size).toBe(3);
  });

  test('is gone when the alert is resolved or begins anew', async () => {
    const { world, onCall } = await firing();
    await onCall.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    world.engine.put(alertView(1, { startsAtMs: alertView(1).alert.startsAtMs - 5000 }));
    await changed(world, onCall);
    expect(onCall.acknowledgementOf(FIRST)).toBeDefined();
    world.engine.put(alertView(1, { startsAtMs: world.clock.now() }));
    expect(onCall.isAcknowledged(world.engine.views.get(FIRST)!.alert)).toBe(false);
    await changed(world, onCall);
    expect(onCall.acknowledgementOf(FIRST)).toBeUndefined();
    await onCall.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    world.engine.resolve(1, world.clock.now());
    await changed(world, onCall);
    expect(world.documents.keys('ack/')).toEqual([]);
  });

  test('is refused for what is not there, over, begun anew, or badly asked for', async () => {
    const { world, onCall } = await firing();
    const { startsAtMs } = alertView(1).alert;
    const by = { by: 'ann', via: 'ui' } as const;
    await expect(onCall.acknowledge(fingerprint(9), 0, by)).rejects.toMatchObject({ code: 'not_found' });
    await expect(onCall.acknowledge(FIRST, startsAtMs - 1, by)).rejects.toMatchObject({
      code: 'alert_started_anew',
    });
    for (const bad of [{ by: ' ' }, { by: 'x'.repeat(201) }, { note: 'x'.repeat(1001) }, { untilMs: 5 }])
      await expect(onCall.acknowledge(FIRST, startsAtMs, { ...by, ...bad })).rejects.toMatchObject({
        code: 'bad_acknowledgement',
      });
    world.documents.failing = true;
    await expect(onCall.acknowledge(FIRST, startsAtMs, by)).rejects.toMatchObject({
      code: 'state_unavailable',
      status: 503,
    });
    expect(onCall.isAcknowledged(alertView(1).alert)).toBe(false);
    world.documents.failing = false;
    world.engine.resolve(1, world.clock.now());
    await expect(onCall.acknowledge(FIRST, startsAtMs, by)).rejects.toMatchObject({
      code: 'already_resolved',
    });
  });
});

describe('response times', () => {
  test('a response that is missed is reported once, over restarts too', async () => {
    const { world, onCall } = await firing();
    const dueAtMs = alertView(1).alert.startsAtMs + 5 * MINUTE_MS;
    expect(onCall.responseOf(FIRST)).toEqual({ dueAtMs, isMissed: false });
    await onCall.stop();
    await world.clock.advance(2 * MINUTE_MS);
    const again = await startOnCall(world, CONFIG);
    await world.clock.advance(3 * MINUTE_MS);
    expect(eventsOf(world, 'response_missed')).toEqual([
      'P0: nobody acknowledged by 2026-11-23T09:05:00.000Z',
    ]);
    expect(again.responseOf(FIRST)).toEqual({ dueAtMs, isMissed: true });
    await again.stop();
    const third = await startOnCall(world, CONFIG);
    await world.clock.advance(24 * HOUR_MS);
    expect(eventsOf(world, 'response_missed')).toHaveLength(1);
    await third.acknowledge(FIRST, undefined, { by: 'ann', via: 'ui' });
    expect(third.responseOf(FIRST)).toBeUndefined();
  });

  test('nobody has to respond to an alert that asks nobody to do anything', async () => {
    const { world, onCall } = await firing();
    const labels = Labels.fromObject({ alertname: 'Watchdog', severity: 'none' });
    const view = alertView(7, { labels });
    world.engine.views.set(view.alert.fingerprint, view);
    await changed(world, onCall);
    await world.clock.advance(24 * HOUR_MS);
    expect(onCall.responseOf(view.alert.fingerprint)).toBeUndefined();
    expect(onCall.escalationOf(view.alert.fingerprint)).toBeUndefined();
  });

  test('somebody who acknowledged has responded, even when that ends', async () => {
    const { world, onCall } = await firing();
    await onCall.acknowledge(FIRST, undefined, {
      by: 'ann',
      via: 'ui',
      untilMs: world.clock.now() + MINUTE_MS,
    });
    expect(onCall.responseOf(FIRST)).toBeUndefined();
    await onCall.stop();
    const again = await startOnCall(world, CONFIG);
    await world.clock.advance(24 * HOUR_MS);
    expect(again.responseOf(FIRST)).toBeUndefined();
    expect(eventsOf(world, 'response_missed')).toEqual([]);
    world.engine.views.clear();
    await changed(world, again);
    expect(world.documents.keys('response/')).toEqual([]);
  });

  test('while it is silenced nobody has to respond, and then the time begins', async () => {
    const { world, onCall } = await firing();
    world.engine.silence(1, true);
    await changed(world, onCall);
    await world.clock.advance(HOUR_MS);
    expect(onCall.responseOf(FIRST)).toBeUndefined();
    world.engine.silence(1, false);
    await changed(world, onCall);
    const dueAtMs = world.clock.now() - 100 + 5 * MINUTE_MS;
    expect(onCall.responseOf(FIRST)).toEqual({ dueAtMs, isMissed: false });
    await onCall.stop();
    const again = await startOnCall(world, CONFIG);
    expect(again.responseOf(FIRST)).toEqual({ dueAtMs, isMissed: false });
  });

  test('an alert that comes late asks for its response from then on', async () => {
    const world = createWorld();
    const onCall = await startOnCall(world, CONFIG);
    await world.clock.advance(HOUR_MS);
    world.engine.put(alertView(1));
    await changed(world, onCall);
    expect(onCall.responseOf(FIRST)!.dueAtMs).toBeGreaterThan(world.clock.now());
  });

  test('setting the clock makes nobody late', async () => {
    const { world, onCall } = await firing();
    world.clock.set(world.clock.now() + 24 * HOUR_MS);
    await changed(world, onCall);
    await world.clock.advance(4 * MINUTE_MS);
    expect(eventsOf(world, 'response_missed')).toEqual([]);
    await world.clock.advance(MINUTE_MS);
    expect(eventsOf(world, 'response_missed')).toHaveLength(1);
  });
});

describe('overrides and view', () => {
  test('an override counts, is listed, outlives a restart and can be removed', async () => {
    const { world, onCall } = await firing();
    const nowMs = world.clock.now();
    const input = { schedule: 'primary', person: 'bob', fromMs: nowMs, toMs: nowMs + HOUR_MS };
    const { id } = await onCall.addOverride(input, 'ui:max');
    await onCall.stop();
    const again = await startOnCall(world, CONFIG);
    const [schedule] = again.view({ fromMs: nowMs, toMs: nowMs + 24 * HOUR_MS }).schedules;
    expect(schedule).toMatchObject({
      now: ['bob'],
      next: { person: 'ann', is_override: false },
      overrides: [{ id, person: 'bob', created_by: 'ui:max' }],
    });
    expect(schedule!.shifts.map(({ person, is_override }) => [person, is_override])).toEqual([
      ['bob', true],
      ['ann', false],
      ['bob', false],
    ]);
    await again.removeOverride(id, 'max');
    await expect(again.removeOverride(id, 'max')).rejects.toMatchObject({ code: 'not_found' });
    expect(again.view({ fromMs: nowMs, toMs: nowMs }).schedules[0]!.now).toEqual(['ann']);
    expect(eventsOf(world, 'override_changed')).toHaveLength(2);
  });

  test('overrides that make no sense are refused', async () => {
    const { world, onCall } = await firing();
    const fromMs = world.clock.now();
    const good = { schedule: 'primary', person: 'bob', fromMs, toMs: fromMs + HOUR_MS };
    for (const [bad, code] of [
      [{ schedule: 'none' }, 'not_found'],
      [{ person: 'none' }, 'not_found'],
      [{ toMs: fromMs }, 'bad_range'],
      [{ fromMs: 1, toMs: 2 }, 'bad_range'],
      [{ toMs: fromMs + 400 * 24 * HOUR_MS }, 'bad_range'],
      [{ toMs: Number.NaN }, 'bad_range'],
    ] as const)
      await expect(onCall.addOverride({ ...good, ...bad }, '')).rejects.toMatchObject({ code });
  });

  test('an override by somebody who is no longer configured does not count', async () => {
    const { world, onCall } = await firing();
    const nowMs = world.clock.now();
    await onCall.addOverride(
      { schedule: 'primary', person: 'bob', fromMs: nowMs, toMs: nowMs + HOUR_MS },
      '',
    );
    await onCall.reload(
      onCallConfig({
        people: PEOPLE.people.slice(0, 1),
        schedules: [
          {
            ...PEOPLE.schedules[0],
            rotations: [{ people: ['ann'], start: '2026-11-23', shift_length: '1d' }],
          },
        ],
      }),
    );
    expect(onCall.view({ fromMs: nowMs, toMs: nowMs }).schedules[0]!.now).toEqual(['ann']);
  });

  test('the view is what the API promises', async () => {
    const { world, onCall } = await firing();
    const nowMs = world.clock.now();
    await onCall.addOverride(
      { schedule: 'primary', person: 'bob', fromMs: nowMs, toMs: nowMs + HOUR_MS },
      'x',
    );
    const view = onCall.view({ fromMs: nowMs, toMs: nowMs + 14 * 24 * HOUR_MS });
    expect(onCallContract.strict().parse(view)).toEqual(view);
    expect(view.policies).toMatchObject([
      { matchers: '{severity="critical"}', running: 1, steps: [{ after_s: 0 }, {}, {}] },
    ]);
    expect(view.policies[0]!.steps[0]!.now).toEqual(['ops', 'bob-phone']);
    expect(view.response_times[0]).toMatchObject({ priority: 'P0', within_s: 300 });
  });
});
