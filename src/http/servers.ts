import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { IngestPipeline } from '../ingest/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { type Access, credentialsOf } from './access.ts';
import { type ActionHttpHandler, type ActionService, createActionHttp } from './actions/index.ts';
import {
  type AlertmanagerHttpHandler,
  type AlertmanagerService,
  createAlertmanagerHttp,
  type InboundService,
} from './alertmanager/index.ts';
import { answerJsonError, pathOf } from './answer.ts';
import { type ApiOptions, createApi } from './api.ts';
import { type ConnectionBounds, type Listener, openListener } from './listener.ts';
import type { LiveHub } from './live.ts';
import { type HttpMeter, noMeter } from './meter.ts';
import { openOtlpGrpc } from './otlp-grpc.ts';
import {
  createOtlpHttpHandler,
  internalError,
  methodLabel,
  type OtlpHttpHandler,
  type OtlpOptions,
} from './otlp-http.ts';
import {
  createPrometheusHttp,
  type PrometheusHttpHandler,
  type PrometheusService,
  type PrometheusWrites,
} from './prometheus/index.ts';
import { createRouteFinder, type Route } from './route.ts';
import { createRoutes } from './routes.ts';
import { createHostGuard, type HostGuard, setSecurityHeaders } from './security.ts';
import type { ApiServices } from './services.ts';
import { createStaticUi } from './static-ui.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface HttpOptions
  extends Omit<OtlpOptions, 'authenticate'>,
    Pick<ApiOptions, 'clock' | 'checksAnswers'> {
  readonly intake: Pick<IngestPipeline, 'submit' | 'refuse' | 'write'>;
  readonly prometheus: { readonly service: PrometheusService; readonly writes: PrometheusWrites };
  /** Undefined: its paths do not exist. */
  readonly alertmanager?: AlertmanagerService | undefined;
  /** Undefined: no webhooks are taken. */
  readonly inbound?: InboundService | undefined;
  /** Undefined: notifications have no buttons and no signed links. */
  readonly actions?: ActionService | undefined;
  readonly listen: ListenAddress;
  /** Undefined: off. */
  readonly otlpHttpListen: ListenAddress | undefined;
  readonly otlpGrpcListen: ListenAddress | undefined;
  readonly allowedHosts: readonly string[];
  readonly access: Access;
  readonly services: ApiServices;
  readonly live: LiveHub;
  /** Folder of the built interface. */
  readonly uiFolder: string;
  readonly connectionBounds?: Partial<ConnectionBounds>;
}

/** The open ports. */
export interface HttpServers {
  readonly main: Listener;
  readonly otlpHttp: Listener | undefined;
  readonly otlpGrpc: Listener | undefined;
  /** Stops accepting, ends live streams and idle connections, lets requests finish for up to `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Opens the ports of the server: API, interface and OTLP on the main one, OTLP alone on two more.
 *
 * @throws BellwetherError `cannot_listen`; ports opened before are closed again.
 */
export async function openServers(options: HttpOptions): Promise<HttpServers> {
  const { listen, otlpHttpListen, otlpGrpcListen, access, live } = options;
  const listenHosts = [listen, otlpHttpListen, otlpGrpcListen].flatMap((address) => address?.host ?? []);
  const guard = createHostGuard({ listenHosts, allowedHosts: options.allowedHosts });
  const otlpOptions = { ...options, authenticate: access.authenticate, guard };
  const otlp = createOtlpHttpHandler(otlpOptions);
  const prometheus = createPrometheusHttp({ ...otlpOptions, ...options.prometheus });
  const alertmanager = createAlertmanagerHttp(otlpOptions);
  const actions = options.actions && createActionHttp({ ...otlpOptions, actions: options.actions });
  const routes = createRoutes(options);
  const api = await createApi({ ...options, routes, ui: createUi(options) });
  const parts = { guard, otlp, prometheus, alertmanager, actions, api, routes };
  const common = { bounds: options.connectionBounds, meter: options.meter };
  const opened: Listener[] = [];
  const open = async (listener: Promise<Listener>): Promise<Listener> => {
    opened.push(await listener);
    return opened.at(-1)!;
  };
  const stop = async (graceMs: number): Promise<void> => {
    live.close();
    await Promise.all(opened.map((listener) => listener.stop(graceMs)));
    await api.close();
  };
  try {
    const main = createMainHandler({ ...parts, meter: options.meter });
    return {
      main: await open(openListener({ ...common, ...listen, name: 'main', handle: main })),
      otlpHttp:
        otlpHttpListen &&
        (await open(
          openListener({ ...common, ...otlpHttpListen, name: 'otlp_http', handle: onlyOtlp(otlp) }),
        )),
      otlpGrpc: otlpGrpcListen && (await open(openOtlpGrpc({ ...otlpOptions, ...otlpGrpcListen }))),
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function createUi(options: HttpOptions): ReturnType<typeof createStaticUi> {
  const { access, services, clock } = options;
  return createStaticUi({
    folder: options.uiFolder,
    boot: async (request) => {
      const principal = await access.authenticate(credentialsOf(request.headers));
      return { status: await services.status(principal, clock()) };
    },
  });
}

interface MainHandlerParts {
  readonly guard: HostGuard;
  readonly otlp: OtlpHttpHandler;
  readonly prometheus: PrometheusHttpHandler;
  readonly alertmanager: AlertmanagerHttpHandler;
  readonly actions: ActionHttpHandler | undefined;
  readonly api: FastifyInstance;
  readonly routes: readonly Route[];
  readonly meter: HttpMeter | undefined;
}

/** OTLP goes straight to its handler, everything else to the API after host and origin were checked. */
function createMainHandler(parts: MainHandlerParts) {
  const { guard, otlp, prometheus, alertmanager, actions, api, routes, meter = noMeter } = parts;
  const others = [prometheus, alertmanager, ...(actions === undefined ? [] : [actions])];
  const findRoutes = createRouteFinder(routes);
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (otlp.handles(pathOf(request.url))) {
      otlp.handle('main', request, response);
      return;
    }
    const startMs = performance.now();
    const path = pathOf(request.url);
    const foreign = others.find((handler) => handler.routeOf(path) !== undefined);
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 499;
      const durationS = (performance.now() - startMs) / 1000;
      const route = foreign?.routeOf(path) ?? findRoutes(path)[0]?.path ?? 'other';
      meter.request({ listener: 'main', route, method: methodLabel(request.method), status, durationS });
    });
    setSecurityHeaders(response);
    if (foreign !== undefined) {
      foreign.handle(request, response);
      return;
    }
    try {
      guard.check(request.headers, { isKeyShown: credentialsOf(request.headers).key !== undefined });
    } catch (error) {
      const refusal = error instanceof BellwetherError ? error : internalError(error);
      answerJsonError(request, response, refusal);
      return;
    }
    if (request.headers.expect !== undefined) response.writeContinue();
    api.routing(request, response);
  };
}

function onlyOtlp(otlp: OtlpHttpHandler) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (otlp.handles(pathOf(request.url))) otlp.handle('otlp_http', request, response);
    else otlp.handleUnknown(request, response);
  };
}
