/**
 * OpenTelemetry names, units and attribute keys as Prometheus writes them.
 *
 * Follows "Prometheus and OpenMetrics Compatibility" of the OpenTelemetry specification and, where that leaves
 * room, what Prometheus 3 does with its default translation strategy `UnderscoreEscapingWithSuffixes`, so that
 * dashboards and rules written against Prometheus find the same names here.
 *
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */

/** What an OTLP metric is, as far as its name depends on it. */
export type MetricKind =
  | 'gauge'
  | 'counter'
  | 'up_down_counter'
  | 'histogram'
  | 'exponential_histogram'
  | 'summary';

/** UCUM symbols and the words Prometheus has for them. Units that are missing here are kept as they are. */
const UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ['d', 'days'],
  ['h', 'hours'],
  ['min', 'minutes'],
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['us', 'microseconds'],
  ['ns', 'nanoseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['MiBy', 'mebibytes'],
  ['GiBy', 'gibibytes'],
  ['TiBy', 'tibibytes'], // sic: Prometheus spells it so, and stored names must match
  ['KBy', 'kilobytes'],
  ['MBy', 'megabytes'],
  ['GBy', 'gigabytes'],
  ['TBy', 'terabytes'],
  ['m', 'meters'],
  ['V', 'volts'],
  ['A', 'amperes'],
  ['J', 'joules'],
  ['W', 'watts'],
  ['g', 'grams'],
  ['Cel', 'celsius'],
  ['Hz', 'hertz'],
  ['1', ''],
  ['%', 'percent'],
]);

/** Words behind a slash, in the singular. */
const PER_UNIT_WORDS: ReadonlyMap<string, string> = new Map([
  ['s', 'second'],
  ['m', 'minute'],
  ['h', 'hour'],
  ['d', 'day'],
  ['w', 'week'],
  ['mo', 'month'],
  ['y', 'year'],
]);

/** Everything that separates the words of a metric name; the underscore is one of them, so runs of it collapse. */
const NAME_SEPARATORS = /[^a-zA-Z0-9:]+/gu;
const LABEL_FOREIGN = /[^a-zA-Z0-9_]/gu;
const LEADING_DIGIT = /^[0-9]/;
const ONLY_UNDERSCORES = /^_*$/;

/**
 * The Prometheus name of a metric family, or undefined when nothing usable is left of the name.
 *
 * `claude_code.token.usage` with unit `tokens`, a counter, becomes `claude_code_token_usage_tokens_total`.
 */
export function prometheusMetricName(name: string, unit: string, kind: MetricKind): string | undefined {
  let words = name.split(NAME_SEPARATORS).filter((word) => word !== '');
  const { main, per } = unitWords(unit);
  words = withUnit(words, main, per);
  if (kind === 'counter') words = movedToEnd(words, 'total');
  // Only gauges: many senders give plain counts the unit "1".
  if (kind === 'gauge' && unit === '1') words = movedToEnd(words, 'ratio');
  const joined = words.join('_');
  if (ONLY_UNDERSCORES.test(joined)) return undefined;
  return LEADING_DIGIT.test(joined) ? `_${joined}` : joined;
}

/** The unit as metric metadata shows it: `By/s` is `bytes_per_second`, `1` and annotations are empty. */
export function prometheusUnit(unit: string): string {
  const { main, per } = unitWords(unit);
  const joined = main !== '' && per !== '' ? `${main}_${per}` : main + per;
  return joined.replace(/_$/, '');
}

/**
 * The label name of an attribute key, or undefined when nothing usable is left of it.
 *
 * Foreign characters become one underscore each. A name that starts with a digit gets `key_` in front and one that
 * starts with a single underscore `key`, because single leading underscores are reserved.
 */
export function prometheusLabelName(key: string): string | undefined {
  const name = key.replace(LABEL_FOREIGN, '_');
  if (ONLY_UNDERSCORES.test(name)) return undefined;
  if (LEADING_DIGIT.test(name)) return `key_${name}`;
  if (name.startsWith('_') && !name.startsWith('__')) return `key${name}`;
  return name;
}

/** `per` comes with its `per_` in front. */
function unitWords(unit: string): { main: string; per: string } {
  const slash = unit.indexOf('/');
  const mainSymbol = (slash === -1 ? unit : unit.slice(0, slash)).trim();
  const perSymbol = (slash === -1 ? '' : unit.slice(slash + 1)).trim();
  const main = isAnnotation(mainSymbol) ? '' : (UNIT_WORDS.get(mainSymbol) ?? mainSymbol);
  const perWord = isAnnotation(perSymbol) ? '' : (PER_UNIT_WORDS.get(perSymbol) ?? perSymbol);
  const per = cleanUnit(perWord).replace(/_$/, '');
  return { main: cleanUnit(main), per: per === '' ? '' : `per_${per}` };
}

/** `{requests}` says what is counted, not in what unit. */
function isAnnotation(symbol: string): boolean {
  return symbol.includes('{') || symbol.includes('}');
}

function cleanUnit(word: string): string {
  return word.replace(NAME_SEPARATORS, '_').replace(/^_/, '');
}

function withUnit(words: readonly string[], main: string, per: string): string[] {
  const out = [...words];
  const perIsNew = per !== '' && !words.includes(per);
  if (main !== '' && !words.includes(main)) out.push(perIsNew ? main.replace(/_$/, '') : main);
  if (perIsNew) out.push(per);
  return out;
}

/** Takes a word out wherever it stands and puts it at the end, so that it is there exactly once. */
function movedToEnd(words: readonly string[], word: string): string[] {
  return [...words.filter((candidate) => candidate !== word), word];
}
