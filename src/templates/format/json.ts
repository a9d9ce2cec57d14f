import { CallError } from '../errors.ts';
import { BoundedText, type Budget } from '../run.ts';
import { Dict, List, NamedInt, Struct, textOf, typeName, typeOf, type Value } from '../values.ts';

const MAX_NESTING = 100;

/** JSON as Go's encoding/json writes it: keys in order, `<`, `>` and `&` escaped. */
export function toJson(value: Value, budget: Budget): string {
  const out = new BoundedText(budget);
  write(value, out, 0);
  return out.text;
}

function write(value: Value, out: BoundedText, depth: number): void {
  out.budget.spend(1);
  if (depth > MAX_NESTING) throw new CallError(`json: more than ${MAX_NESTING} values inside each other`);
  const text = simple(value);
  if (text !== undefined) out.add(text);
  else if (value instanceof List) {
    const items = value.items.map((item): Entry => ['', item]);
    writeAll(out, { open: '[', entries: items, close: ']', depth });
  } else writeAll(out, { open: '{', entries: entriesOf(value), close: '}', depth });
}

/** The JSON of a value without parts. */
function simple(value: Value): string | undefined {
  const text = textOf(value);
  if (text !== undefined) return jsonText(text);
  if (value === undefined || value === null) return 'null';
  const own = typeOf(value)?.json;
  if (own !== undefined) return jsonText(own(value));
  if (typeof value === 'number') return jsonNumber(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return value instanceof NamedInt ? String(value.value) : undefined;
}

/** As in Go: a field of this name is left out. */
const HIDDEN = '-';

function entriesOf(value: Value): Entry[] {
  if (value instanceof Dict) return value.keys.map((key) => [`${jsonText(key)}:`, value.get(key)]);
  if (value instanceof Struct)
    return [...value.fields].flatMap(([name, field]): Entry[] => {
      const shown = value.jsonNames.get(name) ?? name;
      return shown === HIDDEN ? [] : [[`${jsonText(shown)}:`, field]];
    });
  throw new CallError(`json: unsupported type: ${typeName(value)}`);
}

/** What stands in front of an item, and the item. */
type Entry = readonly [key: string, item: Value];

function writeAll(
  out: BoundedText,
  { open, entries, close, depth }: { open: string; entries: readonly Entry[]; close: string; depth: number },
): void {
  out.add(open);
  entries.forEach(([key, item], i) => {
    out.add((i > 0 ? ',' : '') + key);
    write(item, out, depth + 1);
  });
  out.add(close);
}

function jsonText(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new CallError(`json: unsupported value: ${value}`);
  return JSON.stringify(value);
}
