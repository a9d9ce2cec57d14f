import type { Matcher } from './ast.ts';

/** For tests: an expression without its positions and with its matchers sorted, which printing changes. */
export function withoutPositions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== 'object' || value === null) return value;
  const rest: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'pos') continue;
    rest[key] = key === 'matchers' ? sorted(inner as readonly Matcher[]) : withoutPositions(inner);
  }
  return rest;
}

function sorted(matchers: readonly Matcher[]): string[] {
  return matchers.map(({ name, type, value }) => JSON.stringify([name, type, value])).sort();
}
