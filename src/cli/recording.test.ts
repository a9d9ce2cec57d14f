import { expect, test } from 'vitest';
import { latestTimeNs, replay } from './recording.ts';

const request = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: '2000000000',
              observedTimeUnixNano: '0',
              traceId: '0102030405060708090a0b0c0d0e0f10',
              attributes: [
                { key: 'session.id', value: { stringValue: '0eae8b41-afe7-4ec3-bcef-4121a4e4e33d' } },
                { key: 'prompt.session', value: { stringValue: '0eae8b41-afe7-4ec3-bcef-4121a4e4e33d' } },
                { key: 'event.timestamp', value: { stringValue: '1970-01-01T00:00:02.000Z' } },
                { key: 'cost_usd', value: { doubleValue: 0.034414 } },
              ],
            },
          ],
        },
      ],
    },
  ],
};

test('times move, ids change together, figures stay, the label is added', () => {
  const options = { shiftNs: 5_000_000_000n, seed: 'a', resource: { 'bellwether.demo': true } };
  const moved = JSON.parse(JSON.stringify(replay(request, options)));
  const group = moved.resourceLogs[0];
  const record = group.scopeLogs[0].logRecords[0];
  const [session, same, timestamp, cost] = record.attributes.map(
    (entry: { value: object }) => Object.values(entry.value)[0],
  );
  expect(record.timeUnixNano).toBe('7000000000');
  expect(record.observedTimeUnixNano).toBe('0');
  expect(timestamp).toBe('1970-01-01T00:00:07.000Z');
  expect(session).toMatch(/^[0-9a-f-]{36}$/);
  expect(session).not.toBe('0eae8b41-afe7-4ec3-bcef-4121a4e4e33d');
  expect(same).toBe(session);
  expect(record.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(cost).toBe(0.034414);
  expect(group.resource.attributes[1]).toEqual({ key: 'bellwether.demo', value: { boolValue: true } });
  expect(latestTimeNs(request)).toBe(2_000_000_000n);
});

test('another seed gives another session', () => {
  const one = JSON.stringify(replay(request, { shiftNs: 0n, seed: 'a', resource: {} }));
  const two = JSON.stringify(replay(request, { shiftNs: 0n, seed: 'b', resource: {} }));
  expect(one).not.toBe(two);
});
