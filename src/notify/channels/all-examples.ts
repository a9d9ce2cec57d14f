import type { ChannelExample } from './channel-suite.ts';
import { consoleExample } from './console.example.ts';
import { discordExample } from './discord.example.ts';
import { emailExample } from './email.example.ts';
import { fileExample } from './file.example.ts';
import { msteamsExample } from './msteams.example.ts';
import { ntfyExample } from './ntfy.example.ts';
import { opsgenieExample } from './opsgenie.example.ts';
import { pagerdutyExample } from './pagerduty.example.ts';
import { pushoverExample } from './pushover.example.ts';
import { slackExample, slackWebhookExample } from './slack.example.ts';
import { smsExample } from './sms.example.ts';
import { telegramExample } from './telegram.example.ts';
import { webhookExample } from './webhook.example.ts';

/** One for every channel of the registry; a test sees to that. */
export const EXAMPLES: readonly ChannelExample<unknown>[] = [
  // Built in.
  consoleExample as ChannelExample<unknown>,
  emailExample as ChannelExample<unknown>,
  fileExample as ChannelExample<unknown>,
  smsExample as ChannelExample<unknown>,
  webhookExample as ChannelExample<unknown>,
  // Services, by name.
  discordExample as ChannelExample<unknown>,
  msteamsExample as ChannelExample<unknown>,
  ntfyExample as ChannelExample<unknown>,
  opsgenieExample as ChannelExample<unknown>,
  pagerdutyExample as ChannelExample<unknown>,
  pushoverExample as ChannelExample<unknown>,
  slackExample as ChannelExample<unknown>,
  slackWebhookExample as ChannelExample<unknown>,
  telegramExample as ChannelExample<unknown>,
];
