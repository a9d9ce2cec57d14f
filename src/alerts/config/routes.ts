import { z } from 'zod';
import { nearest } from '../../lib/nearest.ts';
import {
  bool,
  type ConfigPlace,
  duration,
  problemAt,
  text,
  textList,
  within,
} from '../../prom-config/index.ts';
import { formatMatchers } from '../matchers.ts';
import type { Route } from '../types.ts';
import { type Findings, readList, readSection } from './findings.ts';
import { checkLabelNames, matchersField, matchField, readConditions } from './matcher-fields.ts';

/** Routes in a configuration, the root among them. */
export const MAX_ROUTES = 10_000;
/** Routes inside each other. */
export const MAX_ROUTE_DEPTH = 50;
/** Names in one `group_by`, `mute_time_intervals` or `active_time_intervals`. */
export const MAX_ROUTE_NAMES = 1000;

const DEFAULT_GROUP_WAIT_MS = 30_000;
const DEFAULT_GROUP_INTERVAL_MS = 300_000;
const DEFAULT_REPEAT_INTERVAL_MS = 14_400_000;
const ALL_LABELS = '...';

const ROUTE_FIELDS = {
  receiver: text,
  group_by: textList.max(MAX_ROUTE_NAMES, `more than ${MAX_ROUTE_NAMES} labels`),
  group_wait: duration,
  group_interval: duration,
  repeat_interval: duration,
  match: matchField,
  match_re: matchField,
  matchers: matchersField,
  mute_time_intervals: textList.max(MAX_ROUTE_NAMES, `more than ${MAX_ROUTE_NAMES} names`),
  active_time_intervals: textList.max(MAX_ROUTE_NAMES, `more than ${MAX_ROUTE_NAMES} names`),
  continue: bool,
  routes: z.unknown(),
};

/** What routes may refer to. */
export interface RouteNames {
  /** Undefined: they could not be read at all. */
  readonly receivers: ReadonlySet<string> | undefined;
  readonly timeIntervals: ReadonlySet<string>;
}

interface Reading {
  readonly names: RouteNames;
  readonly findings: Findings;
  count: number;
}

type Inherited = Pick<
  Route,
  'key' | 'receiver' | 'groupBy' | 'groupWaitMs' | 'groupIntervalMs' | 'repeatIntervalMs'
>;

/** The root with everything below it. What is wrong is reported, and then the tree is not to be used. */
export function readRoutes(
  value: unknown,
  place: ConfigPlace,
  names: RouteNames,
  findings: Findings,
): Route | undefined {
  const defaults: Inherited = {
    key: '',
    receiver: '',
    groupBy: [],
    groupWaitMs: DEFAULT_GROUP_WAIT_MS,
    groupIntervalMs: DEFAULT_GROUP_INTERVAL_MS,
    repeatIntervalMs: DEFAULT_REPEAT_INTERVAL_MS,
  };
  return readRoute(value, place, { id: '0', depth: 1, parent: defaults }, { names, findings, count: 0 });
}

function readRoute(
  value: unknown,
  place: ConfigPlace,
  at: { readonly id: string; readonly depth: number; readonly parent: Inherited },
  reading: Reading,
): Route | undefined {
  const { findings } = reading;
  if (++reading.count > MAX_ROUTES) {
    if (reading.count === MAX_ROUTES + 1)
      findings.problems.push(problemAt(place, [], `there are more than ${MAX_ROUTES} routes`));
    return undefined;
  }
  const fields = readSection(ROUTE_FIELDS, value, place, findings);
  if (fields === undefined) return undefined;
  const isRoot = at.depth === 1;
  if (isRoot) checkRoot(fields, place, findings);
  checkIntervals(fields, place, findings);
  checkReferences(fields, place, reading);
  const matchers = readConditions(
    {
      match: ['match', fields.match],
      matchRe: ['match_re', fields.match_re],
      matchers: ['matchers', fields.matchers],
    },
    place,
    findings,
  );
  const { parent } = at;
  const own: Inherited = {
    key: isRoot ? formatMatchers([]) : `${parent.key}/${formatMatchers(matchers)}`,
    // As in Alertmanager an empty name counts as none.
    receiver: fields.receiver || parent.receiver,
    groupBy: readGroupBy(fields.group_by, within(place, ['group_by']), findings) ?? parent.groupBy,
    groupWaitMs: fields.group_wait ?? parent.groupWaitMs,
    groupIntervalMs: fields.group_interval ?? parent.groupIntervalMs,
    repeatIntervalMs: fields.repeat_interval ?? parent.repeatIntervalMs,
  };
  return {
    ...own,
    id: at.id,
    matchers,
    muteTimeIntervals: fields.mute_time_intervals ?? [],
    activeTimeIntervals: fields.active_time_intervals ?? [],
    continues: fields.continue ?? false,
    routes: readChildren(fields.routes, within(place, ['routes']), { ...at, parent: own }, reading),
    line: place.locate([], false)?.line,
  };
}

