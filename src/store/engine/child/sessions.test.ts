import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Connection, type Connector, NamedSessions, SessionPool } from './sessions.ts';

const DEFAULTS: Record<string, string> = { max_threads: '2', max_block_size: '65409', log_comment: '' };
const BASELINE: Record<string, string> = { max_memory_usage: '100' };

/** A connection that understands SET, USE and the two queries about its own state. */
class FakeConnection implements Connection {
  readonly settings = new Map(Object.entries({ ...DEFAULTS, max_memory_usage: '0', ...BASELINE }));
  database = 'default';
  isClosed = false;
  failNextReset = false;

  async run(sql: string): Promise<Uint8Array> {
    if (sql.startsWith('SELECT currentDatabase()')) return Buffer.from(JSON.stringify([this.database]));
    if (sql.startsWith('SELECT name, value')) {
      return Buffer.from(
        Object.entries(BASELINE)
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      );
    }
    if (sql.startsWith('USE ')) this.database = sql.slice(5, -1);
    else if (sql.startsWith('SET ')) this.#set(sql.slice(4));
    return new Uint8Array(0);
  }

  close(): void {
    this.isClosed = true;
  }

  #set(list: string): void {
    if (this.failNextReset && list.includes('DEFAULT'))
      throw new Error('Code: 999. DB::Exception: reset failed');
    for (const part of list.split(', ')) {
      const [, name, value] = /^`(\w+)` = (?:'(.*)'|DEFAULT)$/.exec(part)!;
      if (name!.startsWith('param_')) continue;
      if (!this.settings.has(name!))
        throw new Error(`Code: 115. DB::Exception: Unknown setting '${name}'. (UNKNOWN_SETTING)`);
      this.settings.set(name!, value ?? DEFAULTS[name!] ?? '0');
    }
  }
}

function createPool(): { pool: SessionPool; opened: FakeConnection[] } {
  const opened: FakeConnection[] = [];
  const connector: Connector = {
    open: () => {
      const connection = new FakeConnection();
      opened.push(connection);
      return connection;
    },
    drained: async () => {},
  };
  return { pool: new SessionPool(connector, 4), opened };
}

const clean = new FakeConnection().settings;
const scope = (settings: Record<string, string>, database?: string) => ({
  database,
  settings: new Map(Object.entries(settings)),
  parameters: new Map<string, string>(),
});

describe('SessionPool', () => {
  it('gives every request a session as if it were new, whatever the requests before it set', async () => {
    const request = fc.record({
      settings: fc.dictionary(
        fc.constantFrom(
          'max_threads',
          'max_block_size',
          'log_comment',
          'max_memory_usage',
          'unknown',
          'readonly',
        ),
        fc.constantFrom('1', '7'),
      ),
      database: fc.option(fc.constantFrom('default', 'other'), { nil: undefined }),
      failsReset: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 8 }), async (requests) => {
        const { pool } = createPool();
        await pool.start();
        for (const { settings, database, failsReset } of requests) {
          const lease = await pool.lease();
          const connection = lease.connection as FakeConnection;
          expect([...connection.settings]).toEqual([...clean]);
          expect(connection.database).toBe('default');
          expect(connection.isClosed).toBe(false);
          connection.failNextReset = failsReset;
          await lease.apply(scope(settings, database)).catch(() => {});
          await lease.release();
        }
      }),
    );
  });

  it('applies settings, and the engine refuses unknown ones in its words', async () => {
    const { pool, opened } = createPool();
    await pool.start();
    const lease = await pool.lease();
    await lease.apply(scope({ max_threads: '1' }, 'db'));
    expect(opened[0]!.settings.get('max_threads')).toBe('1');
    expect(opened[0]!.database).toBe('db');
    await lease.release();
    const other = await pool.lease();
    await expect(other.apply(scope({ foo: '1' }))).rejects.toMatchObject({ number: 115, status: 404 });
    await other.release();
    expect(opened[0]!.isClosed).toBe(true);
    expect(pool.discarded).toBe(1);
  });

  it('waits before it opens more when many closed connections may still be alive', async () => {
    let drains = 0;
    let settle = (): void => {};
    const gate = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const connector: Connector = {
      open: () => new FakeConnection(),
      drained: () => {
        drains++;
        return gate;
      },
    };
    const pool = new SessionPool(connector, 4);
    for (let i = 0; i < 32; i++) pool.discard(new FakeConnection());
    let isOpen = false;
    const opening = pool.open().then(() => {
      isOpen = true;
    });
    await Promise.resolve();
    expect([isOpen, drains]).toEqual([false, 2]);
    settle();
    await opening;
    expect(isOpen).toBe(true);
  });
});

describe('NamedSessions', () => {
  it('keeps a session until it expires, and lets one request in at a time', async () => {
    const { pool, opened } = createPool();
    let nowMs = 0;
    const sessions = new NamedSessions(pool, () => nowMs);
    const first = await sessions.lease('a', undefined, false);
    await expect(sessions.lease('a', undefined, false)).rejects.toMatchObject({ number: 373 });
    await first.release();
    const second = await sessions.lease('a', 10, true);
    expect(second.connection).toBe(first.connection);
    await second.release();
    nowMs = 10_000;
    await expect(sessions.lease('a', undefined, true)).rejects.toMatchObject({ number: 372 });
    expect(opened[0]!.isClosed).toBe(true);
  });

  it('bounds how many there are', async () => {
    const { pool } = createPool();
    const sessions = new NamedSessions(pool, () => 0);
    for (let i = 0; i < 32; i++) await sessions.lease(`s${i}`, undefined, false);
    await expect(sessions.lease('one more', undefined, false)).rejects.toMatchObject({ status: 503 });
  });
});
