import { Labels } from '../../model/labels.ts';
import type { IncomingAlert } from '../types.ts';
import { fieldOf, isObject, type JsonObject, parseJsonBody, textOf, timeOf } from './json-body.ts';
import { Refusal } from './refusal.ts';

/** Alerts in one request; more are refused whole. */
export const MAX_POSTED_ALERTS = 10_000;

/** What a request with alerts brought. */
export interface PostedAlerts {
  readonly alerts: readonly IncomingAlert[];
  /** Why others of them are not taken, in order, no reason twice. */
  readonly mistakes: readonly string[];
}

/**
 * Reads the body of `POST /api/v2/alerts`.
 *
 * @throws Refusal when it is not of the schema: nothing is taken then.
 */
export function readPostedAlerts(body: Uint8Array, contentType: string | undefined): PostedAlerts {
  const parsed = parseJsonBody(body, contentType, 'alerts');
  if (parsed === null) return { alerts: [], mistakes: [] };
  if (!Array.isArray(parsed)) throw Refusal.unreadable('alerts', 'it is not a list');
  if (parsed.length > MAX_POSTED_ALERTS)
    throw Refusal.text(
      413,
      `${parsed.length} alerts in one request are more than the limit of ${MAX_POSTED_ALERTS}`,
    );
  const mistakes = new Set<string>();
  const alerts: IncomingAlert[] = [];
  parsed.forEach((item, at) => {
    const alert = readAlert(item, at);
    const mistake = mistakeIn(alert);
    if (mistake === undefined) alerts.push(alert);
    else mistakes.add(mistake);
  });
  return { alerts, mistakes: [...mistakes] };
}

function readAlert(item: unknown, at: number): IncomingAlert {
  if (!isObject(item)) throw Refusal.unreadable('alerts', `alert ${at} is not an object`);
  const labels = labelsOf(item, 'labels');
  if (labels === undefined) throw Refusal.invalid(602, `${at}.labels in body is required`);
  const generatorUrl = textOf(item, 'generatorURL', 'alerts') ?? '';
  if (generatorUrl !== '' && !isUri(generatorUrl))
    throw Refusal.invalid(
      601,
      `${at}.generatorURL in body must be of type uri: ${JSON.stringify(generatorUrl.slice(0, 200))}`,
    );
  return {
    labels,
    annotations: labelsOf(item, 'annotations') ?? Labels.EMPTY,
    startsAtMs: timeOf(item, 'startsAt', 'alerts'),
    endsAtMs: timeOf(item, 'endsAt', 'alerts'),
    generatorUrl,
    source: 'api',
    value: undefined,
  };
}

/** Labels or annotations that are looked at; the engine has closer bounds. */
const MAX_PAIRS = 1000;

function labelsOf(item: JsonObject, name: string): Labels | undefined {
  const value = fieldOf(item, name);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw Refusal.unreadable('alerts', `${name} must be an object`);
  const pairs: [string, string][] = [];
  let count = 0;
  for (const label in value) {
    // Before so many are sorted and checked.
    if (++count > MAX_PAIRS) throw Refusal.unreadable('alerts', `${name}: more than ${MAX_PAIRS}`);
    const text = value[label];
    if (typeof text !== 'string' && text !== null)
      throw Refusal.unreadable('alerts', `${name}: the value of ${JSON.stringify(label)} must be a text`);
    pairs.push([label.toWellFormed(), (text ?? '').toWellFormed()]);
  }
  return Labels.from(pairs);
}

/** What Alertmanager's own check of an alert says. */
function mistakeIn({ labels, annotations, startsAtMs, endsAtMs }: IncomingAlert): string | undefined {
  if (startsAtMs !== undefined && endsAtMs !== undefined && endsAtMs < startsAtMs)
    return 'start time must be before end time';
  if (labels.size === 0) return 'at least one label pair required';
  if (labels.has('')) return 'invalid label set: invalid name ""';
  return annotations.has('') ? 'invalid annotations: invalid name ""' : undefined;
}

/** Links that run code when somebody follows them are no addresses here. */
function isUri(text: string): boolean {
  if (text.startsWith('/')) return true;
  return URL.canParse(text) && !/^(javascript|data|vbscript):/i.test(text.trim());
}
