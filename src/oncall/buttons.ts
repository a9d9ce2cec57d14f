import { BellwetherError, messageOf } from '../lib/errors.ts';
import type { ButtonAnswer, ButtonHeaders, ButtonParts } from './button-press.ts';
import type { OnCallConfig } from './config-types.ts';
import { handleSlack, isSlackUrl } from './slack.ts';
import { handleTelegram } from './telegram.ts';

/** Messages that wait to be changed; further ones stay as they are. */
export const MAX_PENDING_ANSWERS = 200;

export interface ButtonOptions extends ButtonParts {
  readonly config: () => Pick<OnCallConfig, 'telegram' | 'slack'>;
  /** Whether Slack may be answered at an address; by default only at Slack's own. For tests. */
  readonly isResponseUrl?: (url: string) => boolean;
}

/** Buttons in messages. They authenticate themselves: no key of this server is needed. */
export interface Buttons {
  /** For the webhook that the bot was given (`setWebhook` with `secret_token`). */
  handleTelegram(headers: ButtonHeaders, body: string): Promise<ButtonAnswer>;
  /** For the app's request URL under "Interactivity". @param rawBody exactly as it came. */
  handleSlack(headers: ButtonHeaders, rawBody: string): Promise<ButtonAnswer>;
  /** Resolves once Telegram and Slack were told what became of every press. */
  idle(): Promise<void>;
}

export function createButtons(options: ButtonOptions): Buttons {
  const pending = new Set<Promise<void>>();
  const later = (work: Promise<void>): void => {
    const guarded: Promise<void> = work
      .catch((error: unknown) => {
        options.log.warn({ error: messageOf(error) }, 'a message with a pressed button stays as it is');
      })
      .finally(() => pending.delete(guarded));
    pending.add(guarded);
  };
  const answered = async (handle: () => Promise<ButtonAnswer>): Promise<ButtonAnswer> => {
    if (pending.size >= MAX_PENDING_ANSWERS) return { status: 429, body: 'too many at once' };
    try {
      return await handle();
    } catch (error) {
      if (!(error instanceof BellwetherError)) throw error;
      options.log.error({ error: error.message }, 'a button could not be taken');
      return { status: error.status, body: 'not possible now' };
    }
  };
  return {
    handleTelegram: (headers, body) =>
      answered(async () => {
        const { telegram } = options.config();
        if (telegram === undefined) return { status: 404, body: 'on_call.telegram is not configured' };
        return await handleTelegram(telegram, options, { headers, body, later });
      }),
    handleSlack: (headers, body) =>
      answered(async () => {
        const { slack } = options.config();
        if (slack === undefined) return { status: 404, body: 'on_call.slack is not configured' };
        const isResponseUrl = options.isResponseUrl ?? isSlackUrl;
        return await handleSlack(slack, options, { headers, body, later, isResponseUrl });
      }),
    async idle() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}
