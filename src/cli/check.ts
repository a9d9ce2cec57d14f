import { stringify } from 'yaml';
import { readWhole } from '../app/index.ts';
import { ConfigError, withoutSecrets } from '../config/index.ts';
import { type CommonFlags, configFromFlags } from './flags.ts';

/** `bellwether check`: every mistake of the configuration, or that there is none. */
export function check(flags: CommonFlags & { readonly print?: boolean }): number {
  try {
    const { config, warnings } = readWhole(() => configFromFlags(flags));
    for (const warning of warnings) process.stderr.write(`${warning}\n`);
    if (flags.print) {
      process.stdout.write(stringify(withoutSecrets(config)));
    } else {
      process.stdout.write('the configuration is correct\n');
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
