import { type ErrorComponentProps, Link, useLocation } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { EmptyState, ErrorState } from '../components/states.tsx';
import { toApiError } from '../lib/api.ts';
import css from './app-shell.module.css';
import { PageHead } from './page-head.tsx';

/** A new build removes the chunks of the one before, so a tab left open cannot load its pages any more. */
function isStaleBuild(error: unknown): boolean {
  return (
    error instanceof Error &&
    /dynamically imported module|module script failed|Unable to preload/i.test(error.message)
  );
}

/** In place of a page that threw. The rest of the shell keeps working. */
export function PageFailure(props: ErrorComponentProps) {
  if (isStaleBuild(props.error)) {
    return (
      <div className={css.center}>
        <PageHead title="Reload needed" />
        <EmptyState
          title="This page belongs to another version of Bellwether"
          action={
            <button type="button" className={css.primary} onClick={() => window.location.reload()}>
              Reload
            </button>
          }
        >
          The server was updated or restarted while this tab was open. Reloading brings the version that fits
          it.
        </EmptyState>
      </div>
    );
  }
  return (
    <div className={css.center}>
      <PageHead title="Something broke" />
      <ErrorState title="This page stopped working." error={toApiError(props.error)} onRetry={props.reset} />
    </div>
  );
}

export function NotFound() {
  const { pathname } = useLocation();
  return (
    <div className={css.center}>
      <PageHead title="Not found" />
      <EmptyState
        icon={<Compass aria-hidden />}
        title="There is no such page"
        action={
          <Link to="/" className={css.primary}>
            To the overview
          </Link>
        }
      >
        Nothing lives at <code>{pathname.slice(0, 120)}</code>. The link may be mistyped or belong to another
        version.
      </EmptyState>
    </div>
  );
}
