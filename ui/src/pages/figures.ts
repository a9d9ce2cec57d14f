import type { Overview, Session, UsageFigures } from '@contract';
import { ratio } from '../lib/format.ts';

type TokenCounts = Pick<
  UsageFigures,
  'input_tokens' | 'output_tokens' | 'cache_read_tokens' | 'cache_creation_tokens'
>;

/** All tokens, cached or not. */
export function totalTokens(figures: TokenCounts): number {
  return (
    figures.input_tokens + figures.output_tokens + figures.cache_read_tokens + figures.cache_creation_tokens
  );
}

/** Share of what was sent to the model that came out of the cache; null when nothing was sent. */
export function cacheHit(figures: TokenCounts): number | null {
  const sent = figures.input_tokens + figures.cache_read_tokens + figures.cache_creation_tokens;
  return ratio(figures.cache_read_tokens, sent);
}

/** Model requests that failed for good, of all that were made. `api_requests` counts the successful ones. */
export function errorRate(figures: Pick<UsageFigures, 'api_requests' | 'api_errors'>): number | null {
  return ratio(figures.api_errors, figures.api_requests + figures.api_errors);
}

/** Sum over the models at each step. */
export function spendPerStep(spend: Overview['spend']): number[] {
  return spend.times.map((_, at) => spend.models.reduce((sum, model) => sum + (model.cost_usd[at] ?? 0), 0));
}

/** Failed model requests and tool calls together: what a person scanning a list wants to see. */
export function failures(session: Pick<Session, 'api_errors' | 'tool_failures'>): number {
  return session.api_errors + session.tool_failures;
}

/** Time between first and last event, in milliseconds. */
export function spanMs(session: Pick<Session, 'started_at' | 'last_event_at'>): number {
  return Math.max(0, Date.parse(session.last_event_at) - Date.parse(session.started_at));
}

/** How a session is called where there is no room for more. */
export function sessionTitle(session: Pick<Session, 'user' | 'session_id'>): string {
  return session.user || session.session_id.slice(0, 8);
}
