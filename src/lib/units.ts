const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/**
 * Milliseconds of a duration such as `90m`, `1h30m`, `30d`: Prometheus's notation, largest unit first, each at most once.
 * Undefined when it is not one.
 */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d|w|y))+$/.test(text)) return undefined;
  let totalMs = 0;
  let lastUnitMs = Number.POSITIVE_INFINITY;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    const unitMs = durationUnits[unit!]!;
    if (unitMs >= lastUnitMs) return undefined;
    lastUnitMs = unitMs;
    totalMs += Number(amount) * unitMs;
  }
  return totalMs;
}

/** Bytes of a size such as `64MiB`, `1.5GB`, `1024`. Undefined when it is not one. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = match === null ? undefined : byteUnits[match[2]!.toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(match![1]) * factor);
}

/** The shortest exact notation of a duration: `1h30m`. */
export function formatDurationMs(totalMs: number): string {
  if (totalMs === 0) return '0s';
  let rest = Math.round(totalMs);
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const amount = Math.floor(rest / durationUnits[unit]!);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * durationUnits[unit]!;
  }
  return text;
}

/** A size for people: `64 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < names.length - 1) {
    value /= 1024;
    step++;
  }
  const digits = step === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${names[step]}`;
}
