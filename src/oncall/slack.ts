import { createHmac } from 'node:crypto';
import {
  type ButtonAnswer,
  type ButtonHeaders,
  type ButtonParts,
  headerOf,
  isSameSecret,
  type Json,
  listOf,
  MAX_BUTTON_BODY_BYTES,
  objectOf,
  type PressOutcome,
  parseJson,
  postJson,
  press,
  readSecret,
  readTarget,
  textOf,
} from './button-press.ts';
import type { SlackButtons } from './config-types.ts';

const ACTION_ID = 'bellwether_ack';
/** How old a signature may be. */
const MAX_AGE_MS = 5 * 60_000;
const MAX_NAME_LENGTH = 100;

export interface SlackRequest {
  readonly headers: ButtonHeaders;
  /** Exactly as it came: the signature is over these bytes. */
  readonly body: string;
  readonly later: (work: Promise<void>) => void;
  /** Whether an address may be answered to. */
  readonly isResponseUrl: (url: string) => boolean;
}

/** Addresses that Slack hands out to answer to. */
export function isSlackUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' && /^hooks\.slack(-gov)?\.com$/.test(hostname);
}

/**
 * A `block_actions` payload from Slack (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload). Slack wants its
 * answer within 3 s: the alert is acknowledged, durably, before it; the message is changed afterwards through `response_url`.
 */
export async function handleSlack(
  config: SlackButtons,
  parts: ButtonParts,
  request: SlackRequest,
): Promise<ButtonAnswer> {
  if (Buffer.byteLength(request.body) > MAX_BUTTON_BODY_BYTES) return { status: 413, body: 'too large' };
  const secret = await readSecret(config.signingSecret);
  if (!isSigned(request, secret, parts.clock.now())) return { status: 401, body: 'the signature is wrong' };
  const payload = parseJson(new URLSearchParams(request.body).get('payload') ?? '');
  if (payload === undefined) return { status: 400, body: 'there is no payload' };
  const action = actionOf(objectOf(payload));
  // Buttons with links report too when they are pressed.
  if (action === undefined) return { status: 200, body: '' };
  const outcome = await pressed(config, parts, objectOf(payload), action);
  request.later(tellBack(parts, request, { payload: objectOf(payload), action, outcome }));
  return { status: 200, body: '' };
}

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
function isSigned({ headers, body }: SlackRequest, secret: string, nowMs: number): boolean {
  const timestamp = headerOf(headers, 'x-slack-request-timestamp');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs - Number(timestamp) * 1000) > MAX_AGE_MS) return false;
  const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return isSameSecret(headerOf(headers, 'x-slack-signature'), `v0=${digest}`);
}

function actionOf(payload: Json): Json | undefined {
  if (payload.type !== 'block_actions') return undefined;
  return listOf(payload.actions)
    .map(objectOf)
    .find(({ action_id }) => action_id === ACTION_ID);
}

async function pressed(
  config: SlackButtons,
  parts: ButtonParts,
  payload: Json,
  action: Json,
): Promise<PressOutcome> {
  const user = objectOf(payload.user);
  if (config.allowedUsers.size > 0 && !config.allowedUsers.has(textOf(user.id))) {
    parts.log.warn({ user: textOf(user.id) }, 'somebody on Slack who is not allowed to pressed Acknowledge');
    return { isAcknowledged: false, text: 'You may not acknowledge alerts.' };
  }
  const target = readTarget(action.value);
  if (target === undefined) return { isAcknowledged: false, text: 'This button is not valid.' };
  const name = textOf(user.username) || textOf(user.name) || textOf(user.id) || 'somebody';
  const by = `@${name}`.slice(0, MAX_NAME_LENGTH).toWellFormed();
  return await press(parts, target, { by, via: 'slack' });
}

async function tellBack(
  parts: ButtonParts,
  { isResponseUrl }: SlackRequest,
  { payload, action, outcome }: { payload: Json; action: Json; outcome: PressOutcome },
): Promise<void> {
  const url = textOf(payload.response_url);
  if (!isResponseUrl(url)) {
    parts.log.warn({}, 'Slack sent no address that may be answered to; the message stays as it is');
    return;
  }
  const json = outcome.isAcknowledged
    ? replacement(objectOf(payload.message), action, mention(objectOf(payload.user)))
    : { response_type: 'ephemeral', replace_original: false, text: escapeMarkdown(outcome.text) };
  await postJson(parts, { url, what: 'changing the message on Slack', secret: undefined }, json);
}

/** The message as it was, with who acknowledged in place of the pressed button. */
function replacement(message: Json, action: Json, who: string): Json {
  const text = `:white_check_mark: ${labelOf(message, action)}Acknowledged by ${who} until it is resolved.`;
  const note = { type: 'context', elements: [{ type: 'mrkdwn', text }] };
  const change = (blocks: unknown) => replaceButton(listOf(blocks).map(objectOf), action, note);
  const attachments = listOf(message.attachments)
    .map(objectOf)
    .map((attachment) =>
      attachment.blocks === undefined ? attachment : { ...attachment, blocks: change(attachment.blocks) },
    );
  return {
    replace_original: true,
    text: textOf(message.text),
    ...(message.blocks === undefined ? {} : { blocks: change(message.blocks) }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

function isPressed(element: Json, action: Json): boolean {
  return element.action_id === ACTION_ID && element.value === action.value;
}

function replaceButton(blocks: readonly Json[], action: Json, note: Json): readonly Json[] {
  return blocks.flatMap((block) => {
    const elements = listOf(block.elements).map(objectOf);
    if (block.type !== 'actions' || !elements.some((element) => isPressed(element, action))) return [block];
    const left = elements.filter((element) => !isPressed(element, action));
    return left.length === 0 ? [note] : [{ ...block, elements: left }, note];
  });
}

/** Which alert it was, when the message has several buttons. */
function labelOf(message: Json, action: Json): string {
  const blocks = [message, ...listOf(message.attachments).map(objectOf)].flatMap(({ blocks }) =>
    listOf(blocks),
  );
  const buttons = blocks.flatMap((block) => listOf(objectOf(block).elements).map(objectOf));
  if (buttons.filter(({ action_id }) => action_id === ACTION_ID).length < 2) return '';
  const label = textOf(objectOf(objectOf(action).text).text).replace(/^acknowledge /i, '');
  return label === '' ? '' : `${escapeMarkdown(label)}: `;
}

function mention({ id, username, name }: Json): string {
  if (/^[UW][A-Z0-9]{1,30}$/.test(textOf(id))) return `<@${textOf(id)}>`;
  return escapeMarkdown(textOf(username) || textOf(name) || 'somebody');
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escapeMarkdown(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
