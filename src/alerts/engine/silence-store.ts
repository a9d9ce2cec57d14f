import { randomUUID } from 'node:crypto';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import type { Labels } from '../../model/labels.ts';
import type { AlertEngineParts, SilenceInput } from '../engine-types.ts';
import { formatMatchers } from '../matchers.ts';
import type { AlertEvent, Silence, SilenceState, Suppression } from '../types.ts';
import { Chain } from './chain.ts';
import { DocumentWriter } from './document-writer.ts';
import { EXPIRED_SILENCE_KEPT_MS, MAX_EXPIRED_SILENCES, MAX_SILENCES } from './limits.ts';
import { MatcherIndex } from './matcher-index.ts';
import { canUpdate, checkSilence, parseSilenceJson, silenceJson, silenceState } from './silence-rules.ts';

export interface SilenceStoreParts
  extends Pick<AlertEngineParts, 'clock' | 'silenceDocuments' | 'record' | 'log'> {
  /** There is a silence with new matchers. */
  readonly onAdd: (silence: Silence) => void;
  readonly onRemove: (id: string) => void;
  /** Something about silences is different now. */
  readonly onChange: () => void;
  readonly onStateFailure: (error: unknown) => void;
}

type SilenceEvent = Extract<AlertEvent['kind'], `silence_${string}`>;

/** All silences, kept in documents. Alerts remember which of them match, so that a look at an alert costs little. */
export class SilenceStore {
  readonly #parts: SilenceStoreParts;
  readonly #byId = new Map<string, Silence>();
  /** Those that may still silence something. */
  readonly #index = new MatcherIndex<string>();
  /** States as they were told, to notice when one begins or ends by itself. */
  readonly #states = new Map<string, SilenceState>();
  readonly #writer: DocumentWriter;
  readonly #chain = new Chain();

  constructor(parts: SilenceStoreParts) {
    this.#parts = parts;
    this.#writer = new DocumentWriter(parts.silenceDocuments, parts.onStateFailure);
  }

  async start(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    for (const [id, json] of await this.#parts.silenceDocuments.load()) {
      try {
        this.#set(parseSilenceJson(id, json), nowMs);
      } catch (error) {
        this.#parts.log.error({ id, error: messageOf(error) }, 'a silence that was kept cannot be read');
      }
    }
  }

