import { isWellFormed, Labels } from '../../model/labels.ts';
import type { Alert, IncomingAlert } from '../types.ts';
import { isOfRule } from './alert-record.ts';
import {
  MAX_ALERT_LABELS,
  MAX_ANNOTATION_LENGTH,
  MAX_ANNOTATIONS,
  MAX_GENERATOR_URL_LENGTH,
  MAX_LABEL_LENGTH,
} from './limits.ts';

/** What is known already about the labels of an incoming alert. */
export interface KnownAlert {
  readonly alert: Alert;
  readonly isResolved: boolean;
  /** How long it stays valid from now on. */
  readonly remainingMs: number;
}

export interface IntakeContext {
  readonly fingerprint: string;
  readonly nowMs: number;
  readonly resolveTimeoutMs: number;
}

export interface TakenAlert {
  readonly alert: Alert;
  readonly isResolved: boolean;
  /** From now until it counts as resolved. */
  readonly remainingMs: number;
}

/** What is wrong with an incoming alert, as Alertmanager words it where it has the same rule; undefined when nothing is. */
export function mistakeIn(incoming: IncomingAlert): string | undefined {
  const { labels, startsAtMs, endsAtMs } = incoming;
  if (labels.size === 0) return 'at least one label pair required';
  if (labels.size > MAX_ALERT_LABELS) return `more than ${MAX_ALERT_LABELS} labels`;
  for (const [name, value] of labels.entries()) {
    if (name === '') return 'a label without a name';
    if (name.length > MAX_LABEL_LENGTH || value.length > MAX_LABEL_LENGTH)
      return `label ${JSON.stringify(name.slice(0, 64))} is longer than ${MAX_LABEL_LENGTH} characters`;
    if (!isWellFormed(name) || !isWellFormed(value))
      return `label ${JSON.stringify(name.slice(0, 64))} is not UTF-8`;
  }
  if (!isMoment(startsAtMs) || !isMoment(endsAtMs)) return 'its times must be epoch milliseconds';
  const isBackwards = startsAtMs !== undefined && endsAtMs !== undefined && endsAtMs < startsAtMs;
  // The machine's clock may have been set back between the beginning and the end of a rule's alert.
  return isBackwards && !isOfRule(incoming) ? 'start time must be before end time' : undefined;
}

function isMoment(ms: number | undefined): boolean {
  return ms === undefined || Number.isFinite(ms);
}

/**
 * Joins an incoming alert with what is known, as Alertmanager does: lives that overlap become one with the earlier beginning; an end
 * that was told rules over one that follows from the timeout if it is later.
 *
 * @returns undefined when it tells nothing: the end of an alert nobody knows, or of an earlier life.
 */
export function takeAlert(
  incoming: IncomingAlert,
  known: KnownAlert | undefined,
  context: IntakeContext,
): TakenAlert | undefined {
  const { endsAtMs } = incoming;
  // What was an end before is one still, although the clock may have been set back since.
  const isRepeated =
    known?.isResolved === true && endsAtMs !== undefined && endsAtMs === known.alert.endsAtMs;
  const isPast = endsAtMs !== undefined && endsAtMs <= context.nowMs;
  const isResolved = isPast || isRepeated || incoming.isResolved === true;
  return isResolved ? takeEnd(incoming, known, context) : takeFiring(incoming, known, context);
}

function takeEnd(
  incoming: IncomingAlert,
  known: KnownAlert | undefined,
  context: IntakeContext,
): TakenAlert | undefined {
  if (known === undefined || known.isResolved) return undefined;
  const endsAtMs = incoming.endsAtMs ?? context.nowMs;
  const startsAtMs = incoming.startsAtMs ?? known.alert.startsAtMs;
  const isOfEarlierLife = startsAtMs < known.alert.startsAtMs && endsAtMs <= known.alert.startsAtMs;
  if (isOfEarlierLife) return undefined;
  const firstMs = Math.min(startsAtMs, known.alert.startsAtMs);
  const alert = alertOf(incoming, context, {
    startsAtMs: firstMs,
    endsAtMs: Math.max(firstMs, endsAtMs),
    hasTimeout: false,
  });
  return { alert, isResolved: true, remainingMs: 0 };
}

function takeFiring(
  incoming: IncomingAlert,
  known: KnownAlert | undefined,
  context: IntakeContext,
): TakenAlert {
  const { nowMs, resolveTimeoutMs } = context;
  const isSameLife =
    known !== undefined &&
    (!known.isResolved || (incoming.startsAtMs !== undefined && incoming.startsAtMs < known.alert.endsAtMs));
  const givenMs = incoming.startsAtMs ?? (isSameLife ? known.alert.startsAtMs : nowMs);
  const startsAtMs = isSameLife ? Math.min(givenMs, known.alert.startsAtMs) : givenMs;
  let remainingMs = incoming.endsAtMs === undefined ? resolveTimeoutMs : incoming.endsAtMs - nowMs;
  let hasTimeout = incoming.endsAtMs === undefined;
  const hasToldEnd = known !== undefined && !known.isResolved && !known.alert.hasTimeout;
  if (hasToldEnd && known.remainingMs > remainingMs) {
    remainingMs = known.remainingMs;
    hasTimeout = false;
  }
  const alert = alertOf(incoming, context, { startsAtMs, endsAtMs: nowMs + remainingMs, hasTimeout });
  return { alert, isResolved: false, remainingMs };
}

type Span = Pick<Alert, 'startsAtMs' | 'endsAtMs' | 'hasTimeout'>;

function alertOf(incoming: IncomingAlert, { fingerprint, nowMs }: IntakeContext, span: Span): Alert {
  const { labels, generatorUrl, source, value } = incoming;
  return {
    fingerprint,
    labels,
    annotations: boundedAnnotations(incoming.annotations),
    ...span,
    updatedAtMs: nowMs,
    generatorUrl: generatorUrl.length > MAX_GENERATOR_URL_LENGTH ? '' : generatorUrl,
    source,
    value,
  };
}

function boundedAnnotations(annotations: Labels): Labels {
  const isLong = annotations.values.some((value) => value.length > MAX_ANNOTATION_LENGTH);
  if (!isLong && annotations.size <= MAX_ANNOTATIONS && annotations.values.every(isWellFormed))
    return annotations;
  const pairs = [...annotations.entries()]
    .slice(0, MAX_ANNOTATIONS)
    .map(([name, value]) => [name, cut(value).toWellFormed()] as const);
  return Labels.from(pairs);
}

function cut(value: string): string {
  return value.length > MAX_ANNOTATION_LENGTH ? `${value.slice(0, MAX_ANNOTATION_LENGTH)}...` : value;
}

/** Whether an update says something that must not get lost. Values, and annotations of rules, come again every minute. */
export function isWorthWriting(before: Alert, after: Alert): boolean {
  return (
    before.startsAtMs !== after.startsAtMs ||
    before.source !== after.source ||
    before.hasTimeout !== after.hasTimeout ||
    before.generatorUrl !== after.generatorUrl ||
    (!isOfRule(after) && !before.annotations.equals(after.annotations))
  );
}

/** Whether anything that can be seen differs, besides times that follow from the renewal. */
export function isVisiblyDifferent(before: Alert, after: Alert): boolean {
  return (
    isWorthWriting(before, after) ||
    before.value !== after.value ||
    !before.annotations.equals(after.annotations)
  );
}
