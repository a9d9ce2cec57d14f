import { isPlainLabelName, isPlainMetricName, type Labels, METRIC_NAME } from '../../../model/labels.ts';

/** How names with characters that old readers do not know are written. https://prometheus.io/docs/instrumenting/escaping_schemes/ */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

export const ESCAPING_SCHEMES: readonly EscapingScheme[] = ['allow-utf-8', 'underscores', 'dots', 'values'];

/** A name under a scheme, `isPlain` telling whether it is well-formed already. */
export function escapeName(name: string, isPlain: boolean, scheme: EscapingScheme): string {
  if (name === '' || scheme === 'allow-utf-8') return name;
  if (scheme === 'dots') return name.replace(/[^a-zA-Z0-9]/gu, dotsOf).replace(/^\d/, '__');
  if (isPlain) return name;
  const replaced = [...name].map((character, i) => {
    if (/[a-zA-Z_:]/.test(character) || (i > 0 && /\d/.test(character))) {
      return scheme === 'values' && character === '_' ? '__' : character;
    }
    return scheme === 'values' ? `_${character.codePointAt(0)!.toString(16)}_` : '_';
  });
  return (scheme === 'values' ? 'U__' : '') + replaced.join('');
}

function dotsOf(character: string): string {
  if (character === '_') return '__';
  if (character === '.') return '_dot_';
  return character === ':' ? ':' : '__';
}

/** A label value, a name in quotes, or OpenMetrics's help. */
export function escapeValue(text: string): string {
  return /[\\"\n]/.test(text) ? text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`)) : text;
}

/** A metric's name where no labels follow, as in `# TYPE`. */
export function metricText(metric: string, scheme: EscapingScheme): string {
  const isPlain = isPlainMetricName(metric);
  const name = escapeName(metric, isPlain, scheme);
  return isPlain || scheme !== 'allow-utf-8' ? name : `"${escapeValue(name)}"`;
}

/**
 * Name and labels of a series: `up{job="x"}`, or `{"http.requests",job="x"}` where the name is none of the plain ones.
 *
 * @param extra labels to follow, values that are empty included.
 */
export function seriesText(
  labels: Labels,
  scheme: EscapingScheme,
  extra: readonly (readonly [string, string])[] = [],
): string {
  const { metric } = labels;
  const isPlain = isPlainMetricName(metric);
  const isInside = !isPlain && scheme === 'allow-utf-8' && metric !== '';
  const parts: string[] = isInside ? [`"${escapeValue(metric)}"`] : [];
  for (const [name, value] of labels.entries()) {
    if (name !== METRIC_NAME) parts.push(`${labelName(name, scheme)}="${escapeValue(value)}"`);
  }
  for (const [name, value] of extra) parts.push(`${labelName(name, scheme)}="${escapeValue(value)}"`);
  const name = isInside ? '' : escapeName(metric, isPlain, scheme);
  return parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
}

function labelName(name: string, scheme: EscapingScheme): string {
  const isPlain = isPlainLabelName(name);
  if (scheme === 'allow-utf-8') return isPlain ? name : `"${escapeValue(name)}"`;
  return escapeName(name, isPlain, scheme).replaceAll(':', '_');
}
