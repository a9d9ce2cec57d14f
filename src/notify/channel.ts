import type { z } from 'zod';
import { BellwetherError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { OutboundClient } from '../lib/outbound.ts';
import type { Notification } from '../model/notification.ts';

/** What a channel needs while it sends. */
export interface SendContext<S> {
  readonly settings: S;
  /** Carries out a template with the notification as its data. What goes wrong becomes visible text. */
  render(template: string, options?: { readonly isHtml?: boolean }): Promise<string>;
  /**
   * A secret that may stand in a file: `settings.api_key` or the content of `settings.api_key_file`, read anew each time. From then on
   * it is taken out of every message, detail and log line of this delivery.
   *
   * @throws DeliveryError when the file cannot be read.
   */
  secret(text: string | undefined, file: string | undefined): Promise<string | undefined>;
  /** The text without any secret of this delivery. To be called before a text is cut, or half a secret is left. */
  redact(text: string): string;
  /** For every request; it has the integration's `http_config`, and refuses addresses of cloud metadata services. */
  readonly http: OutboundClient;
  /** What this channel returned as `state` after its last delivery for the group. */
  readonly previous: string | undefined;
  /** What earlier attempts at this delivery have done already; the channel adds to it. For channels that make several requests. */
  readonly done: Set<string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly nowMs: number;
  readonly log: Log;
}

export interface SendResult {
  /** One line for people: what the other side answered. */
  readonly detail: string;
  /** For the next delivery of the group: ids of a message or thread. At most 4 KiB. */
  readonly state?: string;
}

/** Why one attempt failed. The message has no secrets in it. */
export class DeliveryError extends BellwetherError {
  /** Trying again may help. */
  readonly isRetryable: boolean;
  /** How long the other side asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(fields: {
    message: string;
    isRetryable: boolean;
    retryAfterMs?: number | undefined;
    hint?: string;
    cause?: unknown;
  }) {
    super({
      code: 'delivery_failed',
      message: fields.message,
      hint: fields.hint,
      cause: fields.cause,
      status: 502,
    });
    this.name = 'DeliveryError';
    this.isRetryable = fields.isRetryable;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/**
 * A way to tell people. One file each under `channels/`, one line in the registry: configuration keys, their documentation, the form
 * in the UI, retries, rate limits and counters follow from the definition.
 */
export interface ChannelDefinition<S = unknown> {
  /** One word: `email`, `slack`. */
  readonly name: string;
  /** For people: `E-mail`. */
  readonly title: string;
  /** Key in a receiver of alertmanager.yml: `email_configs`. */
  readonly configKey: string;
  /** Whether Alertmanager has it under the same key; otherwise `amtool check-config` refuses the file. */
  readonly isInAlertmanager: boolean;
  /** Of one entry under the key, with Alertmanager's names and defaults. `send_resolved` and `http_config` are taken out before. */
  readonly schema: z.ZodType<S>;
  /** Which keys are taken from `global` when an entry does not have them: key to global key. */
  readonly globals: Readonly<Record<string, string>>;
  /**
   * Keys of which one is enough: none is taken from `global` when the entry has another. A key stands for its `_file` too, and both
   * are alternatives without being listed.
   */
  readonly alternatives?: readonly (readonly string[])[];
  /** Keys (dotted) that hold secrets, for status pages. Keys with these names are hidden wherever they appear. */
  readonly secretKeys: readonly string[];
  /** Keys (dotted) whose values are templates, to be checked when the configuration is read. */
  readonly templateKeys: readonly string[];
  /** Default of `send_resolved`. */
  readonly sendsResolved: boolean;
  /** Alerts in one message at most unless the settings say otherwise; undefined: no limit. */
  readonly maxAlerts: number | undefined;
  /** Messages per minute and integration before the rest is gathered into a digest. */
  readonly messagesPerMinute: number;
  /**
   * Every group is an incident of its own at the service, known by its key. Then nothing is gathered into digests: beyond the rate
   * notifications wait.
   */
  readonly isPerGroup?: boolean;
  /** Contradictions between keys that a schema cannot say, each with the key it belongs to. */
  check?(settings: S): readonly { readonly path: readonly string[]; readonly message: string }[];
  /**
   * One attempt.
   *
   * @throws DeliveryError or OutboundError. Anything else counts as one that may be tried again.
   */
  send(notification: Notification, context: SendContext<S>): Promise<SendResult>;
}

export function defineChannel<S>(definition: ChannelDefinition<S>): ChannelDefinition<S> {
  return definition;
}
