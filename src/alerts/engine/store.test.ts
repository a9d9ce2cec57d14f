import { describe, expect, test } from 'vitest';
import type { BellwetherError } from '../../lib/errors.ts';
import { Labels } from '../../model/labels.ts';
import {
  Bench,
  configOf,
  HOUR_MS,
  incoming,
  MINUTE_MS,
  outcomeOf,
  receiverOf,
  SECOND_MS,
} from './engine-test-kit.ts';

const A = incoming('alertname="X",a="A"');
const B = incoming('alertname="X",a="B"');

function ended(alert: typeof A, bench: Bench) {
  return { ...alert, endsAtMs: bench.clock.now() };
}

async function errorOf(work: Promise<unknown>): Promise<BellwetherError> {
  return work.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error: BellwetherError) => error,
  );
}

describe('posting', () => {
  test('good alerts are taken although others are refused; the first bad one is named', async () => {
    const bench = await Bench.started();
    const nowMs = bench.clock.now();
    const error = await errorOf(
      bench.post(
        A,
        { ...B, startsAtMs: nowMs, endsAtMs: nowMs - 1 },
        { ...A, labels: Labels.EMPTY },
        incoming('alertname="Y",a="C"'),
      ),
    );
    expect(error).toMatchObject({ code: 'bad_alert', status: 400 });
    expect(error.message).toBe('alert 1 of 4: start time must be before end time');
    expect(
      bench.engine
        .alerts()
        .map(({ alert }) => alert.labels.get('a'))
        .sort(),
    ).toEqual(['A', 'C']);
    expect(bench.engine.counters).toMatchObject({ received: 4, refused: 2 });
  });

  test('an alert of a rule that fires is ended and changed by its rule alone', async () => {
    const bench = await Bench.started();
    const own = { ...A, source: 'rule:r1' };
    await bench.post(own);
    const [before] = bench.engine.alerts();
    const forged = { ...A, source: 'api', startsAtMs: bench.clock.now() - HOUR_MS };
    await bench.post({ ...forged, endsAtMs: bench.clock.now() });
    await bench.post({ ...forged, annotations: Labels.fromObject({ summary: 'all is well' }) });
    expect(bench.engine.alerts()).toEqual([before]);
    await bench.post(ended(own, bench));
    expect(bench.engine.alerts()[0]!.isResolved).toBe(true);
  });

  test.each([
    ['too many labels', Labels.from(Array.from({ length: 129 }, (_, i) => [`l${i}`, 'x'] as const))],
    ['a long value', Labels.fromObject({ a: 'x'.repeat(8193) })],
    ['half a surrogate pair', Labels.fromObject({ a: '\ud800' })],
  ])('%s is refused', async (_, labels) => {
    const bench = await Bench.started();
    expect((await errorOf(bench.post({ ...A, labels }))).code).toBe('bad_alert');
  });

  test('annotations that are too long are shortened, so that somebody is told', async () => {
    const bench = await Bench.started();
    await bench.post({ ...A, annotations: Labels.fromObject({ summary: 'x'.repeat(50_000) }) });
    expect(bench.engine.alerts()[0]!.alert.annotations.get('summary')).toMatch(/^x{16384}\.\.\.$/);
  });

  test('one post is written in one go, and a repetition not at all', async () => {
    const bench = await Bench.started();
    const alerts = Array.from({ length: 500 }, (_, i) => incoming(`alertname="X",a="${i}"`));
    await bench.post(...alerts);
    expect(bench.alertDocuments.applies).toBe(1);
    await bench.advance(MINUTE_MS);
    await bench.post(...alerts.map((alert, value) => ({ ...alert, value })));
    await bench.post(...alerts.map((alert) => ({ ...alert, endsAtMs: bench.clock.now() + 4 * MINUTE_MS })));
    expect(bench.alertDocuments.writes).toBe(1000);
    await bench.advance(MINUTE_MS);
    await bench.post(...alerts.map((alert) => ({ ...alert, endsAtMs: bench.clock.now() + 4 * MINUTE_MS })));
    expect(bench.alertDocuments.writes).toBe(1000);
  });

  test('the earliest beginning counts, and the latest end that was told', async () => {
    const bench = await Bench.started();
    const nowMs = bench.clock.now();
    await bench.post({ ...A, startsAtMs: nowMs - MINUTE_MS, endsAtMs: nowMs + HOUR_MS });
    await bench.post({ ...A, startsAtMs: nowMs });
    expect(bench.engine.alerts()[0]!.alert).toMatchObject({
      startsAtMs: nowMs - MINUTE_MS,
      endsAtMs: nowMs + HOUR_MS,
      hasTimeout: false,
    });
    await bench.post({ ...A, startsAtMs: nowMs - HOUR_MS, endsAtMs: nowMs });
    expect(bench.engine.alerts()[0]).toMatchObject({
      isResolved: true,
      alert: { startsAtMs: nowMs - HOUR_MS, endsAtMs: nowMs },
    });
    // The end of an earlier life says nothing about this one.
    await bench.advance(2 * MINUTE_MS);
    await bench.post({ ...A, startsAtMs: bench.clock.now() });
    await bench.post({ ...A, startsAtMs: nowMs, endsAtMs: nowMs + MINUTE_MS });
    expect(bench.engine.alerts()[0]!.isResolved).toBe(false);
  });

  test('more alerts than the bound are refused, known ones still renewed', async () => {
    const bench = await Bench.started(configOf({ route: { groupBy: [] } }));
    const many = Array.from({ length: 50_001 }, (_, i) => incoming(`a="${i}"`));
    const error = await errorOf(bench.post(...many));
    expect(error).toMatchObject({ code: 'too_many_alerts', status: 429 });
    expect(error.message).toMatch(/^1 alerts are not taken/);
    expect(bench.engine.alerts()).toHaveLength(50_000);
    await bench.post(many[0]!);
  });

  test('what cannot be saved is told all the same, and the sender hears of it', async () => {
    const bench = await Bench.started();
    bench.alertDocuments.isBroken = true;
    bench.notificationDocuments.isBroken = true;
    expect(await errorOf(bench.post(A))).toMatchObject({ code: 'state_unavailable', status: 503 });
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    bench.alertDocuments.isBroken = false;
    bench.notificationDocuments.isBroken = false;
    await bench.advance(MINUTE_MS);
    await bench.restart();
    await bench.keepFiring(10 * MINUTE_MS, A);
    expect(bench.news()).toEqual([]);
    expect(bench.engine.alerts()).toHaveLength(1);
  });
});

