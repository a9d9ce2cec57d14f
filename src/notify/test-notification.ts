import { createHash, randomBytes } from 'node:crypto';
import { Labels } from '../model/labels.ts';
import type { Integration, Notification } from '../model/notification.ts';

/** What "send test" sends. Every one has an id of its own, so that none is taken for a repetition. */
export function testNotification(
  integration: Pick<Integration, 'id' | 'receiver'>,
  options: { nowMs: number; externalUrl: string },
): Notification {
  const { nowMs, externalUrl } = options;
  const labels = Labels.fromObject({ alertname: 'TestNotification', severity: 'info' });
  const fingerprint = createHash('sha256').update(labels.key).digest('hex').slice(0, 16);
  return {
    id: randomBytes(16).toString('hex'),
    groupKey: `test:${integration.id}`,
    receiver: integration.receiver,
    reason: 'test',
    status: 'firing',
    groupLabels: Labels.fromObject({ alertname: 'TestNotification' }),
    alerts: [
      {
        fingerprint,
        status: 'firing',
        labels,
        annotations: Labels.fromObject({
          summary: 'This is a test',
          description: `Somebody sent it to see whether ${integration.id} works. There is nothing to do.`,
        }),
        startsAtMs: nowMs,
        endsAtMs: undefined,
        generatorUrl: `${externalUrl}/alerts`,
        priority: 'P3',
        links: { alert: `${externalUrl}/alerts`, silence: `${externalUrl}/silences/new` },
      },
    ],
    truncatedAlerts: 0,
    externalUrl,
  };
}
