import type {
  Health,
  Onboarding,
  Overview,
  SessionDetail,
  SessionList,
  SourceList,
  Status,
  Usage,
  UsageGroupBy,
} from '../contract/index.ts';
import type { TimeRange } from '../lib/time.ts';
import type { Principal } from './access.ts';
import type { AlertServices } from './alert-services.ts';

export interface SessionSearch extends TimeRange {
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly q: string | undefined;
  readonly nowMs: number;
}

/** What the API answers from; the composition root plugs the parts in. */
export interface ApiServices {
  readonly version: string;
  listSessions(search: SessionSearch): Promise<SessionList>;
  /** Undefined when there is no such session. */
  getSession(sessionId: string, nowMs: number): Promise<SessionDetail | undefined>;
  usage(query: TimeRange & { groupBy: UsageGroupBy; nowMs: number }): Promise<Usage>;
  overview(query: TimeRange & { nowMs: number }): Promise<Overview>;
  sources(nowMs: number): SourceList | Promise<SourceList>;
  /** @param principal null for somebody who has not logged in and must. */
  status(principal: Principal | null, nowMs: number): Promise<Status>;
  /** @param host the Host header of the request, to print addresses that work from where the reader sits. */
  onboarding(host: string): Promise<Onboarding>;
  readonly health: HealthService;
  readonly alerts: AlertServices;
  /** The server's own metrics as text. */
  metrics(format: 'prometheus' | 'openmetrics'): Promise<{ type: string; text: string }>;
}

/** Every method answers within a second, whatever the parts do. */
export interface HealthService {
  /** The process answers; never `down`. */
  live(): Health;
  /** Each part; `down` when one that matters is. */
  ready(): Promise<Health>;
  /** `down` until the server was ready once. */
  startup(): Promise<Health>;
}
