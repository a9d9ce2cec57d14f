import { BellwetherError } from '../lib/errors.ts';

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;
const MIN_INT64 = -0x8000_0000_0000_0000n;

/**
 * A piece of SQL whose values are already escaped. Only the functions of this file make one, so a query that
 * the store accepts cannot contain unescaped input.
 */
export class Sql {
  readonly text: string;

  /** Not for callers: use the `sql` tag. */
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * What may stand in `${}`:
 * string, number, bigint (64 bits), boolean, null: a literal;
 * Date: a DateTime64(3) in UTC;
 * Uint8Array: a String with these bytes;
 * array: a parenthesised list for IN (an empty one matches nothing);
 * Sql: a nested fragment.
 */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Uint8Array
  | Sql
  | readonly SqlValue[];

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '`': '\\`',
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(text: string, unsafe: RegExp): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd').replace(unsafe, (character) => ESCAPES[character]!);
}

function stringLiteral(text: string): string {
  return `'${escaped(text, /[\\'\0\n\r\t]/g)}'`;
}

function identifier(name: string): string {
  if (name === '') throw unusable('an empty identifier');
  return `\`${escaped(name, /[\\`\0\n\r\t]/g)}\``;
}

function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : ' -inf';
  // A blank before: a minus sign right after another one would begin a comment. (Parentheses would not do: ClickHouse takes
  // them as part of the number in `(-1)::Int64`.)
  return value < 0 || Object.is(value, -0) ? ` -${Math.abs(value)}` : String(value);
}

function bigintLiteral(value: bigint): string {
  if (value > MAX_UINT64 || value < MIN_INT64) throw unusable('an integer of more than 64 bits');
  return value < 0n ? ` ${value}` : String(value);
}

function dateLiteral(date: Date): string {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw unusable('an invalid Date');
  return `fromUnixTimestamp64Milli(toInt64(${numberLiteral(ms)}), 'UTC')`;
}

function bytesLiteral(bytes: Uint8Array): string {
  return `unhex('${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}')`;
}

function listLiteral(values: readonly SqlValue[]): string {
  return values.length === 0 ? '(NULL)' : `(${values.map(render).join(', ')})`;
}

function render(value: SqlValue): string {
  if (value instanceof Sql) return value.text;
  if (typeof value === 'string') return stringLiteral(value);
  if (typeof value === 'number') return numberLiteral(value);
  if (typeof value === 'bigint') return bigintLiteral(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'NULL';
  if (value instanceof Date) return dateLiteral(value);
  if (value instanceof Uint8Array) return bytesLiteral(value);
  if (Array.isArray(value)) return listLiteral(value);
  throw unusable(`a value of type ${typeof value}`);
}

function unusable(what: string): BellwetherError {
  return new BellwetherError({ code: 'internal', message: `${what} cannot be written into SQL` });
}

function template(parts: TemplateStringsArray, ...values: readonly SqlValue[]): Sql {
  let text = parts[0]!;
  for (let i = 0; i < values.length; i++) text += render(values[i]!) + parts[i + 1]!;
  return new Sql(text);
}

/**
 * Builds SQL with every value escaped into the text.
 *
 * Values are not sent as query parameters because the embedded engine runs parameter-bound queries one at a time.
 *
 * @example sql`SELECT body FROM ${sql.id('logs')} WHERE service_name = ${name} AND severity_number IN ${[17, 18]}`
 */
export const sql = Object.assign(template, {
  /** A quoted identifier; several parts are joined by dots: `sql.id('bellwether', 'logs')`. */
  id(...parts: readonly string[]): Sql {
    return new Sql(parts.map(identifier).join('.'));
  },
  /** An Array literal; plain arrays in a template are lists for IN. */
  array(values: readonly SqlValue[]): Sql {
    return new Sql(`[${values.map(render).join(', ')}]`);
  },
  /** A DateTime64(9) in UTC from epoch nanoseconds. */
  timeNs(epochNs: bigint): Sql {
    return new Sql(`fromUnixTimestamp64Nano(toInt64(${bigintLiteral(epochNs)}), 'UTC')`);
  },
  /**
   * The bytes of a FixedString id from its hex form, upper or lower case.
   *
   * @param byteCount 16 for trace ids, 8 for span ids.
   * @throws BellwetherError 400 `bad_id` when the text is not that id's hex form.
   */
  hexId(text: string, byteCount: number): Sql {
    if (text.length !== byteCount * 2 || !/^[0-9a-fA-F]*$/.test(text)) {
      throw new BellwetherError({
        code: 'bad_id',
        status: 400,
        message: `an id of ${byteCount * 2} hex digits is expected here`,
      });
    }
    return new Sql(`toFixedString(unhex('${text}'), ${byteCount})`);
  },
  /**
   * The id in a FixedString column as lower case hex; '' when it is all zero, which means absent. Give it an
   * alias other than the column's name, or conditions on the column would see the alias.
   */
  hexOf(column: string): Sql {
    const name = identifier(column);
    return new Sql(`if(empty(${name}), '', lower(hex(${name})))`);
  },
  /** Fragments with a separator between them; the separator is trusted text. */
  join(fragments: readonly SqlValue[], separator = ', '): Sql {
    return new Sql(fragments.map(render).join(separator));
  },
  /** Conditions joined by AND; `true` when there are none. */
  and(conditions: readonly Sql[]): Sql {
    return new Sql(conditions.length === 0 ? 'true' : conditions.map((c) => `(${c.text})`).join(' AND '));
  },
  /** Text that is used as it stands. Only for text that no input can influence. */
  raw(trusted: string): Sql {
    return new Sql(trusted);
  },
});
