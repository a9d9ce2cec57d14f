import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { documentPlace, type PlacedProblem, problemsOf } from '../prom-config/index.ts';

/** A metric as the programs of a pack's domain are expected to expose it. */
const packMetric = z.strictObject({
  /** As stored: with `_total` for counters, without `_bucket` for histograms. */
  name: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must be the name of a metric'),
  type: z.enum(['counter', 'gauge', 'histogram', 'summary', 'info', 'unknown']),
  /** OpenMetrics unit such as `seconds`, `bytes`, `ratio`; empty for plain numbers. */
  unit: z.string().max(64).default(''),
  help: z.string().min(1).max(1000),
});
export type PackMetric = z.infer<typeof packMetric>;

const packFile = z.strictObject({
  name: z.string(),
  title: z.string().min(1).max(200),
  description: z.string().max(2000).default(''),
  metrics: z.array(packMetric).max(5000).default([]),
});
export type PackFile = z.infer<typeof packFile>;

/**
 * Reads the text of a `pack.yaml`.
 *
 * @param source the file's name in problems. @param folderName what its `name` has to be.
 */
export function parsePackFile(
  text: string,
  source: string,
  folderName: string,
): { readonly pack: PackFile | undefined; readonly problems: readonly PlacedProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => {
      const { line, col } = lines.linePos(pos[0]);
      return { path: '', message, source, line, column: col };
    });
    return { pack: undefined, problems };
  }
  const place = documentPlace(source, document, lines);
  const checked = packFile.superRefine((pack, context) => {
    const issue = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (pack.name !== folderName) issue(['name'], `must be the folder's name, ${folderName}`);
    const names = new Set<string>();
    for (const [i, { name }] of pack.metrics.entries()) {
      if (names.has(name)) issue(['metrics', i, 'name'], `${name} is listed twice`);
      names.add(name);
    }
  });
  const result = checked.safeParse(document.toJS());
  if (result.success) return { pack: result.data, problems: [] };
  return { pack: undefined, problems: problemsOf(result.error, place) };
}
