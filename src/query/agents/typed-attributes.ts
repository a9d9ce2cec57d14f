import type { z } from 'zod';
import type { attributeValue } from '../../contract/index.ts';

export type TypedValue = z.infer<typeof attributeValue>;

/**
 * Attributes with their types back, from the text form and type characters described at the attribute columns in
 * `store/tables.ts`. Integers beyond 2^53 and doubles that JSON has no words for stay text.
 */
export function typedAttributes(
  keys: readonly string[],
  texts: readonly string[],
  types: string,
): Record<string, TypedValue> {
  return Object.fromEntries(keys.map((key, i) => [key, typedValue(texts[i] ?? '', types[i] ?? 's')]));
}

function typedValue(text: string, type: string): TypedValue {
  switch (type) {
    case 'i': {
      const value = Number(text);
      return Number.isSafeInteger(value) ? value : text;
    }
    case 'd': {
      const value = Number(text);
      return Number.isFinite(value) ? value : text;
    }
    case 'b':
      return text === 'true';
    case 'n':
      return null;
    case 'a':
    case 'm':
      return containerValue(text, type);
    default:
      return text;
  }
}

/** Arrays are lists of typed leaves, maps lists of `{key, value}`. What cannot be read is shown as it is stored. */
function containerValue(text: string, type: 'a' | 'm'): TypedValue {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return text;
    return type === 'a' ? parsed.map(plainLeaf) : plainEntries(parsed);
  } catch {
    return text;
  }
}

interface Leaf {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly unknown[] };
  readonly kvlistValue?: { readonly values?: readonly unknown[] };
}

function plainLeaf(value: unknown): unknown {
  const leaf = (value ?? {}) as Leaf;
  if (leaf.arrayValue !== undefined) return (leaf.arrayValue.values ?? []).map(plainLeaf);
  if (leaf.kvlistValue !== undefined) return plainEntries(leaf.kvlistValue.values ?? []);
  if (leaf.intValue !== undefined) return typedValue(String(leaf.intValue), 'i');
  return leaf.stringValue ?? leaf.boolValue ?? leaf.doubleValue ?? leaf.bytesValue ?? null;
}

function plainEntries(entries: readonly unknown[]): Record<string, unknown> {
  const pairs = entries.map((entry) => {
    const { key, value } = (entry ?? {}) as { key?: unknown; value?: unknown };
    return [String(key ?? ''), plainLeaf(value)] as const;
  });
  return Object.fromEntries(pairs);
}
