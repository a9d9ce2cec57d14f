import { CircleAlert, CircleCheck } from 'lucide-react';
import { TimeAgo } from '../../components/index.ts';
import { formatCost, plural } from '../../lib/format.ts';
import { PageLink, SessionLink } from '../links.tsx';
import { hintFor } from '../sources/hints.ts';
import type { Arrival } from './first-event.ts';
import css from './welcome.module.css';

/** Waits, and turns green by itself with the first event. Says what is wrong when something came that could not be kept. */
export function WaitingRow(props: { arrival: Arrival | null }) {
  const { arrival } = props;
  return (
    <div className={css.waiting} data-phase={arrival?.phase ?? 'waiting'} role="status" aria-live="polite">
      {arrival?.phase === 'arrived' ? (
        <Arrived arrival={arrival} />
      ) : arrival?.phase === 'refused' ? (
        <Refused arrival={arrival} />
      ) : (
        <Waiting arrival={arrival} />
      )}
    </div>
  );
}

function Waiting({ arrival }: { arrival: Extract<Arrival, { phase: 'waiting' }> | null }) {
  const known = arrival?.known.filter((source) => source.accepted > 0) ?? [];
  const latest = known.toSorted((a, b) => b.last_seen.localeCompare(a.last_seen))[0];
  return (
    <>
      <span className={css.pulse} aria-hidden />
      <div>
        <p className={css.waitingTitle}>
          {latest ? 'Waiting for a new sender' : 'Waiting for the first event'}
        </p>
        <p className={css.waitingText}>
          {latest ? (
            <>
              {latest.service} already sends (last <TimeAgo at={latest.last_seen} />
              {known.length > 1 ? `, ${plural(known.length, 'signal')} in all` : ''}).{' '}
              <PageLink to="/">Go to the overview</PageLink>.
            </>
          ) : (
            'Events come 5 seconds after they happen; a short run sends everything when it ends. This turns green by itself.'
          )}
        </p>
      </div>
    </>
  );
}

function Arrived({ arrival }: { arrival: Extract<Arrival, { phase: 'arrived' }> }) {
  const { source, session } = arrival;
  return (
    <>
      <CircleCheck aria-hidden />
      <div>
        <p className={css.waitingTitle}>Connected: {source.service || source.address}</p>
        <p className={css.waitingText}>
          {source.signal} from {source.service} {source.client_version} at {source.address}, {source.protocol}
          , <TimeAgo at={source.last_seen} />.
        </p>
        <p className={css.next}>
          {session ? (
            <SessionLink sessionId={session.session_id} className={css.button}>
              Open the session ({formatCost(session)})
            </SessionLink>
          ) : (
            <PageLink to="/agents" className={css.button}>
              Open the sessions
            </PageLink>
          )}
          <PageLink to="/" className={css.quiet}>
            Overview
          </PageLink>
        </p>
      </div>
    </>
  );
}

function Refused({ arrival }: { arrival: Extract<Arrival, { phase: 'refused' }> }) {
  const reason = arrival.source.reasons[0];
  return (
    <>
      <CircleAlert aria-hidden />
      <div>
        <p className={css.waitingTitle}>
          Something arrived from {arrival.source.address}, but it was refused
        </p>
        <p className={css.waitingText}>{reason?.message ?? 'The reason is under Sources.'}</p>
        {reason && hintFor(reason.code) !== '' && <p className={css.waitingText}>{hintFor(reason.code)}</p>}
        <p className={css.next}>
          <PageLink to="/settings/sources" className={css.quiet}>
            See it under Sources
          </PageLink>
        </p>
      </div>
    </>
  );
}
