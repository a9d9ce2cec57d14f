import { parseDurationMs } from '../../lib/units.ts';
import { compareText } from '../../model/labels.ts';
import { CallError } from '../errors.ts';
import { queryEscape } from '../escape.ts';
import { formatFloat } from '../format/floats.ts';
import type { Run } from '../run.ts';
import { duration, durationOfSeconds, NS_PER_MS } from '../time/duration.ts';
import { printTime } from '../time/time.ts';
import {
  Dict,
  type FunctionSet,
  List,
  SafeText,
  type Struct,
  type TemplateFunction,
  type Value,
} from '../values.ts';
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  numberFrom,
  timeFrom,
} from './humanize.ts';
import { match, reReplaceAll } from './regex.ts';
import { titleOfWords, toLower, toUpper } from './text.ts';

const ofText = (call: (text: string) => Value): TemplateFunction => ({
  params: ['string'],
  call: ([text], run) => {
    run.budget.spendText((text as string).length);
    return call(text as string);
  },
});
const ofNumber = (call: (value: number) => Value): TemplateFunction => ({
  params: ['any'],
  call: ([value]) => call(numberFrom(value)),
});

/**
 * The functions of Prometheus's alert annotations and labels
 * (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). `query` needs the option `query` of the execution.
 */
export const PROMETHEUS_FUNCTIONS: FunctionSet = new Map<string, TemplateFunction>([
  ['query', { params: ['string'], call: ([text], run) => run.query(text as string) }],
  ['first', { params: ['samples'], call: ([samples]) => first(samples as List) }],
  ['value', { params: ['sample'], call: ([sample]) => (sample as Struct).fields.get('Value') }],
  [
    'label',
    { params: ['string', 'sample'], call: ([name, sample]) => labelOf(sample as Struct, name as string) },
  ],
  ['strvalue', { params: ['sample'], call: ([sample]) => labelOf(sample as Struct, '__value__') }],
  ['sortByLabel', { params: ['string', 'samples'], call: sortByLabel }],
  [
    'args',
    { params: [], rest: 'any', call: (args) => new Dict(new Map(args.map((arg, i) => [`arg${i}`, arg]))) },
  ],
  ['tmpl', { params: ['string', 'any'], call: callTemplate }],
  ['match', match],
  ['reReplaceAll', reReplaceAll],
  ['title', ofText(titleOfWords)],
  ['toUpper', ofText(toUpper)],
  ['toLower', ofText(toLower)],
  ['safeHtml', ofText((text) => new SafeText('html', text))],
  ['graphLink', ofText((text) => `/graph?g0.expr=${queryEscape(text)}&g0.tab=0`)],
  ['tableLink', ofText((text) => `/graph?g0.expr=${queryEscape(text)}&g0.tab=1`)],
  ['urlQueryEscape', ofText(queryEscape)],
  ['stripPort', ofText((text) => splitHostPort(text)?.host ?? text)],
  ['stripDomain', ofText(stripDomain)],
  ['humanize', ofNumber(humanize)],
  ['humanize1024', ofNumber(humanize1024)],
  ['humanizeDuration', ofNumber(humanizeDuration)],
  ['humanizePercentage', ofNumber(humanizePercentage)],
  ['humanizeTimestamp', ofNumber(humanizeTimestamp)],
  ['toTime', ofNumber(timeFrom)],
  ['toDuration', ofNumber(durationOfSeconds)],
  ['now', { params: [], call: (_args, run) => run.nowMs / 1000 }],
  ['parseDuration', ofText((text) => durationMs(text) / 1000)],
  ['parseDurationTime', ofText((text) => duration(BigInt(durationMs(text)) * NS_PER_MS))],
  ['externalURL', { params: [], call: (_args, run) => run.externalUrl }],
  ['pathPrefix', { params: [], call: (_args, run) => pathOf(run.externalUrl) }],
]);

function first(samples: List): Value {
  if (samples.items.length === 0) throw new CallError('first() called on vector with no elements');
  return samples.items[0];
}

function labelOf(sample: Struct, name: string): Value {
  return (sample.fields.get('Labels') as Dict).get(name);
}

function sortByLabel([name, samples]: readonly Value[], run: Run): Value {
  const { items, type } = samples as List;
  run.budget.spend(items.length);
  const keyed = items.map((item) => ({ item, key: labelOf(item as Struct, name as string) as string }));
  keyed.sort((a, b) => compareText(a.key, b.key));
  return new List(
    keyed.map(({ item }) => item),
    type,
  );
}

function callTemplate([name, data]: readonly Value[], run: Run): Value {
  const text = run.executeTemplate(name as string, data);
  return run.isHtml ? new SafeText('html', text) : text;
}

function humanizeTimestamp(seconds: number): string {
  return Number.isFinite(seconds) ? printTime(timeFrom(seconds)) : formatFloat(seconds, 'g', 4);
}

function durationMs(text: string): number {
  const ms = text === '0' ? 0 : parseDurationMs(text);
  if (ms === undefined) {
    const mistake =
      text === ''
        ? 'empty duration string'
        : `not a valid duration string: ${JSON.stringify(text.slice(0, 100))}`;
    throw new CallError(mistake);
  }
  return ms;
}

/** `host:port`, `[host]:port`; undefined when it is neither. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  return match === null ? undefined : { host: match[1] ?? match[2]!, port: match[3]! };
}

function stripDomain(text: string): string {
  const parts = splitHostPort(text);
  const host = parts?.host ?? text;
  if (isAddress(host)) return text;
  const name = host.split('.')[0]!;
  if (parts === undefined || parts.port === '') return name;
  return name.includes(':') ? `[${name}]:${parts.port}` : `${name}:${parts.port}`;
}

function isAddress(host: string): boolean {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (four !== null)
    return four.slice(1).every((part) => Number(part) <= 255 && (part === '0' || !part.startsWith('0')));
  return host.includes(':') && URL.canParse(`http://[${host}]/`);
}

function pathOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
}
