import { z } from 'zod';
import { session } from './agents.ts';
import { moment, tally } from './common.ts';

export const signal = z.enum(['metrics', 'logs', 'traces', 'unknown']);

/** One sender and signal. Undecodable input counts for the sender's address and key, with an empty service. */
export const source = z.object({
  id: z.string(),
  service: z.string().describe('service.name, empty when the input could not be read'),
  instance: z.string(),
  address: z.string().describe('remote address without port'),
  key: z.string().describe('name of the ingest key, empty without one'),
  protocol: z.string().describe('otlp/http+protobuf, otlp/http+json, otlp/grpc'),
  user_agent: z.string(),
  client_version: z.string(),
  signal,
  first_seen: moment,
  last_seen: moment,
  accepted: tally.describe('records, spans or points since first seen'),
  rejected: tally,
  accepted_per_minute: z.number().nonnegative().describe('over the last five minutes'),
  reasons: z.array(z.object({ code: z.string(), message: z.string(), count: tally, last_at: moment })),
});
export type Source = z.infer<typeof source>;
export const sourceList = z.object({
  sources: z.array(source),
  truncated: z.boolean().describe('true when there were more senders than are remembered (1 000)'),
});
export type SourceList = z.infer<typeof sourceList>;

/** Events of `GET /api/live` (server-sent events): the event name is `type`, the data is the object. */
export const liveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.string(), at: moment }),
  z.object({ type: z.literal('sessions'), sessions: z.array(session) }),
  z.object({ type: z.literal('sources'), at: moment }),
  z.object({ type: z.literal('alerts'), firing: tally.describe('not suppressed'), at: moment }),
  z.object({ type: z.literal('status'), ready: z.boolean(), message: z.string() }),
]);
export type LiveEvent = z.infer<typeof liveEvent>;

export const healthPart = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  message: z.string().optional(),
  since: moment.optional(),
});
export const health = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  version: z.string(),
  uptime_s: z.number(),
  parts: z.record(z.string(), healthPart).describe('store, spool, state, disk, otlp_http, otlp_grpc, ...'),
});
export type Health = z.infer<typeof health>;

/** `GET /api/status`: what the shell of the UI needs first. */
export const status = z.object({
  version: z.string(),
  role: z.enum(['admin', 'anonymous']).describe('anonymous: a key is needed, show the login page'),
  auth_required: z.boolean(),
  has_data: z.boolean().describe('false until the first record of any kind was accepted'),
  has_sessions: z.boolean(),
  ready: z.boolean(),
  message: z.string().describe('one sentence when not ready or degraded, else empty'),
  now: moment,
});
export type Status = z.infer<typeof status>;

/** `GET /api/onboarding`: the block for a client, with this server's address filled in. Keys are stored as hashes, so the reader puts in his own. */
export const onboarding = z.object({
  otlp_http_url: z.string(),
  otlp_grpc_url: z.string(),
  key_required: z.boolean(),
  env: z.array(z.object({ name: z.string(), value: z.string(), why: z.string() })),
  shell: z.string().describe('export lines, ready to paste'),
  settings_json: z.string().describe('managed-settings.json for a team'),
});
export type Onboarding = z.infer<typeof onboarding>;

/** `POST /api/login`: exchanges an admin key for a session cookie. */
export const loginBody = z.object({ key: z.string().min(1).max(256) });
export type LoginBody = z.infer<typeof loginBody>;
export const loginAnswer = z.object({
  name: z.string().describe('name of the key'),
  role: z.literal('admin'),
  expires_at: moment,
});
export type LoginAnswer = z.infer<typeof loginAnswer>;
