import type { Attributes } from '../model/telemetry.ts';
import { cutText } from './text.ts';
import type { DecodeOutcome, ServiceTally } from './types.ts';

/** Longest name kept in a LowCardinality column or a tally, in UTF-16 units: such columns need a bounded vocabulary. */
export const MAX_NAME_LENGTH = 256;

export function createOutcome(): DecodeOutcome {
  return {
    accepted: 0,
    rejected: 0,
    rejections: new Map(),
    services: new Map(),
    valuesCut: 0,
    attributesDropped: 0,
  };
}

/** The tally of a resource's service, made when first asked for. Ask only when there is a record to count. */
export function tallyOf(outcome: DecodeOutcome, resource: Attributes): ServiceTally {
  const service = nameAttribute(resource, 'service.name');
  const instance = nameAttribute(resource, 'service.instance.id');
  const version = nameAttribute(resource, 'service.version');
  const key = JSON.stringify([service, instance, version]);
  let tally = outcome.services.get(key);
  if (tally === undefined) {
    tally = { service: service || 'unknown_service', instance, version, accepted: 0, rejected: 0 };
    outcome.services.set(key, tally);
  }
  return tally;
}

/** Counts `count` accepted records. */
export function accept(outcome: DecodeOutcome, tally: ServiceTally, count = 1): void {
  outcome.accepted += count;
  tally.accepted += count;
}

/**
 * Counts refused records. The message of the first one with a code is kept as the example, so pass a function where making it costs
 * something.
 */
export function reject(
  outcome: DecodeOutcome,
  tally: ServiceTally,
  code: string,
  message: string | (() => string),
  count = 1,
): void {
  outcome.rejected += count;
  tally.rejected += count;
  const known = outcome.rejections.get(code);
  if (known !== undefined) known.count += count;
  else
    outcome.rejections.set(code, {
      code,
      message: typeof message === 'string' ? message : message(),
      count,
    });
}

function nameAttribute(resource: Attributes, key: string): string {
  const value = resource.values.get(key);
  if (value === undefined || value === null) return '';
  return cutText(typeof value === 'string' ? value : String(value), MAX_NAME_LENGTH);
}
