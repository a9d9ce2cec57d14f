import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAttributes } from '../../agents/attributes.ts';
import type { AttributeValue } from '../../model/telemetry.ts';
import { typedAttributes } from './typed-attributes.ts';

describe('typedAttributes', () => {
  it('gives every type back', () => {
    const keys = ['s', 'i', 'I', 'd', 'N', 'b', 'x', 'n', 'a', 'm', 'broken', '__proto__'];
    const texts = [
      '5',
      '5',
      '9007199254740993',
      '0.5',
      'NaN',
      'true',
      'AQI=',
      '',
      '[{"intValue":"5"},{"stringValue":"x"},{}]',
      '[{"key":"k","value":{"arrayValue":{"values":[{"boolValue":true}]}}}]',
      '[{"intV…',
      'p',
    ];
    const typed = typedAttributes(keys, texts, 'siiddbxnamas');
    expect(Object.entries(typed)).toEqual([
      ['s', '5'],
      ['i', 5],
      ['I', '9007199254740993'],
      ['d', 0.5],
      ['N', 'NaN'],
      ['b', true],
      ['x', 'AQI='],
      ['n', null],
      ['a', [5, 'x', null]],
      ['m', { k: [true] }],
      ['broken', '[{"intV…'],
      ['__proto__', 'p'],
    ]);
  });

  it('is the inverse of what the ledger writes', () => {
    const leaf = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const value = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 5 }), leaf, { maxKeys: 4, noNullPrototype: true }),
    );
    const property = fc.property(
      fc.dictionary(fc.string({ maxLength: 8 }), value, { maxKeys: 10, noNullPrototype: true }),
      (plain) => {
        const values = new Map(Object.entries(plain)) as Map<string, AttributeValue>;
        const types = [...values.values()]
          .map((v) => (typeof v === 'number' ? (Number.isSafeInteger(v) ? 'i' : 'd') : '?'))
          .join('');
        const encoded = encodeAttributes({ values, types });
        const back = typedAttributes(encoded.keys, encoded.values, encoded.types);
        expect(JSON.stringify(back)).toBe(JSON.stringify(plain));
      },
    );
    fc.assert(property);
  });
});
