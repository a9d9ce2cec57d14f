import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { CHANNELS } from '../../notify/registry.ts';
import { matchingRoutes } from '../route-match.ts';
import { loadAlertingConfig } from './index.ts';
import { TEST_CHANNELS } from './test-channels.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const folder = join(dirname(root), 'shared', 'conformance', 'alertmanager');
const hasFiles = existsSync(folder);
if (!hasFiles) console.info(`${folder} is missing; Alertmanager's files are not read`);
const files = hasFiles ? readdirSync(folder).filter((file) => file.endsWith('.yml')) : [];

const load = (file: string) => {
  const { config, problems, warnings } = loadAlertingConfig(join(folder, file), { channels: TEST_CHANNELS });
  expect(problems).toEqual([]);
  return { config: config!, warnings };
};

describe.skipIf(!hasFiles)(
  'conformance files (../shared/conformance/alertmanager beside the project)',
  () => {
    test.each(files.length === 0 ? ['none'] : files)('%s loads', (file) => {
      const { config, warnings } = load(file);
      expect(config.receivers.size).toBeGreaterThan(0);
      const expected = /no file matches|victorops_configs: there is no such channel|tracing is ignored/;
      expect(warnings.filter(({ message }) => !expected.test(message))).toEqual([]);
      expect(warnings.every(({ line }) => line !== undefined)).toBe(true);
      expect(config.text).not.toMatch(/mysecret|asd132|qwe456/);
    });

    test.each(files.length === 0 ? ['none'] : files)('%s loads with the channels of the server', (file) => {
      const { config, problems } = loadAlertingConfig(join(folder, file), { channels: CHANNELS });
      expect(problems).toEqual([]);
      expect(config!.text).not.toMatch(/mysecret|asd132|qwe456/);
    });

    test('conf.good.yml', () => {
      const { config, warnings } = load('conf.good.yml');
      const receivers = (labels: Record<string, string>) =>
        matchingRoutes(config.route, Labels.fromObject(labels)).map(({ receiver }) => receiver);
      expect(receivers({})).toEqual(['team-X-mails']);
      expect(receivers({ service: 'foo1', severity: 'critical' })).toEqual(['team-X-pager']);
      expect(receivers({ service: 'foo2' })).toEqual(['team-X-mails']);
      expect(receivers({ service: 'database' })).toEqual(['team-DB-pager']);
      expect(receivers({ service: 'database', owner2: 'team-X', owner: 'team-Y' })).toEqual([
        'team-X-pager',
        'team-Y-pager',
      ]);
      expect(config.route.routes[2]).toMatchObject({
        key: '{}/{service="database"}',
        groupBy: ['alertname', 'cluster', 'database'],
        repeatIntervalMs: 10_800_000,
      });
      expect(config.inhibitRules).toMatchObject([{ equal: ['alertname', 'cluster', 'service'] }]);
      expect(config.receivers.get('slack-receiver')!.integrations[0]).toMatchObject({
        settings: { api_url: 'http://mysecret.example.com/', channel: '#my-channel' },
        http: { proxy: { url: 'http://127.0.0.1:1025' } },
      });
      expect(warnings.map(({ message }) => message)).toContain(
        'victorops_configs: there is no such channel here; this entry tells nobody',
      );
    });

    test('what is inherited from global', () => {
      const settings = (file: string, receiver: string) =>
        load(file)
          .config.receivers.get(receiver)!
          .integrations.map((integration) => integration.settings);
      expect(settings('conf.slack-default-api-url-file.yml', 'slack-notifications')).toMatchObject([
        { api_url_file: '/global_file' },
        { api_url_file: '/override_file' },
        { api_url: 'http://mysecret.example.com/' },
      ]);
      expect(settings('conf.telegram-default-bot-token.yml', 'team-X-telegram')).toEqual([
        { chat_id: 123, bot_token: 'asd132' },
      ]);
      expect(settings('conf.opsgenie-default-apikey.yml', 'escalation-Y-opsgenie')).toMatchObject([
        { api_key: 'qwe456' },
      ]);
    });

    test('cli-conf.routing.yml', () => {
      const { config } = load('cli-conf.routing.yml');
      const receivers = (value: string) =>
        matchingRoutes(config.route, Labels.fromObject({ test: value })).map(({ receiver }) => receiver);
      expect(receivers('1')).toEqual(['test1']);
      expect(receivers('2')).toEqual(['test1', 'test2']);
      expect(receivers('volovina')).toEqual(['default']);
    });

    test('conf.group-by-all.yml', () => {
      expect(load('conf.group-by-all.yml').config.route.groupBy).toBe('all');
    });
  },
);
