// The alert engine with many alerts over 100 routes, 20 inhibition rules and 50 silences, its documents in SQLite on disk: time of a post
// until it is durable, of a repetition, of routing, of lists; memory.
// Usage: node bench/alerts-routing.mjs [alerts]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dist = new URL('../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist));
const { createAlertEngine, createMatcher, formatMatchers } = await load('alerts/index.js');
const { openState, createDocuments } = await load('state/index.js');
const { systemClock } = await load('lib/clock.js');
const { silentLog } = await load('lib/log.js');
const { Labels } = await load('model/labels.js');

const ALERTS = Number(process.argv[2] ?? 10_000);
const ROUTES = 100;
const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-'));

function integration(receiver) {
  const id = `${receiver}/webhook/0`;
  return { id, receiver, channel: 'webhook', index: 0, sendsResolved: true, settings: {} };
}

const times = { groupWaitMs: 1000, groupIntervalMs: 300_000, repeatIntervalMs: 14_400_000 };
const rest = { muteTimeIntervals: [], activeTimeIntervals: [], continues: false, line: undefined };

function child(at) {
  // Every fourth one with a regular expression that is more than a list of words.
  const team =
    at % 4 === 0 ? createMatcher('team', '=~', `team-0*${at}(x?)`) : createMatcher('team', '=', `team-${at}`);
  const matchers = [team, createMatcher('severity', '=~', 'critical|warning')];
  const key = `{}/${formatMatchers(matchers)}`;
  return {
    id: `0.${at}`,
    key,
    receiver: `r${at}`,
    groupBy: ['alertname', 'cluster'],
    matchers,
    routes: [],
    ...times,
    ...rest,
  };
}

const routes = Array.from({ length: ROUTES }, (_, at) => child(at));
const root = {
  id: '0',
  key: '{}',
  receiver: 'r0',
  groupBy: ['alertname'],
  matchers: [],
  routes,
  ...times,
  ...rest,
};
const receivers = new Map(
  routes.map(({ receiver }) => [receiver, { name: receiver, integrations: [integration(receiver)] }]),
);
const inhibitRules = Array.from({ length: 20 }, (_, at) => ({
  name: `rule-${at}`,
  sourceMatchers: [
    createMatcher('severity', '=', 'critical'),
    createMatcher('alertname', '=~', `Alert${at}.*`),
  ],
  targetMatchers: [createMatcher('severity', '=', 'warning')],
  equal: ['cluster', 'instance'],
}));
const config = {
  route: root,
  receivers,
  inhibitRules,
  timeIntervals: new Map(),
  templates: [],
  resolveTimeoutMs: 300_000,
  text: '',
  file: '',
};

const alerts = Array.from({ length: ALERTS }, (_, at) => ({
  labels: Labels.fromObject({
    alertname: `Alert${at % 50}`,
    cluster: `cluster-${at % 7}`,
    instance: `host-${at % 2000}.example.com:9100`,
    job: 'node',
    severity: at % 3 === 0 ? 'critical' : 'warning',
    team: `team-${at % ROUTES}`,
    pod: `pod-${at}`,
  }),
  annotations: Labels.fromObject({
    summary: `Alert ${at} fires on host ${at % 2000}`,
    runbook_url: '/runbooks/alert',
  }),
  startsAtMs: Date.now(),
  endsAtMs: undefined,
  generatorUrl: 'http://localhost:7070/graph',
  source: 'rule:bench',
  value: at,
}));

let deliveries = 0;
let told = 0;
const outcome = {
  isDelivered: true,
  attempts: 1,
  latencyMs: 1,
  detail: '200',
  isPermanent: false,
  state: undefined,
  isDigested: false,
};

function newEngine(state) {
  return createAlertEngine({
    config,
    clock: systemClock,
    alertDocuments: createDocuments(state, 'alerts'),
    silenceDocuments: createDocuments(state, 'silences'),
    notificationDocuments: createDocuments(state, 'notifications'),
    deliver: async ({ notification }) => {
      deliveries++;
      told += notification.alerts.length + notification.truncatedAlerts;
      return outcome;
    },
    record: () => {},
    linksOf: ({ fingerprint }) => ({ alert: `http://x/${fingerprint}`, silence: 'http://x/s' }),
    priorityOf: () => 'P2',
    isAcknowledged: () => false,
    externalUrl: 'http://localhost:7070',
    log: silentLog,
  });
}

async function timed(name, work) {
  const startMs = performance.now();
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  const tookMs = performance.now() - startMs;
  const cpuMs = (user + system) / 1000;
  console.log(
    `${name.padEnd(60)} ${tookMs.toFixed(1).padStart(8)} ms, ${cpuMs.toFixed(1)} ms of a processor`,
  );
  return result;
}

function p95(name, runs, work) {
  const start = process.cpuUsage();
  const tookMs = Array.from({ length: runs }, () => {
    const startMs = performance.now();
    work();
    return performance.now() - startMs;
  }).sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(start);
  const at = (share) => tookMs[Math.min(runs - 1, Math.floor(runs * share))].toFixed(2);
  const cpuMs = ((user + system) / 1000 / runs).toFixed(2);
  console.log(
    `${name.padEnd(60)} ${at(0.5).padStart(8)} ms median, ${at(0.95)} ms p95, ${cpuMs} ms of a processor`,
  );
}

function heapMb() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

try {
  const file = join(folder, 'state.db');
  const state = openState(file);
  const engine = newEngine(state);
  await engine.start();
  for (let at = 0; at < 50; at++)
    await engine.silences.put(
      {
        id: undefined,
        matchers: [
          createMatcher('team', '=', `team-${at}`),
          createMatcher('instance', '=~', `host-1${at % 10}.*`),
        ],
        startsAtMs: Date.now(),
        endsAtMs: Date.now() + 3_600_000,
        createdBy: 'bench',
        comment: 'bench',
      },
      'bench',
    );
  const beforeMb = heapMb();
  await timed(`post of ${ALERTS} new alerts, durable`, () => engine.post(alerts));
  const afterMb = heapMb();
  await timed('the same again with other values (as rules do each minute)', () =>
    engine.post(alerts.map((alert) => ({ ...alert, value: alert.value + 1 }))),
  );
  p95(`receivers of ${ALERTS} alerts (100 routes)`, 5, () => {
    for (const { labels } of alerts) engine.receiversFor(labels);
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await engine.idle();
  console.log(`${deliveries} deliveries told ${told} alerts in ${engine.groups().length} groups`);
  p95('alerts()', 20, () => engine.alerts());
  p95('groups()', 20, () => engine.groups());
  const fingerprints = engine.alerts().map(({ alert }) => alert.fingerprint);
  p95('why() of 200 alerts', 20, () => {
    for (const fingerprint of fingerprints.slice(0, 200)) engine.why(fingerprint);
  });
  p95('preview of a silence', 20, () =>
    engine.silences.preview([createMatcher('instance', '=~', 'host-1.*')]),
  );
  await timed('reload of the configuration (all alerts routed again)', () => engine.reload({ ...config }));
  await engine.idle();
  const ended = alerts.map((alert) => ({ ...alert, endsAtMs: Date.now() }));
  await timed(`post of the ends of ${ALERTS} alerts, durable`, () => engine.post(ended));
  await engine.post(alerts.map((alert) => ({ ...alert, startsAtMs: Date.now() })));
  await engine.stop();
  await timed('start with all of it', () => newEngine(state).start());
  console.log(
    `heap ${beforeMb.toFixed(1)} MiB before, ${afterMb.toFixed(1)} MiB after the post${globalThis.gc ? '' : ' (run with --expose-gc for figures without garbage)'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
