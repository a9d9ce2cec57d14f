// `npm run docs`: writes the pages of docs/ that are derived from the code. A test fails when they are out of date.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

await setUp();
const { status } = spawnSync(process.execPath, [join(root, 'dist', 'main.js'), 'docs', join(root, 'docs')], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
