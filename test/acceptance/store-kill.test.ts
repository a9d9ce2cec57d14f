import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { startEngine } from '../../src/store/engine/index.ts';
import { createWriter, openStore, sql } from '../../src/store/index.ts';

const KILLS = 6;
const ROWS_PER_REQUEST = 200;
const OFF = { metrics: 'off', logs: 'off', traces: 'off', sessions: 'off', alerts: 'off' } as const;

it('an engine that is killed again and again under load loses no acknowledged row and doubles none', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'bw-kill-'));
  const engine = await startEngine({ dataDir, log: silentLog });
  const connection = { kind: 'engine', socketPath: engine.socketPath } as const;
  const store = openStore({ connection, retention: OFF, log: silentLog });
  await store.whenReady();
  const writer = await createWriter({ target: store, spoolDir: join(dataDir, 'spool'), log: silentLog });
  store.onReadiness(({ status }) => {
    if (status === 'ok') writer.wake();
  });

  let next = 0;
  let acknowledged = 0;
  let isLoading = true;
  const send = async (): Promise<void> => {
    while (isLoading) {
      writer.admit();
      const { metric_exemplars: rows } = writer.batch();
      for (let i = 0; i < ROWS_PER_REQUEST; i++) {
        rows.metric.append('kill_test');
        rows.series_id.append(next++);
        // Two days, so that an insert has two parts and may be interrupted between them.
        rows.ts.append(1_735_787_045_000 + (next % 2) * 86_400_000);
        rows.value.append(1);
        rows.trace_id.appendZero();
        rows.span_id.appendZero();
        rows.labels.close();
      }
      await writer.committed();
      acknowledged += ROWS_PER_REQUEST;
    }
  };
  const load = Promise.all([send(), send(), send()]);

  for (let kill = 0; kill < KILLS; kill++) {
    await expect.poll(() => engine.state().status, { timeout: 30_000 }).toBe('ready');
    const before = writer.stats().inserts;
    await expect.poll(() => writer.stats().inserts, { timeout: 30_000 }).toBeGreaterThan(before);
    process.kill(engine.state().pid!, 'SIGKILL');
  }
  isLoading = false;
  await load;
  await expect.poll(() => writer.stats().spoolFiles, { timeout: 60_000 }).toBe(0);

  const [row] = await store.query<{ rows: number; distinct: number }>(
    sql`SELECT count() AS rows, uniqExact(series_id) AS distinct FROM metric_exemplars`,
  );
  expect(row).toEqual({ rows: acknowledged, distinct: acknowledged });
  expect(engine.state().restarts).toBeGreaterThanOrEqual(KILLS);
  expect(writer.stats().rejectedFiles).toBe(0);
  await writer.drain();
  await store.close();
  await engine.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
