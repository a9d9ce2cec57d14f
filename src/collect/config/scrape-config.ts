import { z } from 'zod';
import {
  bool,
  type ConfigPlace,
  count,
  duration,
  float,
  type HttpClientConfig,
  httpClientFields,
  httpClientProblems,
  labelMap,
  type PlacedProblem,
  problemAt,
  problemsOf,
  section,
  size,
  text,
  textList,
  toHttpClient,
  withoutNulls,
} from '../../prom-config/index.ts';
import type { RelabelRule } from '../relabel.ts';
import {
  type DiscoveryConfig,
  discoveryFields,
  SUPPORTED_DISCOVERIES,
  toDiscoveries,
} from './discovery-config.ts';
import { legacyMistake, relabelConfigs } from './relabel-config.ts';

export const SCRAPE_PROTOCOLS = [
  'PrometheusProto',
  'OpenMetricsText0.0.1',
  'OpenMetricsText1.0.0',
  'PrometheusText0.0.4',
  'PrometheusText1.0.0',
] as const;
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number];

const DEFAULT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
];

/** How names beyond ASCII are asked for. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** Bounds of a job; 0 for none. */
export interface ScrapeLimits {
  /** Of the page, decompressed. */
  readonly bodyBytes: number;
  readonly samples: number;
  readonly labels: number;
  readonly labelNameLength: number;
  readonly labelValueLength: number;
  readonly targets: number;
  readonly keepDroppedTargets: number;
  readonly histogramBuckets: number;
  /** Least growth factor from one bucket to the next. */
  readonly minBucketFactor: number;
}

/** One job, with every default filled in. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly protocols: readonly ScrapeProtocol[];
  /** For answers without a usable Content-Type; without it such an answer fails. */
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  readonly convertClassicHistogramsToNhcb: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly nameValidation: 'utf8' | 'legacy';
  readonly nameEscaping: EscapingScheme;
  readonly limits: ScrapeLimits;
  readonly http: HttpClientConfig;
  readonly relabelRules: readonly RelabelRule[];
  readonly metricRelabelRules: readonly RelabelRule[];
  readonly discoveries: readonly DiscoveryConfig[];
  /** Equal for configurations that mean the same. */
  readonly fingerprint: string;
}

export interface GlobalConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
}

const protocol = text.pipe(
  z.enum(SCRAPE_PROTOCOLS, {
    error: (issue) =>
      `unknown scrape protocol ${String(issue.input)}, supported: [${[...SCRAPE_PROTOCOLS].sort().join(' ')}]`,
  }),
);
const protocols = z
  .array(protocol)
  .min(1, 'scrape_protocols cannot be empty')
  .superRefine((list, context) => {
    for (const [index, item] of list.entries())
      if (list.indexOf(item) < index)
        context.addIssue({
          code: 'custom',
          message: `duplicated protocol in scrape_protocols, got [${list.join(' ')}]`,
        });
  });

const validation = text.pipe(z.enum(['utf8', 'legacy', ''], "must be either '', 'legacy' or 'utf8'"));
const escaping = text.pipe(
  z.enum(
    ['allow-utf-8', 'underscores', 'dots', 'values', ''],
    "must be one of 'allow-utf-8', 'underscores', 'dots', or 'values'",
  ),
);

/** Keys that stand in `global` as defaults and in each job. 0 and absent mean the default. */
const sharedFields = {
  scrape_interval: duration.optional(),
  scrape_timeout: duration.optional(),
  scrape_protocols: protocols.optional(),
  body_size_limit: size.optional(),
  sample_limit: count.optional(),
  label_limit: count.optional(),
  label_name_length_limit: count.optional(),
  label_value_length_limit: count.optional(),
  target_limit: count.optional(),
  keep_dropped_targets: count.optional(),
  scrape_native_histograms: bool.optional(),
  always_scrape_classic_histograms: bool.optional(),
  convert_classic_histograms_to_nhcb: bool.optional(),
  extra_scrape_metrics: bool.optional(),
  metric_name_validation_scheme: validation.optional(),
  metric_name_escaping_scheme: escaping.optional(),
  scrape_failure_log_file: text.optional(),
};

const globalSchema = section({
  ...sharedFields,
  evaluation_interval: duration.optional(),
  rule_query_offset: duration.optional(),
  query_log_file: text.optional(),
  external_labels: labelMap.default({}),
});

const jobSchema = section({
  ...sharedFields,
  job_name: text.optional(),
  fallback_scrape_protocol: protocol.optional(),
  scrape_classic_histograms: bool.optional(),
  metrics_path: text.default('/metrics'),
  scheme: text.pipe(z.enum(['http', 'https'], 'must be http or https')).default('http'),
  params: z.record(z.string(), textList).default({}),
  honor_labels: bool.default(false),
  honor_timestamps: bool.default(true),
  track_timestamps_staleness: bool.default(false),
  enable_compression: bool.default(true),
  native_histogram_bucket_limit: count.default(0),
  native_histogram_min_bucket_factor: float.default(0),
  relabel_configs: relabelConfigs.default([]),
  metric_relabel_configs: relabelConfigs.default([]),
  ...httpClientFields,
  ...discoveryFields,
}).superRefine((job, context) => {
  for (const { path, message } of httpClientProblems(job))
    context.addIssue({ code: 'custom', message, path });
  if (job.job_name === undefined || job.job_name === '')
    context.addIssue({ code: 'custom', message: 'job_name is empty', path: ['job_name'] });
});

