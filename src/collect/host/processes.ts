import { lines, words } from './proc.ts';
import type { HostMeter, LabelPairs } from './types.ts';

const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;

/** A process of ours: the server itself, the storage engine. */
export interface OwnProcess {
  readonly name: string;
  readonly pid: number;
}

/** CPU, memory and files of Bellwether's own processes, under the names of Prometheus's client libraries. */
export function ownProcesses(list: () => readonly OwnProcess[]): HostMeter {
  return async (files, sink) => {
    const bootS = bootTime(await files.text('/proc/stat'));
    for (const { name, pid } of list()) {
      const stat = await files.text(`/proc/${pid}/stat`);
      if (stat === undefined) continue;
      // The name in parentheses may hold anything, blanks and parentheses among it.
      const values = words(stat.slice(stat.lastIndexOf(')') + 1)).map(Number);
      const labels: LabelPairs = [['process', name]];
      const [userTicks, systemTicks] = [values[11] ?? Number.NaN, values[12] ?? Number.NaN];
      sink.add('process_cpu_seconds_total', labels, (userTicks + systemTicks) / TICKS_PER_S);
      sink.add('process_threads', labels, values[17] ?? Number.NaN);
      sink.add('process_start_time_seconds', labels, bootS + (values[19] ?? Number.NaN) / TICKS_PER_S);
      sink.add('process_virtual_memory_bytes', labels, values[20] ?? Number.NaN);
      sink.add('process_resident_memory_bytes', labels, (values[21] ?? Number.NaN) * PAGE_BYTES);
      sink.add('process_open_fds', labels, (await files.list(`/proc/${pid}/fd`)).length);
    }
  };
}

function bootTime(stat: string | undefined): number {
  const line = lines(stat).find((candidate) => candidate.startsWith('btime '));
  return line === undefined ? Number.NaN : Number(line.slice(6));
}
