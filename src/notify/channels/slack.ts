import type { Notification } from '../../model/notification.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanLine } from '../text.ts';
import { type ChannelAnswer, failureOf, parseRetryAfterMs, quote, send, toJson } from './http.ts';
import { isSet, MAX_MESSAGE_ALERTS, missingProblem, pairProblems, readState, recordOf } from './message.ts';
import { type SlackBody, slackMessage } from './slack-message.ts';
import {
  type SlackSettings,
  type SlackStrategy,
  slackSchema,
  slackStrategy,
  slackTemplateKeys,
} from './slack-settings.ts';

/**
 * Slack, with an incoming webhook or with a bot's token (https://docs.slack.dev/reference/methods/chat.postMessage). With a token a
 * group is one conversation: replies to its first message tell of changes, and the message itself changes when all is resolved.
 */
export const slack: ChannelDefinition<SlackSettings> = defineChannel({
  name: 'slack',
  title: 'Slack',
  configKey: 'slack_configs',
  isInAlertmanager: true,
  schema: slackSchema,
  globals: {
    // Of a token and an address that are both in `global` the token counts.
    app_token: 'slack_app_token',
    app_token_file: 'slack_app_token_file',
    api_url: 'slack_api_url',
    api_url_file: 'slack_api_url_file',
    app_url: 'slack_app_url',
  },
  alternatives: [['app_token', 'token', 'api_url']],
  secretKeys: ['api_url', 'app_token', 'token'],
  templateKeys: slackTemplateKeys,
  sendsResolved: false,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 50,
  check: checkSlack,
  send: sendSlack,
});

/** With it messages are sent with a token, which may stand in `http_config`. */
const BOT_ADDRESS = /\/chat\.postMessage\/?$/;

function checkSlack(settings: SlackSettings) {
  const problems = [
    ...pairProblems(settings, [
      ['api_url', 'api_url_file'],
      ['app_token', 'app_token_file'],
      ['token', 'token_file'],
    ]),
    ...missingProblem(settings, [
      'api_url',
      'api_url_file',
      'app_token',
      'app_token_file',
      'token',
      'token_file',
    ]),
  ];
  if (isSet(settings.app_token ?? settings.app_token_file) && isSet(settings.token ?? settings.token_file))
    problems.push({ path: ['token'], message: 'token and app_token mean the same; give one of them' });
  const hasToken = [settings.app_token, settings.app_token_file, settings.token, settings.token_file].some(
    isSet,
  );
  const isWebhook = isSet(settings.api_url) && !BOT_ADDRESS.test(settings.api_url!);
  if (hasToken && isWebhook)
    problems.push({
      path: ['api_url'],
      message: 'give the address of a webhook or a bot token, not both; the address for a token is app_url',
    });
  const hasStrategy = settings.message_strategy !== undefined && settings.message_strategy !== 'update';
  if (settings.update_message === true && hasStrategy && settings.threads === undefined)
    problems.push({
      path: ['update_message'],
      message: `update_message: true contradicts message_strategy: ${settings.message_strategy}`,
    });
  return problems;
}

interface Target {
  readonly url: string;
  readonly token: string | undefined;
  readonly isBot: boolean;
}

async function sendSlack(
  notification: Notification,
  context: SendContext<SlackSettings>,
): Promise<SendResult> {
  const { settings } = context;
  const target = await targetOf(context);
  const message = await slackMessage(notification, context);
  const channel = cleanLine(await context.render(settings.channel));
  if (!target.isBot)
    return postToWebhook(context, target, channel === '' ? message : { channel, ...message });
  if (channel === '')
    throw new DeliveryError({
      message: 'Slack needs a channel when messages are sent with a token',
      isRetryable: false,
      hint: 'Set `channel` to the name or id of a channel.',
    });
  const conversation = new Conversation(context, target, slackStrategy(settings, true));
  return conversation.tell(notification, channel, message);
}

