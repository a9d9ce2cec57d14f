import type { Integration } from '../../model/notification.ts';
import type { AlertCounters, AlertEngineParts } from '../engine-types.ts';
import type { AlertingConfig, PartialAlertEvent, Route } from '../types.ts';
import { AlertGroup, groupLabelsOf, routeIdentity } from './alert-group.ts';
import { type AlertRecord, ruleIdOf } from './alert-record.ts';
import { getOrAdd } from './get-or-add.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

export interface DispatcherParts extends Pick<AlertEngineParts, 'clock' | 'record'> {
  readonly lanes: Lanes;
  readonly counters: AlertCounters;
  readonly config: () => AlertingConfig;
  /** Looks whether a lane has something to tell. Never rejects. */
  readonly run: (lane: Lane) => Promise<void>;
  /** Resolves alerts whose time is over. */
  readonly expire: (records: Iterable<AlertRecord>) => Promise<void>;
  /** Why an alert is not told in a group now; undefined when it is. */
  readonly suppressionText: (record: AlertRecord, group: AlertGroup) => string | undefined;
  /** Keeps what goes on, so that it can be waited for. */
  readonly track: (work: Promise<void>) => void;
  /** A group is no more. */
  readonly onEnd: (group: AlertGroup) => void;
  readonly onChange: () => void;
}

