import type { Session, Source } from '@contract';

/** Fixed moment that tests count from. */
export const nowMs = Date.UTC(2026, 10, 20, 14);

/** RFC 3339, so many seconds before {@link nowMs}. */
export function ago(seconds: number): string {
  return new Date(nowMs - seconds * 1000).toISOString();
}

/** A session for tests. */
export function sessionWith(fields: Partial<Session>): Session {
  return {
    session_id: 'aaaaaaaa-0000-4000-8000-000000000001',
    client: 'claude-code',
    client_version: '2.1.329',
    user: 'ada@example.com',
    models: ['claude-opus-4-7-20260410'],
    started_at: ago(600),
    last_event_at: ago(10),
    state: 'running',
    cost_usd: 1.5,
    cost_complete: true,
    input_tokens: 100,
    output_tokens: 50,
    cache_read_tokens: 800,
    cache_creation_tokens: 100,
    prompts: 2,
    api_requests: 9,
    api_errors: 1,
    tool_calls: 20,
    tool_failures: 2,
    edits_accepted: 3,
    edits_rejected: 1,
    lines_added: 40,
    lines_removed: 5,
    commits: 1,
    pull_requests: 0,
    active_time_s: 300,
    demo: false,
    ...fields,
  };
}

/** A row of the senders for tests. */
export function sourceWith(fields: Partial<Source>): Source {
  return {
    id: `${fields.service ?? 'claude-code'}/${fields.address ?? '10.0.0.1'}/${fields.signal ?? 'logs'}`,
    service: 'claude-code',
    instance: '',
    address: '10.0.0.1',
    key: '',
    protocol: 'otlp/http+protobuf',
    user_agent: '',
    client_version: '2.1.329',
    signal: 'logs',
    first_seen: ago(3600),
    last_seen: ago(5),
    accepted: 10,
    rejected: 0,
    accepted_per_minute: 1,
    reasons: [],
    ...fields,
  };
}
