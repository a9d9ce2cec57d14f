import { hash } from 'node:crypto';
import type { z } from 'zod';
import {
  bool,
  type ConfigPlace,
  count,
  duration,
  type HttpClientConfig,
  httpClientFields,
  httpClientProblems,
  type PlacedProblem,
  problemAt,
  problemsOf,
  section,
  text,
  textMap,
  toHttpClient,
  within,
  withoutNulls,
} from '../../prom-config/index.ts';
import { relabelConfigs } from '../config/relabel-config.ts';
import type { RelabelRule } from '../relabel.ts';

export const REMOTE_WRITE_MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;
/** Names the version of the protocol: 1.0 and 2.0. */
export type RemoteWriteMessage = (typeof REMOTE_WRITE_MESSAGES)[number];

/** Prometheus's `queue_config`. */
export interface RemoteWriteQueueConfig {
  /** Samples per shard that are read ahead. */
  readonly capacity: number;
  readonly minShards: number;
  readonly maxShards: number;
  readonly maxSamplesPerSend: number;
  /** Longest wait of a sample for company. */
  readonly batchSendDeadlineMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Unlike Prometheus's, true unless switched off: a receiver that asks for time loses nothing. */
  readonly retryOnHttp429: boolean;
  /** Older samples are dropped; 0: none. */
  readonly sampleAgeLimitMs: number;
}

/** One destination: an entry of Prometheus's `remote_write`. */
export interface RemoteWriteConfig {
  /** Names the queue on disk, so it has to stay the same. */
  readonly name: string;
  readonly url: string;
  readonly message: RemoteWriteMessage;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly relabelRules: readonly RelabelRule[];
  readonly sendsExemplars: boolean;
  readonly sendsNativeHistograms: boolean;
  readonly queue: RemoteWriteQueueConfig;
  readonly metadata: {
    readonly isSent: boolean;
    readonly intervalMs: number;
    readonly maxPerSend: number;
  };
  readonly http: HttpClientConfig;
}

export interface RemoteWriteConfiguration {
  /** Those without mistakes. */
  readonly configs: readonly RemoteWriteConfig[];
  /** When there is any, the configuration must not be used. */
  readonly problems: readonly PlacedProblem[];
}

const queueConfig = section({
  capacity: count.default(10_000),
  max_shards: count.default(50),
  min_shards: count.default(1),
  max_samples_per_send: count.default(2000),
  batch_send_deadline: duration.default(5000),
  min_backoff: duration.default(30),
  max_backoff: duration.default(5000),
  retry_on_http_429: bool.default(true),
  sample_age_limit: duration.default(0),
});

const metadataConfig = section({
  send: bool.default(true),
  send_interval: duration.default(60_000),
  max_samples_per_send: count.default(2000),
});

const remoteWriteFields = section({
  url: text.default(''),
  protobuf_message: text.default(REMOTE_WRITE_MESSAGES[0]),
  remote_timeout: duration.default(30_000),
  headers: textMap.default({}),
  write_relabel_configs: relabelConfigs.default([]),
  name: text.default(''),
  send_exemplars: bool.default(false),
  send_native_histograms: bool.default(false),
  // Accepted and without effect: connections are reused anyway.
  round_robin_dns: bool.default(false),
  queue_config: queueConfig.prefault({}),
  metadata_config: metadataConfig.prefault({}),
  ...httpClientFields,
});
type RemoteWriteFields = z.output<typeof remoteWriteFields>;

const remoteWrite = remoteWriteFields.superRefine((config, context) => {
  const add = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (config.url === '') add(['url'], 'url for remote_write is empty');
  else if (!/^https?:\/\/\S+$/.test(config.url) || !URL.canParse(config.url))
    add(['url'], 'must be a URL with http or https');
  if (!REMOTE_WRITE_MESSAGES.includes(config.protobuf_message as RemoteWriteMessage))
    add(['protobuf_message'], `unknown remote write protobuf message ${config.protobuf_message}`);
  for (const name of Object.keys(config.headers)) {
    const reason = headerMistake(name);
    if (reason !== undefined) add(['headers', name], reason);
  }
  for (const { path, message } of httpClientProblems(config)) add(path, message);
  for (const { path, message } of queueMistakes(config)) add(path, message);
});

const RESERVED_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'user-agent',
  'www-authenticate',
  'x-prometheus-remote-read-version',
  'x-prometheus-remote-write-version',
]);

function headerMistake(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (lower === 'authorization')
    return 'authorization header must be changed via the basic_auth, authorization or oauth2 parameter';
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) return `${JSON.stringify(name)} is not a header's name`;
  return RESERVED_HEADERS.has(lower) ? `${name} is a reserved header. It must not be changed` : undefined;
}

