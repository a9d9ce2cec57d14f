const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** How far a group's ticks are from the multiples of its interval, so that not all groups run at the same moment. */
export function tickOffsetMs(key: string, intervalMs: number): number {
  let hash = FNV_OFFSET;
  for (const byte of Buffer.from(key)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return Number(hash % BigInt(intervalMs));
}

/** The last tick at or before a moment. */
export function tickAtOrBefore(nowMs: number, intervalMs: number, offsetMs: number): number {
  return Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/** The tick to evaluate now, after the one evaluated last; undefined: it is not time yet. */
export function dueTick(
  lastTickMs: number,
  nowMs: number,
  intervalMs: number,
): { readonly tickMs: number; readonly missed: number } | undefined {
  const passed = Math.floor((nowMs - lastTickMs) / intervalMs);
  return passed < 1 ? undefined : { tickMs: lastTickMs + passed * intervalMs, missed: passed - 1 };
}
