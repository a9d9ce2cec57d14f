import { describe, expect, test } from 'vitest';
import { BellwetherError } from '../lib/errors.ts';
import { Labels } from '../model/labels.ts';
import { type SeriesSamples, setStale, wordsOf } from '../model/samples.ts';
import { createEngine } from './engine.ts';
import type { EngineOptions, QueryEngine, QueryResult, QueryValue } from './engine-types.ts';
import { memorySource } from './memory-source.ts';
import type { SampleSource } from './source.ts';

const defaults: EngineOptions = {
  lookbackMs: 300_000,
  maxSamples: 10_000,
  maxSeries: 100,
  timeoutMs: 10_000,
  subqueryStepMs: 60_000,
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasDelayedNameRemoval: false,
  hasFillModifiers: true,
  hasFusedKernels: true,
};

const STALE = 'stale';

/** A series with a sample every minute from 0 on; undefined: none. */
function series(
  labels: Record<string, string>,
  ...points: (number | undefined | typeof STALE)[]
): SeriesSamples {
  const kept = points.flatMap((point, i) => (point === undefined ? [] : [{ point, timeMs: i * 60_000 }]));
  const values = Float64Array.from(kept, ({ point }) => (point === STALE ? 0 : (point ?? 0)));
  const words = wordsOf(values);
  kept.forEach(({ point }, i) => {
    if (point === STALE) setStale(words, i);
  });
  return {
    labels: Labels.fromObject(labels),
    timesMs: Float64Array.from(kept, ({ timeMs }) => timeMs),
    values,
    histograms: undefined,
  };
}

function engineOver(data: readonly SeriesSamples[], changes: Partial<EngineOptions> = {}): QueryEngine {
  return createEngine({ source: memorySource(data), options: { ...defaults, ...changes } });
}

/** `labels value` lines of an instant answer, in its order. */
function lines(value: QueryValue): string[] {
  if (value.type !== 'vector') throw new Error(`got a ${value.type}`);
  return value.samples.map(({ labels, value: number }) => `${labels} ${number}`);
}

/** `labels value@minute ...` lines of a range answer. */
function rows(value: QueryValue): string[] {
  if (value.type !== 'matrix') throw new Error(`got a ${value.type}`);
  return value.series.map(({ labels, timesMs, values }) =>
    [labels, ...[...values].map((number, i) => `${number}@${timesMs[i]! / 60_000}`)].join(' '),
  );
}

async function instant(data: readonly SeriesSamples[], text: string, minute = 0): Promise<string[]> {
  return lines((await engineOver(data).instant({ text, timeMs: minute * 60_000 })).value);
}

async function range(
  data: readonly SeriesSamples[],
  text: string,
  changes: Partial<EngineOptions> = {},
): Promise<string[]> {
  const query = { text, startMs: 0, endMs: 240_000, stepMs: 60_000 };
  return rows((await engineOver(data, changes).range(query)).value);
}

async function errorOf(work: Promise<QueryResult>): Promise<BellwetherError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BellwetherError)) throw new Error(`no error of ours: ${String(error)}`);
  return error;
}

describe('selectors', () => {
  const up = series({ __name__: 'up' }, 1, STALE, 3);

  test('look back without the left edge', async () => {
    expect(await instant([up], 'up', 6.999)).toEqual(['{__name__="up"} 3']);
    expect(await instant([up], 'up', 7)).toEqual([]);
  });

  test('end at a staleness marker, but not at any other NaN', async () => {
    expect(await instant([up], 'up', 1)).toEqual([]);
    expect(await instant([series({ __name__: 'up' }, 1, Number.NaN)], 'up', 1)).toEqual([
      '{__name__="up"} NaN',
    ]);
  });

  test('with @ give the same at every moment', async () => {
    expect(await range([up], 'up @ 120')).toEqual(['{__name__="up"} 3@0 3@1 3@2 3@3 3@4']);
    expect(await range([up], 'timestamp(up @ 130)')).toEqual(['{} 120@0 120@1 120@2 120@3 120@4']);
    expect(await range([up], 'count_over_time(up[5m] @ end())')).toEqual(['{} 2@0 2@1 2@2 2@3 2@4']);
  });

  test('of a range answer alone with the samples themselves, without markers', async () => {
    const { value } = await engineOver([up]).instant({ text: 'up[5m]', timeMs: 150_000 });
    expect(rows(value)).toEqual(['{__name__="up"} 1@0 3@2']);
  });

  test('that are equal are asked for once', async () => {
    const asked: number[] = [];
    const inner = memorySource([up]);
    const source: SampleSource = {
      select: (request, context) => {
        asked.push(request.fromMs);
        return inner.select(request, context);
      },
    };
    await createEngine({ source, options: defaults }).instant({ text: 'up + up + up offset 1m', timeMs: 0 });
    expect(asked).toEqual([-299_999, -359_999]);
  });
});

