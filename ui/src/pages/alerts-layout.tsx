import { Link, Outlet } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useFiring } from '../shell/alert-watch.tsx';
import { alertPages } from '../shell/nav.ts';
import css from './alerts/alerts.module.css';

/** The pages of alerts with their own navigation above them. */
export function AlertsLayout() {
  const nav = useRef<HTMLElement>(null);
  const firing = useFiring();
  // On a phone the current page may stand beyond the edge of the row.
  useEffect(() => {
    nav.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'center' });
  });
  return (
    <>
      <nav aria-label="Alert pages" className={css.tabs} ref={nav}>
        {alertPages.map((page) => (
          <Link
            key={page.to}
            to={page.to}
            className={css.tab}
            activeOptions={{ exact: page.to === '/alerts', includeSearch: false }}
            activeProps={{ 'aria-current': 'page' }}
          >
            {page.label}
            {page.to === '/alerts' && firing.count > 0 && <span className={css.badge}>{firing.count}</span>}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  );
}
