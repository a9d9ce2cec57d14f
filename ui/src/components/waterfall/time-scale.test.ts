import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScale, panView, placeLabel, ticks, wholeView, zoomView } from './time-scale.ts';

const gaps = [{ startMs: 10_000, endMs: 1_000_000, label: 'idle' }];

describe('createScale', () => {
  it('is proportional when gaps are not folded', () => {
    const scale = createScale({ startMs: 0, endMs: 2_000_000, gaps, folded: false });
    expect(scale.toUnit(1_000_000)).toBeCloseTo(0.5);
    expect(scale.toMs(0.25)).toBeCloseTo(500_000);
  });

  it('folds a gap to a sliver', () => {
    const scale = createScale({ startMs: 0, endMs: 1_010_000, gaps, folded: true });
    expect(scale.toUnit(1_000_000) - scale.toUnit(10_000)).toBeLessThan(0.03);
    expect(scale.toUnit(10_000)).toBeGreaterThan(0.45);
  });

  it('rises with time, and back and forth meet', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500_000 }), { minLength: 2, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lengths, a, b) => {
          let at = 0;
          const found = lengths.map((length, i) => {
            const startMs = at;
            at += length;
            return i % 2 ? { startMs, endMs: at, label: 'idle' } : null;
          });
          const scale = createScale({
            startMs: 0,
            endMs: at,
            gaps: found.filter((gap) => gap !== null),
            folded: true,
          });
          const [low, high] = a < b ? [a, b] : [b, a];
          expect(scale.toMs(low)).toBeLessThanOrEqual(scale.toMs(high) + 1e-6);
          expect(scale.toUnit(scale.toMs(a))).toBeCloseTo(a, 6);
        },
      ),
    );
  });

  it('has a width for a session of one moment', () => {
    const scale = createScale({ startMs: 5, endMs: 5, gaps: [], folded: true });
    expect(scale.toUnit(5)).toBe(0);
    expect(scale.toMs(1)).toBe(6);
  });
});

describe('views', () => {
  it('zooms around a point and never leaves the session', () => {
    const closer = zoomView(wholeView, 0.5, 0);
    expect(closer).toEqual({ from: 0, to: 0.5 });
    expect(panView(closer, 10)).toEqual({ from: 0.5, to: 1 });
    expect(zoomView(closer, 100)).toEqual(wholeView);
  });
});

it('puts ticks on round times, at most one in a gap', () => {
  const scale = createScale({ startMs: 0, endMs: 1_010_000, gaps, folded: true });
  const found = ticks(scale, wholeView, gaps, 0.1);
  expect(found.length).toBeGreaterThan(3);
  expect(found.every(({ atMs }) => atMs % 2000 === 0)).toBe(true);
  expect(found.filter(({ atMs }) => atMs > 10_000 && atMs < 1_000_000).length).toBeLessThanOrEqual(1);
});

describe('placeLabel', () => {
  it('keeps text within the lane', () => {
    expect(placeLabel({ x: 0, width: 200 }, 50, 400)).toMatchObject({ side: 'inside', x: 6 });
    expect(placeLabel({ x: 10, width: 4 }, 50, 400)).toMatchObject({ side: 'right', x: 20 });
    expect(placeLabel({ x: 390, width: 8 }, 50, 400)).toMatchObject({ side: 'left', x: 334 });
    expect(placeLabel({ x: 0, width: 30 }, 50, 32)).toMatchObject({ side: 'none' });
  });

  it('never crosses the edges', () => {
    const size = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(size, size, size, fc.double({ min: 30, max: 500, noNaN: true }), (x, width, text, lane) => {
        const place = placeLabel({ x: Math.min(x, lane), width }, text, lane);
        expect(place.x).toBeGreaterThanOrEqual(0);
        if (place.side !== 'none') expect(place.x + place.widthMax).toBeLessThanOrEqual(lane + 1e-6);
      }),
    );
  });
});
