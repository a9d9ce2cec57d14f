import type { Session, Source } from '@contract';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useNow } from '../../lib/clock.ts';
import { onLive } from '../../lib/live.ts';
import { useSources } from '../../lib/queries.ts';

/** How far a person has come with connecting a client. */
export type Arrival =
  /** Nothing new yet. `known`: senders that were there before. */
  | { phase: 'waiting'; known: readonly Source[] }
  /** Something came, but nothing of it could be kept. */
  | { phase: 'refused'; source: Source }
  | { phase: 'arrived'; source: Source; session: Session | null };

/** A sender that was quiet for this long before counts as new when it speaks again. */
const quietMs = 2 * 60_000;

/**
 * What has changed between the senders at the start and now. With no senders at the start anything is new; else a new row, or one
 * that had been quiet.
 */
export function arrivalOf(options: {
  before: readonly Source[];
  now: readonly Source[];
  startedMs: number;
  session: Session | null;
}): Arrival {
  const { before, now, startedMs, session } = options;
  const known = new Map(before.map((source) => [source.id, source]));
  const isNew = (source: Source) => {
    const old = known.get(source.id);
    if (!old) return true;
    const wasQuiet = startedMs - Date.parse(old.last_seen) > quietMs;
    return wasQuiet && source.last_seen > old.last_seen;
  };
  const fresh = now.filter(isNew).sort((a, b) => b.last_seen.localeCompare(a.last_seen));
  const accepted = fresh.find((source) => source.accepted > (known.get(source.id)?.accepted ?? 0));
  if (accepted) return { phase: 'arrived', source: accepted, session };
  const refused = fresh.find((source) => source.rejected > 0);
  if (refused) return { phase: 'refused', source: refused };
  return { phase: 'waiting', known: before };
}

/** Watches for the first event. The list of senders is kept up to date by the live stream, so no page asks in a loop. */
export function useArrival(): Arrival | null {
  const sources = useSources();
  const [session, setSession] = useState<Session | null>(null);
  const before = useRef<{ sources: readonly Source[]; startedMs: number } | null>(null);
  useNow(10_000);
  const list = sources.data?.sources;
  if (list && !before.current) before.current = { sources: list, startedMs: Date.now() };
  useEffect(
    () =>
      onLive('sessions', (event) => {
        const newest = event.sessions[0];
        if (newest) setSession((shown) => (shown && shown.session_id !== newest.session_id ? shown : newest));
      }),
    [],
  );
  return useMemo(() => {
    if (!list || !before.current) return null;
    return arrivalOf({
      before: before.current.sources,
      now: list,
      startedMs: before.current.startedMs,
      session,
    });
  }, [list, session]);
}
