import type { ActiveAlertJson } from '@contract';
import { HeartPulse, VolumeX } from 'lucide-react';
import { TimeAgo } from '../../components/index.ts';
import { plural } from '../../lib/format.ts';
import { SuppressedMark } from './alert-look.tsx';
import { isHeartbeat } from './alert-model.ts';
import css from './alerts.module.css';

interface CalmProps {
  /** Those that fire and ask nobody. */
  alerts: readonly ActiveAlertJson[];
  onOpen: (alert: ActiveAlertJson) => void;
}

const mostNamed = 5;

/** What fires without asking anybody: a line each kind, so that it neither hides nor looks like an alarm. */
export function CalmAlerts({ alerts, onOpen }: CalmProps) {
  const beats = alerts.filter(isHeartbeat);
  const others = alerts.filter((alert) => !isHeartbeat(alert));
  return (
    <section className={css.calm} aria-label="Firing without asking anybody">
      {beats.length > 0 && (
        <div>
          <HeartPulse className={`${css.calmIcon} ${css.alive}`} aria-hidden />
          <p>
            <strong>Proof of life:</strong> <Names alerts={beats} onOpen={onOpen} />{' '}
            {beats.length === 1 ? 'fires' : 'fire'} on purpose, all the time. It shows that rules are
            evaluated and alerts arrive here; only its end would be a problem.
          </p>
        </div>
      )}
      {others.length > 0 && (
        <div>
          <VolumeX className={css.calmIcon} aria-hidden />
          <p>
            <Names alerts={others} onOpen={onOpen} /> {others.length === 1 ? 'fires' : 'fire'} with severity
            none: nobody has to do anything.
          </p>
        </div>
      )}
    </section>
  );
}

function Names({ alerts, onOpen }: CalmProps) {
  const more = alerts.length - mostNamed;
  return (
    <>
      {alerts.slice(0, mostNamed).map((alert, index) => (
        <span key={alert.fingerprint}>
          {index > 0 && ', '}
          <button type="button" className={css.textLink} onClick={() => onOpen(alert)}>
            {alert.name}
          </button>{' '}
          (since <TimeAgo at={alert.starts_at} short />) <SuppressedMark alert={alert} />
        </span>
      ))}
      {more > 0 && ` and ${plural(more, 'more', 'more')}`}
    </>
  );
}
