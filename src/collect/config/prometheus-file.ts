import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument, type Tags } from 'yaml';
import { messageOf } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import {
  type ConfigPlace,
  documentPlace,
  fromDirectory,
  type PlacedProblem,
  problemAt,
  unknownPlace,
  within,
} from '../../prom-config/index.ts';
import {
  type CheckedGlobal,
  type Findings,
  type GlobalConfig,
  parseGlobal,
  parseJob,
  type ScrapeConfig,
} from './scrape-config.ts';

/** Largest configuration file that is read. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Files that one pattern may match. */
const MAX_FILES = 10_000;

/** What `scrape_configs` and what belongs to them came to. */
export interface ScrapeConfiguration {
  readonly global: GlobalConfig;
  /** In the order of the files; jobs with a mistake are missing. */
  readonly jobs: readonly ScrapeConfig[];
  /** Nothing may be started while there is one. */
  readonly problems: readonly PlacedProblem[];
  /** Keys that are understood and have no effect. */
  readonly warnings: readonly PlacedProblem[];
  /** Every file that was read. */
  readonly files: readonly string[];
}

/** The parts of a configuration that concern scraping, as plain values. */
export interface ScrapeSections {
  readonly global?: unknown;
  readonly scrape_configs?: unknown;
  /** Patterns of files with further `scrape_configs`. */
  readonly scrape_config_files?: unknown;
}

export interface ScrapeSource {
  /** Finds each section by its name. */
  readonly place: ConfigPlace;
  /** Relative files are taken from here. */
  readonly directory: string;
  /** For `${NAME}` in external labels; `process.env` when absent. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Checks sections that were read already, such as those of the main configuration file, and reads the files they name. */
export function parseScrapeConfigs(sections: ScrapeSections, source: ScrapeSource): ScrapeConfiguration {
  const findings: Findings = { problems: [], warnings: [] };
  const { place, directory } = source;
  const files: string[] = [];
  const global = parseGlobal(sections.global, within(place, ['global']), findings, source.env ?? process.env);
  const context = { global, directory, findings };
  const jobs = parseJobs(sections.scrape_configs, within(place, ['scrape_configs']), context);
  for (const pattern of listOf(sections.scrape_config_files, 'scrape_config_files', place, findings)) {
    const path = resolve(fromDirectory(directory, String(pattern)));
    for (const file of filesMatching(path)) {
      files.push(file);
      jobs.push(...parseJobsFile(file, { global, findings }));
    }
  }
  const unique = withoutDuplicates(jobs, findings);
  return { global: global.config, jobs: unique, ...findings, files };
}

/** A job and where it was written, to name it when its name is taken. */
interface PlacedJob {
  readonly job: ScrapeConfig;
  readonly place: ConfigPlace;
}

function parseJobs(
  value: unknown,
  place: ConfigPlace,
  context: { readonly global: CheckedGlobal; readonly directory: string; readonly findings: Findings },
): PlacedJob[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    context.findings.problems.push(problemAt(place, [], 'must be a list of jobs'));
    return [];
  }
  return value.flatMap((item: unknown, index) => {
    const itemPlace = within(place, [index]);
    const job = parseJob(item, itemPlace, context);
    return job === undefined ? [] : [{ job, place: itemPlace }];
  });
}

/** A file of `scrape_config_files` has the one key `scrape_configs`. */
function parseJobsFile(
  file: string,
  { global, findings }: { readonly global: CheckedGlobal; readonly findings: Findings },
): PlacedJob[] {
  const read = readYaml(file, findings);
  if (read === undefined) return [];
  for (const key of Object.keys(read.tree)) {
    if (key !== 'scrape_configs')
      findings.problems.push(
        problemAt(
          read.place,
          [key],
          `unknown key ${JSON.stringify(key)}; such a file has scrape_configs only`,
          true,
        ),
      );
  }
  const place = within(read.place, ['scrape_configs']);
  return parseJobs(read.tree.scrape_configs, place, { global, directory: dirname(file), findings });
}

function withoutDuplicates(jobs: readonly PlacedJob[], findings: Findings): ScrapeConfig[] {
  const seen = new Set<string>();
  return jobs.flatMap(({ job, place }) => {
    if (!seen.has(job.jobName)) {
      seen.add(job.jobName);
      return [job];
    }
    findings.problems.push(
      problemAt(
        place,
        ['job_name'],
        `found multiple scrape configs with job name ${JSON.stringify(job.jobName)}`,
      ),
    );
    return [];
  });
}

function listOf(value: unknown, key: string, place: ConfigPlace, findings: Findings): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  findings.problems.push(problemAt(place, [key], 'must be a list'));
  return [];
}

/** The files a pattern names, sorted; only its last part may have `*`, `?` and `[...]`. A name that does not exist matches nothing. */
export function filesMatching(pattern: string): string[] {
  const directory = dirname(pattern);
  const name = basename(pattern);
  let entries: string[];
  try {
    entries = readdirSync(directory);
  } catch {
    // The folder may come later.
    return [];
  }
  const regex = globRegex(name);
  return entries
    .filter((entry) => regex.test(entry))
    .sort()
    .slice(0, MAX_FILES)
    .map((entry) => join(directory, entry));
}

