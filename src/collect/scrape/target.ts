import { hash64 } from '../../ingest/index.ts';
import { messageOf } from '../../lib/errors.ts';
import { isWellFormed, Labels } from '../../model/labels.ts';
import { formatPromDuration, promDurationMs } from '../../prom-config/index.ts';
import type { ScrapeConfig } from '../config/index.ts';
import { LabelBuilder, relabel } from '../relabel.ts';
import { ADDRESS, type TargetGroup } from '../target-group.ts';

const SCHEME = '__scheme__';
const METRICS_PATH = '__metrics_path__';
const INTERVAL = '__scrape_interval__';
const TIMEOUT = '__scrape_timeout__';
const PARAM_PREFIX = '__param_';
const META_PREFIX = '__meta_';

/** One endpoint that is scraped. */
export interface Target {
  /** Equal for the same labels and URL. */
  readonly key: string;
  /** The key's hash: spreads the targets over the interval. */
  readonly hash: bigint;
  /** What its series get; no name begins with `__`. */
  readonly labels: Labels;
  /** What discovery and configuration said, before relabelling. */
  readonly discoveredLabels: Labels;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface TargetList {
  /** No two with the same key. */
  readonly active: readonly Target[];
  /** What relabelling dropped: labels before it. */
  readonly dropped: readonly Labels[];
  /** Why others are neither. */
  readonly failures: readonly string[];
}

/** The targets of a job from what its discoveries found. */
export function buildTargets(groups: Iterable<TargetGroup>, job: ScrapeConfig): TargetList {
  const active = new Map<string, Target>();
  const dropped: Labels[] = [];
  const failures: string[] = [];
  for (const group of groups) {
    for (const [index, own] of group.targets.entries()) {
      const discovered = discoveredLabels(own, group.labels, job);
      try {
        const target = buildTarget(discovered, job);
        if (target === undefined) dropped.push(discovered);
        else active.set(target.key, target);
      } catch (error) {
        failures.push(`instance ${index} in group ${group.source}: ${messageOf(error)}`);
      }
    }
  }
  return { active: [...active.values()], dropped, failures };
}

/** Labels of a target before relabelling: its own, those of its group, then the job's. */
function discoveredLabels(
  own: Readonly<Record<string, string>>,
  shared: Readonly<Record<string, string>>,
  job: ScrapeConfig,
): Labels {
  const builder = new LabelBuilder(Labels.from([...Object.entries(shared), ...Object.entries(own)]));
  const setDefault = (name: string, value: string) => {
    if (builder.get(name) === '') builder.set(name, value);
  };
  setDefault('job', job.jobName);
  setDefault(INTERVAL, formatPromDuration(job.intervalMs));
  setDefault(TIMEOUT, formatPromDuration(job.timeoutMs));
  setDefault(METRICS_PATH, job.metricsPath);
  setDefault(SCHEME, job.scheme);
  for (const [name, [first]] of Object.entries(job.params))
    if (first !== undefined) setDefault(PARAM_PREFIX + name, first);
  return builder.labels();
}

/**
 * Undefined when relabelling drops it.
 *
 * @throws Error in Prometheus's words when the labels are no target.
 */
function buildTarget(discovered: Labels, job: ScrapeConfig): Target | undefined {
  const relabelled = relabel(discovered, job.relabelRules);
  if (relabelled === undefined || relabelled.size === 0) return undefined;
  const address = relabelled.get(ADDRESS);
  if (address === '') throw new Error('no address');
  if (address.includes('/')) throw new Error(`${JSON.stringify(address)} is not a valid hostname`);
  const intervalMs = periodOf(relabelled, INTERVAL, 'interval');
  const timeoutMs = periodOf(relabelled, TIMEOUT, 'timeout');
  if (timeoutMs > intervalMs) {
    const [timeout, interval] = [relabelled.get(TIMEOUT), relabelled.get(INTERVAL)].map((text) =>
      JSON.stringify(text),
    );
    throw new Error(`scrape timeout cannot be greater than scrape interval (${timeout} > ${interval})`);
  }
  const all = [...relabelled.entries()].filter(([name]) => !name.startsWith(META_PREFIX));
  if (!relabelled.has('instance')) all.push(['instance', address]);
  for (const [name, value] of all)
    if (!isWellFormed(value)) throw new Error(`invalid label value for ${JSON.stringify(name)}`);
  const labels = Labels.from(all);
  const url = urlOf(labels, job);
  const key = `${labels.key} ${url}`;
  return {
    key,
    hash: hash64(key),
    labels: Labels.from(all.filter(([name]) => !name.startsWith('__'))),
    discoveredLabels: discovered,
    url,
    intervalMs,
    timeoutMs,
  };
}

function periodOf(labels: Labels, name: string, what: string): number {
  const text = labels.get(name);
  const periodMs = promDurationMs(text);
  if (periodMs === undefined)
    throw new Error(`error parsing scrape ${what}: not a valid duration string: ${JSON.stringify(text)}`);
  if (periodMs === 0) throw new Error(`scrape ${what} cannot be 0`);
  return periodMs;
}

function urlOf(labels: Labels, job: ScrapeConfig): string {
  const params = new Map(Object.entries(job.params).map(([name, values]) => [name, [...values]]));
  for (const [name, value] of labels.entries()) {
    if (!name.startsWith(PARAM_PREFIX)) continue;
    const param = name.slice(PARAM_PREFIX.length);
    params.set(param, [value, ...(params.get(param)?.slice(1) ?? [])]);
  }
  const query = new URLSearchParams();
  for (const name of [...params.keys()].sort())
    for (const value of params.get(name)!) query.append(name, value);
  const path = labels.get(METRICS_PATH);
  const text = query.toString();
  const escaped = path.replace(/[?#\s%]/g, (char) => encodeURIComponent(char));
  const scheme = labels.get(SCHEME);
  if (scheme !== 'http' && scheme !== 'https') throw new Error(`invalid scheme: ${JSON.stringify(scheme)}`);
  const url = `${scheme}://${labels.get(ADDRESS)}${path.startsWith('/') ? '' : '/'}${escaped}`;
  if (!URL.canParse(url)) throw new Error(`${JSON.stringify(url)} is not a valid URL`);
  return text === '' ? url : `${url}?${text}`;
}

/** When the target is due next: the same moments of each interval however often the server starts. */
export function nextDueMs(
  { hash, intervalMs }: Pick<Target, 'hash' | 'intervalMs'>,
  seed: bigint,
  nowMs: number,
): number {
  const offsetMs = Number((hash ^ seed) % BigInt(Math.round(intervalMs)));
  return Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + intervalMs + offsetMs;
}
