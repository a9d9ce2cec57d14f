import { BellwetherError, type DecodeError } from '../../../lib/errors.ts';
import { Labels, METRIC_NAME } from '../../../model/labels.ts';
import type { DecodeContext, DecodeOutcome } from '../../types.ts';
import { DEFAULT_EXPOSITION_LIMITS, type ExpositionLimits } from '../exposition/sink.ts';
import { ImportWriter } from './import-writer.ts';
import {
  describeGrouping,
  inconsistent,
  PUSH_FAILURE_TIME,
  PUSH_TIME,
  type PushedFamily,
  type PushedSeries,
  parsePush,
} from './push-parse.ts';
import { fromSnapshot, type PushSnapshot, toSnapshot } from './push-snapshot.ts';
import type { Grouping } from './pushgateway.ts';
import { createImportedSeries, SeriesCache } from './series-cache.ts';

/** Bounds of what is kept, all groups together. */
export interface PushLimits {
  readonly groups: number;
  readonly series: number;
  /** Characters of the names and values of all labels. */
  readonly labelCharacters: number;
}

export const DEFAULT_PUSH_LIMITS: PushLimits = {
  groups: 10_000,
  series: 200_000,
  labelCharacters: 64 * 1024 * 1024,
};

export interface Push {
  /** `PUT` replaces the group, `POST` its metrics of the pushed names. */
  readonly method: 'PUT' | 'POST';
  readonly grouping: Grouping;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  readonly nowMs: number;
}

/** A group as kept; families by name. */
export interface PushGroup {
  readonly grouping: Grouping;
  readonly families: ReadonlyMap<string, PushedFamily>;
  /** Unix time of the last push that was taken, 0 when none was. */
  readonly pushTimeS: number;
  /** Unix time of the last well-formed push that was refused, 0 when none was. */
  readonly failureTimeS: number;
}

interface Owner {
  readonly groupKey: string;
  readonly family: string;
}

/**
 * What was pushed last, by group, as the Pushgateway keeps it: it stays until it is replaced or deleted, and is written again and again
 * so that a batch job's metrics can be queried long after it ended.
 *
 * Lives in memory, within {@link PushLimits}; `snapshot` and `restore` are for whoever keeps it over a restart. A series that was pushed
 * and is no more is ended with a staleness marker by the next write.
 */
export class PushGroups {
  /** Only its keys of metadata are of use. */
  readonly #cache = new SeriesCache({ capacity: 1 });
  readonly #limits: PushLimits;
  readonly #expositionLimits: ExpositionLimits;
  #groups = new Map<string, PushGroup>();
  /** Who has a series, by the key of its labels. */
  #owners = new Map<string, Owner>();
  #labelCharacters = 0;
  #ended = new Map<string, PushedSeries>();

  constructor(options: { readonly limits?: PushLimits; readonly expositionLimits?: ExpositionLimits } = {}) {
    this.#limits = options.limits ?? DEFAULT_PUSH_LIMITS;
    this.#expositionLimits = options.expositionLimits ?? DEFAULT_EXPOSITION_LIMITS;
  }

  get size(): number {
    return this.#groups.size;
  }

  get seriesCount(): number {
    return this.#owners.size;
  }

  groups(): PushGroup[] {
    return [...this.#groups.values()];
  }

  /**
   * Takes a push. Nothing of a refused push is kept but the time of failure.
   *
   * @throws DecodeError malformed, with times, with a series twice, with a series of another group, or with another type than the same
   * metric of another group.
   * @throws BellwetherError 429 when a limit is reached.
   */
  push({ method, grouping, body, contentType, nowMs }: Push): void {
    const { families, inconsistency } = parsePush(body, contentType, grouping, this.#expositionLimits);
    const group = this.#groups.get(grouping.key);
    const kept = method === 'PUT' ? [] : this.#notReplaced(group, families);
    const refusal = inconsistency ?? this.#conflict(grouping, families, kept);
    if (refusal !== undefined) {
      this.#fail(grouping, group, nowMs);
      throw refusal;
    }
    this.#checkRoom(group, [...kept, ...families]);
    this.#replace({
      grouping,
      families: new Map([...kept, ...families].map((family) => [family.name, family])),
      pushTimeS: nowMs / 1000,
      failureTimeS: group?.failureTimeS ?? 0,
    });
  }

