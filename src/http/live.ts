import type { ServerResponse } from 'node:http';
import type { LiveEvent, Session } from '../contract/index.ts';
import { BellwetherError, messageOf } from '../lib/errors.ts';
import { type Log, silentLog } from '../lib/log.ts';

/** Bounds of the live stream. */
export interface LiveBounds {
  /** Streams at once; further ones get 503. */
  readonly maxClients: number;
  /** Bytes waiting for a client that reads too slowly; beyond it the client is cut off and told to come back. */
  readonly maxQueueBytes: number;
  /** Touched sessions that wait; beyond it further ones are dropped and counted. */
  readonly maxPending: number;
  /** Sessions per query. */
  readonly maxPerLoad: number;
  /** Touches are gathered for this long. */
  readonly gatherMs: number;
  readonly heartbeatMs: number;
  /** A stream ends after this time and the browser opens a new one, so that revoked access ends too. */
  readonly maxAgeMs: number;
}

export const defaultLiveBounds: LiveBounds = {
  maxClients: 200,
  maxQueueBytes: 1024 * 1024,
  maxPending: 2_000,
  maxPerLoad: 200,
  gatherMs: 300,
  heartbeatMs: 15_000,
  maxAgeMs: 3_600_000,
};

const RECONNECT_MS = 2_000;
const RECONNECT_SLOW_MS = 10_000;
const RETRY_LOAD_MS = 1_000;

export interface LiveHubOptions {
  readonly version: string;
  /** Sessions by id; unknown ids are left out. Called with at most `maxPerLoad` ids, one call at a time. */
  readonly loadSessions: (sessionIds: readonly string[]) => Promise<readonly Session[]>;
  /** Alerts that fire and are not suppressed, asked when they are told of. */
  readonly firing?: () => number;
  readonly clock: () => number;
  readonly log?: Log;
  readonly bounds?: Partial<LiveBounds>;
}

/** Sends what changes to every open browser: one stream per tab with all topics. */
export interface LiveHub {
  /** @throws BellwetherError 503 when no further stream can be opened. */
  checkRoom(): void;
  /** Turns a response into an event stream that ends with the connection. */
  attach(response: ServerResponse): void;
  /**
   * Says that sessions changed. Call it when the change can be read, not before; costs nothing while nobody listens. Within
   * `gatherMs` and the time of one query every listener has the new state.
   */
  touch(sessionIds: Iterable<string>): void;
  sourcesChanged(): void;
  /** Says that alerts, silences or acknowledgements changed. */
  alertsChanged(): void;
  /** Says whether the server is ready; sent when it changed, and to everybody who comes. */
  setStatus(status: { ready: boolean; message: string }): void;
  readonly clients: number;
  /** Touches that were dropped because too many waited. */
  readonly droppedTouches: number;
  /** Ends all streams. */
  close(): void;
}

export function createLiveHub(options: LiveHubOptions): LiveHub {
  const bounds = { ...defaultLiveBounds, ...options.bounds };
  const room = createRoom(bounds);
  const sessions = createSessionFeed(options, bounds, room);
  const now = () => new Date(options.clock()).toISOString();
  const sources = createSignal(room, bounds, () => ({ type: 'sources', at: now() }));
  const alerts = createSignal(room, bounds, () => ({
    type: 'alerts',
    firing: options.firing?.() ?? 0,
    at: now(),
  }));
  let status = { ready: true, message: '' };

  return {
    checkRoom() {
      if (room.clientCount >= bounds.maxClients) throw tooManyStreams(bounds.maxClients);
    },
    attach(response) {
      room.enter(response, [
        { type: 'hello', version: options.version, at: now() },
        { type: 'status', ...status },
      ]);
    },
    touch: sessions.touch,
    sourcesChanged: sources.raise,
    alertsChanged: alerts.raise,
    setStatus(next) {
      if (next.ready === status.ready && next.message === status.message) return;
      status = { ready: next.ready, message: next.message };
      room.broadcast({ type: 'status', ...status });
    },
    get clients() {
      return room.clientCount;
    },
    get droppedTouches() {
      return sessions.dropped();
    },
    close() {
      sources.close();
      alerts.close();
      sessions.close();
      room.close();
    },
  };
}

