import { describe, expect, test } from 'vitest';
import type { DeliveryOutcome } from '../../model/notification.ts';
import {
  Bench,
  configOf,
  HOUR_MS,
  incoming,
  MINUTE_MS,
  outcomeOf,
  receiverOf,
  SECOND_MS,
  settle,
} from './engine-test-kit.ts';

const A = incoming('alertname="X",a="A"');
const B = incoming('alertname="X",a="B"');
const C = incoming('alertname="Y",a="C"');

function ended(alert: typeof A, bench: Bench) {
  return { ...alert, endsAtMs: bench.clock.now() };
}

describe('groups', () => {
  test('a group waits for group_wait, then tells all its alerts in one message', async () => {
    const bench = await Bench.started();
    await bench.post(A, C);
    await bench.advance(10 * SECOND_MS);
    await bench.post(B);
    await bench.advance(19 * SECOND_MS);
    expect(bench.news()).toEqual([]);
    await bench.advance(SECOND_MS);
    expect(bench.deliveries.map(({ notification }) => notification.groupKey)).toEqual([
      '{}:{alertname="X"}',
      '{}:{alertname="Y"}',
    ]);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B', 'team/webhook/0 firing C']);
  });

  test('what comes later waits for group_interval; nothing new is not told', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(30 * SECOND_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    await bench.post(A, B);
    await bench.advance(5 * MINUTE_MS - SECOND_MS);
    expect(bench.news()).toEqual([]);
    await bench.post(A, B);
    await bench.advance(SECOND_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
    await bench.keepFiring(20 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual([]);
  });

  test('an alert that began before group_wait is told at once', async () => {
    const bench = await Bench.started();
    await bench.post({ ...A, startsAtMs: bench.clock.now() - MINUTE_MS });
    await bench.advance(0);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });

  test('it is repeated after repeat_interval', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(4 * HOUR_MS + 29 * SECOND_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    await bench.keepFiring(MINUTE_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing (repeat) A']);
  });

  test('group_by with ... makes a group for each alert; other labels make one each of their values', async () => {
    const bench = await Bench.started(
      configOf({
        route: {
          routes: [
            { matchers: 'alertname="X"', groupBy: 'all' },
            { matchers: 'alertname="Y"', groupBy: [] },
          ],
        },
      }),
    );
    await bench.post(A, B, C);
    await bench.advance(MINUTE_MS);
    expect(bench.deliveries.map(({ notification }) => notification.groupKey).sort()).toEqual([
      '{}/{alertname="X"}:{a="A", alertname="X"}',
      '{}/{alertname="X"}:{a="B", alertname="X"}',
      '{}/{alertname="Y"}:{}',
    ]);
  });

  test('routes that continue tell all their receivers, under keys of their own', async () => {
    const receivers = [receiverOf('team'), receiverOf('pager'), receiverOf('log')];
    const bench = await Bench.started(
      configOf({
        receivers,
        route: {
          routes: [
            { matchers: 'alertname="X"', receiver: 'pager', continues: true },
            { matchers: 'alertname="X"', receiver: 'log' },
          ],
        },
      }),
    );
    expect(bench.engine.receiversFor(A.labels)).toEqual(['pager', 'log']);
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['pager/webhook/0 firing A', 'log/webhook/0 firing A']);
    await bench.post(ended(A, bench));
    await bench.advance(5 * MINUTE_MS);
    expect(bench.news()).toEqual(['pager/webhook/0 resolved / A', 'log/webhook/0 resolved / A']);
  });
});

describe('ends', () => {
  test('an end is told with the next look at the group, once', async () => {
    const bench = await Bench.started();
    await bench.post(A, B);
    await bench.advance(MINUTE_MS);
    await bench.post(ended(A, bench));
    await bench.keepFiring(5 * MINUTE_MS, B);
    await bench.post(ended(B, bench));
    await bench.advance(HOUR_MS);
    expect(bench.news()).toEqual([
      'team/webhook/0 firing A B',
      'team/webhook/0 firing B / A',
      'team/webhook/0 resolved / B',
    ]);
    expect(bench.engine.groups()).toEqual([]);
    expect(bench.engine.alerts()).toEqual([]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('what ended before it was told is not told', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(10 * SECOND_MS);
    await bench.post(ended(A, bench));
    await bench.advance(HOUR_MS);
    expect(bench.news()).toEqual([]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('an alert that is not told again counts as resolved after the timeout', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(2 * MINUTE_MS, A);
    await bench.advance(10 * MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A', 'team/webhook/0 resolved / A']);
    expect(bench.kinds('resolved')).toHaveLength(1);
  });

  test('without send_resolved the end is only remembered, so that the next life is told', async () => {
    const bench = await Bench.started(configOf({ receivers: [receiverOf('team', ['webhook'], false)] }));
    await bench.post(A, B);
    await bench.advance(MINUTE_MS);
    await bench.post(ended(A, bench));
    await bench.keepFiring(10 * MINUTE_MS, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
    await bench.keepFiring(10 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
    await bench.post(ended(A, bench), ended(B, bench));
    await bench.advance(HOUR_MS);
    expect(bench.news()).toEqual([]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('one that ends and begins again within an interval is not told anew', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.post(ended(A, bench));
    await bench.advance(MINUTE_MS);
    await bench.keepFiring(10 * MINUTE_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });
});

describe('failures', () => {
  test('it is tried again with growing pauses, under the same id, until it is delivered', async () => {
    const bench = await Bench.started();
    bench.answer = () => outcomeOf({ isDelivered: false, detail: 'HTTP 500' });
    await bench.keepFiring(HOUR_MS, A);
    const tries = bench.deliveries.map(({ elapsedMs }) => elapsedMs / SECOND_MS);
    expect(tries.slice(0, 6)).toEqual([30, 40, 60, 100, 180, 330]);
    expect(new Set(bench.deliveries.map(({ notification }) => notification.id)).size).toBe(1);
    expect(bench.engine.counters.notifyFailures).toBe(tries.length);
    bench.answer = undefined;
    await bench.keepFiring(10 * MINUTE_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });

  test('what cannot get better is tried with the next look at the group only', async () => {
    const bench = await Bench.started();
    bench.answer = () => outcomeOf({ isDelivered: false, isPermanent: true, detail: 'HTTP 404' });
    await bench.keepFiring(12 * MINUTE_MS, A);
    expect(bench.deliveries.map(({ elapsedMs }) => elapsedMs / SECOND_MS)).toEqual([30, 330, 630]);
  });

  test('an end of which the firing could never be told is not told', async () => {
    const bench = await Bench.started();
    bench.answer = () => outcomeOf({ isDelivered: false, detail: 'HTTP 500' });
    await bench.keepFiring(10 * MINUTE_MS, A);
    await bench.post(ended(A, bench));
    bench.answer = undefined;
    await bench.advance(HOUR_MS);
    expect(bench.news()).toEqual([]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('a channel that hangs does not keep others waiting, and is ended with the interval', async () => {
    const config = configOf({ receivers: [receiverOf('team', ['slow', 'quick'])] });
    const bench = await Bench.started(config);
    let aborted = 0;
    bench.answer = ({ integration, signal }) =>
      integration.channel === 'quick'
        ? outcomeOf()
        : new Promise<DeliveryOutcome>((resolve) => {
            signal.addEventListener('abort', () => {
              aborted++;
              resolve(outcomeOf({ isDelivered: false, detail: 'given up' }));
            });
          });
    await bench.post(A, C);
    await bench.advance(MINUTE_MS);
    expect(bench.told()).toEqual(['team/quick/1 firing A', 'team/quick/1 firing C']);
    await bench.keepFiring(5 * MINUTE_MS, A, B, C);
    expect(aborted).toBe(2);
    expect(bench.told()).toContain('team/quick/1 firing A B');
  });

  test('a channel that ignores its end is not waited for', async () => {
    const bench = await Bench.started();
    bench.answer = () => new Promise<DeliveryOutcome>(() => {});
    await bench.keepFiring(6 * MINUTE_MS, A);
    expect(bench.engine.counters.notifyFailures).toBe(1);
    bench.answer = undefined;
    await bench.keepFiring(6 * MINUTE_MS, A);
    expect(bench.told()).toEqual(['team/webhook/0 firing A']);
  });

  test('deliveries of one integration that hang leave slots for the others', async () => {
    const bench = await Bench.started(
      configOf({
        receivers: [receiverOf('team', ['slow', 'quick'])],
        route: { groupBy: 'all' },
      }),
    );
    bench.answer = ({ integration }) =>
      integration.channel === 'quick' ? outcomeOf() : new Promise<DeliveryOutcome>(() => {});
    await bench.post(...Array.from({ length: 600 }, (_, i) => incoming(`alertname="X",a="${i}"`)));
    await bench.advance(MINUTE_MS);
    expect(bench.told()).toHaveLength(600);
    const queued = bench.engine.alerts().filter(({ alert }) => {
      const [group] = bench.engine.why(alert.fingerprint).groups;
      return group!.integrations[0]!.decision.startsWith('waiting: as many deliveries');
    });
    expect(queued).toHaveLength(100);
  });
});

describe('what goes along', () => {
  test('the channel gets back what it returned for the group before', async () => {
    const bench = await Bench.started();
    let message = 0;
    bench.answer = () => outcomeOf({ state: `message-${++message}` });
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.restart();
    await bench.post(ended(A, bench));
    await bench.advance(6 * MINUTE_MS);
    expect(bench.deliveries.map(({ previous }) => previous)).toEqual([undefined, 'message-1']);
  });

  test('firing alerts come first, and what exceeds the limit of the channel is counted', async () => {
    const bench = await Bench.started(configOf(), { maxAlertsOf: () => 2 });
    await bench.post(B, A, incoming('alertname="X",a="D"'));
    await bench.advance(MINUTE_MS);
    const { notification } = bench.deliveries[0]!;
    expect(notification.alerts.map(({ labels }) => labels.get('a'))).toEqual(['A', 'B']);
    expect(notification.truncatedAlerts).toBe(1);
    expect(bench.kinds('notified')).toHaveLength(3);
  });

  test('ids differ from one delivery to the next', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(9 * HOUR_MS, A);
    await bench.post(ended(A, bench));
    await bench.advance(10 * MINUTE_MS);
    await bench.keepFiring(10 * MINUTE_MS, A);
    const ids = bench.deliveries.map(({ notification }) => notification.id);
    expect(ids).toHaveLength(5);
    expect(new Set(ids).size).toBe(5);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  test('events say who was told what, and how it went', async () => {
    const bench = await Bench.started();
    bench.answer = () => outcomeOf({ isDelivered: false, detail: 'HTTP 500', attempts: 3 });
    await bench.post({ ...A, source: 'rule:r1', value: 7 }, B);
    await bench.advance(30 * SECOND_MS);
    bench.answer = undefined;
    await bench.advance(10 * SECOND_MS);
    expect(bench.kinds('firing').map(({ labels }) => labels?.get('a'))).toEqual(['B']);
    expect(bench.kinds('notify_failed')).toHaveLength(2);
    expect(bench.kinds('notify_failed')[0]).toMatchObject({ attempts: 3, detail: 'firing: HTTP 500' });
    expect(bench.kinds('notified')[0]).toMatchObject({
      ruleId: 'r1',
      value: 7,
      receiver: 'team',
      integration: 'team/webhook/0',
      channel: 'webhook',
      reason: 'group',
      groupKey: '{}:{alertname="X"}',
      latencyMs: 12,
      attempts: 1,
      detail: 'firing: 200 OK',
    });
    expect(bench.engine.counters).toMatchObject({ received: 2, notified: 1, notifyFailures: 1 });
  });

  test('repetitions are left out while somebody has all of it, and that is recorded once', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(MINUTE_MS, A);
    bench.acknowledged.add(bench.engine.alerts()[0]!.alert.fingerprint);
    await bench.keepFiring(9 * HOUR_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    expect(bench.kinds('suppressed')).toHaveLength(1);
    await bench.keepFiring(6 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
    bench.acknowledged.clear();
    await bench.keepFiring(4 * HOUR_MS + MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing (repeat) A B']);
  });

  test('listeners are told of changes, at most once per turn', async () => {
    const bench = await Bench.started();
    let changes = 0;
    const unsubscribe = bench.engine.onChange(() => changes++);
    await bench.post(A, B, C);
    await settle();
    expect(changes).toBe(1);
    await bench.post(A, B, C);
    await settle();
    expect(changes).toBe(1);
    unsubscribe();
    await bench.post(ended(A, bench));
    await settle();
    expect(changes).toBe(1);
  });
});
