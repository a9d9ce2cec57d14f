import { expect, it } from 'vitest';
import { ago, nowMs, sourceWith } from '../session-fixture.ts';
import { conspicuous, hintFor } from './hints.ts';
import { groupSenders, senderTone } from './senders.ts';

it('puts the signals of one sender together, the most recent sender first', () => {
  const senders = groupSenders([
    sourceWith({ signal: 'logs', last_seen: ago(500), accepted_per_minute: 2 }),
    sourceWith({ signal: 'metrics', last_seen: ago(400), client_version: '2.2.0', rejected: 3 }),
    sourceWith({ service: 'bot', last_seen: ago(10) }),
  ]);
  expect(
    senders.map(({ service, perMinute, rejected, version }) => ({ service, perMinute, rejected, version })),
  ).toEqual([
    { service: 'bot', perMinute: 1, rejected: 0, version: '2.1.329' },
    { service: 'claude-code', perMinute: 3, rejected: 3, version: '2.2.0' },
  ]);
});

it.each([
  [{}, 'Receiving'],
  [{ last_seen: ago(600) }, 'Quiet'],
  [{ rejected: 1, reasons: [{ code: 'x', message: '', count: 1, last_at: ago(60) }] }, 'Partly rejected'],
  [{ accepted: 0, rejected: 1 }, 'Rejected'],
])('names the state of a sender: %j', (fields, word) => {
  expect(senderTone(groupSenders([sourceWith(fields)])[0]!, nowMs).word).toBe(word);
});

it('knows what to do about known reasons', () => {
  expect(hintFor('unauthorized')).toContain('OTEL_EXPORTER_OTLP_HEADERS');
  expect(hintFor('never heard of')).toBe('');
});

it('notices a client that sends only half', () => {
  expect(conspicuous([sourceWith({ signal: 'metrics' })])).toContain('OTEL_LOGS_EXPORTER');
  expect(conspicuous([sourceWith({ signal: 'logs' })])).toContain('OTEL_METRICS_EXPORTER');
  expect(conspicuous([sourceWith({ signal: 'logs' }), sourceWith({ signal: 'metrics' })])).toBe('');
  expect(conspicuous([sourceWith({ service: 'bot', signal: 'traces' })])).toBe('');
});