type RouteFields = NonNullable<ReturnType<typeof readSection<typeof ROUTE_FIELDS>>>;

function readChildren(
  value: unknown,
  place: ConfigPlace,
  at: { readonly id: string; readonly depth: number; readonly parent: Inherited },
  reading: Reading,
): Route[] {
  const items = readList(value, place, reading.findings, { max: MAX_ROUTES, what: 'routes' });
  if (items.length > 0 && at.depth >= MAX_ROUTE_DEPTH) {
    const message = `routes are nested more than ${MAX_ROUTE_DEPTH} levels deep`;
    reading.findings.problems.push(problemAt(place, [], message));
    return [];
  }
  return items.flatMap((item, index) => {
    const child = { id: `${at.id}.${index}`, depth: at.depth + 1, parent: at.parent };
    return readRoute(item, within(place, [index]), child, reading) ?? [];
  });
}

/** The root takes every alert at every time. */
function checkRoot(fields: RouteFields, place: ConfigPlace, { problems }: Findings): void {
  const add = (key: string, message: string) => problems.push(problemAt(place, [key], message, true));
  if (!fields.receiver) add('receiver', 'the root route must specify a default receiver');
  for (const key of ['match', 'match_re', 'matchers'] as const) {
    if (Object.keys(fields[key] ?? {}).length > 0) add(key, 'the root route must not have any matchers');
  }
  for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
    if ((fields[key] ?? []).length > 0)
      add(key, `the root route must not have any ${key.replaceAll('_', ' ')}`);
  }
  if (fields.continue === true) add('continue', 'the root route cannot have continue');
}

function checkIntervals(fields: RouteFields, place: ConfigPlace, { problems }: Findings): void {
  for (const key of ['group_interval', 'repeat_interval'] as const)
    if (fields[key] === 0) problems.push(problemAt(place, [key], `${key} cannot be zero`));
}

function checkReferences(fields: RouteFields, place: ConfigPlace, { names, findings }: Reading): void {
  const check = (name: string, known: ReadonlySet<string>, what: string, path: readonly PropertyKey[]) => {
    if (known.has(name)) return;
    const close = nearest(name, [...known]);
    const hint = close === undefined ? '' : `; did you mean ${close}?`;
    findings.problems.push(problemAt(place, path, `undefined ${what} ${JSON.stringify(name)}${hint}`));
  };
  if (fields.receiver && names.receivers) check(fields.receiver, names.receivers, 'receiver', ['receiver']);
  for (const key of ['mute_time_intervals', 'active_time_intervals'] as const)
    for (const [index, name] of (fields[key] ?? []).entries())
      check(name, names.timeIntervals, 'time interval', [key, index]);
}

/** An empty list is a choice too: everything of the route in one group. */
function readGroupBy(
  names: readonly string[] | undefined,
  place: ConfigPlace,
  findings: Findings,
): Route['groupBy'] | undefined {
  if (names === undefined) return undefined;
  if (!names.includes(ALL_LABELS)) {
    checkLabelNames(names, place, findings, 'group_by');
    for (const [index, name] of names.entries())
      if (names.indexOf(name) < index)
        findings.problems.push(
          problemAt(place, [index], `duplicated label ${JSON.stringify(name)} in group_by`),
        );
    return names;
  }
  if (names.some((name) => name !== ALL_LABELS))
    findings.problems.push(
      problemAt(place, [], 'cannot have wildcard group_by (`...`) and other labels at the same time'),
    );
  return 'all';
}
