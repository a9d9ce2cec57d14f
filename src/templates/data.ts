import { compareText } from '../model/labels.ts';
import { TemplateError } from './errors.ts';
import { TimeValue, timeOfMs, ZERO_TIME_NS } from './time/time.ts';
import {
  Dict,
  FunctionValue,
  List,
  type Method,
  NamedInt,
  Opaque,
  SafeText,
  Struct,
  stringDict,
  stringList,
  type TypeInfo,
  type Value,
} from './values.ts';

/** Labels, a Map, or anything else with pairs of text. */
export interface Pairs {
  entries(): Iterable<readonly [string, string]>;
}

/** One alert of a notification. */
export interface AlertInput {
  readonly status: 'firing' | 'resolved';
  readonly labels: Pairs;
  readonly annotations: Pairs;
  /** Epoch milliseconds. */
  readonly startsAtMs: number;
  /** Epoch milliseconds; undefined while the end is not known, which Go's zero time stands for. */
  readonly endsAtMs: number | undefined;
  readonly generatorUrl: string;
  readonly fingerprint: string;
  /** Addresses of pages about it by name: `alert`, `silence`, `acknowledge`, `runbook`. */
  readonly links?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface NotificationInput {
  readonly receiver: string;
  readonly groupLabels: Pairs;
  readonly alerts: readonly AlertInput[];
  /** Without a slash at the end. */
  readonly externalUrl: string;
}

export interface RuleAlertInput {
  /** Labels of the series, `__name__` left out or not as the caller decides. */
  readonly labels: Pairs;
  readonly externalLabels: Pairs;
  readonly externalUrl: string;
  /** A native histogram comes as text. */
  readonly value: number | string;
}

/** Data and variables of a template in an alerting rule. */
export interface RuleAlertData {
  readonly data: Value;
  /** `$labels`, `$externalLabels`, `$externalURL`, `$value`. */
  readonly variables: ReadonlyMap<string, Value>;
}

const RULE_DATA: TypeInfo = {
  name: 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
  methods: new Map(),
};

/** What annotations and labels of an alerting rule see. */
export function ruleAlertData(input: RuleAlertInput): RuleAlertData {
  const labels = stringDict(input.labels.entries());
  const externalLabels = stringDict(input.externalLabels.entries());
  const data = new Struct(
    RULE_DATA,
    new Map<string, Value>([
      ['Labels', labels],
      ['ExternalLabels', externalLabels],
      ['ExternalURL', input.externalUrl],
      ['Value', input.value],
    ]),
  );
  const variables = new Map<string, Value>([
    ['labels', labels],
    ['externalLabels', externalLabels],
    ['externalURL', input.externalUrl],
    ['value', input.value],
  ]);
  return { data, variables };
}

const noArguments = (call: (receiver: Dict | List) => Value): Method => ({ params: [], call });
const column = (list: List, name: 'Name' | 'Value') =>
  stringList(list.items.map((pair) => (pair as Struct).fields.get(name) as string));
const printPairs = (list: List) =>
  list.items
    .map((pair) => (pair as Struct).fields)
    .map((fields) => `${fields.get('Name')}=${fields.get('Value')}`)
    .join(', ');

const PAIR: TypeInfo = { name: 'template.Pair', methods: new Map() };
const PAIRS: TypeInfo = {
  name: 'template.Pairs',
  methods: new Map<string, Method>([
    ['Names', noArguments((pairs) => column(pairs as List, 'Name'))],
    ['Values', noArguments((pairs) => column(pairs as List, 'Value'))],
    ['String', noArguments((pairs) => printPairs(pairs as List))],
  ]),
  print: printPairs,
};

const KV: TypeInfo = {
  name: 'template.KV',
  methods: new Map<string, Method>([
    ['SortedPairs', noArguments((kv) => sortedPairs(kv as Dict))],
    ['Names', noArguments((kv) => column(sortedPairs(kv as Dict), 'Name'))],
    ['Values', noArguments((kv) => column(sortedPairs(kv as Dict), 'Value'))],
    ['String', noArguments((kv) => printPairs(sortedPairs(kv as Dict)))],
    ['Remove', { params: ['strings'], call: (kv: Dict, [names]) => without(kv, names as List) }],
  ]),
  print: (kv: Dict) => printPairs(sortedPairs(kv)),
};

/** By name, but `alertname` first. */
function sortedPairs(kv: Dict): List {
  const names = [...kv.keys].sort((a, b) => rank(a) - rank(b) || compareText(a, b));
  const pairs = names.map(
    (name) =>
      new Struct(
        PAIR,
        new Map<string, Value>([
          ['Name', name],
          ['Value', kv.get(name)],
        ]),
      ),
  );
  return new List(pairs, PAIRS);
}

function rank(name: string): number {
  return name === 'alertname' ? 0 : 1;
}

function without(kv: Dict, names: List): Dict {
  const removed = new Set(names.items);
  return new Dict(new Map([...kv.entries].filter(([name]) => !removed.has(name))), KV, '');
}

const ALERT: TypeInfo = { name: 'template.Alert', methods: new Map() };
const withStatus = (status: string) =>
  noArguments(
    (alerts) =>
      new List(
        (alerts as List).items.filter((alert) => (alert as Struct).fields.get('Status') === status),
        ALERT_LIST,
      ),
  );
const ALERT_LIST: TypeInfo = { name: '[]template.Alert', methods: new Map() };
const ALERTS: TypeInfo = {
  name: 'template.Alerts',
  methods: new Map<string, Method>([
    ['Firing', withStatus('firing')],
    ['Resolved', withStatus('resolved')],
  ]),
};
const DATA: TypeInfo = { name: '*template.Data', methods: new Map() };
const JSON_NAMES = new Map([
  ['Receiver', 'receiver'],
  ['Status', 'status'],
  ['Alerts', 'alerts'],
  ['GroupLabels', 'groupLabels'],
  ['CommonLabels', 'commonLabels'],
  ['CommonAnnotations', 'commonAnnotations'],
  ['ExternalURL', 'externalURL'],
  ['Labels', 'labels'],
  ['Annotations', 'annotations'],
  ['StartsAt', 'startsAt'],
  ['EndsAt', 'endsAt'],
  ['GeneratorURL', 'generatorURL'],
  ['Fingerprint', 'fingerprint'],
  // Whoever has a signed link may use it, and receivers know the format without it.
  ['Links', '-'],
]);

/**
 * What a notification template sees. The status is firing when any alert is; common are the labels and annotations that all alerts
 * have with the same value.
 */
export function notificationData(input: NotificationInput): Struct {
  const isFiring = input.alerts.some(({ status }) => status === 'firing');
  return new Struct(
    DATA,
    new Map<string, Value>([
      ['Receiver', input.receiver],
      ['Status', isFiring ? 'firing' : 'resolved'],
      ['Alerts', new List(input.alerts.map(alertValue), ALERTS)],
      ['GroupLabels', kv(input.groupLabels.entries())],
      ['CommonLabels', kv(commonPairs(input.alerts.map(({ labels }) => labels)))],
      ['CommonAnnotations', kv(commonPairs(input.alerts.map(({ annotations }) => annotations)))],
      ['ExternalURL', input.externalUrl],
    ]),
    JSON_NAMES,
  );
}

function alertValue(alert: AlertInput): Struct {
  return new Struct(
    ALERT,
    new Map<string, Value>([
      ['Status', alert.status],
      ['Labels', kv(alert.labels.entries())],
      ['Annotations', kv(alert.annotations.entries())],
      ['StartsAt', timeOfMs(alert.startsAtMs)],
      ['EndsAt', alert.endsAtMs === undefined ? new TimeValue(ZERO_TIME_NS) : timeOfMs(alert.endsAtMs)],
      ['GeneratorURL', alert.generatorUrl],
      ['Fingerprint', alert.fingerprint],
      ['Links', stringDict(linksOf(alert))],
    ]),
    JSON_NAMES,
  );
}

function linksOf({ links = {} }: AlertInput): [string, string][] {
  return Object.entries(links).flatMap(([name, url]) => (url === undefined ? [] : [[name, url]]));
}

function kv(pairs: Iterable<readonly [string, string]>): Dict {
  return stringDict(pairs, KV);
}

/** The pairs that all have. */
export function commonPairs(all: readonly Pairs[]): [string, string][] {
  const [first, ...others] = all;
  if (first === undefined) return [];
  const common = new Map(first.entries());
  for (const other of others) {
    if (common.size === 0) break;
    const values = new Map(other.entries());
    for (const [name, value] of common) if (values.get(name) !== value) common.delete(name);
  }
  return [...common];
}

/**
 * Plain JavaScript data for templates: objects and Maps become maps, arrays lists, dates times; numbers are floating point and
 * bigints integers.
 *
 * @throws TemplateError for anything else, and beyond a nesting of 100.
 */
export function toValue(data: unknown, depth = 0): Value {
  if (depth > 100)
    throw new TemplateError({ code: 'template_failed', message: 'the data are nested too deeply' });
  if (isValue(data)) return data;
  if (data instanceof Date) return timeOfMs(data.getTime());
  if (Array.isArray(data)) return new List(data.map((item) => toValue(item, depth + 1)));
  if (typeof data !== 'object' || data === null)
    throw new TemplateError({
      code: 'template_failed',
      message: `a ${typeof data} is no data for a template`,
    });
  const entries = data instanceof Map ? [...data] : Object.entries(data);
  return new Dict(new Map(entries.map(([key, value]) => [String(key), toValue(value, depth + 1)])));
}

function isValue(data: unknown): data is Value {
  if (data === undefined || data === null) return true;
  if (['boolean', 'bigint', 'number', 'string'].includes(typeof data)) return true;
  return [SafeText, List, Dict, Struct, NamedInt, Opaque, FunctionValue].some((type) => data instanceof type);
}
