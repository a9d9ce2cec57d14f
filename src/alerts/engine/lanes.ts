import { randomUUID } from 'node:crypto';
import { messageOf } from '../../lib/errors.ts';
import type { AlertEngineParts } from '../engine-types.ts';
import { DocumentWriter } from './document-writer.ts';
import { getOrAdd } from './get-or-add.ts';
import { Lane } from './lane.ts';
import { LOG_KEPT_MS, MAX_IDLE_LOG_ENTRIES } from './limits.ts';
import { type LogEntry, logEntryJson, newLogEntry, parseLogEntryJson } from './log-entry.ts';

export interface LanesParts extends Pick<AlertEngineParts, 'clock' | 'notificationDocuments' | 'log'> {
  readonly onStateFailure: (error: unknown) => void;
}

/** The notification log: all lanes, kept in documents. */
export class Lanes {
  readonly #parts: LanesParts;
  /** By group key, then integration. */
  readonly #byGroup = new Map<string, Map<string, Lane>>();
  readonly #writer: DocumentWriter;
  #count = 0;

  constructor(parts: LanesParts) {
    this.#parts = parts;
    this.#writer = new DocumentWriter(parts.notificationDocuments, parts.onStateFailure);
  }

  async start(): Promise<void> {
    const { notificationDocuments, clock, log } = this.#parts;
    for (const [key, json] of await notificationDocuments.load()) {
      try {
        const lane = new Lane(parseLogEntryJson(json));
        lane.isWritten = true;
        const { toldAtMs } = lane.entry;
        // The machine's clock may have been set back meanwhile.
        const agoMs = toldAtMs === undefined ? 0 : Math.max(0, clock.now() - toldAtMs);
        if (toldAtMs !== undefined) lane.toldElapsedMs = clock.elapsed() - agoMs;
        lane.idleSinceMs = clock.elapsed() - agoMs;
        this.#add(lane);
      } catch (error) {
        log.error({ key, error: messageOf(error) }, 'an entry of the notification log cannot be read');
      }
    }
  }

  *[Symbol.iterator](): Generator<Lane> {
    for (const lanes of this.#byGroup.values()) yield* lanes.values();
  }

  find(groupKey: string, integration: string): Lane | undefined {
    return this.#byGroup.get(groupKey)?.get(integration);
  }

  ofGroup(groupKey: string): Iterable<Lane> {
    return this.#byGroup.get(groupKey)?.values() ?? [];
  }

  findOrAdd(names: Pick<LogEntry, 'groupKey' | 'integration' | 'groupLabels'>): Lane {
    const found = this.find(names.groupKey, names.integration);
    if (found !== undefined) return found;
    const lane = new Lane(newLogEntry(names, randomUUID()));
    this.#add(lane);
    return lane;
  }

  /** Notes that the entry is to be written with the next {@link commit}. */
  put(lane: Lane): void {
    lane.isWritten = true;
    this.#writer.put(lane.documentKey, logEntryJson(lane.entry));
  }

  /** @returns whether everything that was put is durable now. */
  commit(): Promise<boolean> {
    return this.#writer.hasChanges ? this.#writer.commit() : Promise.resolve(true);
  }

  remove(lane: Lane): void {
    const lanes = this.#byGroup.get(lane.groupKey);
    if (lanes?.get(lane.integration) !== lane) return;
    lane.clearRetry();
    lanes.delete(lane.integration);
    if (lanes.size === 0) this.#byGroup.delete(lane.groupKey);
    this.#count--;
    if (lane.isWritten) this.#writer.put(lane.documentKey, undefined);
  }

  /** Forgets lanes that no group is about any more. @param isInUse whether a lane must stay. */
  purge(isInUse: (lane: Lane) => boolean): void {
    const elapsedMs = this.#parts.clock.elapsed();
    const idle: Lane[] = [];
    for (const lane of this) {
      if (lane.isRunning || isInUse(lane)) lane.idleSinceMs = undefined;
      else {
        lane.idleSinceMs ??= elapsedMs;
        idle.push(lane);
      }
    }
    idle.sort((a, b) => a.idleSinceMs! - b.idleSinceMs!);
    const surplus = idle.length - MAX_IDLE_LOG_ENTRIES;
    idle.forEach((lane, at) => {
      const isOld = elapsedMs - lane.idleSinceMs! >= LOG_KEPT_MS;
      if (at < surplus || isOld || !lane.isWritten) this.remove(lane);
    });
  }

  get count(): number {
    return this.#count;
  }

  #add(lane: Lane): void {
    getOrAdd(this.#byGroup, lane.groupKey, () => new Map<string, Lane>()).set(lane.integration, lane);
    this.#count++;
  }
}