type GlobalFields = z.output<typeof globalSchema>;
type JobFields = z.output<typeof jobSchema>;
type SharedFields = Pick<JobFields, keyof typeof sharedFields>;

/** Keys of Prometheus that have no effect here, and why. */
const IGNORED_KEYS: Readonly<Record<string, string>> = {
  scrape_failure_log_file: 'failures are in the log and on the targets page',
  query_log_file: 'slow queries are in the log',
  convert_classic_histograms_to_nhcb: 'classic histograms are stored as they come',
};

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 10_000;

/** Collects what is wrong and what is left out of account. */
export interface Findings {
  readonly problems: PlacedProblem[];
  readonly warnings: PlacedProblem[];
}

/** `global` as checked; the rest of the jobs' defaults stays inside. */
export interface CheckedGlobal {
  readonly config: GlobalConfig;
  readonly defaults: SharedFields;
}

/** @param env for `${NAME}` in external labels. */
export function parseGlobal(
  value: unknown,
  place: ConfigPlace,
  findings: Findings,
  env: Readonly<Record<string, string | undefined>>,
): CheckedGlobal {
  const parsed = globalSchema.safeParse(withoutNulls(value ?? {}));
  if (!parsed.success) {
    findings.problems.push(...problemsOf(parsed.error, place));
    return parseGlobal({}, place, { problems: [], warnings: [] }, env);
  }
  const global = parsed.data;
  warnIgnored(global, place, findings);
  const scrapeIntervalMs = global.scrape_interval || DEFAULT_INTERVAL_MS;
  const scrapeTimeoutMs = global.scrape_timeout || Math.min(DEFAULT_TIMEOUT_MS, scrapeIntervalMs);
  if (scrapeTimeoutMs > scrapeIntervalMs)
    findings.problems.push(
      problemAt(place, ['scrape_timeout'], 'global scrape timeout greater than scrape interval'),
    );
  const config = {
    scrapeIntervalMs,
    scrapeTimeoutMs,
    evaluationIntervalMs: global.evaluation_interval || DEFAULT_INTERVAL_MS,
    ruleQueryOffsetMs: global.rule_query_offset ?? 0,
    externalLabels: expandLabels(global.external_labels, env),
  };
  return { config, defaults: global };
}

function expandLabels(
  labels: GlobalFields['external_labels'],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const expand = (value: string) =>
    value.replace(
      /\$(?:\$|\{([^}]*)\}|(\w+))/g,
      (whole, braced: string | undefined, bare: string | undefined) =>
        whole === '$$' ? '$' : (env[braced ?? bare ?? ''] ?? ''),
    );
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, expand(value)]));
}

/** One entry of `scrape_configs`; undefined when it has a mistake. */
export function parseJob(
  value: unknown,
  place: ConfigPlace,
  options: { readonly global: CheckedGlobal; readonly directory: string; readonly findings: Findings },
): ScrapeConfig | undefined {
  const { global, directory, findings } = options;
  if (value === null || value === undefined) {
    findings.problems.push(problemAt(place, [], 'empty or null scrape config section'));
    return undefined;
  }
  const { known, unsupported } = splitDiscoveries(withoutNulls(value));
  const mistakes = unsupported.map((key) => unsupportedDiscovery(key, known, place));
  const parsed = jobSchema.safeParse(known);
  if (!parsed.success) mistakes.push(...problemsOf(parsed.error, place));
  findings.problems.push(...mistakes);
  if (!parsed.success || mistakes.length > 0) return undefined;
  warnIgnored(parsed.data, place, findings);
  const job = toJob(parsed.data, global, directory);
  const contradictions = jobProblems(parsed.data, job, place);
  findings.problems.push(...contradictions);
  if (contradictions.length > 0) return undefined;
  return { ...job, fingerprint: JSON.stringify([known, global.defaults, directory]) };
}

function warnIgnored(
  fields: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
  findings: Findings,
): void {
  for (const [key, reason] of Object.entries(IGNORED_KEYS)) {
    if (fields[key] === undefined || fields[key] === false) continue;
    findings.warnings.push(problemAt(place, [key], `${key} is ignored: ${reason}`, true));
  }
}

function splitDiscoveries(value: unknown): { known: unknown; unsupported: string[] } {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return { known: value, unsupported: [] };
  const isUnsupported = (key: string) =>
    key.endsWith('_sd_configs') && !(SUPPORTED_DISCOVERIES as readonly string[]).includes(key);
  const unsupported = Object.keys(value).filter(isUnsupported);
  const known = Object.fromEntries(Object.entries(value).filter(([key]) => !isUnsupported(key)));
  return { known, unsupported };
}

