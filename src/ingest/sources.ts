import { createHash } from 'node:crypto';
import { type Source, type SourceList, sourceList } from '../contract/index.ts';
import type { TelemetrySignal } from '../model/telemetry.ts';
import type { DecodeOutcome, Sender } from './types.ts';

/** Senders that are remembered, one row per sender and signal. Beyond it everything counts for one row per signal. */
const MAX_SOURCES = 1000;
/** Different reasons kept per row; further ones count for `other`. */
const MAX_REASONS = 16;
/** Longest text a sender may put into a row. */
const MAX_TEXT = 200;
/** The rate is a sum over this many slots. */
const RATE_SLOTS = 10;
const RATE_SLOT_MS = 30_000;
const RATE_MINUTES = (RATE_SLOTS * RATE_SLOT_MS) / 60_000;

/** `unknown`: the path named no signal. */
export type SourceSignal = TelemetrySignal | 'unknown';

/** Why a whole request was turned away before or while it was decoded. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** True when the sender was asked to try again: named among the reasons, not counted as rejected. */
  readonly willRetry: boolean;
}

/**
 * Who sends what, and what of it was refused. In memory and bounded; {@link SourceRegistry.snapshot} is what survives a restart.
 * All times are epoch milliseconds.
 */
export interface SourceRegistry {
  /** Counts the records of a decoded request. Call it once the accepted ones are durable. */
  recordOutcome(sender: Sender, signal: TelemetrySignal, outcome: DecodeOutcome, nowMs: number): void;
  /** Counts a request that could not be read or was turned away, for its address and key, with an empty service. */
  recordRefusal(sender: Sender, signal: SourceSignal, refusal: Refusal, nowMs: number): void;
  /** All rows, most recent first. */
  list(nowMs: number): SourceList;
  /** True once a record of any kind was accepted from outside; what the server measures by itself does not count. */
  hasAccepted(): boolean;
  /** A JSON document for {@link SourceRegistry.restore}: the list with its rates at zero. */
  snapshot(): SourceList;
  /** Takes over a snapshot. One that does not fit is ignored: false. */
  restore(document: unknown): boolean;
}

interface Entry {
  row: Omit<Source, 'accepted_per_minute' | 'first_seen' | 'last_seen' | 'reasons'>;
  firstSeenMs: number;
  lastSeenMs: number;
  reasons: Map<string, { message: string; count: number; lastAtMs: number }>;
  /** Accepted per slot; `slotNumbers` tells which 30 seconds a slot holds. */
  slots: Float64Array;
  slotNumbers: Float64Array;
}

interface Reason {
  readonly code: string;
  readonly message: string;
  count: number;
}

interface Identity {
  service: string;
  instance: string;
  version: string;
  sender: Sender;
  signal: SourceSignal;
}

