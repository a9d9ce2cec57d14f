import { defineFunction, type SampleFunction } from './define.ts';

/** Smaller of two as Go's `math.Min` has it: -Inf wins even over NaN. */
export function goMin(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  return Math.min(a, b);
}

/** Greater of two as Go's `math.Max` has it: +Inf wins even over NaN. */
export function goMax(a: number, b: number): number {
  if (a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(a, b);
}

function clamped(value: number, min: number, max: number): number | undefined {
  return max < min ? undefined : goMax(min, goMin(max, value));
}

/** A function of a float alone; histograms give no result. */
function floatFunction(name: string, help: string, compute: (value: number) => number): SampleFunction {
  return defineFunction({
    kind: 'sample',
    name,
    argTypes: ['vector'],
    variadic: 0,
    returns: 'vector',
    help,
    evaluate: (sample) => (sample.histogram === undefined ? compute(sample.value) : undefined),
  });
}

const round = defineFunction({
  kind: 'sample',
  name: 'round',
  argTypes: ['vector', 'scalar'],
  variadic: 1,
  returns: 'vector',
  help: 'The nearest multiple of the second argument (of 1 without it); halves go up.',
  evaluate: (sample, numbers) => {
    if (sample.histogram !== undefined) return undefined;
    // Multiplying by the inverse is more exact than dividing by 0.1 and the like, and it is what Prometheus does.
    const inverse = 1 / (numbers[0] ?? 1);
    return Math.floor(sample.value * inverse + 0.5) / inverse;
  },
});

const clamps = [
  defineFunction({
    kind: 'sample',
    name: 'clamp',
    argTypes: ['vector', 'scalar', 'scalar'],
    variadic: 0,
    returns: 'vector',
    help: 'Values below the second argument or above the third become it; nothing when the second is greater.',
    evaluate: (sample, numbers) =>
      sample.histogram === undefined ? clamped(sample.value, numbers[0]!, numbers[1]!) : undefined,
  }),
  defineFunction({
    kind: 'sample',
    name: 'clamp_max',
    argTypes: ['vector', 'scalar'],
    variadic: 0,
    returns: 'vector',
    help: 'Values above the second argument become it.',
    evaluate: (sample, numbers) =>
      sample.histogram === undefined
        ? clamped(sample.value, Number.NEGATIVE_INFINITY, numbers[0]!)
        : undefined,
  }),
  defineFunction({
    kind: 'sample',
    name: 'clamp_min',
    argTypes: ['vector', 'scalar'],
    variadic: 0,
    returns: 'vector',
    help: 'Values below the second argument become it.',
    evaluate: (sample, numbers) =>
      sample.histogram === undefined
        ? clamped(sample.value, numbers[0]!, Number.POSITIVE_INFINITY)
        : undefined,
  }),
];

/** Functions of single floats. Histogram samples give no result. */
export const sampleMathFunctions: readonly SampleFunction[] = [
  floatFunction('abs', 'The absolute value.', Math.abs),
  floatFunction('ceil', 'The next integer that is not smaller.', Math.ceil),
  floatFunction('floor', 'The next integer that is not greater.', Math.floor),
  floatFunction('exp', 'The exponential function.', Math.exp),
  floatFunction('sqrt', 'The square root.', Math.sqrt),
  floatFunction('ln', 'The natural logarithm.', Math.log),
  floatFunction('log2', 'The binary logarithm.', Math.log2),
  floatFunction('log10', 'The decimal logarithm.', Math.log10),
  floatFunction('sgn', '1 for positive values, -1 for negative ones, 0 for zero.', Math.sign),
  floatFunction('acos', 'The arccosine in radians.', Math.acos),
  floatFunction('acosh', 'The inverse hyperbolic cosine.', Math.acosh),
  floatFunction('asin', 'The arcsine in radians.', Math.asin),
  floatFunction('asinh', 'The inverse hyperbolic sine.', Math.asinh),
  floatFunction('atan', 'The arctangent in radians.', Math.atan),
  floatFunction('atanh', 'The inverse hyperbolic tangent.', Math.atanh),
  floatFunction('cos', 'The cosine of an angle in radians.', Math.cos),
  floatFunction('cosh', 'The hyperbolic cosine.', Math.cosh),
  floatFunction('sin', 'The sine of an angle in radians.', Math.sin),
  floatFunction('sinh', 'The hyperbolic sine.', Math.sinh),
  floatFunction('tan', 'The tangent of an angle in radians.', Math.tan),
  floatFunction('tanh', 'The hyperbolic tangent.', Math.tanh),
  floatFunction('deg', 'Degrees for radians.', (value) => (value * 180) / Math.PI),
  floatFunction('rad', 'Radians for degrees.', (value) => (value * Math.PI) / 180),
  round,
  ...clamps,
];