function unsupportedDiscovery(key: string, job: unknown, place: ConfigPlace): PlacedProblem {
  const name = String((job as { job_name?: unknown } | undefined)?.job_name ?? '');
  const message = `job ${JSON.stringify(name)} uses ${key}, which is not supported; there are ${SUPPORTED_DISCOVERIES.join(', ')}`;
  return problemAt(place, [key], message, true);
}

function toJob(
  job: JobFields,
  { config, defaults }: CheckedGlobal,
  directory: string,
): Omit<ScrapeConfig, 'fingerprint'> {
  const intervalMs = job.scrape_interval || config.scrapeIntervalMs;
  const timeoutMs = job.scrape_timeout || Math.min(config.scrapeTimeoutMs, intervalMs);
  const either = <K extends keyof SharedFields>(key: K) => job[key] ?? defaults[key];
  const scrapeNativeHistograms = either('scrape_native_histograms') ?? false;
  const standard = scrapeNativeHistograms
    ? (['PrometheusProto', ...DEFAULT_PROTOCOLS] as const)
    : DEFAULT_PROTOCOLS;
  return {
    jobName: job.job_name ?? '',
    intervalMs,
    timeoutMs,
    protocols: either('scrape_protocols') ?? standard,
    fallbackProtocol: job.fallback_scrape_protocol,
    metricsPath: job.metrics_path,
    scheme: job.scheme,
    params: job.params,
    honorLabels: job.honor_labels,
    honorTimestamps: job.honor_timestamps,
    trackTimestampsStaleness: job.track_timestamps_staleness,
    enableCompression: job.enable_compression,
    scrapeNativeHistograms,
    alwaysScrapeClassicHistograms:
      job.scrape_classic_histograms ?? either('always_scrape_classic_histograms') ?? false,
    convertClassicHistogramsToNhcb: either('convert_classic_histograms_to_nhcb') ?? false,
    extraScrapeMetrics: either('extra_scrape_metrics') ?? false,
    ...namesOf(job, defaults),
    limits: limitsOf(job, defaults),
    http: toHttpClient(job, directory),
    relabelRules: job.relabel_configs,
    metricRelabelRules: job.metric_relabel_configs,
    discoveries: toDiscoveries(job, directory),
  };
}

function limitsOf(job: JobFields, defaults: SharedFields): ScrapeLimits {
  return {
    bodyBytes: job.body_size_limit || defaults.body_size_limit || 0,
    samples: job.sample_limit || defaults.sample_limit || 0,
    labels: job.label_limit || defaults.label_limit || 0,
    labelNameLength: job.label_name_length_limit || defaults.label_name_length_limit || 0,
    labelValueLength: job.label_value_length_limit || defaults.label_value_length_limit || 0,
    targets: job.target_limit || defaults.target_limit || 0,
    keepDroppedTargets: job.keep_dropped_targets || defaults.keep_dropped_targets || 0,
    histogramBuckets: job.native_histogram_bucket_limit,
    minBucketFactor: job.native_histogram_min_bucket_factor,
  };
}

/** A job that sets only the validation does not inherit an escaping that contradicts it. */
function namesOf(
  job: SharedFields,
  defaults: SharedFields,
): Pick<ScrapeConfig, 'nameValidation' | 'nameEscaping'> {
  const own = job.metric_name_validation_scheme || undefined;
  const nameValidation = own ?? (defaults.metric_name_validation_scheme || 'utf8');
  const natural = nameValidation === 'legacy' ? 'underscores' : 'allow-utf-8';
  const inherited = own === undefined ? defaults.metric_name_escaping_scheme || natural : natural;
  return { nameValidation, nameEscaping: job.metric_name_escaping_scheme || inherited };
}

function jobProblems(
  fields: JobFields,
  job: Omit<ScrapeConfig, 'fingerprint'>,
  place: ConfigPlace,
): PlacedProblem[] {
  const found: PlacedProblem[] = [];
  const add = (path: readonly PropertyKey[], message: string) => found.push(problemAt(place, path, message));
  if (job.timeoutMs > job.intervalMs)
    add(
      ['scrape_timeout'],
      `scrape timeout greater than scrape interval for scrape config with job name ${JSON.stringify(job.jobName)}`,
    );
  if (job.nameEscaping === 'allow-utf-8' && job.nameValidation === 'legacy')
    add(
      ['metric_name_escaping_scheme'],
      'utf8 metric names requested but validation scheme is not set to UTF8',
    );
  if (job.nameValidation === 'legacy') {
    for (const key of ['relabel_configs', 'metric_relabel_configs'] as const)
      for (const [index, rule] of fields[key].entries()) {
        const mistake = legacyMistake(rule);
        if (mistake !== undefined) add([key, index], mistake);
      }
  }
  // With relabelling the address may be rewritten; without it a URL can only be a mistake.
  if (job.relabelRules.length > 0) return found;
  for (const [index, group] of fields.static_configs.entries())
    for (const [at, target] of group.targets.entries())
      if (target.includes('/'))
        add(['static_configs', index, 'targets', at], `${JSON.stringify(target)} is not a valid hostname`);
  return found;
}
