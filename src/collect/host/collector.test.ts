import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Write } from '../../ingest/index.ts';
import { MemoryStreamRegistry } from '../../ingest/index.ts';
import { silentLog } from '../../lib/log.ts';
import { createBatch, sampleRowsOf, seriesRowsOf } from '../../store/index.ts';
import { createHostCollector } from './collector.ts';
import { nodeHostFiles } from './files.ts';
import type { HostFiles } from './types.ts';

const NOW_MS = 1_800_000_000_000;
const containerId = 'ab'.repeat(32);
const cgroup = `/sys/fs/cgroup/system.slice/docker-${containerId}.scope`;

/** A small machine. */
const machine: Readonly<Record<string, string>> = {
  '/proc/stat': 'cpu  1 2 3 4\ncpu0 100 20 50 4000 7 0 3 0 0 0\nctxt 77\nbtime 1700000000\nprocs_running 2\n',
  '/proc/loadavg': '0.50 0.25 0.10 1/100 4242\n',
  '/proc/meminfo': 'MemTotal:       1000 kB\nActive(anon):    5 kB\nHugePages_Total:   3\nstrange line\n',
  '/proc/vmstat': 'pgfault 12\nnr_free_pages 1\n',
  '/proc/pressure/cpu': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0 total=9\n',
  '/proc/diskstats':
    ' 254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n 254 1 vda1 1 1 1 1 1 1 1 1 1 1 1\n 7 0 loop0 0 0 0\n',
  '/proc/1/mounts':
    '/dev/vda / ext4 rw,relatime 0 0\ntmpfs /my\\040dir tmpfs ro 0 0\nproc /proc proc rw 0 0\n/dev/x /gone xfs rw 0 0\n',
  '/proc/net/dev': 'Inter-|\n face |\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n',
  '/sys/class/net/eth0/operstate': 'up\n',
  '/proc/net/snmp': 'Tcp: CurrEstab InSegs Other\nTcp: 4 5 6\n',
  '/proc/42/stat': `42 (a b) c) S ${Array.from({ length: 40 }, (_, i) => i).join(' ')}`,
  '/sys/fs/cgroup/cgroup.controllers': 'cpu memory',
  [`${cgroup}/cpu.stat`]: 'usage_usec 2500000\nnr_throttled 3\n',
  [`${cgroup}/memory.current`]: '1000\n',
  [`${cgroup}/memory.max`]: 'max\n',
  [`${cgroup}/memory.stat`]: 'anon 10\ninactive_file 400\n',
};

const memoryFiles: HostFiles = {
  text: async (path) => machine[path],
  list: async (path) => {
    if (path === '/sys/fs/cgroup') return ['system.slice', 'cpu.stat', 'cgroup.controllers'];
    return path === '/sys/fs/cgroup/system.slice' ? [`docker-${containerId}.scope`, 'ssh.service'] : [];
  },
  space: async (mountpoint) =>
    mountpoint === '/gone'
      ? undefined
      : { sizeBytes: 100, freeBytes: 50, availableBytes: 40, files: 10, filesFree: 9 },
};

async function measure(files: HostFiles): Promise<Map<string, number>> {
  const batch = createBatch();
  const streams = new MemoryStreamRegistry();
  const write = async ({ decode }: Write) => {
    const { accepted, rejected } = decode({ batch, streams, nowMs: NOW_MS } as never);
    return { accepted, rejected, message: '' };
  };
  const collector = createHostCollector({
    intake: { write },
    intervalMs: 15_000,
    hasContainers: true,
    hostName: 'box',
    processes: () => [{ name: 'server', pid: 42 }],
    clock: { now: () => NOW_MS, after: () => () => {} },
    files,
    log: silentLog,
  });
  await collector.collect();
  await collector.stop();
  return valuesIn(batch);
}

function valuesIn(batch: ReturnType<typeof createBatch>): Map<string, number> {
  const names = new Map<bigint, string>();
  for (const { seriesId, metric, labels } of seriesRowsOf(batch.metric_series)) {
    const shown = labels.filter(([name]) => name !== 'instance').map(([name, value]) => `${name}=${value}`);
    names.set(seriesId, `${metric}{${shown.join(',')}}`);
  }
  const { rows, ids, values } = sampleRowsOf(batch.metric_samples);
  const [idView, valueView] = [ids, values].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
  return new Map(
    Array.from({ length: rows }, (_, i) => [
      names.get(idView!.getBigUint64(i * 8, true))!,
      valueView!.getFloat64(i * 8, true),
    ]),
  );
}

