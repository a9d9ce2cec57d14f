import { describe, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { createEngine, type QueryResult } from '../promql/index.ts';
import { backtest, type RangeQueryFunction } from './backtest.ts';
import type { AlertingRule } from './rule-types.ts';
import { ENGINE, groupsOf, START_MS } from './rules-test-kit.ts';
import { TestStorage } from './unit-tests/test-storage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function ruleOf(text: string): AlertingRule {
  return groupsOf(`groups: [{name: g, rules: [${text}]}]`)[0]!.rules[0] as AlertingRule;
}

const storage = new TestStorage();
// Four times in seven days above 80: on days 1, 2, 4 and 6; days 2 and 6 at night.
const hours = Array.from({ length: 7 * 24 }, (_, h) => {
  const busy = [24 + 10, 48 + 23, 4 * 24 + 15, 6 * 24 + 3];
  return busy.includes(h) ? '90x59' : '10x59';
});
storage.load({ series: 'cpu{host="a"}', values: hours.join(' ') }, START_MS, MINUTE);
storage.load({ series: 'cpu{host="b"}', values: '10x10079' }, START_MS, MINUTE);
storage.visibleUntilMs = Number.POSITIVE_INFINITY;
const engine = createEngine({ source: storage, options: ENGINE });
const queryRange: RangeQueryFunction = ({ signal, ...query }) =>
  engine.range(query, signal ? { signal } : {});

describe('back-test', () => {
  const rule = ruleOf('{alert: Busy, expr: cpu > 80, for: 10m, labels: {severity: page}}');
  const range = { fromMs: START_MS, toMs: START_MS + 7 * DAY - MINUTE, stepMs: MINUTE, queryRange };

  test('would have fired 4 times in 7 days, 2 at night', async () => {
    const result = await backtest(rule, range);
    expect(result).toMatchObject({
      fired: 4,
      firedAtNight: 2,
      onlyPending: 0,
      // Of each hour ten minutes were pending.
      firingMs: 4 * 50 * MINUTE,
      longestMs: 50 * MINUTE,
      areIntervalsCut: false,
    });
    expect(result.intervals[0]).toEqual({
      labels: Labels.fromObject({ alertname: 'Busy', host: 'a', severity: 'page' }),
      pendingFromMs: START_MS + DAY + 10 * HOUR,
      firedAtMs: START_MS + DAY + 10 * HOUR + 10 * MINUTE,
      resolvedAtMs: START_MS + DAY + 11 * HOUR,
      value: 90,
      isAtNight: false,
    });
  });

  test('night is where the people are', async () => {
    const inTokyo = await backtest(rule, { ...range, timeZone: 'Asia/Tokyo' });
    // 10:10, 23:10, 15:10 and 03:10 UTC are 19:10, 08:10, 00:10 and 12:10 there.
    expect(inTokyo.firedAtNight).toBe(1);
    await expect(backtest(rule, { ...range, timeZone: 'Moon/Base' })).rejects.toMatchObject({
      code: 'bad_time_zone',
    });
  });

  test('what never fires is only pending; what still fires has no end', async () => {
    expect(await backtest({ ...rule, forMs: 2 * HOUR }, range)).toMatchObject({ fired: 0, onlyPending: 4 });
    const cut = await backtest(rule, { ...range, toMs: START_MS + DAY + 10.5 * HOUR });
    expect(cut.intervals).toMatchObject([{ resolvedAtMs: undefined }]);
    expect(cut.firingMs).toBe(20 * MINUTE);
  });

  test('scalars are series without labels', async () => {
    const result = await backtest(ruleOf('{alert: Always, expr: "1"}'), { ...range, toMs: START_MS + HOUR });
    expect(result).toMatchObject({ fired: 1, firingMs: HOUR });
  });

  test('has bounds', async () => {
    await expect(backtest(rule, { ...range, stepMs: 1000 })).rejects.toMatchObject({ code: 'bad_range' });
    await expect(backtest(rule, { ...range, stepMs: 0 })).rejects.toMatchObject({ code: 'bad_range' });
    const flood: RangeQueryFunction = async ({ startMs }) => ({
      value: {
        type: 'matrix',
        series: Array.from({ length: 10_001 }, (_, i) => ({
          labels: Labels.fromObject({ i: String(i) }),
          timesMs: Float64Array.of(startMs),
          values: Float64Array.of(1),
          histograms: undefined,
        })),
      },
      warnings: [],
      infos: [],
      stats: {} as QueryResult['stats'],
      plan: {} as QueryResult['plan'],
    });
    await expect(backtest(rule, { ...range, queryRange: flood })).rejects.toMatchObject({
      code: 'too_many_alerts',
    });
  });
});
