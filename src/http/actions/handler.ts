import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { BellwetherError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { answer, answerJsonError, pathOf } from '../answer.ts';
import { type BodyBounds, bodyTooLarge, collect, recycle } from '../body.ts';
import type { MemoryBudget } from '../memory-budget.ts';

/** Path of the pages behind signed links; `:token` follows. */
export const actionPagePath = '/act/';
/** Where messengers report that a button was pressed. */
export const buttonPaths = { telegram: '/api/inbound/telegram', slack: '/api/inbound/slack' } as const;

/** Largest form, and largest report of a button. */
const MAX_BODY_BYTES = 256 * 1024;

export interface ActionAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** What people can do from a notification without logging in: a signature says that they may. */
export interface ActionService {
  /** A page for people. GET never changes anything: programs that preview links fetch them. */
  page(request: {
    readonly method: 'GET' | 'POST';
    readonly token: string;
    readonly form: URLSearchParams;
  }): Promise<ActionAnswer>;
  /** @param body exactly as it came, because it is signed. */
  button(
    messenger: 'telegram' | 'slack',
    headers: IncomingHttpHeaders,
    body: Uint8Array,
  ): Promise<ActionAnswer>;
}

export interface ActionHttpOptions {
  readonly actions: ActionService;
  readonly budget: MemoryBudget;
  readonly bounds: BodyBounds;
  readonly log?: Log;
}

export interface ActionHttpHandler {
  /** Label for the request metrics when the path (without query) is one of these, else undefined. */
  routeOf(path: string): string | undefined;
  /** Answers a request to such a path. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export function createActionHttp(options: ActionHttpOptions): ActionHttpHandler {
  return {
    routeOf,
    handle(request, response) {
      serve(options, request, response).catch((thrown: unknown) => {
        if (!(thrown instanceof BellwetherError))
          options.log?.error({ error: thrown }, 'a request from a notification failed');
        if (response.headersSent) response.destroy();
        else
          answerJsonError(request, response, thrown instanceof BellwetherError ? thrown : internal(thrown));
      });
    },
  };
}

function routeOf(path: string): string | undefined {
  if (path.startsWith(actionPagePath)) return `${actionPagePath}:token`;
  return Object.values(buttonPaths).find((one) => one === path);
}

async function serve(
  options: ActionHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Neither host nor origin counts: a signature is asked for, which no page of others can add, and no cookie. The pages send no
  // referrer, so that the token stays here, and browsers then call the origin of their form `null`.
  const result = await resultOf(options, request);
  answer(request, response, {
    status: result.status,
    headers: { 'Cache-Control': 'no-store', ...result.headers },
    body: Buffer.from(result.body),
  });
}

async function resultOf(options: ActionHttpOptions, request: IncomingMessage): Promise<ActionAnswer> {
  const path = pathOf(request.url);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (path === buttonPaths.telegram || path === buttonPaths.slack) {
    if (method !== 'POST') throw refusedMethod(request);
    const messenger = path === buttonPaths.slack ? 'slack' : 'telegram';
    return await options.actions.button(messenger, request.headers, await readBody(options, request));
  }
  if (method !== 'GET' && method !== 'POST') throw refusedMethod(request);
  const body = method === 'POST' ? await readBody(options, request) : new Uint8Array();
  const form = new URLSearchParams(Buffer.from(body).toString('utf8'));
  return await options.actions.page({ method, token: path.slice(actionPagePath.length), form });
}

/** A whole body as a copy of its own. */
async function readBody(
  { budget, bounds }: ActionHttpOptions,
  request: IncomingMessage,
): Promise<Uint8Array> {
  const maxBytes = Math.min(MAX_BODY_BYTES, bounds.maxBytes);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes, 'as announced');
  const lease = budget.lease();
  try {
    const received = await collect(request, { ...bounds, maxBytes }, lease);
    const copy = Uint8Array.from(received);
    recycle(received);
    return copy;
  } finally {
    lease.release();
  }
}

function refusedMethod(request: IncomingMessage): BellwetherError {
  return new BellwetherError({
    code: 'method_not_allowed',
    status: 405,
    message: `${request.method} is not possible here`,
  });
}

function internal(cause: unknown): BellwetherError {
  return new BellwetherError({
    code: 'internal',
    status: 500,
    message: 'the server failed to answer this request',
    hint: 'this is a bug in Bellwether; its log has the details',
    cause,
  });
}
