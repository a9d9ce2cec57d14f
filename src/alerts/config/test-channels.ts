import { z } from 'zod';
import { bool, section, text } from '../../prom-config/index.ts';
import type { ChannelSchema } from './channel-schema.ts';

/** Channels for tests: two with exact schemas, the others take anything. */

const email: ChannelSchema = {
  name: 'email',
  configKey: 'email_configs',
  schema: section({
    to: text,
    from: text,
    smarthost: text,
    hello: text.default('localhost'),
    auth_username: text.optional(),
    auth_password: text.optional(),
    auth_password_file: text.optional(),
    require_tls: bool.default(true),
    tls_config: z.looseObject({}).optional(),
    headers: z.record(z.string(), text).default({}),
    html: text.default('{{ template "email.default.html" . }}'),
  }),
  globals: {
    from: 'smtp_from',
    smarthost: 'smtp_smarthost',
    hello: 'smtp_hello',
    auth_username: 'smtp_auth_username',
    auth_password: 'smtp_auth_password',
    auth_password_file: 'smtp_auth_password_file',
    require_tls: 'smtp_require_tls',
    tls_config: 'smtp_tls_config',
  },
  secretKeys: ['auth_password'],
  templateKeys: ['to', 'html', 'headers'],
  sendsResolved: false,
};

const slack: ChannelSchema<{ api_url?: string; token?: string }> = {
  name: 'slack',
  configKey: 'slack_configs',
  schema: section({
    api_url: text.optional(),
    api_url_file: text.optional(),
    token: text.optional(),
    channel: text.default(''),
    image_url: text.optional(),
    text: text.default(''),
    fields: z.array(section({ title: text, value: text })).default([]),
  }),
  globals: { api_url: 'slack_api_url', api_url_file: 'slack_api_url_file', token: 'slack_app_token' },
  alternatives: [['token', 'api_url']],
  secretKeys: ['api_url', 'token'],
  templateKeys: ['text', 'fields.value'],
  sendsResolved: false,
  check: ({ api_url: url, token }) =>
    url !== undefined && token !== undefined
      ? [{ path: ['token'], message: 'one of api_url and token' }]
      : [],
};

const anything = (name: string, configKey: string, more: Partial<ChannelSchema> = {}): ChannelSchema => ({
  name,
  configKey,
  schema: z.looseObject({}),
  globals: {},
  secretKeys: [],
  templateKeys: [],
  sendsResolved: true,
  ...more,
});

export const TEST_CHANNELS: readonly ChannelSchema[] = [
  email,
  slack as ChannelSchema,
  anything('pagerduty', 'pagerduty_configs', {
    globals: { url: 'pagerduty_url' },
    secretKeys: ['routing_key', 'service_key'],
  }),
  anything('telegram', 'telegram_configs', {
    globals: { bot_token: 'telegram_bot_token', bot_token_file: 'telegram_bot_token_file' },
    secretKeys: ['bot_token'],
  }),
  anything('opsgenie', 'opsgenie_configs', {
    globals: { api_key: 'opsgenie_api_key', api_key_file: 'opsgenie_api_key_file' },
    secretKeys: ['api_key'],
  }),
  anything('pushover', 'pushover_configs', { secretKeys: ['user_key', 'token'] }),
  anything('webhook', 'webhook_configs', { secretKeys: ['url'] }),
  anything('sms', 'sms_configs', {
    isInAlertmanager: false,
    globals: { auth_token: 'twilio_auth_token' },
    secretKeys: ['auth_token'],
  }),
  anything('console', 'console_configs', { isInAlertmanager: false }),
];
