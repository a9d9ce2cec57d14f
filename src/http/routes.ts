import { z } from 'zod';
import {
  type Health,
  health,
  liveEvent,
  loginAnswer,
  loginBody,
  onboarding,
  overview,
  range,
  sessionDetail,
  sessionList,
  sessionListQuery,
  sourceList,
  status,
  usage,
  usageQuery,
} from '../contract/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { parseTimeRange } from '../lib/time.ts';
import { type Access, sessionCookieHeader } from './access.ts';
import { alertRoutes } from './alert-routes.ts';
import { parseAccept } from './encoding.ts';
import type { LiveHub } from './live.ts';
import { createLoginLimit } from './login-limit.ts';
import { openApiDocument } from './openapi.ts';
import { defineRoute, Reply, type Route } from './route.ts';
import type { ApiServices } from './services.ts';

export interface RouteParts {
  readonly services: ApiServices;
  readonly access: Access;
  readonly live: LiveHub;
}

/** The whole API, in the order of its reference page. */
export function createRoutes(parts: RouteParts): Route[] {
  const routes = [
    ...agentRoutes(parts.services),
    ...alertRoutes(parts.services.alerts),
    ...systemRoutes(parts.services),
    graphRoute(),
    liveRoute(parts.live),
    ...loginRoutes(parts.access),
    ...healthRoutes(parts.services),
    metricsRoute(parts.services),
  ];
  const document: Route = defineRoute({
    method: 'GET',
    path: '/api/openapi.json',
    name: 'openapi',
    summary: 'This API as OpenAPI 3.1',
    role: 'public',
    response: z.record(z.string(), z.unknown()),
    handle: (): Record<string, unknown> => openApiDocument([...routes, document], parts.services.version),
  });
  return [...routes, document];
}

function agentRoutes(services: ApiServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/agents/sessions',
      name: 'listSessions',
      summary: 'Sessions with an event in the range, newest first',
      role: 'admin',
      query: sessionListQuery,
      response: sessionList,
      handle: ({ query, nowMs }) =>
        services.listSessions({
          ...parseTimeRange(query, nowMs),
          limit: query.limit,
          cursor: query.cursor,
          q: query.q,
          nowMs,
        }),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/agents/sessions/:session_id',
      name: 'getSession',
      summary: 'One session with its timeline',
      role: 'admin',
      params: z.object({ session_id: z.string().min(1).max(256) }),
      response: sessionDetail,
      statuses: { 404: 'no such session' },
      handle: async ({ params, nowMs }) =>
        (await services.getSession(params.session_id, nowMs)) ?? unknownSession(params.session_id),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/usage',
      name: 'usage',
      summary: 'Cost, tokens and requests, in total and by group',
      role: 'admin',
      query: usageQuery,
      response: usage,
      handle: ({ query, nowMs }) =>
        services.usage({ ...parseTimeRange(query, nowMs), groupBy: query.group_by, nowMs }),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/overview',
      name: 'overview',
      summary: 'All that the overview page shows',
      role: 'admin',
      query: range,
      response: overview,
      handle: ({ query, nowMs }) => services.overview({ ...parseTimeRange(query, nowMs), nowMs }),
    }),
  ];
}

function unknownSession(sessionId: string): never {
  throw new BellwetherError({
    code: 'session_not_found',
    status: 404,
    message: `there is no session ${JSON.stringify(sessionId.slice(0, 100))}`,
    hint: 'it may be older than the retention of sessions',
  });
}

function systemRoutes(services: ApiServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/status',
      name: 'status',
      summary: 'What a client needs to know first',
      role: 'public',
      cache: 'never',
      response: status,
      handle: ({ principal, nowMs }) => services.status(principal, nowMs),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/sources',
      name: 'sources',
      summary: 'Who sends what, and what of it was refused and why',
      role: 'admin',
      response: sourceList,
      handle: async ({ nowMs }) => services.sources(nowMs),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/onboarding',
      name: 'onboarding',
      summary:
        'The settings for a client, with the address of this server filled in, and a place for a key where one is needed',
      role: 'admin',
      cache: 'never',
      response: onboarding,
      handle: ({ headers }) => services.onboarding(headers.host ?? 'localhost'),
    }),
  ];
}

