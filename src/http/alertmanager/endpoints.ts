/** Who may call. `alerts`: an ingest key is enough. */
export type AlertmanagerRole = 'admin' | 'alerts';

/** Endpoints below `/alertmanager/api/v2/` and `/api/v2/`, with the methods they take. */
export const alertmanagerEndpoints: readonly {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', AlertmanagerRole>>>;
  readonly summary: string;
}[] = [
  { path: 'status', methods: { GET: 'admin' }, summary: 'Version, start and configuration without secrets' },
  { path: 'receivers', methods: { GET: 'admin' }, summary: 'Names of the receivers' },
  { path: 'silences', methods: { GET: 'admin', POST: 'admin' }, summary: 'Silences; create or replace one' },
  { path: 'silence/:id', methods: { GET: 'admin', DELETE: 'admin' }, summary: 'One silence; end it' },
  { path: 'alerts', methods: { GET: 'admin', POST: 'alerts' }, summary: 'Active alerts; take alerts' },
  { path: 'alerts/groups', methods: { GET: 'admin' }, summary: 'Active alerts by group and receiver' },
];

/** The path that takes webhooks of others. */
export const inboundEndpoint = '/api/inbound/webhooks/:name';

const PREFIX = '/alertmanager';
const API = '/api/v2/';
const INBOUND = inboundEndpoint.slice(0, -':name'.length);

/** What a path (without query) asks for. */
export type AlertmanagerTarget =
  | {
      readonly kind: 'api';
      readonly endpoint: (typeof alertmanagerEndpoints)[number];
      readonly path: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unknown' | 'old_api' | 'healthy' | 'ready' | 'reload' }
  | { readonly kind: 'inbound'; readonly name: string };

/** Undefined: the path is none of Alertmanager's, nor of a webhook. */
export function findTarget(path: string): AlertmanagerTarget | undefined {
  if (path.startsWith(INBOUND)) {
    const name = decoded(path.slice(INBOUND.length).replace(/\/$/, ''));
    return name === '' || name.includes('/') ? undefined : { kind: 'inbound', name };
  }
  if (!path.startsWith(`${PREFIX}/`)) return apiTarget(path);
  const inner = path.slice(PREFIX.length);
  if (inner === '/-/healthy') return { kind: 'healthy' };
  if (inner === '/-/ready') return { kind: 'ready' };
  if (inner === '/-/reload') return { kind: 'reload' };
  if (inner.startsWith('/api/v1/')) return { kind: 'old_api' };
  return apiTarget(inner) ?? { kind: 'unknown' };
}

/** Label for the request metrics: never the path as it was sent. */
export function routeOfTarget(target: AlertmanagerTarget): string {
  switch (target.kind) {
    case 'api':
      return `${API}${target.endpoint.path}`;
    case 'inbound':
      return inboundEndpoint;
    default:
      return `${PREFIX}/${target.kind}`;
  }
}

function apiTarget(path: string): AlertmanagerTarget | undefined {
  if (!path.startsWith(API)) return undefined;
  const rest = path.slice(API.length).replace(/\/$/, '');
  const id = /^silence\/([^/]+)$/.exec(rest)?.[1];
  const wanted = id === undefined ? rest : 'silence/:id';
  const endpoint = alertmanagerEndpoints.find((one) => one.path === wanted);
  if (endpoint === undefined) return undefined;
  return { kind: 'api', endpoint, path: id === undefined ? {} : { id: decoded(id) } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoding: taken as it stands.
    return text;
  }
}
