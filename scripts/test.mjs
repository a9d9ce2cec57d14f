// `npm test`: set-up, a browser if there is none, every test, and one closing line. Arguments go to the runner.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say, setUp } from './setup.mjs';

const reportFile = join(root, '.setup', 'test-report.json');
const debianPackages = {
  chromium: ['/usr/bin/chromium'],
  promtool: ['/usr/bin/promtool'],
  amtool: ['/usr/bin/amtool'],
};
const packageOf = { chromium: 'chromium', promtool: 'prometheus', amtool: 'prometheus-alertmanager' };

function apt(...args) {
  return spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Browser tests need Chromium, a few others promtool and amtool. On Debian as root they are installed; elsewhere the tests say what is missing. */
function installPeers() {
  const missing = Object.keys(debianPackages).filter((name) => !debianPackages[name].some(existsSync));
  if (process.env.CHROMIUM_PATH && missing.includes('chromium'))
    missing.splice(missing.indexOf('chromium'), 1);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say(
      `not found: ${missing.join(', ')}; tests that need them are skipped and say so (CHROMIUM_PATH names a browser)`,
    );
    return;
  }
  const packages = missing.map((name) => packageOf[name]);
  say(`installing ${packages.join(', ')} with apt-get for the tests`);
  apt('update', '-q');
  for (const name of packages) {
    if (apt('install', '-y', '-q', '--no-install-recommends', name).status !== 0)
      say(`apt-get could not install ${name}`);
  }
}

await setUp();
installPeers();
const args = process.argv.slice(2);
const projects = args.includes('--project')
  ? []
  : ['unit', 'ui', 'acceptance'].flatMap((name) => ['--project', name]);
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const result = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...projects,
    ...args,
  ],
  { cwd: root, stdio: 'inherit' },
);
if (existsSync(reportFile)) {
  const report = JSON.parse(readFileSync(reportFile, 'utf8'));
  const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
  console.log(
    `${report.numPassedTests} passed, ${report.numFailedTests} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
  );
}
process.exit(result.status ?? 1);
