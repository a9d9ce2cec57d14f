/** Metrics worth a first look, the most telling first. */
const wellKnown: readonly RegExp[] = [
  /^claude_code_cost_usage/,
  /^claude_code_token_usage/,
  /^node_cpu_seconds_total$/,
  /^node_load1$/,
  /^(http|rpc).*_duration.*_bucket$/,
  /^http.*requests_total$/,
  /^process_resident_memory_bytes$/,
  /^up$/,
];
const mostStarters = 4;

/** Up to four metrics of those there are, to begin with. */
export function startMetrics(names: readonly string[]): readonly string[] {
  const known = wellKnown.flatMap((pattern) => names.find((name) => pattern.test(name)) ?? []);
  const others = names.filter((name) => !known.includes(name) && !/^(scrape_|bellwether_)/.test(name));
  return [...known, ...others].slice(0, mostStarters);
}
