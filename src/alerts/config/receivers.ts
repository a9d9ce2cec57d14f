import { z } from 'zod';
import type { Integration } from '../../model/notification.ts';
import {
  bool,
  type ConfigPlace,
  fromDirectory,
  type PlacedProblem,
  problemAt,
  text,
  within,
  withoutNulls,
} from '../../prom-config/index.ts';
import type { TemplateSet } from '../../templates/index.ts';
import type { Receiver } from '../types.ts';
import type { ChannelSchema } from './channel-schema.ts';
import { type Findings, isSection, placedProblems, readList, readValue, unknownKey } from './findings.ts';
import { type GlobalSettings, isEmpty, readHttpConfig } from './global.ts';

/** Receivers in a configuration. */
export const MAX_RECEIVERS = 10_000;
/** Entries of one receiver under one key. */
export const MAX_INTEGRATIONS = 100;

/** Keys of receivers that Alertmanager knows. Those without a channel here are accepted, so that the file need not be changed. */
const ALERTMANAGER_KEYS = [
  'discord_configs',
  'email_configs',
  'incidentio_configs',
  'jira_configs',
  'mattermost_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'opsgenie_configs',
  'pagerduty_configs',
  'pushover_configs',
  'rocketchat_configs',
  'slack_configs',
  'sns_configs',
  'telegram_configs',
  'victorops_configs',
  'webex_configs',
  'webhook_configs',
  'wechat_configs',
];

/** What entries of receivers are read with. */
export interface ReceiverContext {
  readonly channels: readonly ChannelSchema[];
  readonly global: GlobalSettings;
  /** Relative files are taken from here. */
  readonly directory: string;
  /** Checks templates in entries. */
  readonly templates: TemplateSet;
  readonly findings: Findings;
}

/** Receivers by their names, in the order of the file. */
export function readReceivers(
  value: unknown,
  place: ConfigPlace,
  context: ReceiverContext,
): ReadonlyMap<string, Receiver> {
  const { findings } = context;
  const receivers = new Map<string, Receiver>();
  const items = readList(value, place, findings, { max: MAX_RECEIVERS, what: 'receivers' });
  for (const [index, item] of items.entries()) {
    const itemPlace = within(place, [index]);
    if (!isSection(item)) {
      findings.problems.push(problemAt(itemPlace, [], 'must be a section of keys and values'));
      continue;
    }
    const name = readName(item.name, itemPlace, findings);
    if (receivers.has(name))
      findings.problems.push(
        problemAt(itemPlace, ['name'], `notification config name ${JSON.stringify(name)} is not unique`),
      );
    const integrations = readIntegrations(name, item, itemPlace, context);
    if (name !== '') receivers.set(name, { name, integrations });
  }
  return receivers;
}

function readName(value: unknown, place: ConfigPlace, findings: Findings): string {
  if (isEmpty(value)) {
    findings.problems.push(problemAt(place, ['name'], 'missing name in receiver'));
    return '';
  }
  return readValue(text, value, within(place, ['name']), findings) ?? '';
}

function readIntegrations(
  receiver: string,
  item: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
  context: ReceiverContext,
): Integration[] {
  const byKey = new Map(context.channels.map((channel) => [channel.configKey, channel]));
  const found: Integration[] = [];
  for (const [key, value] of Object.entries(item)) {
    if (key === 'name') continue;
    const channel = byKey.get(key);
    const keyPlace = within(place, [key]);
    const bound = { max: MAX_INTEGRATIONS, what: `entries under ${key}` };
    if (channel !== undefined) {
      for (const [index, entry] of readList(value, keyPlace, context.findings, bound).entries()) {
        const read = readEntry(channel, entry, within(keyPlace, [index]), context);
        if (read !== undefined)
          found.push({ id: `${receiver}/${channel.name}/${index}`, receiver, index, ...read });
      }
    } else if (ALERTMANAGER_KEYS.includes(key)) {
      for (const index of readList(value, keyPlace, context.findings, bound).keys())
        context.findings.warnings.push(
          problemAt(keyPlace, [index], `${key}: there is no such channel here; this entry tells nobody`),
        );
    } else {
      const known = ['name', ...new Set([...byKey.keys(), ...ALERTMANAGER_KEYS])];
      context.findings.problems.push(unknownKey(key, known, place));
    }
  }
  return found;
}

type ReadEntry = Pick<Integration, 'channel' | 'sendsResolved' | 'settings' | 'http'>;

function readEntry(
  channel: ChannelSchema,
  value: unknown,
  place: ConfigPlace,
  context: ReceiverContext,
): ReadEntry | undefined {
  const { findings, global, directory } = context;
  if (!isSection(value)) {
    findings.problems.push(problemAt(place, [], `must be a section with the keys of ${channel.configKey}`));
    return undefined;
  }
  const entry = withoutNulls(value) as Record<string, unknown>;
  const { send_resolved: sendResolved, http_config: http, ...own } = entry;
  const resolved =
    sendResolved === undefined
      ? undefined
      : readValue(bool, sendResolved, within(place, ['send_resolved']), findings);
  const inherited = inheritedValues(channel, own, global);
  const filled = { ...own };
  for (const [key, globalKey] of inherited) filled[key] = global.values.get(globalKey);
  checkTemplates(channel, own, place, context);
  const settings = readSettings(channel, filled, inherited, { place, context });
  return {
    channel: channel.name,
    sendsResolved: resolved ?? channel.sendsResolved,
    settings,
    http: readHttpConfig(http, within(place, ['http_config']), directory, findings) ?? global.http,
  };
}

