// `npm run fuzz`: the long run of the decoder fuzzing: every recorded request, byte by byte. `-- 1000000 7`: cases and seed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

const [cases = '200000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
await setUp();
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'fuzz'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, BELLWETHER_TEST_FUZZ_CASES: cases, BELLWETHER_TEST_FUZZ_SEED: seed },
});
process.exit(status ?? 1);
