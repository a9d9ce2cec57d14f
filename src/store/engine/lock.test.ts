import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockDataDir } from './lock.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'bellwether-lock-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A process that holds the lock as `lockDataDir` does, until it is killed. */
async function holder(): Promise<{ pid: number; kill: () => Promise<void> }> {
  const sqlite = createRequire(import.meta.url).resolve('better-sqlite3');
  const program = `
    const fs = require('node:fs');
    const db = new (require(${JSON.stringify(sqlite)}))(${JSON.stringify(join(dataDir, 'server.lock'))});
    db.pragma('locking_mode = EXCLUSIVE'); db.exec('BEGIN EXCLUSIVE');
    const stat = fs.readFileSync('/proc/self/stat', 'utf8');
    const start_time = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    fs.writeFileSync(${JSON.stringify(join(dataDir, 'server.pid'))}, JSON.stringify({ pid: process.pid, start_time }));
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid!, kill };
}

it('is held once and can be taken again after release', () => {
  const lock = lockDataDir(dataDir);
  expect(() => lockDataDir(dataDir)).toThrow(
    expect.objectContaining({
      code: 'data_dir_in_use',
      message: expect.stringContaining(`pid ${process.pid}`),
    }),
  );
  lockDataDir(dataDir, 'engine').release();
  lock.release();
  lockDataDir(dataDir).release();
});

it.runIf(process.platform === 'linux')(
  'names another holder, and is free as soon as that one is killed',
  async () => {
    const other = await holder();
    try {
      expect(() => lockDataDir(dataDir)).toThrow(new RegExp(`pid ${other.pid}\\b`));
    } finally {
      await other.kill();
    }
    lockDataDir(dataDir).release();
  },
);

it('does not believe what a dead process left behind, even under a pid that is in use again', () => {
  writeFileSync(join(dataDir, 'server.pid'), JSON.stringify({ pid: process.ppid, start_time: '1' }));
  const lock = lockDataDir(dataDir);
  expect(JSON.parse(readFileSync(join(dataDir, 'server.pid'), 'utf8'))).toMatchObject({ pid: process.pid });
  lock.release();
});

it('explains a directory that cannot be used', () => {
  writeFileSync(join(dataDir, 'file'), '');
  expect(() => lockDataDir(join(dataDir, 'file', 'below'))).toThrow(
    expect.objectContaining({ code: 'data_dir_unusable' }),
  );
});