/** Gathers alerts in groups and looks after each group at its times. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** By route and labels. */
  #groups = new Map<string, AlertGroup>();
  /** Routes with the same matchers make groups with the same key. */
  readonly #byKey = new Map<string, Set<AlertGroup>>();
  /** Groups of the configuration before, while a new one is taken up. */
  #inheritance = new Map<string, AlertGroup[]>();

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  get groups(): Iterable<AlertGroup> {
    return this.#groups.values();
  }

  /** Groups whose alerts go to the integration of a lane. */
  groupsOf(lane: Lane, integration: Integration): AlertGroup[] {
    const found: AlertGroup[] = [];
    for (const group of this.#byKey.get(lane.groupKey) ?? [])
      if (group.route.receiver === integration.receiver) found.push(group);
    return found;
  }

  /** Puts an alert where its routes lead. A resolved one only goes where somebody has to be told of its end. */
  dispatch(record: AlertRecord): void {
    for (const route of record.routes) {
      const labels = groupLabelsOf(route, record.alert.labels);
      const id = groupId(route, labels.key);
      let group = this.#groups.get(id);
      if (group === undefined) {
        group = new AlertGroup(route, labels, this.#parts.clock.elapsed() + route.groupWaitMs);
        if (record.isResolved && !this.#isOwed(group, record)) continue;
        this.#open(id, group);
      } else if (record.isResolved && !group.records.has(record) && !this.#isOwed(group, record)) continue;
      group.records.add(record);
      if (!record.groups.includes(group)) record.groups = [...record.groups, group];
      this.#flushSoonIfOld(group, record);
    }
  }

  /** Takes up another configuration: groups of routes that are the same go on, with their times. */
  rebuild(records: Iterable<AlertRecord>): void {
    const before = this.#groups;
    this.#groups = new Map();
    this.#byKey.clear();
    this.#inheritance = new Map();
    for (const group of before.values()) {
      group.cancelTimer?.();
      getOrAdd(this.#inheritance, inheritanceKey(group), (): AlertGroup[] => []).push(group);
    }
    for (const record of records) {
      record.groups = [];
      this.dispatch(record);
    }
    this.#inheritance.clear();
  }

  remove(record: AlertRecord): void {
    for (const group of record.groups) this.#leave(group, record);
    record.groups = [];
  }

  /** Lets go of what ended and everybody was told of, and of the group when nothing is left. */
  settle(group: AlertGroup): void {
    if (!group.hasFlushed || this.#groups.get(groupId(group.route, group.labels.key)) !== group) return;
    for (const record of group.records) {
      if (!record.isResolved || this.#isOwed(group, record)) continue;
      record.groups = record.groups.filter((one) => one !== group);
      this.#leave(group, record);
    }
  }

  settleLane(lane: Lane): void {
    for (const group of [...(this.#byKey.get(lane.groupKey) ?? [])]) this.settle(group);
  }

  stop(): void {
    for (const group of this.#groups.values()) group.cancelTimer?.();
  }

  #leave(group: AlertGroup, record: AlertRecord): void {
    group.records.delete(record);
    if (group.records.size > 0) return;
    group.cancelTimer?.();
    this.#groups.delete(groupId(group.route, group.labels.key));
    const sharing = this.#byKey.get(group.key);
    if (sharing?.delete(group) === true && sharing.size === 0) this.#byKey.delete(group.key);
    this.#parts.onEnd(group);
    this.#parts.onChange();
  }

  #open(id: string, group: AlertGroup): void {
    this.#groups.set(id, group);
    getOrAdd(this.#byKey, group.key, () => new Set<AlertGroup>()).add(group);
    const ancestor = this.#inheritance.get(inheritanceKey(group))?.shift();
    if (ancestor !== undefined) {
      group.hasFlushed = ancestor.hasFlushed;
      group.nextFlushMs = ancestor.nextFlushMs;
      group.suppressed = ancestor.suppressed;
    }
    this.#arm(group);
  }

  /** Compared with the machine's clock: at worst it is flushed at once, or after all of the wait. */
  #flushSoonIfOld(group: AlertGroup, { alert }: AlertRecord): void {
    const { clock } = this.#parts;
    if (group.hasFlushed || alert.startsAtMs + group.route.groupWaitMs > clock.now()) return;
    if (group.nextFlushMs <= clock.elapsed()) return;
    group.nextFlushMs = clock.elapsed();
    this.#arm(group);
  }

  #arm(group: AlertGroup): void {
    group.cancelTimer?.();
    const delayMs = Math.max(0, group.nextFlushMs - this.#parts.clock.elapsed());
    group.cancelTimer = this.#parts.clock.after(delayMs, () => this.#parts.track(this.#flush(group)));
  }

  async #flush(group: AlertGroup): Promise<void> {
    const { clock } = this.#parts;
    for (const record of group.records)
      if (!record.isResolved && record.deadlineMs <= clock.elapsed()) {
        await this.#parts.expire(group.records);
        break;
      }
    // A change of the configuration may have put another one in its place, which is due as well then.
    if (this.#groups.get(groupId(group.route, group.labels.key)) !== group) return;
    const elapsedMs = clock.elapsed();
    // Steady steps, so that a repetition is due at one of them.
    const nextMs = group.nextFlushMs + group.route.groupIntervalMs;
    group.nextFlushMs = nextMs > elapsedMs ? nextMs : elapsedMs + group.route.groupIntervalMs;
    this.#arm(group);
    group.hasFlushed = true;
    this.#noteSuppressions(group);
    for (const lane of this.#lanesOf(group)) this.#parts.track(this.#parts.run(lane));
    this.settle(group);
    this.#parts.onChange();
  }

  #lanesOf(group: AlertGroup): Lane[] {
    const { config, lanes } = this.#parts;
    const integrations = config().receivers.get(group.route.receiver)?.integrations ?? [];
    return integrations.map(({ id }) =>
      lanes.findOrAdd({ groupKey: group.key, integration: id, groupLabels: group.labels }),
    );
  }

  #isOwed(group: AlertGroup, { fingerprint }: AlertRecord): boolean {
    const { config, lanes } = this.#parts;
    const integrations = config().receivers.get(group.route.receiver)?.integrations ?? [];
    return integrations.some(({ id }) => lanes.find(group.key, id)?.isOwed(fingerprint) === true);
  }

  /** Records which alerts are left out, and why, each time that changes. */
  #noteSuppressions(group: AlertGroup): void {
    const { clock, counters, record: recordEvents, suppressionText } = this.#parts;
    const events: PartialAlertEvent[] = [];
    const suppressed = new Map<string, string>();
    for (const record of group.records) {
      const text = record.isResolved ? undefined : suppressionText(record, group);
      if (text === undefined) continue;
      suppressed.set(record.fingerprint, text);
      if (group.suppressed.get(record.fingerprint) === text) continue;
      const { fingerprint, labels, startsAtMs, value } = record.alert;
      events.push({
        timeMs: clock.now(),
        kind: 'suppressed',
        fingerprint,
        labels,
        startsAtMs,
        value,
        ruleId: ruleIdOf(record.alert),
        receiver: group.route.receiver,
        groupKey: group.key,
        detail: text,
      });
    }
    group.suppressed = suppressed;
    if (events.length === 0) return;
    counters.suppressed += events.length;
    recordEvents(events);
  }
}

function groupId(route: Route, labelsKey: string): string {
  return `${route.id} ${labelsKey}`;
}

function inheritanceKey({ route, labels }: AlertGroup): string {
  return `${routeIdentity(route)} ${labels.key}`;
}
