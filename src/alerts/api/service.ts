import { BellwetherError } from '../../lib/errors.ts';
import { compareText } from '../../model/labels.ts';
import type { AlertEngine, AlertGroupView, AlertView } from '../engine-types.ts';
import type { AlertClock } from '../types.ts';
import { alertFilterOf, flagOf, receiverFilterOf, silenceFilterOf } from './query.ts';
import { readPostedAlerts } from './read-alerts.ts';
import { readPostedSilence } from './read-silence.ts';
import { Refusal } from './refusal.ts';
import {
  compareAlerts,
  compareLabelSets,
  compareSilences,
  showAlert,
  showSilence,
  showTime,
  timeWriter,
} from './show.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface AlertmanagerApiParts {
  readonly engine: Pick<
    AlertEngine,
    'post' | 'alerts' | 'groups' | 'receivers' | 'receiversFor' | 'silences' | 'config'
  >;
  /** Of this product, for `versionInfo`. */
  readonly version: string;
  /** Commit, where it is known. */
  readonly revision?: string | undefined;
  /** When the server started, epoch milliseconds. */
  readonly startedMs: number;
  readonly clock: Pick<AlertClock, 'now'>;
  readonly isReady: () => boolean;
  /** Reads the configuration again. @throws BellwetherError when it is not taken. */
  readonly reload: () => Promise<void>;
}

/** One call; see `AlertmanagerCall` of the HTTP part. */
export interface AlertmanagerApiCall {
  readonly endpoint: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly params: URLSearchParams;
  readonly path: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  readonly actor: string;
}

export interface AlertmanagerApiAnswer {
  readonly status: number;
  /** Undefined: no body. */
  readonly json: unknown;
}

export interface AlertmanagerApi {
  isReady(): boolean;
  /** Refusals are answers, as Alertmanager words them. @throws BellwetherError what the engine throws otherwise. */
  call(call: AlertmanagerApiCall): Promise<AlertmanagerApiAnswer>;
  reload(): Promise<void>;
}

/**
 * Alertmanager's API v2 over the engine.
 *
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function createAlertmanagerService(parts: AlertmanagerApiParts): AlertmanagerApi {
  return {
    isReady: parts.isReady,
    reload: parts.reload,
    async call(call) {
      try {
        return await route(parts, call);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return { status: error.status, json: error.body };
      }
    },
  };
}

async function route(parts: AlertmanagerApiParts, call: AlertmanagerApiCall): Promise<AlertmanagerApiAnswer> {
  switch (`${call.method} ${call.endpoint}`) {
    case 'GET status':
      return ok(statusOf(parts));
    case 'GET receivers':
      return ok(parts.engine.receivers().map(({ name }) => ({ name })));
    case 'GET silences':
      return ok(silencesOf(parts, call.params));
    case 'POST silences':
      return ok({ silenceID: await postSilence(parts, call) });
    case 'GET silence/:id':
      return ok(silenceOf(parts, idOf(call)));
    case 'DELETE silence/:id':
      await expireSilence(parts, idOf(call), call.actor);
      return ok(undefined);
    case 'GET alerts':
      return ok(alertsOf(parts, call.params));
    case 'POST alerts':
      await postAlerts(parts, call);
      return ok(undefined);
    case 'GET alerts/groups':
      return ok(groupsOf(parts, call.params));
    default:
      throw Refusal.empty(404, 'there is no such endpoint');
  }
}

function ok(json: unknown): AlertmanagerApiAnswer {
  return { status: 200, json };
}

/** A single server has no cluster: Alertmanager says `disabled` then, and has no peers. */
function statusOf({ engine, version, revision = '', startedMs }: AlertmanagerApiParts): unknown {
  return {
    cluster: { peers: [], status: 'disabled' },
    config: { original: engine.config.text },
    uptime: showTime(startedMs),
    versionInfo: {
      branch: '',
      buildDate: '',
      buildUser: 'bellwether',
      goVersion: '',
      ...{ revision, version },
    },
  };
}

function alertsOf({ engine }: AlertmanagerApiParts, params: URLSearchParams): unknown[] {
  const isWanted = alertFilterOf(params);
  const receiver = receiverFilterOf(params);
  const time = timeWriter();
  return engine
    .alerts()
    .filter(isWanted)
    .filter(({ receivers }) => receiver === undefined || receivers.some((name) => receiver.matches(name)))
    .map((view) => showAlert(view, { receivers: view.receivers, mutedBy: [], time }));
}

