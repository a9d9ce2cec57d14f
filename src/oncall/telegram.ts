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
import type { TelegramButtons } from './config-types.ts';

const SECRET_HEADER = 'x-telegram-bot-api-secret-token';
/** `callback_data` of an acknowledging button begins with it. */
const DATA_PREFIX = 'ack:';
/** Telegram's limits. */
const MAX_ANSWER_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 4096;
const MAX_NAME_LENGTH = 100;

/**
 * An update from Telegram (https://core.telegram.org/bots/api#update). The alert is acknowledged, durably, before the answer; what
 * is told back to Telegram goes through `later`.
 */
export async function handleTelegram(
  config: TelegramButtons,
  parts: ButtonParts,
  request: {
    readonly headers: ButtonHeaders;
    readonly body: string;
    readonly later: (work: Promise<void>) => void;
  },
): Promise<ButtonAnswer> {
  if (!isSameSecret(headerOf(request.headers, SECRET_HEADER), await readSecret(config.secret)))
    return { status: 401, body: 'the secret token is wrong' };
  if (Buffer.byteLength(request.body) > MAX_BUTTON_BODY_BYTES) return { status: 413, body: 'too large' };
  const update = parseJson(request.body);
  if (update === undefined) return { status: 400, body: 'not JSON' };
  const query = objectOf(objectOf(update).callback_query);
  const data = textOf(query.data);
  // Whatever else the bot is told is taken and left, or Telegram would send it again.
  if (!data.startsWith(DATA_PREFIX)) return { status: 200, body: '' };
  const outcome = await pressed(config, parts, query, data.slice(DATA_PREFIX.length));
  request.later(tellBack(config, parts, query, outcome));
  return { status: 200, body: '' };
}

async function pressed(
  config: TelegramButtons,
  parts: ButtonParts,
  query: Json,
  data: string,
): Promise<PressOutcome> {
  const from = objectOf(query.from);
  const chat = objectOf(objectOf(query.message).chat);
  if (!config.allowedUsers.has(textOf(from.id)) && !config.allowedChats.has(textOf(chat.id))) {
    parts.log.warn(
      { user: textOf(from.id), chat: textOf(chat.id) },
      'somebody on Telegram who is not allowed to pressed Acknowledge',
    );
    return { isAcknowledged: false, text: 'You may not acknowledge alerts.' };
  }
  const target = readTarget(data);
  if (target === undefined) return { isAcknowledged: false, text: 'This button is not valid.' };
  return await press(parts, target, { by: nameOf(from), via: 'telegram' });
}

function nameOf(from: Json): string {
  const username = textOf(from.username);
  const name = `${textOf(from.first_name)} ${textOf(from.last_name)}`.trim();
  const shown = username === '' ? name || `user ${textOf(from.id)}` : `@${username}`;
  return shown.slice(0, MAX_NAME_LENGTH).toWellFormed();
}

async function tellBack(
  config: TelegramButtons,
  parts: ButtonParts,
  query: Json,
  outcome: PressOutcome,
): Promise<void> {
  const token = await readSecret(config.botToken);
  const call = (method: string, json: unknown) =>
    postJson(
      parts,
      { url: `${config.apiUrl}/bot${token}/${method}`, what: `telling Telegram (${method})`, secret: token },
      json,
    );
  await call('answerCallbackQuery', {
    callback_query_id: textOf(query.id),
    text: outcome.text.slice(0, MAX_ANSWER_LENGTH).toWellFormed(),
    show_alert: !outcome.isAcknowledged,
  });
  const edit = outcome.isAcknowledged ? editOf(query, outcome.text) : undefined;
  if (edit !== undefined) await call(edit.method, edit.json);
}

/** The message without the pressed button, and with who acknowledged. Undefined for messages that are too old to be changed. */
function editOf(query: Json, text: string): { method: string; json: unknown } | undefined {
  const message = objectOf(query.message);
  const { chat, message_id, date } = message;
  if (textOf(message_id) === '' || date === 0) return undefined;
  const common = {
    chat_id: objectOf(chat).id,
    message_id,
    reply_markup: { inline_keyboard: keyboardWithout(message, textOf(query.data)) },
  };
  const before = textOf(message.text);
  const after = `${before}\n\n✓ ${pressedLabel(message, textOf(query.data))}${text}`;
  if (before === '' || after.length > MAX_MESSAGE_LENGTH)
    return { method: 'editMessageReplyMarkup', json: common };
  return {
    method: 'editMessageText',
    json: {
      ...common,
      text: after,
      // Formatting by position stays right because text is only added at the end.
      entities: listOf(message.entities),
      link_preview_options: { is_disabled: true },
    },
  };
}

function rowsOf(message: Json): readonly (readonly Json[])[] {
  return listOf(objectOf(message.reply_markup).inline_keyboard).map((row) => listOf(row).map(objectOf));
}

function keyboardWithout(message: Json, data: string): readonly (readonly Json[])[] {
  return rowsOf(message)
    .map((row) => row.filter(({ callback_data }) => callback_data !== data))
    .filter((row) => row.length > 0);
}

/** Which one it was, when there are several. */
function pressedLabel(message: Json, data: string): string {
  const buttons = rowsOf(message).flat();
  const acknowledging = buttons.filter(({ callback_data }) => textOf(callback_data).startsWith(DATA_PREFIX));
  if (acknowledging.length < 2) return '';
  const label = textOf(buttons.find(({ callback_data }) => callback_data === data)?.text);
  return label === '' ? '' : `${label.replace(/^acknowledge /i, '')}: `;
}
