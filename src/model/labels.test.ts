import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareText, Labels } from './labels.ts';

test('texts are ordered as their UTF-8 bytes are', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const wanted = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(Math.sign(compareText(a, b))).toBe(wanted);
    }),
  );
  expect(compareText('\uffff', '\u{10000}')).toBeLessThan(0);
});

test('labels are sorted, without empty values, and equal when they say the same', () => {
  const labels = Labels.from([
    ['b', '1'],
    ['__name__', 'm'],
    ['a', ''],
    ['B', '2'],
    ['b', '3'],
  ]);
  expect([...labels.entries()]).toEqual([
    ['B', '2'],
    ['__name__', 'm'],
    ['b', '3'],
  ]);
  expect(labels.equals(Labels.fromObject({ b: '3', B: '2', __name__: 'm' }))).toBe(true);
  expect(labels.toString()).toBe('{B="2", __name__="m", b="3"}');
  expect(
    labels
      .without(new Set(['B']))
      .with('c', '4')
      .get('c'),
  ).toBe('4');
  expect(labels.get('absent')).toBe('');
});

test('keys differ whatever the labels contain', () => {
  expect(Labels.fromObject({ a: '1:b1:2' }).key).not.toBe(Labels.fromObject({ a: '1', b: '2' }).key);
  expect(Labels.fromObject({ __proto__x: 'y' }).toObject()).toEqual({ __proto__x: 'y' });
});
