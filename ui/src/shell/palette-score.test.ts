import { expect, test } from 'vitest';
import { paletteScore } from './palette-score.ts';

const entries = [
  ['Overview', 'home start'],
  ['Agents', 'sessions claude code'],
  ['Settings: Appearance', 'theme dark light density zone shortcuts'],
  ['Light theme', ''],
  ['Time: Last 24 hours', '24h'],
] as const;

const found = (search: string): string[] =>
  entries
    .map(([label, words]) => ({ label, score: paletteScore(label, words, search) }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score)
    .map((one) => one.label);

test.each([
  ['', entries.map(([label]) => label)],
  ['ov', ['Overview']],
  ['session', ['Agents']],
  ['light', ['Light theme', 'Settings: Appearance']],
  ['THEME  light', ['Light theme', 'Settings: Appearance']],
  ['24', ['Time: Last 24 hours']],
  ['grace', []],
  ['sgs', []],
])('%j finds %j', (search, expected) => expect(found(search)).toEqual(expected));