describe('matching of vectors', () => {
  const left = [
    series({ __name__: 'l', a: '1', b: 'x' }, 1, 1),
    series({ __name__: 'l', a: '1', b: 'y' }, 2, 2),
  ];
  const right = [series({ __name__: 'r', a: '1' }, 10, 10)];

  test('names the series of a match group that are not unique', async () => {
    const error = await errorOf(engineOver([...left, ...right]).instant({ text: 'r * on(a) l', timeMs: 0 }));
    expect(error.message).toBe(
      'found duplicate series for the match group {a="1"} on the right hand-side of the operation: [{__name__="l", a="1", b="x"}, {__name__="l", a="1", b="y"}];many-to-many matching not allowed: matching labels must be unique on one side',
    );
    expect([error.code, error.status]).toEqual(['execution', 422]);
    const grouped = engineOver([...left, ...right]).instant({ text: 'l * on(a) group_right r', timeMs: 0 });
    expect((await errorOf(grouped)).message).toContain('on the left hand-side of the operation');
  });

  test('wants many-to-one to be said', async () => {
    const error = await errorOf(engineOver([...left, ...right]).instant({ text: 'l * on(a) r', timeMs: 0 }));
    expect(error.message).toBe(
      'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
    );
  });

  test('wants the results of a group to differ', async () => {
    const data = [series({ __name__: 'l', a: '1' }, 1), series({ __name__: 'm', a: '1' }, 1), ...right];
    const query = { text: '{__name__=~"l|m"} * on(a) group_left r', timeMs: 0 };
    expect((await errorOf(engineOver(data).instant(query))).message).toBe(
      'multiple matches for labels: grouping labels must ensure unique matches',
    );
  });

  test('fails only where both are present', async () => {
    const apart = [
      series({ __name__: 'l', a: '1', b: 'x' }, 1, STALE),
      series({ __name__: 'l', a: '1', b: 'y' }, undefined, 2),
    ];
    expect(await range([...apart, series({ __name__: 'r', a: '1' }, 10, 20, STALE)], 'r * on(a) l')).toEqual([
      '{a="1"} 10@0 40@1',
    ]);
  });

  test('copies labels of the one side', async () => {
    const one = [series({ __name__: 'r', a: '1', team: 'red' }, 10)];
    expect(await instant([...left, ...one], 'l * on(a) group_left(team) r')).toEqual([
      '{a="1", b="x", team="red"} 10',
      '{a="1", b="y", team="red"} 20',
    ]);
    expect(await instant([...left, ...one], 'l > on(a) group_left(team) r')).toEqual([]);
  });

  test('fills what is missing', async () => {
    const data = [
      series({ __name__: 'l', a: '1' }, 1),
      series({ __name__: 'l', a: '2' }, 2),
      series({ __name__: 'r', a: '2' }, 20),
      series({ __name__: 'r', a: '3' }, 30),
    ];
    expect(await instant(data, 'l + fill(0) r')).toEqual(['{a="1"} 1', '{a="2"} 22', '{a="3"} 30']);
    expect(await instant(data, 'l + fill_right(5) r')).toEqual(['{a="1"} 6', '{a="2"} 22']);
    expect(await instant(data, 'l + fill_left(5) r')).toEqual(['{a="2"} 22', '{a="3"} 35']);
  });

  test('of sets looks at each moment alone', async () => {
    const data = [series({ __name__: 'l' }, 1, 2, 3), series({ __name__: 'r' }, undefined, 1, STALE)];
    expect(await range(data, 'l and r')).toEqual(['{__name__="l"} 2@1']);
    expect(await range(data, 'l unless r')).toEqual(['{__name__="l"} 1@0 3@2 3@3 3@4']);
    expect(await range(data, 'r or l')).toEqual(['{__name__="l"} 1@0 3@2 3@3 3@4', '{__name__="r"} 1@1']);
  });
});

