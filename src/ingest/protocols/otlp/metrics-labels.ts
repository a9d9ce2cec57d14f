import type { Attributes, AttributeValue } from '../../../model/telemetry.ts';
import { type Label, sortLabels } from '../../series-id.ts';
import { cutText } from '../../text.ts';
import type { IngestLimits } from '../../types.ts';
import { type AttributeLists, MAX_KEY_BYTES, toAttributes } from './attributes.ts';
import { prometheusLabelName } from './prometheus-names.ts';
import type { Stream } from './streams.ts';

/** Bytes of one label value, and of a metric name. */
export const MAX_LABEL_BYTES = 4096;
/** Bytes of an attribute key that becomes a label; just below where keys are cut, so that a cut never goes unseen. */
export const MAX_LABEL_KEY_BYTES = MAX_KEY_BYTES - 4;
/** Bytes of all labels of one series. */
export const MAX_LABEL_SET_BYTES = 32_768;

/** Characters of all names and values of an exemplar's labels, as in OpenMetrics 1.0. */
const MAX_EXEMPLAR_LENGTH = 128;

/** Why a point is left out: a code to count, and a sentence about the example. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** A translation that may fail for a reason the sender should hear. */
export type OrRefusal<T> = T | Refusal;

export function isRefusal(value: object): value is Refusal {
  return 'code' in value && 'message' in value;
}

/** What a resource adds to its series. */
export interface ResourceLabels {
  /** `service_name`, `service_namespace`, `service_instance_id`: give way to a point attribute of that name. */
  readonly identifying: readonly Label[];
  /** `job`, `instance`: win over a point attribute of that name, as in Prometheus. */
  readonly target: readonly Label[];
  /** Labels of the resource's `target_info`, sorted; undefined when there is nothing to tell, or nobody to tell it of. */
  readonly targetInfo: readonly Label[] | undefined;
}

const IDENTIFYING_KEYS = ['service.name', 'service.namespace', 'service.instance.id'];

/**
 * The labels that come from a resource. `job` is `service.namespace/service.name` and `instance` is
 * `service.instance.id`, as in Prometheus; the three also stand under their own names, so that a query need not
 * know that rule. Everything else of the resource goes to `target_info`, and is joined in with
 * `* on (job, instance) group_left (...) target_info` or `info()`.
 */
export function resourceLabels(resource: Attributes): ResourceLabels {
  const name = textOf(resource.values.get('service.name'));
  const namespace = textOf(resource.values.get('service.namespace'));
  const instance = textOf(resource.values.get('service.instance.id'));
  const job = namespace === '' || name === '' ? name : `${namespace}/${name}`;
  const target = withoutEmpty([
    ['job', job],
    ['instance', instance],
  ]);
  const identifying = withoutEmpty([
    ['service_name', name],
    ['service_namespace', namespace],
    ['service_instance_id', instance],
  ]);
  return { identifying, target, targetInfo: targetInfoLabels(resource, target) };
}

function targetInfoLabels(resource: Attributes, target: readonly Label[]): readonly Label[] | undefined {
  if (target.length === 0) return undefined;
  const told = new Map([...resource.values].filter(([key]) => !IDENTIFYING_KEYS.includes(key)));
  const named = namedLabels(told, 'dropped');
  if (isRefusal(named) || named.size === 0) return undefined;
  return infoLabels(named, target);
}

/** Info series tell and do not identify, so a label that is too long is left out instead of refusing the rest. */
function infoLabels(named: Map<string, string>, target: readonly Label[]): readonly Label[] | undefined {
  const labels = finished(named, target).filter(([, value]) => Buffer.byteLength(value) <= MAX_LABEL_BYTES);
  return labelBytes(labels) <= MAX_LABEL_SET_BYTES ? labels : undefined;
}

/**
 * Labels of `otel_scope_info`, or undefined for a scope without a name.
 *
 * Name and version of the scope are deliberately not labels of every series: the version of a client or library
 * would start all its series anew with each release, which breaks `rate()` and multiplies the series, for a fact
 * that few queries ask for. Prometheus leaves them out by default as well.
 */
export function scopeInfoLabels(stream: Stream, resource: ResourceLabels): readonly Label[] | undefined {
  const { scopeName, scopeVersion } = stream.origin;
  if (scopeName === '') return undefined;
  const { keys, texts } = stream.scope;
  const prefixed = new Map(keys.map((key, i) => [`otel_scope_${key}`, texts[i]!]));
  const named = namedLabels(prefixed, 'dropped');
  if (isRefusal(named)) return undefined;
  named.set('otel_scope_name', scopeName);
  named.set('otel_scope_version', scopeVersion);
  return infoLabels(named, resource.target);
}

/**
 * The labels of a point, sorted by name, without `__name__`.
 *
 * Keys that become the same label name have their values joined with `;`, in the order of the keys. Empty values are
 * dropped: to Prometheus an empty label is an absent one.
 *
 * Refuses, rather than shortens, what is too much: a cut label would silently make two series one. So `lists`
 * must have been filled under {@link labelLimits}, which makes every cut visible.
 */
