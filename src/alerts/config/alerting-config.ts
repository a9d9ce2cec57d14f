import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { BellwetherError, messageOf } from '../../lib/errors.ts';
import { type ConfigPlace, type PlacedProblem, problemAt, within } from '../../prom-config/index.ts';
import type { AlertingConfig, TimeInterval } from '../types.ts';
import type { ChannelSchema } from './channel-schema.ts';
import { type Findings, isSection, unknownKey } from './findings.ts';
import { readGlobal } from './global.ts';
import { hiddenText } from './hidden-text.ts';
import { readInhibitRules } from './inhibit-rules.ts';
import { readReceivers } from './receivers.ts';
import { readRoutes } from './routes.ts';
import { readTemplateFiles, templateChecker } from './template-files.ts';
import { readTimeIntervals } from './time-interval-sections.ts';
import { MAX_CONFIG_LENGTH, readYamlTree } from './yaml-file.ts';

/** Problems that are reported, and warnings. */
export const MAX_FINDINGS = 1000;

export interface AlertingConfigOptions {
  readonly channels: readonly ChannelSchema[];
}

/** What reading a configuration came to. Never throws: what is wrong is among the problems. */
export interface AlertingConfigResult {
  /** Undefined when there is a problem. */
  readonly config: AlertingConfig | undefined;
  /** All of them, by line. */
  readonly problems: readonly PlacedProblem[];
  /** What is understood and has no effect. */
  readonly warnings: readonly PlacedProblem[];
  /** Every file that was read, absolute. */
  readonly files: readonly string[];
}

/** Sections that are understood and have no effect. */
const IGNORED_SECTIONS: Readonly<Record<string, string>> = {
  tracing: 'the server has no tracing of its own',
};
const SECTIONS = [
  'global',
  'templates',
  'route',
  'inhibit_rules',
  'receivers',
  'mute_time_intervals',
  'time_intervals',
];

/** Reads an `alertmanager.yml` and the template files it names. */
export function loadAlertingConfig(path: string, options: AlertingConfigOptions): AlertingConfigResult {
  const file = resolve(path);
  let text: string;
  try {
    // One character takes at most four bytes.
    if (statSync(file).size > 4 * MAX_CONFIG_LENGTH)
      throw new BellwetherError({ code: 'too_large', message: 'the file is too large' });
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const problem = { path: '', message: `cannot be read: ${messageOf(error)}`, source: file };
    return { config: undefined, problems: [problem], warnings: [], files: [file] };
  }
  return parseAlertingConfig(text, { ...options, file });
}

/** @param options.file names the text in messages; relative files are taken from its folder. */
export function parseAlertingConfig(
  text: string,
  options: AlertingConfigOptions & { readonly file: string },
): AlertingConfigResult {
  const findings: Findings = { problems: [], warnings: [] };
  const files = options.file === '' ? [] : [options.file];
  const read = readYamlTree(text, options.file, findings);
  if (read === undefined) return { config: undefined, ...bounded(findings), files };
  checkSections(read.tree, read.place, findings);
  const { config, templateFiles } = readSections(read.tree, read.place, options, findings);
  const isRight = findings.problems.length === 0;
  return { config: isRight ? config : undefined, ...bounded(findings), files: [...files, ...templateFiles] };
}

/**
 * The configuration of a server without an `alertmanager.yml`: everything goes to the receiver `default`, which tells nobody, or
 * writes to the console.
 */
export function defaultAlertingConfig(
  options: AlertingConfigOptions & { readonly usesConsole?: boolean } = { channels: [] },
): AlertingConfig {
  const console = options.channels.find(({ name }) => name === 'console');
  const entries =
    options.usesConsole && console !== undefined ? `\n    ${console.configKey}:\n      - {}` : '';
  const text = `route:\n  receiver: default\nreceivers:\n  - name: default${entries}\n`;
  const { config, problems } = parseAlertingConfig(text, { ...options, file: '' });
  if (config !== undefined) return config;
  throw new BellwetherError({ code: 'internal', message: `built-in alerting: ${problems[0]!.message}` });
}

