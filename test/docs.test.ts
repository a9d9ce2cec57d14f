import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { generatedDocs } from '../src/app/docs.ts';
import { createPrometheusWrites } from '../src/app/prometheus-writes.ts';
import { writeEndpoints } from '../src/http/index.ts';
import { PushGroups } from '../src/ingest/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

test.each(Object.entries(generatedDocs()))(
  'docs/%s is what the code says (npm run docs writes it)',
  (name, text) => {
    expect(readFileSync(join(root, 'docs', name), 'utf8')).toBe(text);
  },
);

test('the paths for samples that docs/api.md names are handled', () => {
  const writes = createPrometheusWrites({
    maxBodyBytes: 1,
    maxAgeMs: 0,
    pushed: { groups: new PushGroups(), changed() {} },
  });
  const named = writeEndpoints.flatMap(({ path, summary }) => [
    path,
    ...[...summary.matchAll(/`(\/[\w/]+write)`/g)].map(([, other]) => other!),
  ]);
  expect(named).toContain('/influx/api/v2/write');
  expect(named.filter((path) => !writes.handles(path.replace(/:\w+/g, 'x')))).toEqual([]);
});

function markdownFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name));
}

test('links between the documents lead somewhere', () => {
  const top = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'].map((name) => join(root, name));
  const broken = [...top, ...markdownFiles('docs')].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .filter(([, target]) => !existsSync(join(dirname(file), target!)))
      .map(([, target]) => `${file}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('every requirement has a row in docs/coverage.md, and what is named there exists', () => {
  const rows = readFileSync(join(root, 'docs', 'coverage.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| [A-D]\d+ \|/.test(line));
  const ids = rows.map((row) => row.split('|')[1]!.trim());
  const expected = Object.entries({ A: 16, B: 10, C: 9, D: 17 }).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  );
  expect(ids).toEqual(expected);
  const named = rows.flatMap((row) => [...row.matchAll(/`([\w./-]+)`/g)].map(([, path]) => path!));
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
