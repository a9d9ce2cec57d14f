import assert from 'node:assert/strict';
import type { Notification } from '../../model/notification.ts';
import type { Behaviour, ChannelExample, StandIn } from './channel-suite.ts';
import { createConsoleChannel } from './console.ts';

/** Standard output. There is only one, so it is not a stand-in's own. */
let output: ((line: string) => Promise<void>) | undefined;

function startOutput(): Promise<StandIn<string>> {
  const requests: string[] = [];
  let behaviour: Behaviour = { kind: 'succeed' };
  const waiting: (() => void)[] = [];
  output = async (line) => {
    requests.push(line);
    for (const resolve of waiting.splice(0)) resolve();
    if (behaviour.kind === 'fail') throw new Error('write EPIPE');
    if (behaviour.kind === 'hang') await new Promise(() => {});
  };
  return Promise.resolve({
    url: 'stdout',
    requests,
    mistakes: [],
    behave: (next) => {
      behaviour = next;
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    close: async () => {
      output = undefined;
    },
  });
}

/** What lines of JSON have in common. */
export function verifyRecord(line: string, notification: Notification): void {
  assert.match(line, /^[^\n]+\n$/);
  const record = JSON.parse(line);
  assert.equal(record.id, notification.id);
  assert.equal(record.status, notification.status);
  assert.equal(record.truncated_alerts, notification.truncatedAlerts);
  assert.deepEqual(
    record.alerts.map(({ fingerprint }: { fingerprint: string }) => fingerprint),
    notification.alerts.map(({ fingerprint }) => fingerprint),
  );
  assert.ok(!line.includes('/ack/'), 'a link to acknowledge');
}

export const consoleExample: ChannelExample<string> = {
  definition: createConsoleChannel((line) => output!(line)),
  startStandIn: startOutput,
  settings: () => ({ output: 'stdout' }),
  secrets: [],
  fileKeys: [],
  faults: ['fail', 'hang'],
  verify: verifyRecord,
  texts: () => [],
  idempotencyKey: (line) => JSON.parse(line).id,
  groupKey: (line) => JSON.parse(line).group_key,
};
