import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  postJson,
  pushSamples,
  type SunkNotification,
  startWebhookSink,
  told,
  type WebhookSink,
  writeFiles,
} from './alerts-support.ts';
import { type SpawnedServer, spawnServer, temporaryFolder, untilTrue } from './server-support.ts';

/** Kills of the server in one run of the test. 200 were tried by hand. */
const KILLS = Number(process.env.BELLWETHER_KILL_RUNS ?? 4);
const SEED = Number(process.env.BELLWETHER_KILL_SEED ?? 1);

let folder: string;
let sink: WebhookSink;
let server: SpawnedServer | undefined;
beforeEach(async () => {
  folder = temporaryFolder();
  sink = await startWebhookSink();
});
afterEach(async () => {
  if (server !== undefined && server.process.exitCode === null && server.process.signalCode === null)
    await server.end('SIGKILL');
  server = undefined;
  await sink.close();
  rmSync(folder, { recursive: true, force: true });
});

function configFile(receivers: string): string {
  return writeFiles(folder, {
    'bellwether.yml': `
rule_files: ['rules.yml']
alertmanager_config_file: alertmanager.yml
alerting: { packs: [], settle: 1s }
host: { enabled: false }
`,
    'rules.yml': `
groups:
  - name: toggles
    interval: 100ms
    rules:
      - { alert: Toggle, expr: toggle == 1 }
`,
    'alertmanager.yml': `
route:
  receiver: hook
  group_by: [alertname, n]
  group_wait: 0s
  group_interval: 300ms
  repeat_interval: 4h
receivers:
  - name: hook
${receivers}
`,
  });
}

/** A generator with a seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Different notifications of a state of one alert: a repetition with the same key is the receiver's to recognise. */
function keysOf(notifications: readonly SunkNotification[], state: string): Set<string> {
  return new Set(
    notifications.filter((one) => told([one]).includes(state)).map(({ idempotencyKey }) => idempotencyKey),
  );
}

/** What one alert is driven through: each state is told before the next begins. */
class Driven {
  readonly name: string;
  readonly n: string;
  /** Times it was made to fire, and made to end. */
  fired = 0;
  ended = 0;
  constructor(name: string, n: string) {
    this.name = name;
    this.n = n;
  }

  get firing(): string {
    return `firing ${this.name} ${this.n}`;
  }

  get resolved(): string {
    return `resolved ${this.name} ${this.n}`;
  }

  /** Makes the next change when the last one was told. An answer that does not come leaves everything as it was: it is made again. */
  async step(url: string, sunk: WebhookSink): Promise<void> {
    const isFiring = this.fired > this.ended;
    const seen = keysOf(sunk.taken(), isFiring ? this.firing : this.resolved).size;
    if (seen < (isFiring ? this.fired : this.ended)) return;
    if (!(await this.change(url, !isFiring))) return;
    if (isFiring) this.ended += 1;
    else this.fired += 1;
  }

  /** True when it was acknowledged. */
  async change(url: string, fires: boolean): Promise<boolean> {
    try {
      if (this.name === 'Toggle') {
        await pushSamples(url, `toggle{n="${this.n}"} ${fires ? 1 : 0}`);
        return true;
      }
      const now = Date.now();
      const times = fires
        ? { endsAt: new Date(now + 3_600_000).toISOString() }
        : { endsAt: new Date(now).toISOString() };
      const labels = { alertname: this.name, n: this.n };
      return (await postJson(`${url}/alertmanager/api/v2/alerts`, [{ labels, ...times }])).ok;
    } catch (error) {
      // The server was killed meanwhile: whether it was taken is not known, and it is made again.
      if (error instanceof TypeError || /fetch failed|ECONN|socket/.test(String(error))) return false;
      throw error;
    }
  }
}

test(
  `killed ${KILLS} times while alerts fire and end: every change is told, none twice under another key`,
  async () => {
    const file = configFile(`    webhook_configs: [{ url: '${sink.url}/hook' }]`);
    const next = random(SEED);
    const driven = [
      ...['1', '2', '3'].map((n) => new Driven('Toggle', n)),
      ...['4', '5', '6'].map((n) => new Driven('Posted', n)),
    ];
    for (let kill = 0; kill <= KILLS; kill++) {
      server = await spawnServer(join(folder, 'data'), ['--config', file]);
      const { url } = server;
      const lifeMs = 300 + next() * 2500;
      const endMs = performance.now() + lifeMs;
      const killing =
        kill === KILLS
          ? undefined
          : new Promise<void>((resolve) => {
              setTimeout(() => resolve(), lifeMs);
            }).then(() => server!.end('SIGKILL'));
      while (performance.now() < endMs) {
        for (const one of driven) if (next() < 0.5) await one.step(url, sink);
        await new Promise((resolve) => setTimeout(resolve, next() * 50));
      }
      await killing;
    }
    const { url } = server!;
    await untilTrue(async () => {
      for (const one of driven) if (one.fired > one.ended) await one.step(url, sink);
      return driven.every(
        (one) => one.fired === one.ended && keysOf(sink.taken(), one.resolved).size >= one.ended,
      );
    });
    for (const one of driven) {
      expect(one.fired, one.firing).toBeGreaterThan(0);
      expect(keysOf(sink.taken(), one.firing).size, one.firing).toBe(one.fired);
      expect(keysOf(sink.taken(), one.resolved).size, one.resolved).toBe(one.ended);
    }
  },
  60_000 + KILLS * 20_000,
);

describe('a channel that', () => {
  const alert = (n: string) => [{ labels: { alertname: 'Posted', n } }];

  test('hangs holds up neither the others nor the stop', async () => {
    const hanging = await startWebhookSink();
    try {
      hanging.mode = 'hang';
      const file = configFile(
        `    webhook_configs: [{ url: '${hanging.url}/' }, { url: '${sink.url}/' }]\n    file_configs: [{ path: '${join(folder, 'alerts.ndjson')}' }]`,
      );
      server = await spawnServer(join(folder, 'data'), ['--config', file]);
      for (let n = 0; n < 20; n++)
        expect((await postJson(`${server.url}/alertmanager/api/v2/alerts`, alert(String(n)))).status).toBe(
          200,
        );
      await untilTrue(() => sink.taken().length === 20);
      expect(hanging.notifications.length).toBeGreaterThan(0);
      // Nor the stop, which ends with another code when it has to be forced.
      expect(await server.end('SIGTERM')).toBe(0);
    } finally {
      await hanging.close();
    }
  });

  test('answers 500 and recovers gets everything in the end, and the failure is told meanwhile', async () => {
    sink.mode = 500;
    server = await spawnServer(join(folder, 'data'), [
      '--config',
      configFile(`    webhook_configs: [{ url: '${sink.url}/' }]`),
    ]);
    await postJson(`${server.url}/alertmanager/api/v2/alerts`, alert('1'));
    await untilTrue(async () => {
      const list = (await (await fetch(`${server!.url}/api/alerts`)).json()) as {
        told: { failing: string[] };
      };
      return list.told.failing.length > 0;
    });
    sink.mode = 200;
    await untilTrue(() => sink.taken().length > 0);
    expect(keysOf(sink.taken(), 'firing Posted 1').size).toBe(1);
    expect(new Set(sink.notifications.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });
});
