import type { IntegrationHttp } from '../model/notification.ts';

/** What stands where a secret was. */
export const HIDDEN = '<secret>';
/** Shorter secrets are only taken out where they stand as a word, or half of every text would vanish. */
const MIN_ANYWHERE_LENGTH = 5;
/** Distinct texts that are looked for; more is a mistake in a channel. */
const MAX_SECRETS = 1000;

const USER_IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"'<>]*@/gi;
const TOKEN_IN_URL =
  /([?&](?:[a-z_-]*(?:token|secret|password|signature|api_?key)|key|sig|auth|pwd)=)[^&#\s"'<>)]+/gi;

/**
 * Everything of one integration that may stand in no message, detail or line of a log. Besides the secrets it knows, it takes names,
 * passwords and tokens out of URLs.
 */
export class Secrets {
  readonly #words = new Set<string>();
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** @param text a secret; of a URL also its path, name and password count. */
  add(text: string): void {
    if (text === '' || this.#forms.size >= MAX_SECRETS) return;
    this.#pattern = undefined;
    for (const form of formsOf(text)) {
      if (form.length >= MIN_ANYWHERE_LENGTH) this.#forms.add(form);
      else this.#words.add(form);
    }
  }

  redact(text: string): string {
    this.#pattern ??= patternOf(this.#forms);
    let result = text.replace(this.#pattern, HIDDEN);
    for (const word of this.#words) result = withoutWord(result, word);
    return result.replace(USER_IN_URL, `$1${HIDDEN}@`).replace(TOKEN_IN_URL, `$1${HIDDEN}`);
  }
}

/** The longest first, or a part of it would be left. What is hidden already is found, too, so that nothing in the mark is. */
function patternOf(forms: ReadonlySet<string>): RegExp {
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  const escaped = sorted.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp([HIDDEN, ...escaped].join('|'), 'g');
}

/** The ways in which a secret is written in requests and answers. */
function formsOf(secret: string): Set<string> {
  const forms = new Set<string>();
  const text = secret.trim();
  if (text === '') return forms;
  const plain = text.toWellFormed();
  for (const form of [text, ...partsOfUrl(text)]) forms.add(form);
  forms.add(encodeURIComponent(plain));
  forms.add(new URLSearchParams([['', plain]]).toString().slice(1));
  forms.add(JSON.stringify(text).slice(1, -1));
  forms.add(Buffer.from(plain).toString('base64'));
  return forms;
}

function partsOfUrl(text: string): string[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return [];
  const url = new URL(text);
  const parts = [url.href, url.username, url.password, `${url.pathname}${url.search}`];
  const decoded = [url.username, url.password].map((part) => decodeOr(part));
  return [...parts, ...decoded].filter((part) => part.length >= MIN_ANYWHERE_LENGTH);
}

function decodeOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no escape; the text as it is counts then.
    return text;
  }
}

function withoutWord(text: string, word: string): string {
  const parts = text.split(word);
  if (parts.length === 1) return text;
  let result = parts[0]!;
  for (let i = 1; i < parts.length; i++) {
    const isWord = !/\w$/.test(result) && !/^\w/.test(parts[i]!);
    result += (isWord ? HIDDEN : word) + parts[i];
  }
  return result;
}

/** The value at a dotted key; undefined when there is none. */
export function valueAt(settings: unknown, key: string): unknown {
  let value = settings;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** Every text at or below the keys. */
export function secretTexts(settings: unknown, keys: readonly string[]): string[] {
  return keys.flatMap((key) => textsIn(valueAt(settings, key)));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Secrets of an HTTP client: texts, and files that have them as content. */
export function httpSecrets(http: IntegrationHttp | undefined): { texts: string[]; files: string[] } {
  const { credentials, headers, tls, proxy } = http ?? {};
  const texts: (string | undefined)[] = [tls?.key, proxy?.url];
  const files: (string | undefined)[] = [];
  texts.push(...Object.values(proxy?.connectHeaders ?? {}).flat());
  for (const header of Object.values(headers ?? {})) {
    texts.push(...header.values);
    files.push(...header.files);
  }
  if (credentials?.kind === 'basic') {
    texts.push(credentials.password, basicToken(credentials.username, credentials.password));
    files.push(credentials.passwordFile);
  }
  if (credentials?.kind === 'authorization') {
    texts.push(credentials.credentials);
    files.push(credentials.credentialsFile);
  }
  if (credentials?.kind === 'oauth2') {
    texts.push(credentials.clientSecret);
    files.push(credentials.clientSecretFile);
  }
  const present = (text: string | undefined): text is string => text !== undefined && text !== '';
  return { texts: texts.filter(present), files: files.filter(present) };
}

function basicToken(username: string | undefined, password: string | undefined): string | undefined {
  if (username === undefined || password === undefined) return undefined;
  return Buffer.from(`${username}:${password}`).toString('base64');
}
