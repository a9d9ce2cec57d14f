import assert from 'node:assert/strict';
import type { Notification } from '../../model/notification.ts';
import type { HttpReceived } from './channel-suite.ts';

/** Questions that several stand-ins ask. */

/** Fails for a key the service does not document. */
export function assertKeys(value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  assert.deepEqual(unknown, [], 'keys the service does not know');
}

/** Fails unless it is a text with something to read in it, not longer than the service allows. */
export function assertText(value: unknown, maxLength: number, name: string): void {
  assert.equal(typeof value, 'string', `${name} is no text`);
  const text = value as string;
  assert.ok(text.trim() !== '', `${name} is empty`);
  assert.ok(text.length <= maxLength, `${name} has ${text.length} characters of ${maxLength}`);
}

export function assertHttpUrl(value: unknown): void {
  assert.ok(
    typeof value === 'string' && /^https?:$/.test(new URL(value).protocol),
    `${value} is no web address`,
  );
}

export function assertJson(request: HttpReceived): void {
  assert.match(request.headers['content-type'] ?? '', /^application\/json(;|$)/);
}

/** Fails unless somebody who reads the texts learns of the notification's state and how many alerts are missing. */
export function assertTells(texts: readonly string[], notification: Notification): void {
  const all = texts.join('\n');
  assert.match(all, notification.status === 'firing' ? /FIRING|Firing/ : /RESOLVED|Resolved/);
  const { truncatedAlerts: count } = notification;
  if (count > 0) assert.ok(all.includes(`${count} more alert`), 'how many alerts are not shown');
}

/** What a careless server writes into its answer. */
export function quoteRequest(request: HttpReceived): string {
  return `${request.method} ${request.path} ${JSON.stringify(request.headers)} ${request.body}`;
}

/** The text without escapes by backslashes, as Markdown is shown. */
export function shownMarkdown(text: string): string {
  return text.replace(/\\([\\`*_[\]<>#|~])/g, '$1');
}

/** What of a Markdown text is markup: escaped signs are taken away. */
export function markupOf(text: string): string {
  return text.replace(/\\[\\`*_[\]<>#|~]/g, '');
}
