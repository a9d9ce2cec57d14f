import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Credentials, Principal } from './access.ts';

/** Who may use a route. `public`: anybody. `admin`: an admin key, a browser session, or loopback when no key is needed. */
export type RouteRole = 'public' | 'admin';

/** What a handler gets; every part is validated. */
export interface RouteContext<Q = unknown, P = unknown, B = unknown> {
  readonly query: Q;
  readonly params: P;
  readonly body: B;
  /** Null only on public routes. */
  readonly principal: Principal | null;
  readonly credentials: Credentials;
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
  /** The moment of the request, epoch milliseconds; every relative time in it counts from here. */
  readonly nowMs: number;
}

/**
 * One line of the API: from it are derived validation, access, OpenAPI and the reference page.
 *
 * @example
 * defineRoute({
 *   method: 'GET', path: '/api/usage', name: 'usage', summary: 'Cost and tokens by group', role: 'admin',
 *   query: usageQuery, response: usage, handle: ({ query }) => services.usage(query),
 * });
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Parameters as `:name`. */
  readonly path: string;
  /** Operation id. */
  readonly name: string;
  readonly summary: string;
  readonly role: RouteRole;
  readonly query: z.ZodObject | undefined;
  readonly params: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  /** Schema of the JSON answer, or the media type of one that is not JSON. */
  readonly response: z.ZodType | string;
  /** `revalidate`: entity tag, the client asks each time. `never`: no-store. */
  readonly cache: 'revalidate' | 'never';
  /** Statuses besides 200 and the errors of every route. */
  readonly statuses: Readonly<Record<number, string>>;
  /** A plain value is the JSON answer with status 200. */
  readonly handle: (context: RouteContext<never, never, never>) => unknown;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

export function defineRoute<
  Q extends z.ZodObject | undefined = undefined,
  P extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
  R extends z.ZodType | string = z.ZodType | string,
>(route: {
  method: 'GET' | 'POST';
  path: string;
  name: string;
  summary: string;
  role: RouteRole;
  query?: Q;
  params?: P;
  body?: B;
  response: R;
  cache?: 'revalidate' | 'never';
  statuses?: Readonly<Record<number, string>>;
  handle: (
    context: RouteContext<Parsed<Q>, Parsed<P>, Parsed<B>>,
  ) => RouteResult<R> | Promise<RouteResult<R>>;
}): Route {
  return {
    query: undefined,
    params: undefined,
    body: undefined,
    cache: 'revalidate',
    statuses: {},
    ...route,
  };
}

type RouteResult<R> = Reply | (R extends z.ZodType ? z.output<R> : never);

/** An answer that is more than a JSON value with status 200. */
export class Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly content: ReplyContent;
  constructor(fields: { status?: number; headers?: OutgoingHttpHeaders } & ReplyContent) {
    this.status = fields.status ?? 200;
    this.headers = fields.headers ?? {};
    this.content = fields;
  }
}

export type ReplyContent =
  | { readonly json: unknown }
  | { readonly text: string; readonly type: string }
  /** Takes the response over and ends it some time. */
  | { readonly stream: (request: IncomingMessage, response: ServerResponse) => void };

/** Finds the routes, of any method, that a path (without query) belongs to. */
export function createRouteFinder(routes: readonly Route[]): (path: string) => readonly Route[] {
  const patterns = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  return (path) => patterns.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}/?$`);
}