/** One event for everything that changes within the time of gathering, while somebody listens. */
function createSignal(
  room: Room,
  { gatherMs }: LiveBounds,
  event: () => LiveEvent,
): { raise(): void; close(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    raise() {
      if (room.clientCount === 0 || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        room.broadcast(event());
      }, gatherMs);
    },
    close: () => clearTimeout(timer),
  };
}

interface SessionFeed {
  touch(sessionIds: Iterable<string>): void;
  dropped(): number;
  close(): void;
}

/** Gathers touched ids and loads them, one query at a time, only while somebody listens. */
function createSessionFeed(options: LiveHubOptions, bounds: LiveBounds, room: Room): SessionFeed {
  const { log = silentLog } = options;
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isLoading = false;
  let dropped = 0;

  function schedule(delayMs: number): void {
    if (timer !== undefined || isLoading || pending.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      void load();
    }, delayMs);
  }

  async function load(): Promise<void> {
    const ids = [...pending].slice(0, bounds.maxPerLoad);
    for (const id of ids) pending.delete(id);
    if (room.clientCount === 0) return pending.clear();
    isLoading = true;
    let nextMs = bounds.gatherMs;
    try {
      const sessions = await options.loadSessions(ids);
      if (sessions.length > 0) room.broadcast({ type: 'sessions', sessions: [...sessions] });
    } catch (error) {
      log.warn(
        { error: messageOf(error), sessions: ids.length },
        'sessions for the live stream could not be read',
      );
      add(ids);
      nextMs = RETRY_LOAD_MS;
    }
    isLoading = false;
    schedule(nextMs);
  }

  function add(ids: Iterable<string>): void {
    for (const id of ids) {
      if (pending.size < bounds.maxPending || pending.has(id)) pending.add(id);
      else dropped++;
    }
  }

  return {
    touch(ids) {
      if (room.clientCount === 0) return;
      add(ids);
      schedule(bounds.gatherMs);
    },
    dropped: () => dropped,
    close() {
      clearTimeout(timer);
      pending.clear();
    },
  };
}

interface Room {
  readonly clientCount: number;
  enter(response: ServerResponse, first: readonly LiveEvent[]): void;
  broadcast(event: LiveEvent): void;
  close(): void;
}

/** The open streams. */
function createRoom(bounds: LiveBounds): Room {
  const clients = new Map<ServerResponse, NodeJS.Timeout>();
  let heartbeat: NodeJS.Timeout | undefined;

  function send(response: ServerResponse, text: string): void {
    if (response.writableLength > bounds.maxQueueBytes) leave(response, RECONNECT_SLOW_MS);
    else response.write(text);
  }

  function leave(response: ServerResponse, reconnectMs: number): void {
    forget(response);
    response.end(`retry: ${reconnectMs}\n\n`);
    // A client that does not read would keep the connection, and what waits for it, for ever.
    setTimeout(() => response.destroy(), RETRY_LOAD_MS).unref();
  }

  function forget(response: ServerResponse): void {
    clearTimeout(clients.get(response));
    clients.delete(response);
    if (clients.size > 0) return;
    clearInterval(heartbeat);
    heartbeat = undefined;
  }

  function sendAll(text: string): void {
    for (const response of clients.keys()) send(response, text);
  }

  return {
    get clientCount() {
      return clients.size;
    },
    enter(response, first) {
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      });
      clients.set(
        response,
        setTimeout(() => leave(response, RECONNECT_MS), bounds.maxAgeMs),
      );
      response.once('close', () => forget(response));
      response.write(`retry: ${RECONNECT_MS}\n\n${first.map(format).join('')}`);
      heartbeat ??= setInterval(() => sendAll(': still here\n\n'), bounds.heartbeatMs);
    },
    broadcast: (event) => sendAll(format(event)),
    close() {
      for (const response of [...clients.keys()]) leave(response, RECONNECT_MS);
    },
  };
}

/** JSON has no raw line breaks, so one data line holds it. */
function format(event: LiveEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function tooManyStreams(maxClients: number): BellwetherError {
  return new BellwetherError({
    code: 'too_many_streams',
    status: 503,
    retryAfterS: 30,
    message: `${maxClients} live streams are open, which is the limit`,
    hint: 'close other tabs, or wait until one closes',
  });
}