describe('equal label sets', () => {
  const apart = [series({ __name__: 'a' }, 1, STALE), series({ __name__: 'b' }, undefined, 2, STALE)];
  const together = [series({ __name__: 'a' }, 1), series({ __name__: 'b' }, 2)];
  const queries = [
    '-{__name__=~".+"}',
    'abs({__name__=~".+"})',
    '{__name__=~".+"} * 1',
    'sum_over_time({__name__=~".+"}[30s])',
  ];

  test.each(queries)('merge when they never meet: %s', async (text) => {
    const [row] = await range(apart, text);
    expect(row?.replaceAll('-', '')).toBe('{} 1@0 2@1');
    expect(await range(apart, text, { hasDelayedNameRemoval: true })).toEqual([row]);
  });

  test.each(queries)('are an error when they meet: %s', async (text) => {
    const message = 'vector cannot contain metrics with the same labelset';
    for (const hasDelayedNameRemoval of [false, true]) {
      const work = engineOver(together, { hasDelayedNameRemoval }).instant({ text, timeMs: 0 });
      expect((await errorOf(work)).message).toBe(message);
    }
  });

  test('within an aggregation are an error as well', async () => {
    const work = engineOver(together).instant({
      text: 'sum(count_over_time({__name__=~".+"}[1m]))',
      timeMs: 0,
    });
    expect((await errorOf(work)).message).toBe('vector cannot contain metrics with the same labelset');
  });

  test('are told apart by names that go away at the end', async () => {
    const delayed = engineOver(together, { hasDelayedNameRemoval: true });
    const text = 'label_replace(abs({__name__=~".+"}), "was", "$1", "__name__", "(.+)")';
    expect(lines((await delayed.instant({ text, timeMs: 0 })).value)).toEqual(['{was="a"} 1', '{was="b"} 2']);
    const grouped = 'sum by (__name__) (abs({__name__=~".+"}))';
    expect((await errorOf(delayed.instant({ text: grouped, timeMs: 0 }))).message).toContain('same labelset');
  });
});

