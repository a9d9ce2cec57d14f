import { BellwetherError } from '../../lib/errors.ts';
import type { Integration } from '../../model/notification.ts';
import type { AlertCounters, AlertEngineParts, TellOutcome, TellRequest } from '../engine-types.ts';
import type { AlertingConfig } from '../types.ts';
import { buildNotification, deliveryEvents, type NotificationFacts } from './build-notification.ts';
import type { DeliverySlots } from './delivery-slots.ts';
import type { Lanes } from './lanes.ts';
import { TELL_MS } from './limits.ts';
import { digest } from './log-entry.ts';
import { send } from './send.ts';
import { boundedState } from './teller.ts';

export interface DirectTellParts
  extends Pick<
    AlertEngineParts,
    'clock' | 'deliver' | 'record' | 'linksOf' | 'priorityOf' | 'maxAlertsOf' | 'externalUrl' | 'log'
  > {
  readonly config: AlertingConfig;
  readonly lanes: Lanes;
  readonly slots: DeliverySlots;
  readonly counters: AlertCounters;
  readonly stop: AbortSignal;
}

/** See `AlertEngine.tell`. @throws BellwetherError `not_found` (404), `bad_request` (400) for a request without alerts. */
export async function tellDirectly(request: TellRequest, parts: DirectTellParts): Promise<TellOutcome[]> {
  const receiver = parts.config.receivers.get(request.receiver);
  if (receiver === undefined) throw notFound(`there is no receiver ${JSON.stringify(request.receiver)}`);
  const chosen = receiver.integrations.filter(
    ({ id }) => request.integration === undefined || id === request.integration,
  );
  if (request.integration !== undefined && chosen.length === 0)
    throw notFound(`receiver ${request.receiver} has no integration ${JSON.stringify(request.integration)}`);
  if (request.alerts.length === 0)
    throw new BellwetherError({
      code: 'bad_request',
      status: 400,
      message: 'there is no alert to tell of',
    });
  return Promise.all(chosen.map((integration) => tellOne(request, integration, parts)));
}

async function tellOne(
  request: TellRequest,
  integration: Integration,
  parts: DirectTellParts,
): Promise<TellOutcome> {
  const { id, channel } = integration;
  if (request.isResolved && !integration.sendsResolved)
    return outcome(integration, { isDelivered: true, detail: 'not told of ends (send_resolved: false)' });
  const release = await parts.slots.acquire(id);
  if (release === undefined)
    return outcome(integration, { isDelivered: false, detail: 'the server is stopping' });
  try {
    const facts = factsOf(request, integration);
    const previous =
      request.reason === 'test' ? undefined : parts.lanes.find(request.groupKey, id)?.entry.state;
    const notification = buildNotification(facts, parts);
    const limits = { limitMs: TELL_MS, stop: parts.stop };
    const sent = await send({ integration, notification, previous }, parts, limits);
    note(facts, sent, parts);
    const state = boundedState(sent.state);
    if (sent.isDelivered && request.reason !== 'test' && state !== undefined)
      await keepState(request, { integration: id, state }, parts);
    const { isDelivered, detail, latencyMs, attempts } = sent;
    return { integration: id, channel, isDelivered, detail, latencyMs, attempts };
  } finally {
    release();
  }
}

function factsOf(request: TellRequest, integration: Integration): NotificationFacts {
  const { reason, key, groupKey, groupLabels, alerts, isResolved } = request;
  return {
    id: digest(JSON.stringify([reason, key, groupKey, integration.id, isResolved])),
    groupKey,
    groupLabels,
    reason,
    integration,
    firing: isResolved ? [] : alerts,
    resolved: isResolved ? alerts : [],
  };
}

function note(
  facts: NotificationFacts,
  sent: { isDelivered: boolean; detail: string; latencyMs: number; attempts: number },
  { counters, record, clock }: DirectTellParts,
): void {
  const { isDelivered, detail, latencyMs, attempts } = sent;
  if (isDelivered) counters.notified++;
  else counters.notifyFailures++;
  const kind = isDelivered ? 'notified' : 'notify_failed';
  record(deliveryEvents(facts, { timeMs: clock.now(), kind, detail, latencyMs, attempts }));
}

/** So that the next message about it can go on where this one is. */
async function keepState(
  { groupKey, groupLabels }: TellRequest,
  { integration, state }: { readonly integration: string; readonly state: string },
  { lanes, clock }: DirectTellParts,
): Promise<void> {
  const lane = lanes.findOrAdd({ groupKey, integration, groupLabels });
  lane.entry = { ...lane.entry, state };
  lane.idleSinceMs = clock.elapsed();
  lanes.put(lane);
  await lanes.commit();
}

function outcome(
  { id, channel }: Integration,
  { isDelivered, detail }: Pick<TellOutcome, 'isDelivered' | 'detail'>,
): TellOutcome {
  return { integration: id, channel, isDelivered, detail, latencyMs: 0, attempts: 0 };
}

function notFound(message: string): BellwetherError {
  return new BellwetherError({ code: 'not_found', status: 404, message });
}
