import type { Endpoint } from './service.ts';

/** `/api/v1/cardinality`: the report of the series limits with keys in snake case. */
export function cardinalityEndpoint(report: (nowMs: number) => object): Endpoint {
  return ({ nowMs }) => ({ data: { json: snakeCase(report(nowMs)) } });
}

function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}
