import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadPacks } from '../../src/packs/index.ts';

const folder = fileURLToPath(new URL('../../packs/', import.meta.url));
const { packs } = loadPacks(folder, ['service', 'self']);
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

function promtool(...args: string[]): { code: number | null; text: string } {
  const run = spawnSync('promtool', args, { encoding: 'utf8' });
  return { code: run.status, text: run.stdout + run.stderr };
}

describe.skipIf(!hasPromtool)('packs as promtool sees them (needs promtool)', () => {
  test.each(packs.flatMap((pack) => pack.ruleFiles))('%s is right', (file) => {
    const { code, text } = promtool('check', 'rules', file);
    expect([code, text]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  test.each(packs.flatMap((pack) => pack.testFiles))('%s passes', (file) => {
    const { code, text } = promtool('test', 'rules', file);
    expect([code, text]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
