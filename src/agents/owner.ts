import type { Attributes, Origin } from '../model/telemetry.ts';
import { booleanOf, cut, firstTextOf, textOf } from './attributes.ts';
import { hashHex } from './hash.ts';

/** Resource attribute that marks replayed demonstration data; the value is true. */
export const DEMO_ATTRIBUTE = 'bellwether.demo';

/** Sessions made up for records that name none begin with this. */
export const NO_SESSION_PREFIX = 'no-session:';

const MAX_SESSION_ID_CHARS = 128;
const DAY_MS = 86_400_000;

/** Attributes that name a person, best first; looked for in the record and then in the resource. */
const PERSON_KEYS = [
  'user.email',
  'enduser.email',
  'user.full_name',
  'user.name',
  'enduser.id',
  'enduser.name',
  'developer',
] as const;

/** To whom a record belongs. */
export interface RecordOwner {
  readonly sessionId: string;
  readonly client: string;
  readonly clientVersion: string;
  readonly user: string;
  readonly streamId: bigint;
  readonly isDemo: boolean;
}

/** What the resource and scope say, worked out once per stream. */
export interface SenderFacts {
  readonly client: string;
  readonly version: string;
  readonly person: string;
  readonly userId: string;
  readonly isDemo: boolean;
  /** Tells resources apart; the same for the three signals of one process. */
  readonly resourceKey: string;
}

export function senderFactsOf(origin: Origin): SenderFacts {
  const { resource } = origin;
  return {
    client: cut(origin.serviceName, 256),
    version: textOf(resource, 'service.version', 64),
    person: firstTextOf(resource, PERSON_KEYS),
    userId: textOf(resource, 'user.id'),
    isDemo: booleanOf(resource, DEMO_ATTRIBUTE) ?? false,
    resourceKey: resourceKeyOf(resource),
  };
}

/**
 * The owner of a record.
 *
 * A record without a session id (`OTEL_METRICS_INCLUDE_SESSION_ID=false`, or an SDK call without a conversation) is put into a
 * session made up for its resource, user and UTC day, `no-session:<hash>`. Nothing finer is known: neither process nor trace is on all
 * three signals. The day keeps such a session from growing without end.
 *
 * @param sessionId as sent, '' when it was not.
 * @param dayMs the moment that decides the day of a made-up session.
 */
export function ownerOf(
  origin: Origin,
  facts: SenderFacts,
  record: { attributes: Attributes; sessionId: string; dayMs: number },
): RecordOwner {
  const { attributes } = record;
  const person = firstTextOf(attributes, PERSON_KEYS) || facts.person;
  const userId = textOf(attributes, 'user.id') || textOf(attributes, 'user.account_uuid') || facts.userId;
  const user = person || userId;
  return {
    sessionId: usableSessionId(record.sessionId) || madeUpSession(facts, user, record.dayMs),
    client: facts.client,
    clientVersion: facts.version || textOf(attributes, 'app.version', 64) || clientScopeVersion(origin),
    user,
    streamId: origin.streamId,
    isDemo: facts.isDemo,
  };
}

/**
 * The id as sent, unless it could not be asked for again: one that is too long ends in a hash, so that two of them stay two, and the names of
 * folders in URLs get a letter in front.
 */
function usableSessionId(id: string): string {
  if (id.length > MAX_SESSION_ID_CHARS)
    return `${cut(id, MAX_SESSION_ID_CHARS - 17)}~${hashHex(id).slice(0, 16)}`;
  return id === '.' || id === '..' ? `id:${id}` : id;
}

/** The scopes of metrics and events carry the client's version; the one of spans has a version of its own. */
function clientScopeVersion(origin: Origin): string {
  return origin.scopeName.endsWith('.tracing') ? '' : cut(origin.scopeVersion, 64);
}

function madeUpSession(facts: SenderFacts, user: string, dayMs: number): string {
  return NO_SESSION_PREFIX + hashHex(`${facts.resourceKey}\n${user}\n${Math.floor(dayMs / DAY_MS)}`);
}

function resourceKeyOf(resource: Attributes): string {
  const entries = [...resource.values.keys()].map((key) => `${key}=${textOf(resource, key, 1024)}`);
  return hashHex(entries.sort().join('\n'));
}
