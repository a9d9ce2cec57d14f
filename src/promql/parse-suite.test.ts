import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { format, print } from './format.ts';
import { parse } from './parse.ts';
import { SIGNATURES } from './testing/signatures.ts';
import { withoutPositions } from './testing-ast.ts';

/** Beside the project's root; not part of it. */
const folder = fileURLToPath(new URL('../../../shared/conformance/promql/', import.meta.url));
const hasFolder = existsSync(folder);

const options = {
  functions: (name: string) => SIGNATURES.get(name),
  hasExperimentalFunctions: true,
  hasDurationExpressions: true,
  hasExtendedRangeSelectors: true,
  hasFillModifiers: true,
};

/** The queries of a script that are not expected to fail. */
function queriesOf(file: string): string[] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    const match =
      /^\s*eval(_\w+)?\s+(?:instant\s+at\s+\S+|range\s+from\s+\S+\s+to\s+\S+\s+step\s+\S+)\s+(.*)$/.exec(
        line,
      );
    const isFailure = match?.[1] === '_fail' || /^\s*expect fail/.test(lines[index + 1] ?? '');
    return match === null || isFailure ? [] : [match[2]!];
  });
}

describe.skipIf(!hasFolder)(`Prometheus's suite in ../${dirname('shared/conformance/promql')}`, () => {
  const files = hasFolder ? readdirSync(folder).filter((file) => file.endsWith('.test')) : [];

  test.each(files)('every query of %s parses, and prints to text that parses to the same', (file) => {
    const queries = queriesOf(file);
    expect(queries.length).toBeGreaterThan(10);
    for (const query of queries) {
      const expr = parse(query, options);
      const wanted = withoutPositions(expr);
      expect(withoutPositions(parse(print(expr), options)), query).toEqual(wanted);
      expect(withoutPositions(parse(format(expr), options)), query).toEqual(wanted);
    }
  });
});
