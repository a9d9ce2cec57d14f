import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` runs beside the code in parallel; `ui` in a simulated browser; `acceptance` starts whole servers, engines
 * and browsers, so its files run one after the other to keep two cores from fighting over them.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        plugins: [react()],
        resolve: { alias: { '@contract': fileURLToPath(new URL('src/contract/index.ts', import.meta.url)) } },
        test: {
          name: 'ui',
          include: ['ui/**/*.test.{ts,tsx}'],
          environment: 'happy-dom',
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'acceptance',
          include: ['test/acceptance/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      // The long run of `npm run fuzz`; `npm test` leaves it out and runs a short one among the unit tests.
      { test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'] } },
    ],
  },
});
