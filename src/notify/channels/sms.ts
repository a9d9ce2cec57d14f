import type { z } from 'zod';
import type { Notification } from '../../model/notification.ts';
import { section, text, textList } from '../../prom-config/index.ts';
import {
  type ChannelDefinition,
  DeliveryError,
  defineChannel,
  type SendContext,
  type SendResult,
} from '../channel.ts';
import { cleanText } from '../text.ts';
import { type ChannelAnswer, failureOf, send } from './http.ts';
import {
  fitMessage,
  isHttpUrl,
  MAX_MESSAGE_ALERTS,
  missingProblem,
  orStatus,
  pairProblems,
  recordOf,
} from './message.ts';

/** Twilio's limit (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource). */
const MAX_BODY_LENGTH = 1600;
const MAX_RECIPIENTS = 50;

const schema = section({
  account_sid: text,
  auth_token: text.optional(),
  auth_token_file: text.optional(),
  /** A number in E.164, a short code or a sender's name. */
  from: text.optional(),
  messaging_service_sid: text.optional(),
  /** Numbers in E.164. */
  to: textList,
  /** For a stand-in or a region of its own. */
  api_url: text.default('https://api.twilio.com'),
  body: text.default('{{ template "sms.default.message" . }}'),
});

export type SmsSettings = z.output<typeof schema>;
type Context = SendContext<SmsSettings>;

/** Text messages, with Twilio's API (https://www.twilio.com/docs/messaging/api/message-resource). */
export const sms: ChannelDefinition<SmsSettings> = defineChannel({
  name: 'sms',
  title: 'SMS',
  configKey: 'sms_configs',
  isInAlertmanager: false,
  schema,
  globals: {},
  secretKeys: ['auth_token'],
  templateKeys: ['body'],
  sendsResolved: true,
  maxAlerts: MAX_MESSAGE_ALERTS,
  messagesPerMinute: 10,
  check: checkSms,
  send: sendSms,
});

const NUMBER = /^\+[1-9]\d{1,14}$/;

function checkSms(settings: SmsSettings) {
  const problems = [
    ...pairProblems(settings, [
      ['auth_token', 'auth_token_file'],
      ['from', 'messaging_service_sid'],
    ]),
    ...missingProblem(settings, ['auth_token', 'auth_token_file']),
    ...missingProblem(settings, ['from', 'messaging_service_sid']),
  ];
  const add = (path: string[], message: string) => problems.push({ path, message });
  if (!/^\w+$/.test(settings.account_sid)) add(['account_sid'], 'must be the SID of an account: AC...');
  if (settings.to.length === 0) add(['to'], 'must have at least one number');
  if (settings.to.length > MAX_RECIPIENTS) add(['to'], `must have at most ${MAX_RECIPIENTS} numbers`);
  settings.to.forEach((number, index) => {
    if (!NUMBER.test(plainNumber(number)))
      add(['to', String(index)], 'must be a number with its country code: +4930123456');
  });
  if (!isHttpUrl(settings.api_url)) add(['api_url'], 'must be a URL with http or https');
  return problems;
}

function plainNumber(number: string): string {
  return number.replace(/[\s().-]/g, '');
}

/**
 * One request per number. Numbers that got the message are left out when it is tried again. When nothing can help the others and
 * somebody got it, it counts as delivered: otherwise those who have it would get it again and again.
 */
async function sendSms(notification: Notification, context: Context): Promise<SendResult> {
  const { settings, done } = context;
  const token = await context.secret(settings.auth_token, settings.auth_token_file);
  if (token === undefined || token === '')
    throw new DeliveryError({ message: 'there is no auth_token', isRetryable: false });
  const text = await textOf(notification, context);
  const numbers = [...new Set(settings.to.map(plainNumber))];
  const failures: DeliveryError[] = [];
  for (const number of numbers.filter((one) => !done.has(one))) {
    const failure = await sendOne(context, { number, text, token });
    if (failure === undefined) done.add(number);
    else failures.push(failure);
  }
  const [first] = failures;
  if (first === undefined) return { detail: `sent to ${countOf(numbers.length)}` };
  const passing = failures.find(({ isRetryable }) => isRetryable);
  if (passing !== undefined) throw passing;
  if (done.size === 0) throw first;
  context.log.warn({ failed: failures.length }, 'a text message did not reach every number');
  return { detail: `sent to ${done.size} of ${countOf(numbers.length)}; ${first.message}` };
}

function countOf(numbers: number): string {
  return numbers === 1 ? '1 number' : `${numbers} numbers`;
}

async function textOf(notification: Notification, context: Context): Promise<string> {
  const rendered = cleanText(await context.render(context.settings.body));
  return fitMessage(orStatus(rendered, notification), notification, MAX_BODY_LENGTH);
}

/** @throws OutboundError no answer. */
async function sendOne(
  context: Context,
  { number, text, token }: { number: string; text: string; token: string },
): Promise<DeliveryError | undefined> {
  const { account_sid: account, api_url: apiUrl, from, messaging_service_sid: service } = context.settings;
  const basic = Buffer.from(`${account}:${token}`).toString('base64');
  await context.secret(basic, undefined);
  const sender: [string, string] =
    service === undefined ? ['From', from ?? ''] : ['MessagingServiceSid', service];
  const answer = await send(context, {
    url: `${apiUrl.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`,
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams([['To', number], sender, ['Body', text]]).toString(),
  });
  if (answer.status >= 200 && answer.status < 300) return undefined;
  return refusal(context, answer, number);
}

/** Twilio says why in JSON: `{"code": 21211, "message": "...", "status": 400}`. */
function refusal(context: Context, answer: ChannelAnswer, number: string): DeliveryError {
  const { message, code } = recordOf(answer.json());
  const reason = typeof message === 'string' ? `${message} (${String(code)})` : undefined;
  const failure = failureOf(context, answer, reason);
  const { isRetryable, retryAfterMs } = failure;
  // Numbers of people do not belong into logs in full.
  return new DeliveryError({
    message: `…${number.slice(-4)}: ${failure.message}`,
    isRetryable,
    retryAfterMs,
  });
}