  list(): { readonly silence: Silence; readonly state: SilenceState }[] {
    const nowMs = this.#parts.clock.now();
    return [...this.#byId.values()].map((silence) => ({ silence, state: silenceState(silence, nowMs) }));
  }

  get(id: string): { readonly silence: Silence; readonly state: SilenceState } | undefined {
    const silence = this.#byId.get(id);
    return silence && { silence, state: silenceState(silence, this.#parts.clock.now()) };
  }

  /** Ids of silences, pending ones too, whose matchers match. */
  matching(labels: Labels): string[] {
    return this.#index.matching(labels);
  }

  /** @param ids of silences whose matchers match the alert. */
  suppressionOf(
    ids: readonly string[],
    nowMs: number,
  ): Extract<Suppression, { kind: 'silenced' }> | undefined {
    if (ids.length === 0) return undefined;
    const active = ids.filter((id) => {
      const silence = this.#byId.get(id);
      return silence !== undefined && silenceState(silence, nowMs) === 'active';
    });
    return active.length === 0 ? undefined : { kind: 'silenced', silenceIds: active };
  }

  put(input: SilenceInput, actor: string): Promise<string> {
    return this.#chain.run(async () => {
      const nowMs = this.#parts.clock.now();
      checkSilence(input, nowMs);
      const before = input.id === undefined ? undefined : this.#byId.get(input.id);
      if (input.id !== undefined && before === undefined) throw noSilence(input.id);
      const fields = { ...input, updatedAtMs: nowMs };
      if (before !== undefined && canUpdate(before, input, nowMs)) {
        await this.#save([{ ...fields, id: before.id }], nowMs);
        this.#tell('silence_updated', before.id, actor);
        return before.id;
      }
      return this.#replace(before, fields, actor);
    });
  }

  expire(id: string, actor: string): Promise<void> {
    return this.#chain.run(async () => {
      const nowMs = this.#parts.clock.now();
      const silence = this.#byId.get(id);
      if (silence === undefined) throw noSilence(id);
      if (silenceState(silence, nowMs) === 'expired')
        throw new BellwetherError({
          code: 'already_expired',
          status: 409,
          message: `silence ${id} already expired`,
        });
      await this.#save([endedAt(silence, nowMs)], nowMs);
      this.#tell('silence_expired', id, actor);
    });
  }

  /** When the next one begins or ends, epoch milliseconds. */
  nextChangeMs(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const silence of this.#byId.values()) {
      const { id, startsAtMs, endsAtMs } = silence;
      // Over since it was looked at last: a timer may fire a moment early.
      if (this.#states.get(id) !== silenceState(silence, nowMs)) return nowMs;
      if (startsAtMs > nowMs) nextMs = Math.min(nextMs, startsAtMs);
      else if (endsAtMs > nowMs) nextMs = Math.min(nextMs, endsAtMs);
    }
    return nextMs;
  }

  /** Notices those that began or ended, and forgets old ones. */
  async sweep(): Promise<void> {
    const nowMs = this.#parts.clock.now();
    let hasChanged = false;
    for (const silence of this.#byId.values()) {
      const state = silenceState(silence, nowMs);
      if (this.#states.get(silence.id) === state) continue;
      this.#states.set(silence.id, state);
      hasChanged = true;
      if (state === 'expired') this.#tell('silence_expired', silence.id, '');
    }
    if (hasChanged) this.#parts.onChange();
    for (const id of this.#forgettable(nowMs)) this.#forget(id);
    if (this.#writer.hasChanges) await this.#writer.commit();
  }

  #forgettable(nowMs: number): string[] {
    const expired = [...this.#byId.values()]
      .filter((silence) => silenceState(silence, nowMs) === 'expired')
      .sort((a, b) => a.endsAtMs - b.endsAtMs);
    const surplus = expired.length - MAX_EXPIRED_SILENCES;
    return expired
      .filter(({ endsAtMs }, at) => at < surplus || nowMs - endsAtMs > EXPIRED_SILENCE_KEPT_MS)
      .map(({ id }) => id);
  }

  #forget(id: string): void {
    this.#byId.delete(id);
    this.#states.delete(id);
    this.#index.remove(id);
    this.#writer.put(id, undefined);
    this.#parts.onRemove(id);
  }

  /** The old one ends and stays to be seen; the new one begins now at the earliest. */
  async #replace(before: Silence | undefined, fields: Omit<Silence, 'id'>, actor: string): Promise<string> {
    const nowMs = fields.updatedAtMs;
    const changes: Silence[] = [];
    if (before !== undefined && silenceState(before, nowMs) !== 'expired')
      changes.push(endedAt(before, nowMs));
    const open = this.list().filter(({ state }) => state !== 'expired').length - changes.length;
    if (open >= MAX_SILENCES)
      throw new BellwetherError({
        code: 'too_many_silences',
        status: 429,
        message: `there are ${open} silences already, the limit is ${MAX_SILENCES}`,
        hint: 'expire silences that are not needed any more',
      });
    const silence = { ...fields, id: randomUUID(), startsAtMs: Math.max(fields.startsAtMs, nowMs) };
    changes.push(silence);
    await this.#save(changes, nowMs);
    if (changes.length > 1) this.#tell('silence_expired', before!.id, actor);
    this.#tell('silence_created', silence.id, actor);
    return silence.id;
  }

  async #save(silences: readonly Silence[], nowMs: number): Promise<void> {
    const previous = silences.map(({ id }) => this.#byId.get(id));
    for (const silence of silences) this.#writer.put(silence.id, silenceJson(silence));
    if (!(await this.#writer.commit())) {
      // Somebody is told that it failed, so it must not happen later.
      silences.forEach(({ id }, at) => {
        const before = previous[at];
        this.#writer.put(id, before && silenceJson(before));
      });
      throw new BellwetherError({
        code: 'state_unavailable',
        status: 503,
        message: 'the silence could not be saved',
        hint: 'look for the reason in the log of the server',
        retryAfterS: 5,
      });
    }
    for (const silence of silences) this.#set(silence, nowMs);
    this.#parts.onChange();
  }

  #set(
    { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment }: Silence,
    nowMs: number,
  ): void {
    const silence: Silence = { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment };
    const isNew = !this.#byId.has(id);
    this.#byId.set(id, silence);
    this.#states.set(id, silenceState(silence, nowMs));
    // Changes keep the matchers, or they make another silence.
    if (!isNew) return;
    this.#index.add(id, matchers);
    this.#parts.onAdd(silence);
  }

  #tell(kind: SilenceEvent, id: string, actor: string): void {
    const silence = this.#byId.get(id);
    if (silence === undefined) return;
    const detail = `${id} ${formatMatchers(silence.matchers)}: ${silence.comment}`;
    this.#parts.record([{ timeMs: this.#parts.clock.now(), kind, actor, detail }]);
  }
}

function endedAt(silence: Silence, nowMs: number): Silence {
  // One that was pending never was: begin and end are the same.
  return {
    ...silence,
    startsAtMs: Math.min(silence.startsAtMs, nowMs),
    endsAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}

function noSilence(id: string): BellwetherError {
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is no silence ${id.slice(0, 64)}`,
  });
}
