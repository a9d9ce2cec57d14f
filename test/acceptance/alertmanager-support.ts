import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAlertEngine } from '../../src/alerts/engine/index.ts';
import {
  type AlertEngine,
  createAlertmanagerService,
  createInboundService,
  type DocumentStore,
  type Inbound,
  type InboundWebhook,
  parseAlertingConfig,
} from '../../src/alerts/index.ts';
import { type FakeServer, startFakeServer } from '../../src/http/fakes.ts';
import { silentLog } from '../../src/lib/log.ts';
import { answersOk, freePort, type Peer, startPeer } from './metrics-support.ts';
import { temporaryFolder, untilTrue } from './server-support.ts';

/** Alerting behind a real port, with keys that tests know and nobody to tell. */
export interface TestAlerting {
  readonly server: FakeServer;
  readonly engine: AlertEngine;
  readonly inbound: Inbound;
  /** With Alertmanager's prefix. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startAlerting(
  text: string,
  webhooks: readonly InboundWebhook[] = [],
): Promise<TestAlerting> {
  const { config, problems } = parseAlertingConfig(text, { channels: [], file: '' });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const clock = {
    now: Date.now,
    elapsed: () => performance.now(),
    after(delayMs: number, call: () => void) {
      const timer = setTimeout(call, delayMs);
      return () => clearTimeout(timer);
    },
  };
  const engine = createAlertEngine({
    ...{ config, clock },
    alertDocuments: memoryDocuments(),
    silenceDocuments: memoryDocuments(),
    notificationDocuments: memoryDocuments(),
    deliver: async () => {
      throw new Error('there is nobody to tell');
    },
    record: () => {},
    linksOf: () => ({ alert: 'http://ours/alert', silence: 'http://ours/silence' }),
    priorityOf: () => 'P2',
    isAcknowledged: () => false,
    externalUrl: 'http://ours',
    log: silentLog,
  });
  await engine.start();
  const inbound = createInboundService({ engine, clock, webhooks });
  const alertmanager = createAlertmanagerService({
    ...{ engine, clock, version: '1.2.3', startedMs: Date.now() },
    isReady: () => true,
    reload: () => engine.reload(config),
  });
  const server = await startFakeServer({ alertmanager, inbound });
  return {
    ...{ server, engine, inbound },
    url: `${server.mainUrl}/alertmanager`,
    async stop() {
      await server.stop();
      await engine.stop();
    },
  };
}

function memoryDocuments(): DocumentStore {
  const texts = new Map<string, string>();
  return {
    load: async () => new Map(texts),
    async apply(changes) {
      for (const [key, text] of changes)
        if (text === undefined) texts.delete(key);
        else texts.set(key, text);
    },
  };
}

export interface StartedAlertmanager extends Peer {
  readonly url: string;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** Starts Debian's Alertmanager without a cluster and waits until it is ready. */
export async function startAlertmanager(text: string): Promise<StartedAlertmanager> {
  const folder = temporaryFolder();
  const configFile = join(folder, 'alertmanager.yml');
  writeFileSync(configFile, text);
  const url = `http://127.0.0.1:${await freePort()}`;
  const peer = startPeer('prometheus-alertmanager', [
    `--config.file=${configFile}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${url.slice('http://'.length)}`,
    '--cluster.listen-address=',
  ]);
  await untilTrue(async () => {
    if (peer.process.exitCode !== null) throw new Error(`Alertmanager ended:\n${peer.output()}`);
    return await answersOk(`${url}/-/ready`);
  });
  return {
    ...{ ...peer, url },
    async remove() {
      await peer.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
