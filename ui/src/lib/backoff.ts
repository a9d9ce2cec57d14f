/** First pause before a new attempt to connect. */
export const firstRetryMs = 1000;
/** Longest pause. */
export const longestRetryMs = 30_000;

/**
 * Pause before attempt `attempt` (1 is the first retry): doubles up to {@link longestRetryMs}, of which a random half is taken off,
 * so that the tabs of a whole team do not return in the same instant. `random` in [0, 1).
 */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(Math.max(0, attempt - 1), 10));
  return Math.round(full * (1 - random / 2));
}
