import { lines, words } from './proc.ts';
import type { HostMeter } from './types.ts';

/** The unit of `/proc/diskstats`, whatever the disk's own. */
const SECTOR_BYTES = 512;
const IGNORED_DISKS = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
/** Kinds of file systems that hold no files of anybody's. */
const IGNORED_FILE_SYSTEMS =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;
const IGNORED_MOUNTS =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
const MAX_DEVICES = 512;

/** Fields of `/proc/diskstats` after the device: metric and factor. */
const DISK_FIELDS: readonly (readonly [metric: string, factor: number])[] = [
  ['node_disk_reads_completed_total', 1],
  ['node_disk_reads_merged_total', 1],
  ['node_disk_read_bytes_total', SECTOR_BYTES],
  ['node_disk_read_time_seconds_total', 0.001],
  ['node_disk_writes_completed_total', 1],
  ['node_disk_writes_merged_total', 1],
  ['node_disk_written_bytes_total', SECTOR_BYTES],
  ['node_disk_write_time_seconds_total', 0.001],
  ['node_disk_io_now', 1],
  ['node_disk_io_time_seconds_total', 0.001],
  ['node_disk_io_time_weighted_seconds_total', 0.001],
  ['node_disk_discards_completed_total', 1],
  ['node_disk_discards_merged_total', 1],
  ['node_disk_discarded_sectors_total', 1],
  ['node_disk_discard_time_seconds_total', 0.001],
  ['node_disk_flush_requests_total', 1],
  ['node_disk_flush_requests_time_seconds_total', 0.001],
];

export const disks: HostMeter = async (files, sink) => {
  for (const line of lines(await files.text('/proc/diskstats')).slice(0, MAX_DEVICES)) {
    const [, , device, ...values] = words(line);
    if (device === undefined || IGNORED_DISKS.test(device)) continue;
    DISK_FIELDS.slice(0, values.length).forEach(([metric, factor], i) => {
      sink.add(metric, [['device', device]], Number(values[i]) * factor);
    });
  }
};

interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly isReadOnly: boolean;
}

/** Mount points are asked one by one; a network file system that hangs is marked and holds up nothing else. */
export const fileSystems: HostMeter = async (files, sink) => {
  const mounts = mountsIn((await files.text('/proc/1/mounts')) ?? (await files.text('/proc/self/mounts')));
  await Promise.all(
    mounts.map(async ({ device, mountpoint, fstype, isReadOnly }) => {
      const labels = [
        ['device', device],
        ['fstype', fstype],
        ['mountpoint', mountpoint],
      ] as const;
      const space = await files.space(mountpoint);
      sink.add('node_filesystem_device_error', labels, space === undefined ? 1 : 0);
      sink.add('node_filesystem_readonly', labels, isReadOnly ? 1 : 0);
      if (space === undefined) return;
      sink.add('node_filesystem_size_bytes', labels, space.sizeBytes);
      sink.add('node_filesystem_free_bytes', labels, space.freeBytes);
      sink.add('node_filesystem_avail_bytes', labels, space.availableBytes);
      sink.add('node_filesystem_files', labels, space.files);
      sink.add('node_filesystem_files_free', labels, space.filesFree);
    }),
  );
};

/** Of several mounts at one place the last is the one that is seen. */
function mountsIn(text: string | undefined): Mount[] {
  const byPlace = new Map<string, Mount>();
  for (const line of lines(text)) {
    const [device, place, fstype, options] = words(line);
    if (device === undefined || place === undefined || fstype === undefined || options === undefined)
      continue;
    const mountpoint = unescapeOctal(place);
    if (IGNORED_FILE_SYSTEMS.test(fstype) || IGNORED_MOUNTS.test(mountpoint)) continue;
    const isReadOnly = options.split(',').includes('ro');
    byPlace.set(mountpoint, { device: unescapeOctal(device), mountpoint, fstype, isReadOnly });
    if (byPlace.size === MAX_DEVICES) break;
  }
  return [...byPlace.values()];
}

/** Blanks in names are written as `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

const RECEIVE = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'];
const TRANSMIT = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'];

export const network: HostMeter = async (files, sink) => {
  for (const line of lines(await files.text('/proc/net/dev')).slice(2, 2 + MAX_DEVICES)) {
    const at = line.lastIndexOf(':');
    if (at < 0) continue;
    const device = line.slice(0, at).trim();
    const values = words(line.slice(at + 1)).map(Number);
    const labels = [['device', device]] as const;
    RECEIVE.forEach((kind, i) => {
      sink.add(`node_network_receive_${kind}_total`, labels, values[i] ?? Number.NaN);
    });
    TRANSMIT.forEach((kind, i) => {
      sink.add(`node_network_transmit_${kind}_total`, labels, values[RECEIVE.length + i] ?? Number.NaN);
    });
    const state = await files.text(`/sys/class/net/${device}/operstate`);
    if (state !== undefined) sink.add('node_network_up', labels, state.trim() === 'up' ? 1 : 0);
  }
};

/** `/proc/net/snmp` and `/proc/net/netstat` come in pairs of lines, names and values. */
const NETSTAT = new Set([
  'Tcp_ActiveOpens',
  'Tcp_CurrEstab',
  'Tcp_InErrs',
  'Tcp_InSegs',
  'Tcp_OutRsts',
  'Tcp_OutSegs',
  'Tcp_PassiveOpens',
  'Tcp_RetransSegs',
  'TcpExt_ListenDrops',
  'TcpExt_ListenOverflows',
  'TcpExt_TCPTimeouts',
  'Udp_InDatagrams',
  'Udp_InErrors',
  'Udp_NoPorts',
  'Udp_OutDatagrams',
  'Udp_RcvbufErrors',
  'Udp_SndbufErrors',
]);

export const sockets: HostMeter = async (files, sink) => {
  for (const path of ['/proc/net/snmp', '/proc/net/netstat']) {
    const rows = lines(await files.text(path));
    for (let i = 0; i + 1 < rows.length; i += 2) {
      const [protocol = '', ...names] = words(rows[i]!);
      const values = words(rows[i + 1]!).slice(1);
      names.forEach((name, at) => {
        const full = `${protocol.replace(':', '')}_${name}`;
        if (NETSTAT.has(full)) sink.add(`node_netstat_${full}`, [], Number(values[at]));
      });
    }
  }
  for (const line of lines(await files.text('/proc/net/sockstat'))) {
    const [protocol = '', ...pairs] = words(line);
    const name = protocol.replace(':', '');
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      sink.add(`node_sockstat_${name}_${pairs[i]}`, [], Number(pairs[i + 1]));
    }
  }
};
