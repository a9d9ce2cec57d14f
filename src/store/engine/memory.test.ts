import { expect, it } from 'vitest';
import { availableMemoryBytes, defaultEngineMemoryBytes } from './memory.ts';

const GIB = 1024 ** 3;
const absent = (): string => {
  throw new Error('ENOENT');
};

it.each([
  ['no control group', absent, 8 * GIB],
  ['version 2 without a limit', () => 'max\n', 8 * GIB],
  ['version 2 with a limit', () => `${2 * GIB}\n`, 2 * GIB],
  ['version 1 without a limit', () => '9223372036854771712\n', 8 * GIB],
])('knows the memory with %s', (_name, read, bytes) => {
  expect(availableMemoryBytes(8 * GIB, read)).toBe(bytes);
});

it('takes 40 %, at least 512 MiB', () => {
  expect(defaultEngineMemoryBytes(10 * GIB)).toBe(4 * GIB);
  expect(defaultEngineMemoryBytes(GIB)).toBe(GIB / 2);
});
