import type { HostMeter } from './types.ts';

/** The kernel counts in hundredths of a second for programs, whatever its own clock. */
const TICKS_PER_S = 100;
const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];
const GUEST_MODES = ['user', 'nice'];

const STAT_COUNTERS: Readonly<Record<string, string>> = {
  ctxt: 'node_context_switches_total',
  intr: 'node_intr_total',
  processes: 'node_forks_total',
  procs_running: 'node_procs_running',
  procs_blocked: 'node_procs_blocked',
  btime: 'node_boot_time_seconds',
};

/** `/proc/stat`: time by processor and mode, and the counters beside it. */
export const cpu: HostMeter = async (files, sink) => {
  for (const line of lines(await files.text('/proc/stat'))) {
    const [name = '', ...rest] = words(line);
    const values = rest.map(Number);
    const number = /^cpu(\d+)$/.exec(name)?.[1];
    if (number !== undefined) {
      CPU_MODES.forEach((mode, i) => {
        const ticks = values[i] ?? Number.NaN;
        sink.add(
          'node_cpu_seconds_total',
          [
            ['cpu', number],
            ['mode', mode],
          ],
          ticks / TICKS_PER_S,
        );
      });
      GUEST_MODES.forEach((mode, i) => {
        const ticks = values[CPU_MODES.length + i] ?? Number.NaN;
        sink.add(
          'node_cpu_guest_seconds_total',
          [
            ['cpu', number],
            ['mode', mode],
          ],
          ticks / TICKS_PER_S,
        );
      });
    } else if (STAT_COUNTERS[name] !== undefined) {
      sink.add(STAT_COUNTERS[name], [], values[0] ?? Number.NaN);
    }
  }
};

export const load: HostMeter = async (files, sink) => {
  const [one, five, fifteen] = words((await files.text('/proc/loadavg')) ?? '');
  if (fifteen === undefined) return;
  sink.add('node_load1', [], Number(one));
  sink.add('node_load5', [], Number(five));
  sink.add('node_load15', [], Number(fifteen));
};

/** `/proc/meminfo`: every field under its own name. */
export const memory: HostMeter = async (files, sink) => {
  for (const line of lines(await files.text('/proc/meminfo'))) {
    const match = /^([A-Za-z0-9_()]+):\s+(\d+)( kB)?$/.exec(line.trim());
    if (match === null) continue;
    const [, field, value, unit] = match;
    const name = field!.replace(/[()]/g, '_').replace(/_+$/, '');
    if (unit === undefined) sink.add(`node_memory_${name}`, [], Number(value));
    else sink.add(`node_memory_${name}_bytes`, [], Number(value) * 1024);
  }
};

const VMSTAT = new Set(['oom_kill', 'pgfault', 'pgmajfault', 'pgpgin', 'pgpgout', 'pswpin', 'pswpout']);

export const vmstat: HostMeter = async (files, sink) => {
  for (const line of lines(await files.text('/proc/vmstat'))) {
    const [name = '', value] = words(line);
    if (VMSTAT.has(name)) sink.add(`node_vmstat_${name}`, [], Number(value));
  }
};

/** Pressure stall information: how long tasks waited, in microseconds. */
export const pressure: HostMeter = async (files, sink) => {
  for (const resource of ['cpu', 'io', 'memory', 'irq']) {
    for (const line of lines(await files.text(`/proc/pressure/${resource}`))) {
      const match = /^(some|full) .*total=(\d+)/.exec(line);
      if (match === null || (resource === 'cpu' && match[1] === 'full')) continue;
      const kind = match[1] === 'some' ? 'waiting' : 'stalled';
      sink.add(`node_pressure_${resource}_${kind}_seconds_total`, [], Number(match[2]) / 1e6);
    }
  }
};

export const fileHandles: HostMeter = async (files, sink) => {
  const [allocated, , maximum] = words((await files.text('/proc/sys/fs/file-nr')) ?? '');
  if (maximum === undefined) return;
  sink.add('node_filefd_allocated', [], Number(allocated));
  sink.add('node_filefd_maximum', [], Number(maximum));
};

export const uname: HostMeter = async (files, sink) => {
  const [release, version, sysname, nodename, domainname] = await Promise.all(
    ['osrelease', 'version', 'ostype', 'hostname', 'domainname'].map((name) =>
      files.text(`/proc/sys/kernel/${name}`),
    ),
  );
  if (release === undefined) return;
  const labels = { sysname, nodename, release, version, domainname };
  const pairs = Object.entries(labels).map(([name, value]) => [name, (value ?? '').trim()] as const);
  sink.add('node_uname_info', [...pairs, ['machine', process.arch === 'x64' ? 'x86_64' : process.arch]], 1);
};

export function lines(text: string | undefined): string[] {
  return text === undefined ? [] : text.split('\n');
}

export function words(line: string): string[] {
  return line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
}