/** @param onChange called after every change; must be cheap. */
export function createSourceRegistry(
  options: { onChange?: () => void; maxSources?: number } = {},
): SourceRegistry {
  const maxSources = options.maxSources ?? MAX_SOURCES;
  const entries = new Map<string, Entry>();
  let isTruncated = false;
  let hasAccepted = false;

  function entryOf(identity: Identity, nowMs: number): Entry {
    const key = keyOf(identity);
    const known = entries.get(key);
    if (known !== undefined) return known;
    if (entries.size >= maxSources && !evictUseless(entries)) {
      isTruncated = true;
      return overflowEntry(entries, identity.signal, nowMs);
    }
    const entry = newEntry(key, identity, nowMs);
    entries.set(key, entry);
    return entry;
  }

  return {
    recordOutcome(sender, signal, outcome, nowMs) {
      const reasons = [...outcome.rejections.values()].map((reason) => ({ ...reason }));
      const trims = trimsOf(outcome);
      for (const tally of outcome.services.values()) {
        const { service, instance, version } = tally;
        const entry = entryOf({ service, instance, version, sender, signal }, nowMs);
        touch(entry, sender, version, nowMs);
        if (tally.accepted > 0 && isFromOutside(sender)) hasAccepted = true;
        count(entry, tally.accepted, nowMs);
        entry.row.rejected += tally.rejected;
        spreadReasons(entry, reasons, tally.rejected, nowMs);
        // Known per request only; the first service stands for them.
        for (const trim of trims.splice(0)) addReason(entry, nowMs, trim);
      }
      options.onChange?.();
    },
    recordRefusal(sender, signal, refusal, nowMs) {
      const entry = entryOf({ service: '', instance: '', version: '', sender, signal }, nowMs);
      touch(entry, sender, '', nowMs);
      if (!refusal.willRetry) entry.row.rejected += 1;
      addReason(entry, nowMs, { code: refusal.code, message: refusal.message, count: 1 });
      options.onChange?.();
    },
    list(nowMs) {
      const sorted = [...entries.values()].sort((a, b) => b.lastSeenMs - a.lastSeenMs);
      return { sources: sorted.map((entry) => toRow(entry, nowMs)), truncated: isTruncated };
    },
    hasAccepted: () => hasAccepted,
    snapshot: () => ({
      sources: [...entries.values()].map((entry) => ({ ...toRow(entry, 0), accepted_per_minute: 0 })),
      truncated: isTruncated,
    }),
    restore(document) {
      const parsed = sourceList.safeParse(document);
      if (!parsed.success) return false;
      isTruncated = parsed.data.truncated;
      for (const saved of parsed.data.sources.slice(0, maxSources)) {
        const { key, entry } = fromSaved(saved);
        entries.set(key, entry);
        if (saved.accepted > 0 && isFromOutside(saved)) hasAccepted = true;
      }
      return true;
    },
  };
}

/** Protocols under which the server's own samples come in: its metrics, the host's, and what rules record. */
const OWN_PROTOCOLS: ReadonlySet<string> = new Set(['self', 'host', 'rules']);

function isFromOutside({ protocol }: { readonly protocol: string }): boolean {
  return !OWN_PROTOCOLS.has(protocol);
}

function keyOf({ service, instance, sender, signal }: Identity): string {
  return [signal, clip(service), clip(instance), sender.address, sender.keyName, sender.protocol].join(
    '\u0000',
  );
}

function clip(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

function newEntry(key: string, identity: Identity, nowMs: number): Entry {
  const { sender } = identity;
  return {
    row: {
      id: createHash('sha256').update(key).digest('hex').slice(0, 16),
      service: clip(identity.service),
      instance: clip(identity.instance),
      address: sender.address,
      key: sender.keyName,
      protocol: sender.protocol,
      user_agent: clip(sender.userAgent),
      client_version: clip(identity.version),
      signal: identity.signal,
      accepted: 0,
      rejected: 0,
    },
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    reasons: new Map(),
    slots: new Float64Array(RATE_SLOTS),
    slotNumbers: new Float64Array(RATE_SLOTS).fill(-1),
  };
}

/** The row that stands for all senders beyond the bound; one per signal. */
function overflowEntry(entries: Map<string, Entry>, signal: SourceSignal, nowMs: number): Entry {
  const sender: Sender = { address: '', keyName: '', userAgent: '', protocol: 'other' };
  const identity: Identity = { service: 'other', instance: '', version: '', sender, signal };
  const key = keyOf(identity);
  const entry = entries.get(key) ?? newEntry(key, identity, nowMs);
  entries.set(key, entry);
  return entry;
}

/**
 * Makes room by forgetting the longest-silent row that never had anything accepted, so that a scanner knocking from many
 * addresses cannot crowd out real senders.
 */
function evictUseless(entries: Map<string, Entry>): boolean {
  let oldestKey: string | undefined;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const [key, entry] of entries) {
    if (entry.row.accepted > 0 || entry.row.protocol === 'other' || entry.lastSeenMs >= oldestMs) continue;
    oldestKey = key;
    oldestMs = entry.lastSeenMs;
  }
  return oldestKey !== undefined && entries.delete(oldestKey);
}

function touch(entry: Entry, sender: Sender, version: string, nowMs: number): void {
  entry.lastSeenMs = Math.max(entry.lastSeenMs, nowMs);
  if (entry.row.protocol === 'other') return;
  if (sender.userAgent !== '') entry.row.user_agent = clip(sender.userAgent);
  if (version !== '') entry.row.client_version = clip(version);
}

