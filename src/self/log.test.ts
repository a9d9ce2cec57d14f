import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from './log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bellwether-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a line is JSON with time, level, message and fields, errors included', async () => {
  const file = join(folder, 'server.log');
  const log = createLog({ level: 'info', file });
  log.debug({}, 'not this');
  log.error({ error: new Error('boom'), port: 7070 }, 'could not listen');
  await log.close();
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: 'error',
    msg: 'could not listen',
    port: 7070,
    error: { message: 'boom' },
  });
  expect(Date.parse(lines[0].time)).toBeGreaterThan(0);
});

test('files rotate at 10 MB, are compressed, and three are kept', async () => {
  const file = join(folder, 'server.log');
  const log = createLog({ level: 'info', file });
  const filler = 'x'.repeat(1_000_000);
  for (let i = 0; i < 55; i++) {
    log.info({ filler, i }, 'line');
    // Rotation compresses in the background; yielding lets it keep up as it does between real log lines.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await log.close();
  const old = readdirSync(folder).filter((name) => name.endsWith('.gz'));
  expect(old.length).toBeGreaterThan(0);
  expect(old.length).toBeLessThanOrEqual(3);
  const text = gunzipSync(readFileSync(join(folder, old[0]!))).toString();
  expect(JSON.parse(text.split('\n')[0]!).msg).toBe('line');
});
