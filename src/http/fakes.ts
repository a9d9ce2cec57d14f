import net from 'node:net';
import type { Health, Session, Status } from '../contract/index.ts';
import type { Sender, SourceSignal, Submission, SubmitResult, Write } from '../ingest/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import type { Access, Principal } from './access.ts';
import type { AlertServices } from './alert-services.ts';
import { createLiveHub, type LiveHub } from './live.ts';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.ts';
import type { RequestFacts } from './meter.ts';
import { type HttpOptions, type HttpServers, openServers } from './servers.ts';
import type { ApiServices } from './services.ts';

/** Stand-ins for the parts behind the transports, for tests. Not part of the folder's public face. */

export const adminKey = 'bw_admin_fake';
export const ingestKey = 'bw_ingest_fake';
export const fakeNowMs = Date.UTC(2026, 10, 21, 12);

/** Remembers what was submitted and refused. */
export class FakeIntake {
  readonly submissions: Submission[] = [];
  readonly refusals: Array<{ sender: Sender; signal: SourceSignal; error: BellwetherError }> = [];
  answer: (submission: Submission) => Promise<SubmitResult> = async () => ({
    accepted: 1,
    rejected: 0,
    message: '',
  });

  submit(submission: Submission): Promise<SubmitResult> {
    this.submissions.push(submission);
    return this.answer(submission);
  }

  readonly writes: Write[] = [];

  write(write: Write): Promise<SubmitResult> {
    this.writes.push(write);
    return Promise.resolve({ accepted: 2, rejected: 0, message: '' });
  }

  refuse(sender: Sender, signal: SourceSignal, error: BellwetherError): void {
    this.refusals.push({ sender, signal, error });
  }

  refusalCodes(): string[] {
    return this.refusals.map(({ error }) => error.code);
  }
}

/** Two keys, and browser sessions in memory. */
export class FakeAccess implements Access {
  isRequired = false;
  readonly sessions = new Set<string>();
  readonly #principals: Readonly<Record<string, Principal>> = {
    [adminKey]: { kind: 'key', role: 'admin', name: 'boss' },
    [ingestKey]: { kind: 'key', role: 'ingest', name: 'laptop' },
  };

  isKeyRequired = (): boolean => this.isRequired;

  authenticate: Access['authenticate'] = async ({ key, session }) => {
    if (key !== undefined) return this.#principals[key] ?? null;
    if (session !== undefined && this.sessions.has(session))
      return { kind: 'session', role: 'admin', name: 'boss' };
    return this.isRequired ? null : { kind: 'loopback', role: 'admin', name: '' };
  };

  logIn: Access['logIn'] = async (key) => {
    const principal = this.#principals[key];
    if (principal === undefined) return undefined;
    if (principal.role !== 'admin') return { principal };
    this.sessions.add('token-1');
    return { principal, token: 'token-1', expiresAtMs: fakeNowMs + 60_000 };
  };

  logOut: Access['logOut'] = async (token) => {
    this.sessions.delete(token);
  };
}

export function fakeSession(sessionId: string): Session {
  return {
    session_id: sessionId,
    client: 'claude-code',
    client_version: '2.1.329',
    user: 'demo@example.com',
    models: ['claude-sonnet-5-5'],
    started_at: new Date(fakeNowMs - 60_000).toISOString(),
    last_event_at: new Date(fakeNowMs).toISOString(),
    state: 'running',
    cost_usd: 0.034414,
    cost_complete: true,
    input_tokens: 12,
    output_tokens: 64,
    cache_read_tokens: 0,
    cache_creation_tokens: 13_500,
    prompts: 1,
    api_requests: 1,
    api_errors: 0,
    tool_calls: 0,
    tool_failures: 0,
    edits_accepted: 0,
    edits_rejected: 0,
    lines_added: 0,
    lines_removed: 0,
    commits: 0,
    pull_requests: 0,
    active_time_s: 3.5,
    demo: false,
  };
}

const usageFigures = {
  cost_usd: 0,
  cost_complete: true,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_creation_tokens: 0,
  api_requests: 0,
  api_errors: 0,
  sessions: 0,
};
const overviewFigures = {
  ...usageFigures,
  tool_calls: 0,
  tool_failures: 0,
  prompts: 0,
  latency_p95_ms: null,
};

