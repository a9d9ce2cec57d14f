// Many alerts at once, the whole server as a process beside Prometheus with Alertmanager: 10,000 posted through Alertmanager's API, 10,000 of
// one rule, in 100 groups each; then lists, acknowledgements and silences. Last a rule whose result has 50,000 series, with and without a
// limit of its group. Peers are left out when they are not installed.
//   node bench/alerts-many.mjs [--alerts 10000] [--calls 50] [--huge 50000] [--only api,rule,huge] [--alone] [--profile folder]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  hasAlertmanager,
  hasPrometheus,
  quantile,
  sleep,
  startAlertmanager,
  startPrometheus,
  startSink,
} from './lib/peers.mjs';
import { startServer, usage } from './lib/process.mjs';
import { remoteWrite, writeRequest } from './lib/remote-write.mjs';

const { values: flags } = parseArgs({
  options: {
    alerts: { type: 'string', default: '10000' },
    calls: { type: 'string', default: '50' },
    huge: { type: 'string', default: '50000' },
    only: { type: 'string', default: 'api,rule,huge' },
    alone: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const ALERTS = Number(flags.alerts);
const CALLS = Number(flags.calls);
const HUGE = Number(flags.huge);
const TEAMS = 100;
const GROUP_WAIT_S = 1;
const RULE_INTERVAL_S = 10;
const SERIES_PER_REQUEST = 5000;
const PATIENCE_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-many-'));
const hasPeers = !flags.alone && hasPrometheus() && hasAlertmanager();
/** Of the receiver that is measured: groups told, and when each was. */
let told = new Map();
let toldAlerts = 0;

const sink = await startSink(({ atMs, body }) => {
  toldAlerts += body.alerts.length;
  if (!told.has(body.groupKey)) told.set(body.groupKey, atMs);
});

function alertmanagerFile() {
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(
    file,
    `route: { receiver: sink, group_by: [alertname, team], group_wait: ${GROUP_WAIT_S}s, group_interval: 5m, repeat_interval: 4h }
receivers:
  - name: sink
    webhook_configs: [{ url: "${sink.url}", send_resolved: false }]
`,
  );
  return file;
}

async function startOurs(rules) {
  const config = join(folder, 'bellwether.yml');
  writeFileSync(join(folder, 'rules.yml'), rules);
  writeFileSync(
    config,
    `rule_files: [rules.yml]\nalertmanager_config_file: ${alertmanagerFile()}\nalerting: { packs: [] }\nhost: { enabled: false }\n`,
  );
  const nodeArgs = flags.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`];
  const server = await startServer({ args: ['--config', config], nodeArgs });
  return {
    name: 'Bellwether',
    url: server.url,
    api: `${server.url}/alertmanager/api/v2`,
    pids: [server.pid],
    stop: () => server.stop(),
  };
}

async function startPeerAlertmanager() {
  const server = await startAlertmanager(mkdtempSync(join(folder, 'peer-')), alertmanagerFile());
  return { ...server, api: `${server.url}/api/v2`, pids: [server.pid] };
}

async function startPeers(rules) {
  const alertmanager = await startPeerAlertmanager();
  writeFileSync(join(folder, 'rules.yml'), rules);
  const target = new URL(alertmanager.url).host;
  const prometheus = await startPrometheus(
    folder,
    `rule_files: [rules.yml]\nalerting: { alertmanagers: [{ static_configs: [{ targets: ["${target}"] }] }] }\n`,
  );
  return {
    name: 'Prometheus + Alertmanager',
    url: prometheus.url,
    pids: [prometheus.pid, alertmanager.pid],
    stop: async () => {
      await prometheus.stop();
      await alertmanager.stop();
      rmSync(join(folder, 'prometheus'), { recursive: true, force: true });
    },
  };
}

const rssMb = ({ pids }) => pids.flatMap((pid) => usage(pid)).reduce((sum, one) => sum + one.rssMb, 0);
const cpuS = ({ pids }) => pids.flatMap((pid) => usage(pid)).reduce((sum, one) => sum + one.cpuS, 0);
/** Of the server's own process, without its engine. */
const ownMb = ({ pids }) => usage(pids[0])[0].rssMb;
const text = (value) => value.toFixed(0);
const nowMs = () => performance.timeOrigin + performance.now();

/** @returns milliseconds from a moment until all groups were told for the first time. */
async function allTold(fromMs) {
  const endMs = performance.now() + PATIENCE_MS;
  while (told.size < TEAMS && performance.now() < endMs) await sleep(20);
  return told.size < TEAMS ? Number.NaN : Math.max(...told.values()) - fromMs;
}

async function call(url, body) {
  const startMs = performance.now();
  const answer = await fetch(
    url,
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  const content = await answer.text();
  const tookMs = performance.now() - startMs;
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${content.slice(0, 300)}`);
  return { tookMs, content };
}

function heading(text) {
  console.log(`\n${text} (load average ${loadavg()[0].toFixed(1)})`);
}

/** Prints figures at once: a run takes minutes. */
function figures(values) {
  for (const [name, value] of Object.entries(values)) console.log(`    ${name.padEnd(58)} ${value}`);
}

async function calls(name, work) {
  await work(0);
  const took = [];
  for (let i = 1; i <= CALLS; i++) took.push((await work(i)).tookMs);
  figures({ [`${name}, p50 / p95 ms`]: `${text(quantile(took, 0.5))} / ${text(quantile(took, 0.95))}` });
}

function postedAlerts() {
  return Array.from({ length: ALERTS }, (_, i) => ({
    labels: {
      alertname: 'Posted',
      team: `team-${i % TEAMS}`,
      pod: `pod-${i}`,
      severity: 'high',
      job: 'bench',
    },
    annotations: { summary: `pod ${i} does not answer`, runbook_url: '/runbooks/pod' },
    generatorURL: 'http://localhost/graph',
  }));
}

async function listCalls({ name, url, api }) {
  const list = (path) => () => call(path);
  if (name === 'Bellwether') {
    const { content } = await call(`${url}/api/alerts?limit=500`);
    const fingerprints = JSON.parse(content).alerts.map(({ fingerprint }) => fingerprint);
    await calls('GET list, limit 500', list(`${url}/api/alerts?limit=500`));
    await calls('GET list, limit 10,000', list(`${url}/api/alerts?limit=10000`));
    await calls('GET one alert', (i) => call(`${url}/api/alerts/${fingerprints[i]}`));
    const acknowledge = (i) => call(`${url}/api/alerts/${fingerprints[i]}/acknowledge`, { note: 'mine' });
    await calls('POST acknowledge', acknowledge);
  }
  await calls("GET list of Alertmanager's API", list(`${api}/alerts`));
  const silence = (i) => ({
    matchers: [{ name: 'pod', value: `pod-${i}`, isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'bench',
    comment: 'bench',
  });
  await calls("POST silence of Alertmanager's API", (i) => call(`${api}/silences`, silence(i)));
}

async function measureApi(target) {
  console.log(`  ${target.name}`);
  await sleep(2000);
  told = new Map();
  toldAlerts = 0;
  const beforeMb = rssMb(target);
  const cpuBefore = cpuS(target);
  const startMs = nowMs();
  const { tookMs } = await call(`${target.api}/alerts`, postedAlerts());
  const toldMs = await allTold(startMs);
  await sleep(3000);
  const cpuAfter = cpuS(target);
  figures({
    'POST ms': text(tookMs),
    'all groups told ms': text(toldMs),
    'alerts told': toldAlerts,
    'CPU-s until settled': (cpuAfter - cpuBefore).toFixed(1),
    'RSS MB before > after': `${text(beforeMb)} > ${text(rssMb(target))}`,
  });
  await listCalls(target);
}

function seriesRequests(count) {
  const bodies = [];
  for (let first = 0; first < count; first += SERIES_PER_REQUEST) {
    const series = Array.from({ length: Math.min(SERIES_PER_REQUEST, count - first) }, (_, i) => ({
      labels: [
        ['__name__', 'bench_many'],
        ['pod', `pod-${first + i}`],
        ['team', `team-${(first + i) % TEAMS}`],
      ],
      value: 1,
    }));
    bodies.push(writeRequest(series, Date.now()));
  }
  return bodies;
}

function ruleFile(limit) {
  return `groups:
  - name: many
    interval: ${RULE_INTERVAL_S}s
    limit: ${limit}
    rules:
      - alert: Many
        expr: bench_many > 0
        labels: { severity: high }
        annotations: { summary: "{{ $labels.pod }} does not answer: {{ $value }}" }
`;
}

/** The rule's and its group's state, in Prometheus's format. */
async function ruleOf({ url }) {
  const { data } = JSON.parse((await call(`${url}/api/v1/rules`)).content);
  const [group] = data.groups;
  return { ...group.rules[0], evaluationTime: group.evaluationTime };
}

async function measureRule(target, { count, limit, waitMs }) {
  console.log(`  ${target.name}`);
  await sleep(2000);
  told = new Map();
  toldAlerts = 0;
  const beforeMb = rssMb(target);
  const startMs = nowMs();
  await remoteWrite(target.url, seriesRequests(count));
  const writtenMs = nowMs() - startMs;
  const toldMs = waitMs === undefined ? await allTold(startMs) : Number.NaN;
  const evaluations = [];
  let largestMb = 0;
  const endMs = performance.now() + (waitMs ?? 2.5 * RULE_INTERVAL_S * 1000);
  let rule;
  while (performance.now() < endMs) {
    await sleep(RULE_INTERVAL_S * 250);
    rule = await ruleOf(target);
    largestMb = Math.max(largestMb, rssMb(target));
    evaluations.push(rule.evaluationTime);
  }
  const firing = rule.alerts.filter(({ state }) => state === 'firing').length;
  figures({
    series: count,
    limit,
    'written ms': text(writtenMs),
    'all groups told ms, up to an interval of waiting in it': text(toldMs),
    firing,
    'alerts told': toldAlerts,
    health: `${rule.health}${rule.lastError ? `: ${rule.lastError.slice(0, 90)}` : ''}`,
    'evaluation s, first / last': `${evaluations.find((one) => one > 0)?.toFixed(2)} / ${evaluations.at(-1)?.toFixed(2)}`,
    'RSS MB before > largest': `${text(beforeMb)} > ${text(largestMb)}`,
    "of which the server's own process": text(ownMb(target)),
  });
}

/** Starts a server, measures, and stops it whatever happens. */
async function on(starting, measure) {
  const target = await starting;
  try {
    await measure(target);
  } finally {
    await target.stop();
  }
}

const wanted = flags.only.split(',');
try {
  if (wanted.includes('api')) {
    heading(`${ALERTS} alerts posted at once, ${TEAMS} groups, group_wait ${GROUP_WAIT_S} s`);
    await on(startOurs('groups: []\n'), measureApi);
    if (hasPeers) await on(startPeerAlertmanager(), measureApi);
  }
  if (wanted.includes('rule')) {
    heading(`One rule with ${ALERTS} alerts, evaluated every ${RULE_INTERVAL_S} s`);
    const measure = (target) => measureRule(target, { count: ALERTS, limit: 0 });
    await on(startOurs(ruleFile(0)), measure);
    if (hasPeers) await on(startPeers(ruleFile(0)), measure);
  }
  if (wanted.includes('huge')) {
    heading(`One rule with ${HUGE} series, evaluated every ${RULE_INTERVAL_S} s`);
    const measure = (limit) => (target) =>
      measureRule(target, { count: HUGE, limit, waitMs: 9 * RULE_INTERVAL_S * 1000 });
    await on(startOurs(ruleFile(1000)), measure(1000));
    await on(startOurs(ruleFile(0)), measure(0));
    if (hasPeers) await on(startPeers(ruleFile(0)), measure(0));
  }
} finally {
  sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
