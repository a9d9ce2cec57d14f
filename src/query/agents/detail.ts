import type { SessionDetail } from '../../contract/index.ts';
import type { LedgerReader } from './reader.ts';
import { sessionOf } from './session.ts';
import { type EventFacts, readSessionFacts } from './session-facts.ts';
import { MAX_TIMELINE_ENTRIES, timelineOfEvents, timelineOfSpans } from './timeline.ts';
import { readTimelineRows, type TimelineRow } from './timeline-rows.ts';

/** A session with its timeline, or undefined when there is none of that id. */
export async function getSession(
  reader: LedgerReader,
  sessionId: string,
  nowMs: number,
): Promise<SessionDetail | undefined> {
  const facts = (await readSessionFacts(reader, [sessionId])).get(sessionId);
  const session = facts === undefined ? undefined : sessionOf(sessionId, facts, nowMs);
  if (facts === undefined || session === undefined) return undefined;
  const hasEvents = facts.events.some((row) => row.origin === 'event' && row.activity > 0);
  const [events, spans] = await Promise.all([
    hasEvents ? readTimelineRows(reader, sessionId, { source: 'events', withAttributes: true }) : [],
    readTimelineRows(reader, sessionId, { source: 'spans', withAttributes: !hasEvents }),
  ]);
  const timeline = hasEvents ? timelineOfEvents(events, spans) : timelineOfSpans(spans);
  const isComplete = hasEvents ? hasAll(events, facts.events, true) : hasAll(spans, facts.events, false);
  return {
    ...session,
    timeline: timeline.slice(0, MAX_TIMELINE_ENTRIES),
    timeline_truncated: timeline.length > MAX_TIMELINE_ENTRIES || !isComplete,
  };
}

/** Whether no row was left out because of a limit. Rows that arrived between the two queries make it look complete, which it is. */
function hasAll(rows: readonly TimelineRow[], facts: readonly EventFacts[], ofEvents: boolean): boolean {
  const told = facts.filter((row) => (row.origin === 'event') === ofEvents);
  return rows.length >= told.reduce((sum, row) => sum + row.timeline_rows, 0);
}
