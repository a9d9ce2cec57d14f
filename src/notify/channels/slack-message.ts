import type { Notification } from '../../model/notification.ts';
import { escapeSlack } from '../../templates/index.ts';
import type { SendContext } from '../channel.ts';
import { cleanLine, cleanText, cutText } from '../text.ts';
import {
  buttonsWithin,
  fitMessage,
  isHttpUrl,
  type MessageButton,
  messageButtons,
  orStatus,
} from './message.ts';
import { type SlackThreats, slackThreats, withoutForeignMarkup } from './slack-mentions.ts';
import type { SlackAction, SlackSettings } from './slack-settings.ts';

/** Slack cuts longer titles by itself, in the middle of a word. */
const MAX_TITLE_LENGTH = 1024;
/** Of an attachment's text. Slack documents 40 000 for a whole message; nobody reads even this much. */
const MAX_TEXT_LENGTH = 8000;
const MAX_SHORT_LENGTH = 1000;
const MAX_FIELD_LENGTH = 2000;
const MAX_FIELDS = 30;
/** Slack's limits for buttons: five in an attachment. */
const MAX_ACTIONS = 5;
const MAX_BUTTON_LENGTH = 75;
const MAX_BUTTON_VALUE_LENGTH = 2000;
const MAX_BUTTON_URL_LENGTH = 3000;
/** `action_id` of a button that acknowledges; its value is the alert's fingerprint. */
export const ACKNOWLEDGE_ACTION = 'bellwether_ack';

export type SlackBody = Record<string, unknown>;

/** The message without channel and thread. */
export async function slackMessage(
  notification: Notification,
  context: SendContext<SlackSettings>,
): Promise<SlackBody> {
  const { settings } = context;
  const threats = slackThreats(notification);
  const line = async (template: string | undefined, maxLength = MAX_SHORT_LENGTH) =>
    cutEscaped(clean(cleanLine(await rendered(template, context)), settings, threats), maxLength);
  const block = async (template: string | undefined, maxLength = MAX_FIELD_LENGTH) =>
    cutEscaped(clean(cleanText(await rendered(template, context)), settings, threats), maxLength);
  const buttons = settings.buttons ? messageButtons(notification) : [];
  const interactive = settings.interactive ? buttons.filter(({ kind }) => kind === 'acknowledge') : [];
  const links = settings.interactive ? buttons.filter(({ kind }) => kind !== 'acknowledge') : buttons;
  const title = orStatus(await line(settings.title, MAX_TITLE_LENGTH), notification);
  const text = clean(cleanText(await rendered(settings.text, context)), settings, threats);
  const color = await line(settings.color);
  const fallback = orStatus(await line(settings.fallback), notification);
  const attachment = withoutEmpty({
    color,
    fallback,
    title,
    title_link: await line(settings.title_link, MAX_BUTTON_URL_LENGTH),
    pretext: await block(settings.pretext),
    text: fitEscaped(text, notification),
    footer: await line(settings.footer),
    callback_id: await line(settings.callback_id),
    image_url: await line(settings.image_url, MAX_BUTTON_URL_LENGTH),
    thumb_url: await line(settings.thumb_url, MAX_BUTTON_URL_LENGTH),
    mrkdwn_in: settings.mrkdwn_in,
    fields: await slackFields(settings, block),
    actions: await slackActions(settings, links, line),
  });
  const attachments = [attachment, ...interactiveAttachments(interactive, color)];
  return withoutEmpty({
    username: await line(settings.username, 80),
    icon_emoji: await line(settings.icon_emoji),
    icon_url: await line(settings.icon_url, MAX_BUTTON_URL_LENGTH),
    link_names: settings.link_names ? true : undefined,
    text: await block(settings.message_text),
    attachments,
  });
}

async function rendered(template: string | undefined, context: SendContext<SlackSettings>): Promise<string> {
  return template === undefined || template === '' ? '' : await context.render(template);
}

function clean(text: string, settings: SlackSettings, threats: SlackThreats): string {
  return withoutForeignMarkup(text, threats, settings.link_names);
}

function fitEscaped(text: string, notification: Notification): string {
  return withoutHalfEntity(fitMessage(text, notification, MAX_TEXT_LENGTH));
}

function cutEscaped(text: string, maxLength: number): string {
  return withoutHalfEntity(cutText(text, maxLength));
}

/** Takes the rest of an `&lt;` away that a cut left in front of its mark. */
function withoutHalfEntity(text: string): string {
  return text.replace(/&(?:l|g|lt|gt|a|am|amp)?…/g, '…');
}

type RenderLine = (template: string | undefined, maxLength?: number) => Promise<string>;

async function slackFields(settings: SlackSettings, block: RenderLine): Promise<SlackBody[]> {
  return Promise.all(
    settings.fields.slice(0, MAX_FIELDS).map(async (field) => ({
      title: await block(field.title),
      value: await block(field.value),
      short: field.short ?? settings.short_fields,
    })),
  );
}

/** The configured buttons, and ours as long as Slack shows them. */
async function slackActions(
  settings: SlackSettings,
  links: readonly MessageButton[],
  line: RenderLine,
): Promise<SlackBody[]> {
  const configured = await Promise.all(settings.actions.map((action) => configuredAction(action, line)));
  const usable = links.filter(({ url }) => isButtonUrl(url));
  const own = buttonsWithin(usable, Math.max(0, MAX_ACTIONS - configured.length)).map(linkAction);
  return [...configured, ...own];
}

function isButtonUrl(url: string | undefined): boolean {
  return url !== undefined && url.length <= MAX_BUTTON_URL_LENGTH && isHttpUrl(url);
}

function linkAction(button: MessageButton): SlackBody {
  const style = button.kind === 'acknowledge' ? 'primary' : undefined;
  const text = cutText(escapeSlack(button.label), MAX_BUTTON_LENGTH);
  return withoutEmpty({ type: 'button', text, url: button.url, style });
}

async function configuredAction(action: SlackAction, line: RenderLine): Promise<SlackBody> {
  const url = await line(action.url, MAX_BUTTON_URL_LENGTH);
  const common = {
    type: await line(action.type),
    text: await line(action.text),
    style: await line(action.style),
  };
  if (url !== '') return withoutEmpty({ ...common, url });
  const { confirm } = action;
  return withoutEmpty({
    ...common,
    name: await line(action.name),
    value: await line(action.value, MAX_BUTTON_VALUE_LENGTH),
    confirm:
      confirm === undefined
        ? undefined
        : withoutEmpty({
            text: await line(confirm.text),
            title: await line(confirm.title),
            ok_text: await line(confirm.ok_text),
            dismiss_text: await line(confirm.dismiss_text),
          }),
  });
}

/** An attachment with buttons that call back. Each has a block of its own, because ids of actions are unique within a block. */
function interactiveAttachments(buttons: readonly MessageButton[], color: string): SlackBody[] {
  if (buttons.length === 0) return [];
  const blocks = buttons.map((button) => ({
    type: 'actions',
    block_id: `${ACKNOWLEDGE_ACTION}_${button.fingerprint}`,
    elements: [
      {
        type: 'button',
        action_id: ACKNOWLEDGE_ACTION,
        value: button.fingerprint,
        style: 'primary',
        text: { type: 'plain_text', text: cutText(button.label, MAX_BUTTON_LENGTH), emoji: false },
      },
    ],
  }));
  return [withoutEmpty({ color, fallback: 'Acknowledge', blocks })];
}

function withoutEmpty(body: SlackBody): SlackBody {
  const isThere = (value: unknown) =>
    value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(body).filter(([, value]) => isThere(value)));
}