async function targetOf(context: SendContext<SlackSettings>): Promise<Target> {
  const { settings } = context;
  const token =
    (await context.secret(settings.app_token, settings.app_token_file)) ??
    (await context.secret(settings.token, settings.token_file));
  const apiUrl = await context.secret(settings.api_url, settings.api_url_file);
  const url = apiUrl ?? settings.app_url;
  // With the token in `http_config`, as with Alertmanager, only the address tells that there is one.
  return { url, token, isBot: token !== undefined || BOT_ADDRESS.test(url) };
}

async function postToWebhook(
  context: SendContext<SlackSettings>,
  target: Target,
  body: SlackBody,
): Promise<SendResult> {
  const answer = await post(context, target, target.url, body);
  if (answer.status < 200 || answer.status >= 300) throw failureOf(context, answer);
  // An app's webhook says `ok`; older ones and other products with the same interface say it as JSON.
  if (answer.text.trim() === 'ok' || recordOf(answer.json()).ok === true || answer.text.trim() === '')
    return { detail: answer.detail };
  throw refusal(context, answer, recordOf(answer.json()));
}

/** A group's messages, with a token. */
class Conversation {
  readonly #context: SendContext<SlackSettings>;
  readonly #target: Target;
  readonly #strategy: SlackStrategy;

  constructor(context: SendContext<SlackSettings>, target: Target, strategy: SlackStrategy) {
    this.#context = context;
    this.#target = target;
    this.#strategy = strategy;
  }

  async tell(notification: Notification, channel: string, message: SlackBody): Promise<SendResult> {
    const before = readState(this.#context.previous);
    const isResolved = notification.status === 'resolved';
    const isGoingOn =
      typeof before.ts === 'string' && typeof before.channel === 'string' && before.done !== true;
    // A change of an old message makes no sound, which an escalation is there for.
    const isLoud = this.#strategy === 'update' && notification.reason === 'escalation';
    if (this.#strategy === 'new' || !isGoingOn || isLoud) {
      const posted = await this.#call('chat.postMessage', { channel, ...message });
      return this.#result('posted', { channel: posted.channel, ts: posted.ts }, isResolved);
    }
    const first = { channel: String(before.channel), ts: String(before.ts) };
    if (this.#strategy === 'update') return this.#update(channel, first, message, isResolved);
    return this.#reply(notification, channel, first, message);
  }

  async #update(
    channel: string,
    first: { channel: string; ts: string },
    message: SlackBody,
    isResolved: boolean,
  ): Promise<SendResult> {
    if (await this.#change(first, message)) return this.#result('updated', first, isResolved);
    const posted = await this.#call('chat.postMessage', { channel, ...message });
    return this.#result('posted anew', { channel: posted.channel, ts: posted.ts }, isResolved);
  }

  async #reply(
    notification: Notification,
    channel: string,
    first: { channel: string; ts: string },
    message: SlackBody,
  ): Promise<SendResult> {
    const isResolved = notification.status === 'resolved';
    if (isResolved) await this.#close(first, message);
    const posted = await this.#call(
      'chat.postMessage',
      // What still fires is also shown in the channel, where people see it; the end of it is not.
      {
        ...message,
        channel: first.channel,
        thread_ts: first.ts,
        ...(isResolved ? {} : { reply_broadcast: true }),
      },
      ['thread_not_found', 'message_not_found', 'cannot_reply_to_message'],
    );
    if (posted.ok === true) return this.#result('replied', first, isResolved);
    const fresh = await this.#call('chat.postMessage', { channel, ...message });
    return this.#result('posted anew', { channel: fresh.channel, ts: fresh.ts }, isResolved);
  }