/** Which keys come from `global`: to global keys. */
function inheritedValues(
  channel: ChannelSchema,
  own: Readonly<Record<string, unknown>>,
  global: GlobalSettings,
): ReadonlyMap<string, string> {
  const inherited = new Map<string, string>();
  const isSet = (stem: string) =>
    [stem, `${stem}_file`].some((key) => !isEmpty(own[key]) || inherited.has(key));
  for (const [key, globalKey] of Object.entries(channel.globals)) {
    const stem = key.replace(/_file$/, '');
    if (isSet(stem) || isEmpty(global.values.get(globalKey))) continue;
    const alternatives = (channel.alternatives ?? []).filter((keys) => keys.includes(stem)).flat();
    if (!alternatives.some((other) => other !== stem && isSet(other))) inherited.set(key, globalKey);
  }
  return inherited;
}

function readSettings(
  channel: ChannelSchema,
  filled: Readonly<Record<string, unknown>>,
  inherited: ReadonlyMap<string, string>,
  at: { readonly place: ConfigPlace; readonly context: ReceiverContext },
): unknown {
  const { findings, directory, global } = at.context;
  const values = withAbsoluteFiles(filled, directory);
  const result = channel.schema.safeParse(values);
  for (const issue of result.error?.issues ?? []) {
    const globalKey = inherited.get(String(issue.path[0]));
    const found = issueProblems(issue, values, at.place);
    // What came from `global` is wrong there, not at the entry, which does not have the key.
    const atGlobal = ({ message }: PlacedProblem) => problemAt(global.place, [globalKey!], message);
    findings.problems.push(...(globalKey === undefined ? found : found.map(atGlobal)));
  }
  const settings = result.success ? result.data : withoutUnknownKeys(channel, values, result.error);
  if (settings === undefined) return undefined;
  for (const { path, message } of channel.check?.(settings) ?? [])
    findings.problems.push(problemAt(at.place, path, message));
  return settings;
}

function issueProblems(
  issue: z.core.$ZodIssue,
  values: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
): PlacedProblem[] {
  const key = issue.path[0];
  // A schema says what a key must be; of one that is not there that would not tell which.
  if (issue.path.length === 1 && issue.code !== 'custom' && values[String(key)] === undefined)
    return [problemAt(place, [key!], `missing key ${JSON.stringify(key)}`)];
  return placedProblems(new z.ZodError([issue]), place);
}

/** What the rest of an entry comes to, so that contradictions are found beside unknown keys; undefined when the rest is wrong too. */
function withoutUnknownKeys(
  channel: ChannelSchema,
  values: Readonly<Record<string, unknown>>,
  error: z.ZodError,
): unknown {
  const unknown = new Set<string>();
  for (const issue of error.issues)
    if (issue.code === 'unrecognized_keys' && issue.path.length === 0)
      for (const key of issue.keys) unknown.add(key);
  if (unknown.size === 0) return undefined;
  const known = Object.entries(values).filter(([key]) => !unknown.has(key));
  return channel.schema.safeParse(Object.fromEntries(known)).data;
}

/** Sections of an entry in which keys named `..._file` are files too. Elsewhere they may be the names of headers or details. */
const FILE_SECTIONS = new Set([
  'tls_config',
  'smtp_tls_config',
  'sigv4',
  'basic_auth',
  'authorization',
  'oauth2',
]);

function withAbsoluteFiles(
  values: Readonly<Record<string, unknown>>,
  directory: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (typeof value === 'string' && key.endsWith('_file')) return [key, fromDirectory(directory, value)];
      if (FILE_SECTIONS.has(key) && isSection(value)) return [key, withAbsoluteFiles(value, directory)];
      return [key, value];
    }),
  );
}

function checkTemplates(
  channel: ChannelSchema,
  own: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
  { templates, findings }: ReceiverContext,
): void {
  for (const key of channel.templateKeys) {
    for (const { path, text: written } of textsAt(own, key.split('.'), [])) {
      const mistake = written.includes('{{') ? templates.check(written, { name: path.join('.') }) : undefined;
      if (mistake !== undefined) findings.problems.push(problemAt(place, path, mistake.message));
    }
  }
}

interface PlacedText {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** Every text under a dotted key; lists on the way stand for each of their items, `*` for each key. */
function textsAt(value: unknown, rest: readonly string[], path: readonly PropertyKey[]): PlacedText[] {
  if (typeof value === 'string') return rest.length === 0 ? [{ path, text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => textsAt(item, rest, [...path, index]));
  if (!isSection(value)) return [];
  const [next, ...deeper] = rest;
  const keys = next === undefined || next === '*' ? Object.keys(value) : [next];
  return keys.flatMap((key) =>
    Object.hasOwn(value, key) ? textsAt(value[key], deeper, [...path, key]) : [],
  );
}
