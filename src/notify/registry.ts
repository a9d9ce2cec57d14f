import type { ChannelDefinition } from './channel.ts';
import { consoleChannel } from './channels/console.ts';
import { discord } from './channels/discord.ts';
import { email } from './channels/email.ts';
import { createFileChannel } from './channels/file.ts';
import { msteams } from './channels/msteams.ts';
import { ntfy } from './channels/ntfy.ts';
import { opsgenie } from './channels/opsgenie.ts';
import { pagerduty } from './channels/pagerduty.ts';
import { pushover } from './channels/pushover.ts';
import { slack } from './channels/slack.ts';
import { sms } from './channels/sms.ts';
import { telegram } from './channels/telegram.ts';
import { webhook } from './channels/webhook.ts';

/**
 * Every channel, in the order in which they are shown.
 *
 * @param options.fileDirectory below which relative paths of `file_configs` lie; without it only absolute ones work.
 */
export function createChannels(options: { fileDirectory?: string } = {}): readonly ChannelDefinition[] {
  const directory = options.fileDirectory;
  return [
    // Built in.
    email,
    webhook,
    sms,
    createFileChannel(directory === undefined ? {} : { directory }) as ChannelDefinition,
    consoleChannel,
    // Services, by name.
    discord,
    msteams,
    ntfy,
    opsgenie,
    pagerduty,
    pushover,
    slack,
    telegram,
  ];
}

/** For reading configuration and for the reference. */
export const CHANNELS: readonly ChannelDefinition[] = createChannels();
