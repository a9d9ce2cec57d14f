// Every benchmark, one after the other: `npm run bench`, or `npm run bench -- decode-otlp` for one.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setUp } from '../scripts/setup.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const all = readdirSync(folder).filter((name) => name.endsWith('.mjs') && name !== 'run.mjs');
const [only, ...rest] = process.argv.slice(2);
await setUp();
for (const name of all.filter((file) => only === undefined || file === `${only}.mjs`)) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [`${folder}${name}`, ...rest], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