describe('answers', () => {
  const data = [3, 1, 2].map((value, i) => series({ __name__: 'm', i: `${i}` }, value));

  test('of an instant query keep the order of sorting, those of a range query are in order of labels', async () => {
    const text = 'sort_desc(m)';
    expect(await instant(data, text)).toEqual([
      '{__name__="m", i="0"} 3',
      '{__name__="m", i="2"} 2',
      '{__name__="m", i="1"} 1',
    ]);
    const result = await engineOver([...data].reverse()).range({
      text,
      startMs: 0,
      endMs: 60_000,
      stepMs: 60_000,
    });
    expect(rows(result.value).map((row) => row.slice(0, 21))).toEqual([
      '{__name__="m", i="0"}',
      '{__name__="m", i="1"}',
      '{__name__="m", i="2"}',
    ]);
    expect(result.warnings).toEqual([
      'PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)',
    ]);
  });

  test('of other types are what they are', async () => {
    const engine = engineOver(data);
    expect((await engine.instant({ text: '1 + 1', timeMs: 5 })).value).toEqual({
      type: 'scalar',
      timeMs: 5,
      value: 2,
    });
    expect((await engine.instant({ text: '"x"', timeMs: 5 })).value).toEqual({
      type: 'string',
      timeMs: 5,
      value: 'x',
    });
    expect(await range(data, 'time()')).toEqual(['{} 0@0 60@1 120@2 180@3 240@4']);
    const error = await errorOf(engine.range({ text: 'm[5m]', startMs: 0, endMs: 1, stepMs: 1 }));
    expect(error.message).toBe(
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  });

  test('to a chosen share and to its complement are everything', async () => {
    const many = Array.from({ length: 40 }, (_, i) => series({ __name__: 'm', i: `${i}` }, i));
    const some = await instant(many, 'limit_ratio(0.3, m)');
    const others = await instant(many, 'limit_ratio(-0.7, m)');
    expect(some.length).toBeGreaterThan(4);
    expect([...some, ...others].sort()).toEqual((await instant(many, 'm')).sort());
  });

  test('of info add data labels', async () => {
    const info = series({ __name__: 'target_info', instance: 'a', job: 'j', version: '1', zone: 'z' }, 1);
    const metric = series({ __name__: 'm', instance: 'a', job: 'j' }, 5);
    expect(await instant([info, metric], 'info(m)')).toEqual([
      '{__name__="m", instance="a", job="j", version="1", zone="z"} 5',
    ]);
    expect(await instant([info, metric], 'info(m, {zone=~".+"})')).toEqual([
      '{__name__="m", instance="a", job="j", zone="z"} 5',
    ]);
    expect(await instant([metric], 'info(m, {zone=~".+"})')).toEqual([]);
  });
});

describe('annotations', () => {
  test('have the place, in bytes, and are said once', async () => {
    const { infos } = await engineOver([series({ __name__: 'm' }, 1, 2, 3)]).instant({
      text: '# é\n rate(m{a!="é"}[5m]) + rate(m[5m])',
      timeMs: 180_000,
    });
    expect(infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "m" (2:30)',
    ]);
  });

  test('are ten of each level at most', async () => {
    const data = Array.from({ length: 13 }, (_, i) => series({ __name__: `m${i}`, i: `${i}` }, 1, 2));
    const { infos } = await engineOver(data).instant({ text: 'rate({__name__=~"m.*"}[5m])', timeMs: 60_000 });
    expect(infos).toHaveLength(11);
    expect(infos.at(-1)).toBe('3 more info annotations omitted');
  });

  test('warn of quantiles out of range, at the number', async () => {
    const { warnings } = await engineOver([series({ __name__: 'm' }, 1)]).instant({
      text: 'quantile(1.1, m)',
      timeMs: 0,
    });
    expect(warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 1.1 (1:10)']);
  });
});

describe('limits', () => {
  const many = Array.from({ length: 20 }, (_, i) =>
    series({ __name__: 'm', i: `${i}` }, ...Array.from({ length: 10 }, (_point, at) => at)),
  );
  const query = { text: 'm', startMs: 0, endMs: 540_000, stepMs: 60_000 };

  test('of samples held at once', async () => {
    const error = await errorOf(engineOver(many, { maxSamples: 199 }).range(query));
    expect(error.message).toBe('query processing would load too many samples into memory in query execution');
    expect([error.code, error.status]).toEqual(['too_many_samples', 422]);
    await expect(engineOver(many, { maxSamples: 200 }).range(query)).resolves.toBeDefined();
    // Nothing is allocated for the three thousand billion steps of this one.
    const endless = errorOf(engineOver(many).instant({ text: 'max_over_time(m[100y:1ms])', timeMs: 0 }));
    expect((await endless).code).toBe('too_many_samples');
    // One series at a time goes into the sum.
    const summed = engineOver(many, { maxSamples: 20 }).range({ ...query, text: 'sum(m)' });
    expect((await summed).stats.peakSamples).toBeLessThanOrEqual(20);
  });

  test('of series', async () => {
    const error = await errorOf(engineOver(many, { maxSeries: 19 }).range(query));
    expect(error.status).toBe(422);
  });

  test('of time, and the event loop runs meanwhile', async () => {
    let nowMs = 0;
    // Each look at the clock is ten milliseconds later.
    const slow = (timeoutMs: number) =>
      createEngine({
        source: memorySource(many),
        options: { ...defaults, maxSamples: 1_000_000, timeoutMs },
        nowMs: () => (nowMs += 10),
      });
    const heavy = { ...query, text: 'count(quantile_over_time(0.5, m[10m:1s]))' };
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await slow(1_000_000).range(heavy);
    isDone = true;
    expect(turns).toBeGreaterThan(2);
    const error = await errorOf(slow(20).range(heavy));
    expect([error.message, error.status]).toEqual(['query timed out in expression evaluation', 503]);
  });

  test('of patience: an abort ends the wait for a source that does not answer', async () => {
    const source: SampleSource = { select: () => new Promise(() => {}) };
    const asker = new AbortController();
    const work = createEngine({ source, options: defaults }).range(query, { signal: asker.signal });
    asker.abort();
    const error = await errorOf(work);
    expect([error.message, error.code]).toEqual(['query was canceled in expression evaluation', 'canceled']);
  });
});

test('the plan says what was done', async () => {
  const data = [
    series({ __name__: 'm_total', job: 'a' }, 1, 2, 3),
    series({ __name__: 'm_total', job: 'b' }, 1, 2, 3),
  ];
  const text = 'sum by (job) (rate(m_total[5m])) / 2';
  const { plan, stats } = await engineOver(data).instant({ text, timeMs: 120_000 });
  expect(plan.operation).toBe('binary /');
  expect(plan.children[0]).toMatchObject({
    operation: 'fused sum by (job) (rate)',
    expression: 'sum by (job) (rate(m_total[5m]))',
    seriesOut: 2,
    samplesRead: 6,
  });
  expect(stats).toMatchObject({ seriesRead: 2, rowsRead: 6, totalSamples: 6 });
});