/** As in Alertmanager an alert's receivers are here those of the groups that are asked for. */
function groupsOf({ engine }: AlertmanagerApiParts, params: URLSearchParams): unknown[] {
  const isWanted = alertFilterOf(params);
  const receiver = receiverFilterOf(params);
  const wantsMuted = flagOf(params, 'muted');
  const groups = engine
    .groups()
    .filter((group) => receiver === undefined || receiver.matches(group.receiver))
    .map((group) => ({ group, alerts: group.alerts.filter(isWanted).sort(compareAlerts) }))
    .filter(({ alerts }) => alerts.length > 0);
  groups.sort(
    (a, b) =>
      compareLabelSets(a.group.labels, b.group.labels) || compareText(a.group.receiver, b.group.receiver),
  );
  const receivers = receiversByAlert(groups);
  const time = timeWriter();
  return groups
    .map((entry) => ({ ...entry, mutedBy: mutedBy(entry.alerts) }))
    .filter((entry) => wantsMuted || entry.mutedBy.length === 0)
    .map(({ group, alerts, mutedBy: intervals }) => ({
      alerts: alerts.map((view) =>
        showAlert(view, {
          receivers: receivers.get(view.alert.fingerprint) ?? [],
          mutedBy: intervals,
          time,
        }),
      ),
      labels: group.labels.toObject(),
      receiver: { name: group.receiver },
    }));
}

function receiversByAlert(
  groups: readonly { readonly group: AlertGroupView; readonly alerts: readonly AlertView[] }[],
): ReadonlyMap<string, readonly string[]> {
  const byAlert = new Map<string, Set<string>>();
  for (const { group, alerts } of groups)
    for (const { alert } of alerts) {
      const names = byAlert.get(alert.fingerprint) ?? new Set();
      byAlert.set(alert.fingerprint, names.add(group.receiver));
    }
  return new Map([...byAlert].map(([fingerprint, names]) => [fingerprint, [...names].sort(compareText)]));
}

/** A time interval mutes a group as a whole. */
function mutedBy(alerts: readonly AlertView[]): string[] {
  const names = alerts.flatMap(({ suppressions }) =>
    suppressions.flatMap((one) => (one.kind === 'muted' ? one.intervals : [])),
  );
  return [...new Set(names)].sort(compareText);
}

/** The good ones are taken before the answer says what is wrong with others. */
async function postAlerts({ engine }: AlertmanagerApiParts, call: AlertmanagerApiCall): Promise<void> {
  const { alerts, mistakes } = readPostedAlerts(call.body, call.contentType);
  const all = [...mistakes];
  if (alerts.length > 0) {
    try {
      await engine.post(alerts);
    } catch (error) {
      if (!isCode(error, 'bad_alert')) throw error;
      all.push(error.message);
    }
  }
  if (all.length > 0) throw Refusal.text(400, all.join('; '));
}

function silencesOf({ engine }: AlertmanagerApiParts, params: URLSearchParams): unknown[] {
  const isWanted = silenceFilterOf(params);
  return engine.silences
    .list()
    .filter(({ silence }) => isWanted(silence))
    .sort(compareSilences)
    .map(({ silence, state }) => showSilence(silence, state));
}

function silenceOf({ engine }: AlertmanagerApiParts, id: string): unknown {
  const found = engine.silences.get(id);
  if (found === undefined) throw Refusal.empty(404, 'silence not found');
  return showSilence(found.silence, found.state);
}

async function postSilence(
  { engine, clock }: AlertmanagerApiParts,
  call: AlertmanagerApiCall,
): Promise<string> {
  const input = readPostedSilence(call.body, call.contentType, clock.now());
  try {
    return await engine.silences.put(input, call.actor || input.createdBy);
  } catch (error) {
    if (isCode(error, 'not_found')) throw Refusal.text(404, 'silence not found');
    if (isCode(error, 'bad_silence')) throw Refusal.text(400, `silence invalid: ${error.message}`);
    throw error;
  }
}

/** A silence that is over already is an error of the server in Alertmanager, which its clients know to show. */
async function expireSilence({ engine }: AlertmanagerApiParts, id: string, actor: string): Promise<void> {
  try {
    await engine.silences.expire(id, actor || 'api');
  } catch (error) {
    if (isCode(error, 'not_found')) throw Refusal.empty(404, 'silence not found');
    if (isCode(error, 'already_expired')) throw Refusal.text(500, `silence ${id} already expired`);
    throw error;
  }
}

function idOf({ path }: AlertmanagerApiCall): string {
  const id = path.id ?? '';
  if (UUID.test(id)) return id;
  throw Refusal.invalid(
    601,
    `silenceID in path must be of type uuid: ${JSON.stringify(id.slice(0, 100).toWellFormed())}`,
  );
}

function isCode(error: unknown, code: string): error is BellwetherError {
  return error instanceof BellwetherError && error.code === code;
}