export function pointLabels(
  resource: ResourceLabels,
  lists: AttributeLists,
  list: number,
): OrRefusal<readonly Label[]> {
  if (lists.isTooDeep) return { code: 'too_deep', message: 'an attribute value is nested too deep' };
  const dropped = lists.dropped(list);
  if (dropped > 0) {
    const count = lists.count(list);
    return {
      code: 'too_many_labels',
      message: `${count + dropped} attributes, at most ${count} are allowed`,
    };
  }
  if (lists.cutCount > 0) return labelTooLong('an attribute');
  const named = namedLabels(toAttributes(lists, list).values, 'refused');
  if (isRefusal(named)) return named;
  for (const [name, value] of resource.identifying) if (!named.has(name)) named.set(name, value);
  const labels = finished(named, resource.target);
  return tooLong(labels) ?? labels;
}

/** Limits under which attributes become labels. */
export function labelLimits(limits: IngestLimits): LabelLimits {
  const { attributesPerRecord, valueDepth } = limits;
  return { attributesPerRecord, valueDepth, valueBytes: MAX_LABEL_BYTES };
}

export type LabelLimits = Pick<IngestLimits, 'attributesPerRecord' | 'valueBytes' | 'valueDepth'>;

/** Filtered attributes of an exemplar; none when they are more than Prometheus keeps. */
export function exemplarLabels(attributes: Attributes): readonly Label[] {
  const named = namedLabels(attributes.values, 'dropped');
  if (isRefusal(named)) return [];
  const labels = withoutEmpty([...named]);
  const length = labels.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return length <= MAX_EXEMPLAR_LENGTH ? labels : [];
}

/** What a histogram or summary adds to a series: `le` or `quantile`. Wins over an attribute of that name. */
export function withLabel(labels: readonly Label[], own: Label): readonly Label[] {
  return sortLabels([...labels.filter(([name]) => name !== own[0]), own]);
}

/** Bytes that `labels` take in a row. */
export function labelBytes(labels: readonly Label[]): number {
  return labels.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0);
}

function namedLabels(
  values: ReadonlyMap<string, AttributeValue>,
  unusableNames: 'refused' | 'dropped',
): OrRefusal<Map<string, string>> {
  const named = new Map<string, string>();
  for (const [key, value] of [...values].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    const name = labelName(key);
    if (name === undefined) {
      if (unusableNames === 'dropped') continue;
      return {
        code: 'bad_label_name',
        message: `attribute key ${JSON.stringify(cutText(key, 100))} leaves no label name`,
      };
    }
    if (name === '__name__') continue; // the metric's name is the metric's name
    const text = textOf(value);
    const before = named.get(name);
    named.set(name, before === undefined ? text : `${before};${text}`);
  }
  return named;
}

/** Keys come from a small vocabulary, so their names are kept; a sender that makes them up only empties the map. */
const labelNames = new Map<string, string | undefined>();
const MAX_LABEL_NAMES = 10_000;

function labelName(key: string): string | undefined {
  const known = labelNames.get(key);
  if (known !== undefined) return known;
  if (Buffer.byteLength(key) > MAX_LABEL_KEY_BYTES) return undefined;
  const name = prometheusLabelName(key);
  if (labelNames.size >= MAX_LABEL_NAMES) labelNames.clear();
  labelNames.set(key, name);
  return name;
}

function finished(named: Map<string, string>, target: readonly Label[]): readonly Label[] {
  for (const [name, value] of target) named.set(name, value);
  return sortLabels(withoutEmpty([...named]));
}

function withoutEmpty(labels: readonly Label[]): Label[] {
  return labels.filter(([, value]) => value !== '');
}

function tooLong(labels: readonly Label[]): Refusal | undefined {
  for (const [name, value] of labels) {
    if (Buffer.byteLength(value) > MAX_LABEL_BYTES) return labelTooLong(`label ${name.slice(0, 100)}`);
  }
  const total = labelBytes(labels);
  if (total <= MAX_LABEL_SET_BYTES) return undefined;
  return {
    code: 'labels_too_long',
    message: `the labels have ${total} bytes, at most ${MAX_LABEL_SET_BYTES} are allowed`,
  };
}

function labelTooLong(what: string): Refusal {
  return { code: 'label_too_long', message: `${what} has more than ${MAX_LABEL_BYTES} bytes` };
}

/** An attribute value as label text: what OpenTelemetry calls its string form; compound values are JSON. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Uint8Array) return base64(value);
  return JSON.stringify(plain(value));
}

/** A value as JSON can hold it. Maps have their keys sorted, so that the same map is the same label. */
function plain(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : numberText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return base64(value);
  if (Array.isArray(value)) return value.map(plain);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * A number as Prometheus writes it in `le` and `quantile`: shortest digits, never an exponent.
 *
 * `0.005`, `1`, `100000000000000000000000`, `+Inf`.
 */
export function boundText(value: number): string {
  const text = numberText(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponentText] = match;
  const digits = `${first}${rest}`;
  const point = 1 + Number(exponentText);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
