import { CallError } from '../errors.ts';
import { escapeMarkdown, escapeSlack } from '../escape.ts';
import { toJson } from '../format/json.ts';
import { BoundedText, type Run } from '../run.ts';
import { duration, NS_PER_MS } from '../time/duration.ts';
import { formatTimeValue, inZone, type TimeValue } from '../time/time.ts';
import {
  Dict,
  type FunctionSet,
  List,
  SafeText,
  stringList,
  type TemplateFunction,
  textOf,
  type Value,
} from '../values.ts';
import { humanizeDuration, numberFrom } from './humanize.ts';
import { match, reReplaceAll } from './regex.ts';
import { titleCase, toLower, toUpper, trimSpace } from './text.ts';

const ofText = (call: (text: string) => Value): TemplateFunction => ({
  params: ['string'],
  call: ([text], run) => {
    run.budget.spendText((text as string).length);
    return call(text as string);
  },
});

/**
 * The functions of Alertmanager's notification templates (https://prometheus.io/docs/alerting/latest/notifications/#functions). Two
 * are ours: `escapeSlack` and `escapeMarkdown`, for label values inside messages with markup.
 */
export const ALERTMANAGER_FUNCTIONS: FunctionSet = new Map<string, TemplateFunction>([
  ['toUpper', ofText(toUpper)],
  ['toLower', ofText(toLower)],
  ['title', ofText(titleCase)],
  ['trimSpace', ofText(trimSpace)],
  ['join', { params: ['string', 'strings'], call: join }],
  ['match', match],
  ['reReplaceAll', reReplaceAll],
  ['safeHtml', ofText((text) => new SafeText('html', text))],
  ['safeUrl', ofText((text) => new SafeText('url', text))],
  ['urlUnescape', ofText(urlUnescape)],
  ['stringSlice', { params: [], rest: 'string', call: (args) => stringList(args as string[]) }],
  [
    'date',
    {
      params: ['string', 'time'],
      call: ([layout, time]) => formatTimeValue(time as TimeValue, layout as string),
    },
  ],
  ['tz', { params: ['string', 'time'], call: ([zone, time]) => inZone(time as TimeValue, zone as string) }],
  [
    'since',
    {
      params: ['time'],
      call: ([time], run) => duration(BigInt(Math.trunc(run.nowMs)) * NS_PER_MS - (time as TimeValue).ns),
    },
  ],
  ['humanizeDuration', { params: ['any'], call: ([value]) => humanizeDuration(numberFrom(value)) }],
  ['toJson', { params: ['any'], call: ([value], run) => toJson(value, run.budget) }],
  ['list', { params: [], rest: 'any', call: (args) => new List(args) }],
  ['append', { params: ['list'], rest: 'any', call: append }],
  ['dict', { params: [], rest: 'any', call: dict }],
  ['escapeSlack', ofText(escapeSlack)],
  ['escapeMarkdown', ofText(escapeMarkdown)],
]);

function join([separator, list]: readonly Value[], run: Run): Value {
  const out = new BoundedText(run.budget);
  (list as List).items.forEach((item, i) => {
    run.budget.spend(1);
    out.add((i > 0 ? (separator as string) : '') + textOf(item)!);
  });
  return out.text;
}

function append([list, ...more]: readonly Value[], run: Run): Value {
  const { items } = list as List;
  run.budget.spend(items.length + more.length);
  return new List([...items, ...more]);
}

function dict(args: readonly Value[]): Value {
  if (args.length % 2 !== 0) throw new CallError('dict takes pairs of key and value');
  const entries = new Map<string, Value>();
  for (let i = 0; i < args.length; i += 2) {
    const key = textOf(args[i]);
    if (key === undefined) throw new CallError('dict keys must be strings');
    entries.set(key, args[i + 1]);
  }
  return new Dict(entries);
}

function urlUnescape(text: string): string {
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/s.exec(text);
  if (broken !== null) throw new CallError(`invalid URL escape ${JSON.stringify(broken[0])}`);
  const spaced = text.replaceAll('+', ' ');
  const bytes = spaced.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
  return bytes;
}