describe('restarts', () => {
  test('nothing is told twice, and what was not told is', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.post(B);
    await bench.restart();
    await bench.advance(10 * SECOND_MS);
    // One of the group is older than group_wait.
    expect(bench.news()).toEqual(['team/webhook/0 firing A', 'team/webhook/0 firing A B']);
    await bench.keepFiring(6 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual([]);
    await bench.restart();
    await bench.keepFiring(4 * HOUR_MS - 10 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual([]);
    await bench.keepFiring(10 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing (repeat) A B']);
  });

  test('an alert older than group_wait is told at once', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(20 * SECOND_MS);
    await bench.restart();
    bench.clock.step(MINUTE_MS);
    await bench.restart();
    await bench.advance(0);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });

  test('alerts are held after a long stop, until their source had time to renew them', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(2 * MINUTE_MS, A, B);
    bench.clock.step(24 * HOUR_MS);
    await bench.restart();
    await bench.advance(MINUTE_MS);
    await bench.keepFiring(3 * HOUR_MS, A);
    // The repetition is due, for the time went by; the end of the other one is told.
    expect(bench.news()).toEqual([
      'team/webhook/0 firing A B',
      'team/webhook/0 firing (repeat) A B',
      'team/webhook/0 firing A / B',
    ]);
  });

  test('an end that was not told before is told after', async () => {
    const bench = await Bench.started();
    await bench.post(A, B);
    await bench.advance(MINUTE_MS);
    await bench.post(ended(A, bench));
    await bench.restart();
    await bench.advance(SECOND_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B', 'team/webhook/0 firing B / A']);
    await bench.restart();
    await bench.keepFiring(10 * MINUTE_MS, B);
    expect(bench.news()).toEqual([]);
  });

  test('a kill between the delivery and the log repeats it under the same id', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    bench.answer = () => new Promise(() => {});
    await bench.advance(30 * SECOND_MS);
    const sent: string[] = [];
    bench.answer = ({ notification }) => {
      sent.push(notification.id);
      return outcomeOf();
    };
    // The log says what was tried, so the end of what may have been heard of is told as well.
    const log = [...bench.notificationDocuments.saved.values()].map((json) => JSON.parse(json));
    expect(log).toHaveLength(1);
    expect(log[0]).toMatchObject({ firing: [], uncertain: [expect.any(String)], sequence: 1 });
    await bench.restart();
    await bench.post(ended(A, bench));
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 resolved / A']);
  });

  test('documents that cannot be read do not keep the others from being taken up', async () => {
    const bench = await Bench.started();
    await bench.post(A, B);
    await bench.advance(MINUTE_MS);
    const [key] = bench.alertDocuments.saved.keys();
    bench.alertDocuments.saved.set(key!, '{"labels":');
    bench.notificationDocuments.saved.set('x', 'null');
    bench.silenceDocuments.saved.set('x', '{}');
    await bench.restart();
    expect(bench.engine.alerts()).toHaveLength(1);
  });

  test('values that JSON does not have survive', async () => {
    const bench = await Bench.started();
    await bench.post({ ...A, value: Number.NaN }, { ...B, value: Number.POSITIVE_INFINITY });
    await bench.restart();
    expect(
      bench.engine
        .alerts()
        .map(({ alert }) => alert.value)
        .sort(),
    ).toEqual([Infinity, NaN].sort());
  });
});

