import type { Status } from '@contract';
import { describe, expect, it } from 'vitest';
import { alertWith } from '../alerts-fixture.ts';
import { ago, nowMs, sessionWith, sourceWith } from '../session-fixture.ts';
import { attentionItems, type WaitingAlerts } from './attention.ts';

const ready: Status = {
  version: '1',
  role: 'admin',
  auth_required: false,
  has_data: true,
  has_sessions: true,
  ready: true,
  message: '',
  now: ago(0),
};

const noAlerts: WaitingAlerts = { count: 0, waiting: [], isFailed: false };

function items(options: Partial<Parameters<typeof attentionItems>[0]>) {
  return attentionItems({ alerts: noAlerts, live: [], sources: [], status: ready, nowMs, ...options });
}

describe('attention', () => {
  it('is empty when nothing is wrong', () => {
    expect(items({ live: [sessionWith({})], sources: [sourceWith({})] })).toEqual([]);
    expect(items({ status: undefined })).toEqual([]);
  });

  it('puts failed sessions before those that wait, and links to them', () => {
    const found = items({
      live: [
        sessionWith({ session_id: 'w', state: 'waiting', last_event_at: ago(130) }),
        sessionWith({ session_id: 'e', state: 'error', api_errors: 3 }),
        sessionWith({ session_id: 'i', state: 'idle' }),
      ],
    });
    expect(found).toMatchObject([
      {
        tone: 'bad',
        detail: '3 failed requests in this session',
        target: { page: 'session', sessionId: 'e' },
      },
      { tone: 'warn', detail: 'for 2m', target: { page: 'session', sessionId: 'w' } },
    ]);
  });

  it('puts alerts first among what is as bad, by priority, and links to them', () => {
    const waiting = [
      alertWith({ fingerprint: 'p0', priority: 'P0', starts_at: ago(900) }),
      alertWith({ fingerprint: 'p1', priority: 'P1', starts_at: ago(30), annotations: {}, service: '' }),
      alertWith({ fingerprint: 'p2', priority: 'P2' }),
      alertWith({ fingerprint: 'p3', priority: 'P3' }),
    ];
    const found = items({
      alerts: { count: 4, waiting, isFailed: false },
      live: [
        sessionWith({ session_id: 'e', state: 'error' }),
        sessionWith({ session_id: 'w', state: 'waiting' }),
      ],
    });
    expect(found.map(({ id, tone }) => [id, tone])).toEqual([
      ['alert:p0', 'bad'],
      ['alert:p1', 'bad'],
      ['session:e', 'bad'],
      ['alert:p2', 'warn'],
      ['session:w', 'warn'],
      ['alert:p3', 'info'],
    ]);
    expect(found[0]).toMatchObject({
      title: 'P0 HighErrorRate: checkout',
      detail: '12% of requests to checkout fail',
      target: { page: 'alert', fingerprint: 'p0' },
    });
    expect(found[1]).toMatchObject({ title: 'P1 HighErrorRate', detail: 'critical, nobody has it yet' });
  });

  it('does not call it quiet when alerts could not be read', () => {
    expect(items({ alerts: { ...noAlerts, isFailed: true } })).toMatchObject([
      { tone: 'warn', title: 'The alerts could not be read', target: { page: 'alerts' } },
    ]);
  });

  it('tells about a store that is not ready', () => {
    expect(items({ status: { ...ready, ready: false, message: 'The engine restarts.' } })).toMatchObject([
      { tone: 'bad', title: 'The store is not ready', detail: 'The engine restarts.' },
    ]);
    expect(items({ status: { ...ready, message: 'The disk is nearly full.' } })).toMatchObject([
      { tone: 'warn' },
    ]);
  });

  it('tells about a rejection for an hour, with its latest reason', () => {
    const reasons = [
      { code: 'too_old', message: 'older', count: 3, last_at: ago(300) },
      { code: 'bad_input', message: 'newer', count: 1, last_at: ago(60) },
    ];
    expect(items({ sources: [sourceWith({ rejected: 4, reasons })] })).toMatchObject([
      { tone: 'warn', detail: 'newer' },
    ]);
    const late = reasons.map((reason) => ({ ...reason, last_at: ago(4000) }));
    expect(items({ sources: [sourceWith({ rejected: 4, reasons: late })] })).toEqual([]);
  });

  it('calls input that nothing of got through a problem', () => {
    const reasons = [{ code: 'unauthorized', message: 'no key', count: 1, last_at: ago(60) }];
    const found = items({
      sources: [sourceWith({ service: '', signal: 'unknown', accepted: 0, rejected: 1, reasons })],
    });
    expect(found).toMatchObject([{ tone: 'bad', title: '10.0.0.1: input rejected' }]);
  });

  it('misses a service that fell silent, but not a client whose person went home', () => {
    const quiet = { last_seen: ago(1200) };
    expect(items({ sources: [sourceWith({ service: 'nightly-bot', ...quiet })] })).toMatchObject([
      { title: 'nightly-bot: nothing received', detail: 'for 20m' },
    ]);
    expect(items({ sources: [sourceWith(quiet)] })).toEqual([]);
    expect(items({ sources: [sourceWith({ service: 'nightly-bot', last_seen: ago(90_000) })] })).toEqual([]);
  });

  it('misses one signal of a client whose other signals still arrive', () => {
    const found = items({
      sources: [sourceWith({ signal: 'logs' }), sourceWith({ signal: 'metrics', last_seen: ago(1200) })],
    });
    expect(found).toMatchObject([{ title: 'claude-code: metrics stopped' }]);
  });
});
