import type { ActiveAlertJson, AlertListJson, AlertMatcherJson } from '@contract';
import { asksNobody } from '../../lib/firing.ts';
import { formatSpan } from '../../lib/format.ts';
import { parseTime, toClock, type Zone } from '../../lib/time.ts';
import { parseStep } from '../explore/steps.ts';

/** What the pages make of alerts; no component, no request. */

/** Alerts of one priority and service. */
export interface AlertGroup {
  key: string;
  priority: ActiveAlertJson['priority'];
  /** Empty: no label says so. */
  service: string;
  /** Those that occur, for the heading. */
  severities: readonly string[];
  isResolved: boolean;
  alerts: readonly ActiveAlertJson[];
}

/** In the order of the list, which is by priority; what is over stands at the end. */
export function groupAlerts(alerts: readonly ActiveAlertJson[]): AlertGroup[] {
  const groups = new Map<string, ActiveAlertJson[]>();
  for (const alert of alerts) {
    const isResolved = alert.state === 'resolved';
    const key = `${isResolved ? 'resolved' : alert.priority} ${alert.service}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [alert]);
    else group.push(alert);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      priority: members[0]!.priority,
      service: members[0]!.service,
      severities: [...new Set(members.map(({ severity }) => severity).filter((one) => one !== ''))],
      isResolved: members[0]!.state === 'resolved',
      alerts: members,
    }))
    .sort(
      (a, b) =>
        Number(a.isResolved) - Number(b.isResolved) ||
        a.priority.localeCompare(b.priority) ||
        a.service.localeCompare(b.service),
    );
}

/** Fires, and is no alarm: stands apart from the table. */
export function isCalm(alert: ActiveAlertJson): boolean {
  return alert.state === 'firing' && asksNobody(alert);
}

const heartbeatName = /watchdog|dead.?man|heartbeat/i;

/** Fires all the time on purpose, so that somebody notices when it stops. */
export function isHeartbeat(alert: ActiveAlertJson): boolean {
  return isCalm(alert) && heartbeatName.test(alert.name);
}

/** Labels that the row does not say already. */
export function tellingLabels(alert: ActiveAlertJson): [string, string][] {
  const said = new Set(['alertname', 'severity', 'priority', 'service']);
  return Object.entries(alert.labels).filter(([name, value]) => !said.has(name) && value !== alert.service);
}

/** `41s`, `4m 05s`, `1h 04m`: until or since, second by second while that matters. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
  return formatSpan(seconds * 1000);
}

/** The address when it is safe to make it a link; labels and annotations come from anywhere. */
export function webUrl(text: string): string | null {
  const trimmed = text.trim();
  if (!/^https?:\/\//i.test(trimmed) || !URL.canParse(trimmed)) return null;
  const { protocol, href } = new URL(trimmed);
  return protocol === 'http:' || protocol === 'https:' ? href : null;
}

export type SilenceScope = 'this' | 'name' | 'service';

/** Matchers that select this alert alone, every one of its name, or everything of its service. */
export function scopeMatchers(alert: ActiveAlertJson, scope: SilenceScope): AlertMatcherJson[] {
  const equal = (name: string): AlertMatcherJson[] =>
    alert.labels[name] === undefined ? [] : [{ name, type: '=', value: alert.labels[name] }];
  if (scope === 'name') return equal('alertname');
  if (scope === 'service') return equal(alert.labels.service === undefined ? 'job' : 'service');
  return Object.keys(alert.labels).sort().flatMap(equal);
}

/** Scopes that this alert's labels allow. */
export function scopesOf(alert: ActiveAlertJson): SilenceScope[] {
  const all: SilenceScope[] = ['this', 'name', 'service'];
  return all.filter((scope) => scopeMatchers(alert, scope).length > 0);
}

const bareName = /^[\p{L}_][\p{L}\p{N}_.:-]*$/u;

/** `name="value"`, as matchers are written. */
export function matcherText({ name, type, value }: AlertMatcherJson): string {
  return `${bareName.test(name) ? name : JSON.stringify(name)}${type}${JSON.stringify(value)}`;
}

export function matchersText(matchers: readonly AlertMatcherJson[]): string {
  return matchers.map(matcherText).join(', ');
}

/** Do matchers, as the server writes them, select all there is? */
export function isEverything(matchers: string): boolean {
  return matchers === '' || matchers === '{}';
}

const matcherForm =
  /\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"=!~,{}]+))\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",{}]*))\s*/y;
const mostMatchers = 100;

/** Reads `a="x", b=~"y"`, with or without braces and quotes; null when that is not what it is. */
export function parseMatchers(text: string): AlertMatcherJson[] | null {
  const inner = text.trim().replace(/^\{/, '').replace(/\}$/, '').trim();
  if (inner === '') return null;
  const matchers: AlertMatcherJson[] = [];
  matcherForm.lastIndex = 0;
  while (matcherForm.lastIndex < inner.length) {
    const match = matcherForm.exec(inner);
    if (match === null || matchers.length >= mostMatchers) return null;
    const [, quotedName, name, type, quotedValue, value] = match;
    matchers.push({
      name: quotedName === undefined ? name! : unescaped(quotedName),
      type: type as AlertMatcherJson['type'],
      value: quotedValue === undefined ? (value ?? '') : unescaped(quotedValue),
    });
    if (matcherForm.lastIndex >= inner.length) break;
    if (inner[matcherForm.lastIndex] !== ',') return null;
    matcherForm.lastIndex += 1;
  }
  return matchers;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
}

/** Tomorrow at nine in the zone: when most people are back. */
export function tomorrowMorning(nowMs: number, zone: Zone): number {
  const midnight = parseTime('now+1d/d', nowMs, zone) ?? nowMs + 86_400_000;
  // Through the clock of the day rather than nine hours on: the clocks may change in the night.
  const { year, month, day } = toClock(midnight, zone);
  const two = (part: number) => String(part).padStart(2, '0');
  return parseTime(`${year}-${two(month)}-${two(day)} 09:00`, nowMs, zone) ?? midnight + 9 * 3_600_000;
}

/** The end that somebody typed: a length such as `90m` or a time; null when it is neither or in the past. */
export function parseUntil(text: string, nowMs: number, zone: Zone): number | null {
  const trimmed = text.trim().replace(/\s+/g, ' ');
  const length = parseStep(trimmed.replaceAll(' ', ''));
  const untilMs = length === null ? parseTime(trimmed, nowMs, zone) : nowMs + length;
  return untilMs !== null && untilMs > nowMs ? untilMs : null;
}

/** The sentence for a list without rows: proof of life rather than a blank. `isNothing` is false when something calm fires. */
export function quietSentence(rules: AlertListJson['rules'], nowMs: number, isNothing = true): string {
  const head = isNothing ? 'Nothing is firing' : 'Nothing to do';
  if (rules.total === 0) return `${head}, and there are no rules yet.`;
  const count = rules.total === 1 ? '1 rule' : `${rules.total} rules`;
  if (rules.last_evaluation_at === null) return `${head}; ${count} not evaluated yet.`;
  const age = countdownText(nowMs - Date.parse(rules.last_evaluation_at));
  return `${head}; ${count} evaluated ${age} ago.`;
}
