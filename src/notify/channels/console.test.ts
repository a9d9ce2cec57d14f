import { expect, test } from 'vitest';
import type { LogFields } from '../../lib/log.ts';
import { fakeIntegration, notifierBench, numberedNotification } from '../notify-test-kit.ts';
import { exampleAlert, hostileNotification } from './channel-suite.ts';
import { consoleChannel } from './console.ts';

function recordingLog() {
  const lines: { level: string; fields: LogFields; message: string }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

const integration = fakeIntegration({ channel: 'console', settings: consoleChannel.schema.parse({}) });

test('one line in the log, louder for what fires', async () => {
  const { lines, log } = recordingLog();
  const bench = notifierBench([consoleChannel], { log });
  await bench.deliver({ integration, notification: numberedNotification(1) });
  const alerts = [exampleAlert({ status: 'resolved' })];
  await bench.deliver({
    integration,
    notification: numberedNotification(2, { alerts, status: 'resolved', truncatedAlerts: 4 }),
  });
  expect(lines.filter(({ level }) => level !== 'debug')).toEqual([
    {
      level: 'warn',
      fields: {
        notification: numberedNotification(1).id,
        receiver: 'team-shop',
        status: 'firing',
        reason: 'group',
        alerts: 1,
      },
      message: expect.stringContaining('[FIRING:1] HighErrorRate 1'),
    },
    {
      level: 'info',
      fields: expect.objectContaining({ status: 'resolved', alerts: 5 }),
      message: expect.stringContaining('[RESOLVED]'),
    },
  ]);
});

test('labels can break no line', async () => {
  const { lines, log } = recordingLog();
  const bench = notifierBench([consoleChannel], { log });
  await bench.deliver({
    integration,
    notification: hostileNotification(`a\r\n{"level":"fatal"}\x1b[31m${'x'.repeat(9000)}`),
  });
  const message = lines.find(({ level }) => level === 'warn')!.message;
  expect(message).toContain('a {"level":"fatal"}\ufffd[31m');
  expect(message.length).toBeLessThanOrEqual(2000);
});
