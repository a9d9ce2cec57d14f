// `npm run check`: types, lint, then every test. Stops at the first failure.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, say, setUp } from './setup.mjs';

await setUp();
const bin = (name) => join(root, 'node_modules', '.bin', name);
const checks = [
  ['types of the server', bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']],
  ['types of the tests', bin('tsc'), ['-p', 'test/tsconfig.json']],
  ['types of the UI', bin('tsc'), ['-p', 'ui/tsconfig.json', '--noEmit']],
  ['lint and format', bin('biome'), ['check', '.']],
  ['tests', process.execPath, [join(root, 'scripts', 'test.mjs')]],
];
for (const [what, command, args] of checks) {
  say(what);
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) {
    say(`${what}: failed`);
    process.exit(result.status ?? 1);
  }
}
