import type { ActiveAlertJson, AlertListJson } from '@contract';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { apiGet } from '../lib/api.ts';
import { asksNobody, isLoud, wantsPerson } from '../lib/firing.ts';
import { keys } from '../lib/queries.ts';

/** Alerts named in the palette and read out; the count covers all. */
const mostNamed = 50;
/** Live events are quicker; this catches a stream that is down. */
const everyMs = 30_000;

export interface Firing {
  /** Alerts that want a person: told to people, and nobody has them. */
  count: number;
  /** One of those is P0 or P1. */
  isUrgent: boolean;
  /** Those counted, the most urgent first; fewer than the count in a storm. */
  waiting: readonly ActiveAlertJson[];
  /** Firing and told to people, whether or not somebody has them. */
  alerts: readonly ActiveAlertJson[];
  /** Firing with a severity that asks nobody: proof of life rather than alarm. */
  calm: readonly ActiveAlertJson[];
  /** Before the first answer nothing is new. */
  isKnown: boolean;
  /** There is no answer, only a failure. */
  isFailed: boolean;
}

const none: Firing = {
  ...{ count: 0, isUrgent: false, isKnown: false, isFailed: false },
  ...{ waiting: [], alerts: [], calm: [] },
};
const failed: Firing = { ...none, isFailed: true };

/**
 * What fires now: for the rail's badge, the icon of the tab, the palette, the announcements and the overview. One small request for
 * all of them.
 */
export function useFiring(): Firing {
  const { data, isError } = useQuery({
    queryKey: [keys.alerts, 'firing'],
    queryFn: async ({ signal }) => {
      const list = await apiGet<AlertListJson>(
        '/api/alerts',
        { state: 'firing', limit: mostNamed },
        { signal },
      );
      return firingOf(list);
    },
    retry: false,
    refetchInterval: everyMs,
  });
  return data ?? (isError ? failed : none);
}

function firingOf({ alerts, counts, total }: AlertListJson): Firing {
  const waiting = alerts.filter(wantsPerson);
  const calm = alerts.filter((alert) => alert.state === 'firing' && asksNobody(alert));
  // Of more than were asked for, only the sums are known; what is both suppressed and acknowledged they take off twice.
  const apart = counts.firing - counts.suppressed - counts.acknowledged - calm.length;
  return {
    count: total > alerts.length ? Math.max(waiting.length, apart) : waiting.length,
    isUrgent: waiting.some(({ priority }) => priority === 'P0' || priority === 'P1'),
    ...{ waiting, calm },
    alerts: alerts.filter(isLoud),
    ...{ isKnown: true, isFailed: false },
  };
}

/** Two announcements are at least this far apart; what fires in between is told together. */
export const announceEveryMs = 10_000;
const mostAnnounced = 3;

/** Reads out alerts that begin to fire while the page is open, not those that did before. */
export function AlertAnnouncer() {
  const firing = useFiring();
  const [text, setText] = useState('');
  const known = useRef<Set<string> | null>(null);
  const waiting = useRef<ActiveAlertJson[]>([]);
  const toldAtMs = useRef(0);
  useEffect(() => {
    if (!firing.isKnown) return;
    if (known.current !== null) {
      const fresh = firing.alerts.filter(({ fingerprint }) => !known.current!.has(fingerprint));
      waiting.current.push(...fresh);
    }
    known.current = new Set(firing.alerts.map(({ fingerprint }) => fingerprint));
    if (waiting.current.length === 0) return;
    const tell = (): void => {
      toldAtMs.current = Date.now();
      setText(announcement(waiting.current));
      waiting.current = [];
    };
    const timer = setTimeout(tell, Math.max(0, toldAtMs.current + announceEveryMs - Date.now()));
    return () => clearTimeout(timer);
  }, [firing]);
  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-announcer="">
      {text}
    </p>
  );
}

function announcement(alerts: readonly ActiveAlertJson[]): string {
  const named = alerts
    .slice(0, mostAnnounced)
    .map(({ name, priority, service }) => `${priority} ${name}${service === '' ? '' : ` of ${service}`}`);
  const more = alerts.length - named.length;
  const head = alerts.length === 1 ? 'New alert firing' : `${alerts.length} new alerts firing`;
  return `${head}: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
