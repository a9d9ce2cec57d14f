import { expect, test } from 'vitest';
import { silentLog } from '../lib/log.ts';
import { Ledger } from './ledger.ts';
import { FakeClock, FakeDocuments } from './on-call-test-kit.ts';

function ledger() {
  const documents = new FakeDocuments();
  const clock = new FakeClock();
  return { documents, clock, ledger: new Ledger(documents, clock, silentLog) };
}

test('changes are stored in the order they were given', async () => {
  const { documents, ledger: one } = ledger();
  one.put('a', '1');
  const written = one.write(new Map([['a', '2']]));
  one.put('a', undefined);
  one.put('b', '1');
  one.put('b', '2');
  await written;
  await one.settled();
  expect([...documents.texts]).toEqual([['b', '2']]);
});

test('what failed is tried again, unless something newer took its place', async () => {
  const { documents, clock, ledger: one } = ledger();
  documents.failing = true;
  one.put('a', '1');
  one.put('b', '1');
  await one.settled();
  await expect(one.write(new Map([['c', '1']]))).rejects.toThrow('disk full');
  documents.failing = false;
  one.put('a', '2');
  await one.settled();
  await clock.advance(5000);
  expect([...documents.texts].sort()).toEqual([
    ['a', '2'],
    ['b', '1'],
  ]);
  expect(one.failures).toBe(2);
});

test('a stop stores what is left', async () => {
  const { documents, ledger: one } = ledger();
  documents.failing = true;
  one.put('a', '1');
  await one.settled();
  documents.failing = false;
  await one.stop();
  expect([...documents.texts]).toEqual([['a', '1']]);
});
