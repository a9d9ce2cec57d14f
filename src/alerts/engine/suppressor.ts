import type { AlertingConfig, Route, Suppression } from '../types.ts';
import type { AlertRecord } from './alert-record.ts';
import type { Inhibitor } from './inhibitor.ts';
import type { SilenceStore } from './silence-store.ts';

type Muted = Extract<Suppression, { kind: 'muted' }>;

/** What of a silence or an inhibition holds for an alert, wherever it goes. */
export function suppressionsOf(
  record: AlertRecord,
  { silences, inhibitor }: { readonly silences: SilenceStore; readonly inhibitor: Inhibitor },
  nowMs: number,
): Suppression[] {
  const found: Suppression[] = [];
  const silenced = silences.suppressionOf(record.silenceIds, nowMs);
  if (silenced !== undefined) found.push(silenced);
  const inhibited = inhibitor.suppressionOf(record);
  if (inhibited !== undefined) found.push(inhibited);
  return found;
}

/** Which times keep a route quiet now. */
export function mutedBy(
  route: Route,
  timeIntervals: AlertingConfig['timeIntervals'],
  nowMs: number,
): Muted | undefined {
  const { muteTimeIntervals, activeTimeIntervals } = route;
  const holds = (name: string) => timeIntervals.get(name)?.contains(nowMs) === true;
  const intervals = muteTimeIntervals.filter(holds);
  if (activeTimeIntervals.length > 0 && !activeTimeIntervals.some(holds))
    intervals.push(...activeTimeIntervals);
  return intervals.length === 0 ? undefined : { kind: 'muted', intervals };
}

/**
 * `silenced by <id>`, `inhibited by <fingerprint> (<rule>)`, `muted by offhours`, `muted: outside of workhours`.
 *
 * @param route whose times they are.
 */
export function suppressionText(suppression: Suppression, route: Route): string {
  if (suppression.kind === 'silenced') return `silenced by ${suppression.silenceIds.join(', ')}`;
  if (suppression.kind === 'inhibited') {
    const rule = suppression.rule === '' ? '' : ` (${suppression.rule})`;
    return `inhibited by ${suppression.fingerprints.join(', ')}${rule}`;
  }
  const isMuting = suppression.intervals.some((name) => route.muteTimeIntervals.includes(name));
  const names = suppression.intervals.join(', ');
  return isMuting ? `muted by ${names}` : `muted: outside of ${names}`;
}
