import { expect, test } from 'vitest';
import { sourceList } from '../contract/index.ts';
import { createSourceRegistry } from './sources.ts';
import type { DecodeOutcome, Sender } from './types.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const sender: Sender = { address: '10.0.0.1', keyName: 'laptop', userAgent: 'otel/1', protocol: 'otlp/grpc' };

function outcome(
  services: Array<[service: string, accepted: number, rejected: number]>,
  reasons: Array<[code: string, count: number]> = [],
): DecodeOutcome {
  return {
    accepted: services.reduce((sum, [, accepted]) => sum + accepted, 0),
    rejected: services.reduce((sum, [, , rejected]) => sum + rejected, 0),
    valuesCut: 0,
    attributesDropped: 0,
    rejections: new Map(reasons.map(([code, count]) => [code, { code, message: `${code}!`, count }])),
    services: new Map(
      services.map(([service, accepted, rejected]) => [
        service,
        { service, instance: 'i-1', version: '2.1.329', accepted, rejected },
      ]),
    ),
  };
}

test('one row per sender, service and signal', () => {
  const registry = createSourceRegistry();
  registry.recordOutcome(
    sender,
    'logs',
    outcome(
      [
        ['bot', 5, 1],
        ['web', 2, 0],
      ],
      [['too_old', 1]],
    ),
    nowMs,
  );
  registry.recordOutcome(sender, 'logs', outcome([['bot', 5, 0]]), nowMs + 1000);
  registry.recordOutcome(sender, 'traces', outcome([['bot', 1, 0]]), nowMs + 2000);
  const { sources } = sourceList.parse(registry.list(nowMs + 2000));
  expect(
    sources.map(({ service, signal, accepted, rejected }) => [service, signal, accepted, rejected]),
  ).toEqual([
    ['bot', 'traces', 1, 0],
    ['bot', 'logs', 10, 1],
    ['web', 'logs', 2, 0],
  ]);
  expect(sources[1]).toMatchObject({
    instance: 'i-1',
    address: '10.0.0.1',
    key: 'laptop',
    protocol: 'otlp/grpc',
    user_agent: 'otel/1',
    client_version: '2.1.329',
    first_seen: '2026-11-21T12:00:00.000Z',
    last_seen: '2026-11-21T12:00:01.000Z',
    accepted_per_minute: 2,
    reasons: [{ code: 'too_old', message: 'too_old!', count: 1, last_at: '2026-11-21T12:00:00.000Z' }],
  });
});

test('reasons of several services add up to what each lost', () => {
  const registry = createSourceRegistry();
  registry.recordOutcome(
    sender,
    'logs',
    outcome(
      [
        ['a', 0, 3],
        ['b', 0, 2],
      ],
      [
        ['x', 4],
        ['y', 1],
      ],
    ),
    nowMs,
  );
  const counts = registry
    .list(nowMs)
    .sources.map(({ service, reasons }) => [service, reasons.map(({ code, count }) => `${code}${count}`)]);
  expect(Object.fromEntries(counts)).toEqual({ a: ['x3'], b: ['x1', 'y1'] });
});

test('input that cannot be read counts for its address and key', () => {
  const registry = createSourceRegistry();
  registry.recordRefusal(sender, 'logs', { code: 'bad_input', message: 'no', willRetry: false }, nowMs);
  registry.recordRefusal(sender, 'logs', { code: 'spool_full', message: 'full', willRetry: true }, nowMs);
  const [row] = registry.list(nowMs).sources;
  expect(row).toMatchObject({ service: '', address: '10.0.0.1', key: 'laptop', accepted: 0, rejected: 1 });
  expect(row!.reasons.map(({ code }) => code)).toEqual(['bad_input', 'spool_full']);
  expect(registry.hasAccepted()).toBe(false);
});

test('what the server measures by itself is no data of its users', () => {
  const registry = createSourceRegistry();
  for (const protocol of ['self', 'host', 'rules'])
    registry.recordOutcome({ ...sender, protocol }, 'metrics', outcome([['bellwether', 9, 0]]), nowMs);
  expect(registry.hasAccepted()).toBe(false);
  const restored = createSourceRegistry();
  restored.restore(registry.snapshot());
  expect(restored.hasAccepted()).toBe(false);
});

test('the rate forgets what is older than five minutes', () => {
  const registry = createSourceRegistry();
  const rateAt = (ms: number) => registry.list(ms).sources[0]!.accepted_per_minute;
  registry.recordOutcome(sender, 'logs', outcome([['bot', 100, 0]]), nowMs);
  registry.recordOutcome(sender, 'logs', outcome([['bot', 50, 0]]), nowMs + 120_000);
  expect(rateAt(nowMs + 120_000)).toBe(30);
  expect(rateAt(nowMs + 300_000)).toBe(10);
  expect(rateAt(nowMs + 420_000)).toBe(0);
});

test('beyond the bound senders share a row, and one that only made noise makes room for a real one', () => {
  const registry = createSourceRegistry({ maxSources: 2 });
  const from = (address: string): Sender => ({ ...sender, address });
  registry.recordOutcome(from('10.0.0.1'), 'logs', outcome([['bot', 1, 0]]), nowMs);
  registry.recordRefusal(
    from('10.0.0.2'),
    'logs',
    { code: 'bad_input', message: 'no', willRetry: false },
    nowMs,
  );
  registry.recordOutcome(from('10.0.0.3'), 'logs', outcome([['bot', 1, 0]]), nowMs);
  expect(
    registry
      .list(nowMs)
      .sources.map(({ address }) => address)
      .sort(),
  ).toEqual(['10.0.0.1', '10.0.0.3']);
  registry.recordOutcome(from('10.0.0.4'), 'logs', outcome([['bot', 3, 0]]), nowMs);
  registry.recordOutcome(from('10.0.0.5'), 'logs', outcome([['bot', 4, 0]]), nowMs);
  const { sources, truncated } = registry.list(nowMs);
  expect(truncated).toBe(true);
  expect(sources.find(({ service }) => service === 'other')).toMatchObject({ accepted: 7, address: '' });
  expect(sources).toHaveLength(3);
});

test('reasons and texts are bounded', () => {
  const registry = createSourceRegistry();
  for (let i = 0; i < 100; i++) {
    registry.recordRefusal(
      sender,
      'logs',
      { code: `code${i}`, message: 'm'.repeat(10_000), willRetry: false },
      nowMs,
    );
  }
  const { reasons } = registry.list(nowMs).sources[0]!;
  expect(reasons).toHaveLength(17);
  expect(reasons[0]).toMatchObject({ code: 'other', count: 84 });
  expect(reasons[0]!.message).toHaveLength(200);
});

test('a snapshot survives JSON, and nonsense is ignored', () => {
  const registry = createSourceRegistry();
  registry.recordOutcome(sender, 'logs', outcome([['bot', 5, 1]], [['too_old', 1]]), nowMs);
  const restored = createSourceRegistry();
  expect(restored.restore(JSON.parse(JSON.stringify(registry.snapshot())))).toBe(true);
  expect(restored.hasAccepted()).toBe(true);
  restored.recordOutcome(sender, 'logs', outcome([['bot', 1, 0]]), nowMs + 1);
  const rows = restored.list(nowMs + 1).sources;
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    id: registry.list(nowMs).sources[0]!.id,
    accepted: 6,
    rejected: 1,
    reasons: [{ count: 1 }],
  });
  for (const nonsense of [undefined, null, 7, {}, { sources: [{}], truncated: false }]) {
    expect(createSourceRegistry().restore(nonsense)).toBe(false);
  }
});
