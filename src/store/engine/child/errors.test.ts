import { describe, expect, it } from 'vitest';
import { asEngineError, exceptionTail, httpStatusOf } from './errors.ts';

describe('asEngineError', () => {
  it('finds number and text in what the library throws, and hides the tag', () => {
    const error = asEngineError(
      new Error(
        'Query failed: Code: 60. DB::Exception: Table x does not exist: SELECT 1/* 7:id */. (UNKNOWN_TABLE)',
      ),
      '/* 7:id */',
    );
    expect(error).toMatchObject({ number: 60, status: 404 });
    expect(error.text).toBe('Code: 60. DB::Exception: Table x does not exist: SELECT 1. (UNKNOWN_TABLE)');
  });

  it('gives everything else a number too', () => {
    expect(asEngineError('boom')).toMatchObject({
      number: 1002,
      status: 500,
      text: 'Code: 1002. DB::Exception: boom (UNKNOWN_EXCEPTION)',
    });
  });
});

it('maps numbers to the statuses a ClickHouse server uses', () => {
  expect([62, 60, 115, 159, 202, 241, 395].map(httpStatusOf)).toEqual([400, 404, 404, 408, 503, 500, 500]);
});

it('writes the length of the message in bytes, line break included', () => {
  expect(exceptionTail('böom', 'TAG')).toBe('\r\n__exception__\r\nTAG\r\nböom\n6 TAG\r\n__exception__\r\n');
});
