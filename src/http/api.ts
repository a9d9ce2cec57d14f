import { createHash } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { BellwetherError } from '../lib/errors.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { type Access, credentialsOf, type Principal, unauthorized } from './access.ts';
import { addressOf, errorBodyOf, errorHeadersOf, pathOf } from './answer.ts';
import { encodeBody, parseAccept } from './encoding.ts';
import { createRouteFinder, Reply, type Route, type RouteContext } from './route.ts';
import type { StaticUi } from './static-ui.ts';

/** Bodies of the API are small; telemetry does not come this way. */
const MAX_BODY_BYTES = 256 * 1024;
const MAX_PARAM_LENGTH = 300;
const jsonContentType = 'application/json; charset=utf-8';

export interface ApiOptions {
  readonly routes: readonly Route[];
  readonly access: Access;
  readonly ui: StaticUi;
  readonly clock: () => number;
  readonly log?: Log;
  /** Also checks answers against their schema: for tests, since it costs time and finds only our own mistakes. */
  readonly checksAnswers?: boolean;
}

/** The API and the interface on Fastify, made from the route table. Feed it requests through `routing`. */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const { log = silentLog } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error, request, reply) =>
      sendError(log, error, request as FastifyRequest, reply as FastifyReply),
  });
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error, request, reply) => sendError(log, error, request, reply));
  const findRoutes = createRouteFinder(options.routes);
  app.setNotFoundHandler((request, reply) => serveRest(options.ui, findRoutes, request, reply));
  for (const route of options.routes) {
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const result = await callRoute(options, route, request);
        return send(route, result, request, reply);
      },
    });
  }
  await app.ready();
  return app;
}

async function callRoute(options: ApiOptions, route: Route, request: FastifyRequest): Promise<Reply> {
  const credentials = credentialsOf(request.headers);
  const principal = await options.access.authenticate(credentials);
  checkAccess(route, principal, credentials.key !== undefined, () => unauthorized(credentials));
  const context: RouteContext = {
    query: validate(route.query, request.query, 'parameter'),
    params: validate(route.params, request.params, 'path parameter'),
    body: validate(route.body, request.body ?? {}, 'field'),
    principal,
    credentials,
    headers: request.headers,
    address: addressOf(request.raw.socket),
    nowMs: options.clock(),
  };
  const result = await route.handle(context as RouteContext<never, never, never>);
  const reply = result instanceof Reply ? result : new Reply({ json: result });
  if (options.checksAnswers && typeof route.response !== 'string' && 'json' in reply.content) {
    route.response.parse(reply.content.json);
  }
  return reply;
}

/** A wrong key is an error even where none is needed: whoever sends one means it. */
function checkAccess(
  route: Route,
  principal: Principal | null,
  isKeyShown: boolean,
  refusal: () => BellwetherError,
): void {
  if (principal === null) {
    if (route.role !== 'public' || isKeyShown) throw refusal();
    return;
  }
  if (route.role === 'admin' && principal.role !== 'admin') {
    throw new BellwetherError({
      code: 'admin_key_needed',
      status: 403,
      message: 'this key may only write telemetry',
      hint: 'use an admin key; `bellwether keys create --role admin` makes one',
    });
  }
}

function validate(schema: z.ZodObject | undefined, value: unknown, kind: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const name = issue.path.join('.') || 'body';
  const description = (schema.shape[String(issue.path[0])] as z.ZodType | undefined)?.description;
  throw new BellwetherError({
    code: 'bad_parameter',
    status: 400,
    message: `${kind} ${name}: ${issue.message}`,
    hint: description,
  });
}

async function send(
  route: Route,
  { status, headers, content }: Reply,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if ('stream' in content) {
    if (request.method === 'HEAD') return reply.code(200).type(String(route.response)).send();
    reply.hijack();
    content.stream(request.raw, reply.raw);
    return reply;
  }
  const isJson = 'json' in content;
  const plain = Buffer.from(isJson ? JSON.stringify(content.json) : content.text);
  reply.code(status).headers({ ...headers, 'Content-Type': isJson ? jsonContentType : content.type });
  if (route.cache === 'revalidate' && status === 200) {
    // Weak, because the same answer may travel compressed or plain.
    const etag = `W/"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    reply.headers({ ETag: etag, 'Cache-Control': 'private, no-cache' });
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  } else {
    reply.header('Cache-Control', 'no-store');
  }
  const { body, coding } = await encodeBody(plain, request.headers['accept-encoding']);
  reply.header('Vary', 'Accept-Encoding');
  if (coding !== undefined) reply.header('Content-Encoding', coding);
  return reply.send(body);
}

/** What no route answers: a page or asset, a wrong method, or nothing. */
async function serveRest(
  ui: StaticUi,
  findRoutes: (path: string) => readonly Route[],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = pathOf(request.raw.url);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const isInterface = !/^\/(api|health|metrics|v1)(\/|$)/.test(path);
  if (isRead && isInterface && (await ui.serve(request.raw, reply.raw))) {
    reply.hijack();
    return reply;
  }
  const methods = findRoutes(path).map((route) => route.method);
  if (methods.length > 0) reply.header('Allow', methods.join(', '));
  throw methods.length > 0
    ? methodNotAllowed(request.method, methods)
    : notFound(path, request.headers.accept);
}

function methodNotAllowed(method: string, methods: readonly string[]): BellwetherError {
  return new BellwetherError({
    code: 'method_not_allowed',
    status: 405,
    message: `${method} is not possible here`,
    hint: `use ${methods.join(' or ')}`,
  });
}

function notFound(path: string, accept: string | undefined): BellwetherError {
  const isPage = parseAccept(accept).has('text/html');
  return new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is nothing at ${JSON.stringify(path.slice(0, 200))}`,
    hint: isPage ? 'the interface begins at /' : 'GET /api/openapi.json lists what there is',
  });
}

function sendError(log: Log, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toBellwether(thrown, request.id);
  if (error.status >= 500) {
    log.error({ error: thrown, request: request.id, route: request.routeOptions.url }, 'a request failed');
  }
  return reply
    .code(error.status)
    .headers({ ...errorHeadersOf(error), 'Content-Type': jsonContentType })
    .send(Buffer.from(JSON.stringify(errorBodyOf(error))));
}

/** Fastify's own errors (a body too large, broken JSON) keep their status; whatever else is not ours is a bug. */
function toBellwether(thrown: unknown, requestId: string): BellwetherError {
  if (thrown instanceof BellwetherError) return thrown;
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new BellwetherError({
      code: 'bad_request',
      status: statusCode,
      message: message ?? 'bad request',
    });
  }
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to answer this request',
    hint: `this is a bug in Bellwether; its log has the details under request ${requestId}`,
    cause: thrown,
  });
}
