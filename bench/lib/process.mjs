import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const ticksPerSecond = 100;

/** Starts the built server on free ports with a data folder of its own and waits until it is ready. */
export async function startServer({
  dataDir = mkdtempSync(join(tmpdir(), 'bellwether-bench-')),
  args = [],
  nodeArgs = [],
} = {}) {
  const startedMs = performance.now();
  const listen = [
    '--listen',
    '127.0.0.1:0',
    '--otlp-http-listen',
    '127.0.0.1:0',
    '--otlp-grpc-listen',
    '127.0.0.1:0',
  ];
  const child = spawn(process.execPath, [...nodeArgs, entry, '--data-dir', dataDir, ...listen, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = await readUrl(child);
  await waitReady(url);
  return {
    url,
    pid: child.pid,
    dataDir,
    readyMs: performance.now() - startedMs,
    async stop({ keep = false } = {}) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
      if (!keep) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function readUrl(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const match = /UI and API\s+(http:\S+)/.exec(text);
      if (match) resolve(match[1]);
    });
  });
}

async function waitReady(url) {
  for (let i = 0; i < 600; i++) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not ready after 30 s');
}

function processTree(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return [pid, ...children.flatMap(processTree)];
}

/** Resident megabytes and CPU seconds of each process of the tree: the server first, then its engine. */
export function usage(pid) {
  return processTree(pid).map((member) => {
    const status = readFileSync(`/proc/${member}/status`, 'utf8');
    const stat = readFileSync(`/proc/${member}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
      cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    };
  });
}

/** Bytes of all files below a folder. */
export function folderBytes(folder) {
  let total = 0;
  for (const item of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue;
    try {
      total += statSync(join(item.parentPath, item.name)).size;
    } catch (error) {
      // Merges remove parts while we look.
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return total;
}
