import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MapColumn, StringColumn } from '../../../store/index.ts';
import { rowsOf } from '../../../store/testing/native-rows.ts';
import { appendDouble, doubleText } from './any-value.ts';
import { WireAttributes } from './attributes.ts';
import { LIMITS } from './testing/context.ts';
import { encodePairs, type Pairs, storedPairs } from './testing/model.ts';
import { WireReader } from './wire.ts';

/** Decodes one record after the other with the same lists, each from a body of its own. */
function storedOneByOne(records: readonly Pairs[], attributesPerRecord: number): unknown[] {
  const reader = new WireReader();
  const lists = new WireAttributes(reader);
  const map = new MapColumn(new StringColumn());
  const types: string[] = [];
  for (const pairs of records) {
    const body = encodePairs(6, pairs);
    reader.reset(body);
    lists.clear({ ...LIMITS, attributesPerRecord });
    lists.open();
    const stop = lists.addFields(0x32, 0, body.length);
    expect(stop).toBe(body.length);
    lists.appendTo(0, map);
    types.push(lists.types(0));
  }
  return rowsOf({ map }).map((row, i) => ({ attributes: row.map, types: types[i] }));
}

// Few keys, so that records share a beginning, repeat a key, or are the same several times in a row.
const key = fc.constantFrom('a', 'b', 'cd', 'ce', 'long.key.one', 'long.key.two', 'ü', 'k'.repeat(127));
const pairsOf = fc.array(
  fc.tuple(key, fc.constantFrom({ s: 'x' }, { i: 7n }, { i: 300n }, { b: true }, { d: 1.5 })),
  {
    maxLength: 6,
  },
);
const runs = fc
  .array(fc.tuple(pairsOf, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.flatMap(([pairs, times]) => Array.from({ length: times }, () => pairs as Pairs)));

it('records that follow a run of keys, leave it or repeat a key are stored as the model says', () => {
  fc.assert(
    fc.property(runs, (records) => {
      expect(storedOneByOne(records, 100)).toEqual(records.map((pairs) => storedPairs(pairs)));
    }),
    { numRuns: 500 },
  );
});

it('the limit holds for records that follow a run', () => {
  const pairs: Pairs = [
    ['a', { s: '1' }],
    ['b', { s: '2' }],
    ['c', { s: '3' }],
  ];
  const reader = new WireReader();
  const lists = new WireAttributes(reader);
  for (const attributesPerRecord of [3, 3, 3, 2]) {
    reader.reset(encodePairs(6, pairs));
    lists.clear({ ...LIMITS, attributesPerRecord });
    lists.open();
    lists.addFields(0x32, 0, reader.end);
    lists.appendTo(0, new MapColumn(new StringColumn()));
    expect([lists.count(0), lists.dropped(0)]).toEqual([attributesPerRecord, 3 - attributesPerRecord]);
  }
});

it('doubles of few decimals are written as their shortest text', () => {
  const written = (value: number) => {
    const column = new StringColumn();
    appendDouble(value, column);
    return rowsOf({ column })[0]!.column;
  };
  const decimal = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 }), fc.integer({ min: 0, max: 9 }))
    .map(([units, decimals]) => units / 10 ** decimals);
  const edges = [
    0,
    -0,
    1e-6,
    1e-7,
    0.1,
    0.3,
    0.1 + 0.2,
    2147.483647,
    2147.483648,
    2147483.647,
    2147483647,
    1e21,
  ];
  for (const value of edges) expect(written(value)).toBe(doubleText(value));
  fc.assert(
    fc.property(fc.oneof(decimal, fc.double()), (value) => {
      expect(written(value)).toBe(doubleText(value));
    }),
    { numRuns: 2000 },
  );
});
