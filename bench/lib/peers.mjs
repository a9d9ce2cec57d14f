import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';

// Prometheus and Alertmanager as this machine has them, to be measured beside. Absent ones are left out.

const PROMETHEUS = '/usr/bin/prometheus';
const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const READY_TRIES = 300;

export const hasPrometheus = () => existsSync(PROMETHEUS);
export const hasAlertmanager = () => existsSync(ALERTMANAGER);
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve) => {
    const server = createTcpServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startPeer(name, command, { args, port }) {
  const child = spawn(command, args, { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; !(await fetch(`${url}/-/ready`).catch(() => undefined))?.ok; i++) {
    if (i === READY_TRIES || child.exitCode !== null) throw new Error(`${name} does not become ready`);
    await sleep(100);
  }
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  return { name, url, pid: child.pid, stop };
}

/** With a receiver of remote writes. Rule files are named in `config`, relative to the folder. */
export async function startPrometheus(folder, config) {
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
  ];
  return await startPeer('Prometheus', PROMETHEUS, { args, port });
}

/** One that talks to no others. */
export async function startAlertmanager(folder, configFile) {
  const port = await freePort();
  mkdirSync(join(folder, 'alertmanager'));
  const args = [
    `--config.file=${configFile}`,
    `--storage.path=${join(folder, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  return await startPeer('Alertmanager', ALERTMANAGER, { args, port });
}

/** A webhook receiver. Calls back with the moment a request's head was here, its path and its body once that is complete. */
export async function startSink(onNotification) {
  const server = createServer((request, response) => {
    const atMs = performance.timeOrigin + performance.now();
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      response.end();
      onNotification({ atMs, path: request.url, body: JSON.parse(Buffer.concat(parts).toString()) });
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

/** The value below which this share of the values is. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
