import type { ActiveAlertJson, AlertListJson } from '@contract';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { apiGet } from '../lib/api.ts';
import { keys } from '../lib/queries.ts';

/** Alerts named in the palette and read out; the count covers all. */
const mostNamed = 50;
/** Live events are quicker; this catches a stream that is down. */
const everyMs = 30_000;

export interface Firing {
  /** Firing and told to people, whether or not somebody has them. */
  count: number;
  isUrgent: boolean;
  alerts: readonly ActiveAlertJson[];
  /** Before the first answer nothing is new. */
  isKnown: boolean;
}

const none: Firing = { count: 0, isUrgent: false, alerts: [], isKnown: false };

/** What fires now: for the rail's badge, the icon of the tab, the palette and the announcements. One small request for all of them. */
export function useFiring(): Firing {
  const { data } = useQuery({
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
  return data ?? none;
}

function firingOf({ alerts, counts, total }: AlertListJson): Firing {
  const loud = alerts.filter((alert) => alert.state === 'firing' && alert.suppressed_by.length === 0);
  // Of more than were asked for, only the sums are known.
  const count =
    total > alerts.length ? Math.max(loud.length, counts.firing - counts.suppressed) : loud.length;
  return {
    count,
    isUrgent: loud.some(({ priority }) => priority === 'P0' || priority === 'P1'),
    alerts: loud,
    isKnown: true,
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
