import type { Log } from '../lib/log.ts';
import { Labels } from '../model/labels.ts';
import { hasFields, readRecords } from './ledger.ts';
import type { OnCallAlert } from './types.ts';

export const ESCALATION_PREFIX = 'escalation/';

/** One notification of one receiver, from when it is planned until it was tried. */
export interface PlannedTell {
  readonly key: string;
  readonly receiver: string;
  readonly isResolved: boolean;
  /** The server ended while it was planned: nobody knows whether it was sent. */
  readonly mayHaveGone: boolean;
  state: 'unsaved' | 'waiting' | 'queued' | 'sending';
}

/** How far one life of an alert has escalated. */
export interface Escalation {
  /** Fingerprint and begin. */
  readonly id: string;
  readonly fingerprint: string;
  readonly startsAtMs: number;
  /** Epoch milliseconds; tells it from another escalation of the same alert. */
  readonly begunAtMs: number;
  /** As it was seen last. */
  alert: OnCallAlert;
  policy: string;
  /** Counts begins from the first step, so that keys do not come again. */
  generation: number;
  round: number;
  /** The next one, from 0; as many as there are steps when all were carried out. */
  step: number;
  phase: 'running' | 'exhausted' | 'ended';
  held: 'acknowledged' | 'suppressed' | undefined;
  /** It was exhausted when somebody acknowledged: should that end, it begins from the first step. */
  restarts: boolean;
  /** When the next step is due, on the clock that does not jump; infinite when none is waited for. */
  dueElapsedMs: number;
  /** While it is held: what was left to wait. */
  leftMs: number | undefined;
  /** Receivers that were told that it fires. */
  readonly told: Set<string>;
  readonly tells: Map<string, PlannedTell>;
  /** Those who were told get to know that it is over: this is planned. */
  isEndPlanned: boolean;
}

interface StoredAlert extends Omit<OnCallAlert, 'labels' | 'annotations' | 'value'> {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number | null;
}

interface StoredEscalation {
  readonly alert: StoredAlert;
  readonly startsAtMs: number;
  readonly begunAtMs: number;
  readonly policy: string;
  readonly generation: number;
  readonly round: number;
  readonly step: number;
  readonly phase: Escalation['phase'];
  readonly held: Escalation['held'] | null;
  readonly restarts: boolean;
  /** Epoch milliseconds. */
  readonly dueAtMs: number | null;
  readonly leftMs: number | null;
  readonly told: readonly string[];
  readonly tells: readonly Pick<PlannedTell, 'key' | 'receiver' | 'isResolved'>[];
  readonly isEndPlanned: boolean;
}

export interface Moments {
  readonly nowMs: number;
  readonly elapsedMs: number;
}

export function escalationId(alert: Pick<OnCallAlert, 'fingerprint' | 'startsAtMs'>): string {
  return `${alert.fingerprint}/${alert.startsAtMs}`;
}

/** Names telling one receiver in one step. It is stored before it is used, so it is the same after a crash. */
export function stepKey(
  { id, begunAtMs, generation, policy }: Escalation,
  { round, step, receiver }: { readonly round: number; readonly step: number; readonly receiver: string },
): string {
  return [id, begunAtMs, generation, policy, round, step, receiver].join('/');
}

/** Names telling one receiver that it is over. */
export function endKey({ id, begunAtMs }: Escalation, receiver: string): string {
  return [id, begunAtMs, 'resolved', receiver].join('/');
}

export function newEscalation(
  alert: OnCallAlert,
  policy: string,
  { begunAtMs, dueElapsedMs }: { readonly begunAtMs: number; readonly dueElapsedMs: number },
): Escalation {
  return {
    id: escalationId(alert),
    fingerprint: alert.fingerprint,
    startsAtMs: alert.startsAtMs,
    begunAtMs,
    alert,
    policy,
    generation: 0,
    round: 0,
    step: 0,
    phase: 'running',
    held: undefined,
    restarts: false,
    dueElapsedMs,
    leftMs: undefined,
    told: new Set(),
    tells: new Map(),
    isEndPlanned: false,
  };
}

/** JSON text of an escalation; waiting is written as a moment, which outlives the server. */
export function encodeEscalation(escalation: Escalation, { nowMs, elapsedMs }: Moments): string {
  const { alert, dueElapsedMs } = escalation;
  const stored: StoredEscalation = {
    alert: {
      ...alert,
      labels: alert.labels.toObject(),
      annotations: alert.annotations.toObject(),
      value: alert.value ?? null,
    },
    startsAtMs: escalation.startsAtMs,
    begunAtMs: escalation.begunAtMs,
    policy: escalation.policy,
    generation: escalation.generation,
    round: escalation.round,
    step: escalation.step,
    phase: escalation.phase,
    held: escalation.held ?? null,
    restarts: escalation.restarts,
    dueAtMs: Number.isFinite(dueElapsedMs) ? Math.round(nowMs + dueElapsedMs - elapsedMs) : null,
    leftMs: escalation.leftMs ?? null,
    told: [...escalation.told],
    tells: [...escalation.tells.values()].map(({ key, receiver, isResolved }) => ({
      key,
      receiver,
      isResolved,
    })),
    isEndPlanned: escalation.isEndPlanned,
  };
  return JSON.stringify(stored);
}

/** What was saved. What was planned but perhaps not sent waits. */
export function readEscalations(
  documents: ReadonlyMap<string, string>,
  moments: Moments,
  log: Log,
): Escalation[] {
  return readRecords(documents, ESCALATION_PREFIX, { isRecord: isStored, log }).map((stored) =>
    restored(stored, moments),
  );
}

function restored(stored: StoredEscalation, { nowMs, elapsedMs }: Moments): Escalation {
  const alert: OnCallAlert = {
    ...stored.alert,
    labels: Labels.fromObject(stored.alert.labels),
    annotations: Labels.fromObject(stored.alert.annotations),
    value: stored.alert.value ?? undefined,
  };
  const tells = stored.tells.map((tell): [string, PlannedTell] => [
    tell.key,
    { ...tell, mayHaveGone: true, state: 'waiting' },
  ]);
  return {
    id: escalationId({ fingerprint: alert.fingerprint, startsAtMs: stored.startsAtMs }),
    fingerprint: alert.fingerprint,
    startsAtMs: stored.startsAtMs,
    begunAtMs: stored.begunAtMs,
    alert,
    policy: stored.policy,
    generation: stored.generation,
    round: stored.round,
    step: stored.step,
    phase: stored.phase,
    held: stored.held ?? undefined,
    restarts: stored.restarts,
    dueElapsedMs:
      stored.dueAtMs === null ? Number.POSITIVE_INFINITY : elapsedMs + Math.max(0, stored.dueAtMs - nowMs),
    leftMs: stored.leftMs ?? undefined,
    told: new Set(stored.told),
    tells: new Map(tells),
    isEndPlanned: stored.isEndPlanned,
  };
}

function isStored(value: unknown): value is StoredEscalation {
  if (
    !hasFields(value, {
      startsAtMs: 'number',
      begunAtMs: 'number',
      policy: 'string',
      phase: 'string',
      step: 'number',
    })
  )
    return false;
  const { alert, told, tells } = value as Readonly<Record<string, unknown>>;
  return (
    hasFields(alert, { fingerprint: 'string', labels: 'object', annotations: 'object' }) &&
    Array.isArray(told) &&
    Array.isArray(tells)
  );
}
