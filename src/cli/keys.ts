import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createKeyStore, type KeyStore } from '../auth/index.ts';
import { BellwetherError } from '../lib/errors.ts';
import { openState, type Role } from '../state/index.ts';
import { type CommonFlags, configFromFlags } from './flags.ts';

async function withKeys<T>(flags: CommonFlags, work: (keys: KeyStore) => Promise<T>): Promise<T> {
  const database = openState(join(configFromFlags(flags).data_dir, 'state.db'));
  try {
    return await work(createKeyStore(database));
  } finally {
    await database.destroy();
  }
}

/** Looking for keys must not make an empty folder out of a mistyped one. */
function checkStateExists(flags: CommonFlags): void {
  const { data_dir } = configFromFlags(flags);
  if (existsSync(join(data_dir, 'state.db'))) return;
  throw new BellwetherError({
    code: 'no_state',
    message: `there are no keys in ${data_dir}`,
    hint: 'name the folder of the server with --data-dir',
  });
}

/** `bellwether keys create`: prints the secret, alone on standard output so that scripts can take it. */
export function createKey(name: string, flags: CommonFlags & { readonly role: Role }): Promise<number> {
  return withKeys(flags, async (keys) => {
    const { info, secret } = await keys.create(name, flags.role, Date.now());
    process.stderr.write(
      `${info.role} key ${info.name} (id ${info.id}) for the server of ${resolve(configFromFlags(flags).data_dir)}; it is shown only now:\n`,
    );
    process.stdout.write(`${secret}\n`);
    return 0;
  });
}

export function listKeys(flags: CommonFlags): Promise<number> {
  checkStateExists(flags);
  return withKeys(flags, async (keys) => {
    const rows = (await keys.list()).map((key) => [
      key.id,
      key.role,
      new Date(key.createdAtMs).toISOString(),
      key.lastUsedAtMs === null ? 'never' : new Date(key.lastUsedAtMs).toISOString(),
      key.name,
    ]);
    const table = [['ID', 'ROLE', 'CREATED', 'LAST USED', 'NAME'], ...rows];
    const widths = [12, 6, 24, 24, 0];
    for (const row of table)
      process.stdout.write(
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
      );
    return 0;
  });
}

export function revokeKey(name: string, flags: CommonFlags): Promise<number> {
  checkStateExists(flags);
  return withKeys(flags, async (keys) => {
    const wasThere = await keys.revoke(name, Date.now());
    process.stderr.write(wasThere ? `revoked ${name}\n` : `there is no key named ${name}\n`);
    return wasThere ? 0 : 1;
  });
}
