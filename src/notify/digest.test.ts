import { describe, expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { exampleAlert, exampleNotification } from './channels/channel-suite.ts';
import { digestOf } from './digest.ts';
import { numberedNotification } from './notify-test-kit.ts';
import { TokenBucket } from './token-bucket.ts';

describe('digest', () => {
  test('of an alert the last state counts; firing ones first', () => {
    const digest = digestOf(
      [
        numberedNotification(1, { alerts: [exampleAlert({ number: 1 }), exampleAlert({ number: 2 })] }),
        numberedNotification(2, { alerts: [exampleAlert({ number: 1, status: 'resolved' })] }),
      ],
      undefined,
    );
    expect(digest.alerts.map(({ labels, status }) => [labels.get('instance'), status])).toEqual([
      ['web-2:9090', 'firing'],
      ['web-1:9090', 'resolved'],
    ]);
    expect(digest.status).toBe('firing');
    expect(digest.groupLabels.get('digest')).toBe('2 notifications in one because of the rate limit');
  });

  test('counts what it does not show', () => {
    const many = Array.from({ length: 10 }, (_, i) => numberedNotification(i, { truncatedAlerts: 1 }));
    const digest = digestOf(many, 4);
    expect(digest.alerts).toHaveLength(4);
    expect(digest.truncatedAlerts).toBe(10 + 6);
  });

  test('has the same id for the same notifications, and a key of its own', () => {
    const [a, b, c] = [1, 2, 3].map((i) => numberedNotification(i)) as [never, never, never];
    expect(digestOf([a, b], undefined).id).toMatch(/^[0-9a-f]{32}$/);
    expect(digestOf([a, b], undefined)).toEqual(digestOf([a, b], undefined));
    expect(digestOf([a, b], undefined).id).not.toBe(digestOf([a, c], undefined).id);
    expect(digestOf([a, b], undefined).groupKey).toMatch(/^digest:/);
  });

  test('is as urgent as the most urgent in it', () => {
    const resolved = numberedNotification(1, {
      alerts: [exampleAlert({ status: 'resolved' })],
      reason: 'repeat',
    });
    expect(digestOf([resolved, resolved], undefined)).toMatchObject({ status: 'resolved', reason: 'repeat' });
    const escalation = exampleNotification({ reason: 'escalation' });
    expect(digestOf([resolved, escalation], undefined).reason).toBe('escalation');
    const other = exampleNotification({ groupLabels: Labels.fromObject({ alertname: 'Other', a: 'b' }) });
    expect(digestOf([escalation, other], undefined).groupLabels.names).toEqual(['digest']);
  });
});

describe('token bucket', () => {
  test('a minute at once, then one after the other', () => {
    let nowMs = 0;
    const bucket = new TokenBucket(3, () => nowMs);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
    expect(bucket.waitMs()).toBe(20_000);
    nowMs += 19_999;
    expect(bucket.take()).toBe(false);
    nowMs += bucket.waitMs();
    expect(bucket.take()).toBe(true);
    expect(bucket.take()).toBe(false);
    nowMs += 3_600_000;
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
  });

  test('without a limit', () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, () => 0);
    for (let i = 0; i < 1000; i++) expect(bucket.take()).toBe(true);
    expect(bucket.waitMs()).toBe(0);
  });
});
