// From the evaluation that fires to the notification's bytes on the channel's socket, the whole server as a process beside Prometheus with
// Alertmanager: rules that fire 1, 10 and 100 new alerts at every tick of a second, each tick a group of its own, group_wait 0s. Counted
// from the tick, so that an evaluation that begins late is in it. Peers are left out when they are not installed.
//   node bench/alert-latency.mjs [--ticks 210] [--sizes 1,10,100] [--alone] [--profile folder]
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
    ticks: { type: 'string', default: '210' },
    sizes: { type: 'string', default: '1,10,100' },
    alone: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const TICKS = Number(flags.ticks);
const SIZES = flags.sizes.split(',').map(Number);
const RENEW_S = 60;
const folder = mkdtempSync(join(tmpdir(), 'bellwether-bench-latency-'));
/** By server and size: milliseconds from the tick to the first bytes. */
const latencies = new Map();
let sinkLagMs = [];

const sink = await startSink(({ atMs, path, body }) => {
  const { size, tick } = body.groupLabels;
  const key = `${path.slice(1)} ${size}`;
  const row = latencies.get(key) ?? { ms: [], ticks: new Set(), parts: 0 };
  latencies.set(key, row);
  if (row.ticks.has(tick)) return;
  row.ticks.add(tick);
  row.ms.push(atMs - Number(tick) * 1000);
  if (body.alerts.length < Number(size)) row.parts++;
});

function ruleFile() {
  // The value is the time of the tick: as a label it makes every tick's alerts new ones, and those of the tick before end.
  const group = (size) => `  - name: size${size}
    interval: 1s
    rules:
      - alert: Bench
        expr: time() + 0 * bench_alert{size="${size}"}
        labels: { tick: '{{ $value | printf "%.3f" }}', severity: high }
        annotations: { summary: "{{ $labels.series }} of {{ $labels.size }} fires" }
`;
  return `groups:\n${SIZES.map(group).join('')}`;
}

function alertmanagerFile(name) {
  const file = join(folder, `alertmanager-${name}.yml`);
  writeFileSync(
    file,
    `route: { receiver: sink, group_by: [alertname, size, tick], group_wait: 0s, group_interval: 5m, repeat_interval: 4h }
receivers:
  - name: sink
    webhook_configs: [{ url: "${sink.url}/${name}", send_resolved: false }]
`,
  );
  return file;
}

async function startOurs() {
  const config = join(folder, 'bellwether.yml');
  const alertmanager = alertmanagerFile('Bellwether');
  writeFileSync(
    config,
    `rule_files: [rules.yml]\nalertmanager_config_file: ${alertmanager}\nalerting: { packs: [] }\nhost: { enabled: false }\n`,
  );
  const nodeArgs = flags.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`];
  const server = await startServer({ args: ['--config', config], nodeArgs });
  return { name: 'Bellwether', url: server.url, pids: [server.pid], stop: () => server.stop() };
}

async function startPeers() {
  const alertmanager = await startAlertmanager(folder, alertmanagerFile('Prometheus'));
  const target = new URL(alertmanager.url).host;
  const prometheus = await startPrometheus(
    folder,
    `rule_files: [rules.yml]\nalerting: { alertmanagers: [{ static_configs: [{ targets: ["${target}"] }] }] }\n`,
  );
  return {
    name: 'Prometheus',
    url: prometheus.url,
    pids: [prometheus.pid, alertmanager.pid],
    stop: () => Promise.all([prometheus.stop(), alertmanager.stop()]),
  };
}

function series() {
  const of = (size) =>
    Array.from({ length: size }, (_, i) => ({
      labels: [
        ['__name__', 'bench_alert'],
        ['series', String(i)],
        ['size', String(size)],
      ],
      value: 1,
    }));
  return SIZES.flatMap(of);
}

/** How late a timer of this process is: what the machine itself adds, for the sink as for the servers. */
function watchLag() {
  let dueMs = performance.now() + 50;
  return setInterval(() => {
    const nowMs = performance.now();
    sinkLagMs.push(Math.max(0, nowMs - dueMs));
    dueMs = nowMs + 50;
  }, 50);
}

/** Milliseconds that the last evaluations of each rule took, Bellwether's own figures. */
async function evaluationsOf({ url }) {
  const { rules } = await (await fetch(`${url}/api/rules`)).json();
  const took = new Map();
  for (const { id, group } of rules) {
    const { evaluations } = await (await fetch(`${url}/api/rules/${encodeURIComponent(id)}/why`)).json();
    took.set(
      group.slice('size'.length),
      evaluations.map((one) => one.duration_ms),
    );
  }
  return took;
}

writeFileSync(join(folder, 'rules.yml'), ruleFile());
const targets = [await startOurs()];
if (!flags.alone && hasPrometheus() && hasAlertmanager()) targets.push(await startPeers());
const cpuOf = ({ pids }) => pids.flatMap((pid) => usage(pid)).reduce((sum, { cpuS }) => sum + cpuS, 0);
let lagTimer;
try {
  const send = () => {
    const body = writeRequest(series(), Date.now());
    return Promise.all(targets.map(({ url }) => remoteWrite(url, [body])));
  };
  await send();
  await sleep(5000);
  // What came first found cold code.
  latencies.clear();
  sinkLagMs = [];
  lagTimer = watchLag();
  const before = targets.map(cpuOf);
  const load = [loadavg()[0]];
  for (let s = 0; s < TICKS; s += RENEW_S) {
    await send();
    await sleep(Math.min(RENEW_S, TICKS - s) * 1000);
    load.push(loadavg()[0]);
  }
  const took = await evaluationsOf(targets[0]);
  const ms = (value) => value.toFixed(1);
  console.table(
    targets.flatMap((target, at) =>
      SIZES.map((size) => {
        const { ms: all, parts } = latencies.get(`${target.name} ${size}`) ?? { ms: [], parts: 0 };
        const evaluations = at === 0 ? (took.get(String(size)) ?? []) : [];
        return {
          server: target.name,
          'alerts per tick': size,
          firings: all.length,
          'p50 ms': ms(quantile(all, 0.5)),
          'p90 ms': ms(quantile(all, 0.9)),
          'p99 ms': ms(quantile(all, 0.99)),
          'max ms': ms(quantile(all, 1)),
          'under 100 ms, %': ms((all.filter((one) => one < 100).length / all.length) * 100),
          'evaluation p50/max ms':
            evaluations.length === 0
              ? ''
              : `${ms(quantile(evaluations, 0.5))} / ${ms(quantile(evaluations, 1))}`,
          'not all alerts told at first': parts,
        };
      }),
    ),
  );
  targets.forEach((target, at) => {
    console.log(`${target.name}: ${((cpuOf(target) - before[at]) / TICKS).toFixed(3)} CPU-s per second`);
  });
  console.log(
    `A timer of the sink was late by p50 ${ms(quantile(sinkLagMs, 0.5))}, p99 ${ms(quantile(sinkLagMs, 0.99))}, max ${ms(quantile(sinkLagMs, 1))} ms; load average ${load.map((one) => one.toFixed(1)).join(', ')}`,
  );
} finally {
  clearInterval(lagTimer);
  for (const target of targets) await target.stop();
  sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