/** Answers with little data; tests overwrite single methods. */
export function fakeServices(): ApiServices & { health: { answer: Health } } {
  const healthy: Health = { status: 'ok', version: '0.0.0', uptime_s: 1, parts: { store: { status: 'ok' } } };
  const health = {
    answer: healthy,
    live: () => healthy,
    ready: async () => health.answer,
    startup: async () => health.answer,
  };
  const moment = new Date(fakeNowMs).toISOString();
  return {
    version: '0.0.0',
    listSessions: async () => ({ sessions: [fakeSession('s-1')], next_cursor: null }),
    getSession: async (id) =>
      id === 's-1' ? { ...fakeSession(id), timeline: [], timeline_truncated: false } : undefined,
    usage: async () => ({ total: usageFigures, groups: [], truncated: false }),
    overview: async () => ({
      from: moment,
      to: moment,
      step_ms: 60_000,
      current: overviewFigures,
      previous: overviewFigures,
      live: [],
      spend: { times: [], models: [] },
      series: {
        times: [],
        tokens: [],
        sessions: [],
        errors: [],
        requests: [],
        cache_hit: [],
        latency_p95_ms: [],
      },
    }),
    sources: () => ({ sources: [], truncated: false }),
    status: async (principal): Promise<Status> => ({
      version: '0.0.0',
      role: principal === null ? 'anonymous' : 'admin',
      auth_required: principal === null,
      has_data: false,
      has_sessions: false,
      ready: true,
      message: '',
      now: moment,
    }),
    onboarding: async (host) => ({
      otlp_http_url: `http://${host}`,
      otlp_grpc_url: `http://${host}`,
      key_required: false,
      env: [],
      shell: '',
      settings_json: '{}',
    }),
    health,
    // Routes of alerts are tested with the real services.
    alerts: {} as AlertServices,
    metrics: async (format) => ({ type: 'text/plain; version=0.0.4; charset=utf-8', text: `# ${format}\n` }),
  };
}

/** Answers with what it was asked. */
export function fakePrometheus(): HttpOptions['prometheus'] {
  const raw = (text: string) => ({ status: 200, headers: { 'Content-Type': 'text/plain' }, pieces: [text] });
  return {
    service: {
      async call({ endpoint, params, path }) {
        if (endpoint === 'status/config') return { data: undefined };
        if (params.get('query') === 'many') return { data: { pieces: manyPieces() } };
        if (params.get('query') === 'bad') {
          throw new BellwetherError({ code: 'bad_data', status: 400, message: '1:1: parse error: no' });
        }
        return {
          data: { json: { endpoint, path, query: params.getAll('query') } },
          warnings: ['w'],
          infos: [],
        };
      },
      federate: async (params) => raw(params.getAll('match[]').join()),
      remoteRead: async (body) => raw(String(body.length)),
      isReady: () => true,
      exportRange: async () => raw('export'),
    },
    writes: {
      handles: (path) => path === '/api/v1/write' || path.startsWith('/metrics/job/'),
      protocolOf: () => 'fake',
      prepare: ({ body }) => ({
        decode: () => {
          throw new Error('not decoded here');
        },
        answer: ({ accepted }) => ({ status: 204, headers: { 'X-Got': `${accepted} ${body.length}` } }),
      }),
    },
  };
}

function* manyPieces(): Generator<string> {
  yield '[';
  for (let i = 0; i < 20_000; i++) yield `${i === 0 ? '' : ','}"piece ${i}"`;
  yield ']';
}

export interface FakeServer {
  readonly servers: HttpServers;
  readonly intake: FakeIntake;
  readonly access: FakeAccess;
  readonly services: ReturnType<typeof fakeServices>;
  readonly live: LiveHub;
  readonly budget: MemoryBudget;
  readonly requests: RequestFacts[];
  readonly refusedConnections: string[];
  /** Base URLs without trailing slash. */
  readonly mainUrl: string;
  readonly otlpUrl: string;
  stop(): Promise<void>;
}

/** Whole transports on free ports, with fakes behind them. */
export async function startFakeServer(overrides: Partial<HttpOptions> = {}): Promise<FakeServer> {
  const intake = new FakeIntake();
  const access = new FakeAccess();
  const services = fakeServices();
  const live = createLiveHub({
    version: '0.0.0',
    clock: () => fakeNowMs,
    loadSessions: async (ids) => ids.map(fakeSession),
    bounds: { gatherMs: 5 },
  });
  const budget = overrides.budget ?? createMemoryBudget(256 * 1024 * 1024);
  const requests: RequestFacts[] = [];
  const refusedConnections: string[] = [];
  const anyPort = { host: '127.0.0.1', port: 0 };
  const servers = await openServers({
    intake,
    access,
    services,
    prometheus: fakePrometheus(),
    live,
    budget,
    bounds: { maxBytes: 1024 * 1024, idleMs: 5_000, totalMs: 10_000 },
    listen: anyPort,
    otlpHttpListen: anyPort,
    otlpGrpcListen: anyPort,
    allowedHosts: ['bell.example', '*.wether.example'],
    uiFolder: '/nonexistent',
    clock: () => fakeNowMs,
    checksAnswers: true,
    meter: {
      request: (facts) => requests.push(facts),
      connectionRefused: (_listener, reason) => refusedConnections.push(reason),
    },
    ...overrides,
  });
  return {
    servers,
    intake,
    access,
    services,
    live,
    budget,
    requests,
    refusedConnections,
    mainUrl: `http://127.0.0.1:${servers.main.port}`,
    otlpUrl: `http://127.0.0.1:${servers.otlpHttp!.port}`,
    stop: () => servers.stop(200),
  };
}

/** Everything a raw connection receives until the other side closes it. */
export function talk(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('close', () => resolve(Buffer.concat(pieces).toString()));
    socket.on('error', reject);
  });
}
