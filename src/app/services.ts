import type { Config } from '../config/index.ts';
import type { Status } from '../contract/index.ts';
import type { AlertServices, ApiServices, Principal } from '../http/index.ts';
import type { SourceRegistry } from '../ingest/index.ts';
import { isLoopback, parseListen } from '../lib/listen.ts';
import type { AgentQueries } from '../query/agents/index.ts';
import { addProcessMetrics, type HealthChecks, type ServerMetrics, summarize } from '../self/index.ts';
import { type OnboardingFacts, onboardingOf } from './onboarding.ts';

export interface ServiceParts {
  readonly version: string;
  readonly config: Config;
  readonly isKeyRequired: boolean;
  readonly queries: AgentQueries;
  readonly sources: SourceRegistry;
  readonly health: HealthChecks;
  readonly metrics: ServerMetrics;
  readonly alerts: AlertServices;
  /** Ports that are open, known after listening; 0 before. */
  readonly ports: () => { readonly main: number; readonly otlpHttp?: number; readonly otlpGrpc?: number };
}

/** What the HTTP API answers from. */
export function createServices(parts: ServiceParts): ApiServices {
  const { version, queries, sources, health, metrics } = parts;
  const text = (range: { fromMs: number; toMs: number }) => ({
    from: String(range.fromMs),
    to: String(range.toMs),
  });
  const sessionsSeen = rememberTrue(() => queries.hasSessions());
  addProcessMetrics(metrics.registry);
  return {
    version,
    listSessions: ({ limit, cursor, q, nowMs, ...range }) =>
      queries.listSessions({ ...text(range), limit, cursor, q }, nowMs),
    getSession: (sessionId, nowMs) => queries.getSession(sessionId, nowMs),
    usage: ({ groupBy, nowMs, ...range }) => queries.usage({ ...text(range), group_by: groupBy }, nowMs),
    overview: ({ nowMs, ...range }) => queries.overview(text(range), nowMs),
    sources: (nowMs) => sources.list(nowMs),
    status: async (principal, nowMs) => {
      const ready = await health.ready();
      return statusOf({ parts, principal, nowMs, ready, hasSessions: await sessionsSeen() });
    },
    onboarding: async (host) => onboardingOf(onboardingFacts(parts, host)),
    health,
    alerts: parts.alerts,
    metrics: async (format) => metrics.registry.text(format),
  };
}

/** Asks until the answer was true once; a question that fails is a no for now. */
function rememberTrue(ask: () => Promise<boolean>): () => Promise<boolean> {
  let isKnown = false;
  return async () => {
    // The store may be away; the status page says so elsewhere.
    if (!isKnown) isKnown = await ask().catch(() => false);
    return isKnown;
  };
}

interface StatusParts {
  readonly parts: ServiceParts;
  readonly principal: Principal | null;
  readonly nowMs: number;
  readonly ready: Awaited<ReturnType<HealthChecks['ready']>>;
  readonly hasSessions: boolean;
}

function statusOf({ parts, principal, nowMs, ready, hasSessions }: StatusParts): Status {
  const isAdmin = principal?.role === 'admin';
  return {
    version: parts.version,
    role: isAdmin ? 'admin' : 'anonymous',
    auth_required: parts.isKeyRequired,
    has_data: hasSessions || parts.sources.hasAccepted(),
    has_sessions: hasSessions,
    ready: ready.status !== 'down',
    message: isAdmin ? summarize(ready) : '',
    now: new Date(nowMs).toISOString(),
  };
}

/** Addresses that work from where somebody sits who reached this server at `host`. */
export function onboardingFacts(
  { config, isKeyRequired, ports }: Pick<ServiceParts, 'config' | 'isKeyRequired' | 'ports'>,
  host: string,
): OnboardingFacts {
  const { public_url } = config.server;
  const open = ports();
  const base = new URL(public_url ?? `http://${host || `127.0.0.1:${open.main}`}`);
  // A listener on loopback cannot be reached by somebody who came by another address; the main port takes OTLP too.
  const { http_listen, grpc_listen } = config.otlp;
  const isNear = isLoopback(base.hostname.replace(/^\[(.*)\]$/, '$1'));
  const at = (port: number | undefined, address: string) =>
    port === undefined || (!isNear && isLoopback(parseListen(address).host))
      ? ''
      : `http://${base.hostname}:${port}`;
  // Behind a public address only that one is known to be reachable; OTLP is answered there too.
  const otlpHttpUrl = public_url?.replace(/\/$/, '') ?? (at(open.otlpHttp, http_listen) || base.origin);
  return {
    otlpHttpUrl,
    otlpGrpcUrl: public_url === undefined ? at(open.otlpGrpc, grpc_listen) : '',
    isKeyRequired,
  };
}

/** Addresses to open, from the configuration. */
export function portsToOpen({ server, otlp }: Config) {
  const orOff = (address: string) => (address === 'off' ? undefined : parseListen(address));
  return {
    listen: parseListen(server.listen),
    otlpHttpListen: orOff(otlp.http_listen),
    otlpGrpcListen: orOff(otlp.grpc_listen),
  };
}
