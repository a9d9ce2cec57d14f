import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { filesHeader, lockDataDir } from '../../src/store/engine/index.ts';
import { Int64Column, nativeBlock, StringColumn } from '../../src/store/index.ts';
import { startTestEngine, type TestEngine, temporaryDataDir, until } from './engine-support.ts';

const ROWS = 5_000;
const KILLS = 6;

let test: TestEngine | undefined;
afterEach(async () => {
  await test?.remove();
  test = undefined;
});

/** False too for a process that has ended and only waits for somebody to take note of it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function block(firstId: number): Uint8Array {
  const id = new Int64Column('UInt64');
  const body = new StringColumn();
  for (let i = 0; i < ROWS; i++) {
    id.append(firstId + i);
    body.append(`row ${firstId + i}`);
  }
  return Buffer.concat(nativeBlock({ id, body }));
}

it('killed again and again under load, it comes back and has every acknowledged row exactly once', async () => {
  const engine = await startTestEngine();
  test = engine;
  await engine.command(
    'CREATE TABLE load (id UInt64, body String) ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id SETTINGS non_replicated_deduplication_window = 1000',
  );
  let batches = 0;
  let isOver = false;
  /** As the spool does: the same file with the same token until it is acknowledged. */
  const write = async (): Promise<void> => {
    while (!isOver) {
      const name = `batch-${batches++}`;
      const path = join(engine.engine.spoolDir, `${name}.native`);
      writeFileSync(path, block((batches - 1) * ROWS));
      let isAcknowledged = false;
      while (!isAcknowledged) {
        const answer = await engine
          .send({
            query: { query: 'INSERT INTO load FORMAT Native', insert_deduplication_token: name },
            headers: filesHeader([path]),
          })
          .catch(() => undefined);
        isAcknowledged = answer?.status === 200;
        if (!isAcknowledged) await engine.engine.whenReady(60_000);
      }
      rmSync(path);
    }
  };
  const writers = [write(), write()];
  for (let kill = 0; kill < KILLS; kill++) {
    const target = batches + 2 + ((kill * 7) % 5);
    await until(() => batches >= target && engine.engine.state().status === 'ready');
    process.kill(engine.engine.state().pid!, 'SIGKILL');
    await until(() => engine.engine.state().restarts === kill + 1);
    await engine.engine.whenReady(60_000);
  }
  isOver = true;
  await Promise.all(writers);
  const expected = batches * ROWS;
  expect(
    await engine.rows(
      "SELECT toString(count()) AS c, toString(uniqExact(id)) AS u, countIf(body != concat('row ', toString(id))) = 0 AS ok FROM load",
    ),
  ).toEqual([{ c: String(expected), u: String(expected), ok: 1 }]);
  expect(engine.engine.state()).toMatchObject({
    status: 'ready',
    restarts: KILLS,
    lastError: 'it was ended by SIGKILL',
  });
});

it('while it is down, requests fail at once and the state says why', async () => {
  test = await startTestEngine();
  const { engine } = test;
  const down = new Promise<string>((resolve) =>
    engine.onStateChange((state) => {
      if (state.status === 'down') resolve(`${state.lastError} ${state.pid}`);
    }),
  );
  process.kill(engine.state().pid!, 'SIGSEGV');
  expect(await down).toBe('it was ended by SIGSEGV undefined');
  await expect(test.rows('SELECT 1')).rejects.toMatchObject({
    code: expect.stringMatching(/ECONNREFUSED|ECONNRESET|ENOENT/),
  });
  await engine.whenReady(60_000);
  expect(await test.rows('SELECT 1 AS a')).toEqual([{ a: 1 }]);
});

it('works within 512 MiB', async () => {
  test = await startTestEngine({ memoryBytes: 512 * 1024 * 1024 });
  await test.command('CREATE TABLE small (a UInt64, b String) ENGINE = MergeTree ORDER BY a');
  await test.command('INSERT INTO small SELECT number, toString(number) FROM numbers(2000000)');
  expect(await test.rows('SELECT toUInt32(uniq(b)) > 1900000 AS ok FROM small')).toEqual([{ ok: 1 }]);
  const answer = await test.send({ body: 'SELECT length(groupArray(number)) FROM numbers(1000000000)' });
  expect(answer.headers['x-clickhouse-exception-code']).toBe('241');
});

it('stops cleanly, gives its directory back, and starts on it again', async () => {
  const dataDir = temporaryDataDir();
  const first = await startTestEngine({ dataDir });
  await first.command('CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a');
  await first.command('INSERT INTO kept VALUES (7)');
  expect(() => lockDataDir(dataDir, 'engine')).toThrow(
    expect.objectContaining({ message: expect.stringContaining(`pid ${first.engine.state().pid}`) }),
  );
  const { pid } = first.engine.state();
  await first.stop();
  expect(first.engine.state()).toMatchObject({ status: 'down', lastError: 'it ended with code 0' });
  expect(isAlive(pid!)).toBe(false);
  lockDataDir(dataDir, 'engine').release();
  test = await startTestEngine({ dataDir });
  expect(await test.rows('SELECT a FROM kept')).toEqual([{ a: 7 }]);
});

it('stops cleanly in the middle of a query as well', async () => {
  const engine = await startTestEngine();
  test = engine;
  const failure = engine
    .rows('SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1')
    .catch(String);
  await until(async () => (await engine.rows('SELECT 1 FROM system.processes')).length > 1);
  await engine.stop();
  expect(engine.engine.state().lastError).toBe('it ended with code 0');
  expect(await failure).toMatch(/cancelled|hang up|ECONN|aborted/);
});

it('ends when its server is killed, so that the next one can have the directory', async () => {
  const dataDir = temporaryDataDir();
  const entry = fileURLToPath(new URL('../../dist/store/engine/index.js', import.meta.url));
  const program = `
    import { startEngine } from ${JSON.stringify(entry)};
    const log = { info() {}, warn() {}, error() {} };
    const engine = await startEngine({ dataDir: ${JSON.stringify(dataDir)}, log });
    await engine.whenReady(60000);
    console.log(engine.state().pid);
    setInterval(() => {}, 1000);`;
  const server = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isAlive(pid)).toBe(true);
  server.kill('SIGKILL');
  test = await startTestEngine({ dataDir });
  expect(test.engine.state().restarts).toBe(0);
  await until(() => !isAlive(pid));
});