  /** The first message says that it is over. Not again when only the reply after it has to be repeated. */
  async #close(first: { channel: string; ts: string }, message: SlackBody): Promise<void> {
    const { settings, done } = this.#context;
    if (done.has('closed')) return;
    if (settings.update_message !== false) await this.#change(first, await this.#resolved(message));
    await this.#react(first);
    done.add('closed');
  }

  async #resolved(message: SlackBody): Promise<SlackBody> {
    const color = this.#context.settings.threaded_options?.summary_header?.resolve_color;
    const [first, ...others] = message.attachments as SlackBody[];
    if (color === undefined) return message;
    return { ...message, attachments: [{ ...first, color: await this.#context.render(color) }, ...others] };
  }

  /** False when there is no such message any more, or it may not be changed. */
  async #change(first: { channel: string; ts: string }, message: SlackBody): Promise<boolean> {
    const { attachments, text } = message;
    const changed = await this.#call('chat.update', { ...first, text, attachments }, [
      'message_not_found',
      'cant_update_message',
      'edit_window_closed',
    ]);
    return changed.ok === true;
  }

  /** An emoji is decoration: without it the notification is as good. */
  async #react(first: { channel: string; ts: string }): Promise<void> {
    const name = this.#context.settings.threaded_options?.resolve_emoji?.replaceAll(':', '');
    if (name === undefined || name === '') return;
    try {
      await this.#call('reactions.add', { channel: first.channel, timestamp: first.ts, name }, [
        'already_reacted',
      ]);
    } catch (error) {
      this.#context.log.warn({ error }, 'the reaction could not be added to the message in Slack');
    }
  }

  #result(what: string, first: Readonly<Record<string, unknown>>, isResolved: boolean): SendResult {
    // A group that fires again after it was resolved begins a new conversation.
    const state = { channel: first.channel, ts: first.ts, ...(isResolved ? { done: true } : {}) };
    return { detail: `${what} in ${String(first.channel)}`, state: JSON.stringify(state) };
  }

  /** @param expected errors that are answers. */
  async #call(
    method: string,
    body: SlackBody,
    expected: readonly string[] = [],
  ): Promise<Readonly<Record<string, unknown>>> {
    const { url: posting } = this.#target;
    const folder = posting.replace(BOT_ADDRESS, '/').replace(/([^/])$/, '$1/');
    const url = method === 'chat.postMessage' ? posting : folder + method;
    const answer = await post(this.#context, this.#target, url, body);
    if (answer.status < 200 || answer.status >= 300) throw failureOf(this.#context, answer);
    const said = recordOf(answer.json());
    if (said.ok === true || expected.includes(String(said.error))) return said;
    throw refusal(this.#context, answer, said);
  }
}

async function post(
  context: SendContext<SlackSettings>,
  target: Target,
  url: string,
  body: SlackBody,
): Promise<ChannelAnswer> {
  const { timeout } = context.settings;
  const timeoutMs = timeout > 0 ? Math.min(timeout, context.timeoutMs) : context.timeoutMs;
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
  if (target.token !== undefined) headers.authorization = `Bearer ${target.token}`;
  return send({ ...context, timeoutMs }, { url, headers, body: toJson(body) });
}

/** Errors that pass by themselves. */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
const HINTS: Readonly<Record<string, string>> = {
  channel_not_found: 'Check the name of the channel; for a private one the bot must be a member.',
  not_in_channel: 'Invite the bot into the channel, or give it the scope chat:write.public.',
  is_archived: 'The channel is archived; choose another.',
  invalid_auth: 'The token is wrong; copy the bot token (xoxb-...) of the app.',
  not_authed: 'No token was sent; set app_token, or authorization in http_config.',
  token_revoked: 'The token was revoked; install the app again.',
  account_inactive: 'The app was removed from the workspace; install it again.',
  missing_scope: 'Add the scope to the app and install it again.',
};

/** Slack answers 200 also when it refuses. */
function refusal(
  context: SendContext<SlackSettings>,
  answer: ChannelAnswer,
  said: Readonly<Record<string, unknown>>,
): DeliveryError {
  if (typeof said.error !== 'string')
    return new DeliveryError({
      message: `the answer is not one of Slack: ${answer.detail} ${quote(context, answer.text)}`.trim(),
      isRetryable: true,
    });
  const { error } = said;
  const hint = HINTS[error];
  const needed = typeof said.needed === 'string' ? ` (needs ${said.needed})` : '';
  const isRetryable = PASSING.has(error);
  return new DeliveryError({
    message: `Slack refused the message: ${quote(context, error + needed)}${hint === undefined ? '' : `. ${hint}`}`,
    isRetryable,
    retryAfterMs: parseRetryAfterMs(answer.headers['retry-after'], context.nowMs),
    ...(hint === undefined ? {} : { hint }),
  });
}