function checkSections(
  tree: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
  { problems, warnings }: Findings,
): void {
  for (const key of Object.keys(tree)) {
    const reason = Object.hasOwn(IGNORED_SECTIONS, key) ? IGNORED_SECTIONS[key] : undefined;
    if (reason !== undefined) warnings.push(problemAt(place, [key], `${key} is ignored: ${reason}`, true));
    else if (!SECTIONS.includes(key))
      problems.push(unknownKey(key, [...SECTIONS, ...Object.keys(IGNORED_SECTIONS)], place));
  }
}

function readSections(
  tree: Readonly<Record<string, unknown>>,
  place: ConfigPlace,
  { channels, file }: AlertingConfigOptions & { readonly file: string },
  findings: Findings,
): { config: AlertingConfig | undefined; templateFiles: readonly string[] } {
  const directory = dirname(resolve(file));
  const at = (key: string) => within(place, [key]);
  const global = readGlobal(tree.global, at('global'), { channels, directory }, findings);
  const templates = readTemplateFiles(tree.templates, at('templates'), directory, findings);
  const context = { channels, global, directory, templates: templateChecker(), findings };
  const receivers = readReceivers(tree.receivers, at('receivers'), context);
  const taken = new Set<string>();
  const intervals: TimeInterval[] = ['mute_time_intervals', 'time_intervals'].flatMap((key) =>
    readTimeIntervals(tree[key], at(key), taken, findings),
  );
  const inhibitRules = readInhibitRules(tree.inhibit_rules, at('inhibit_rules'), findings);
  const names = { receivers: receiverNames(tree.receivers), timeIntervals: taken };
  const route = readRootRoute(tree.route, place, names, findings);
  if (route === undefined) return { config: undefined, templateFiles: templates.files };
  const config: AlertingConfig = {
    route,
    receivers,
    inhibitRules,
    timeIntervals: new Map(intervals.map((interval) => [interval.name, interval])),
    templates: templates.sources,
    resolveTimeoutMs: global.resolveTimeoutMs,
    text: hiddenText(tree, channels),
    file,
  };
  return { config, templateFiles: templates.files };
}

function readRootRoute(
  value: unknown,
  place: ConfigPlace,
  names: Parameters<typeof readRoutes>[2],
  findings: Findings,
): ReturnType<typeof readRoutes> {
  if (value !== undefined && value !== null)
    return readRoutes(value, within(place, ['route']), names, findings);
  findings.problems.push(problemAt(place, ['route'], 'no route provided in config', true));
  return undefined;
}

/** Of wrong receivers too, so that routes to them are not reported as well. */
function receiverNames(value: unknown): ReadonlySet<string> | undefined {
  const items: unknown = value ?? [];
  if (!Array.isArray(items)) return undefined;
  return new Set(items.map((item: unknown) => (isSection(item) ? String(item.name ?? '') : '')));
}

/** Each finding once, by its place in the file; what is beyond the bound is counted. */
function bounded(findings: Findings): Pick<AlertingConfigResult, 'problems' | 'warnings'> {
  return { problems: ordered(findings.problems), warnings: ordered(findings.warnings) };
}

function ordered(found: readonly PlacedProblem[]): PlacedProblem[] {
  const unique = new Map(found.map((problem) => [JSON.stringify(problem), problem]));
  const sorted = [...unique.values()].sort(
    (a, b) =>
      (a.source === b.source ? 0 : a.source < b.source ? -1 : 1) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
  if (sorted.length <= MAX_FINDINGS) return sorted;
  const rest = sorted.length - MAX_FINDINGS;
  const last: PlacedProblem = { path: '', message: `and ${rest} more`, source: sorted[0]!.source };
  return [...sorted.slice(0, MAX_FINDINGS), last];
}
