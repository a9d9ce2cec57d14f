import { stringify } from 'yaml';
import type { ChannelSchema } from './channel-schema.ts';
import { isSection } from './findings.ts';
import { isAlertmanagerGlobal } from './global.ts';

export const HIDDEN = '<secret>';

/** Keys of `global` that Alertmanager hides. */
const GLOBAL_SECRETS = [
  'smtp_auth_password',
  'smtp_auth_secret',
  'slack_api_url',
  'slack_app_token',
  'opsgenie_api_key',
  'wechat_api_secret',
  'victorops_api_key',
  'telegram_bot_token',
  'rocketchat_token',
  'rocketchat_token_id',
  'mattermost_webhook_url',
];
/** Keys of HTTP clients, wherever they stand. `proxy_connect_header` has values that are secret. */
const CLIENT_SECRETS = [
  'password',
  'credentials',
  'client_secret',
  'bearer_token',
  'secrets',
  'proxy_connect_header',
];
/** A private key in place of its file. */
const TLS_SECRETS = ['key'];
/** Keys in entries that no channel describes. */
const UNKNOWN_SECRETS = [
  'alert_source_token',
  'api_key',
  'api_secret',
  'api_url',
  'app_token',
  'bot_token',
  'routing_key',
  'secret_key',
  'service_key',
  'token',
  'token_id',
  'url',
  'user_key',
  'webhook_url',
];

type Section = Readonly<Record<string, unknown>>;

/**
 * A configuration as YAML without secrets and comments, in the notation that Alertmanager's own tools read. Keys that Alertmanager does
 * not know stand in comments at the end, since its tools would refuse the whole.
 */
export function hiddenText(tree: Section, channels: readonly ChannelSchema[]): string {
  const { global, receivers, ...rest } = tree;
  const foreign: string[] = [];
  const shown: Record<string, unknown> = {};
  if (global !== undefined) shown.global = shownGlobal(global, channels, foreign);
  Object.assign(shown, hide(rest, new Set()));
  if (receivers !== undefined) shown.receivers = shownReceivers(receivers, channels, foreign);
  return toYaml(shown) + commented(foreign);
}

/** @param foreign what Alertmanager does not know is added here. */
function shownGlobal(global: unknown, channels: readonly ChannelSchema[], foreign: string[]): unknown {
  if (!isSection(global)) return global;
  const secrets = new Set(GLOBAL_SECRETS);
  for (const channel of channels)
    for (const [key, globalKey] of Object.entries(channel.globals))
      if (channel.secretKeys.includes(key)) secrets.add(globalKey);
  const entries = Object.entries(hide(global, secrets) as Section);
  const own = entries.filter(([key]) => !isAlertmanagerGlobal(key));
  if (own.length > 0) foreign.push(toYaml({ global: Object.fromEntries(own) }));
  return Object.fromEntries(entries.filter(([key]) => isAlertmanagerGlobal(key)));
}

function shownReceivers(value: unknown, channels: readonly ChannelSchema[], foreign: string[]): unknown {
  if (!Array.isArray(value)) return value;
  const byKey = new Map(channels.map((channel) => [channel.configKey, channel]));
  return value.map((receiver: unknown) => {
    if (!isSection(receiver)) return receiver;
    const kept: Record<string, unknown> = {};
    for (const [key, entries] of Object.entries(receiver)) {
      const channel = byKey.get(key);
      const hidden = key === 'name' ? entries : hide(entries, namesOf(channel));
      if (channel?.isInAlertmanager === false)
        foreign.push(`receiver ${JSON.stringify(receiver.name)}\n${toYaml({ [key]: hidden })}`);
      else kept[key] = hidden;
    }
    return kept;
  });
}

function namesOf(channel: ChannelSchema | undefined): ReadonlySet<string> {
  if (channel === undefined) return new Set(UNKNOWN_SECRETS);
  return new Set(channel.secretKeys.map((key) => key.split('.').at(-1)!));
}

/** @param names of keys whose values are secret, besides those of HTTP clients. */
function hide(value: unknown, names: ReadonlySet<string>, isTls = false): unknown {
  if (typeof value === 'string') return withoutPassword(value);
  if (Array.isArray(value)) return value.map((item) => hide(item, names, isTls));
  if (!isSection(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const isSecret = names.has(key) || CLIENT_SECRETS.includes(key) || (isTls && TLS_SECRETS.includes(key));
      if (!isSecret) return [key, hide(inner, names, /tls_config$/.test(key))];
      return [key, key === 'url' ? hidePath(inner) : hideAll(inner)];
    }),
  );
}

/** Keeps the shape, so that the text can still be read as a configuration. */
function hideAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideAll);
  if (isSection(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideAll(inner)]));
  return value === null || value === undefined || value === '' ? value : HIDDEN;
}

/** Of addresses of webhooks: Alertmanager's tools before 0.26 take only what is a URL. */
function hidePath(value: unknown): unknown {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url === null || url.origin === 'null' ? hideAll(value) : `${url.origin}/${HIDDEN}`;
}

/** As Go redacts it, so that it still is a URL: between the scheme and the host, up to the last @ before the path. */
function withoutPassword(value: string): string {
  return value.replace(
    /^([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*):[^\s/?#]*@/i,
    (_, user: string) => `${user}:xxxxx@`,
  );
}

function toYaml(value: unknown): string {
  // 1.1, because Go's library takes yes and 12:30 in its sense.
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}

function commented(entries: readonly string[]): string {
  if (entries.length === 0) return '';
  const lines = ['Alertmanager does not know these keys:', ...entries.map((entry) => entry.trimEnd())]
    .join('\n')
    .trimEnd()
    .split('\n');
  return lines.map((line) => `# ${line}\n`).join('');
}
