// Rules beside Prometheus: 500 rules over 50,000 series, evaluated every 15 s, on the same samples sent to both at the same time by remote
// write. Prints how long the groups took and what a whole round cost in CPU. Prometheus is left out when it is not installed.
//   node bench/rules.mjs [--rules 500] [--series 50000] [--minutes 4]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { snappyCompress } from '../dist/lib/snappy.js';
import { startServer, usage } from './lib/process.mjs';
import { Message } from './lib/protobuf.mjs';

const { values: flags } = parseArgs({
  options: {
    rules: { type: 'string', default: '500' },
    series: { type: 'string', default: '50000' },
    minutes: { type: 'string', default: '4' },
  },
});
const RULES = Number(flags.rules);
const SERIES = Number(flags.series);
const MINUTES = Number(flags.minutes);
const INTERVAL_S = 15;
const RULES_PER_GROUP = 50;
const SERIES_PER_REQUEST = 2000;
const PROMETHEUS = '/usr/bin/prometheus';
const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-rules-'));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Half record, half alert; each looks at its share of the series. */
function ruleFile() {
  const rule = (n) => {
    const selector = `bench_requests_total{shard="${n}"}`;
    return n % 2 === 0
      ? `      - record: bench:requests:rate5m\n        labels: { shard: "${n}" }\n        expr: sum by (code) (rate(${selector}[5m]))\n`
      : `      - alert: Bench${n}\n        expr: sum by (instance) (rate(${selector}[5m])) > 1e6\n        for: 1m\n        labels: { severity: high }\n        annotations: { summary: "{{ $labels.instance }}: {{ $value }}" }\n`;
  };
  let text = 'groups:\n';
  for (let first = 0; first < RULES; first += RULES_PER_GROUP) {
    text += `  - name: g${first}\n    interval: ${INTERVAL_S}s\n    rules:\n`;
    for (let n = first; n < Math.min(RULES, first + RULES_PER_GROUP); n++) text += rule(n);
  }
  return text;
}

/** Requests of remote write 1.0 with one sample per series. */
function requests(timeMs, step) {
  const bodies = [];
  for (let first = 0; first < SERIES; first += SERIES_PER_REQUEST) {
    const request = new Message();
    for (let i = first; i < Math.min(SERIES, first + SERIES_PER_REQUEST); i++) {
      const labels = [
        ['__name__', 'bench_requests_total'],
        ['code', i % 4 === 0 ? '500' : '200'],
        ['instance', `10.0.${(i >> 8) & 255}.${i & 255}`],
        ['shard', String(i % RULES)],
      ];
      const series = new Message();
      for (const [name, value] of labels) series.message(1, new Message().string(1, name).string(2, value));
      series.message(2, new Message().double(1, step * (1 + (i % 7)) * 15).uint(2, timeMs));
      request.message(1, series);
    }
    bodies.push(snappyCompress(Uint8Array.from(request.bytes)));
  }
  return bodies;
}

async function send(url, bodies) {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
  for (const body of bodies) {
    const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function startPrometheus() {
  const port = await freePort();
  writeFileSync(join(folder, 'prometheus.yml'), 'rule_files: [rules.yml]\n');
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 300; i++) {
    if ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok) break;
    await sleep(100);
  }
  return { name: 'Prometheus', url, pid: child.pid, stop: () => child.kill('SIGTERM') };
}

async function startOurs() {
  const config = join(folder, 'bellwether.yml');
  writeFileSync(config, 'rule_files: [rules.yml]\nalerting: { packs: [] }\nhost: { enabled: false }\n');
  const server = await startServer({ args: ['--config', config] });
  return { name: 'Bellwether', url: server.url, pid: server.pid, stop: () => server.stop() };
}

const cpuOf = ({ pid }) => usage(pid).reduce((sum, { cpuS }) => sum + cpuS, 0);

/** Seconds that all groups together took at their last evaluation, and how many rules are in trouble. */
async function groupsOf({ url }) {
  const { data } = await (await fetch(`${url}/api/v1/rules`)).json();
  const rules = data.groups.flatMap((group) => group.rules);
  return {
    seconds: data.groups.reduce((sum, group) => sum + group.evaluationTime, 0),
    slowest: Math.max(...data.groups.map((group) => group.evaluationTime)),
    bad: rules.filter(({ health }) => health !== 'ok').length,
  };
}

writeFileSync(join(folder, 'rules.yml'), ruleFile());
const targets = [await startOurs()];
if (existsSync(PROMETHEUS)) targets.push(await startPrometheus());
const rounds = Math.round((MINUTES * 60) / INTERVAL_S);
const warmUp = Math.floor(rounds / 2);
const samples = new Map(targets.map((target) => [target.name, { seconds: [], slowest: [], bad: 0 }]));
let measuredFrom;
try {
  for (let step = 0; step < rounds; step++) {
    const roundEndMs = performance.now() + INTERVAL_S * 1000;
    const bodies = requests(Date.now(), step);
    // What sending and storing costs is measured apart: in the second half with rules, see below.
    await Promise.all(targets.map(({ url }) => send(url, bodies)));
    if (step === warmUp) measuredFrom = new Map(targets.map((target) => [target.name, cpuOf(target)]));
    if (step > warmUp) {
      for (const target of targets) {
        const { seconds, slowest, bad } = await groupsOf(target);
        const row = samples.get(target.name);
        row.seconds.push(seconds);
        row.slowest.push(slowest);
        row.bad = Math.max(row.bad, bad);
      }
    }
    await sleep(Math.max(0, roundEndMs - performance.now()));
  }
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  console.table(
    targets.map((target) => {
      const { seconds, slowest, bad } = samples.get(target.name);
      const cpuS = cpuOf(target) - measuredFrom.get(target.name);
      return {
        server: target.name,
        'all groups, s (median)': median(seconds).toFixed(3),
        'slowest group, s (median)': median(slowest).toFixed(3),
        'CPU-s per round, ingest included': (cpuS / (rounds - warmUp)).toFixed(2),
        'rules not ok': bad,
        'RSS MB': usage(target.pid)
          .map(({ rssMb }) => rssMb.toFixed(0))
          .join(' + '),
      };
    }),
  );
} finally {
  for (const target of targets) await target.stop();
  rmSync(folder, { recursive: true, force: true });
}
