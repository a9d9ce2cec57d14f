import type { AlertListJson } from '@contract';
import { Link } from '@tanstack/react-router';
import { BellOff, CloudOff, MailWarning, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { isLoud } from '../../lib/firing.ts';
import { plural } from '../../lib/format.ts';
import css from './alerts.module.css';

const howTo = `alertmanager_config_file: /etc/bellwether/alertmanager.yml`;

/** What makes this page less trustworthy than it looks: said before anything else on it. */
export function AlertBanners({ list }: { list: AlertListJson }) {
  const { rules, told } = list;
  return (
    <>
      {rules.store_away && (
        <AlertBanner tone="bad" icon={<CloudOff aria-hidden />}>
          <strong>Rules cannot be evaluated: the store is away.</strong> What was firing stays so; nothing new
          can fire until it is back.
        </AlertBanner>
      )}
      {told.integrations === 0 && (
        <AlertBanner tone={list.alerts.some(isLoud) ? 'bad' : 'warn'} icon={<BellOff aria-hidden />}>
          <strong>Nobody is told: no receiver is configured.</strong> Alerts show here only. Name an
          Alertmanager configuration with receivers in <code>bellwether.yml</code> and start or reload the
          server:
          <pre>
            <code>{howTo}</code>
          </pre>
        </AlertBanner>
      )}
      {told.failing.length > 0 && (
        <AlertBanner
          tone="bad"
          icon={<MailWarning aria-hidden />}
          action={
            <Link to="/alerts/delivery" className={css.link}>
              Look at deliveries
            </Link>
          }
        >
          <strong>Not delivered:</strong> the last notification failed at {failingText(told.failing)}.
        </AlertBanner>
      )}
      {rules.failing > 0 && (
        <AlertBanner
          tone="warn"
          icon={<TriangleAlert aria-hidden />}
          action={
            <Link to="/alerts/rules" search={{ show: 'failing' }} className={css.link}>
              Show them
            </Link>
          }
        >
          <strong>{plural(rules.failing, 'rule')} cannot be evaluated.</strong> What they watch is not
          watched.
        </AlertBanner>
      )}
    </>
  );
}

const mostNamed = 3;

function failingText(ids: readonly string[]): string {
  const named = ids.slice(0, mostNamed).join(', ');
  return ids.length > mostNamed ? `${named} and ${ids.length - mostNamed} more` : named;
}

export function AlertBanner(props: {
  tone: 'bad' | 'warn';
  icon: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}) {
  return (
    <div className={css.banner} data-tone={props.tone} role={props.tone === 'bad' ? 'alert' : 'status'}>
      {props.icon}
      <div>{props.children}</div>
      {props.action}
    </div>
  );
}
