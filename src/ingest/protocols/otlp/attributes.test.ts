import { describe, expect, it } from 'vitest';
import { MapColumn, StringColumn } from '../../../store/index.ts';
import { rowsOf } from '../../../store/testing/native-rows.ts';
import type { IngestLimits } from '../../types.ts';
import { type AttributeLists, JsonAttributes, toAttributes, WireAttributes } from './attributes.ts';
import { LIMITS } from './testing/context.ts';
import {
  bytesField,
  encodePairs,
  encodeValue,
  jsonPairs,
  type Pairs,
  storedPairs,
  type Value,
} from './testing/model.ts';
import { WireReader } from './wire.ts';

function fromWire(pairs: Pairs, limits: Partial<IngestLimits> = {}): WireAttributes {
  return fromWireBytes(encodePairs(1, pairs), limits);
}

/** `bytes` are a message whose fields number 1 are KeyValues. */
function fromWireBytes(bytes: Uint8Array, limits: Partial<IngestLimits> = {}): WireAttributes {
  const reader = new WireReader(bytes);
  const lists = new WireAttributes(reader);
  lists.clear({ ...LIMITS, ...limits });
  lists.open();
  while (reader.nextField() !== 0) {
    reader.range();
    const { stop } = reader;
    lists.add(reader.start, stop);
    reader.seek(stop, bytes.length);
  }
  return lists;
}

function fromJson(pairs: Pairs, limits: Partial<IngestLimits> = {}): JsonAttributes {
  const lists = new JsonAttributes();
  lists.clear({ ...LIMITS, ...limits });
  lists.add(JSON.parse(JSON.stringify(jsonPairs(pairs))) as unknown[]);
  return lists;
}

function stored(lists: AttributeLists, list = 0) {
  const map = new MapColumn(new StringColumn());
  lists.appendTo(list, map);
  return { attributes: rowsOf({ map })[0]!.map, types: lists.types(list) };
}

const encodings = [
  ['protobuf', fromWire],
  ['JSON', fromJson],
] as const;

const scalars: Pairs = [
  ['text', { s: 'grüße 😀' }],
  ['empty', { s: '' }],
  ['zero', { i: 0n }],
  ['small', { i: 42n }],
  ['31 bits', { i: 2_147_483_647n }],
  ['32 bits', { i: 2_147_483_648n }],
  ['negative', { i: -1n }],
  ['beyond 2^53', { i: 9_007_199_254_740_993n }],
  ['most', { i: 9_223_372_036_854_775_807n }],
  ['least', { i: -9_223_372_036_854_775_808n }],
  ['double', { d: 0.1 }],
  ['tiny', { d: 5e-324 }],
  ['huge', { d: 1.7976931348623157e308 }],
  ['nan', { d: Number.NaN }],
  ['infinite', { d: Number.POSITIVE_INFINITY }],
  ['minus infinite', { d: Number.NEGATIVE_INFINITY }],
  ['yes', { b: true }],
  ['no', { b: false }],
  ['bytes', { x: Uint8Array.from([0, 255, 128]) }],
  ['nothing', { n: true }],
];

