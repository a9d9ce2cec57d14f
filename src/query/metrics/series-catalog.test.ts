import { expect, test } from 'vitest';
import { silentLog } from '../../lib/log.ts';
import { createBatch, type Sql } from '../../store/index.ts';
import { createSeriesCatalog, type SeriesCatalog } from './series-catalog.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 20_000 * DAY_MS + 3_600_000;

function setUp(stored: object[] = []) {
  const asked: string[] = [];
  let nowMs = NOW_MS;
  const store = {
    query: async () => [],
    onReadiness: () => () => {},
    ready: () => ({ status: 'ok', message: '', sinceMs: 0 }) as const,
    async *stream<T>(query: Sql): AsyncIterable<T[]> {
      asked.push(query.text);
      yield stored as T[];
    },
  };
  const catalog = createSeriesCatalog({
    store,
    isShared: false,
    isStoreComplete: () => true,
    clock: () => nowMs,
    log: silentLog,
  });
  return { catalog, asked, advance: (ms: number) => (nowMs += ms) };
}

let ids = 0;

function note(
  catalog: SeriesCatalog,
  metric: string,
  labels: Record<string, string>,
  dayMs = NOW_MS - 3_600_000,
): void {
  const batch = createBatch();
  const rows = batch.metric_series;
  rows.metric.append(metric);
  rows.series_id.appendParts(++ids, 5);
  rows.seen_at.append(dayMs / 1000);
  for (const [name, value] of Object.entries(labels)) {
    rows.labels.keys.append(name);
    rows.labels.values.append(value);
  }
  rows.labels.close();
  rows.type.append('');
  rows.unit.append('');
  rows.storage.append('cumulative');
  catalog.note(batch);
}

async function find(
  catalog: SeriesCatalog,
  matchers: [string, '=' | '!=' | '=~' | '!~', string][],
  fromMs = NOW_MS - 1000,
  limit = 1000,
) {
  const search = {
    matchers: matchers.map(([name, type, value]) => ({ name, type, value })),
    fromMs,
    toMs: NOW_MS,
    limit,
  };
  return (await catalog.find(search)).map(({ labels }) => labels.toString()).sort();
}

test('recent series come from memory, which is filled from the store once', async () => {
  const stored = {
    series_id: 900,
    metric: 'up',
    names: ['job'],
    label_values: ['old'],
    storages: ['cumulative'],
    first_day: (NOW_MS - 3_600_000) / 1000,
    last_day: (NOW_MS - 3_600_000) / 1000,
  };
  const { catalog, asked } = setUp([stored]);
  note(catalog, 'up', { job: 'a' });
  expect(await find(catalog, [['__name__', '=', 'up']])).toEqual([
    '{__name__="up", job="a"}',
    '{__name__="up", job="old"}',
  ]);
  await find(catalog, [['__name__', '=', 'up']]);
  expect(asked).toHaveLength(1);
});

test('an index by label value gives what a search one by one gives', async () => {
  const { catalog } = setUp();
  for (let i = 0; i < 100; i++)
    note(catalog, 'm', { i: String(i), mod: String(i % 3), ...(i % 2 ? { odd: 'yes' } : {}) });
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['i', '=', '7'],
    ]),
  ).toHaveLength(1);
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['mod', '=', '1'],
      ['odd', '=', 'yes'],
    ]),
  ).toHaveLength(17);
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['odd', '=', ''],
    ]),
  ).toHaveLength(50);
  const two = await find(catalog, [
    ['__name__', '=', 'm'],
    ['i', '=~', '1.|2.'],
    ['odd', '=~', 'y.*'],
  ]);
  expect(two).toHaveLength(10);
  note(catalog, 'm', { i: '7', mod: '9' });
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['i', '=', '7'],
    ]),
  ).toHaveLength(2);
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['i', '=', 'none'],
    ]),
  ).toEqual([]);
});

test('regular expressions, negations and names without equality', async () => {
  const { catalog } = setUp();
  note(catalog, 'a_total', { job: 'x' });
  note(catalog, 'b_total', { job: 'y' });
  note(catalog, 'c', {});
  expect(
    await find(catalog, [
      ['__name__', '=~', '.*_total'],
      ['job', '!=', 'x'],
    ]),
  ).toEqual(['{__name__="b_total", job="y"}']);
  expect(await find(catalog, [['job', '=~', '']])).toEqual(['{__name__="c"}']);
});

test('older ranges are asked from the store, with the equality matchers in the statement', async () => {
  const { catalog, asked } = setUp();
  await find(
    catalog,
    [
      ['__name__', '=', "it's"],
      ['job', '=~', 'x.*'],
    ],
    NOW_MS - 30 * DAY_MS,
  );
  const statement = asked.at(-1)!;
  expect(statement).toContain("series.metric = 'it\\'s'");
  expect(statement).not.toContain('x.*');
});

test('too many series are an error and not a long wait', async () => {
  const { catalog } = setUp();
  for (let i = 0; i < 20; i++) note(catalog, 'm', { i: String(i) });
  await expect(find(catalog, [['__name__', '=', 'm']], NOW_MS, 10)).rejects.toMatchObject({
    code: 'too_many_series',
    status: 422,
  });
});

test('series last seen before yesterday are forgotten', async () => {
  const { catalog, advance } = setUp();
  for (let i = 0; i < 40; i++) note(catalog, 'm', { i: String(i) });
  expect(
    await find(catalog, [
      ['__name__', '=', 'm'],
      ['i', '=', '1'],
    ]),
  ).toHaveLength(1);
  advance(3 * DAY_MS);
  note(catalog, 'other', {}, NOW_MS - 3_600_000 + 3 * DAY_MS);
  expect(catalog.residentCount).toBe(1);
});
