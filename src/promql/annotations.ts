import type { PositionRange } from './ast.ts';
import { type Annotator, mergedMonotonicityInfo } from './functions/index.ts';
import { lineAndColumn } from './parse-error.ts';

/** Annotations of each level that are shown; the rest is counted. As Prometheus's API does it. */
export const MAX_ANNOTATIONS = 10;

/** Annotations of each level that are kept; how many more came is not known, only that there were. */
const MAX_KEPT = 10_000;

const WARNING = 'PromQL warning: ';
const INFO = 'PromQL info: ';
/** What comes after it differs from step to step and is added up. */
const REPAIR_DETAILS = ', from buckets ';

interface Annotation {
  readonly message: string;
  readonly pos: PositionRange;
}

/** Collects the annotations of one query. Equal texts are kept once, with the position where it was said last. */
export class AnnotationCollector implements Annotator {
  readonly #warnings = new Map<string, Annotation>();
  readonly #infos = new Map<string, Annotation>();

  warn(message: string, pos: PositionRange): void {
    const text = message.startsWith(WARNING) ? message : WARNING + message;
    put(this.#warnings, text, { message: text, pos });
  }

  info(message: string, pos: PositionRange): void {
    const text = message.startsWith(INFO) ? message : INFO + message;
    const details = text.indexOf(REPAIR_DETAILS);
    const key = details < 0 ? text : text.slice(0, details);
    const known = details < 0 ? undefined : this.#infos.get(key);
    const merged = known === undefined ? text : (mergedMonotonicityInfo(known.message, text) ?? text);
    put(this.#infos, key, { message: merged, pos });
  }

  /** The texts with `(line:column)` of the query, at most {@link MAX_ANNOTATIONS} of each level and a line about the rest. */
  render(query: string): { readonly warnings: string[]; readonly infos: string[] } {
    return {
      warnings: rendered(this.#warnings, query, 'warning'),
      infos: rendered(this.#infos, query, 'info'),
    };
  }
}

function put(annotations: Map<string, Annotation>, key: string, annotation: Annotation): void {
  if (annotations.size < MAX_KEPT || annotations.has(key)) annotations.set(key, annotation);
}

function rendered(found: ReadonlyMap<string, Annotation>, query: string, level: string): string[] {
  const lines = [...found.values()]
    .slice(0, MAX_ANNOTATIONS)
    .map(({ message, pos }) => `${message} (${lineAndColumn(query, pos.start)})`);
  const omitted = found.size - lines.length;
  return omitted > 0 ? [...lines, `${omitted} more ${level} annotations omitted`] : lines;
}
