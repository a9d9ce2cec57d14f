import { compareText } from '../../model/labels.ts';

const CHUNK = /[0-9]+|[^0-9]+/g;

/**
 * Natural order: texts are compared run by run, runs of digits by their value, other runs as texts. A text that another one begins with
 * comes before it. Equal only for equal texts (`1` and `01` are ordered as texts).
 */
export function compareNaturally(a: string, b: string): number {
  const runsA = a.match(CHUNK) ?? [];
  const runsB = b.match(CHUNK) ?? [];
  const count = Math.min(runsA.length, runsB.length);
  for (let i = 0; i < count; i++) {
    const order = compareRuns(runsA[i]!, runsB[i]!);
    if (order !== 0) return order;
  }
  return runsA.length - runsB.length || compareText(a, b);
}

function compareRuns(a: string, b: string): number {
  if (!isDigits(a) || !isDigits(b)) return compareText(a, b);
  const digitsA = a.replace(/^0+/, '');
  const digitsB = b.replace(/^0+/, '');
  return digitsA.length - digitsB.length || compareText(digitsA, digitsB);
}

function isDigits(run: string): boolean {
  return run.charCodeAt(0) >= 0x30 && run.charCodeAt(0) <= 0x39;
}
