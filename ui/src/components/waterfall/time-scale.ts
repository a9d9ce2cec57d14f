import type { Gap } from './session-tree.ts';

/** Maps time to 0…1 across a session. With gaps folded, each quiet stretch takes a small fixed width. */
export interface TimeScale {
  startMs: number;
  endMs: number;
  toUnit(atMs: number): number;
  toMs(unit: number): number;
}

/** A straight piece of the scale. */
interface Piece {
  fromMs: number;
  toMs: number;
  fromUnit: number;
  toUnit: number;
}

/** Share of the whole width that folded gaps may take together. */
const gapShareMax = 0.2;
/** Width of one folded gap as a share of the busy time. */
const gapShareEach = 0.02;

/** Builds the scale. `folded` false gives plain proportional time. */
export function createScale(options: {
  startMs: number;
  endMs: number;
  gaps: readonly Gap[];
  folded: boolean;
}): TimeScale {
  const { startMs, gaps, folded } = options;
  const endMs = Math.max(options.endMs, startMs + 1);
  const pieces = cut(startMs, endMs, folded ? gaps : []);
  const find = (has: (piece: Piece) => boolean) => {
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (has(pieces[middle]!)) high = middle;
      else low = middle + 1;
    }
    return pieces[low]!;
  };
  return {
    startMs,
    endMs,
    toUnit(atMs) {
      const piece = find(({ toMs }) => atMs <= toMs);
      const share = (atMs - piece.fromMs) / (piece.toMs - piece.fromMs);
      return clamp(piece.fromUnit + share * (piece.toUnit - piece.fromUnit));
    },
    toMs(unit) {
      const piece = find(({ toUnit }) => unit <= toUnit);
      const share = (unit - piece.fromUnit) / (piece.toUnit - piece.fromUnit);
      return Math.min(endMs, Math.max(startMs, piece.fromMs + share * (piece.toMs - piece.fromMs)));
    },
  };
}

function clamp(unit: number): number {
  return Math.min(1, Math.max(0, unit));
}

function cut(startMs: number, endMs: number, gaps: readonly Gap[]): Piece[] {
  const quietMs = gaps.reduce((sum, gap) => sum + gap.endMs - gap.startMs, 0);
  const busyMs = Math.max(1, endMs - startMs - quietMs);
  const gapMs =
    gaps.length === 0
      ? 0
      : Math.max(1, Math.min(busyMs * gapShareEach, (busyMs * gapShareMax) / gaps.length));
  const pieces: { fromMs: number; toMs: number; shown: number }[] = [];
  let atMs = startMs;
  for (const gap of gaps) {
    if (gap.startMs > atMs) pieces.push({ fromMs: atMs, toMs: gap.startMs, shown: gap.startMs - atMs });
    pieces.push({ fromMs: gap.startMs, toMs: gap.endMs, shown: Math.min(gapMs, gap.endMs - gap.startMs) });
    atMs = gap.endMs;
  }
  if (endMs > atMs) pieces.push({ fromMs: atMs, toMs: endMs, shown: endMs - atMs });
  const total = pieces.reduce((sum, piece) => sum + piece.shown, 0);
  let unit = 0;
  return pieces.map(({ fromMs, toMs, shown }) => {
    const fromUnit = unit;
    unit += shown / total;
    return { fromMs, toMs, fromUnit, toUnit: unit };
  });
}

/** The part of the scale that is shown, in units. */
export interface View {
  from: number;
  to: number;
}

export const wholeView: View = { from: 0, to: 1 };
/** Narrowest view: beyond this a pixel is a fraction of a millisecond. */
const viewWidthMin = 1e-5;

/** Zooms by a factor (below 1: closer) around a unit that stays where it is. */
export function zoomView(view: View, factor: number, around = (view.from + view.to) / 2): View {
  const width = Math.min(1, Math.max(viewWidthMin, (view.to - view.from) * factor));
  const share = (around - view.from) / (view.to - view.from);
  return fitView(around - width * share, width);
}

/** Moves by a share of the view's own width. */
export function panView(view: View, share: number): View {
  const width = view.to - view.from;
  return fitView(view.from + width * share, width);
}

function fitView(from: number, width: number): View {
  const start = Math.min(1 - width, Math.max(0, from));
  return { from: start, to: start + width };
}

const niceSteps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];

/** Round times worth a tick, at least four fifths of `spacing` (in units of the view, 0…1) apart. `gaps`: those drawn folded. */
export function ticks(
  scale: TimeScale,
  view: View,
  gaps: readonly Gap[],
  spacing: number,
): { atMs: number; x: number; stepMs: number }[] {
  const fromMs = scale.toMs(view.from);
  const toMs = scale.toMs(view.to);
  const quietMs = gaps.reduce(
    (sum, gap) => sum + Math.max(0, Math.min(toMs, gap.endMs) - Math.max(fromMs, gap.startMs)),
    0,
  );
  const wantedMs = Math.max(1, (toMs - fromMs - quietMs) * spacing);
  const stepMs = niceSteps.find((step) => step >= wantedMs) ?? niceSteps[niceSteps.length - 1]!;
  const found: { atMs: number; x: number; stepMs: number }[] = [];
  let atMs = Math.ceil(fromMs / stepMs) * stepMs;
  let lastX = Number.NEGATIVE_INFINITY;
  while (atMs <= toMs && found.length < 200) {
    const x = (scale.toUnit(atMs) - view.from) / (view.to - view.from);
    if (x - lastX >= spacing * 0.8) {
      found.push({ atMs, x, stepMs });
      lastX = x;
    }
    // One tick may stand within a gap; the rest of it is skipped, since a gap of days holds thousands of steps.
    const inside = gaps.find((gap) => atMs > gap.startMs && atMs < gap.endMs);
    atMs = Math.max(atMs + stepMs, inside ? Math.ceil(inside.endMs / stepMs) * stepMs : 0);
  }
  return found;
}

/** Where the text of a bar goes so that it stays within the lane. All in pixels. */
export interface LabelPlace {
  side: 'inside' | 'right' | 'left' | 'none';
  x: number;
  widthMax: number;
}

const labelGapPx = 6;

/** Inside the bar when it fits, else to the side with room, else cut off inside the wider of the two. */
export function placeLabel(bar: { x: number; width: number }, textPx: number, lanePx: number): LabelPlace {
  const left = Math.max(0, bar.x);
  const right = Math.min(lanePx, bar.x + bar.width);
  if (right - left >= textPx + 2 * labelGapPx)
    return { side: 'inside', x: left + labelGapPx, widthMax: right - left - 2 * labelGapPx };
  const roomRight = lanePx - right - labelGapPx;
  const roomLeft = left - labelGapPx;
  if (roomRight >= textPx || roomRight >= roomLeft) {
    return roomRight < 24
      ? { side: 'none', x: 0, widthMax: 0 }
      : { side: 'right', x: right + labelGapPx, widthMax: roomRight };
  }
  const widthMax = Math.min(textPx, roomLeft);
  return widthMax < 24
    ? { side: 'none', x: 0, widthMax: 0 }
    : { side: 'left', x: roomLeft - widthMax, widthMax };
}
