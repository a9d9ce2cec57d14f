import {
  Bell,
  BookOpen,
  Bot,
  Compass,
  LayoutDashboard,
  type LucideIcon,
  Settings,
  Sparkles,
} from 'lucide-react';

export interface NavPage {
  to: string;
  label: string;
  icon: LucideIcon;
  /** `main` and `foot` of the rail; `none` is reached by the palette and links only. */
  place: 'main' | 'foot' | 'none';
  keys?: string;
  /** Is the page, or one below it, on screen? Defaults to the path's beginning. */
  under?: string;
  /** Other words that find it in the palette. */
  words?: string;
}

/** Every page that can be gone to. The rail, the bar on a phone, the palette and the `g` shortcuts are made from this list. */
export const navPages: readonly NavPage[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard, place: 'main', keys: 'g o', words: 'home start' },
  { to: '/agents', label: 'Agents', icon: Bot, place: 'main', keys: 'g a', words: 'sessions claude code' },
  {
    to: '/explore/metrics',
    label: 'Explore',
    icon: Compass,
    place: 'main',
    keys: 'g e',
    under: '/explore',
    words: 'metrics promql prometheus query graph',
  },
  {
    to: '/alerts',
    label: 'Alerts',
    icon: Bell,
    place: 'main',
    keys: 'g l',
    words: 'firing acknowledge pages incidents alertmanager',
  },
  {
    to: '/runbooks',
    label: 'Runbooks',
    icon: BookOpen,
    place: 'none',
    words: 'help what to do alerts instructions',
  },
  {
    to: '/welcome',
    label: 'Connect a client',
    icon: Sparkles,
    place: 'none',
    words: 'welcome onboarding set up add',
  },
  {
    to: '/settings/sources',
    label: 'Settings',
    icon: Settings,
    place: 'foot',
    keys: 'g ,',
    under: '/settings',
    words: 'sources',
  },
];

/** The pages below Settings. */
export const settingsPages: readonly { to: string; label: string; words: string }[] = [
  { to: '/settings/sources', label: 'Sources', words: 'senders ingest errors rejected' },
  { to: '/settings/targets', label: 'Targets', words: 'scrape prometheus pools discovery up down' },
  {
    to: '/settings/cardinality',
    label: 'Cardinality',
    words: 'series labels churn limits refused tsdb',
  },
  { to: '/settings/appearance', label: 'Appearance', words: 'theme dark light density zone shortcuts' },
  { to: '/settings/about', label: 'About', words: 'version health licence status' },
];

/** The pages below Alerts. */
export const alertPages = [
  { to: '/alerts', label: 'Active', words: 'firing pending' },
  { to: '/alerts/rules', label: 'Rules', words: 'alerting recording promql health back-test' },
  { to: '/alerts/silences', label: 'Silences', words: 'mute maintenance' },
  { to: '/alerts/history', label: 'History', words: 'noise statistics mtta mttr report' },
  { to: '/alerts/on-call', label: 'On-call', words: 'schedule rotation override escalation policy' },
  { to: '/alerts/delivery', label: 'Delivery', words: 'receivers channels notifications test slack mail' },
] as const satisfies readonly { to: string; label: string; words: string }[];

export function isUnder(pathname: string, page: NavPage): boolean {
  const base = page.under ?? page.to;
  return base === '/' ? pathname === '/' : pathname === base || pathname.startsWith(`${base}/`);
}
