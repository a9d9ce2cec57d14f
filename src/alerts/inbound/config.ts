import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { DAY_MS } from '../../lib/time.ts';
import { Labels } from '../../model/labels.ts';
import {
  type ConfigPlace,
  duration,
  labelMap,
  type PlacedProblem,
  problemAt,
  problemsOf,
  section,
  text,
  withoutNulls,
} from '../../prom-config/index.ts';
import type { InboundKind, InboundReader } from './kind.ts';
import { INBOUND_KINDS } from './kinds/index.ts';

const MAX_WEBHOOKS = 200;
const MIN_SECRET_LENGTH = 8;
const MAX_RESOLVE_MS = 366 * DAY_MS;

/** A secret, or the file it is read from for every delivery, so that it can be changed. */
export type SecretSource = { readonly text: string } | { readonly file: string };

/** One webhook of the configuration. */
export interface InboundWebhook {
  readonly name: string;
  readonly kind: InboundKind;
  /** Every delivery must show it; undefined when only a signature is asked for. */
  readonly token: SecretSource | undefined;
  /** Every delivery must be signed with it. */
  readonly secret: SecretSource | undefined;
  /** Given to every alert; they win over those of the payload. */
  readonly labels: Labels;
  /** After this time without news an alert counts as resolved: most senders tell once only. */
  readonly resolveAfterMs: number;
  readonly reader: InboundReader;
}

export interface ParsedInboundWebhooks {
  /** The ones that are right. */
  readonly webhooks: readonly InboundWebhook[];
  readonly problems: readonly PlacedProblem[];
}

const entry = section({
  name: text.refine(
    (name) => /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$/.test(name),
    'must be letters, digits, - and _, at most 64',
  ),
  kind: z.enum(INBOUND_KINDS.map(({ name }) => name) as [string, ...string[]], {
    error: `must be one of: ${INBOUND_KINDS.map(({ name }) => name).join(', ')}`,
  }),
  token: secretText(),
  token_file: text.optional(),
  secret: secretText(),
  secret_file: text.optional(),
  labels: labelMap.default({}),
  resolve_after: duration
    .refine((ms) => ms >= 60_000 && ms <= MAX_RESOLVE_MS, 'must be between 1m and 1y')
    .default(DAY_MS),
  mapping: z.unknown().optional(),
}).superRefine((given, context) => {
  const add = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (given.token !== undefined && given.token_file !== undefined)
    add('token_file', 'at most one of token and token_file may be given');
  if (given.secret !== undefined && given.secret_file !== undefined)
    add('secret_file', 'at most one of secret and secret_file may be given');
  const hasAny = [given.token, given.token_file, given.secret, given.secret_file].some(
    (value) => value !== undefined,
  );
  if (!hasAny)
    add('name', 'needs token or secret (or token_file, secret_file): without one anybody could send alerts');
});

function secretText() {
  return text
    .refine(
      (value) => value.length >= MIN_SECRET_LENGTH,
      `must have at least ${MIN_SECRET_LENGTH} characters`,
    )
    .optional();
}

/**
 * Reads the section `inbound_webhooks`.
 *
 * @param place of the section's value in its file.
 * @param directory relative files are taken from here.
 */
export function parseInboundWebhooks(
  value: unknown,
  place: ConfigPlace,
  directory = '',
): ParsedInboundWebhooks {
  const list = withoutNulls(value) ?? [];
  if (!Array.isArray(list)) return { webhooks: [], problems: [problemAt(place, [], 'must be a list')] };
  const problems: PlacedProblem[] = [];
  if (list.length > MAX_WEBHOOKS) problems.push(problemAt(place, [], `more than ${MAX_WEBHOOKS} webhooks`));
  const webhooks: InboundWebhook[] = [];
  const names = new Set<string>();
  list.slice(0, MAX_WEBHOOKS).forEach((item, at) => {
    const parsed = parseWebhook(item, directory);
    if ('webhook' in parsed) webhooks.push(parsed.webhook);
    else problems.push(...problemsOf(parsed.error, place, [at, ...parsed.path]));
    const name = nameOf(item);
    if (name !== undefined && names.has(name))
      problems.push(problemAt(place, [at, 'name'], `there is a webhook ${JSON.stringify(name)} already`));
    if (name !== undefined) names.add(name);
  });
  return { webhooks, problems };
}

type ParsedWebhook =
  | { readonly webhook: InboundWebhook }
  | { readonly error: z.ZodError; readonly path: readonly string[] };

function parseWebhook(item: unknown, directory: string): ParsedWebhook {
  const parsed = entry.safeParse(item);
  if (!parsed.success) return { error: parsed.error, path: [] };
  const given = parsed.data;
  const kind = INBOUND_KINDS.find(({ name }) => name === given.kind)!;
  const prepared = kind.prepare(given.mapping);
  if ('error' in prepared) return { error: prepared.error, path: ['mapping'] };
  return {
    webhook: {
      name: given.name,
      kind,
      token: sourceOf(given.token, given.token_file, directory),
      secret: sourceOf(given.secret, given.secret_file, directory),
      labels: Labels.fromObject(given.labels),
      resolveAfterMs: given.resolve_after,
      reader: prepared.reader,
    },
  };
}

function sourceOf(
  given: string | undefined,
  file: string | undefined,
  directory: string,
): SecretSource | undefined {
  if (given !== undefined) return { text: given };
  if (file === undefined) return undefined;
  return { file: isAbsolute(file) ? file : join(directory, file) };
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, 'name')) return undefined;
  return String((item as { readonly name: unknown }).name);
}
