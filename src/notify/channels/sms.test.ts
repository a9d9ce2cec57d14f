import { expect, onTestFinished, test } from 'vitest';
import type { DeliveryOutcome } from '../../model/notification.ts';
import { fakeIntegration, notifierBench } from '../notify-test-kit.ts';
import { type HttpReceived, startHttpStandIn } from './channel-suite.ts';
import { sms } from './sms.ts';

const toOf = (request: HttpReceived) => new URLSearchParams(request.body).get('To');

/** Sends to three numbers; `answers` says what each number gets, attempt by attempt. */
async function sendTo(
  answers: Readonly<Record<string, readonly number[]>>,
): Promise<{ outcome: DeliveryOutcome; numbers: unknown[] }> {
  const attempts = new Map<string, number>();
  const standIn = await startHttpStandIn({
    answer(request) {
      const to = toOf(request)!;
      const attempt = attempts.get(to) ?? 0;
      attempts.set(to, attempt + 1);
      const status = answers[to]?.[attempt] ?? 201;
      return { status, body: JSON.stringify({ code: 21610, message: 'unsubscribed', status }) };
    },
  });
  onTestFinished(() => standIn.close());
  const settings = sms.schema.parse({
    account_sid: 'AC1',
    auth_token: 'token-0123',
    messaging_service_sid: 'MG1',
    to: Object.keys(answers),
    api_url: `${standIn.url}/`,
  });
  const clock = notifierBench([sms], { policy: { maxAttempts: 3, firstRetryMs: 0 } });
  const outcome = clock.deliver({ integration: fakeIntegration({ channel: 'sms', settings }) });
  let isOver = false;
  void outcome.then(() => {
    isOver = true;
  });
  while (!isOver) await clock.clock.advance(1);
  await clock.notifier.stop();
  for (const request of standIn.requests)
    expect(new URLSearchParams(request.body).get('MessagingServiceSid')).toBe('MG1');
  return { outcome: await outcome, numbers: standIn.requests.map(toOf) };
}

test('only those who did not get it get it again', async () => {
  const { outcome, numbers } = await sendTo({ '+491': [], '+492': [500], '+493': [] });
  expect(outcome).toMatchObject({ isDelivered: true, attempts: 2, detail: 'sent to 3 numbers' });
  expect(numbers).toEqual(['+491', '+492', '+493', '+492']);
});

test('a number that is refused does not keep the others from it', async () => {
  const { outcome, numbers } = await sendTo({ '+491555000': [400, 400], '+492': [] });
  expect(outcome).toMatchObject({ isDelivered: true, attempts: 1 });
  expect(outcome.detail).toBe('sent to 1 of 2 numbers; …5000: 400 Bad Request: unsubscribed (21610)');
  expect(numbers).toHaveLength(2);
});

test('when nobody can get it, that is permanent', async () => {
  const { outcome } = await sendTo({ '+491': [400], '+492': [404] });
  expect(outcome).toMatchObject({ isDelivered: false, isPermanent: true, attempts: 1 });
});

test('settings that contradict', () => {
  const good = { account_sid: 'AC1', auth_token: 't', from: '+491', to: ['+49 (30) 12-34'] };
  const problems = (settings: object) =>
    sms.check!(sms.schema.parse(settings)).map(({ path }) => path.join('.'));
  expect(problems(good)).toEqual([]);
  expect(problems({ ...good, from: undefined })).toEqual(['from']);
  expect(problems({ ...good, messaging_service_sid: 'MG' })).toEqual(['messaging_service_sid']);
  expect(problems({ ...good, auth_token: undefined })).toEqual(['auth_token']);
  expect(problems({ ...good, to: [] })).toEqual(['to']);
  expect(problems({ ...good, to: ['030 1234', '+4930'] })).toEqual(['to.0']);
  expect(problems({ ...good, account_sid: '../x', api_url: 'file:///x' })).toEqual([
    'account_sid',
    'api_url',
  ]);
});
