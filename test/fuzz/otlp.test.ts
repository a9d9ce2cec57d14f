import { expect, it } from 'vitest';
import { fuzzOtlp } from './otlp.ts';

/** The long run of `npm run fuzz`. */
const cases = Number(process.env.BELLWETHER_TEST_FUZZ_CASES ?? 200_000);
const seed = Number(process.env.BELLWETHER_TEST_FUZZ_SEED ?? 1);

it(`${cases} damaged requests, seed ${seed}`, { timeout: 3_600_000 }, () => {
  const result = fuzzOtlp({ cases, seed });
  console.log(`${result.decoded} decoded, ${result.refused} refused`);
  expect(result.decoded + result.refused).toBe(cases);
});
