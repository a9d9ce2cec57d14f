import { expect, it } from 'vitest';
import { fuzzOtlp } from './fuzz/otlp.ts';

it('damaged OTLP requests are decoded or refused, and never leave half a row', { timeout: 120_000 }, () => {
  const { decoded, refused } = fuzzOtlp({ cases: 2000, seed: 20_261_120 });
  expect(decoded).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});
