// Ingest end to end: OTLP protobuf over HTTP, durable before the answer. Per signal: as fast as it goes, then at half of that rate for the
// acknowledgement time. The generator shares the cores with the server, so look at records per CPU-second too.
//   node bench/ingest.mjs [--seconds 10] [--signals logs,traces,metrics] [--start-up 10000000]
import { parseArgs } from 'node:util';
import { load } from './lib/load.mjs';
import { payloads } from './lib/payloads.mjs';
import { folderBytes, startServer, usage } from './lib/process.mjs';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    signals: { type: 'string', default: 'logs,traces,metrics' },
    'start-up': { type: 'string', default: '0' },
  },
});
const seconds = Number(flags.seconds);
const records = 500;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const megabytes = (processes) => processes.map(({ rssMb }) => rssMb.toFixed(0)).join(' + ');
const cpu = (processes) => processes.reduce((sum, { cpuS }) => sum + cpuS, 0);

async function measure(signal) {
  const bodies = payloads(signal, { count: 32, records });
  const server = await startServer();
  await sleep(2000);
  const idle = usage(server.pid);
  await load(server.url, signal, bodies, { seconds: 2, records });
  const before = usage(server.pid);
  const diskBefore = folderBytes(server.dataDir);
  const full = await load(server.url, signal, bodies, { seconds, records });
  const loaded = usage(server.pid);
  await sleep(3000);
  const settled = usage(server.pid);
  const disk = folderBytes(server.dataDir) - diskBefore;
  const half = await load(server.url, signal, bodies, { seconds, records, perSecond: full.perSecond / 2 });
  await server.stop();
  const cpuS = cpu(settled) - cpu(before);
  return {
    signal,
    'records/s': Math.round(full.perSecond),
    'MB/s': Math.round((full.perSecond / records) * (bodies[0].body.length / 1e6)),
    'records/CPU-s': Math.round(full.accepted / cpuS),
    'CPU-s server + engine': settled.map((now, i) => (now.cpuS - before[i].cpuS).toFixed(1)).join(' + '),
    'p50/p99 ms, full': `${full.p50Ms.toFixed(0)} / ${full.p99Ms.toFixed(0)}`,
    'p50/p99 ms, half': `${half.p50Ms.toFixed(0)} / ${half.p99Ms.toFixed(0)}`,
    'bytes stored/record': (disk / full.accepted).toFixed(1),
    'RSS idle MB': megabytes(idle),
    'RSS loaded MB': megabytes(loaded),
    statuses: [...full.statuses].map(([status, count]) => `${status}: ${count}`).join(', '),
  };
}

async function startUp(target) {
  const bodies = payloads('logs', { count: 32, records });
  const empty = await startServer();
  const rows = [{ stored: 0, 'ready ms': Math.round(empty.readyMs) }];
  let accepted = 0;
  while (accepted < target)
    accepted += (await load(empty.url, 'logs', bodies, { seconds: 10, records })).accepted;
  await empty.stop({ keep: true });
  const again = await startServer({ dataDir: empty.dataDir });
  rows.push({ stored: accepted, 'ready ms': Math.round(again.readyMs) });
  await again.stop();
  return rows;
}

const rows = [];
for (const signal of flags.signals.split(',').filter(Boolean)) rows.push(await measure(signal));
if (rows.length > 0) console.table(rows);
if (Number(flags['start-up']) > 0) console.table(await startUp(Number(flags['start-up'])));
