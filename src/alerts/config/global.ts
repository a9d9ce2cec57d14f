import { z } from 'zod';
import {
  bool,
  type ConfigPlace,
  duration,
  type HttpClientConfig,
  httpClientFields,
  httpClientProblems,
  problemAt,
  section,
  text,
  toHttpClient,
  within,
} from '../../prom-config/index.ts';
import type { ChannelSchema } from './channel-schema.ts';
import { type Findings, isSection, readSection, readValue } from './findings.ts';

const DEFAULT_RESOLVE_TIMEOUT_MS = 300_000;

const url = text.superRefine((value, context) => {
  if (value === '' || isHttpUrl(value)) return;
  // Not quoted: it may have a secret in it.
  context.addIssue({ code: 'custom', message: 'must be a URL with http or https' });
});
const hostPort = text.superRefine((value, context) => {
  if (value === '' || /^(?:\[[^\]]+\]|[^:[\]]*):[^:]+$/.test(value)) return;
  context.addIssue({ code: 'custom', message: `must be host:port, not ${JSON.stringify(value)}` });
});
/** Checked where it is used. */
const httpConfig = section(httpClientFields);

/** Every key that Alertmanager has up to 0.34, whether or not there is a channel for it. */
const GLOBAL_FIELDS = {
  resolve_timeout: duration,
  smtp_from: text,
  smtp_hello: text,
  smtp_smarthost: hostPort,
  smtp_auth_username: text,
  smtp_auth_password: text,
  smtp_auth_password_file: text,
  smtp_auth_secret: text,
  smtp_auth_secret_file: text,
  smtp_auth_identity: text,
  smtp_require_tls: bool,
  smtp_tls_config: httpClientFields.tls_config,
  smtp_force_implicit_tls: bool,
  slack_api_url: url,
  slack_api_url_file: text,
  slack_app_token: text,
  slack_app_token_file: text,
  slack_app_url: url,
  pagerduty_url: url,
  opsgenie_api_url: url,
  opsgenie_api_key: text,
  opsgenie_api_key_file: text,
  wechat_api_url: url,
  wechat_api_secret: text,
  wechat_api_secret_file: text,
  wechat_api_corp_id: text,
  victorops_api_url: url,
  victorops_api_key: text,
  victorops_api_key_file: text,
  telegram_api_url: url,
  telegram_bot_token: text,
  telegram_bot_token_file: text,
  webex_api_url: url,
  rocketchat_api_url: url,
  rocketchat_token: text,
  rocketchat_token_file: text,
  rocketchat_token_id: text,
  rocketchat_token_id_file: text,
  mattermost_webhook_url: url,
  mattermost_webhook_url_file: text,
  jira_api_url: url,
};

/** Whether Alertmanager has the key too. */
export function isAlertmanagerGlobal(key: string): boolean {
  return key === 'http_config' || Object.hasOwn(GLOBAL_FIELDS, key);
}

/** The `global` section. */
export interface GlobalSettings {
  readonly resolveTimeoutMs: number;
  /** For entries without an `http_config`; undefined when there is none here either. */
  readonly http: HttpClientConfig | undefined;
  /** As they were written, for entries that lack a key. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly place: ConfigPlace;
}

export function readGlobal(
  value: unknown,
  place: ConfigPlace,
  source: { readonly channels: readonly ChannelSchema[]; readonly directory: string },
  findings: Findings,
): GlobalSettings {
  const own: Record<string, z.ZodType> = {};
  // Keys of channels that Alertmanager does not have; their schemas check the values.
  for (const channel of source.channels)
    for (const key of Object.values(channel.globals)) own[key] = z.unknown();
  const { http_config: http, ...rest } = isSection(value) ? value : {};
  const shape = { ...own, ...GLOBAL_FIELDS };
  const fields = readSection(shape, isSection(value) ? rest : (value ?? {}), place, findings);
  checkPairs(rest, place, findings);
  return {
    resolveTimeoutMs: fields?.resolve_timeout ?? DEFAULT_RESOLVE_TIMEOUT_MS,
    http: readHttpConfig(http, within(place, ['http_config']), source.directory, findings),
    values: new Map(Object.entries(rest)),
    place,
  };
}

/** A client's settings; undefined when there are none, or wrong ones. */
export function readHttpConfig(
  value: unknown,
  place: ConfigPlace,
  directory: string,
  findings: Findings,
): HttpClientConfig | undefined {
  if (value === undefined || value === null) return undefined;
  const config = readValue(httpConfig, value, place, findings);
  if (config === undefined) return undefined;
  for (const { path, message } of httpClientProblems(config))
    findings.problems.push(problemAt(place, path, message));
  return toHttpClient(config, directory);
}

/** Of a secret and its file one may be given. */
function checkPairs(values: Readonly<Record<string, unknown>>, place: ConfigPlace, findings: Findings): void {
  for (const key of Object.keys(values)) {
    if (isEmpty(values[key]) || isEmpty(values[`${key}_file`])) continue;
    const message = `at most one of ${key} & ${key}_file must be configured`;
    findings.problems.push(problemAt(place, [`${key}_file`], message, true));
  }
}

/** As in Alertmanager an empty text is the same as no text. */
export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function isHttpUrl(value: string): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.hostname !== '';
}
