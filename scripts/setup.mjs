// Brings a clone to the point where it runs: dependencies, server build, UI build. Only Node's own modules, because nothing
// else is there yet. Quick when nothing changed: each step keeps a fingerprint of its inputs in .setup/.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stateDir = join(root, '.setup');
const lockDir = join(stateDir, 'lock');
const minimumNode = [20, 19];
const lockWaitMs = 10 * 60_000;

export function say(text) {
  process.stderr.write(`[setup] ${text}\n`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  say(`Node ${process.versions.node} is too old: Bellwether needs ${minimumNode.join('.')} or later.`);
  process.exit(1);
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'dist')
    .flatMap((entry) => filesBelow(join(path, entry.name)));
}

function fingerprint(inputs) {
  const hash = createHash('sha256').update(process.version);
  for (const file of inputs.flatMap((input) => filesBelow(join(root, input))).sort()) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function run(command, args, what) {
  const started = Date.now();
  say(`${what} ...`);
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    say(`${what} failed (${command} ${args.join(' ')}: ${result.error?.message ?? `exit ${result.status}`})`);
    process.exit(1);
  }
  say(`${what}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const node = (script, ...args) => [process.execPath, [join(root, script), ...args]];

const steps = [
  {
    name: 'dependencies',
    what: 'installing dependencies (a few minutes the first time)',
    inputs: ['package.json', 'package-lock.json', 'sdk/package.json'],
    outputs: ['node_modules/chdb', 'node_modules/typescript', 'node_modules/better-sqlite3/build'],
    command: ['npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']],
  },
  {
    name: 'server',
    what: 'building the server',
    inputs: ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    outputs: ['dist/main.js'],
    command: node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'),
  },
  {
    name: 'ui',
    what: 'building the UI',
    inputs: ['ui', 'src/contract', 'package-lock.json'],
    outputs: ['dist/ui/index.html'],
    command: node('node_modules/vite/bin/vite.js', 'build', 'ui', '--logLevel', 'warn'),
  },
];

/** Two starts at the same moment must not build into each other: the second waits for the first. */
async function withLock(work) {
  mkdirSync(stateDir, { recursive: true });
  const deadline = Date.now() + lockWaitMs;
  let told = false;
  while (!takeLock()) {
    if (Date.now() > deadline) {
      say(`another set-up holds ${relative(root, lockDir)} for too long; remove it if none is running`);
      process.exit(1);
    }
    if (!told) say('waiting for another set-up of this clone');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    work();
  } finally {
    rmSync(lockDir, { recursive: true, force: true });
  }
}

function takeLock() {
  try {
    mkdirSync(lockDir);
    writeFileSync(join(lockDir, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    removeStaleLock();
    return false;
  }
}

function removeStaleLock() {
  const pidFile = join(lockDir, 'pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    process.kill(pid, 0);
  } catch {
    // The process that held the lock is gone.
    rmSync(lockDir, { recursive: true, force: true });
  }
}

function isCurrent(step, print) {
  const file = join(stateDir, step.name);
  const outputsThere = step.outputs.every((output) => existsSync(join(root, output)));
  return outputsThere && existsSync(file) && readFileSync(file, 'utf8') === print;
}

/** Runs the steps whose inputs changed. */
export async function setUp() {
  checkNode();
  await withLock(() => {
    for (const step of steps) {
      const print = fingerprint(step.inputs);
      if (isCurrent(step, print)) continue;
      run(step.command[0], step.command[1], step.what);
      writeFileSync(join(stateDir, step.name), print);
    }
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await setUp();