describe.each(encodings)('from %s', (_name, from) => {
  it('every scalar is kept with its type', () => {
    expect(stored(from(scalars))).toEqual({
      attributes: [
        ['text', 'grüße 😀'],
        ['empty', ''],
        ['zero', '0'],
        ['small', '42'],
        ['31 bits', '2147483647'],
        ['32 bits', '2147483648'],
        ['negative', '-1'],
        ['beyond 2^53', '9007199254740993'],
        ['most', '9223372036854775807'],
        ['least', '-9223372036854775808'],
        ['double', '0.1'],
        ['tiny', '5e-324'],
        ['huge', '1.7976931348623157e+308'],
        ['nan', 'NaN'],
        ['infinite', 'Infinity'],
        ['minus infinite', '-Infinity'],
        ['yes', 'true'],
        ['no', 'false'],
        ['bytes', 'AP+A'],
        ['nothing', ''],
      ],
      types: 'ssiiiiiiiiddddddbbxn',
    });
  });

  it('arrays and maps become JSON with typed leaves', () => {
    const value: Value = {
      m: [
        ['a', { a: [{ s: 'x"y' }, { i: 7n }, { d: 1.5 }, { d: Number.NaN }, { b: true }, { n: true }] }],
        ['b', { x: Uint8Array.from([1]) }],
        ['b', { m: [] }],
      ],
    };
    expect(stored(from([['map', value]]))).toEqual({
      attributes: [
        [
          'map',
          '[{"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x\\"y"},{"intValue":"7"},{"doubleValue":1.5},' +
            '{"doubleValue":"NaN"},{"boolValue":true},{}]}}},{"key":"b","value":{"bytesValue":"AQ=="}},' +
            '{"key":"b","value":{"kvlistValue":{"values":[]}}}]',
        ],
      ],
      types: 'm',
    });
  });

  it('as plain data for observers', () => {
    const lists = from([
      ...scalars.slice(0, 4),
      ...scalars.slice(7, 8),
      ['list', { a: [{ i: 1n }, { m: [['k', { b: true }]] }] }],
    ]);
    const { values, types } = toAttributes(lists, 0);
    expect([...values]).toEqual([
      ['text', 'grüße 😀'],
      ['empty', ''],
      ['zero', 0],
      ['small', 42],
      ['beyond 2^53', 9_007_199_254_740_993n],
      ['list', [1, { k: true }]],
    ]);
    expect(types).toBe('ssiiia');
  });

  it('a repeated key keeps its place and its last value', () => {
    const lists = from([
      ['a', { s: 'first' }],
      ['b', { i: 1n }],
      ['a', { i: 2n }],
      ['a', { b: true }],
    ]);
    expect(stored(lists)).toEqual({
      attributes: [
        ['a', 'true'],
        ['b', '1'],
      ],
      types: 'bi',
    });
    expect(lists.dropped(0)).toBe(0);
  });

  it('attributes over the limit are dropped and counted, repeats are not', () => {
    const pairs = Array.from({ length: 300 }, (_, i): [string, Value] => [
      `key ${i % 250}`,
      { i: BigInt(i) },
    ]);
    const lists = from(pairs, { attributesPerRecord: 200 });
    expect(lists.count(0)).toBe(200);
    // Keys 200 to 249 come once and have no room; keys 0 to 49 come again and replace.
    expect(lists.dropped(0)).toBe(50);
    expect(stored(lists).attributes).toEqual(
      Array.from({ length: 200 }, (_, i) => [`key ${i}`, String(i < 50 ? i + 250 : i)]),
    );
  });

  it('values over the limit are cut at a character boundary', () => {
    const cut = (text: string, valueBytes: number) => {
      const lists = from([['k', { s: text }]], { valueBytes });
      return [(stored(lists).attributes as string[][])[0]![1], lists.cutCount];
    };
    expect(cut('abcdef', 6)).toEqual(['abcdef', 0]);
    expect(cut('abcdef', 5)).toEqual(['abcde', 1]);
    expect(cut('aüb', 2)).toEqual(['a', 1]);
    expect(cut('aüb', 3)).toEqual(['aü', 1]);
    expect(cut('😀😀', 7)).toEqual(['😀', 1]);
    expect(cut('x'.repeat(2_000_000), 65_536)).toEqual(['x'.repeat(65_536), 1]);
  });

  it('bytes over the limit are cut so that base64 stays valid', () => {
    const lists = from([['k', { x: new Uint8Array(100).fill(1) }]], { valueBytes: 18 });
    expect(stored(lists)).toEqual({ attributes: [['k', 'AQEBAQEBAQEBAQEB']], types: 'x' });
    expect(lists.cutCount).toBe(1);
  });

  it('a nested value over the limit is cut and becomes a string', () => {
    const lists = from([['k', { a: Array.from({ length: 1000 }, () => ({ s: 'üü' })) }]], { valueBytes: 20 });
    expect(stored(lists)).toEqual({ attributes: [['k', '[{"stringValue":"ü']], types: 's' });
    expect(toAttributes(lists, 0).values.get('k')).toBe('[{"stringValue":"ü');
    expect(lists.cutCount).toBe(1);
  });

  it('keys are cut at 1024 bytes', () => {
    const lists = from([['ü'.repeat(600), { i: 1n }]]);
    expect(stored(lists).attributes).toEqual([['ü'.repeat(512), '1']]);
    expect(lists.key(0, 0)).toBe('ü'.repeat(512));
  });

  it('depth counts arrays and maps inside each other', () => {
    const nested = (depth: number): Value => (depth === 0 ? { s: 'x' } : { a: [nested(depth - 1)] });
    expect(from([['k', nested(16)]]).isTooDeep).toBe(false);
    expect(from([['k', nested(17)]]).isTooDeep).toBe(true);
    expect(from([['k', nested(1)]], { valueDepth: 0 }).isTooDeep).toBe(true);
    expect(from([['k', nested(0)]], { valueDepth: 0 }).isTooDeep).toBe(false);
  });
});

it('minus zero keeps its sign from protobuf; JSON has none', () => {
  expect(stored(fromWire([['z', { d: -0 }]])).attributes).toEqual([['z', '-0']]);
});

