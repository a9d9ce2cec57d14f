import { messageOf } from '../lib/errors.ts';
import { denyMetadataAddresses } from '../lib/outbound.ts';
import type { DeliveryOutcome, DeliveryRequest, Integration } from '../model/notification.ts';
import type { TemplateSet } from '../templates/index.ts';
import type { ChannelDefinition } from './channel.ts';
import { BUG_DETAIL, notTried } from './delivery.ts';
import { Lane } from './lane.ts';
import {
  DEFAULT_NOTIFY_POLICY,
  type IntegrationStatus,
  NO_METER,
  type Notifier,
  type NotifierParts,
  type Shared,
} from './notify-types.ts';
import { Slots } from './slots.ts';
import { testNotification } from './test-notification.ts';

export function createNotifier(parts: NotifierParts): Notifier {
  return new Lanes(parts);
}

class Lanes implements Notifier {
  readonly #shared: Shared;
  readonly #definitions: ReadonlyMap<string, ChannelDefinition>;
  readonly #externalUrl: string;
  /** By id of the integration. */
  readonly #lanes = new Map<string, Lane>();
  /** Of integrations that are gone, until what they were sending is over. */
  readonly #ending = new Set<Lane>();
  #templates: TemplateSet;
  #isStopping = false;

  constructor(parts: NotifierParts) {
    const policy = { ...DEFAULT_NOTIFY_POLICY, ...parts.policy };
    this.#definitions = new Map(parts.channels.map((channel) => [channel.name, channel]));
    this.#externalUrl = parts.externalUrl;
    this.#templates = parts.templates;
    this.#shared = {
      clock: parts.clock,
      log: parts.log,
      policy,
      addressPolicy: parts.addressPolicy ?? denyMetadataAddresses,
      random: parts.random ?? Math.random,
      meter: parts.meter ?? NO_METER,
      slots: new Slots(policy.maxConcurrent),
      templates: () => this.#templates,
    };
    for (const integration of parts.integrations ?? []) this.#laneOf(integration);
  }

  readonly deliver = async (request: DeliveryRequest): Promise<DeliveryOutcome> => {
    const { integration } = request;
    try {
      if (this.#isStopping) return notTried('the server is stopping');
      const lane = this.#laneOf(integration);
      if (lane === undefined) return notTried(`there is no channel ${integration.channel}`, true);
      const outcome = await lane.deliver(request);
      this.#tell(request, outcome);
      return outcome;
    } catch (error) {
      const fields = { integration: integration.id, error: messageOf(error) };
      this.#shared.log.error(fields, 'a notification failed because of a bug');
      return notTried(BUG_DETAIL);
    }
  };

  sendTest(integration: Integration, signal: AbortSignal): Promise<DeliveryOutcome> {
    const nowMs = this.#shared.clock.now();
    const notification = testNotification(integration, { nowMs, externalUrl: this.#externalUrl });
    return this.deliver({ integration, notification, previous: undefined, signal });
  }

  reload(templates: TemplateSet, integrations?: readonly Integration[]): void {
    this.#templates = templates;
    const ids = new Set(integrations?.map(({ id }) => id));
    for (const [id, lane] of this.#lanes) {
      if (integrations === undefined || ids.has(id)) this.#retire(lane);
      else this.#end(id, lane);
    }
    for (const integration of integrations ?? []) this.#laneOf(integration);
  }

  status(): readonly IntegrationStatus[] {
    const all = [...this.#lanes.values()].map((lane) => lane.status());
    return all.sort((a, b) => (a.integration < b.integration ? -1 : 1));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#lanes.values(), ...this.#ending].map((lane) => lane.stop()));
  }

  #laneOf(integration: Integration): Lane | undefined {
    const definition = this.#definitions.get(integration.channel);
    if (definition === undefined) return undefined;
    let lane = this.#lanes.get(integration.id);
    if (lane === undefined) {
      lane = new Lane(this.#shared, definition, integration);
      this.#lanes.set(integration.id, lane);
    }
    return lane;
  }

  #retire(lane: Lane): void {
    lane.retire().catch((error: unknown) => this.#logBug(error));
  }

  #end(id: string, lane: Lane): void {
    this.#lanes.delete(id);
    this.#ending.add(lane);
    lane
      .idle()
      .then(() => lane.retire())
      .catch((error: unknown) => this.#logBug(error))
      .finally(() => this.#ending.delete(lane));
  }

  #logBug(error: unknown): void {
    this.#shared.log.error({ error: messageOf(error) }, 'connections of an integration could not be closed');
  }

  #tell({ integration, notification }: DeliveryRequest, outcome: DeliveryOutcome): void {
    const { log, meter } = this.#shared;
    const { isDelivered, attempts, latencyMs, detail } = outcome;
    meter.notified(integration.channel, isDelivered ? 'delivered' : 'failed', latencyMs);
    const fields = { integration: integration.id, notification: notification.id, attempts, detail };
    if (isDelivered) log.debug(fields, 'notification delivered');
    else log.warn(fields, 'notification not delivered');
  }
}
