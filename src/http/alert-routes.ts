import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import {
  acknowledgeBody,
  acknowledgement,
  alertDetail,
  alertList,
  alertListQuery,
  alertStatistics,
  backtestBody,
  backtestResult,
  done,
  history,
  historyQuery,
  idAnswer,
  onCall,
  onCallQuery,
  overrideBody,
  range,
  receiverList,
  ruleBody,
  ruleList,
  rulePreview,
  ruleWhy,
  runbook,
  runbookList,
  silenceBody,
  silenceList,
  silencePreview,
  silencePreviewBody,
  testAnswer,
  testBody,
} from '../contract/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { DAY_MS, parseTime, parseTimeRange } from '../lib/time.ts';
import type { Principal } from './access.ts';
import type { Act, AlertServices } from './alert-services.ts';
import { defineRoute, Reply, type Route } from './route.ts';

const SILENCE_DEFAULT_MS = 3_600_000;
const ON_CALL_RANGE_MS = 14 * DAY_MS;
const id = z.object({ id: z.string().min(1).max(200) });
const fingerprint = z.object({
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hexadecimal digits'),
});
const nothing = z.object({});
const OK = { ok: true } as const;

/** Everything about alerts: what is active, silences, history, rules, on-call, receivers, runbooks. */
export function alertRoutes(services: AlertServices): Route[] {
  return [
    ...activeRoutes(services),
    ...historyRoutes(services),
    ...ruleRoutes(services),
    ...ruleTrialRoutes(services),
    ...silenceRoutes(services),
    ...receiverRoutes(services),
    ...onCallRoutes(services),
    ...runbookRoutes(services),
    reloadRoute(services),
  ];
}

function actOf(principal: Principal | null, nowMs: number, given?: string): Act {
  const name = given?.trim() || principal?.name || 'somebody on this machine';
  return { actor: name, nowMs };
}

function activeRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/alerts',
      name: 'listAlerts',
      summary: 'Alerts that are active now, the most urgent first, with who has them and who was told',
      role: 'admin',
      query: alertListQuery,
      response: alertList,
      handle: ({ query, nowMs }) => services.list(query, nowMs),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:fingerprint',
      name: 'getAlert',
      summary: 'One alert: why it was told or not, and what happened to it',
      role: 'admin',
      params: fingerprint,
      response: alertDetail,
      statuses: { 404: 'no such alert now' },
      handle: async ({ params, nowMs }) =>
        (await services.detail(params.fingerprint, nowMs)) ?? missing('alert', params.fingerprint),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/alerts/:fingerprint/acknowledge',
      name: 'acknowledgeAlert',
      summary: 'Says that somebody has it: escalation stops, repetitions are left out',
      role: 'admin',
      params: fingerprint,
      body: acknowledgeBody,
      response: acknowledgement,
      statuses: { 404: 'no such alert now', 409: 'it is resolved already' },
      handle: ({ params, body, principal, nowMs }) =>
        services.acknowledge(
          params.fingerprint,
          { note: body.note, untilMs: untilOf(body, nowMs) },
          actOf(principal, nowMs, body.by),
        ),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/alerts/:fingerprint/unacknowledge',
      name: 'unacknowledgeAlert',
      summary: 'Takes an acknowledgement back',
      role: 'admin',
      params: fingerprint,
      body: nothing,
      response: done,
      statuses: { 404: 'nobody has acknowledged it' },
      handle: async ({ params, principal, nowMs }) => {
        await services.unacknowledge(params.fingerprint, actOf(principal, nowMs));
        return OK;
      },
    }),
  ];
}

function untilOf(body: z.output<typeof acknowledgeBody>, nowMs: number): number | undefined {
  if (body.for_s !== undefined) return nowMs + body.for_s * 1000;
  return body.until === undefined ? undefined : parseTime(body.until, 'until', nowMs);
}

function missing(what: string, name: string): never {
  throw new BellwetherError({
    code: 'not_found',
    status: 404,
    message: `there is no ${what} ${JSON.stringify(name.slice(0, 100))}`,
  });
}

function historyRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/alert-history',
      name: 'alertHistory',
      summary: 'What happened to alerts: states, notifications, acknowledgements, silences; newest first',
      role: 'admin',
      query: historyQuery,
      response: history,
      handle: ({ query, nowMs }) => services.history({ ...query, ...parseTimeRange(query, nowMs) }),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alert-history/export',
      name: 'exportAlertHistory',
      summary: 'The same as a file',
      role: 'admin',
      cache: 'never',
      query: historyQuery.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson') }),
      response: 'application/x-ndjson',
      handle: ({ query, nowMs }) => {
        const { format, ...search } = query;
        const pieces = services.exportHistory({ ...search, ...parseTimeRange(query, nowMs) }, format);
        return download(
          pieces,
          format === 'csv' ? 'text/csv' : 'application/x-ndjson',
          `alert-history.${format}`,
        );
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alert-statistics',
      name: 'alertStatistics',
      summary: 'Time to acknowledge and to resolve, notifications, and the noisiest rules of a range',
      role: 'admin',
      query: range,
      response: alertStatistics,
      handle: ({ query, nowMs }) => services.statistics(parseTimeRange(query, nowMs)),
    }),
  ];
}

/** Sends text piece by piece; a client that goes away, or a source that fails, ends the connection. */
function download(pieces: AsyncIterable<string>, type: string, name: string): Reply {
  return new Reply({
    stream: (_request, response) => {
      response.writeHead(200, {
        'Content-Type': `${type}; charset=utf-8`,
        'Content-Disposition': `attachment; filename="${name}"`,
        'Cache-Control': 'no-store',
      });
      // The status is sent already: a cut connection is all that can say that something is missing.
      pipeline(Readable.from(pieces), response).catch(() => response.destroy());
    },
  });
}

function ruleRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/rules',
      name: 'listRules',
      summary: 'All rules with their health',
      role: 'admin',
      response: ruleList,
      handle: ({ nowMs }) => services.rules(nowMs),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/rules/:id/why',
      name: 'whyRule',
      summary: 'Why a rule did, or did not, fire: its last evaluations and what became of its alerts',
      role: 'admin',
      params: id,
      response: ruleWhy,
      statuses: { 404: 'no such rule' },
      handle: ({ params, nowMs }) => services.ruleWhy(params.id, nowMs),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/rules',
      name: 'saveRule',
      summary: 'Makes or changes a rule of your own; rules of files are changed in their files',
      role: 'admin',
      body: ruleBody,
      response: idAnswer,
      statuses: { 404: 'no such rule', 422: 'the rule has a mistake' },
      handle: async ({ body, principal, nowMs }) => ({
        id: await services.saveRule(body, actOf(principal, nowMs)),
      }),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/rules/:id/delete',
      name: 'deleteRule',
      summary: 'Deletes a rule of your own; its alerts are resolved',
      role: 'admin',
      params: id,
      body: nothing,
      response: done,
      statuses: { 404: 'no such rule' },
      handle: async ({ params, principal, nowMs }) => {
        await services.removeRule(params.id, actOf(principal, nowMs));
        return OK;
      },
    }),
  ];
}

function ruleTrialRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/api/rules/preview',
      name: 'previewRule',
      summary: 'What a rule gives now, and what is wrong with it; nothing is kept',
      role: 'admin',
      body: ruleBody,
      response: rulePreview,
      handle: ({ body, nowMs }) => services.previewRule(body, nowMs),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/rules/backtest',
      name: 'backtestRule',
      summary: 'When a rule would have fired over stored data; nothing is kept',
      role: 'admin',
      body: backtestBody,
      response: backtestResult,
      handle: ({ body, nowMs }) =>
        services.backtest(body.rule, { ...parseTimeRange(body, nowMs), timeZone: body.time_zone }),
    }),
  ];
}

function silenceRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/silences',
      name: 'listSilences',
      summary: 'Silences, also those that ended in the last days',
      role: 'admin',
      response: silenceList,
      handle: ({ nowMs }) => services.silences(nowMs),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/silences',
      name: 'saveSilence',
      summary: 'Makes a silence, or changes one; an hour from now unless told otherwise',
      role: 'admin',
      body: silenceBody,
      response: idAnswer,
      statuses: { 404: 'no such silence' },
      handle: async ({ body, principal, nowMs }) => {
        const startsAtMs =
          body.starts_at === undefined ? nowMs : parseTime(body.starts_at, 'starts_at', nowMs);
        const lengthMs = body.for_s === undefined ? SILENCE_DEFAULT_MS : body.for_s * 1000;
        const endsAtMs =
          body.ends_at === undefined ? startsAtMs + lengthMs : parseTime(body.ends_at, 'ends_at', nowMs);
        const { id, matchers, comment } = body;
        const act = actOf(principal, nowMs, body.created_by);
        return { id: await services.saveSilence({ id, matchers, startsAtMs, endsAtMs, comment }, act) };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/silences/:id/expire',
      name: 'expireSilence',
      summary: 'Ends a silence now',
      role: 'admin',
      params: id,
      body: nothing,
      response: done,
      statuses: { 404: 'no such silence', 409: 'it has ended already' },
      handle: async ({ params, principal, nowMs }) => {
        await services.expireSilence(params.id, actOf(principal, nowMs));
        return OK;
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/silences/preview',
      name: 'previewSilence',
      summary: 'Which active alerts a silence would cover',
      role: 'admin',
      body: silencePreviewBody,
      response: silencePreview,
      handle: async ({ body, nowMs }) => services.previewSilence(body.matchers, nowMs),
    }),
  ];
}

function receiverRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/receivers',
      name: 'listReceivers',
      summary: 'Who can be told, and how the last deliveries went',
      role: 'admin',
      response: receiverList,
      handle: async () => services.receivers(),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/receivers/:name/test',
      name: 'testReceiver',
      summary: 'Sends a test notification now and tells how it went',
      role: 'admin',
      params: z.object({ name: z.string().min(1).max(300) }),
      body: testBody,
      response: testAnswer,
      statuses: { 404: 'no such receiver' },
      handle: ({ params, body, principal, nowMs }) =>
        services.testReceiver(params.name, body.integration, actOf(principal, nowMs)),
    }),
  ];
}

function onCallRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/on-call',
      name: 'onCall',
      summary: 'Who is on call now and next, escalation policies, and response times',
      role: 'admin',
      query: onCallQuery,
      response: onCall,
      handle: async ({ query, nowMs }) => {
        const fromMs = parseTime(query.from, 'from', nowMs);
        const toMs = query.to === undefined ? fromMs + ON_CALL_RANGE_MS : parseTime(query.to, 'to', nowMs);
        return services.onCall({ fromMs, toMs }, nowMs);
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/on-call/overrides',
      name: 'addOverride',
      summary: 'Puts somebody on call for a time, over the rotation',
      role: 'admin',
      body: overrideBody,
      response: idAnswer,
      statuses: { 404: 'no such schedule or person' },
      handle: async ({ body, principal, nowMs }) => {
        const { schedule, person } = body;
        const times = { fromMs: parseTime(body.from, 'from', nowMs), toMs: parseTime(body.to, 'to', nowMs) };
        return { id: await services.override({ schedule, person, ...times }, actOf(principal, nowMs)) };
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/on-call/overrides/:id/delete',
      name: 'deleteOverride',
      summary: 'Takes an override back',
      role: 'admin',
      params: id,
      body: nothing,
      response: done,
      statuses: { 404: 'no such override' },
      handle: async ({ params, principal, nowMs }) => {
        await services.removeOverride(params.id, actOf(principal, nowMs));
        return OK;
      },
    }),
  ];
}

function runbookRoutes(services: AlertServices): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/runbooks',
      name: 'listRunbooks',
      summary: 'Runbooks of packs and of the folder alerting.runbooks_dir',
      role: 'admin',
      response: runbookList,
      handle: () => services.runbooks(),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/runbooks/:slug',
      name: 'getRunbook',
      summary: 'One runbook as Markdown',
      role: 'admin',
      params: z.object({ slug: z.string().min(1).max(200) }),
      response: runbook,
      statuses: { 404: 'no such runbook' },
      handle: async ({ params }) => (await services.runbook(params.slug)) ?? missing('runbook', params.slug),
    }),
  ];
}

function reloadRoute(services: AlertServices): Route {
  return defineRoute({
    method: 'POST',
    path: '/-/reload',
    name: 'reload',
    summary:
      'Reads the configuration again: rules, routes, receivers, on-call, scrape jobs. A mistake in it changes nothing',
    role: 'admin',
    cache: 'never',
    response: done,
    statuses: { 422: 'the configuration has mistakes; the answer lists them' },
    handle: async () => {
      await services.reload();
      return OK;
    },
  });
}
