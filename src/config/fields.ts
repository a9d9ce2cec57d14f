import { z } from 'zod';
import { formatBytes, parseBytes, parseDurationMs } from '../lib/units.ts';

/** A duration, milliseconds inside. */
export const duration = (defaultValue: string) =>
  z
    .string()
    .default(defaultValue)
    .transform((text, context) => {
      const parsed = parseDurationMs(text);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: 'custom', message: 'must be a duration such as 15s, 90m, 30d' });
      return z.NEVER;
    })
    .meta({ kind: 'duration', example: defaultValue });

/** A size, bytes inside. */
export const size = z.union([z.string(), z.number().int().nonnegative()]).transform((value, context) => {
  const parsed = typeof value === 'number' ? value : parseBytes(value);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: 'must be a size such as 64MiB or 2GB' });
  return z.NEVER;
});

export const bytes = (defaultValue: string, leastBytes: number) =>
  size
    .refine((value) => value >= leastBytes, `must be at least ${formatBytes(leastBytes)}`)
    .prefault(defaultValue)
    .meta({ kind: 'size', example: defaultValue });

export const count = (defaultValue: number) => z.number().int().positive().default(defaultValue);

export const section = <S extends z.ZodRawShape>(shape: S, text: string) =>
  z
    .strictObject(shape)
    .prefault({} as never)
    .describe(text);
