import { Labels } from '../../model/labels.ts';
import type { Alert } from '../types.ts';

/** An alert as it is kept. */
export interface StoredAlert {
  readonly alert: Alert;
  readonly isResolved: boolean;
}

export function alertJson({ alert, isResolved }: StoredAlert): string {
  return JSON.stringify({
    labels: alert.labels.toObject(),
    annotations: alert.annotations.toObject(),
    starts_at: alert.startsAtMs,
    ends_at: alert.endsAtMs,
    updated_at: alert.updatedAtMs,
    has_timeout: alert.hasTimeout,
    is_resolved: isResolved,
    generator_url: alert.generatorUrl,
    source: alert.source,
    // JSON has no NaN and no infinities.
    value: alert.value === undefined ? undefined : String(alert.value),
  });
}

/** @throws Error when it is no alert. */
export function parseAlertJson(fingerprint: string, json: string): StoredAlert {
  const stored = JSON.parse(json) as Record<string, unknown>;
  const labels = labelsOf(stored.labels);
  if (labels.size === 0) throw new Error('it has no labels');
  const alert: Alert = {
    fingerprint,
    labels,
    annotations: labelsOf(stored.annotations),
    startsAtMs: numberOf(stored.starts_at),
    endsAtMs: numberOf(stored.ends_at),
    updatedAtMs: numberOf(stored.updated_at),
    hasTimeout: stored.has_timeout === true,
    generatorUrl: textOf(stored.generator_url),
    source: textOf(stored.source),
    value: typeof stored.value === 'string' ? Number(stored.value) : undefined,
  };
  return { alert, isResolved: stored.is_resolved === true };
}

export function labelsOf(value: unknown): Labels {
  if (typeof value !== 'object' || value === null) throw new Error('labels are missing');
  return Labels.from(Object.entries(value).map(([name, text]) => [name, textOf(text)] as const));
}

export function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new Error('a number is missing');
  return value;
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('a text is missing');
  return value;
}
