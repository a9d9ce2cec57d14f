import { ClickHouseError } from '@clickhouse/client';
import { expect, it } from 'vitest';
import { toStorageError } from './storage-error.ts';

function clickhouse(code: string, type: string): ClickHouseError {
  return new ClickHouseError({ message: 'words', code, type });
}

function errno(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

const cases: readonly [name: string, thrown: unknown, code: string, status: number, verdict: string][] = [
  ['an unknown column', clickhouse('16', 'NO_SUCH_COLUMN_IN_TABLE'), 'storage_error', 500, 'permanent'],
  ['unreadable data', clickhouse('33', 'CANNOT_READ_ALL_DATA'), 'storage_error', 500, 'permanent'],
  ['a missing table', clickhouse('60', 'UNKNOWN_TABLE'), 'storage_error', 500, 'retry'],
  ['too many parts', clickhouse('252', 'TOO_MANY_PARTS'), 'storage_error', 500, 'retry'],
  ['an error never seen', clickhouse('49', 'LOGICAL_ERROR'), 'storage_error', 500, 'unsure'],
  ['a long query', clickhouse('159', 'TIMEOUT_EXCEEDED'), 'query_timeout', 504, 'retry'],
  ['a large query', clickhouse('241', 'MEMORY_LIMIT_EXCEEDED'), 'query_memory', 422, 'retry'],
  ['no server', errno('ECONNREFUSED'), 'storage_unavailable', 503, 'retry'],
  ['no socket', errno('ENOENT'), 'storage_unavailable', 503, 'retry'],
  ['a broken connection', errno('ECONNRESET'), 'storage_unavailable', 503, 'lost'],
  ['a hang-up', new Error('socket hang up'), 'storage_unavailable', 503, 'lost'],
  ['a silent server', new Error('Timeout error.'), 'query_timeout', 504, 'retry'],
];
for (const [name, thrown, code, status, verdict] of cases) {
  it(`${name}: ${code}, ${verdict}`, () => {
    const error = toStorageError(thrown);
    expect(error).toMatchObject({ code, status, insertVerdict: verdict, cause: thrown });
    if (status === 503)
      expect(error).toMatchObject({ retryAfterS: expect.any(Number), hint: expect.any(String) });
  });
}

it('ClickHouse’s number is in the message', () => {
  expect(toStorageError(clickhouse('60', 'UNKNOWN_TABLE')).message).toBe(
    'words (ClickHouse error 60 UNKNOWN_TABLE)',
  );
});

it('a caller who gave up gets query_cancelled whatever was thrown', () => {
  expect(toStorageError(errno('ECONNRESET'), true)).toMatchObject({ code: 'query_cancelled', status: 499 });
});
