import { z } from 'zod';
import { formatPromDuration } from '../prom-config/index.ts';
import type { ChannelDefinition } from './channel.ts';

/** One key of a channel's entry. */
export interface ReferenceField {
  /** Dotted: `tls_config.ca_file`; of entries of lists `fields[].title`. */
  readonly key: string;
  /** In words: `a text`, `true or false`, `a duration such as 15s or 1m30s`. */
  readonly type: string;
  readonly isRequired: boolean;
  /** As in YAML; undefined: none. */
  readonly defaultText: string | undefined;
  /** Key in `global` it is taken from when the entry does not have it. */
  readonly global: string | undefined;
  readonly isSecret: boolean;
  readonly isTemplate: boolean;
}

/** Everything the documentation and a form say about a channel. */
export interface ChannelReference
  extends Pick<
    ChannelDefinition,
    'name' | 'title' | 'configKey' | 'isInAlertmanager' | 'sendsResolved' | 'maxAlerts' | 'messagesPerMinute'
  > {
  readonly fields: readonly ReferenceField[];
}

/** Sections inside each other that are followed. */
const MAX_DEPTH = 5;

/** The reference of configuration, from the schemas. Every entry may also have `send_resolved` and `http_config`. */
export function channelReference(channels: readonly ChannelDefinition[]): readonly ChannelReference[] {
  return channels.map((channel) => ({
    name: channel.name,
    title: channel.title,
    configKey: channel.configKey,
    isInAlertmanager: channel.isInAlertmanager,
    sendsResolved: channel.sendsResolved,
    maxAlerts: channel.maxAlerts,
    messagesPerMinute: channel.messagesPerMinute,
    fields: fieldsOf(channel.schema, '', channel, 0),
  }));
}

function fieldsOf(
  schema: z.core.$ZodType,
  prefix: string,
  channel: ChannelDefinition,
  depth: number,
): ReferenceField[] {
  const shape = inside(schema);
  if (!(shape instanceof z.ZodObject) || depth >= MAX_DEPTH) return [];
  return Object.entries(shape.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
    const key = prefix + name;
    const plain = inside(field);
    const own: ReferenceField = {
      key,
      type: typeOf(plain),
      ...presenceOf(field),
      global: channel.globals[key],
      isSecret: channel.secretKeys.includes(key),
      isTemplate: channel.templateKeys.some((template) => key === template || key.startsWith(`${template}.`)),
    };
    const below = plain instanceof z.ZodArray ? (plain.element as z.core.$ZodType) : plain;
    const more = plain instanceof z.ZodArray ? `${key}[].` : `${key}.`;
    return [own, ...fieldsOf(below, more, channel, depth + 1)];
  });
}

/** What is meant, without what may be left out. */
function inside(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable)
      inner = inner.unwrap();
    else if (inner instanceof z.ZodPrefault || inner instanceof z.ZodNonOptional) inner = inner.unwrap();
    else return inner;
  }
}

function typeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => JSON.stringify(option)).join(' or ');
  if (schema instanceof z.ZodObject) return 'a section';
  if (schema instanceof z.ZodRecord) return 'names and values';
  if (schema instanceof z.ZodArray)
    return `a list, each ${typeOf(inside(schema.element as z.core.$ZodType))}`;
  return wordsOf(schema);
}

/** Schemas of values say in their errors what they want. */
function wordsOf(schema: z.core.$ZodType): string {
  const { error } = z.safeParse(schema, Symbol('of no type'));
  if (error === undefined) return 'anything';
  const message = error.issues[0]?.message ?? '';
  return message.startsWith('must be ') ? message.slice('must be '.length) : 'a value';
}

function presenceOf(field: z.ZodType): Pick<ReferenceField, 'isRequired' | 'defaultText'> {
  const { success, data } = field.safeParse(undefined);
  if (!success) return { isRequired: true, defaultText: undefined };
  return { isRequired: false, defaultText: textOf(data, wordsOf(inside(field))) };
}

function textOf(value: unknown, words: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && words.startsWith('a duration')) return formatPromDuration(value);
  if (typeof value === 'number' && words.startsWith('a size'))
    return value % 1_048_576 === 0 ? `${value / 1_048_576}MB` : `${value}B`;
  return JSON.stringify(value);
}
