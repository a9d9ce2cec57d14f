import type { RangeMs } from '../../lib/time.ts';

/** Distance between the points of a range query. */

/** Fineness of the automatic step; `normal` is not written to the address. */
export type Fineness = 'coarse' | 'normal' | 'fine';

const pointsFor: Readonly<Record<Fineness, number>> = { coarse: 120, normal: 300, fine: 900 };

/** The most points per series that the server answers. */
export const mostPoints = 11_000;

const second = 1000;
const niceStepsMs: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * 60 * second),
  ...[1, 2, 3, 6, 12].map((count) => count * 3600 * second),
];
const dayMs = 86_400_000;

/** Steps offered beside the automatic ones. */
export const fixedSteps = ['1s', '5s', '15s', '30s', '1m', '5m', '15m', '1h', '6h', '1d'] as const;

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
};

/** A duration such as `15s` or `1h30m`, in milliseconds; null when it is none or not above zero. */
export function parseStep(text: string): number | null {
  if (!/^(?:\d{1,6}(?:ms|[smhdw]))+$/.test(text)) return null;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) ms += Number(count) * unitsMs[unit!]!;
  return ms > 0 ? ms : null;
}

/** A duration as PromQL writes it: `15s`, `1h30m`. */
export function stepText(ms: number): string {
  if (ms <= 0) return '0s';
  let rest = Math.round(ms);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / unitsMs[unit]!);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitsMs[unit]!;
  }
  return text;
}

function niceStep(leastMs: number): number {
  return niceStepsMs.find((step) => step >= leastMs) ?? Math.ceil(leastMs / dayMs) * dayMs;
}

export interface StepChoice {
  readonly stepMs: number;
  /** A step that was asked for and would have given more points than the server answers. */
  readonly refused: string | null;
}

/** The step for a range: what the address asks for (`coarse`, `fine`, `30s`), or one that suits the range. */
export function chooseStep(asked: string, range: RangeMs): StepChoice {
  const spanMs = Math.max(1, range.toMs - range.fromMs);
  const leastMs = spanMs / mostPoints;
  const fixed = parseStep(asked);
  if (fixed !== null) {
    return fixed >= leastMs
      ? { stepMs: fixed, refused: null }
      : { stepMs: niceStep(leastMs), refused: asked };
  }
  const fineness: Fineness = asked === 'coarse' || asked === 'fine' ? asked : 'normal';
  return { stepMs: niceStep(spanMs / pointsFor[fineness]), refused: null };
}

/** The end of a range stays within this much of what was asked for, however long the steps: what has just arrived is to be seen. */
const coarsestEndMs = 10_000;

/** The range in whole steps, counted back from its end, so that queries that run at the same time ask for the same moments. */
export function alignedRange(range: RangeMs, stepMs: number): { startMs: number; endMs: number } {
  const roundMs = Math.min(stepMs, coarsestEndMs);
  const endMs = Math.floor(range.toMs / roundMs) * roundMs;
  const steps = Math.max(0, Math.round((endMs - range.fromMs) / stepMs));
  return { startMs: endMs - steps * stepMs, endMs };
}
