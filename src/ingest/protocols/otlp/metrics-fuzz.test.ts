import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../lib/errors.ts';
import { type TableName, tables } from '../../../store/index.ts';
import type { Decoder } from '../../types.ts';
import { decodeMetricsJson } from './metrics-json.ts';
import { decodeMetricsProtobuf } from './metrics-protobuf.ts';
import {
  attributesOf,
  createContext,
  doubleJson,
  encodeMetricsRequest,
  markBatch,
  NOW_MS,
  nanos,
  requestOf,
  rollbackBatch,
  rowsOf,
} from './metrics-test-kit.ts';

const TABLES = Object.keys(tables) as TableName[];
const METRIC_TABLES = TABLES.filter((name) => name.startsWith('metric_'));

/** A batch that holds something already, as the writer's usually does. */
const context = createContext();
const rowCounts = () =>
  TABLES.map((table) => Object.values(context.batch[table]).map((column) => column.length));

/** Decodes as the pipeline does; bytes that are not the protocol must leave everything as it was. */
function decodeOrRollBack(decode: Decoder, body: Uint8Array): void {
  const before = rowCounts();
  markBatch(context.batch);
  context.streams.mark();
  try {
    decode(body, context);
    // Every column of a table has the same number of rows.
    for (const counts of rowCounts()) expect(new Set(counts).size).toBe(1);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
  }
  rollbackBatch(context.batch);
  context.streams.rollback();
  expect(rowCounts()).toEqual(before);
}

function encodeIfNeeded(decode: Decoder, request: object): Uint8Array {
  return decode === decodeMetricsJson ? Buffer.from(JSON.stringify(request)) : encodeMetricsRequest(request);
}

const times = { startTimeUnixNano: nanos(NOW_MS - 1000), timeUnixNano: nanos(NOW_MS) };
const exemplars = [{ asDouble: 1, traceId: '01'.repeat(16), filteredAttributes: attributesOf({ a: 'b' }) }];
const point = { ...times, attributes: attributesOf({ a: 'x', b: true, c: 1.5 }), exemplars };
const seed = requestOf([
  { name: 'g', unit: 'By', description: 'text', gauge: { dataPoints: [{ ...point, asDouble: 1.5 }] } },
  {
    name: 'c',
    sum: { dataPoints: [{ ...point, asInt: '3' }], aggregationTemporality: 2, isMonotonic: true },
  },
  {
    name: 'd',
    sum: { dataPoints: [{ ...point, asInt: '3' }], aggregationTemporality: 1, isMonotonic: true },
  },
  {
    name: 'h',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [{ ...point, count: 3, sum: 4, bucketCounts: [1, 2], explicitBounds: [1] }],
    },
  },
  {
    name: 'e',
    exponentialHistogram: {
      aggregationTemporality: 1,
      dataPoints: [{ ...point, count: 3, scale: 2, positive: { offset: -3, bucketCounts: [1, 2] } }],
    },
  },
  {
    name: 's',
    summary: {
      dataPoints: [
        {
          ...times,
          attributes: attributesOf({ q: 'r' }),
          count: 2,
          quantileValues: [{ quantile: 1, value: 2 }],
        },
      ],
    },
  },
]);

describe('anything that is sent', () => {
  const protobuf = encodeMetricsRequest(seed);
  const json = Buffer.from(JSON.stringify(seed));
  decodeMetricsProtobuf(protobuf, context);

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        decodeOrRollBack(decodeMetricsProtobuf, body);
        decodeOrRollBack(decodeMetricsJson, body);
      }),
      { numRuns: 200 },
    );
  });

  test('truncations', () => {
    for (let end = 0; end < protobuf.length; end += 3) {
      decodeOrRollBack(decodeMetricsProtobuf, protobuf.subarray(0, end));
    }
    for (let end = 0; end < json.length; end += 19)
      decodeOrRollBack(decodeMetricsJson, json.subarray(0, end));
  });

  test('flipped bytes', () => {
    const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 4 }), fc.boolean(), (flips, isJson) => {
        const body = Uint8Array.from(isJson ? json : protobuf);
        for (const [at, mask] of flips) body[at % body.length]! ^= mask;
        decodeOrRollBack(isJson ? decodeMetricsJson : decodeMetricsProtobuf, body);
      }),
      { numRuns: 600 },
    );
  });

  test('JSON of any shape', () => {
    const member = fc.constantFrom(
      'resourceMetrics',
      'scopeMetrics',
      'metrics',
      'sum',
      'dataPoints',
      'attributes',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 8 },
        fc.constantFrom(null, '', 'x', 0, -1, 1.5, true, '7'),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(member, tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (request) =>
        decodeOrRollBack(decodeMetricsJson, Buffer.from(JSON.stringify(request))),
      ),
      { numRuns: 300 },
    );
  });
});

/** A request with any number points, in the form both encodings share. */
const anyRequest = fc.array(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 8 }),
    unit: fc.constantFrom('', 's', 'By', '1', '{x}', 'By/s'),
    kind: fc.constantFrom('gauge', 'delta', 'cumulative', 'updown'),
    points: fc.array(
      fc.record({
        attributes: fc.dictionary(
          fc.string({ maxLength: 6 }),
          fc.oneof(fc.string({ maxLength: 8 }), fc.boolean(), fc.double(), fc.maxSafeInteger()),
          { maxKeys: 4 },
        ),
        age: fc.nat(200_000),
        span: fc.nat(400_000),
        value: fc.oneof(
          fc.record({ asDouble: fc.double() }),
          fc.record({ asInt: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(String) }),
        ),
        flags: fc.constantFrom(0, 1),
      }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 4 },
);

test('both encodings of any request give the same rows', () => {
  fc.assert(
    fc.property(anyRequest, (metrics) => {
      const request = requestOf(
        metrics.map(({ name, unit, kind, points }) => {
          const dataPoints = points.map(({ attributes, age, span, value, flags }) => ({
            attributes: attributesOf(attributes),
            timeUnixNano: nanos(NOW_MS - age),
            startTimeUnixNano: nanos(NOW_MS - age - span),
            ...('asDouble' in value ? { asDouble: doubleJson(value.asDouble) } : value),
            flags,
          }));
          if (kind === 'gauge') return { name, unit, gauge: { dataPoints } };
          const aggregationTemporality = kind === 'delta' ? 1 : 2;
          return { name, unit, sum: { dataPoints, aggregationTemporality, isMonotonic: kind !== 'updown' } };
        }),
      );
      const results = [decodeMetricsProtobuf, decodeMetricsJson].map((decode) => {
        const fresh = createContext();
        const { accepted, rejected, rejections } = decode(encodeIfNeeded(decode, request), fresh);
        return {
          accepted,
          rejected,
          rejections,
          rows: METRIC_TABLES.map((table) => rowsOf(fresh.batch, table)),
        };
      });
      expect(results[0]).toEqual(results[1]);
      const sent = metrics.reduce((sum, { points }) => sum + points.length, 0);
      expect(results[0]!.accepted + results[0]!.rejected).toBe(sent);
    }),
    { numRuns: 200 },
  );
});
