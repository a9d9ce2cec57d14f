import { z } from 'zod';
import { bool, duration, section, text, textList } from '../../prom-config/index.ts';

/** Keys of `slack_configs`, as Alertmanager has them; what is ours is said. */

const template = (name: string) => `{{ template "slack.default.${name}" . }}`;

const confirm = section({
  text,
  title: text.optional(),
  ok_text: text.optional(),
  dismiss_text: text.optional(),
});

const action = section({
  type: text,
  text,
  url: text.optional(),
  name: text.optional(),
  value: text.optional(),
  style: text.optional(),
  confirm: confirm.optional(),
}).superRefine(({ url, name }, context) => {
  if (url === undefined && name === undefined)
    context.addIssue({ code: 'custom', message: 'an action needs a url, or a name for its callback' });
});

const threadedOptions = section({
  /** Put on the first message when everything is resolved; needs the scope `reactions:write`. */
  resolve_emoji: text.optional(),
  /** Accepted and without effect: the first message of a thread always is the alert itself. */
  use_summary_header: bool.optional(),
  summary_header: section({ resolve_color: text.optional() }).optional(),
});

export const slackSchema = section({
  /** Address of an incoming webhook; or `https://slack.com/api/chat.postMessage`, with a token in `http_config` or below. */
  api_url: text.optional(),
  api_url_file: text.optional(),
  /** Bot token (`xoxb-...`) with the scope `chat:write`. */
  app_token: text.optional(),
  app_token_file: text.optional(),
  /** Ours: other names of `app_token`. */
  token: text.optional(),
  token_file: text.optional(),
  app_url: text.default('https://slack.com/api/chat.postMessage'),
  channel: text.default(''),
  username: text.default(template('username')),
  icon_emoji: text.default(template('iconemoji')),
  icon_url: text.default(template('iconurl')),
  link_names: bool.default(false),
  message_text: text.default(''),
  color: text.default('{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'),
  fallback: text.default(template('fallback')),
  title: text.default(template('title')),
  title_link: text.default(template('titlelink')),
  pretext: text.default(template('pretext')),
  text: text.default(template('text')),
  footer: text.default(template('footer')),
  callback_id: text.default(template('callbackid')),
  image_url: text.default(''),
  thumb_url: text.default(''),
  mrkdwn_in: textList.default(['fallback', 'pretext', 'text']),
  short_fields: bool.default(false),
  fields: z.array(section({ title: text, value: text, short: bool.optional() })).default([]),
  actions: z.array(action).default([]),
  timeout: duration.default(0),
  /** `new`: every notification is a message. `update`: the first one is changed. `thread`: the others are replies to it. */
  message_strategy: z.enum(['new', 'update', 'thread']).optional(),
  threaded_options: threadedOptions.optional(),
  /** Change the first message, in a thread when everything is resolved, otherwise always. Only with a bot token. */
  update_message: bool.optional(),
  /** Ours. Later notifications of a group are replies to its first message. Default: true with a bot token. */
  threads: bool.optional(),
  /** Ours. Buttons to acknowledge, open, silence and to the runbook. */
  buttons: bool.default(true),
  /** Ours. The acknowledging button calls back (action `bellwether_ack`) instead of opening a page. */
  interactive: bool.default(false),
});

export type SlackSettings = z.output<typeof slackSchema>;
export type SlackAction = z.output<typeof action>;

export const slackTemplateKeys: readonly string[] = [
  'channel',
  'username',
  'icon_emoji',
  'icon_url',
  'message_text',
  'color',
  'fallback',
  'title',
  'title_link',
  'pretext',
  'text',
  'footer',
  'callback_id',
  'image_url',
  'thumb_url',
  'fields.title',
  'fields.value',
  'actions.type',
  'actions.text',
  'actions.url',
  'actions.name',
  'actions.value',
  'actions.style',
  'actions.confirm.text',
  'actions.confirm.title',
  'actions.confirm.ok_text',
  'actions.confirm.dismiss_text',
  'threaded_options.summary_header.resolve_color',
];

/** What happens to notifications after the first one of a group. */
export type SlackStrategy = 'new' | 'update' | 'thread';

/** @param isBot an incoming webhook can do nothing but post. */
export function slackStrategy(settings: SlackSettings, isBot: boolean): SlackStrategy {
  if (!isBot) return 'new';
  if (settings.threads === true) return 'thread';
  if (settings.message_strategy !== undefined)
    return settings.message_strategy === 'thread' && settings.threads === false
      ? 'update'
      : settings.message_strategy;
  if (settings.update_message === true) return 'update';
  return settings.threads === undefined ? 'thread' : 'new';
}
