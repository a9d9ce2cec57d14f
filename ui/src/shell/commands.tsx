import { useLocation, useNavigate } from '@tanstack/react-router';
import {
  Bell,
  BellOff,
  BellRing,
  CalendarClock,
  ChevronsLeft,
  ChevronsRight,
  Contrast,
  Keyboard,
  Link2,
  type LucideIcon,
  Moon,
  Pause,
  Pin,
  Play,
  Plus,
  RotateCw,
  Rows3,
  Rows4,
  Search,
  Settings,
  Sun,
  SunMoon,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import { useLiveEnabled } from '../lib/live.ts';
import { useRefresh } from '../lib/queries.ts';
import { toggleTheme, updateSettings, useSettings, useTheme } from '../lib/settings.ts';
import { type Shortcut, type ShortcutGroup, useShortcuts } from '../lib/shortcuts.ts';
import { rangePresets } from '../lib/time.ts';
import { type TimeRange, useSearchParams, useTimeRange } from '../lib/url-state.ts';
import { useFiring } from './alert-watch.tsx';
import { type LinkKind, shareUrl } from './links.ts';
import { alertPages, navPages, settingsPages } from './nav.ts';
import { openOverlay, toggleOverlay } from './overlays.ts';
import { copyText } from './toasts.tsx';

/** Something a person can do from anywhere. Palette entry, shortcut and line of the shortcut sheet are all made from it. */
export interface Command {
  id: string;
  label: string;
  group: ShortcutGroup;
  icon: LucideIcon;
  run: () => void;
  keys?: string;
  /** Other words that find it. */
  words?: string;
  /** Shortcut only: it would make no sense, or no difference, inside the palette. */
  isHidden?: boolean;
}

export function useCommands(): Command[] {
  return [...useGoCommands(), ...useTimeCommands(), ...useViewCommands(), ...useLookCommands()];
}

function useGoCommands(): Command[] {
  const navigate = useNavigate();
  const pages = navPages.map<Command>((page) => ({
    id: `go:${page.to}`,
    label: page.label,
    group: 'Go to',
    icon: page.icon,
    keys: page.keys,
    words: page.words,
    run: () => void navigate({ to: page.to }),
  }));
  const settings = settingsPages.slice(1).map<Command>((page) => ({
    id: `go:${page.to}`,
    label: `Settings: ${page.label}`,
    group: 'Go to',
    icon: Settings,
    words: page.words,
    run: () => void navigate({ to: page.to }),
  }));
  return [...pages, ...useAlertCommands(), ...settings];
}

/** The pages of alerts, and every alert that fires. */
function useAlertCommands(): Command[] {
  const navigate = useNavigate();
  const { alerts } = useFiring();
  const pages = alertPages.slice(1).map<Command>((page) => ({
    id: `go:${page.to}`,
    label: `Alerts: ${page.label}`,
    group: 'Go to',
    icon: Bell,
    words: page.words,
    run: () => void navigate({ to: page.to }),
  }));
  const firing = alerts.map<Command>(({ fingerprint, name, service, severity }) => ({
    id: `alert:${fingerprint}`,
    label: `Alert: ${name}${service === '' ? '' : `, ${service}`}`,
    group: 'Go to',
    icon: BellRing,
    words: `firing ${severity} ${fingerprint}`,
    run: () => void navigate({ to: '/alerts/$fingerprint', params: { fingerprint } }),
  }));
  return [
    ...pages,
    {
      id: 'new-rule',
      label: 'New alert rule',
      group: 'Go to',
      icon: Plus,
      words: 'create alert',
      run: () => void navigate({ to: '/alerts/rules/new' }),
    },
    {
      id: 'new-silence',
      label: 'New silence',
      group: 'Go to',
      icon: BellOff,
      words: 'create mute maintenance',
      run: () => void navigate({ to: '/alerts/silences', search: { edit: 'new' } }),
    },
    ...firing,
  ];
}

function useTimeCommands(): Command[] {
  const range = useTimeRange();
  const live = useLiveEnabled();
  const isPaused = live.pausedBy === 'switch';
  const refresh = useRefresh();
  const presets = rangePresets.map<Command>((preset) => ({
    id: `time:${preset.short}`,
    label: `Time: ${preset.label}`,
    group: 'Time',
    icon: CalendarClock,
    words: preset.short,
    run: () => range.setRange(preset.from, preset.to),
  }));
  return [
    {
      id: 'time',
      label: 'Choose the time range',
      group: 'Time',
      icon: CalendarClock,
      run: () => openOverlay('time'),
      keys: 't',
    },
    {
      id: 'shift-back',
      label: 'Shift back by half the range',
      group: 'Time',
      icon: ChevronsLeft,
      run: () => range.shift(-1),
      keys: '[',
    },
    {
      id: 'shift-on',
      label: 'Shift forward by half the range',
      group: 'Time',
      icon: ChevronsRight,
      run: () => range.shift(1),
      keys: ']',
    },
    { id: 'zoom-out', label: 'Zoom out', group: 'Time', icon: ZoomOut, run: () => range.zoom(2), keys: '-' },
    { id: 'zoom-in', label: 'Zoom in', group: 'Time', icon: ZoomIn, run: () => range.zoom(0.5), keys: '=' },
    { id: 'refresh', label: 'Refresh', group: 'Time', icon: RotateCw, run: refresh, keys: 'r' },
    {
      id: 'auto',
      label: 'Auto-refresh menu',
      group: 'Time',
      icon: RotateCw,
      run: () => toggleOverlay('refresh'),
      keys: 'shift+r',
      isHidden: true,
    },
    {
      id: 'live',
      label: isPaused ? 'Resume live updates' : 'Pause live updates',
      group: 'Time',
      icon: isPaused ? Play : Pause,
      run: () => live.setEnabled(isPaused),
      keys: 'shift+l',
    },
    ...presets,
  ];
}

function useViewCommands(): Command[] {
  const copy = useCopyLink();
  return [
    {
      id: 'palette',
      label: 'Command palette',
      group: 'View',
      icon: Search,
      run: () => toggleOverlay('palette'),
      keys: 'mod+k',
      isHidden: true,
    },
    {
      id: 'filter',
      label: "Focus the page's filter",
      group: 'View',
      icon: Search,
      run: focusFilter,
      keys: '/',
      isHidden: true,
    },
    {
      id: 'copy',
      label: 'Copy link to this view',
      group: 'View',
      icon: Link2,
      run: () => copy('relative'),
      keys: 'y',
    },
    {
      id: 'copy-pinned',
      label: 'Copy link with these exact times',
      group: 'View',
      icon: Pin,
      run: () => copy('pinned'),
    },
    {
      id: 'shortcuts',
      label: 'Keyboard shortcuts',
      group: 'Help',
      icon: Keyboard,
      run: () => openOverlay('shortcuts'),
      keys: '?',
    },
  ];
}

function useLookCommands(): Command[] {
  const settings = useSettings();
  const theme = useTheme();
  const isCompact = settings.density === 'compact';
  return [
    {
      id: 'theme',
      label: theme === 'light' ? 'Dark theme' : 'Light theme',
      group: 'View',
      icon: theme === 'light' ? Moon : Sun,
      run: toggleTheme,
      keys: 'm',
    },
    {
      id: 'theme-system',
      label: "Follow the system's theme",
      group: 'View',
      icon: SunMoon,
      run: () => updateSettings({ theme: 'system' }),
    },
    {
      id: 'theme-contrast',
      label: 'High-contrast theme',
      group: 'View',
      icon: Contrast,
      run: () => updateSettings({ theme: 'contrast' }),
    },
    {
      id: 'density',
      label: isCompact ? 'Comfortable density' : 'Compact density',
      group: 'View',
      icon: isCompact ? Rows3 : Rows4,
      run: () => updateSettings({ density: isCompact ? 'comfortable' : 'compact' }),
    },
  ];
}

/** Makes the keys of every command work. Once, in the shell. */
export function useCommandShortcuts(commands: readonly Command[]): void {
  const shortcuts = commands.flatMap<Shortcut>((one) =>
    one.keys === undefined ? [] : [{ keys: one.keys, label: one.label, group: one.group, run: one.run }],
  );
  useShortcuts(shortcuts);
}

/** Copies the address of the view: with the range as it is written, or pinned to the moments it means now. */
export function useCopyLink(): (kind: LinkKind) => void {
  const range: TimeRange = useTimeRange();
  const search = useSearchParams();
  const { pathname } = useLocation();
  return (kind) => {
    const url = shareUrl({ origin: window.location.origin, pathname, search }, range, kind);
    void copyText(url, kind === 'pinned' ? 'Link with these exact times' : 'Link');
  };
}

function focusFilter(): void {
  const input = document.querySelector<HTMLElement>('[data-page-filter]');
  input?.focus();
  if (input instanceof HTMLInputElement) input.select();
}
