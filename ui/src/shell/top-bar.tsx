import { useIsFetching } from '@tanstack/react-query';
import { Link, useMatches } from '@tanstack/react-router';
import { ChevronRight, Ellipsis, Link2, Pause, Play, RotateCw } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useEffect } from 'react';
import { useLive } from '../lib/live.ts';
import { useRefresh } from '../lib/queries.ts';
import { type RefreshChoice, refreshChoices } from '../lib/search-params.ts';
import { spanText } from '../lib/time.ts';
import { useRefreshInterval, useTimeRange } from '../lib/url-state.ts';
import { useCopyLink } from './commands.tsx';
import menu from './menu.module.css';
import { setOverlay, useOverlay } from './overlays.ts';
import { setActionSlot, setFilterSlot, usePageHead } from './page-head.tsx';
import { TimePicker } from './time-picker.tsx';
import css from './top-bar.module.css';

/** What a route tells the shell about itself. */
export interface RouteInfo {
  /** Shown until the page names itself. */
  title: string;
  /** Pages whose content has no time range show no time picker. */
  hasTime: boolean;
}

export function useRouteInfo(): RouteInfo {
  const title = useMatches({ select: (matches) => infoOf(matches).title }) ?? 'Bellwether';
  const hasTime = useMatches({ select: (matches) => infoOf(matches).hasTime }) ?? false;
  return { title, hasTime };
}

/** The innermost route that says something. */
function infoOf(matches: readonly { staticData?: Partial<RouteInfo> }[]): Partial<RouteInfo> {
  return matches.findLast((match) => match.staticData?.title !== undefined)?.staticData ?? {};
}

export function TopBar() {
  const route = useRouteInfo();
  const head = usePageHead();
  const title = head?.title ?? route.title;
  const attention = head?.attention ?? 0;
  useEffect(() => {
    document.title = `${attention > 0 ? `(${attention}) ` : ''}${title} · Bellwether`;
  }, [title, attention]);
  return (
    <header className={css.bar}>
      <div className={css.titles}>
        {head?.crumbs !== undefined && head.crumbs.length > 0 && (
          <nav aria-label="Breadcrumb" className={css.crumbs}>
            {head.crumbs.map((crumb) => (
              <span key={crumb.to}>
                <Link to={crumb.to}>{crumb.label}</Link>
                <ChevronRight aria-hidden />
              </span>
            ))}
          </nav>
        )}
        <h1 className={css.title} title={title}>
          {title}
        </h1>
      </div>
      <div className={css.filters} ref={setFilterSlot} />
      <div className={css.tools}>
        <div className={css.actions} ref={setActionSlot} />
        {route.hasTime && <TimePicker />}
        {route.hasTime && <LiveButton />}
        <RefreshButton hasInterval={route.hasTime} />
        <ShareButton hasTime={route.hasTime} />
        <MoreButton hasTime={route.hasTime} />
      </div>
    </header>
  );
}

function liveText(live: ReturnType<typeof useLive>): { word: string; why: string } {
  if (live.pausedBy === 'switch') return { word: 'Paused', why: 'Live updates are off. Switch them on' };
  if (live.pausedBy === 'range') {
    return { word: 'Past', why: 'The range ends in the past. Show the same span up to now' };
  }
  if (!live.connected) return { word: 'Live', why: 'Live updates are on; the connection is being made' };
  return { word: 'Live', why: 'Live updates are on. Switch them off' };
}

function LiveButton() {
  const live = useLive();
  const range = useTimeRange();
  const { word, why } = liveText(live);
  const tone = !live.enabled ? 'off' : live.connected ? 'on' : 'wait';
  const press = (): void => {
    if (live.pausedBy === 'range') range.setRange(`now-${spanText(range.toMs - range.fromMs)}`, 'now');
    else live.setEnabled(live.pausedBy === 'switch');
  };
  return (
    <button
      type="button"
      className={`${css.button} ${css.wide}`}
      aria-pressed={live.enabled}
      aria-label={`Live updates: ${word}`}
      title={`${why} (Shift+L)`}
      onClick={press}
    >
      <span className={css.pulse} data-tone={tone} aria-hidden />
      {word}
    </button>
  );
}

