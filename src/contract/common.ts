import { z } from 'zod';

/**
 * A point in time in a query string: RFC 3339, epoch milliseconds, or relative to the request's time (`now`, `now-90m`,
 * `now-1h`, `now-7d`; units ms, s, m, h, d, w).
 */
export const timeParam = z
  .string()
  .max(64)
  .describe('RFC 3339, epoch milliseconds, or relative: now, now-90m, now-1h, now-7d');

/** A moment in an answer: RFC 3339 in UTC with milliseconds. */
export const moment = z.iso.datetime().describe('RFC 3339, UTC, milliseconds');

export const range = z.object({
  from: timeParam
    .default('now-24h')
    .describe('begin, inclusive: RFC 3339, epoch milliseconds, or relative (now-24h)'),
  to: timeParam.default('now').describe('end, exclusive, so that adjacent ranges share nothing'),
});

/** US dollars. Sums are formed over integer micro-dollars, so equal sums are equal numbers. */
export const usd = z.number().describe('US dollars, exact to a millionth');

const whole = z.number().int().nonnegative();
export const tally = whole;

/** What every failed request answers. */
export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;
