import type { Health } from '@contract';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleX, type LucideIcon } from 'lucide-react';
import { CopyButton } from '../components/copy-button.tsx';
import { ErrorState, Loading, Skeleton } from '../components/states.tsx';
import { useNow } from '../lib/clock.ts';
import { formatDuration, formatRelative } from '../lib/format.ts';
import { useLive } from '../lib/live.ts';
import { keys, useStatus } from '../lib/queries.ts';
import { fetchHealth } from './health.ts';
import { PageHead } from './page-head.tsx';
import css from './settings.module.css';

/** Which Bellwether this is and how each of its parts fares. */
export function AboutPage() {
  const status = useStatus();
  const health = useQuery({
    queryKey: [keys.health],
    queryFn: ({ signal }) => fetchHealth(signal),
    refetchInterval: 5000,
  });
  const live = useLive();
  return (
    <div className={css.page}>
      <PageHead title="About" crumbs={[{ label: 'Settings', to: '/settings/sources' }]} />
      <section className={css.card} aria-label="Version">
        <dl className={css.facts}>
          <Fact name="Version" value={status.data?.version ?? health.data?.version ?? '–'} />
          <Fact name="Running for" value={health.data ? formatDuration(health.data.uptime_s * 1000) : '–'} />
          <Fact name="Live stream" value={live.connected ? 'Connected' : 'Not connected'} />
          <Fact
            name="Signed in as"
            value={status.data?.auth_required === false ? 'No key needed' : (status.data?.role ?? '–')}
          />
          <Fact name="Licence" value="Apache-2.0" />
        </dl>
      </section>
      <section className={css.card} aria-labelledby="parts">
        <header className={css.cardHead}>
          <h2 id="parts">Parts of the server</h2>
          {health.data && (
            <CopyButton
              text={() => JSON.stringify({ status: status.data, health: health.data }, null, 2)}
              label="Copy as JSON"
            />
          )}
        </header>
        {health.data ? (
          <Parts parts={health.data.parts} />
        ) : health.error ? (
          <ErrorState
            compact
            title="The state of the server could not be read."
            error={health.error}
            onRetry={() => void health.refetch()}
          />
        ) : (
          <Loading what="the state of the server">
            <div className={css.skeletons}>
              <Skeleton height="20px" />
              <Skeleton height="20px" />
              <Skeleton height="20px" />
            </div>
          </Loading>
        )}
      </section>
    </div>
  );
}

function Fact(props: { name: string; value: string }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

const looks: Readonly<Record<Health['status'], { icon: LucideIcon; word: string; tone: string }>> = {
  ok: { icon: CircleCheck, word: 'OK', tone: 'ok' },
  degraded: { icon: CircleAlert, word: 'Degraded', tone: 'warn' },
  down: { icon: CircleX, word: 'Down', tone: 'bad' },
};

function Parts(props: { parts: Health['parts'] }) {
  const now = useNow(5000);
  return (
    <table className={css.parts}>
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col">State</th>
          <th scope="col">Message</th>
          <th scope="col">Since</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(props.parts).map(([name, part]) => {
          const look = looks[part.status];
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span className={css.state} data-tone={look.tone}>
                  <look.icon aria-hidden />
                  {look.word}
                </span>
              </td>
              <td className={css.message}>{part.message ?? ''}</td>
              <td>{part.since === undefined ? '' : formatRelative(Date.parse(part.since), now)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
