import { describe, expect, test } from 'vitest';
import type { BellwetherError } from '../../lib/errors.ts';
import { parseMatchers } from '../matchers.ts';
import {
  Bench,
  configOf,
  HOUR_MS,
  incoming,
  inhibitRule,
  MINUTE_MS,
  receiverOf,
  SECOND_MS,
} from './engine-test-kit.ts';

const A = incoming('alertname="X",a="A"');
const B = incoming('alertname="X",a="B"');

function ended(alert: typeof A, bench: Bench) {
  return { ...alert, endsAtMs: bench.clock.now() };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = (await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as BellwetherError | undefined;
  return error === undefined ? 'none' : `${error.code} ${error.status}`;
}

describe('silences', () => {
  test('what is silenced is not told until the silence ends', async () => {
    const bench = await Bench.started();
    const id = await bench.silence('a="A"', { endsAtMs: bench.clock.now() + HOUR_MS });
    await bench.keepFiring(30 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing B']);
    const [a, b] = ['A', 'B'].map((name) =>
      bench.engine.alerts().find(({ alert }) => alert.labels.get('a') === name),
    );
    expect(a?.suppressions).toEqual([{ kind: 'silenced', silenceIds: [id] }]);
    expect(b?.suppressions).toEqual([]);
    expect(bench.kinds('suppressed').map(({ detail }) => detail)).toEqual([`silenced by ${id}`]);
    await bench.keepFiring(36 * MINUTE_MS, A, B);
    expect(bench.news()).toEqual(['team/webhook/0 firing A B']);
    expect(bench.kinds('silence_expired').map(({ actor }) => actor)).toEqual(['']);
  });

  test('an end within a silence is told when the silence is over', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    const id = await bench.silence('a="A"', { endsAtMs: bench.clock.now() + 24 * HOUR_MS });
    await bench.post(ended(A, bench));
    await bench.advance(2 * HOUR_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    expect(bench.alertDocuments.saved.size).toBe(1);
    await bench.engine.silences.expire(id, 'ann');
    await bench.advance(6 * MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 resolved / A']);
  });

  test('one that was left out of a later message is told again when its silence ends', async () => {
    const bench = await Bench.started();
    await bench.keepFiring(MINUTE_MS, A, B);
    const id = await bench.silence('a="A"');
    await bench.post(ended(B, bench));
    await bench.keepFiring(6 * MINUTE_MS, A);
    await bench.engine.silences.expire(id, 'ann');
    await bench.keepFiring(6 * MINUTE_MS, A);
    expect(bench.news()).toEqual([
      'team/webhook/0 firing A B',
      'team/webhook/0 resolved / B',
      'team/webhook/0 firing A',
    ]);
  });

  test('they survive a restart', async () => {
    const bench = await Bench.started();
    const id = await bench.silence('a=~"A|C",b!="x"');
    await bench.restart();
    await bench.keepFiring(10 * MINUTE_MS, A);
    expect(bench.news()).toEqual([]);
    expect(bench.engine.silences.get(id)).toMatchObject({
      state: 'active',
      silence: { id, createdBy: 'ann', comment: 'deploying' },
    });
  });

  test('changing the end, comment or creator keeps the id; other changes make a new silence', async () => {
    const bench = await Bench.started();
    const { silences } = bench.engine;
    const id = await bench.silence('a="A"');
    const { silence } = silences.get(id)!;
    await bench.advance(MINUTE_MS);
    const later = { ...silence, endsAtMs: silence.endsAtMs + HOUR_MS, comment: 'longer' };
    expect(await silences.put(later, 'bob')).toBe(id);
    expect(silences.get(id)!.silence).toMatchObject({ comment: 'longer', endsAtMs: later.endsAtMs });

    const other = await silences.put({ ...later, matchers: parseMatchers('a="B"') }, 'bob');
    expect(other).not.toBe(id);
    expect(silences.get(id)!.state).toBe('expired');
    expect(silences.get(other)!.silence.startsAtMs).toBe(bench.clock.now());
    expect(
      await silences.put({ ...later, id: other, startsAtMs: later.startsAtMs - HOUR_MS }, 'bob'),
    ).not.toBe(other);
    expect(bench.events.map(({ kind }) => kind)).toEqual([
      'silence_created',
      'silence_updated',
      'silence_expired',
      'silence_created',
      'silence_expired',
      'silence_created',
    ]);
  });

  test('an expired one cannot be changed but used as a pattern; a pending one can be moved', async () => {
    const bench = await Bench.started();
    const { silences } = bench.engine;
    const nowMs = bench.clock.now();
    const id = await bench.silence('a="A"', { startsAtMs: nowMs + HOUR_MS });
    expect(silences.get(id)!.state).toBe('pending');
    const moved = { ...silences.get(id)!.silence, startsAtMs: nowMs + MINUTE_MS };
    expect(await silences.put(moved, 'ann')).toBe(id);
    await silences.expire(id, 'ann');
    expect(silences.get(id)!.state).toBe('expired');
    expect(await silences.put(moved, 'ann')).not.toBe(id);
    expect(await codeOf(silences.expire(id, 'ann'))).toBe('already_expired 409');
    expect(await codeOf(silences.expire('none', 'ann'))).toBe('not_found 404');
    expect(await codeOf(silences.put({ ...moved, id: 'none' }, 'ann'))).toBe('not_found 404');
  });

  test.each([
    ['one that matches no label', 'a=""', {}],
    ['one that matches everything', 'a=~".*"', {}],
    ['one without a comment', 'a="A"', { comment: ' ' }],
    ['one without a creator', 'a="A"', { createdBy: '' }],
    ['one of the past', 'a="A"', { startsAtMs: 1, endsAtMs: 2 }],
    ['one that ends before it begins', 'a="A"', { endsAtMs: 1 }],
    ['one without matchers', '', {}],
    ['one with a long comment', 'a="A"', { comment: 'x'.repeat(10_000) }],
  ])('%s is refused', async (_, matchers, fields) => {
    const bench = await Bench.started();
    expect(await codeOf(bench.silence(matchers, fields))).toBe('bad_silence 400');
    expect(bench.silenceDocuments.saved.size).toBe(0);
  });

  test('one that could not be saved does not hold', async () => {
    const bench = await Bench.started();
    bench.silenceDocuments.isBroken = true;
    expect(await codeOf(bench.silence('a="A"'))).toBe('state_unavailable 503');
    bench.silenceDocuments.isBroken = false;
    await bench.advance(2 * MINUTE_MS);
    expect(bench.engine.silences.list()).toEqual([]);
    expect(bench.silenceDocuments.saved.size).toBe(0);
  });

  test('expired ones are kept for five days', async () => {
    const bench = await Bench.started();
    const id = await bench.silence('a="A"', { endsAtMs: bench.clock.now() + MINUTE_MS });
    await bench.advance(5 * 24 * HOUR_MS);
    expect(bench.engine.silences.get(id)?.state).toBe('expired');
    await bench.advance(5 * MINUTE_MS);
    expect(bench.engine.silences.list()).toEqual([]);
    expect(bench.silenceDocuments.saved.size).toBe(0);
  });

  test('a preview lists the firing alerts it would silence', async () => {
    const bench = await Bench.started();
    await bench.post(A, B, incoming('alertname="Y",a="A"'));
    await bench.post(ended(B, bench));
    const found = bench.engine.silences.preview(parseMatchers('alertname="X"'));
    expect(found.map(({ labels }) => labels.get('a'))).toEqual(['A']);
  });
});

describe('inhibition', () => {
  const down = incoming('alertname="Down",a="Down",cluster="c1"');
  const slow = incoming('alertname="Slow",a="Slow",cluster="c1"');
  const other = incoming('alertname="Slow",a="Other",cluster="c2"');
  const rule = inhibitRule('alertname="Down"', 'alertname="Slow"', ['cluster'], 'down');

  test('a firing source keeps targets with equal labels quiet, until it ends', async () => {
    const bench = await Bench.started(configOf({ route: { groupBy: [] }, inhibitRules: [rule] }));
    await bench.post(down, slow, other);
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing Down Other']);
    const inhibited = bench.engine.alerts().find(({ alert }) => alert.labels.get('a') === 'Slow')!;
    const source = bench.engine.alerts().find(({ alert }) => alert.labels.get('a') === 'Down')!;
    expect(inhibited.suppressions).toEqual([
      { kind: 'inhibited', fingerprints: [source.alert.fingerprint], rule: 'down' },
    ]);
    await bench.post(ended(down, bench));
    await bench.keepFiring(5 * MINUTE_MS, slow, other);
    expect(bench.news()).toEqual(['team/webhook/0 firing Other Slow / Down']);
  });

  test('absent labels count as equal', async () => {
    const bench = await Bench.started(configOf({ inhibitRules: [rule] }));
    await bench.post(incoming('alertname="Down",a="Down"'), incoming('alertname="Slow",a="Slow"'), other);
    await bench.advance(MINUTE_MS);
    expect(bench.news().sort()).toEqual(['team/webhook/0 firing Down', 'team/webhook/0 firing Other']);
  });

  test('an alert that matches both sides inhibits neither itself nor others that do', async () => {
    const both = inhibitRule('severity=~".+"', 'severity=~"warning|critical"', ['cluster']);
    const bench = await Bench.started(configOf({ route: { groupBy: [] }, inhibitRules: [both] }));
    const one = incoming('severity="critical",a="1",cluster="c"');
    const two = incoming('severity="warning",a="2",cluster="c"');
    await bench.post(one, two);
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing 1 2']);
    // Only a source that is no target itself does.
    await bench.post(incoming('severity="info",a="3",cluster="c"'));
    expect(
      bench.engine
        .alerts()
        .map(({ suppressions }) => suppressions.length)
        .sort(),
    ).toEqual([0, 1, 1]);
  });

  test('it holds after a restart and after a change of the rules', async () => {
    const config = configOf({ route: { groupBy: [] }, inhibitRules: [rule] });
    const bench = await Bench.started(config);
    await bench.post(down, slow);
    await bench.restart();
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing Down']);
    await bench.engine.reload(configOf({ route: { groupBy: [] } }));
    await bench.keepFiring(6 * MINUTE_MS, down, slow);
    expect(bench.news()).toEqual(['team/webhook/0 firing Down Slow']);
  });
});

describe('times', () => {
  const office = { name: 'office', contains: (ms: number) => new Date(ms).getUTCHours() < 13 };

  test('a muted route tells when the time is over, ends too', async () => {
    const bench = await Bench.started(
      configOf({ route: { muteTimeIntervals: ['office'] }, timeIntervals: [office] }),
    );
    await bench.keepFiring(50 * MINUTE_MS, A);
    expect(bench.news()).toEqual([]);
    expect(bench.engine.alerts()[0]!.suppressions).toEqual([{ kind: 'muted', intervals: ['office'] }]);
    expect(bench.kinds('suppressed').map(({ detail }) => detail)).toEqual(['muted by office']);
    await bench.keepFiring(15 * MINUTE_MS, A);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });

  test('a route with active times tells within them only', async () => {
    const bench = await Bench.started(
      configOf({ route: { activeTimeIntervals: ['office'] }, timeIntervals: [office] }),
    );
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
    await bench.keepFiring(HOUR_MS, A);
    await bench.post(ended(A, bench), B);
    await bench.advance(HOUR_MS);
    expect(bench.news()).toEqual([]);
    const { fingerprint } = bench.engine.alerts().find(({ alert }) => alert.labels.get('a') === 'A')!.alert;
    expect(bench.engine.why(fingerprint).groups[0]!.integrations[0]!.decision).toBe(
      'its end is not told yet: muted: outside of office',
    );
    bench.clock.step(-3 * HOUR_MS);
    await bench.advance(6 * MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 resolved / A']);
  });

  test('other routes of the alert are not muted', async () => {
    const bench = await Bench.started(
      configOf({
        receivers: [receiverOf('team'), receiverOf('pager')],
        route: {
          routes: [
            { matchers: 'a="A"', muteTimeIntervals: ['office'], continues: true },
            { matchers: 'a="A"', receiver: 'pager' },
          ],
        },
        timeIntervals: [office],
      }),
    );
    await bench.post(A);
    await bench.advance(MINUTE_MS);
    expect(bench.news()).toEqual(['pager/webhook/0 firing A']);
    expect(bench.engine.alerts()[0]!.suppressions).toEqual([]);
    expect(bench.engine.groups().map(({ alerts }) => alerts[0]!.suppressions.length)).toEqual([1, 0]);
  });
});

describe('the machine clock is set', () => {
  test.each([HOUR_MS, -HOUR_MS, 300 * 24 * HOUR_MS])(
    'by %d ms: nothing is lost, told twice or delayed',
    async (byMs) => {
      const bench = await Bench.started();
      await bench.keepFiring(2 * MINUTE_MS, A);
      bench.clock.step(byMs);
      await bench.advance(2 * MINUTE_MS);
      await bench.post(A, B);
      await bench.keepFiring(5 * MINUTE_MS, A, B);
      expect(bench.news()).toEqual(['team/webhook/0 firing A', 'team/webhook/0 firing A B']);
      await bench.post(ended(A, bench));
      await bench.keepFiring(6 * MINUTE_MS, B);
      expect(bench.news()).toEqual(['team/webhook/0 firing B / A']);
      await bench.keepFiring(4 * HOUR_MS - 2 * MINUTE_MS, B);
      expect(bench.news()).toEqual(['team/webhook/0 firing (repeat) B']);
    },
  );

  test('back between the beginning and the end of an alert of a rule', async () => {
    const bench = await Bench.started();
    const ours = { ...A, source: 'rule:r', startsAtMs: bench.clock.now() };
    await bench.post({ ...ours, endsAtMs: bench.clock.now() + 4 * MINUTE_MS });
    await bench.advance(MINUTE_MS);
    bench.clock.step(-2 * HOUR_MS);
    await bench.post({ ...ours, endsAtMs: bench.clock.now() });
    await bench.advance(6 * MINUTE_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A', 'team/webhook/0 resolved / A']);
  });

  test('back during a group_wait', async () => {
    const bench = await Bench.started();
    await bench.post(A);
    await bench.advance(10 * SECOND_MS);
    bench.clock.step(-24 * HOUR_MS);
    await bench.advance(20 * SECOND_MS);
    expect(bench.news()).toEqual(['team/webhook/0 firing A']);
  });
});
