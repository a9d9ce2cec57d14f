import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/**
 * Three projects: `unit` runs beside the code; `ui` in a simulated browser; `acceptance` starts whole servers, engines and browsers. Two
 * files run at a time, whatever the machine: the tests wait as much as they work, and more would only fight over the cores.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      // The long run of `npm run fuzz`; `npm test` leaves it out and runs a short one among the unit tests.
      { test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'] } },
    ],
  },
});
