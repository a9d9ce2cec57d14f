import addressparser from 'nodemailer/lib/addressparser';
import { z } from 'zod';
import { bool, httpClientFields, section, text, textMap } from '../../prom-config/index.ts';
import { missingProblem, pairProblems, type SettingProblem } from './message.ts';

export const DEFAULT_HTML = '{{ template "email.default.html" . }}';
export const DEFAULT_TEXT = '{{ template "email.default.text" . }}';
export const DEFAULT_SUBJECT = '{{ template "email.default.subject" . }}';

/** Keys and defaults of Alertmanager; only `text` has one there that is empty. */
export const emailSchema = section({
  to: text.default(''),
  from: text.default(''),
  /** `host:port`. */
  smarthost: text.default(''),
  hello: text.default('localhost'),
  auth_username: text.optional(),
  auth_password: text.optional(),
  auth_password_file: text.optional(),
  /** For CRAM-MD5. */
  auth_secret: text.optional(),
  auth_secret_file: text.optional(),
  auth_identity: text.optional(),
  require_tls: bool.default(true),
  /** TLS from the first byte. Undefined: on port 465. */
  force_implicit_tls: bool.optional(),
  tls_config: httpClientFields.tls_config,
  headers: textMap.default({}),
  html: text.default(DEFAULT_HTML),
  text: text.default(DEFAULT_TEXT),
  /** Undefined: messages of a group are one thread, however long it lives. */
  threading: section({
    enabled: bool.default(false),
    thread_by_date: z.enum(['none', 'daily'], { error: "must be either 'none' or 'daily'" }).optional(),
  }).optional(),
});

export type EmailSettings = z.output<typeof emailSchema>;

/** Headers that say how the message is built, which is not for templates to decide. */
const RESERVED_HEADERS = /^(content-.*|mime-version|bcc|date)$/i;

export function checkEmail(settings: EmailSettings): SettingProblem[] {
  const problems = [
    ...missingProblem(settings, ['to']),
    ...missingProblem(settings, ['from']),
    ...missingProblem(settings, ['smarthost']),
    ...pairProblems(settings, [
      ['auth_password', 'auth_password_file'],
      ['auth_secret', 'auth_secret_file'],
    ]),
    ...headerProblems(settings),
  ];
  const add = (key: string, message: string) => problems.push({ path: [key], message });
  if (settings.smarthost !== '' && hostAndPort(settings.smarthost) === undefined)
    add('smarthost', 'must be host:port');
  if (!settings.to.includes('{{') && settings.to !== '' && addressesIn(settings.to) === undefined)
    add('to', 'must be e-mail addresses with commas between them');
  if (!settings.from.includes('{{') && settings.from !== '' && addressesIn(settings.from)?.length !== 1)
    add('from', 'must be one e-mail address');
  if (/[\s\0]/.test(settings.hello) || settings.hello === '') add('hello', 'must be the name of a host');
  const { threading } = settings;
  if (threading?.enabled === true && threading.thread_by_date === undefined)
    problems.push({ path: ['threading', 'thread_by_date'], message: "must be either 'none' or 'daily'" });
  return problems;
}

function headerProblems({ headers, threading }: EmailSettings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const seen = new Set<string>();
  for (const name of Object.keys(headers)) {
    const add = (message: string) => problems.push({ path: ['headers', name], message });
    const plain = name.toLowerCase();
    if (!/^[\x21-\x39\x3b-\x7e]{1,76}$/.test(name)) add('is not the name of a header');
    else if (RESERVED_HEADERS.test(name)) add('is set by the server');
    if (seen.has(plain)) add(`duplicate header ${JSON.stringify(name)}`);
    if (threading?.enabled === true && ['references', 'in-reply-to'].includes(plain))
      add('cannot be set together with threading');
    seen.add(plain);
  }
  return problems;
}

/** Undefined when it is not `host:port`. An IPv6 address stands in brackets. */
export function hostAndPort(smarthost: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(smarthost);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2])!, port };
}

export interface EmailAddress {
  readonly name: string;
  readonly address: string;
}

/** At most this many recipients of one message. */
const MAX_ADDRESSES = 100;

/** The addresses of a list (RFC 5322); undefined when something in it is none, or there are none or too many. */
export function addressesIn(list: string): readonly EmailAddress[] | undefined {
  // The parser makes the best of everything; what it would take for a name may be an address somebody slipped in.
  if (!/[<"(]/.test(list) && list.split(',').some((one) => /\s/.test(one.trim()))) return undefined;
  const found = addressparser(list, { flatten: true });
  const isGood = found.every(({ address }) => /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()\\]+$/.test(address));
  return isGood && found.length > 0 && found.length <= MAX_ADDRESSES ? found : undefined;
}
