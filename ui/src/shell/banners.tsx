import { CloudOff, RefreshCw, ServerCog } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiError } from '../lib/api.ts';
import { useNow } from '../lib/clock.ts';
import { retryLive, useLive } from '../lib/live.ts';
import { useStatus } from '../lib/queries.ts';
import css from './banners.module.css';

/** What a person must know before believing the page: one line above it, the gravest first. */
export function Banners() {
  const live = useLive();
  const status = useStatus();
  const isOffline = live.isLost || (status.error instanceof ApiError && status.error.status === 0);
  if (isOffline)
    return <LostBanner retryAtMs={live.retryAtMs} retry={() => retryAll(() => void status.refetch())} />;
  if (status.error !== null && status.data === undefined) {
    return (
      <Banner
        tone="bad"
        icon={<ServerCog aria-hidden />}
        action={{ label: 'Try again', run: () => void status.refetch() }}
      >
        <strong>The server answers with an error.</strong> {status.error.message}
      </Banner>
    );
  }
  if (status.data !== undefined && (!status.data.ready || status.data.message !== '')) {
    return (
      <Banner tone="warn" icon={<ServerCog aria-hidden />}>
        <strong>{status.data.ready ? 'The server is degraded.' : 'The server is not ready.'}</strong>{' '}
        {status.data.message || 'It is starting; this page fills by itself.'}
      </Banner>
    );
  }
  if (live.isOutdated) {
    return (
      <Banner
        tone="info"
        icon={<RefreshCw aria-hidden />}
        action={{ label: 'Reload', run: () => window.location.reload() }}
      >
        <strong>Bellwether was updated.</strong> Reload to see the new version of this page.
      </Banner>
    );
  }
  return null;
}

function retryAll(refetchStatus: () => void): void {
  retryLive();
  refetchStatus();
}

function LostBanner(props: { retryAtMs: number | null; retry: () => void }) {
  const now = useNow(1000);
  const seconds = props.retryAtMs === null ? null : Math.max(0, Math.ceil((props.retryAtMs - now) / 1000));
  return (
    <Banner tone="bad" icon={<CloudOff aria-hidden />} action={{ label: 'Retry now', run: props.retry }}>
      <strong>No connection to the server.</strong> What you see may be old.{' '}
      {/* The countdown would be read out every second. */}
      <span aria-hidden>{seconds === null ? 'Connecting…' : `Next attempt in ${seconds} s.`}</span>
    </Banner>
  );
}

function Banner(props: {
  tone: 'bad' | 'warn' | 'info';
  icon: ReactNode;
  action?: { label: string; run: () => void };
  children: ReactNode;
}) {
  return (
    <div className={css.banner} data-tone={props.tone} role={props.tone === 'bad' ? 'alert' : 'status'}>
      {props.icon}
      <p>{props.children}</p>
      {props.action !== undefined && (
        <button type="button" className={css.action} onClick={props.action.run}>
          {props.action.label}
        </button>
      )}
    </div>
  );
}
