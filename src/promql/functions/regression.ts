import { BellwetherError } from '../../lib/errors.ts';
import { goNumber, informOfIgnoredHistograms } from './annotations.ts';
import { nextCarry } from './compensated.ts';
import { type CallContext, defineFunction, type RangeFunction, type RangeWindow } from './define.ts';

/** Whether all floats of a window are equal. NaNs are not. */
function isConstant({ floats, floatFrom, floatTo }: RangeWindow): boolean {
  for (let i = floatFrom + 1; i < floatTo; i++) if (floats[i]! !== floats[floatFrom]!) return false;
  return true;
}

/**
 * The least squares line through the floats of a window, in seconds after `originMs`, at the point `x`: its slope when `x` is undefined,
 * else its value there. A series of one infinite value has no line (NaN); any other constant is its own.
 */
function onRegressionLine(window: RangeWindow, originMs: number, x: number | undefined): number {
  const { floats, floatTimesMs, floatFrom, floatTo } = window;
  if (isConstant(window)) {
    const value = floats[floatFrom]!;
    if (!Number.isFinite(value)) return Number.NaN;
    return x === undefined ? 0 : value;
  }
  let sumX = 0;
  let sumY = 0;
  let sumXY = 0;
  let sumXX = 0;
  let carryX = 0;
  let carryY = 0;
  let carryXY = 0;
  let carryXX = 0;
  for (let i = floatFrom; i < floatTo; i++) {
    const timeS = (floatTimesMs[i]! - originMs) / 1000;
    const value = floats[i]!;
    const nextX = sumX + timeS;
    carryX = nextCarry(carryX, sumX, timeS, nextX);
    sumX = nextX;
    const nextY = sumY + value;
    carryY = nextCarry(carryY, sumY, value, nextY);
    sumY = nextY;
    const nextXY = sumXY + timeS * value;
    carryXY = nextCarry(carryXY, sumXY, timeS * value, nextXY);
    sumXY = nextXY;
    const nextXX = sumXX + timeS * timeS;
    carryXX = nextCarry(carryXX, sumXX, timeS * timeS, nextXX);
    sumXX = nextXX;
  }
  sumX += carryX;
  sumY += carryY;
  const count = floatTo - floatFrom;
  const covariance = sumXY + carryXY - (sumX * sumY) / count;
  const varianceX = sumXX + carryXX - (sumX * sumX) / count;
  const slope = covariance / varianceX;
  return x === undefined ? slope : slope * x + (sumY / count - (slope * sumX) / count);
}

/** Whether a window has the two floats a trend takes. Tells of histograms that are left out. */
function hasTwoFloats(window: RangeWindow, context: CallContext): boolean {
  const count = window.floatTo - window.floatFrom;
  if (count > 0 && window.histogramTo > window.histogramFrom) informOfIgnoredHistograms(context);
  return count >= 2;
}

function checkedFactor(value: number, what: string): number {
  // Written so that NaN passes, as in Prometheus; the result is NaN then.
  if (value <= 0 || value >= 1)
    throw new BellwetherError({
      code: 'execution',
      status: 422,
      message: `invalid ${what} factor. Expected: 0 < ${what[0]}f < 1, got: ${Number.isFinite(value) ? value.toFixed(6) : goNumber(value)}`,
    });
  return value;
}

/** Double exponential smoothing after Holt: a level and a trend, each a weighted average of what is new and what was. */
function smoothed({ floats, floatFrom, floatTo }: RangeWindow, smoothing: number, trending: number): number {
  let previous = 0;
  let level = floats[floatFrom]!;
  let trend = floats[floatFrom + 1]! - level;
  for (let i = floatFrom + 1; i < floatTo; i++) {
    if (i > floatFrom + 1) trend = trending * (level - previous) + (1 - trending) * trend;
    previous = level;
    level = smoothing * floats[i]! + (1 - smoothing) * (level + trend);
  }
  return level;
}

/** Trends of gauges. They take floats; histograms among them are left out with an info. */
export const regressionFunctions: readonly RangeFunction[] = [
  defineFunction({
    kind: 'range',
    name: 'deriv',
    argTypes: ['matrix'],
    variadic: 0,
    returns: 'vector',
    help: 'The change of a gauge per second, by linear regression over the range.',
    evaluate: (window, _numbers, context) =>
      hasTwoFloats(window, context)
        ? onRegressionLine(window, window.floatTimesMs[window.floatFrom]!, undefined)
        : undefined,
  }),
  defineFunction({
    kind: 'range',
    name: 'predict_linear',
    argTypes: ['matrix', 'scalar'],
    variadic: 0,
    returns: 'vector',
    help: 'The value of a gauge so many seconds from now, by linear regression over the range.',
    evaluate: (window, numbers, context) =>
      hasTwoFloats(window, context) ? onRegressionLine(window, context.evalMs, numbers[0]!) : undefined,
  }),
  defineFunction({
    kind: 'range',
    name: 'double_exponential_smoothing',
    argTypes: ['matrix', 'scalar', 'scalar'],
    variadic: 0,
    returns: 'vector',
    isExperimental: true,
    help: 'A smoothed value of a gauge; the factors (0 to 1) weigh recent values and recent trends.',
    evaluate: (window, numbers, context) => {
      const smoothing = checkedFactor(numbers[0]!, 'smoothing');
      const trending = checkedFactor(numbers[1]!, 'trend');
      return hasTwoFloats(window, context) ? smoothed(window, smoothing, trending) : undefined;
    },
  }),
];
