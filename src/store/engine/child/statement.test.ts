import { describe, expect, it } from 'vitest';
import { type InsertStatement, readStatement } from './statement.ts';

function insert(sql: string): InsertStatement & { data: string } {
  const statement = readStatement(sql);
  if (statement.kind !== 'insert') throw new Error(`it is a ${statement.kind}`);
  return { ...statement, data: sql.slice(statement.dataStart) };
}

describe('readStatement, rows', () => {
  it('splits around FORMAT', () => {
    expect(readStatement('SELECT 1 SETTINGS max_threads = 1 \nFORMAT JSON SETTINGS a = 2; ')).toEqual({
      kind: 'rows',
      head: 'SELECT 1 SETTINGS max_threads = 1',
      format: 'JSON',
      tail: ' SETTINGS a = 2',
      parameters: [],
    });
  });

  it.each([
    ['SELECT format FROM t', undefined],
    ['SELECT 1 AS format FORMAT CSV', 'CSV'],
    ["SELECT format('{}', 1)", undefined],
    ['(SELECT 1 FORMAT CSV) UNION ALL SELECT 2', undefined],
    ['WITH 1 AS x SELECT x FORMAT `Native`', 'Native'],
    ['SELECT 1 -- FORMAT CSV', undefined],
  ])('finds the format of %s', (sql, format) => {
    expect(readStatement(sql)).toMatchObject({ kind: 'rows', format });
  });

  it.each(['SHOW TABLES', 'describe t', 'EXISTS t', '/* a */ explain select 1', 'FROM t SELECT 1'])(
    'takes %s for rows',
    (sql) => {
      expect(readStatement(sql).kind).toBe('rows');
    },
  );

  it('lists the parameters, and only those', () => {
    const sql = "SELECT {a:UInt8}, '{b:String}', {c: Array(String)}, {'d': 1} /* {e:Int8} */";
    expect(readStatement(sql).parameters).toEqual(['a', 'c']);
  });
});

describe('readStatement, others', () => {
  it.each([
    ['CREATE TABLE t (a Int8) ENGINE = Memory', 'command'],
    ['ALTER TABLE t DELETE WHERE 1', 'command'],
    ['INSERT INTO t SELECT 1', 'command'],
    ['INSERT INTO t (a) (SELECT 1)', 'command'],
    ['WITH 1 AS x INSERT INTO t SELECT x', 'command'],
    ['SET max_threads = 1', 'session'],
    ['USE db', 'session'],
    ['CREATE TEMPORARY TABLE t (a Int8)', 'session'],
    ['CREATE OR REPLACE TEMPORARY TABLE t (a Int8)', 'session'],
  ])('takes %s for a %s', (sql, kind) => {
    expect(readStatement(sql).kind).toBe(kind);
  });

  it('refuses several statements, which could leave settings behind', () => {
    expect(() => readStatement('SELECT 1; SET max_threads = 1')).toThrow(/Multi-statements are not allowed/);
    expect(readStatement("SELECT ';' ;; ").kind).toBe('rows');
  });

  it('refuses nothing at all and files of its own', () => {
    expect(() => readStatement(' -- nothing')).toThrow(/Empty query/);
    expect(() => readStatement("SELECT 1 INTO OUTFILE '/etc/x'")).toThrow(/INTO OUTFILE is not allowed/);
    expect(() => readStatement("INSERT INTO t FROM INFILE 'x' FORMAT CSV")).toThrow(
      /FROM INFILE is not allowed/,
    );
  });
});

describe('readStatement, inserts with data', () => {
  it('stops where the data begins, whatever it looks like', () => {
    const read = insert("INSERT INTO db.t (a, `b`) SETTINGS x = 'FORMAT y' FORMAT Native \n\n;'\"--/*");
    expect(read.head).toBe("INSERT INTO db.t (a, `b`) SETTINGS x = 'FORMAT y'");
    expect(read.format).toBe('Native');
    expect(read.data).toBe('\n;\'"--/*');
  });

  it.each([
    ['INSERT INTO t FORMAT TSV\n\ta', 'TSV', '\ta'],
    ['insert into table t values (1), (2);', 'Values', ' (1), (2);'],
    ['INSERT INTO format FORMAT CSV 1,2', 'CSV', '1,2'],
    ['INSERT INTO values VALUES (1)', 'Values', ' (1)'],
    ['INSERT INTO FUNCTION null(\'a Int8\') FORMAT JSONEachRow\r\n{"a":1}', 'JSONEachRow', '{"a":1}'],
    ['INSERT INTO t (* EXCEPT (a)) FORMAT Parquet', 'Parquet', ''],
  ])('reads %j', (sql, format, data) => {
    expect(insert(sql)).toMatchObject({ format, data });
  });
});