function liveRoute(live: LiveHub): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/live',
    name: 'live',
    summary: `Server-sent events: ${liveEvent.options.map((option) => option.shape.type.value).join(', ')}`,
    role: 'admin',
    cache: 'never',
    response: 'text/event-stream',
    statuses: { 503: 'too many streams are open' },
    handle: () => {
      live.checkRoom();
      return new Reply({ stream: (_request, response) => live.attach(response) });
    },
  });
}

function loginRoutes(access: Access): Route[] {
  const limit = createLoginLimit();
  return [
    defineRoute({
      method: 'POST',
      path: '/api/login',
      name: 'login',
      summary: 'Exchanges an admin key for a session cookie',
      role: 'public',
      cache: 'never',
      body: loginBody,
      response: loginAnswer,
      statuses: { 401: 'the key is not valid', 429: 'too many log-ins failed' },
      handle: async ({ body, address, nowMs, headers }) => {
        limit.check(address, nowMs);
        const login = await access.logIn(body.key);
        if (login === undefined) limit.failed(address, nowMs);
        if (login === undefined || !('token' in login)) throw loginRefused(login !== undefined);
        const { principal, token, expiresAtMs } = login;
        const cookie = sessionCookieHeader(token, Math.floor((expiresAtMs - nowMs) / 1000), headers);
        const json = { name: principal.name, role: 'admin', expires_at: new Date(expiresAtMs).toISOString() };
        return new Reply({ headers: { 'Set-Cookie': cookie }, json });
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/logout',
      name: 'logout',
      summary: 'Ends the browser session',
      role: 'public',
      cache: 'never',
      response: z.object({}),
      handle: async ({ credentials, headers }) => {
        if (credentials.session !== undefined) await access.logOut(credentials.session);
        return new Reply({ headers: { 'Set-Cookie': sessionCookieHeader('', 0, headers) }, json: {} });
      },
    }),
  ];
}

function loginRefused(isIngestKey: boolean): BellwetherError {
  return new BellwetherError({
    code: isIngestKey ? 'admin_key_needed' : 'unauthorized',
    status: isIngestKey ? 403 : 401,
    message: isIngestKey ? 'this is an ingest key, which may only write' : 'the key is not valid',
    hint: '`bellwether keys create --role admin` makes a key to log in with',
  });
}

function healthRoutes(services: ApiServices): Route[] {
  const checks: Array<[name: string, summary: string, check: () => Health | Promise<Health>]> = [
    ['live', 'Whether the process answers', () => services.health.live()],
    ['ready', 'Whether each part works', () => services.health.ready()],
    ['startup', 'Whether the start is over', () => services.health.startup()],
  ];
  return checks.map(([name, summary, check]) =>
    defineRoute({
      method: 'GET',
      path: `/health/${name}`,
      name: `health${name[0]!.toUpperCase()}${name.slice(1)}`,
      summary,
      role: 'public',
      cache: 'never',
      response: health,
      statuses: { 503: 'down; the body says which part' },
      handle: async () => {
        const json = await check();
        return new Reply({ status: json.status === 'down' ? 503 : 200, json });
      },
    }),
  );
}

/** Links to Prometheus's own page, as rules and templates make them, lead to ours. */
function graphRoute(): Route {
  return defineRoute({
    method: 'GET',
    path: '/graph',
    name: 'graph',
    summary: "Leads from an address of Prometheus's expression browser to the same query here",
    role: 'public',
    cache: 'never',
    query: z.object({ 'g0.expr': z.string().max(16_384).default('') }),
    response: 'text/plain',
    statuses: { 302: 'the page is elsewhere' },
    handle: ({ query }) => {
      const search = new URLSearchParams({ q: query['g0.expr'] });
      return new Reply({
        status: 302,
        headers: { Location: `/explore/metrics?${search.toString()}` },
        text: '',
        type: 'text/plain',
      });
    },
  });
}

function metricsRoute(services: ApiServices): Route {
  return defineRoute({
    method: 'GET',
    path: '/metrics',
    name: 'metrics',
    summary: "The server's own metrics, in Prometheus's text format or OpenMetrics",
    role: 'admin',
    cache: 'never',
    response: 'text/plain',
    handle: async ({ headers }) => {
      const wantsOpenMetrics = parseAccept(headers.accept).has('application/openmetrics-text');
      const { type, text } = await services.metrics(wantsOpenMetrics ? 'openmetrics' : 'prometheus');
      return new Reply({ type, text });
    },
  });
}
