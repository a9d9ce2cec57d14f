import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeIntegration, notifierBench, numberedNotification } from '../notify-test-kit.ts';
import { createFileChannel } from './file.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'bellwether-file-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function benchFor(directory?: string) {
  const channel = createFileChannel(directory === undefined ? {} : { directory });
  const bench = notifierBench([channel], { policy: { maxAttempts: 1 } });
  const write = (number: number, settings: Record<string, unknown>) =>
    bench.deliver({
      notification: numberedNotification(number),
      integration: fakeIntegration({ channel: 'file', settings: channel.schema.parse(settings) }),
    });
  return { channel, write };
}

const idsIn = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => Number.parseInt(JSON.parse(line).id, 16));

test('lines are written in order, for their owner only, however many come at once', async () => {
  const path = join(folder(), 'alerts.ndjson');
  const { write } = benchFor();
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => write(i, { path })));
  expect(all.every(({ isDelivered }) => isDelivered)).toBe(true);
  expect(idsIn(path).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a file that would become too large makes room', async () => {
  const path = join(folder(), 'alerts.ndjson');
  const { write } = benchFor();
  await write(0, { path });
  const lineBytes = statSync(path).size;
  rmSync(path);
  const settings = { path, max_size: `${lineBytes * 2 + 10}B`, max_files: 2 };
  for (let i = 1; i <= 8; i++) expect(await write(i, settings)).toMatchObject({ isDelivered: true });
  expect(idsIn(path)).toEqual([7, 8]);
  expect(idsIn(`${path}.1`)).toEqual([5, 6]);
  expect(idsIn(`${path}.2`)).toEqual([3, 4]);
  expect(existsSync(`${path}.3`)).toBe(false);
  await write(9, { ...settings, max_files: 0 });
  expect(idsIn(path)).toEqual([9]);
});

test('nothing is lost when files are changed while many write', async () => {
  const path = join(folder(), 'alerts.ndjson');
  const { write } = benchFor();
  const settings = { path, max_size: '4096B', max_files: 100 };
  const all = await Promise.all(Array.from({ length: 60 }, (_, i) => write(i, settings)));
  expect(all.every(({ isDelivered }) => isDelivered)).toBe(true);
  const files = [path, ...Array.from({ length: 100 }, (_, i) => `${path}.${i + 1}`)].filter((one) =>
    existsSync(one),
  );
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect(statSync(file).size).toBeLessThanOrEqual(4096);
  expect(files.flatMap(idsIn).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
});

test('a line that a crash cut off does not take the next with it', async () => {
  const path = join(folder(), 'alerts.ndjson');
  const { write } = benchFor();
  await write(1, { path });
  appendFileSync(path, '{"half": ');
  await write(2, { path });
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[2]!).id).toBe(numberedNotification(2).id);
});

test('relative paths lie in a folder of their own, and cannot leave it', async () => {
  const directory = join(folder(), 'notifications');
  const { channel, write } = benchFor(directory);
  expect(await write(1, { path: 'team/a.ndjson' })).toMatchObject({ isDelivered: true });
  expect(idsIn(join(directory, 'team/a.ndjson'))).toEqual([1]);
  for (const path of ['../x', 'a/../../x', '..']) {
    expect(channel.check?.(channel.schema.parse({ path }) as never)).toHaveLength(1);
    expect(await write(1, { path })).toMatchObject({ isDelivered: false, isPermanent: true });
  }
  expect(await benchFor().write(1, { path: 'a' })).toMatchObject({ isDelivered: false, isPermanent: true });
});

test('what cannot be written says why', async () => {
  const path = join(folder(), 'alerts.ndjson');
  const { channel, write } = benchFor();
  expect(await write(1, { path: join(path, 'below') })).toMatchObject({ isPermanent: true });
  mkdirSync(path);
  const outcome = await write(1, { path });
  expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true });
  expect(outcome.detail).toContain('EISDIR');
  rmSync(path, { recursive: true });
  expect(await write(1, { path })).toMatchObject({ isDelivered: true });
  for (const settings of [
    { path: '' },
    { path: '/a\0' },
    { path: '/a', max_size: '1KB' },
    { path: '/a', max_files: 1001 },
  ])
    expect(channel.check?.(channel.schema.parse(settings) as never)).toHaveLength(1);
});
