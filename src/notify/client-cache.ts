import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { type AddressPolicy, createOutboundClient, type OutboundClient } from '../lib/outbound.ts';
import type { IntegrationHttp } from '../model/notification.ts';

interface Entry {
  readonly http: IntegrationHttp | undefined;
  readonly client: OutboundClient;
  users: number;
  isRetired: boolean;
}

/** The HTTP client of one integration. It lives until its configuration changes and nobody uses it any more. */
export class ClientCache {
  readonly #policy: AddressPolicy;
  readonly #now: () => number;
  readonly #log: Log;
  #entry: Entry | undefined;

  constructor(parts: { policy: AddressPolicy; now: () => number; log: Log }) {
    this.#policy = parts.policy;
    this.#now = parts.now;
    this.#log = parts.log;
  }

  async use<T>(http: IntegrationHttp | undefined, work: (client: OutboundClient) => Promise<T>): Promise<T> {
    if (this.#entry !== undefined && this.#entry.http !== http) await this.retire();
    this.#entry ??= this.#create(http);
    const entry = this.#entry;
    entry.users++;
    try {
      return await work(entry.client);
    } finally {
      entry.users--;
      await this.#closeUnused(entry);
    }
  }

  /** The next one who needs a client gets a new one. */
  async retire(): Promise<void> {
    const entry = this.#entry;
    this.#entry = undefined;
    if (entry === undefined) return;
    entry.isRetired = true;
    await this.#closeUnused(entry);
  }

  #create(http: IntegrationHttp | undefined): Entry {
    const client = createOutboundClient({ ...http, policy: this.#policy, now: this.#now });
    return { http, client, users: 0, isRetired: false };
  }

  async #closeUnused(entry: Entry): Promise<void> {
    if (!entry.isRetired || entry.users > 0) return;
    try {
      await entry.client.close();
    } catch (error) {
      // What was sent has its outcome already; this must not change it.
      this.#log.warn({ error: messageOf(error) }, 'connections of an integration could not be closed');
    }
  }
}