test('a machine has the values of its files, under the usual names', async () => {
  const values = await measure(memoryFiles);
  expect(Object.fromEntries(values)).toMatchObject({
    'node_cpu_seconds_total{cpu=0,job=node,mode=idle}': 40,
    'node_context_switches_total{job=node}': 77,
    'node_boot_time_seconds{job=node}': 1_700_000_000,
    'node_load5{job=node}': 0.25,
    'node_memory_MemTotal_bytes{job=node}': 1_024_000,
    'node_memory_Active_anon_bytes{job=node}': 5120,
    'node_memory_HugePages_Total{job=node}': 3,
    'node_vmstat_pgfault{job=node}': 12,
    'node_pressure_cpu_waiting_seconds_total{job=node}': 1.5,
    'node_disk_read_bytes_total{device=vda,job=node}': 3 * 512,
    'node_disk_io_time_seconds_total{device=vda,job=node}': 0.01,
    'node_filesystem_avail_bytes{device=tmpfs,fstype=tmpfs,job=node,mountpoint=/my dir}': 40,
    'node_filesystem_readonly{device=tmpfs,fstype=tmpfs,job=node,mountpoint=/my dir}': 1,
    'node_filesystem_device_error{device=/dev/x,fstype=xfs,job=node,mountpoint=/gone}': 1,
    'node_network_transmit_bytes_total{device=eth0,job=node}': 9,
    'node_network_up{device=eth0,job=node}': 1,
    'node_netstat_Tcp_CurrEstab{job=node}': 4,
    'process_cpu_seconds_total{job=bellwether,process=server}': 0.21,
    [`container_cpu_usage_seconds_total{cpu=total,id=/system.slice/docker-${containerId}.scope,job=cadvisor,name=abababababab}`]: 2.5,
    [`container_memory_working_set_bytes{id=/system.slice/docker-${containerId}.scope,job=cadvisor,name=abababababab}`]: 600,
    [`container_spec_memory_limit_bytes{id=/system.slice/docker-${containerId}.scope,job=cadvisor,name=abababababab}`]: 0,
  });
  const names = [...values.keys()].join();
  expect(names).not.toMatch(/vda1|loop0|mountpoint=\/proc|node_vmstat_nr|Tcp_Other|NaN/);
});

test('a machine without any of the files gives nothing and no error', async () => {
  const none: HostFiles = { text: async () => undefined, list: async () => [], space: async () => undefined };
  expect((await measure(none)).size).toBe(0);
});

const EXPORTER = '/usr/bin/prometheus-node-exporter';

/** Which are compared: file systems differ between two moments, and Debian's exporter leaves the loopback device out. */
const OURS =
  /^node_(cpu_seconds|load|memory_|vmstat_|disk_(read|writ|io)|network_(receive|transmit)_|context_|intr_|forks_|procs_|boot_|filefd_|uname_)/;

test.skipIf(!existsSync(EXPORTER))(
  `every metric is also one of node_exporter's, with the same labels (skipped without ${EXPORTER})`,
  async () => {
    const theirs = await scrapeExporter();
    const ours = await measure({ ...nodeHostFiles });
    const shown = [...ours.keys()].filter((name) => OURS.test(name) && !name.includes('device=lo,'));
    expect(shown.length).toBeGreaterThan(50);
    const strange = shown.filter((name) => !theirs.has(name.replace(/,?job=node/, '').replace('{,', '{')));
    expect(strange).toEqual([]);
  },
);

async function scrapeExporter(): Promise<Set<string>> {
  const port = await freePort();
  const child = spawn(EXPORTER, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  onTestFinished(() => void child.kill());
  for (let attempt = 0; ; attempt++) {
    try {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return new Set(text.split('\n').map(seriesName));
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** `name{a="b"} 1` as `name{a=b}`. */
function seriesName(line: string): string {
  const text = line.slice(0, line.lastIndexOf(' ')).replaceAll('"', '');
  return text.includes('{') ? text : `${text}{}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
