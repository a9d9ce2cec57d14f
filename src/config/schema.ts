import { z } from 'zod';
import { parseDurationMs } from '../lib/units.ts';
import { alertingSections } from './alerting-schema.ts';
import { bytes, duration, section, size } from './fields.ts';
import { metricsSections } from './metrics-schema.ts';

/**
 * The configuration, as it stands in `bellwether.yml`. This schema is the only source of types, defaults, checks and of the generated
 * reference (docs/configuration.md). Keys are snake_case; every key is optional.
 */

/** `host:port`; port 0 lets the system choose. IPv6 in brackets. */
const listenPattern = /^(\[[0-9a-fA-F:]+\]|[^:\s/]+):(\d{1,5})$/;

const listen = (defaultValue: string) =>
  z
    .string()
    .refine((text) => {
      const match = listenPattern.exec(text);
      return match !== null && Number(match[2]) <= 65_535;
    }, 'must be host:port, for example 127.0.0.1:7070')
    .default(defaultValue);

const listenOrOff = (defaultValue: string) =>
  z.union([z.literal('off'), listen(defaultValue)]).default(defaultValue);

/** A duration, or `off` for "keep for ever" (0 inside). YAML's bare `off` is the word, not a boolean, in YAML 1.2. */
const retention = (defaultValue: string) =>
  z
    .union([z.string(), z.literal(false)])
    .default(defaultValue)
    .transform((value, context) => {
      if (value === false || value === 'off') return 0;
      const parsed = parseDurationMs(value);
      if (parsed !== undefined && parsed >= 3_600_000) return parsed;
      context.addIssue({ code: 'custom', message: 'must be a duration of at least 1h such as 30d, or off' });
      return z.NEVER;
    })
    .meta({ kind: 'duration or off', example: defaultValue });

const MIB = 1024 ** 2;

export const configSchema = z.strictObject({
  data_dir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder for everything that is stored. Relative to the working directory.'),
  server: section(
    {
      listen: listen('127.0.0.1:7070').describe(
        'Address of UI, API and OTLP/HTTP. Any address but loopback needs a key (`bellwether keys create`).',
      ),
      public_url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('Address under which clients reach this server; printed in set-up blocks and links.'),
      allowed_hosts: z
        .array(z.string())
        .default([])
        .describe(
          'Host names, besides loopback and the listen address, that requests may carry in their Host header.',
        ),
    },
    'The main listener.',
  ),
  otlp: section(
    {
      http_listen: listenOrOff('127.0.0.1:4318').describe('Address of OTLP over HTTP, or off.'),
      grpc_listen: listenOrOff('127.0.0.1:4317').describe('Address of OTLP over gRPC, or off.'),
    },
    'OpenTelemetry receivers.',
  ),
  auth: section(
    {
      required: z
        .boolean()
        .default(false)
        .describe('Ask for a key on loopback too. On other addresses a key is always asked for.'),
    },
    'Who may read and write.',
  ),
  storage: section(
    {
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('A ClickHouse server to use instead of the embedded engine: http(s)://user@host:8123.'),
      password: z.string().optional().describe('Password of the ClickHouse user; better password_file.'),
      password_file: z.string().optional().describe('File with the password of the ClickHouse user.'),
      cluster: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, 'must be a plain name')
        .optional()
        .describe(
          'Name of a ClickHouse cluster: tables become Replicated and Distributed, created ON CLUSTER.',
        ),
      database: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a plain identifier')
        .default('bellwether')
        .describe('ClickHouse database.'),
      memory: size
        .optional()
        .meta({ kind: 'size' })
        .describe("Memory limit of the embedded engine. Default: 40 % of the machine's, at least 512MiB."),
      query_timeout: duration('30s').describe('Longest time a query may run.'),
    },
    'Where telemetry is stored.',
  ),
  retention: section(
    {
      metrics: retention('30d').describe('How long metrics are kept.'),
      logs: retention('30d').describe('How long logs are kept.'),
      traces: retention('30d').describe('How long spans are kept.'),
      sessions: retention('400d').describe('How long the agent ledger (sessions, costs) is kept.'),
      alerts: retention('400d').describe('How long the history of alerts is kept.'),
    },
    'How long each signal is kept: a duration, or off to keep it for ever.',
  ),
  ingest: section(
    {
      max_body: bytes('64MiB', 1024).describe('Largest request body, as received and after decompression.'),
      max_in_flight: bytes('256MiB', MIB).describe(
        'Bytes of request bodies held in memory at once; senders beyond it get 429.',
      ),
      max_records_per_request: z
        .number()
        .int()
        .positive()
        .default(100_000)
        .describe('Records, spans or points in one request.'),
      max_attributes: z
        .number()
        .int()
        .positive()
        .default(256)
        .describe('Attributes of one record; further ones are dropped and counted.'),
      max_value: bytes('256KiB', 64).describe(
        'Longest attribute value or log body; longer ones are cut and counted.',
      ),
      max_value_depth: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(32)
        .describe('Deepest nesting of attribute values.'),
      max_future: duration('1d').describe('Records further ahead of the clock than this are refused.'),
      spool: bytes('1GiB', 16 * MIB).describe(
        'Disk space for data that is acknowledged but not yet stored; senders get 429 when it is full.',
      ),
    },
    'Limits on what senders may send.',
  ),
  ...metricsSections,
  ...alertingSections,
  log: section(
    {
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe("Least severity of the server's own log."),
      file: z
        .string()
        .optional()
        .describe(
          'Write JSON lines to this file (rotated at 10 MB, 3 kept, gzip) instead of standard error.',
        ),
    },
    "The server's own log.",
  ),
});

/** Mistakes that concern more than one key: where, and what. Checked once every key for itself is right. */
export function contradictions(config: Config): { path: string; message: string }[] {
  const found: { path: string; message: string }[] = [];
  const { max_body, max_in_flight } = config.ingest;
  if (max_body > max_in_flight)
    found.push({ path: 'ingest.max_body', message: 'must not be larger than ingest.max_in_flight' });
  if (config.storage.cluster !== undefined && config.storage.url === undefined) {
    found.push({ path: 'storage.cluster', message: 'needs storage.url: the embedded engine has no cluster' });
  }
  if (config.metrics.journal * 2 > config.ingest.spool) {
    found.push({ path: 'metrics.journal', message: 'must be at most half of ingest.spool, which holds it' });
  }
  return found;
}

/** The configuration with every default filled in; durations in ms, sizes in bytes, retention 0 = kept for ever. */
export type Config = z.output<typeof configSchema>;
