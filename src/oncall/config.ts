import { isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { PRIORITIES, type Priority } from '../model/notification.ts';
import { type ConfigPlace, type PlacedProblem, problemsOf, withoutNulls } from '../prom-config/index.ts';
import { DEFAULT_BUSINESS_HOURS } from './config-fields.ts';
import { policyOf, scheduleOf } from './config-parts.ts';
import { add, type OnCallParseOptions, type OnCallReader, readList, readOne } from './config-reader.ts';
import { checkReferences } from './config-references.ts';
import {
  onCallSections,
  personEntry,
  policyEntry,
  prioritiesSection,
  scheduleEntry,
  slackSection,
  telegramSection,
} from './config-schema.ts';
import type {
  ConfigSecret,
  OnCallConfig,
  PriorityRule,
  SlackButtons,
  TelegramButtons,
} from './config-types.ts';
import { DEFAULT_PRIORITIES } from './priorities.ts';

/**
 * Reads `on_call`. Never throws: all mistakes are among the problems, and there is a configuration only when there are none.
 *
 * @param value undefined when there is no such section: then priorities have their defaults and nobody is on call.
 * @param place of the section.
 */
export function parseOnCall(
  value: unknown,
  place: ConfigPlace,
  options: OnCallParseOptions,
): { readonly config: OnCallConfig | undefined; readonly problems: readonly PlacedProblem[] } {
  const raw = withoutNulls(value) ?? {};
  const problems: PlacedProblem[] = [];
  const sections = onCallSections.safeParse(raw);
  if (!sections.success) problems.push(...problemsOf(sections.error, place));
  const tree = isObject(raw) ? raw : {};
  const reader: OnCallReader = {
    options,
    place,
    problems,
    people: namesIn(tree.people),
    schedules: namesIn(tree.schedules),
  };
  const telegram = readOne(reader, ['telegram'], tree.telegram, telegramSection);
  const slack = readOne(reader, ['slack'], tree.slack, slackSection);
  const people = readNamed(reader, 'people', tree.people, personEntry);
  const schedules = readNamed(reader, 'schedules', tree.schedules, scheduleEntry);
  const policies = readNamed(reader, 'escalation_policies', tree.escalation_policies, policyEntry);
  const priorities = readPriorities(reader, tree.priorities);
  checkReferences(reader, tree);
  if (problems.length > 0 || !sections.success) return { config: undefined, problems };
  return {
    config: {
      people: byName(people),
      schedules: byName(schedules.map(scheduleOf)),
      policies: policies.map((entry) => policyOf(entry, options)),
      priorities,
      businessHours: sections.data.business_hours ?? DEFAULT_BUSINESS_HOURS,
      telegram: telegram && telegramButtons(telegram, options.directory),
      slack: slack && slackButtons(slack, options.directory),
    },
    problems,
  };
}

function telegramButtons(
  section: NonNullable<z.output<typeof telegramSection>>,
  directory: string,
): TelegramButtons {
  return {
    secret: secretOf(section.secret, section.secret_file, directory),
    botToken: secretOf(section.bot_token, section.bot_token_file, directory),
    apiUrl: section.api_url.replace(/\/+$/, ''),
    allowedUsers: new Set(section.allowed_users),
    allowedChats: new Set(section.allowed_chats),
  };
}

function slackButtons(section: z.output<typeof slackSection>, directory: string): SlackButtons {
  return {
    signingSecret: secretOf(section.signing_secret, section.signing_secret_file, directory),
    allowedUsers: new Set(section.allowed_users),
  };
}

/** Without any configuration. */
export function emptyOnCall(): OnCallConfig {
  return {
    people: new Map(),
    schedules: new Map(),
    policies: [],
    priorities: DEFAULT_PRIORITIES,
    businessHours: DEFAULT_BUSINESS_HOURS,
    telegram: undefined,
    slack: undefined,
  };
}

/** What the configuration lists under one priority no longer belongs to another by default. */
function readPriorities(reader: OnCallReader, value: unknown): Readonly<Record<Priority, PriorityRule>> {
  const given = readOne(reader, ['priorities'], value, prioritiesSection) ?? {};
  const owners = new Map<string, Priority>();
  for (const priority of PRIORITIES) {
    for (const [at, severity] of (given[priority]?.severities ?? []).entries()) {
      const owner = owners.get(severity);
      if (owner !== undefined)
        add(
          reader,
          ['priorities', priority, 'severities', at],
          `severity ${JSON.stringify(severity)} is listed under ${owner} already`,
        );
      owners.set(severity, priority);
    }
  }
  const rules = PRIORITIES.map((priority): [Priority, PriorityRule] => {
    const defaults = DEFAULT_PRIORITIES[priority];
    return [
      priority,
      {
        severities:
          given[priority]?.severities ?? defaults.severities.filter((severity) => !owners.has(severity)),
        response: given[priority]?.acknowledge_within ?? defaults.response,
      },
    ];
  });
  return Object.fromEntries(rules) as Record<Priority, PriorityRule>;
}

/** Entries that have names of their own. */
function readNamed<T extends z.ZodType<{ readonly name: string }>>(
  reader: OnCallReader,
  key: string,
  value: unknown,
  schema: T,
): z.output<T>[] {
  const names = new Set<string>();
  return readList(reader, key, value, schema).map(({ entry, path }) => {
    if (names.has(entry.name))
      add(reader, [...path, 'name'], `the name ${JSON.stringify(entry.name)} is there twice`);
    names.add(entry.name);
    return entry;
  });
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}

function secretOf(text: string | undefined, file: string | undefined, directory: string): ConfigSecret {
  if (file === undefined) return { text: text ?? '' };
  return { file: isAbsolute(file) ? file : resolve(directory, file) };
}

function namesIn(value: unknown): ReadonlySet<string> {
  if (!Array.isArray(value)) return new Set();
  return new Set(value.flatMap((entry: unknown) => (isObject(entry) ? [String(entry.name)] : [])));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
