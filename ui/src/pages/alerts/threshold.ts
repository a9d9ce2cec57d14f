/** A rule's expression as a graph shows it best: what is compared, with a line at what it is compared with. */
export interface DrawnQuery {
  readonly expr: string;
  readonly threshold: { readonly value: number; readonly label: string } | null;
}

const comparison = /(>=|<=|>|<)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;

/**
 * `rate(x[5m]) > 5` draws as `rate(x[5m])` with a line at 5: the comparison leaves out every value that is fine. Only when the whole
 * expression is one comparison with a number; anything else is drawn as it is.
 */
export function drawnQuery(query: string): DrawnQuery {
  const asItIs = { expr: query, threshold: null };
  const outside = outsideBrackets(query.trim());
  const match = comparison.exec(outside);
  if (match === null) return asItIs;
  const left = outside.slice(0, match.index);
  if (left.trim() === '' || /[<>]|[!=]=|#|\b(?:and|or|unless|bool)\b/i.test(left)) return asItIs;
  const expr = query.trim().slice(0, match.index).trim();
  return { expr, threshold: { value: Number(match[2]), label: `${match[1]} ${match[2]}` } };
}

/** The same text, with everything inside brackets and quotes replaced by dots of the same length. */
function outsideBrackets(text: string): string {
  let depth = 0;
  let quote = '';
  let result = '';
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]!;
    const isInside = depth > 0 || quote !== '';
    if (quote !== '') {
      if (sign === '\\' && quote !== '`') {
        result += '..';
        at += 1;
        continue;
      }
      if (sign === quote) quote = '';
    } else if (sign === '"' || sign === "'" || sign === '`') quote = sign;
    else if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) depth -= 1;
    result += isInside || quote !== '' || depth > 0 ? '.' : sign;
  }
  return result;
}
