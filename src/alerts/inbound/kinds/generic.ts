import { z } from 'zod';
import { DecodeError } from '../../../lib/errors.ts';
import { section, text, textList } from '../../../prom-config/index.ts';
import { defineInbound, type InboundContext, type RawAlert, type RawDelivery } from '../kind.ts';
import {
  firstText,
  type Payload,
  parsePath,
  scalarFields,
  scalarText,
  textAt,
  timeOf,
  valueAt,
} from '../payload.ts';
import { plainName } from '../safe-labels.ts';
import { type MappedItem, mappedItem, type ValueSource, valueSource } from '../value-source.ts';

/** Words of many products for "it is over". */
const RESOLVED_WORDS = new Set([
  'resolved',
  'resolve',
  'ok',
  'okay',
  'up',
  'good',
  'normal',
  'healthy',
  'recovered',
  'recovery',
  'success',
  'succeeded',
  'passed',
  'closed',
  'close',
  'cleared',
  'clear',
  'fixed',
  'inactive',
]);

const mapping = section({
  /** Path to a list of alerts; without it the body, its list, or its field `alerts` when that is a list. */
  alerts: text.optional(),
  labels: z.record(z.string(), valueSource).default({}),
  annotations: z.record(z.string(), valueSource).default({}),
  status: valueSource.optional(),
  /** Values of the status that mean it is over, besides the usual ones. */
  resolved_values: textList.default([]),
  /** Values of the status for which nothing is done. */
  ignored_values: textList.default([]),
  starts_at: valueSource.optional(),
  ends_at: valueSource.optional(),
  generator_url: valueSource.optional(),
  value: valueSource.optional(),
});
type Mapping = z.output<typeof mapping>;

export const genericKind = defineInbound({
  name: 'generic',
  title: 'Generic JSON',
  summary:
    'Any JSON: a title, a message, a severity and a status are found by their usual names, or as `mapping` says',
  mapping,
  createReader: (settings) => (payload, context) => readBody(payload, context, settings),
});

/** Where the usual products have what an alert needs. */
const NAMES = ['alertname', 'title', 'alert_name', 'name', 'subject', 'event', 'summary'];
const DESCRIPTIONS = ['description', 'message', 'text', 'body', 'details', 'reason'];
const SEVERITIES = ['severity', 'level', 'priority'];
const STATUSES = ['status', 'state', 'event_action', 'alert_status'];
const STARTS = ['starts_at', 'startsAt', 'started_at', 'timestamp', 'time', 'date'];
const ENDS = ['ends_at', 'endsAt', 'resolved_at', 'ended_at'];
const LINKS = ['generator_url', 'generatorURL', 'url', 'link', 'html_url'];
const VALUES = ['value', 'current_value'];
const LABELS = [
  'service',
  'job',
  'host',
  'hostname',
  'instance',
  'cluster',
  'namespace',
  'environment',
  'env',
  'region',
  'component',
  'source',
  'team',
];

async function readBody(payload: Payload, context: InboundContext, settings: Mapping): Promise<RawDelivery> {
  const items = itemsOf(payload, settings.alerts);
  const alerts: RawAlert[] = [];
  for (const item of items) {
    const alert = await readItem(mappedItem(item, payload, context.nowMs), context, settings);
    if (alert !== undefined) alerts.push(alert);
  }
  const note = items.length === 0 ? 'there is no alert in it' : 'its status is one that is ignored';
  return { alerts, note: alerts.length === 0 ? note : '' };
}

function itemsOf(payload: Payload, path: string | undefined): readonly unknown[] {
  if (path !== undefined) {
    const found = valueAt(payload, parsePath(path));
    if (Array.isArray(found)) return found;
    throw new DecodeError(`there is no list at ${JSON.stringify(path)}`, 'correct mapping.alerts');
  }
  if (Array.isArray(payload)) return payload;
  if (typeof payload !== 'object' || payload === null)
    throw new DecodeError('the body is neither an object nor a list');
  const alerts = valueAt(payload, ['alerts']);
  return Array.isArray(alerts) ? alerts : [payload];
}

async function readItem(
  from: MappedItem,
  context: InboundContext,
  settings: Mapping,
): Promise<RawAlert | undefined> {
  const { item } = from;
  const errors: string[] = [];
  const mapped = async (source: ValueSource | undefined, usual: readonly string[]) => {
    if (source === undefined) return firstText(item, usual);
    const { text: found, error } = await source.read(from);
    if (error !== undefined) errors.push(error.message);
    return found;
  };
  const status = (await mapped(settings.status, STATUSES))?.trim().toLowerCase();
  if (status !== undefined && hasWord(settings.ignored_values, status)) return undefined;
  const labels = [...usualLabels(item, context.name)];
  for (const [name, source] of Object.entries(settings.labels))
    labels.push([name, (await mapped(source, [])) ?? '']);
  const annotations = [...usualAnnotations(item)];
  for (const [name, source] of Object.entries(settings.annotations))
    annotations.push([name, (await mapped(source, [])) ?? '']);
  const startsAtMs = timeOf(await mapped(settings.starts_at, STARTS));
  const endsAtMs = timeOf(await mapped(settings.ends_at, ENDS));
  const generatorUrl = await mapped(settings.generator_url, LINKS);
  const value = Number((await mapped(settings.value, VALUES)) ?? Number.NaN);
  if (errors.length > 0) annotations.push(['mapping_error', errors.join('; ')]);
  return {
    ...{ labels, annotations, startsAtMs, endsAtMs, generatorUrl },
    isResolved: isResolved(item, status, settings.resolved_values),
    value: Number.isNaN(value) ? undefined : value,
  };
}

function hasWord(words: readonly string[], status: string): boolean {
  return words.some((word) => word.trim().toLowerCase() === status);
}

function isResolved(item: Payload, status: string | undefined, more: readonly string[]): boolean {
  if (status === undefined) return valueAt(item, ['resolved']) === true;
  return RESOLVED_WORDS.has(status) || hasWord(more, status);
}

function usualLabels(item: Payload, webhook: string): [string, string][] {
  const found = LABELS.flatMap((name) => {
    const value = textAt(item, name);
    return value === undefined ? [] : [[name, value] as [string, string]];
  });
  const given = scalarFields(valueAt(item, ['labels'])).map(
    ([name, value]) => [plainName(name), value] as [string, string],
  );
  const severity = firstText(item, SEVERITIES)?.trim().toLowerCase();
  return [
    ['alertname', firstText(item, NAMES) ?? webhook],
    ...(severity === undefined ? [] : [['severity', severity] as [string, string]]),
    ...found,
    ...given,
  ];
}

function usualAnnotations(item: Payload): [string, string][] {
  const summary = firstText(item, ['summary', 'title', 'subject', 'name']);
  const description = firstText(item, DESCRIPTIONS);
  const runbook = scalarText(valueAt(item, ['runbook_url']));
  return [
    ...(summary === undefined ? [] : [['summary', summary] as [string, string]]),
    ...(description === undefined ? [] : [['description', description] as [string, string]]),
    ...(runbook === undefined ? [] : [['runbook_url', runbook] as [string, string]]),
    ...scalarFields(valueAt(item, ['annotations'])),
  ];
}
