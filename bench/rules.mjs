// Rules beside Prometheus: 500 rules over 50,000 series, evaluated every 15 s, on the same samples sent to both at the same time by remote
// write. Prints how long the groups took and what a whole round cost in CPU, taking the samples included. Prometheus is left out when it is not installed.
//   node bench/rules.mjs [--rules 500] [--series 50000] [--minutes 4]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasPrometheus, quantile, sleep, startPrometheus } from './lib/peers.mjs';
import { startServer, usage } from './lib/process.mjs';
import { remoteWrite, writeRequest } from './lib/remote-write.mjs';

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
const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-rules-'));

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

/** Bodies with one sample per series. */
function requests(timeMs, step) {
  const bodies = [];
  for (let first = 0; first < SERIES; first += SERIES_PER_REQUEST) {
    const series = Array.from({ length: Math.min(SERIES_PER_REQUEST, SERIES - first) }, (_, at) => {
      const i = first + at;
      return {
        labels: [
          ['__name__', 'bench_requests_total'],
          ['code', i % 4 === 0 ? '500' : '200'],
          ['instance', `10.0.${(i >> 8) & 255}.${i & 255}`],
          ['shard', String(i % RULES)],
        ],
        value: step * (1 + (i % 7)) * 15,
      };
    });
    bodies.push(writeRequest(series, timeMs));
  }
  return bodies;
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
if (hasPrometheus()) targets.push(await startPrometheus(folder, 'rule_files: [rules.yml]\n'));
const rounds = Math.round((MINUTES * 60) / INTERVAL_S);
const warmUp = Math.floor(rounds / 2);
const samples = new Map(targets.map((target) => [target.name, { seconds: [], slowest: [], bad: 0 }]));
let measuredFrom;
try {
  for (let step = 0; step < rounds; step++) {
    const roundEndMs = performance.now() + INTERVAL_S * 1000;
    const bodies = requests(Date.now(), step);
    await Promise.all(targets.map(({ url }) => remoteWrite(url, bodies)));
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
  const median = (values) => quantile(values, 0.5);
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
  console.log(`load average ${loadavg()[0].toFixed(1)}`);
} finally {
  for (const target of targets) await target.stop();
  rmSync(folder, { recursive: true, force: true });
}
