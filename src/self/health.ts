import type { Health } from '../contract/index.ts';
import { messageOf } from '../lib/errors.ts';

type HealthStatus = Health['status'];
type HealthPart = Health['parts'][string];

/** Longest time one part may take; under the second a health check may take in total. */
const DEFAULT_PROBE_MS = 800;
/** Answers are reused for this long, so that many callers cost one round of probes. */
const REUSE_MS = 250;

export interface ProbeResult {
  readonly status: HealthStatus;
  /** One sentence; needed unless all is well. */
  readonly message?: string;
}

/** One part of the server whose health is asked for. */
export interface HealthProbe {
  /** `store`, `spool`, `state`, `disk`, `otlp_http`, `otlp_grpc`. */
  readonly name: string;
  /** When such a part is down, the server is not ready; another one makes it degraded. */
  readonly isEssential: boolean;
  /** What it throws becomes `down` with its message. */
  readonly check: () => ProbeResult | Promise<ProbeResult>;
}

export interface HealthOptions {
  readonly version: string;
  readonly probes: readonly HealthProbe[];
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly probeMs?: number;
  /** Told after a round in which the whole changed. */
  readonly onChange?: (health: Health) => void;
}

/** Answers the three health questions, each within a second whatever the parts do. */
export interface HealthChecks {
  live(): Health;
  ready(): Promise<Health>;
  startup(): Promise<Health>;
  /** The parts of the start are over: until then `startup` and `ready` say `down`. */
  markStarted(): void;
}

interface ProbeState {
  readonly probe: HealthProbe;
  /** A check that has not come back; no second one is started beside it. */
  pending: Promise<ProbeResult> | undefined;
  status: HealthStatus | undefined;
  sinceMs: number;
}

export function createHealth(options: HealthOptions): HealthChecks {
  const { clock, version, probeMs = DEFAULT_PROBE_MS } = options;
  const startedAtMs = clock();
  const states = options.probes.map(
    (probe): ProbeState => ({ probe, pending: undefined, status: undefined, sinceMs: startedAtMs }),
  );
  let isStarted = false;
  let wasReady = false;
  let round: { atMs: number; result: Promise<Health> } | undefined;
  let last = '';

  const base = () => ({ version, uptime_s: Math.max(0, (clock() - startedAtMs) / 1000) });

  async function ask(): Promise<Health> {
    const parts: Record<string, HealthPart> = {};
    let status: HealthStatus = isStarted ? 'ok' : 'down';
    const results = await Promise.all(states.map((state) => runProbe(state, probeMs)));
    for (const [i, result] of results.entries()) {
      const state = states[i]!;
      parts[state.probe.name] = toPart(state, result, clock());
      status = worse(
        status,
        result.status === 'down' && !state.probe.isEssential ? 'degraded' : result.status,
      );
    }
    if (!isStarted) parts.start = { status: 'down', message: 'the server is still starting' };
    if (status !== 'down') wasReady = true;
    const answer: Health = { status, ...base(), parts };
    report(answer);
    return answer;
  }

  function report(answer: Health): void {
    const summary = `${answer.status} ${summarize(answer)}`;
    if (summary === last) return;
    last = summary;
    options.onChange?.(answer);
  }

  function ready(): Promise<Health> {
    const nowMs = clock();
    if (round === undefined || nowMs - round.atMs > REUSE_MS || nowMs < round.atMs) {
      round = { atMs: nowMs, result: ask() };
    }
    return round.result;
  }

  return {
    live: () => ({ status: 'ok', ...base(), parts: { process: { status: 'ok' } } }),
    ready,
    async startup() {
      if (wasReady) return { status: 'ok', ...base(), parts: { start: { status: 'ok' } } };
      return ready();
    },
    markStarted() {
      isStarted = true;
      round = undefined;
    },
  };
}

/** One sentence about what is not well; empty when all is. */
export function summarize({ parts }: Health): string {
  return Object.entries(parts)
    .filter(([, part]) => part.status !== 'ok')
    .map(([name, part]) => `${name}: ${part.message ?? part.status}`)
    .join('; ');
}

async function runProbe(state: ProbeState, probeMs: number): Promise<ProbeResult> {
  state.pending ??= Promise.resolve()
    .then(state.probe.check)
    .catch((error: unknown): ProbeResult => ({ status: 'down', message: messageOf(error) }))
    .finally(() => {
      state.pending = undefined;
    });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ status: 'down', message: `no answer within ${probeMs} ms` }), probeMs);
  });
  const result = await Promise.race([state.pending, late]);
  clearTimeout(timer);
  return result;
}

function toPart(state: ProbeState, result: ProbeResult, nowMs: number): HealthPart {
  if (state.status !== result.status) {
    state.status = result.status;
    state.sinceMs = nowMs;
  }
  return {
    status: result.status,
    ...(result.message !== undefined && { message: result.message }),
    since: new Date(state.sinceMs).toISOString(),
  };
}

function worse(a: HealthStatus, b: HealthStatus): HealthStatus {
  const order: readonly HealthStatus[] = ['ok', 'degraded', 'down'];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}
