/** What the metrics are, in one sentence; by name, or by prefix with a star. */
const HELP: readonly (readonly [pattern: string, help: string])[] = [
  ['node_cpu_seconds_total', 'Time each processor has spent in each mode, in seconds.'],
  ['node_cpu_guest_seconds_total', 'Time each processor has spent running virtual machines, in seconds.'],
  ['node_load1', 'Load average over one minute.'],
  ['node_load5', 'Load average over five minutes.'],
  ['node_load15', 'Load average over fifteen minutes.'],
  ['node_memory_*', 'A field of /proc/meminfo.'],
  ['node_vmstat_*', 'A field of /proc/vmstat.'],
  ['node_pressure_*', 'Time tasks have waited for the resource, in seconds.'],
  ['node_context_switches_total', 'Context switches.'],
  ['node_intr_total', 'Interrupts served.'],
  ['node_forks_total', 'Processes created.'],
  ['node_procs_running', 'Processes that could run.'],
  ['node_procs_blocked', 'Processes that wait for input or output.'],
  ['node_boot_time_seconds', 'Moment of the last start, seconds since the epoch.'],
  ['node_filefd_*', 'Open files of the whole system.'],
  ['node_uname_info', 'Kernel and machine, as labels.'],
  ['node_disk_*', 'A field of /proc/diskstats.'],
  ['node_filesystem_size_bytes', 'Size of the file system.'],
  ['node_filesystem_free_bytes', 'Free space of the file system.'],
  ['node_filesystem_avail_bytes', 'Free space for users without privileges.'],
  ['node_filesystem_*', 'A property of the file system.'],
  ['node_network_*', 'A counter of the network device.'],
  ['node_netstat_*', 'A counter of the network stack.'],
  ['node_sockstat_*', 'Sockets in use.'],
  ['container_cpu_*', 'Processor time of the container.'],
  ['container_memory_working_set_bytes', 'Memory of the container that cannot be given back at once.'],
  ['container_memory_*', 'Memory of the container.'],
  ['container_fs_*', 'Input and output of the container.'],
  ['container_*', 'A property of the container.'],
  ['process_cpu_seconds_total', 'Processor time of the process, in seconds.'],
  ['process_resident_memory_bytes', 'Memory of the process that is not swapped out.'],
  ['process_*', 'A property of the process.'],
];

export function helpOf(metric: string): string {
  const line = HELP.find(([pattern]) =>
    pattern.endsWith('*') ? metric.startsWith(pattern.slice(0, -1)) : pattern === metric,
  );
  return line?.[1] ?? '';
}
