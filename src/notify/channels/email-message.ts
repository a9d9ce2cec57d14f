import { createHash } from 'node:crypto';
import type { SendMailOptions } from 'nodemailer';
import type { Notification } from '../../model/notification.ts';
import { escapeHtml } from '../../templates/index.ts';
import { DeliveryError, type SendContext } from '../channel.ts';
import { cleanLine, cleanText, cutText } from '../text.ts';
import {
  addressesIn,
  DEFAULT_HTML,
  DEFAULT_SUBJECT,
  DEFAULT_TEXT,
  type EmailAddress,
  type EmailSettings,
} from './email-settings.ts';
import { messageButtons, moreAlerts, orStatus } from './message.ts';

const MAX_SUBJECT_LENGTH = 250;
const MAX_HEADER_LENGTH = 2000;

type Context = SendContext<EmailSettings>;

/**
 * The message. Everything that comes from labels is one line in headers, so that it can begin no header of its own, and HTML is made
 * by templates in HTML mode, so that it can begin no element.
 *
 * @throws DeliveryError for addresses that are none.
 */
export async function emailMessage(notification: Notification, context: Context): Promise<SendMailOptions> {
  const { settings } = context;
  const from = await addresses(context, 'from', settings.from);
  const to = await addresses(context, 'to', settings.to);
  const { subject, ...headers } = await renderHeaders(notification, context);
  const domain = domainOf(from[0]!);
  const { from: shownFrom, to: shownTo, 'message-id': messageId, ...others } = headers;
  return {
    envelope: { from: from[0]!.address, to: to.map(({ address }) => address) },
    from: shownFrom ?? [...from],
    to: shownTo ?? [...to],
    subject: subject!,
    date: new Date(context.nowMs),
    messageId: messageId ?? `<${notification.id}@${domain}>`,
    ...threadOf(notification, context, domain),
    headers: { 'Auto-Submitted': 'auto-generated', ...others },
    ...(await bodies(notification, context)),
    disableFileAccess: true,
    disableUrlAccess: true,
    signal: context.signal,
  };
}

async function addresses(
  context: Context,
  key: 'from' | 'to',
  template: string,
): Promise<readonly EmailAddress[]> {
  const found = addressesIn(cleanLine(await context.render(template)));
  if (found === undefined || (key === 'from' && found.length !== 1))
    throw new DeliveryError({
      message: key === 'from' ? '`from` is not one e-mail address' : '`to` is not a list of e-mail addresses',
      isRetryable: false,
    });
  return found;
}

/** By name in lower case; with a subject. */
async function renderHeaders(notification: Notification, context: Context): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const templates = { subject: DEFAULT_SUBJECT };
  for (const [name, template] of Object.entries(context.settings.headers))
    Object.assign(templates, { [name.toLowerCase()]: template });
  for (const [name, template] of Object.entries(templates)) {
    const maxLength = name === 'subject' ? MAX_SUBJECT_LENGTH : MAX_HEADER_LENGTH;
    headers[name] = cutText(cleanLine(await context.render(template)), maxLength);
  }
  headers.subject = cleanLine(orStatus(headers.subject!, notification));
  return headers;
}

function domainOf({ address }: EmailAddress): string {
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return /^[a-z0-9.-]{1,200}$/i.test(domain) ? domain : 'localhost';
}

/** Every message answers one that was never sent, which mail programs take for the same thread. */
function threadOf(
  notification: Notification,
  { settings, nowMs }: Context,
  domain: string,
): { references: string; inReplyTo: string } | undefined {
  const { threading, headers } = settings;
  const isOwn = Object.keys(headers).some((name) => /^(references|in-reply-to)$/i.test(name));
  if (threading?.enabled === false || isOwn) return undefined;
  const day = threading?.thread_by_date === 'daily' ? new Date(nowMs).toISOString().slice(0, 10) : '';
  const hash = createHash('sha256').update(`${notification.groupKey} ${day}`).digest('hex').slice(0, 32);
  const id = `<group-${hash}@${domain}>`;
  return { references: id, inReplyTo: id };
}

async function bodies(
  notification: Notification,
  context: Context,
): Promise<{ html?: string; text?: string }> {
  const { html, text } = context.settings;
  const result: { html?: string; text?: string } = {};
  const more = moreAlerts(notification);
  if (text !== '') {
    const rendered = cleanText(await context.render(text)).trimEnd();
    const links = text === DEFAULT_TEXT ? linkLines(notification) : '';
    result.text = `${rendered}${more === '' ? '' : `\n\n… ${more}`}${links}\n`;
  }
  if (html !== '') {
    const rendered = cleanText(await context.render(html, { isHtml: true }));
    const links = html === DEFAULT_HTML ? linkElements(notification) : '';
    result.html = beforeEnd(rendered, (more === '' ? '' : `<p>… ${escapeHtml(more)}</p>`) + links);
  }
  if (text === '' && html === '') result.text = `${orStatus('', notification)}\n`;
  return result;
}

function linkLines(notification: Notification): string {
  const buttons = messageButtons(notification).filter(({ url }) => url !== undefined);
  return buttons.length === 0 ? '' : `\n\n${buttons.map(({ label, url }) => `${label}: ${url}`).join('\n')}`;
}

function linkElements(notification: Notification): string {
  const links = messageButtons(notification)
    .filter(({ url }) => url !== undefined)
    .map(({ label, url }) => `<a href="${escapeHtml(url!)}">${escapeHtml(label)}</a>`);
  return links.length === 0
    ? ''
    : `<p style="margin:16px auto;max-width:640px">${links.join(' &nbsp; ')}</p>`;
}

function beforeEnd(html: string, addition: string): string {
  const at = html.lastIndexOf('</body>');
  return at < 0 ? html + addition : html.slice(0, at) + addition + html.slice(at);
}
