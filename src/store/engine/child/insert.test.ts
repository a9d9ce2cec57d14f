import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFiles, insertFromFiles } from './insert.ts';
import { type InsertStatement, readStatement } from './statement.ts';

const statement = (sql: string): InsertStatement => readStatement(sql) as InsertStatement;

describe('insertFromFiles', () => {
  it('reads one file, or several as one pattern', () => {
    const insert = statement('INSERT INTO db.t (a) SETTINGS x = 1 FORMAT Native');
    expect(insertFromFiles(insert, ["/it's/a.native"])).toBe(
      "INSERT INTO db.t (a) SETTINGS x = 1 SELECT * FROM file('/it\\'s/a.native', 'Native')",
    );
    expect(insertFromFiles(insert, ['/s/a.native', '/s/b.native'])).toBe(
      "INSERT INTO db.t (a) SETTINGS x = 1 SELECT * FROM file('/s/{a.native,b.native}', 'Native')",
    );
  });

  it('refuses a format that is not a name', () => {
    expect(() => insertFromFiles(statement("INSERT INTO t FORMAT `x', 'y`"), ['/a'])).toThrow(
      /Bad format name/,
    );
  });
});

describe('checkFiles', () => {
  let root = '';
  let spool = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'bellwether-files-'));
    spool = join(root, 'spool');
    mkdirSync(join(spool, 'deep'), { recursive: true });
    for (const name of ['a.native', 'b.native', 'c{1}.native', 'deep/d.native']) {
      writeFileSync(join(spool, name), '12345');
    }
    writeFileSync(join(root, 'secret'), 'x');
    symlinkSync(join(root, 'secret'), join(spool, 'link.native'));
    symlinkSync(root, join(spool, 'out'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const check = (names: string[], bytesMax = 100): Promise<void> =>
    checkFiles(
      names.map((name) => join(spool, name)),
      { directory: spool, bytesMax },
    );

  it('takes regular files of the spool', async () => {
    await check(['a.native', 'b.native']);
    await check(['deep/d.native']);
  });

  it.each([
    [['../secret'], /outside of the spool/],
    [['link.native'], /not a regular file/],
    [['out/secret'], /outside of the spool/],
    [['deep'], /not a regular file/],
    [['c{1}.native'], /not a plain absolute path/],
    [['a.native', 'deep/d.native'], /several directories/],
    [['a.native', 'a.native'], /named twice/],
    [['none.native'], /ENOENT/],
  ])('refuses %j', async (names, reason) => {
    await expect(check(names)).rejects.toThrow(reason);
  });

  it('refuses relative and winding paths, and sets beyond the bound', async () => {
    const rules = { directory: spool, bytesMax: 100 };
    await expect(checkFiles(['a.native'], rules)).rejects.toThrow(/plain absolute/);
    await expect(checkFiles([`${spool}/deep/../a.native`], rules)).rejects.toThrow(/plain absolute/);
    await expect(check(['a.native', 'b.native'], 9)).rejects.toMatchObject({ status: 413 });
  });
});