function globRegex(glob: string): RegExp {
  const source = glob.replace(/\[\^?[^\]]*\]|[*?]|[^*?[]+|\[/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1 && part.startsWith('[') && part.endsWith(']')) return part.replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}

/** A whole `prometheus.yml`. */
export interface PrometheusConfiguration extends ScrapeConfiguration {
  /** Patterns, absolute. */
  readonly ruleFiles: readonly string[];
  /** As they stand there, for those who implement them. */
  readonly remoteWrite: readonly unknown[];
  readonly remoteRead: readonly unknown[];
  readonly alerting: unknown;
  readonly otlp: unknown;
  /** Finds places in the file. */
  readonly place: ConfigPlace;
  readonly directory: string;
  /** The text of the file, for `/api/v1/status/config`. */
  readonly text: string;
}

/** Sections of `prometheus.yml` that have no effect here, and what to use instead. */
const IGNORED_SECTIONS: Readonly<Record<string, string>> = {
  storage: 'retention and storage are set in bellwether.yml',
  tracing: 'the server has no tracing of its own',
  runtime: 'it concerns the Go runtime',
};
const KNOWN_SECTIONS = [
  'global',
  'scrape_configs',
  'scrape_config_files',
  'rule_files',
  'remote_write',
  'remote_read',
  'alerting',
  'otlp',
  ...Object.keys(IGNORED_SECTIONS),
];

/** Reads a `prometheus.yml`. Never throws: what is wrong is among the problems. */
export function loadPrometheusFile(
  path: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): PrometheusConfiguration {
  const file = resolve(path);
  const directory = dirname(file);
  const findings: Findings = { problems: [], warnings: [] };
  const read = readYaml(file, findings) ?? { tree: {}, place: unknownPlace(file), text: '' };
  const { tree, place } = read;
  for (const key of Object.keys(tree)) checkSection(key, place, findings);
  const scrape = parseScrapeConfigs(tree, { place, directory, env });
  return {
    ...scrape,
    problems: [...findings.problems, ...scrape.problems],
    warnings: [...findings.warnings, ...scrape.warnings],
    files: [file, ...scrape.files],
    ruleFiles: listOf(tree.rule_files, 'rule_files', place, findings).map((rule) =>
      fromDirectory(directory, String(rule)),
    ),
    remoteWrite: listOf(tree.remote_write, 'remote_write', place, findings),
    remoteRead: listOf(tree.remote_read, 'remote_read', place, findings),
    alerting: tree.alerting ?? undefined,
    otlp: tree.otlp ?? undefined,
    place,
    directory,
    text: read.text,
  };
}

function checkSection(key: string, place: ConfigPlace, findings: Findings): void {
  const reason = IGNORED_SECTIONS[key];
  if (reason !== undefined) {
    findings.warnings.push(problemAt(place, [key], `${key} is ignored: ${reason}`, true));
  } else if (!KNOWN_SECTIONS.includes(key)) {
    const close = nearest(key, KNOWN_SECTIONS);
    const hint = close === undefined ? '' : `; did you mean ${close}?`;
    findings.problems.push(problemAt(place, [key], `unknown key ${JSON.stringify(key)}${hint}`, true));
  }
}

interface ReadYaml {
  readonly tree: Readonly<Record<string, unknown>>;
  readonly place: ConfigPlace;
  readonly text: string;
}

function readYaml(file: string, findings: Findings): ReadYaml | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    findings.problems.push({ path: '', message: `cannot be read: ${messageOf(error)}`, source: file });
    return undefined;
  }
  if (text.length > MAX_FILE_BYTES) {
    findings.problems.push({ path: '', message: `is larger than ${MAX_FILE_BYTES} bytes`, source: file });
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseTextDocument(text, lines);
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    findings.problems.push({ path: '', message: error.message, line, column: col, source: file });
  }
  if (document.errors.length > 0) return undefined;
  return { tree: treeOf(document, file, findings), place: documentPlace(file, document, lines), text };
}

/** Numbers stay texts, because in a label `1.10` is not `1.1`. */
export function parseTextDocument(text: string, lines: LineCounter): Document {
  const isNumber = (tag: Tags[number]) =>
    typeof tag === 'object' && (tag.tag === 'tag:yaml.org,2002:int' || tag.tag === 'tag:yaml.org,2002:float');
  return parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    customTags: (tags) => tags.filter((tag) => !isNumber(tag)),
  });
}

function treeOf(document: Document, file: string, findings: Findings): Readonly<Record<string, unknown>> {
  const add = (message: string) =>
    findings.problems.push({ path: '', message, line: 1, column: 1, source: file });
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (value === null || value === undefined) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    add('the file must be a list of keys and values');
  } catch (error) {
    // Too many aliases.
    add(messageOf(error));
  }
  return {};
}
