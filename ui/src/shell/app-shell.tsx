import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { onUnauthorized } from '../lib/api.ts';
import { startLive, useLiveEnabled, useLiveState } from '../lib/live.ts';
import { followLive } from '../lib/live-cache.ts';
import { keys, useStatus } from '../lib/queries.ts';
import { useSettingsSync } from '../lib/settings.ts';
import { useShortcutListener } from '../lib/shortcuts.ts';
import { AlertAnnouncer, useFiring } from './alert-watch.tsx';
import css from './app-shell.module.css';
import { Banners } from './banners.tsx';
import { useCommandShortcuts, useCommands } from './commands.tsx';
import { setFavicon } from './favicon.ts';
import { Login } from './login.tsx';
import { openOverlay, useOverlay } from './overlays.ts';
import { BottomBar, Rail } from './rail.tsx';
import { Toasts } from './toasts.tsx';
import { TopBar } from './top-bar.tsx';

const loadPalette = () => import('./palette.tsx');
const Palette = lazy(async () => ({ default: (await loadPalette()).Palette }));
const ShortcutSheet = lazy(async () => ({ default: (await import('./shortcut-sheet.tsx')).ShortcutSheet }));

/** The frame around every page. */
export function AppShell() {
  useSettingsSync();
  const status = useStatus();
  useLoginWatch();
  useWelcome();
  if (status.data?.role === 'anonymous' && status.data.auth_required) return <Login />;
  return (
    <>
      <button type="button" className={css.skip} onClick={skipToMain}>
        Skip to content
      </button>
      <Rail />
      <div className={css.column}>
        <Banners />
        <TopBar />
        <Main />
      </div>
      <BottomBar />
      <Toasts />
      <Services />
    </>
  );
}

/** A button, not a link to `#main`: the address holds the view and must not change. */
function skipToMain(): void {
  document.getElementById('main')?.focus();
}

function Main() {
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    // A new page begins at its top for the keyboard and the screen reader too.
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <main id="main" ref={main} tabIndex={-1} className={css.main}>
      <Outlet />
    </main>
  );
}

/** What runs beside the pages. Apart from the frame, which is therefore not drawn again at every tick of a clock. */
function Services() {
  const overlay = useOverlay();
  const commands = useCommands();
  useShortcutListener();
  useCommandShortcuts(commands);
  useStream();
  useFaviconState();
  usePaletteAhead();
  const close = (): void => openOverlay(null);
  return (
    <>
      <AlertAnnouncer />
      <Suspense fallback={null}>
        {overlay === 'palette' && <Palette commands={commands} onClose={close} />}
        {overlay === 'shortcuts' && <ShortcutSheet onClose={close} />}
      </Suspense>
    </>
  );
}

function useStream(): void {
  const client = useQueryClient();
  const { enabled } = useLiveEnabled();
  const isEnabled = useRef(enabled);
  isEnabled.current = enabled;
  useEffect(() => {
    const stopMerging = followLive(client, () => isEnabled.current);
    const stopStream = startLive();
    return () => {
      stopMerging();
      stopStream();
    };
  }, [client]);
}

/** A key that expired while the tab was open: the status then says who we are now. */
function useLoginWatch(): void {
  const client = useQueryClient();
  useEffect(
    () =>
      onUnauthorized(
        () => void client.invalidateQueries({ queryKey: [keys.status] }, { cancelRefetch: false }),
      ),
    [client],
  );
}

const welcomedKey = 'bellwether.welcomed';

/** An empty server has nothing to show but how to fill it. Once per tab, so that nobody is held there. */
function useWelcome(): void {
  const hasData = useStatus().data?.has_data;
  const { pathname } = useLocation();
  const navigate = useNavigate();
  useEffect(() => {
    if (hasData !== false || pathname !== '/' || sessionStorage.getItem(welcomedKey) !== null) return;
    sessionStorage.setItem(welcomedKey, '1');
    void navigate({ to: '/welcome', replace: true });
  }, [hasData, pathname, navigate]);
}

function useFaviconState(): void {
  const { failures } = useLiveState();
  const status = useStatus().data;
  const { isUrgent, count } = useFiring();
  const isUnwell = status !== undefined && (!status.ready || status.message !== '');
  const state = failures >= 2 || isUrgent ? 'bad' : isUnwell || count > 0 ? 'warn' : 'ok';
  useEffect(() => setFavicon(state), [state]);
}

/** The palette is fetched while the browser has nothing else to do, so that the first cmd+K opens at once. */
function usePaletteAhead(): void {
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), 1500);
    return () => clearTimeout(timer);
  }, []);
}
