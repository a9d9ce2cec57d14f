import type { AlertingConfig, Route } from '../../alerts/index.ts';
import type { ReceiverListJson } from '../../contract/index.ts';
import type { Integration } from '../../model/notification.ts';
import { CHANNELS, type IntegrationStatus } from '../../notify/index.ts';
import type { AlertingPlan } from './plan.ts';
import { isoOrNull } from './rule-view.ts';

const titles: ReadonlyMap<string, string> = new Map(CHANNELS.map(({ name, title }) => [name, title]));

/** Who can be told, and how the last deliveries went. */
export function receiverInfos(
  { alerting, onCall, warnings }: AlertingPlan,
  statuses: readonly IntegrationStatus[],
): ReceiverListJson {
  const byId = new Map(statuses.map((status) => [status.integration, status]));
  const routes = routesByReceiver(alerting.route);
  return {
    receivers: [...alerting.receivers.values()].map(({ name, integrations }) => ({
      name,
      integrations: integrations.map((one) => integrationInfo(one, byId.get(one.id))),
      routes: routes.get(name) ?? 0,
      policies: onCall.policies
        .filter(({ steps }) => steps.some(({ receivers }) => receivers.includes(name)))
        .map((policy) => policy.name),
    })),
    config_file: alerting.file,
    warnings: [...warnings],
  };
}

function integrationInfo(
  { id, channel, sendsResolved }: Integration,
  status: IntegrationStatus | undefined,
): ReceiverListJson['receivers'][number]['integrations'][number] {
  return {
    id,
    channel,
    title: titles.get(channel) ?? channel,
    sends_resolved: sendsResolved,
    last_success_at: isoOrNull(status?.lastSuccessAtMs),
    last_failure_at: isoOrNull(status?.lastFailureAtMs),
    last_error: (status?.consecutiveFailures ?? 0) > 0 ? (status?.lastFailure ?? '') : '',
    delivered: status?.delivered ?? 0,
    failed: status?.failed ?? 0,
  };
}

function routesByReceiver(root: Route): Map<string, number> {
  const counts = new Map<string, number>();
  const visit = (route: Route) => {
    counts.set(route.receiver, (counts.get(route.receiver) ?? 0) + 1);
    for (const child of route.routes) visit(child);
  };
  visit(root);
  return counts;
}

/** Every entry of every receiver. */
export function integrationsOf({ receivers }: AlertingConfig): Integration[] {
  return [...receivers.values()].flatMap(({ integrations }) => integrations);
}