it('a protobuf value nested 20,000 deep is refused without deep recursion', () => {
  let value: Buffer = encodeValue({ s: 'x' });
  for (let i = 0; i < 20_000; i++)
    value = bytesField(i % 2 === 0 ? 5 : 6, bytesField(1, i % 2 === 0 ? value : bytesField(2, value)));
  const pair = Buffer.concat([bytesField(1, 'k'), bytesField(2, value)]);
  expect(fromWireBytes(bytesField(1, pair)).isTooDeep).toBe(true);
});

it('a JSON value nested 20,000 deep is refused without deep recursion', () => {
  const open = '{"arrayValue":{"values":[';
  const text = `[{"key":"k","value":${open.repeat(20_000)}${']}}'.repeat(20_000)}}]`;
  const lists = new JsonAttributes();
  lists.clear(LIMITS);
  lists.add(JSON.parse(text) as unknown[]);
  expect(lists.isTooDeep).toBe(true);
});

it('text that is not UTF-8 is repaired', () => {
  const broken = Buffer.from([0x61, 0xff, 0x62, 0xc3]);
  const pair = Buffer.concat([bytesField(1, broken), bytesField(2, bytesField(1, broken))]);
  expect(stored(fromWireBytes(bytesField(1, pair)))).toEqual({
    attributes: [['a\ufffdb\ufffd', 'a\ufffdb\ufffd']],
    types: 's',
  });
});

it('fields in any order, repeated and unknown ones are understood', () => {
  const value = encodeValue({ s: 'v' });
  const unknown = Buffer.concat([bytesField(99, 'x'), Buffer.from([0x18, 0x05])]);
  const pair = Buffer.concat([
    bytesField(2, encodeValue({ i: 1n })),
    unknown,
    bytesField(2, Buffer.concat([encodeValue({ b: true }), value, bytesField(42, 'y')])),
    bytesField(1, 'old key'),
    bytesField(1, 'key'),
  ]);
  expect(stored(fromWireBytes(bytesField(1, pair)))).toEqual({ attributes: [['key', 'v']], types: 's' });
});

it('a KeyValue without key or value', () => {
  const bytes = Buffer.concat([bytesField(1, ''), bytesField(1, bytesField(1, 'k'))]);
  expect(stored(fromWireBytes(bytes))).toEqual({
    attributes: [
      ['', ''],
      ['k', ''],
    ],
    types: 'nn',
  });
});

it('JSON integers may be numbers, exact text, or have a fraction of zero', () => {
  const lists = new JsonAttributes();
  lists.clear(LIMITS);
  const value = (intValue: unknown) => ({ key: String(intValue), value: { intValue } });
  lists.add([value(5), value('007'), value('9007199254740993'), value(-3), value('1e3'), value('2.0')]);
  expect((stored(lists).attributes as string[][]).map(([, text]) => text)).toEqual([
    '5',
    '7',
    '9007199254740993',
    '-3',
    '1000',
    '2',
  ]);
});

it.each([
  [{ intValue: 'x' }],
  [{ intValue: 1.5 }],
  [{ intValue: '9223372036854775808' }],
  [{ doubleValue: 'much' }],
  [{ boolValue: 1 }],
  [{ stringValue: 5 }],
  [{ bytesValue: [] }],
  [{ arrayValue: 'x' }],
  [{ arrayValue: { values: {} } }],
  ['text'],
])('JSON value %j is an error', (value) => {
  const lists = new JsonAttributes();
  lists.clear(LIMITS);
  expect(() => lists.add([{ key: 'k', value }])).toThrow(/Not valid OTLP\/JSON/);
});

it('a map key `__proto__` is a key like any other', () => {
  const pairs: Pairs = [['m', { m: [['__proto__', { s: 'x' }]] }]];
  for (const [, from] of encodings) {
    const value = toAttributes(from(pairs), 0).values.get('m') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  }
});

it('lists of one record do not mix, record after record', () => {
  const reader = new WireReader();
  const lists = new WireAttributes(reader);
  for (let record = 0; record < 300; record++) {
    const pairs = (list: number): Pairs =>
      Array.from({ length: (record + list) % 40 }, (_, i) => [
        `k${i % 30}`,
        { i: BigInt(record * 100 + list + i) },
      ]);
    const messages = [0, 1, 2].map((list) => encodePairs(1, pairs(list)));
    const body = Buffer.concat(messages);
    reader.reset(body);
    lists.clear(LIMITS);
    let end = 0;
    for (const message of messages) {
      lists.open();
      reader.seek(end, end + message.length);
      end += message.length;
      while (reader.nextField() !== 0) {
        reader.range();
        const { stop } = reader;
        lists.add(reader.start, stop);
        reader.seek(stop, end);
      }
    }
    for (const list of [0, 1, 2]) expect(stored(lists, list)).toEqual(storedPairs(pairs(list)));
  }
});
