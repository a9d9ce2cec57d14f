/** A spool file's facts, all of which are in its name, so that a damaged file is found without asking anybody. */
export interface SpoolFileName {
  readonly table: string;
  /** Order of writing within a spool. */
  readonly seq: number;
  readonly rows: number;
  readonly bytes: number;
  /** CRC-32 of the contents. */
  readonly crc: number;
  /** Which process wrote it: with `seq` it makes the name unique, also among the instances of a cluster. */
  readonly writer: string;
}

const FILE = /^([a-z][a-z0-9_]*)-(\d{1,15})-(\d{1,15})-(\d{1,15})-([0-9a-f]{8})-([0-9a-f]{16})\.native$/;
const GROUP = /^([a-z][a-z0-9_]*)-(\d{1,15})-([0-9a-f]{16})\.group$/;

export function spoolFileName(parts: SpoolFileName): string {
  const crc = parts.crc.toString(16).padStart(8, '0');
  return `${parts.table}-${padded(parts.seq)}-${parts.rows}-${parts.bytes}-${crc}-${parts.writer}.native`;
}

/** Undefined when the name is not one of ours. */
export function parseSpoolFileName(name: string): SpoolFileName | undefined {
  const match = FILE.exec(name);
  if (match === null) return undefined;
  return {
    table: match[1]!,
    seq: Number(match[2]),
    rows: Number(match[3]),
    bytes: Number(match[4]),
    crc: Number.parseInt(match[5]!, 16),
    writer: match[6]!,
  };
}

/** Name of a group's manifest; without the ending it is the group's deduplication token. */
export function groupFileName(table: string, seq: number, writer: string): string {
  return `${table}-${padded(seq)}-${writer}.group`;
}

export function parseGroupFileName(name: string): { table: string; seq: number } | undefined {
  const match = GROUP.exec(name);
  return match === null ? undefined : { table: match[1]!, seq: Number(match[2]) };
}

/** So that names sort in order of writing. */
function padded(seq: number): string {
  return String(seq).padStart(10, '0');
}
