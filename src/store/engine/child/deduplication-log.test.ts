import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { missingParts, repairDeduplicationLogs } from './deduplication-log.ts';

describe('missingParts', () => {
  const log = '1\t20240101_1_1_0\tblock-a\n1\t20240101_2_2_0\tblock-b\n1\t20240102_3_3_0\tblock-c\n';

  it('finds the tokens whose part is nowhere', () => {
    expect(missingParts(log, ['20240101_1_1_0', '20240102_3_3_0', 'tmp_insert_20240101_2_2_0'])).toEqual([
      ['20240101_2_2_0', 'block-b'],
    ]);
  });

  it('knows merged and mutated parts', () => {
    expect(missingParts(log, ['20240101_1_2_1_9', '20240102_3_3_0_7'])).toEqual([]);
  });

  it('does not mind tokens that were dropped already, nor names it does not understand', () => {
    expect(missingParts(`${log}2\t20240101_2_2_0\tblock-b\n1\todd\tblock-d\n`, ['20240101_1_1_0'])).toEqual([
      ['20240102_3_3_0', 'block-c'],
    ]);
  });
});

describe('repairDeduplicationLogs', () => {
  let root = '';
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function table(logs: Record<string, string>, parts: readonly string[]): string {
    root = mkdtempSync(join(tmpdir(), 'bellwether-dedup-'));
    const directory = join(root, 'store', 'abc', 'abc-def');
    mkdirSync(join(directory, 'deduplication_logs'), { recursive: true });
    for (const part of parts) mkdirSync(join(directory, part));
    for (const [name, text] of Object.entries(logs))
      writeFileSync(join(directory, 'deduplication_logs', name), text);
    return join(directory, 'deduplication_logs');
  }

  it('appends a drop to the newest log and cuts a torn line', () => {
    const logs = table(
      {
        'deduplication_log_9.txt': '1\tall_1_1_0\ta\n',
        'deduplication_log_10.txt': '1\tall_2_2_0\tb\n1\tall_3',
      },
      ['all_1_1_0'],
    );
    expect(repairDeduplicationLogs(root)).toEqual({ forgotten: 1, torn: 1 });
    expect(readFileSync(join(logs, 'deduplication_log_10.txt'), 'utf8')).toBe(
      '1\tall_2_2_0\tb\n2\tall_2_2_0\tb\n',
    );
    expect(repairDeduplicationLogs(root)).toEqual({ forgotten: 0, torn: 0 });
  });

  it('leaves a directory without tables alone', () => {
    expect(repairDeduplicationLogs(join(tmpdir(), 'there-is-no-such-directory'))).toEqual({
      forgotten: 0,
      torn: 0,
    });
  });
});