  /** Forgets a group; returns whether there was one. */
  delete(grouping: Grouping): boolean {
    const group = this.#groups.get(grouping.key);
    if (group === undefined) return false;
    this.#disown(group);
    this.#end([...seriesOf(group), ...this.#ownSeries(group)]);
    this.#groups.delete(grouping.key);
    return true;
  }

  /** Forgets everything. */
  wipe(): void {
    for (const { grouping } of this.groups()) this.delete(grouping);
  }

  /** Writes the series of one group with the server's time, and the ends of series that are no more. */
  writeGroup(grouping: Grouping, context: DecodeContext): DecodeOutcome {
    const group = this.#groups.get(grouping.key);
    return this.#write(group === undefined ? [] : [group], context);
  }

  /** As `writeGroup` with all groups: what a scrape of a Pushgateway would bring. */
  writeAll(context: DecodeContext): DecodeOutcome {
    return this.#write(this.groups(), context);
  }

  /** Everything kept, as plain JSON. */
  snapshot(): PushSnapshot {
    return toSnapshot(this.groups());
  }

  /**
   * Takes over a snapshot in place of what is kept.
   *
   * @param snapshot as parsed from JSON; checked.
   * @throws DecodeError it is none; nothing has changed then.
   */
  restore(snapshot: unknown): void {
    const groups = fromSnapshot(snapshot);
    this.#groups = new Map();
    this.#owners = new Map();
    this.#labelCharacters = 0;
    for (const group of groups) this.#replace(group);
  }

