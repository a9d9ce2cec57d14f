import type { ValueType } from '../ast.ts';
import type { Signature } from '../parse-source.ts';

/** Argument types and result: `v` instant vector, `m` range vector, `s` scalar, `t` string. */
type Shape = `${string}>${'v' | 's'}`;

const TYPES: Readonly<Record<string, ValueType>> = { v: 'vector', m: 'matrix', s: 'scalar', t: 'string' };

interface Group {
  readonly shape: Shape;
  readonly variadic?: number;
  readonly isExperimental?: boolean;
  readonly names: string;
}

const GROUPS: readonly Group[] = [
  {
    shape: 'v>v',
    names: `abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count
      histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp`,
  },
  {
    shape: 'm>v',
    names: `absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate
      last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time`,
  },
  {
    shape: 'v>v',
    variadic: 1,
    names: 'days_in_month day_of_month day_of_week day_of_year hour minute month year',
  },
  { shape: 'vs>v', names: 'clamp_max clamp_min' },
  { shape: 'vss>v', names: 'clamp' },
  { shape: 'vs>v', variadic: 1, names: 'round' },
  { shape: 'sv>v', names: 'histogram_quantile' },
  { shape: 'ssv>v', names: 'histogram_fraction' },
  { shape: 'sm>v', names: 'quantile_over_time' },
  { shape: 'ms>v', names: 'predict_linear' },
  { shape: 'vtttt>v', names: 'label_replace' },
  { shape: 'vttt>v', variadic: -1, names: 'label_join' },
  { shape: 's>v', names: 'vector' },
  { shape: 'v>s', names: 'scalar' },
  { shape: '>s', names: 'pi time' },
  { shape: '>s', isExperimental: true, names: 'start end step range' },
  { shape: 'ss>s', isExperimental: true, names: 'min_of max_of' },
  { shape: 'v>v', isExperimental: true, names: 'start_timestamp' },
  {
    shape: 'm>v',
    isExperimental: true,
    names: 'mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time',
  },
  { shape: 'mss>v', isExperimental: true, names: 'double_exponential_smoothing' },
  { shape: 'vtss>v', variadic: 9, isExperimental: true, names: 'histogram_quantiles' },
  { shape: 'vv>v', variadic: 1, isExperimental: true, names: 'info' },
  { shape: 'vt>v', variadic: -1, isExperimental: true, names: 'sort_by_label sort_by_label_desc' },
];

/** Every function of Prometheus 3.14 as its parser knows it. The registry of functions must say the same. */
export const SIGNATURES: ReadonlyMap<string, Signature> = new Map(
  GROUPS.flatMap((group) =>
    group.names.split(/\s+/).map((name): [string, Signature] => [name, signatureOf(name, group)]),
  ),
);

function signatureOf(name: string, { shape, variadic = 0, isExperimental = false }: Group): Signature {
  const [args, result] = shape.split('>') as [string, string];
  return {
    name,
    argTypes: [...args].map((letter) => TYPES[letter]!),
    variadic,
    returns: TYPES[result]!,
    ...(isExperimental ? { isExperimental } : {}),
  };
}