const refreshWords: Readonly<Record<RefreshChoice, string>> = {
  off: 'Off',
  '5s': 'Every 5 seconds',
  '10s': 'Every 10 seconds',
  '30s': 'Every 30 seconds',
  '1m': 'Every minute',
  '5m': 'Every 5 minutes',
};

/** One click refreshes; the menu behind the right mouse key or shift+r sets how often. */
function RefreshButton(props: { hasInterval: boolean }) {
  const refresh = useRefresh();
  const isBusy = useIsFetching() > 0;
  const overlay = useOverlay();
  return (
    <div className={`${css.group} ${css.wide}`}>
      <button type="button" className={css.button} onClick={refresh} aria-label="Refresh" title="Refresh (r)">
        <RotateCw aria-hidden className={isBusy ? css.spin : undefined} />
      </button>
      {props.hasInterval && (
        <DropdownMenu.Root
          open={overlay === 'refresh'}
          onOpenChange={(isOpen) => setOverlay('refresh', isOpen)}
          modal={false}
        >
          <DropdownMenu.Trigger className={`${css.button} ${css.caret}`} title="Auto-refresh (Shift+R)">
            <RefreshChoiceText />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
              <RefreshItems />
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      )}
    </div>
  );
}

function RefreshChoiceText() {
  const { choice, everyMs } = useRefreshInterval();
  return (
    <>
      <span className="visually-hidden">Auto-refresh: </span>
      {everyMs === false ? 'Off' : choice}
    </>
  );
}

function RefreshItems() {
  const { choice, set } = useRefreshInterval();
  return (
    <>
      <DropdownMenu.Label className={menu.label}>Ask again</DropdownMenu.Label>
      <DropdownMenu.RadioGroup value={choice} onValueChange={(value) => set(value as RefreshChoice)}>
        {refreshChoices.map((one) => (
          <DropdownMenu.RadioItem key={one} value={one} className={menu.item}>
            <span className={menu.check} aria-hidden />
            {refreshWords[one]}
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  );
}

function ShareButton(props: { hasTime: boolean }) {
  const copy = useCopyLink();
  if (!props.hasTime) return null;
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className={`${css.button} ${css.wide}`}
        aria-label="Copy link"
        title="Copy link (y)"
      >
        <Link2 aria-hidden />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
          <ShareItems copy={copy} />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function ShareItems(props: { copy: ReturnType<typeof useCopyLink> }) {
  return (
    <>
      <DropdownMenu.Item className={menu.item} onSelect={() => props.copy('relative')}>
        <span>
          Copy link
          <small>Moves with the clock, as this page does</small>
        </span>
      </DropdownMenu.Item>
      <DropdownMenu.Item className={menu.item} onSelect={() => props.copy('pinned')}>
        <span>
          Copy pinned link
          <small>Shows exactly these times, for ever</small>
        </span>
      </DropdownMenu.Item>
    </>
  );
}

/** On a phone: everything that has no room beside the title. */
function MoreButton(props: { hasTime: boolean }) {
  const live = useLive();
  const refresh = useRefresh();
  const copy = useCopyLink();
  const isPaused = live.pausedBy === 'switch';
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className={`${css.button} ${css.narrow}`} aria-label="More">
        <Ellipsis aria-hidden />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.Item className={menu.item} onSelect={refresh}>
            <RotateCw aria-hidden />
            Refresh
          </DropdownMenu.Item>
          {props.hasTime && (
            <>
              <DropdownMenu.Item className={menu.item} onSelect={() => live.setEnabled(isPaused)}>
                {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />}
                {isPaused ? 'Resume live updates' : 'Pause live updates'}
              </DropdownMenu.Item>
              <DropdownMenu.Separator className={menu.separator} />
              <ShareItems copy={copy} />
            </>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