  #notReplaced(group: PushGroup | undefined, families: readonly PushedFamily[]): PushedFamily[] {
    const replaced = new Set(families.map(({ name }) => name));
    return [...(group?.families.values() ?? [])].filter(({ name }) => !replaced.has(name));
  }

  #conflict(
    grouping: Grouping,
    families: readonly PushedFamily[],
    kept: readonly PushedFamily[],
  ): DecodeError | undefined {
    const keptNames = new Set(kept.map(({ name }) => name));
    for (const { name, type, series } of families) {
      for (const { labels } of series) {
        const owner = this.#owners.get(labels.key);
        if (owner === undefined) continue;
        if (owner.groupKey !== grouping.key || keptNames.has(owner.family)) {
          return inconsistent(`${labels} was already pushed to ${this.#nameOf(owner)}`);
        }
      }
      const other = this.#otherType(grouping, name, type);
      if (other !== undefined) return other;
    }
    return undefined;
  }

  #nameOf({ groupKey }: Owner): string {
    const group = this.#groups.get(groupKey);
    return group === undefined ? groupKey : `the group ${describeGrouping(group.grouping)}`;
  }

  #otherType(grouping: Grouping, name: string, type: string): DecodeError | undefined {
    for (const group of this.#groups.values()) {
      const family = group.families.get(name);
      if (family === undefined || group.grouping.key === grouping.key || family.type === type) continue;
      const types = `${type || 'untyped'} here and ${family.type || 'untyped'}`;
      return inconsistent(`${name} is ${types} in the group ${describeGrouping(group.grouping)}`);
    }
    return undefined;
  }

  #checkRoom(group: PushGroup | undefined, families: readonly PushedFamily[]): void {
    const { groups, series, labelCharacters } = this.#limits;
    const before = sizeOf(group?.families.values() ?? []);
    const after = sizeOf(families);
    const allSeries = this.#owners.size - before.series + after.series;
    const allCharacters = this.#labelCharacters - before.characters + after.characters;
    if (group === undefined && this.#groups.size >= groups) throw full(`${groups} groups`);
    if (allSeries > series) throw full(`${series} series`);
    if (allCharacters > labelCharacters) throw full(`${labelCharacters} characters of labels`);
  }

  #fail(grouping: Grouping, group: PushGroup | undefined, nowMs: number): void {
    if (group === undefined && this.#groups.size >= this.#limits.groups) return;
    const families = group?.families ?? new Map<string, PushedFamily>();
    const pushTimeS = group?.pushTimeS ?? 0;
    this.#groups.set(grouping.key, { grouping, families, pushTimeS, failureTimeS: nowMs / 1000 });
  }

  #replace(group: PushGroup): void {
    const before = this.#groups.get(group.grouping.key);
    if (before !== undefined) this.#disown(before);
    this.#groups.set(group.grouping.key, group);
    for (const family of group.families.values()) {
      const owner = { groupKey: group.grouping.key, family: family.name };
      for (const { labels } of family.series) this.#owners.set(labels.key, owner);
    }
    this.#labelCharacters += sizeOf(group.families.values()).characters;
    if (before !== undefined)
      this.#end(seriesOf(before).filter(({ labels }) => !this.#owners.has(labels.key)));
    for (const { labels } of [...seriesOf(group), ...this.#ownSeries(group)]) this.#ended.delete(labels.key);
  }

  #disown(group: PushGroup): void {
    for (const { labels } of seriesOf(group)) this.#owners.delete(labels.key);
    this.#labelCharacters -= sizeOf(group.families.values()).characters;
  }

  #end(all: readonly PushedSeries[]): void {
    for (const series of all) {
      // Beyond the limit they end by themselves, some minutes later.
      if (this.#ended.size < this.#limits.series) this.#ended.set(series.labels.key, series);
    }
  }

  #write(groups: readonly PushGroup[], context: DecodeContext): DecodeOutcome {
    const writer = new ImportWriter(context, this.#cache, Number.POSITIVE_INFINITY);
    const { nowMs } = context;
    for (const { series, histogram } of this.#ended.values()) {
      writer.stale(series, nowMs, histogram !== undefined);
    }
    this.#ended = new Map();
    for (const group of groups) {
      for (const family of group.families.values()) {
        writer.metadata(family.name, family);
        for (const { series, value, histogram, startMs } of family.series) {
          if (histogram === undefined) writer.sample(series, nowMs, value);
          else writer.histogram(series, nowMs, startMs ?? 0, histogram);
        }
      }
      for (const { series, value } of this.#ownSeries(group)) writer.sample(series, nowMs, value);
    }
    if (groups.length > 0) describeOwn(writer);
    return writer.finish();
  }

  #ownSeries(group: PushGroup): [PushedSeries, PushedSeries] {
    return [
      ownSeries(PUSH_TIME, group.grouping, group.pushTimeS),
      ownSeries(PUSH_FAILURE_TIME, group.grouping, group.failureTimeS),
    ];
  }
}

function ownSeries(metric: string, grouping: Grouping, value: number): PushedSeries {
  const labels = Labels.from([...grouping.labels, [METRIC_NAME, metric]]);
  return { labels, series: createImportedSeries(labels), value, histogram: undefined, startMs: undefined };
}

function describeOwn(writer: ImportWriter): void {
  writer.metadata(PUSH_TIME, {
    type: 'gauge',
    help: 'Unix time of the last push to this group that was taken.',
  });
  writer.metadata(PUSH_FAILURE_TIME, {
    type: 'gauge',
    help: 'Unix time of the last push to this group that was refused.',
  });
}

function seriesOf(group: PushGroup): PushedSeries[] {
  return [...group.families.values()].flatMap(({ series }) => series);
}

function sizeOf(families: Iterable<PushedFamily>): { series: number; characters: number } {
  let count = 0;
  let characters = 0;
  for (const { series } of families) {
    count += series.length;
    for (const { labels } of series) characters += labels.key.length;
  }
  return { series: count, characters };
}

function full(limit: string): BellwetherError {
  return new BellwetherError({
    code: 'push_limit',
    status: 429,
    message: `pushed metrics would go beyond the limit of ${limit}`,
    hint: 'delete groups nobody needs any more: DELETE /metrics/job/<job>',
  });
}