describe('another configuration', () => {
  test('groups of routes that are the same go on; their times and what they told count', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.post(B);
    await bench.engine.reload(configOf({ route: { routes: [{ matchers: 'alertname="Z"' }] } }));
    await bench.advance(4 * MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    await bench.keepFiring(MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
  });

  test('alerts move to their new routes; the old receiver is told when they end', async () => {
    const receivers = [receiverOf('team'), receiverOf('pager')];
    const bench = await Bench.started(configOf({ receivers }));
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    const route = { routes: [{ matchers: 'a="A"', receiver: 'pager' }] };
    await bench.engine.reload(configOf({ receivers, route }));
    await bench.keepFiring(6 * MINUTE_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A', 'pager/webhook/0 firing A']);
    await bench.restart();
    await bench.keepFiring(MINUTE_MS, A);
    await bench.post(ended(A, bench));
    await bench.advance(15 * MINUTE_MS);
    expect(bench.news().sort()).toEqual(['pager/webhook/0 resolved / A', 'team/webhook/0 resolved / A']);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('the end is kept for the old receiver as long as its channel is down', async () => {
    const receivers = [receiverOf('team'), receiverOf('pager')];
    const bench = await Bench.started(configOf({ receivers }));
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.engine.reload(configOf({ receivers, route: { receiver: 'pager' } }));
    bench.answer = ({ integration }) => outcomeOf({ isDelivered: integration.receiver !== 'team' });
    await bench.keepFiring(6 * MINUTE_MS, A);
    await bench.post(ended(A, bench));
    await bench.advance(HOUR_MS);
    expect(bench.alertDocuments.saved.size).toBe(1);
    bench.answer = undefined;
    await bench.advance(15 * MINUTE_MS);
    expect(bench.news()).toEqual([
      'team/webhook/0 firing A',
      'pager/webhook/0 firing A',
      'pager/webhook/0 resolved / A',
      'team/webhook/0 resolved / A',
    ]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('an integration that is gone is not waited for', async () => {
    const bench = await Bench.started(configOf({ receivers: [receiverOf('team', ['webhook', 'email'])] }));
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.engine.reload(configOf({ receivers: [receiverOf('team')] }));
    await bench.post(ended(A, bench));
    await bench.advance(15 * MINUTE_MS);
    expect(bench.news()).toEqual([
      'team/webhook/0 firing A',
      'team/email/1 firing A',
      'team/webhook/0 resolved / A',
    ]);
    expect(bench.alertDocuments.saved.size).toBe(0);
  });

  test('the log forgets groups a day after they ended', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    await bench.post(ended(A, bench));
    await bench.advance(23 * HOUR_MS);
    expect(bench.notificationDocuments.saved.size).toBe(1);
    await bench.advance(2 * HOUR_MS);
    expect(bench.notificationDocuments.saved.size).toBe(0);
  });
});

describe('telling directly', () => {
  test('all integrations of a receiver are told, under ids that are the same for the same key', async () => {
    const bench = await Bench.started(configOf({ receivers: [receiverOf('team', ['email', 'sms'])] }));
    await bench.post(A);
    await bench.silence('a="A"');
    const { alert } = bench.engine.alerts()[0]!;
    const request = {
      receiver: 'team',
      reason: 'escalation' as const,
      key: 'policy/1',
      groupKey: 'escalation/x',
      groupLabels: Labels.EMPTY,
      alerts: [alert],
      isResolved: false,
    };
    bench.answer = ({ integration }) =>
      integration.channel === 'sms'
        ? outcomeOf({ isDelivered: false, detail: 'no' })
        : outcomeOf({ state: 's1' });
    const outcomes = await bench.engine.tell(request);
    expect(outcomes.map(({ channel, isDelivered, detail }) => [channel, isDelivered, detail])).toEqual([
      ['email', true, '200 OK'],
      ['sms', false, 'no'],
    ]);
    await bench.restart();
    await bench.engine.tell(request);
    await bench.engine.tell({ ...request, key: 'policy/2' });
    await bench.engine.tell({ ...request, isResolved: true });
    const emails = bench.deliveries.filter(({ integration }) => integration === 'team/email/0');
    const ids = emails.map(({ notification }) => notification.id);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    expect(emails.map(({ previous }) => previous)).toEqual([undefined, 's1', 's1', 's1']);
    expect(bench.kinds('notify_failed')[0]).toMatchObject({ reason: 'escalation', channel: 'sms' });
  });

  test('a test goes to one integration; unknown names are refused', async () => {
    const bench = await Bench.started(configOf({ receivers: [receiverOf('team', ['email', 'sms'])] }));
    await bench.post(A);
    const request = {
      receiver: 'team',
      reason: 'test' as const,
      key: 'k',
      groupKey: 'test',
      groupLabels: Labels.EMPTY,
      alerts: [bench.engine.alerts()[0]!.alert],
      isResolved: false,
    };
    expect(await bench.engine.tell({ ...request, integration: 'team/sms/1' })).toHaveLength(1);
    expect((await errorOf(bench.engine.tell({ ...request, receiver: 'x' }))).code).toBe('not_found');
    expect((await errorOf(bench.engine.tell({ ...request, integration: 'x' }))).code).toBe('not_found');
    expect((await errorOf(bench.engine.tell({ ...request, alerts: [] }))).status).toBe(400);
  });
});

test('stop lets a delivery end within its bound, and remembers what is unknown', async () => {
  const bench = await Bench.started(configOf({ receivers: [receiverOf('team', ['quick', 'slow'])] }));
  let finish = () => {};
  bench.answer = ({ integration, signal }) =>
    new Promise((resolve) => {
      if (integration.channel === 'quick') finish = () => resolve(outcomeOf());
      else
        signal.addEventListener('abort', () =>
          resolve(outcomeOf({ isDelivered: false, detail: 'given up' })),
        );
    });
  await bench.post(A);
  await bench.advance(30 * SECOND_MS);
  const stopped = bench.engine.stop();
  await bench.advance(SECOND_MS);
  finish();
  await bench.advance(10 * SECOND_MS);
  await stopped;
  bench.answer = undefined;
  await bench.restart();
  await bench.post(ended(A, bench));
  await bench.advance(10 * MINUTE_MS);
  expect(bench.told().sort()).toEqual([
    'team/quick/0 firing A',
    'team/quick/0 resolved / A',
    'team/slow/1 resolved / A',
  ]);
});

describe('why', () => {
  async function decisionOf(bench: Bench): Promise<string> {
    const { fingerprint } = bench.engine.alerts()[0]!.alert;
    return bench.engine.why(fingerprint).groups[0]!.integrations[0]!.decision;
  }

  test('it tells routes, groups and what was decided', async () => {
    const receivers = [receiverOf('team'), receiverOf('pager', ['sms'])];
    const route = {
      routes: [
        { matchers: 'a="Z"' },
        { matchers: 'a=~"A|B"', receiver: 'pager', repeatIntervalMs: 13 * HOUR_MS },
      ],
    };
    const bench = await Bench.started(configOf({ receivers, route }));
    await bench.post(A);
    await bench.advance(18 * SECOND_MS);
    const why = bench.engine.why(bench.engine.alerts()[0]!.alert.fingerprint);
    expect(why.routes).toEqual([
      { routeId: '0', receiver: 'team', matchers: '{}', hasMatched: true, isTaken: false },
      { routeId: '0.0', receiver: 'team', matchers: '{a="Z"}', hasMatched: false, isTaken: false },
      { routeId: '0.1', receiver: 'pager', matchers: '{a=~"A|B"}', hasMatched: true, isTaken: true },
    ]);
    expect(why.groups).toEqual([
      {
        groupKey: '{}/{a=~"A|B"}:{alertname="X"}',
        receiver: 'pager',
        nextFlushAtMs: bench.clock.now() + 12 * SECOND_MS,
        integrations: [
          {
            integration: 'pager/sms/0',
            channel: 'sms',
            lastNotifiedAtMs: undefined,
            lastStatus: undefined,
            decision: 'waiting for group_wait, 12 s left',
            decidedAtMs: undefined,
          },
        ],
      },
    ]);
    await bench.advance(12 * SECOND_MS);
    expect(await decisionOf(bench)).toBe('told 12:00:30 UTC, repeats at 2026-01-06 01:00:30 UTC');
    bench.acknowledged.add(bench.engine.alerts()[0]!.alert.fingerprint);
    expect(await decisionOf(bench)).toBe('told 12:00:30 UTC; acknowledged, so repetitions are left out');
    await bench.post(ended(A, bench));
    expect(await decisionOf(bench)).toBe('its end is told next, in 300 s');
    await bench.advance(5 * MINUTE_MS);
    expect(await decisionOf(bench)).toBe('ended; the last notification of the group was at 12:05:30 UTC');
    expect(bench.engine.why('0000000000000000')).toEqual({ alert: undefined, routes: [], groups: [] });
  });

  test('it tells failures, and when it is tried next', async () => {
    const bench = await Bench.started();
    bench.answer = () => outcomeOf({ isDelivered: false, detail: 'HTTP 500' });
    await bench.post(A);
    await bench.advance(30 * SECOND_MS);
    expect(await decisionOf(bench)).toBe('failed once: HTTP 500; next try 12:00:40 UTC');
    await bench.advance(30 * SECOND_MS);
    expect(await decisionOf(bench)).toBe('failed 3 times: HTTP 500; next try 12:01:40 UTC');
    bench.answer = () => new Promise(() => {});
    await bench.advance(40 * SECOND_MS);
    expect(await decisionOf(bench)).toBe('being sent since 12:01:40 UTC');
  });

  test('it tells what keeps it quiet', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    const id = await bench.silence('a="A"');
    expect(await decisionOf(bench)).toBe(`silenced by ${id}`);
  });
});
