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

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  staticData: { title: 'Alerts', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-layout.tsx'), 'AlertsLayout'),
});

const alertsActive = createRoute({
  getParentRoute: () => alerts,
  path: '/',
  staticData: { title: 'Alerts', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts.tsx'), 'AlertsPage'),
});

const alertRules = createRoute({
  getParentRoute: () => alerts,
  path: '/rules',
  staticData: { title: 'Rules', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-rules.tsx'), 'RulesPage'),
});

const alertRuleNew = createRoute({
  getParentRoute: () => alerts,
  path: '/rules/new',
  staticData: { title: 'New rule', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-rule-edit.tsx'), 'NewRulePage'),
});

const alertRule = createRoute({
  getParentRoute: () => alerts,
  path: '/rules/$ruleId',
  staticData: { title: 'Rule', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-rule.tsx'), 'RulePage'),
});

const alertRuleEdit = createRoute({
  getParentRoute: () => alerts,
  path: '/rules/$ruleId/edit',
  staticData: { title: 'Edit rule', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-rule-edit.tsx'), 'EditRulePage'),
});

const alertSilences = createRoute({
  getParentRoute: () => alerts,
  path: '/silences',
  staticData: { title: 'Silences', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-silences.tsx'), 'SilencesPage'),
});

const alertHistory = createRoute({
  getParentRoute: () => alerts,
  path: '/history',
  staticData: { title: 'Alert history', hasTime: true },
  component: lazyRouteComponent(() => import('./pages/alerts-history.tsx'), 'AlertHistoryPage'),
});

const alertOnCall = createRoute({
  getParentRoute: () => alerts,
  path: '/on-call',
  staticData: { title: 'On-call', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-on-call.tsx'), 'OnCallPage'),
});

const alertEscalation = createRoute({
  getParentRoute: () => alerts,
  path: '/escalation',
  beforeLoad: () => {
    throw redirect({ to: '/alerts/on-call', replace: true });
  },
});

const alertDelivery = createRoute({
  getParentRoute: () => alerts,
  path: '/delivery',
  staticData: { title: 'Delivery', hasTime: true },
  component: lazyRouteComponent(() => import('./pages/alerts-delivery.tsx'), 'DeliveryPage'),
});

/** Where links in notifications lead. */
const alert = createRoute({
  getParentRoute: () => alerts,
  path: '/$fingerprint',
  staticData: { title: 'Alert', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/alerts-alert.tsx'), 'AlertPage'),
});

const runbooks = createRoute({
  getParentRoute: () => root,
  path: '/runbooks',
  staticData: { title: 'Runbooks', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/runbooks.tsx'), 'RunbooksPage'),
});

const runbook = createRoute({
  getParentRoute: () => root,
  path: '/runbooks/$slug',
  staticData: { title: 'Runbook', hasTime: false },
  component: lazyRouteComponent(() => import('./pages/runbooks.tsx'), 'RunbookPage'),
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
  alerts.addChildren([
    alertsActive,
    alertRules,
    alertRuleNew,
    alertRule,
    alertRuleEdit,
    alertSilences,
    alertHistory,
    alertOnCall,
    alertEscalation,
    alertDelivery,
    alert,
  ]),
  runbooks,
  runbook,
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
