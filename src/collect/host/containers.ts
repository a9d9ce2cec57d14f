import { lines, words } from './proc.ts';
import type { HostFiles, HostMeter, HostSink, LabelPairs } from './types.ts';

const ROOT = '/sys/fs/cgroup';
/** Folders that hold a container: by Docker, containerd, CRI-O and Podman, with systemd or without. */
const CONTAINER =
  /(?:docker-|cri-containerd-|crio-|libpod-)([0-9a-f]{64})\.scope$|\/docker\/([0-9a-f]{64})$|\/kubepods\/.*\/([0-9a-f]{64})$/;
const MAX_CONTAINERS = 500;
const MAX_DEPTH = 6;
const MAX_FOLDERS = 5000;

/** Containers of this machine from cgroup v2, under cAdvisor's names. `id` is the folder, `name` the container's short id. */
export const containers: HostMeter = async (files, sink) => {
  if ((await files.text(`${ROOT}/cgroup.controllers`)) === undefined) return;
  for (const path of await findContainers(files)) await measure(files, sink, path);
};

async function findContainers(files: HostFiles): Promise<string[]> {
  const found: string[] = [];
  let level = [''];
  let visited = 0;
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > MAX_FOLDERS || found.length >= MAX_CONTAINERS) return found;
      for (const name of await files.list(ROOT + folder)) {
        // Folders have no dot but for units of systemd; files always have one.
        if (/\.(?!scope$|slice$|service$)/.test(name) || name.startsWith('cgroup')) continue;
        const path = `${folder}/${name}`;
        if (CONTAINER.test(path)) found.push(path);
        else if (!name.endsWith('.service')) next.push(path);
      }
    }
    level = next;
  }
  return found;
}

async function measure(files: HostFiles, sink: HostSink, path: string): Promise<void> {
  const match = CONTAINER.exec(path);
  const id = match?.slice(1).find((group) => group !== undefined) ?? '';
  const labels: LabelPairs = [
    ['id', path],
    ['name', id.slice(0, 12)],
  ];
  const read = (name: string) => files.text(`${ROOT}${path}/${name}`);
  addCpu(sink, labels, fields(await read('cpu.stat')));
  const memory = fields(await read('memory.stat'));
  const used = Number(await read('memory.current'));
  if (Number.isFinite(used)) {
    sink.add('container_memory_usage_bytes', labels, used);
    sink.add(
      'container_memory_working_set_bytes',
      labels,
      Math.max(0, used - (memory.get('inactive_file') ?? 0)),
    );
  }
  sink.add('container_memory_rss', labels, memory.get('anon') ?? Number.NaN);
  sink.add('container_memory_cache', labels, memory.get('file') ?? Number.NaN);
  sink.add('container_spec_memory_limit_bytes', labels, limitOf(await read('memory.max')));
  const events = fields(await read('memory.events'));
  sink.add('container_oom_events_total', labels, events.get('oom_kill') ?? Number.NaN);
  const processes = await read('pids.current');
  if (processes !== undefined) sink.add('container_processes', labels, Number(processes));
  addIo(sink, labels, await read('io.stat'));
}

function addCpu(sink: HostSink, labels: LabelPairs, stat: ReadonlyMap<string, number>): void {
  const seconds = (name: string) => (stat.get(name) ?? Number.NaN) / 1e6;
  sink.add('container_cpu_usage_seconds_total', [...labels, ['cpu', 'total']], seconds('usage_usec'));
  sink.add('container_cpu_user_seconds_total', labels, seconds('user_usec'));
  sink.add('container_cpu_system_seconds_total', labels, seconds('system_usec'));
  sink.add('container_cpu_cfs_periods_total', labels, stat.get('nr_periods') ?? Number.NaN);
  sink.add('container_cpu_cfs_throttled_periods_total', labels, stat.get('nr_throttled') ?? Number.NaN);
  sink.add('container_cpu_cfs_throttled_seconds_total', labels, seconds('throttled_usec'));
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 ...` */
function addIo(sink: HostSink, labels: LabelPairs, text: string | undefined): void {
  for (const line of lines(text)) {
    const [device, ...pairs] = words(line);
    if (device === undefined) continue;
    const values = new Map(pairs.map((pair) => pair.split('=') as [string, string]));
    const withDevice: LabelPairs = [...labels, ['device', device]];
    const add = (metric: string, key: string) =>
      sink.add(metric, withDevice, Number(values.get(key) ?? Number.NaN));
    add('container_fs_reads_bytes_total', 'rbytes');
    add('container_fs_writes_bytes_total', 'wbytes');
    add('container_fs_reads_total', 'rios');
    add('container_fs_writes_total', 'wios');
  }
}

/** cAdvisor shows no limit as 0. */
function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.NaN;
  return text.trim() === 'max' ? 0 : Number(text);
}

function fields(text: string | undefined): Map<string, number> {
  return new Map(
    lines(text)
      .map(words)
      .filter((pair) => pair.length === 2)
      .map(([name, value]) => [name!, Number(value)]),
  );
}
