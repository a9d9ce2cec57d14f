import { Link, Outlet } from '@tanstack/react-router';
import { settingsPages } from './nav.ts';
import css from './settings.module.css';

/** The pages of Settings with their own navigation above them. */
export function SettingsLayout() {
  return (
    <>
      <nav aria-label="Settings pages" className={css.tabs}>
        {settingsPages.map((page) => (
          <Link key={page.to} to={page.to} className={css.tab} activeProps={{ 'aria-current': 'page' }}>
            {page.label}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  );
}
