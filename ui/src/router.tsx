import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { parseSearch, sharedKeys, stringifySearch, validateSearch } from './lib/search-params.ts';
import { AppShell } from './shell/app-shell.tsx';
import { NotFound, PageFailure } from './shell/failures.tsx';
import { PageLoading } from './shell/loading.tsx';
import { SettingsLayout } from './shell/settings-layout.tsx';
import type { RouteInfo } from './shell/top-bar.tsx';

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption extends Partial<RouteInfo> {}
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

const root = createRootRoute({
  validateSearch,
  search: { middlewares: [retainSearchParams([...sharedKeys])] },
  component: AppShell,
  notFoundComponent: NotFound,
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  staticData: { title: 'Overview', hasTime: true },
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});

const agents = createRoute({
  getParentRoute: () => root,
  path: '/agents',
  staticData: { title: 'Agents', hasTime: true },
  component: lazyRouteComponent(() => import('./pages/agents.tsx'), 'AgentsPage'),
});

const session = createRoute({
  getParentRoute: () => root,
  path: '/agents/$sessionId',
  staticData: { title: 'Session', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/session.tsx'), 'SessionPage'),
});

const explore = createRoute({
  getParentRoute: () => root,
  path: '/explore',
  beforeLoad: () => {
    throw redirect({ to: '/explore/metrics', replace: true });
  },
});

const exploreMetrics = createRoute({
  getParentRoute: () => root,
  path: '/explore/metrics',
  staticData: { title: 'Metrics', hasTime: true },
  component: lazyRouteComponent(() => import('./pages/explore-metrics.tsx'), 'ExploreMetricsPage'),
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  staticData: { title: 'Connect a client', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/welcome.tsx'), 'WelcomePage'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  staticData: { title: 'Settings', hasTime: false },
  component: SettingsLayout,
});

const settingsIndex = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/settings/sources', replace: true });
  },
});

const sources = createRoute({
  getParentRoute: () => settings,
  path: '/sources',
  staticData: { title: 'Sources', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/sources.tsx'), 'SourcesPage'),
});

const targets = createRoute({
  getParentRoute: () => settings,
  path: '/targets',
  staticData: { title: 'Targets', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/targets.tsx'), 'TargetsPage'),
});

const cardinality = createRoute({
  getParentRoute: () => settings,
  path: '/cardinality',
  staticData: { title: 'Cardinality', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/cardinality.tsx'), 'CardinalityPage'),
});

const appearance = createRoute({
  getParentRoute: () => settings,
  path: '/appearance',
  staticData: { title: 'Appearance', hasTime: false },
  component: lazyRouteComponent(() => import('./shell/appearance.tsx'), 'AppearancePage'),
});

const about = createRoute({
  getParentRoute: () => settings,
  path: '/about',
  staticData: { title: 'About', hasTime: false },
  component: lazyRouteComponent(() => import('./shell/about.tsx'), 'AboutPage'),
});

const routeTree = root.addChildren([
  overview,
  agents,
  session,
  explore,
  exploreMetrics,
  welcome,
  settings.addChildren([settingsIndex, sources, targets, cardinality, appearance, about]),
]);

/** The pages and their addresses. A test may bring a history of its own. */
export function createAppRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    history,
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPendingMs: 400,
    defaultPendingComponent: PageLoading,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}