function queueMistakes({
  queue_config: queue,
  metadata_config: metadata,
  remote_timeout,
}: RemoteWriteFields) {
  const found: { path: string[]; message: string }[] = [];
  const atLeastOne = (section: string, key: string, value: number) => {
    if (value < 1) found.push({ path: [section, key], message: 'must be at least 1' });
  };
  for (const key of ['capacity', 'max_shards', 'min_shards', 'max_samples_per_send', 'min_backoff'] as const)
    atLeastOne('queue_config', key, queue[key]);
  atLeastOne('metadata_config', 'max_samples_per_send', metadata.max_samples_per_send);
  if (metadata.send_interval < 1000)
    found.push({ path: ['metadata_config', 'send_interval'], message: 'must be at least 1s' });
  if (remote_timeout < 1) found.push({ path: ['remote_timeout'], message: 'must be more than 0' });
  if (queue.min_shards > queue.max_shards)
    found.push({ path: ['queue_config', 'min_shards'], message: 'must not be more than max_shards' });
  if (queue.max_backoff < queue.min_backoff)
    found.push({ path: ['queue_config', 'max_backoff'], message: 'must not be less than min_backoff' });
  return found;
}

/** Ways to sign requests to some clouds, which are not spoken here. */
const UNSUPPORTED = ['sigv4', 'azuread', 'google_iam'] as const;

/**
 * Checks the entries of Prometheus's `remote_write`; unknown keys are mistakes.
 *
 * @param source where the entries stand: `place` of the list, and the folder that relative files are taken from.
 */
export function parseRemoteWriteConfigs(
  list: readonly unknown[],
  { place, directory }: { readonly place: ConfigPlace; readonly directory: string },
): RemoteWriteConfiguration {
  const configs: RemoteWriteConfig[] = [];
  const problems: PlacedProblem[] = [];
  const names = new Set<string>();
  for (const [index, item] of list.entries()) {
    const itemPlace = within(place, [index]);
    const unsupported = unsupportedIn(item, itemPlace);
    const parsed = remoteWrite.safeParse(withoutNulls(item));
    if (unsupported.length > 0) problems.push(...unsupported);
    else if (!parsed.success) problems.push(...problemsOf(parsed.error, itemPlace));
    else {
      const config = toConfig(parsed.data, directory, names);
      if (names.has(config.name)) {
        const message = `found multiple remote write configs with job name ${JSON.stringify(config.name)}`;
        problems.push(problemAt(itemPlace, ['name'], message));
      }
      names.add(config.name);
      configs.push(config);
    }
  }
  return { configs, problems };
}

function unsupportedIn(item: unknown, place: ConfigPlace): PlacedProblem[] {
  if (item === null || typeof item !== 'object') return [];
  return UNSUPPORTED.filter((key) => Object.hasOwn(item, key)).map((key) =>
    problemAt(
      place,
      [key],
      `${key} is not supported here; use basic_auth, authorization, oauth2 or tls_config`,
      true,
    ),
  );
}

/** Without a name the URL names the queue, so that other changes leave it; the second of the same URL is numbered. */
function nameOf({ name, url }: RemoteWriteFields, taken: ReadonlySet<string>): string {
  if (name !== '') return name;
  const base = hash('sha256', url, 'hex').slice(0, 6);
  for (let number = 2, unique = base; ; unique = `${base}-${number++}`) if (!taken.has(unique)) return unique;
}

function toConfig(
  fields: RemoteWriteFields,
  directory: string,
  taken: ReadonlySet<string>,
): RemoteWriteConfig {
  const { queue_config: queue, metadata_config: metadata } = fields;
  return {
    name: nameOf(fields, taken),
    url: fields.url,
    message: fields.protobuf_message as RemoteWriteMessage,
    timeoutMs: fields.remote_timeout,
    headers: fields.headers,
    relabelRules: fields.write_relabel_configs,
    sendsExemplars: fields.send_exemplars,
    sendsNativeHistograms: fields.send_native_histograms,
    queue: {
      capacity: queue.capacity,
      minShards: queue.min_shards,
      maxShards: queue.max_shards,
      maxSamplesPerSend: queue.max_samples_per_send,
      batchSendDeadlineMs: queue.batch_send_deadline,
      minBackoffMs: queue.min_backoff,
      maxBackoffMs: queue.max_backoff,
      retryOnHttp429: queue.retry_on_http_429,
      sampleAgeLimitMs: queue.sample_age_limit,
    },
    metadata: {
      isSent: metadata.send,
      intervalMs: metadata.send_interval,
      maxPerSend: metadata.max_samples_per_send,
    },
    http: toHttpClient(fields, directory),
  };
}
