import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Log, silentLog } from '../lib/log.ts';
import { createRunbooks, loadPacks, runbookSlug } from './index.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bellwether-packs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes files below a folder of this test; the answer is the folder. */
function files(folder: string, contents: Readonly<Record<string, string>>): string {
  const path = join(root, folder);
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe('packs', () => {
  test('have metrics, rule files and tests', () => {
    files('shop', {
      'pack.yaml':
        'name: shop\ntitle: Shops\nmetrics:\n  - { name: sales_total, type: counter, help: Things sold. }\n',
      'rules/b.yaml': '',
      'rules/a.yml': '',
      'rules/notes.txt': '',
      'tests/a.yaml': '',
    });
    expect(loadPacks(root, ['shop'])).toEqual({
      packs: [
        {
          name: 'shop',
          title: 'Shops',
          description: '',
          metrics: [{ name: 'sales_total', type: 'counter', unit: '', help: 'Things sold.' }],
          ruleFiles: [join(root, 'shop/rules/a.yml'), join(root, 'shop/rules/b.yaml')],
          testFiles: [join(root, 'shop/tests/a.yaml')],
          runbookFolder: join(root, 'shop/runbooks'),
        },
      ],
      problems: [],
    });
  });

  test('with mistakes: all are told, with their places, and the good ones load', () => {
    files('good', { 'pack.yaml': 'name: good\ntitle: Good\n' });
    files('bad', {
      'pack.yaml':
        'name: other\ntitle: ""\ncolour: red\nmetrics:\n  - name: a-b\n    type: number\n    help: x\n',
    });
    files('twice', {
      'pack.yaml':
        'name: other\ntitle: T\nmetrics:\n  - { name: a, type: gauge, help: x }\n  - { name: a, type: gauge, help: x }\n',
    });
    files('broken', { 'pack.yaml': 'name: [\n' });
    const { packs, problems } = loadPacks(root, ['bad', 'good', 'twice', 'broken', 'missing', '../good']);
    expect(packs.map((pack) => pack.name)).toEqual(['good']);
    expect(problems.map(({ source, path, line }) => [source.slice(root.length), path, line])).toEqual(
      expect.arrayContaining([
        ['/bad/pack.yaml', 'title', 2],
        ['/bad/pack.yaml', 'colour', 3],
        ['/bad/pack.yaml', 'metrics.0.name', 5],
        ['/bad/pack.yaml', 'metrics.0.type', 6],
        ['/twice/pack.yaml', 'name', 1],
        ['/twice/pack.yaml', 'metrics.1.name', 5],
        ['/broken/pack.yaml', '', 2],
        ['/missing/pack.yaml', '', undefined],
        ['', '', undefined],
      ]),
    );
  });

  test('whose files are links are not read', () => {
    files('', { 'secret.yaml': 'name: linked\ntitle: Linked\n' });
    files('linked', { 'runbooks/a.md': '' });
    symlinkSync(join(root, 'secret.yaml'), join(root, 'linked/pack.yaml'));
    expect(loadPacks(root, ['linked'])).toMatchObject({ packs: [], problems: [{ path: '' }] });
  });
});

describe('runbooks', () => {
  const pack = (name: string) => ({ name, runbookFolder: join(root, name) });

  /** A log that keeps what it warned of. */
  function complaintsIn(list: unknown[]): Log {
    return { ...silentLog, warn: (fields) => list.push(fields) };
  }

  test('are listed by title, those of the user first, then by the order of packs', async () => {
    files('one', { 'down.md': '# Service down\n', 'disk.md': 'no heading\n' });
    files('two', { 'down.md': '# Other\n', 'cpu.md': '```sh\n# no heading\n```\n\n## CPU is high ##\n' });
    const folder = files('own', { 'disk.md': '# A full disk\n' });
    const runbooks = createRunbooks({ packs: [pack('one'), pack('two')], folder, log: silentLog });
    expect(await runbooks.list()).toEqual([
      { slug: 'disk', title: 'A full disk', source: join(folder, 'disk.md') },
      { slug: 'cpu', title: 'CPU is high', source: 'pack:two' },
      { slug: 'down', title: 'Service down', source: 'pack:one' },
    ]);
    expect(await runbooks.get('down')).toEqual({
      slug: 'down',
      title: 'Service down',
      source: 'pack:one',
      markdown: '# Service down\n',
    });
    expect(await runbooks.get('nothing')).toBeUndefined();
  });

  test('are read again when they change, and are gone when they are deleted', async () => {
    const folder = files('own', { 'a.md': '# First\n' });
    const runbooks = createRunbooks({ packs: [], folder, log: silentLog });
    expect((await runbooks.get('a'))?.title).toBe('First');
    files('own', { 'a.md': '# Later\n' });
    utimesSync(join(folder, 'a.md'), 1_000, 1_000);
    expect((await runbooks.get('a'))?.title).toBe('Later');
    expect((await runbooks.list()).map((one) => one.title)).toEqual(['Later']);
    rmSync(join(folder, 'a.md'));
    expect(await runbooks.get('a')).toBeUndefined();
    expect(await runbooks.list()).toEqual([]);
  });

  test.each(['../secret', '..', '.', '', 'a/b', 'a\\b', 'a.md', 'a\0b', `${'x'.repeat(101)}`, '%2e%2e'])(
    'there is none by the name %j',
    async (slug) => {
      files('', { 'secret.md': '# Secret\n', 'own/a/b.md': '# Deep\n', 'own/a.md.md': '# Odd\n' });
      const runbooks = createRunbooks({ packs: [], folder: join(root, 'own'), log: silentLog });
      expect(await runbooks.get(slug)).toBeUndefined();
    },
  );

  test('links, folders, long files and odd names are left out and logged once', async () => {
    const complaints: unknown[] = [];
    const folder = files('own', {
      'good.md': '# Good\n',
      'folder.md/x': '',
      'long.md': 'x'.repeat(256 * 1024 + 1),
      'just.md': `# Just\n${'x'.repeat(256 * 1024 - 7)}`,
      'odd name.md': '',
    });
    files('', { 'secret.md': '# Secret\n' });
    symlinkSync(join(root, 'secret.md'), join(folder, 'link.md'));
    const runbooks = createRunbooks({ packs: [], folder, log: complaintsIn(complaints) });
    for (let i = 0; i < 2; i++) {
      expect((await runbooks.list()).map((one) => one.slug)).toEqual(['good', 'just']);
      expect(await runbooks.get('link')).toBeUndefined();
    }
    const named = complaints.map((fields) => (fields as { file: string }).file.slice(folder.length + 1));
    expect(named.sort()).toEqual(['folder.md', 'link.md', 'long.md', 'odd name.md']);
  });

  test('of a folder that is not there: none, and a complaint when it was asked for', async () => {
    const complaints: unknown[] = [];
    const log = complaintsIn(complaints);
    const runbooks = createRunbooks({ packs: [pack('gone')], folder: join(root, 'missing'), log });
    expect(await runbooks.list()).toEqual([]);
    expect(complaints).toEqual([{ file: join(root, 'missing'), reason: expect.stringContaining('ENOENT') }]);
  });

  test.each([
    ['/runbooks/service-down', 'service-down'],
    ['https://bw.example/x/runbooks/service-down?a=1#causes', 'service-down'],
    ['https://elsewhere.example/runbooks/service-down', undefined],
    ['/runbooks/../secret', undefined],
    ['runbooks/service-down', undefined],
    ['', undefined],
  ])('the address %j leads to %j', (url, slug) => {
    expect(runbookSlug(url, 'https://bw.example/x')).toBe(slug);
  });
});
