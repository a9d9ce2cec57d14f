import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { parseAlertingConfig } from './index.ts';
import { TEST_CHANNELS } from './test-channels.ts';

const TEXT = `
# hunter2 in a comment
global:
  smtp_smarthost: mail:25
  smtp_from: a@b
  smtp_auth_username: me
  smtp_auth_password: hunter2
  slack_api_url: https://hooks.example/hunter2
  twilio_auth_token: hunter2
  victorops_api_key: hunter2
  http_config:
    proxy_url: http://me:hunter2@proxy:3128/x
    basic_auth: {username: me, password: hunter2}
    tls_config: {cert_file: x, key_file: /shown}
route:
  receiver: r
  routes:
    - matchers: [password="shown"]
      mute_time_intervals: [nights]
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: 12:30, end_time: '24:00'}]}]
receivers:
  - name: r
    email_configs:
      - {to: x@y, auth_password: hunter2}
    slack_configs:
      - {api_url: https://hooks.example/hunter2, channel: yes}
      - {api_url_file: /shown, channel: ''}
    webhook_configs:
      - url: https://me:hunter2@example.org/hunter2
        http_config:
          authorization: {credentials: hunter2}
          http_headers: {X: {values: [shown], secrets: [hunter2]}}
      - {url: '', max_alerts: 3}
    pagerduty_configs:
      - {routing_key: hunter2, url: https://shown.example, details: {password: hunter2, a: shown}}
    sms_configs:
      - {auth_token: hunter2, to: '+49'}
    victorops_configs:
      - {api_key: hunter2, routing_key: hunter2}
    discord_configs:
      - {webhook_url: &url "https://hunter2.example", title: x, http_config: {tls_config: {cert: c, key: *url}}}
`;

const { config, problems } = parseAlertingConfig(TEXT, { channels: TEST_CHANNELS, file: 'am.yml' });

describe('the text for status pages', () => {
  test('has no secret', () => {
    expect(problems).toEqual([]);
    expect(config!.text).not.toContain('hunter2');
  });

  test('has everything else', () => {
    const shown = parse(config!.text);
    expect(shown.global).toEqual({
      smtp_smarthost: 'mail:25',
      smtp_from: 'a@b',
      smtp_auth_username: 'me',
      smtp_auth_password: '<secret>',
      slack_api_url: '<secret>',
      victorops_api_key: '<secret>',
      http_config: {
        proxy_url: 'http://me:xxxxx@proxy:3128/x',
        basic_auth: { username: 'me', password: '<secret>' },
        tls_config: { cert_file: 'x', key_file: '/shown' },
      },
    });
    expect(shown.route.routes[0].matchers).toEqual(['password="shown"']);
    const [receiver] = shown.receivers;
    expect(receiver.slack_configs).toEqual([
      { api_url: '<secret>', channel: 'yes' },
      { api_url_file: '/shown', channel: '' },
    ]);
    expect(receiver.webhook_configs).toEqual([
      {
        url: 'https://example.org/<secret>',
        http_config: {
          authorization: { credentials: '<secret>' },
          http_headers: { X: { values: ['shown'], secrets: ['<secret>'] } },
        },
      },
      { url: '', max_alerts: 3 },
    ]);
    expect(receiver.pagerduty_configs[0]).toMatchObject({
      url: 'https://shown.example',
      details: { a: 'shown' },
    });
    expect(receiver.victorops_configs).toEqual([{ api_key: '<secret>', routing_key: '<secret>' }]);
  });

  test('shows what Alertmanager does not know in comments', () => {
    expect(parse(config!.text).receivers[0]).not.toHaveProperty('sms_configs');
    const comments = config!.text.split('\n').filter((line) => line.startsWith('#'));
    expect(comments).toEqual([
      '# Alertmanager does not know these keys:',
      '# global:',
      '#   twilio_auth_token: <secret>',
      '# receiver "r"',
      '# sms_configs:',
      '#   - auth_token: <secret>',
      '#     to: "+49"',
    ]);
  });

  test('is read as the same routes again', () => {
    const again = parseAlertingConfig(config!.text.replace('slack_api_url: <secret>', ''), {
      channels: TEST_CHANNELS,
      file: 'am.yml',
    });
    expect(again.problems).toEqual([]);
    expect(again.config!.route.routes[0]!.key).toBe(config!.route.routes[0]!.key);
  });
});

const hasAmtool = spawnSync('amtool', ['--version']).status === 0;
if (!hasAmtool) console.info('amtool is not installed; the hidden text is not given to it');

test.skipIf(!hasAmtool)('amtool takes it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bw-hidden-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // Without what only newer versions know.
  const text = TEXT.replace(/ +http_headers.*\n/, '')
    .replace("- {url: '', max_alerts: 3}", '')
    .replace(/, http_config: {tls_config: {cert.*/, '}');
  const own = parseAlertingConfig(text, { channels: TEST_CHANNELS, file: 'am.yml' });
  expect(own.problems).toEqual([]);
  const file = join(folder, 'am.yml');
  writeFileSync(file, own.config!.text);
  const check = spawnSync('amtool', ['check-config', file], { encoding: 'utf8', timeout: 20_000 });
  expect(check.stdout).toContain('SUCCESS');
});
