import { parser, VectorSelector } from '@prometheus-io/lezer-promql';

/** Selectors counted for one expression; further ones are not looked at. */
const mostSelectors = 8;

/**
 * The series selectors of an expression, each once, without offsets and ranges. Null when it does not parse or selects everything.
 */
export function selectorsOf(expr: string): readonly string[] | null {
  const found = new Set<string>();
  let isBroken = false;
  parser.parse(expr).iterate({
    enter(node) {
      if (node.type.isError) isBroken = true;
      if (node.type.id === VectorSelector) found.add(expr.slice(node.from, node.to).trim());
    },
  });
  return isBroken || found.size === 0 ? null : [...found].slice(0, mostSelectors);
}

/** The metric of an expression that is one selector and nothing else; null otherwise. */
export function bareMetric(expr: string): string | null {
  const text = expr.trim();
  const selectors = selectorsOf(text);
  if (selectors?.length !== 1 || selectors[0] !== text) return null;
  const name = /^([a-zA-Z_:][a-zA-Z0-9_:]*)/.exec(text)?.[1];
  if (name !== undefined) return name;
  const quotedName = /^\{\s*"((?:[^"\\]|\\.)+)"\s*[,}]/.exec(text)?.[1];
  return quotedName ?? null;
}
