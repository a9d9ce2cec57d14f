import { z } from 'zod';
import { count, section, text } from '../prom-config/index.ts';
import {
  businessHoursField,
  dateTimeField,
  listOf,
  nameField,
  responseField,
  restrictionField,
  shiftLengthField,
  waitField,
  zoneField,
} from './config-fields.ts';

/** People, schedules, policies: so many of each. */
export const MAX_ENTRIES = 500;
const MAX_ROTATIONS = 20;
const MAX_STEPS = 20;
const MAX_NAMES = 100;
const MAX_REPEATS = 1000;
/** A round that finds nobody to tell must not go round and round. */
const MIN_REPEAT_AFTER_MS = 60_000;
const MAX_SECRET_LENGTH = 4096;

const anyList = z.array(z.unknown(), { error: 'must be a list' }).optional();

/** The section's own keys; entries of lists are read one by one. */
export const onCallSections = section({
  people: anyList,
  schedules: anyList,
  escalation_policies: anyList,
  priorities: z.unknown().optional(),
  business_hours: businessHoursField.optional(),
  telegram: z.unknown().optional(),
  slack: z.unknown().optional(),
});

const names = listOf(nameField, MAX_NAMES);

export const personEntry = section({
  name: nameField,
  receivers: names.min(1, { error: 'must name at least one receiver' }),
});

export const rotationEntry = section({
  people: names.min(1, { error: 'must name at least one person' }),
  start: dateTimeField,
  shift_length: shiftLengthField,
  restrictions: listOf(restrictionField, MAX_ROTATIONS).default([]),
});

export const scheduleEntry = section({
  name: nameField,
  time_zone: zoneField,
  rotations: listOf(rotationEntry, MAX_ROTATIONS).min(1, { error: 'must have at least one rotation' }),
});
export type ScheduleEntry = z.output<typeof scheduleEntry>;

const stepEntry = section({
  after: waitField.default(0),
  receivers: names.default([]),
  schedules: names.default([]),
}).refine(({ receivers, schedules }) => receivers.length + schedules.length > 0, {
  error: 'must name at least one receiver or schedule',
});

export const policyEntry = section({
  name: nameField,
  matchers: listOf(text, MAX_NAMES).default([]),
  steps: listOf(stepEntry, MAX_STEPS).min(1, { error: 'must have at least one step' }),
  repeat: count
    .refine((repeats) => repeats <= MAX_REPEATS, { error: `must be at most ${MAX_REPEATS}` })
    .default(0),
  repeat_after: waitField
    .refine((waitMs) => waitMs >= MIN_REPEAT_AFTER_MS, { error: 'must be at least 1m' })
    .default(30 * 60_000),
});
export type PolicyEntry = z.output<typeof policyEntry>;

const priorityEntry = section({
  severities: listOf(
    text.transform((severity) => severity.toLowerCase()),
    MAX_NAMES,
  ).optional(),
  acknowledge_within: responseField.optional(),
});

export const prioritiesSection = section({
  P0: priorityEntry.optional(),
  P1: priorityEntry.optional(),
  P2: priorityEntry.optional(),
  P3: priorityEntry.optional(),
});

const secretText = text.refine((secret) => secret !== '' && secret.length <= MAX_SECRET_LENGTH, {
  error: `must have 1 to ${MAX_SECRET_LENGTH} characters`,
});
const webUrl = text.refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), {
  error: 'must be an http or https URL',
});
const numbers = (what: string) =>
  listOf(
    text.refine((id) => /^-?\d{1,19}$/.test(id), { error: `must be the number of a ${what}` }),
    1000,
  );

export const telegramSection = oneOf(
  oneOf(
    section({
      secret: secretText.optional(),
      secret_file: text.optional(),
      bot_token: secretText.optional(),
      bot_token_file: text.optional(),
      api_url: webUrl.default('https://api.telegram.org'),
      allowed_users: numbers('user').default([]),
      allowed_chats: numbers('chat').default([]),
    }),
    'bot_token',
  ),
  'secret',
).refine(({ allowed_users, allowed_chats }) => allowed_users.length + allowed_chats.length > 0, {
  error: 'must name somebody in allowed_users or allowed_chats, or nobody could acknowledge',
});

export const slackSection = oneOf(
  section({
    signing_secret: secretText.optional(),
    signing_secret_file: text.optional(),
    allowed_users: listOf(
      text.refine((id) => /^[A-Z0-9]{2,32}$/.test(id), {
        error: 'must be the id of a user such as U012AB3CD',
      }),
      1000,
    ).default([]),
  }),
  'signing_secret',
);

/** Of a secret and its file exactly one must be given. */
function oneOf<T extends z.ZodType>(schema: T, key: string): T {
  return schema.refine(
    (value) => {
      const given = value as Readonly<Record<string, unknown>>;
      return (given[key] === undefined) !== (given[`${key}_file`] === undefined);
    },
    { error: `must have either ${key} or ${key}_file` },
  ) as T;
}
