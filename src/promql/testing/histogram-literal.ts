import type { NativeHistogram } from '../../model/native-histogram.ts';
import { readPoints } from './points.ts';
import { LineReader } from './reader.ts';

/**
 * A histogram from the notation of test scripts, without the braces: `schema:0 sum:5 count:4 buckets:[1 2 1]`.
 *
 * Throws ScriptError.
 */
export function histogramLiteral(text: string): NativeHistogram {
  const [point] = readPoints(new LineReader(`{{${text}}}`, 1));
  if (point?.kind !== 'histogram') throw new Error(`no histogram: ${text}`);
  return point.histogram;
}