function count(entry: Entry, accepted: number, nowMs: number): void {
  entry.row.accepted += accepted;
  const slotNumber = Math.floor(nowMs / RATE_SLOT_MS);
  const slot = slotNumber % RATE_SLOTS;
  if (entry.slotNumbers[slot] !== slotNumber) {
    entry.slotNumbers[slot] = slotNumber;
    entry.slots[slot] = 0;
  }
  entry.slots[slot]! += accepted;
}

function ratePerMinute(entry: Entry, nowMs: number): number {
  const current = Math.floor(nowMs / RATE_SLOT_MS);
  let sum = 0;
  for (let slot = 0; slot < RATE_SLOTS; slot++) {
    const age = current - entry.slotNumbers[slot]!;
    if (entry.slotNumbers[slot]! >= 0 && age >= 0 && age < RATE_SLOTS) sum += entry.slots[slot]!;
  }
  return sum / RATE_MINUTES;
}

/**
 * Reasons are known per request, rejected counts per service. Each service takes its count from what is left of the reasons:
 * exact for one service or one reason, and the sums are right in every case.
 */
function spreadReasons(entry: Entry, reasons: Reason[], rejected: number, nowMs: number): void {
  let missing = rejected;
  for (const reason of reasons) {
    const taken = Math.min(missing, reason.count);
    if (taken <= 0) continue;
    reason.count -= taken;
    missing -= taken;
    addReason(entry, nowMs, { ...reason, count: taken });
  }
}

/** What was taken off accepted records: named among the reasons, not counted as rejected. */
function trimsOf({ valuesCut, attributesDropped }: DecodeOutcome): Reason[] {
  return [
    {
      code: 'value_cut',
      message: 'the value was longer than the limit; its beginning was kept',
      count: valuesCut,
    },
    {
      code: 'attribute_dropped',
      message: 'the record had more attributes than the limit; the first were kept',
      count: attributesDropped,
    },
  ].filter((reason) => reason.count > 0);
}

function addReason(entry: Entry, nowMs: number, reason: Reason): void {
  const { code, message, count: amount } = reason;
  const isRoom = entry.reasons.has(code) || entry.reasons.size < MAX_REASONS;
  const key = isRoom ? clip(code) : 'other';
  const kept = entry.reasons.get(key) ?? { message: '', count: 0, lastAtMs: nowMs };
  kept.message = clip(message);
  kept.count += amount;
  kept.lastAtMs = nowMs;
  entry.reasons.set(key, kept);
}

function toRow(entry: Entry, nowMs: number): Source {
  const reasons = [...entry.reasons].map(([code, { message, count, lastAtMs }]) => ({
    code,
    message,
    count,
    last_at: new Date(lastAtMs).toISOString(),
  }));
  return {
    ...entry.row,
    first_seen: new Date(entry.firstSeenMs).toISOString(),
    last_seen: new Date(entry.lastSeenMs).toISOString(),
    accepted_per_minute: ratePerMinute(entry, nowMs),
    reasons: reasons.sort((a, b) => b.count - a.count),
  };
}

function fromSaved(saved: Source): { key: string; entry: Entry } {
  const identity: Identity = {
    service: saved.service,
    instance: saved.instance,
    version: saved.client_version,
    signal: saved.signal,
    sender: {
      address: saved.address,
      keyName: saved.key,
      userAgent: saved.user_agent,
      protocol: saved.protocol,
    },
  };
  const key = keyOf(identity);
  const entry = newEntry(key, identity, Date.parse(saved.first_seen));
  entry.lastSeenMs = Date.parse(saved.last_seen);
  entry.row.accepted = saved.accepted;
  entry.row.rejected = saved.rejected;
  for (const reason of saved.reasons.slice(0, MAX_REASONS + 1)) {
    const lastAtMs = Date.parse(reason.last_at);
    entry.reasons.set(reason.code, { message: reason.message, count: reason.count, lastAtMs });
  }
  return { key, entry };
}
