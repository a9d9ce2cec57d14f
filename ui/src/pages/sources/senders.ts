import type { Source } from '@contract';
import type { Tone } from '../../components/index.ts';

/** All signals of one program on one machine under one key. */
export interface Sender {
  id: string;
  service: string;
  instance: string;
  address: string;
  key: string;
  version: string;
  perMinute: number;
  accepted: number;
  rejected: number;
  lastSeenMs: number;
  /** When something was last refused; 0 never. */
  lastRejectedMs: number;
  signals: readonly Source[];
}

/** Groups the rows of `/api/sources`, the most recent sender first. */
export function groupSenders(sources: readonly Source[]): Sender[] {
  const groups = new Map<string, Source[]>();
  for (const source of sources) {
    const id = [source.service, source.instance, source.address, source.key].join('\n');
    const group = groups.get(id);
    if (group) group.push(source);
    else groups.set(id, [source]);
  }
  return [...groups]
    .map(([id, signals]) => senderOf(id, signals))
    .sort((a, b) => b.lastSeenMs - a.lastSeenMs);
}

function senderOf(id: string, signals: Source[]): Sender {
  signals.sort((a, b) => a.signal.localeCompare(b.signal));
  const newest = signals.reduce((best, source) => (source.last_seen > best.last_seen ? source : best));
  const sum = (value: (source: Source) => number) =>
    signals.reduce((total, source) => total + value(source), 0);
  const reasons = signals.flatMap((source) => source.reasons);
  return {
    id,
    service: newest.service,
    instance: newest.instance,
    address: newest.address,
    key: newest.key,
    version: newest.client_version,
    perMinute: sum((source) => source.accepted_per_minute),
    accepted: sum((source) => source.accepted),
    rejected: sum((source) => source.rejected),
    lastSeenMs: Date.parse(newest.last_seen),
    lastRejectedMs: Math.max(0, ...reasons.map((reason) => Date.parse(reason.last_at))),
    signals,
  };
}

/** A sender counts as active for this long after its last item. */
const activeMs = 5 * 60_000;
/** A rejection colours its sender for this long. */
const rejectedMs = 60 * 60_000;

/** State of a sender as icon, word and colour. */
export function senderTone(sender: Sender, nowMs: number): { tone: Tone; word: string } {
  if (sender.accepted === 0 && sender.rejected > 0) return { tone: 'bad', word: 'Rejected' };
  if (nowMs - sender.lastRejectedMs < rejectedMs) return { tone: 'warn', word: 'Partly rejected' };
  if (nowMs - sender.lastSeenMs < activeMs) return { tone: 'ok', word: 'Receiving' };
  return { tone: 'quiet', word: 'Quiet' };
}
