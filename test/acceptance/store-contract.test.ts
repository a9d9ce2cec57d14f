import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import { startEngine } from '../../src/store/engine/index.ts';
import { storeContract } from '../../src/store/store.contract.ts';

storeContract('store in the embedded engine', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'bw-store-'));
  const engine = await startEngine({ dataDir, log: silentLog });
  await engine.whenReady(60_000);
  return {
    connection: { kind: 'engine', socketPath: engine.socketPath },
    spoolDir: join(dataDir, 'spool'),
    close: async () => {
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
});

const url = process.env.BELLWETHER_TEST_CLICKHOUSE_URL;
if (url === undefined || url === '') {
  describe('store in a ClickHouse server', () => {
    it.skip('needs BELLWETHER_TEST_CLICKHOUSE_URL=http://user:password@host:8123', () => {});
  });
} else {
  storeContract('store in a ClickHouse server', async () => {
    const spoolDir = mkdtempSync(join(tmpdir(), 'bw-store-'));
    return {
      connection: { kind: 'server', url },
      cluster: process.env.BELLWETHER_TEST_CLICKHOUSE_CLUSTER || undefined,
      spoolDir,
      close: async () => rmSync(spoolDir, { recursive: true, force: true }),
    };
  });
}
