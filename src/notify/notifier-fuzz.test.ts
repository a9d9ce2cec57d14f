import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeliveryOutcome, Notification } from '../model/notification.ts';
import { DeliveryError } from './channel.ts';
import {
  fakeChannel,
  fakeIntegration,
  notifierBench,
  numberedNotification,
  TEST_TEMPLATES,
} from './notify-test-kit.ts';

/** What a service does with one request. */
const answer = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'ok' as const }) },
  fc.record({
    kind: fc.constant('busy' as const),
    retryAfterMs: fc.option(fc.nat(200_000), { nil: undefined }),
  }),
  fc.constant({ kind: 'refuse' as const }),
  fc.constant({ kind: 'hang' as const }),
  fc.constant({ kind: 'bug' as const }),
  fc.record({ kind: fc.constant('slow' as const), ms: fc.nat(20_000) }),
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      integration: fc.nat(2),
      /** Its signal aborts after that. */
      abortAfterMs: fc.option(fc.nat(400_000), { nil: undefined }),
      isTest: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(60_000) }),
  fc.constant({ kind: 'reload' as const }),
);

interface Sent {
  readonly notification: Notification;
  readonly outcome: DeliveryOutcome;
  readonly wasAborted: boolean;
}

test('whatever happens, every delivery ends, and what it says is true', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(answer, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(1, 3, 20, Number.POSITIVE_INFINITY),
      fc.boolean(),
      async (steps, answers, messagesPerMinute, isPerGroup) => {
        const accepted = new Set<string>();
        const inside = new Map<string, number>();
        let most = 0;
        let requests = 0;
        const bench = notifierBench(
          [
            fakeChannel(
              async (notification, context) => {
                const { kind, ...fields } = answers[requests++ % answers.length]!;
                const integration = String((context.settings as { number: number }).number);
                inside.set(integration, (inside.get(integration) ?? 0) + 1);
                most = Math.max(most, inside.get(integration)!);
                const leave = () => inside.set(integration, inside.get(integration)! - 1);
                context.signal.addEventListener('abort', leave, { once: true });
                const wait = (ms: number) =>
                  new Promise<void>((resolve) => void bench.clock.after(ms, () => resolve()));
                if (kind === 'hang') return await new Promise(() => {});
                if (kind === 'slow') await wait((fields as { ms: number }).ms);
                if (context.signal.aborted) throw new Error('aborted');
                context.signal.removeEventListener('abort', leave);
                leave();
                if (kind === 'busy')
                  throw new DeliveryError({
                    message: 'busy',
                    isRetryable: true,
                    ...(fields as { retryAfterMs?: number }),
                  });
                if (kind === 'refuse') throw new DeliveryError({ message: 'refused', isRetryable: false });
                if (kind === 'bug') throw new TypeError('bug');
                for (const { fingerprint } of notification.alerts) accepted.add(fingerprint);
                return { detail: 'ok' };
              },
              { messagesPerMinute, isPerGroup },
            ),
          ],
          { random: () => 0.5, policy: { maxConcurrentPerIntegration: 2, maxConcurrent: 3, maxAttempts: 4 } },
        );
        const integrations = [0, 1, 2].map((index) =>
          fakeIntegration({ index, settings: { number: index } }),
        );
        const sent: Promise<Sent>[] = [];
        for (const one of steps) {
          if (one.kind === 'advance') await bench.clock.advance(one.ms);
          else if (one.kind === 'reload') bench.notifier.reload(TEST_TEMPLATES, integrations);
          else {
            const notification = numberedNotification(sent.length, one.isTest ? { reason: 'test' } : {});
            const abort = new AbortController();
            if (one.abortAfterMs !== undefined) bench.clock.after(one.abortAfterMs, () => abort.abort());
            const integration = integrations[one.integration]!;
            sent.push(
              bench
                .deliver({ notification, integration, signal: abort.signal })
                .then((outcome) => ({ notification, outcome, wasAborted: abort.signal.aborted })),
            );
          }
        }
        // Longer than everything can take: 40 deliveries, of 4 attempts with pauses of 200 s, one per minute.
        await bench.clock.advance(100 * 3_600_000);
        for (const { notification, outcome, wasAborted } of await Promise.all(sent)) {
          const isAccepted = notification.alerts.every(({ fingerprint }) => accepted.has(fingerprint));
          // Of one that was given up in the middle nobody knows whether it arrived.
          if (!wasAborted) expect(outcome.isDelivered).toBe(isAccepted);
          if (outcome.isDelivered) expect(isAccepted).toBe(true);
          expect(outcome.attempts).toBeLessThanOrEqual(notification.reason === 'test' ? 1 : 4);
          expect(outcome.detail).not.toBe('');
        }
        expect(most).toBeLessThanOrEqual(2);
        for (const { pending, gathered, nextTryAtMs } of bench.notifier.status())
          expect({ pending, gathered, nextTryAtMs }).toEqual({
            pending: 0,
            gathered: 0,
            nextTryAtMs: undefined,
          });
        await bench.notifier.stop();
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);
