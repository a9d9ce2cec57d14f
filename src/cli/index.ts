import { Command, CommanderError, Option } from 'commander';
import { BellwetherError } from '../lib/errors.ts';
import type { ServerFlags } from './ask-server.ts';
import type { CommonFlags } from './flags.ts';
import type { QueryFlags } from './query.ts';
import type { RuleFlags, RuleTestFlags } from './rules.ts';
import { version } from './version.ts';

/**
 * Runs the command line and resolves with the exit code: 0 done, 1 failed, 2 used wrongly. Commands are loaded when they are asked for,
 * so that `--help` needs neither engine nor server.
 *
 * @param argv arguments without node and script.
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  // Keys, log-ins and telemetry are nobody else's business, whoever made the folder.
  process.umask(0o077);
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describeError(error)}\n`);
    return 1;
  }
}

function describeError(error: unknown): string {
  if (error instanceof BellwetherError)
    return `bellwether: ${error.message}${error.hint ? `\n  ${error.hint}` : ''}`;
  return `bellwether: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function withCommonFlags(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      'configuration file (default: bellwether.yml in the working directory, if there is one)',
    )
    .option('--data-dir <folder>', 'folder for everything that is stored')
    .option('--listen <host:port>', 'address of UI, API and OTLP/HTTP')
    .option('--otlp-http-listen <host:port|off>', 'address of OTLP over HTTP')
    .option('--otlp-grpc-listen <host:port|off>', 'address of OTLP over gRPC')
    .option(
      '--retention <duration|off>',
      'how long every signal is kept, for example 7d; off keeps it for ever',
    )
    .option(
      '--enable-feature <list>',
      'experimental parts of PromQL, as query.features, with commas between',
    );
}

function createProgram(done: (exitCode: number) => void): Command {
  const program = new Command('bellwether')
    .description(
      'Observability for programs driven by Claude: sessions, costs, metrics, logs and traces in one process tree.',
    )
    .version(version, '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .enablePositionalOptions();

  withCommonFlags(program.command('serve', { isDefault: true }))
    .description('run the server (the default)')
    .action(async (flags: CommonFlags) => done(await (await import('./serve.ts')).serve(flags)));

  addCheckCommands(program, done);
  withCommonFlags(program.command('doctor'))
    .description(
      'look for what keeps Bellwether from working: ports, data folder, engine, disk, clock, one round trip',
    )
    .action(async (flags: CommonFlags) => done(await (await import('./doctor.ts')).doctor(flags)));

  program
    .command('demo')
    .description('send recorded Claude Code sessions, moved to now and labelled as demo, to a running server')
    .option('--url <url>', 'address of the server', 'http://127.0.0.1:7070')
    .option('--key <key>', 'ingest key, where the server asks for one (or BELLWETHER_KEY)')
    .option('--copies <n>', 'how often each recording is sent, spread over the last 24 hours', '4')
    .action(async (flags: { url: string; key?: string; copies: string }) =>
      done(await (await import('./demo.ts')).demo(flags)),
    );

  addQueryCommand(program, done);
  addReceiverCommands(program, done);
  addKeyCommands(program, done);
  addDocsCommand(program, done);
  return program;
}

function addCheckCommands(program: Command, done: (exitCode: number) => void): void {
  const check = withCommonFlags(program.command('check'))
    .description(
      'check the configuration and everything it names, and list every mistake with line and column',
    )
    .option('--print', 'print the configuration in force, defaults included')
    .action(async (flags: CommonFlags & { print?: boolean }) =>
      done((await import('./check.ts')).check(flags)),
    );
  const features = ['--enable-feature <list>', 'experimental parts of PromQL, with commas between'] as const;
  check
    .command('rules')
    .description('check rule files, as promtool check rules does')
    .argument('<files...>')
    .option(...features)
    .action(async (files: string[], flags: RuleFlags) =>
      done((await import('./rules.ts')).checkRules(files, flags)),
    );
  program
    .command('test')
    .description('run tests')
    .command('rules')
    .description('run unit tests of rules in promtool’s format')
    .argument('<files...>')
    .option('--run <pattern>', 'only tests whose name it matches')
    .option(...features)
    .action(async (files: string[], flags: RuleTestFlags) =>
      done(await (await import('./rules.ts')).testRules(files, flags)),
    );
}

function addReceiverCommands(program: Command, done: (exitCode: number) => void): void {
  const receivers = program.command('receivers').description('see who can be told of alerts, and try it');
  const withServer = (command: Command) =>
    command
      .option('--url <url>', 'address of the server', 'http://127.0.0.1:7070')
      .option('--key <key>', 'admin key, where the server asks for one (or BELLWETHER_KEY)');
  withServer(receivers.command('list'))
    .description('list receivers of a running server, with how their last delivery went')
    .action(async (flags: ServerFlags) => done(await (await import('./receivers.ts')).listReceivers(flags)));
  withServer(receivers.command('test').argument('<name>', 'the receiver'))
    .description('send a test notification through a running server and tell how it went')
    .option('--integration <id>', 'only one entry of the receiver')
    .action(async (name: string, flags: ServerFlags & { integration?: string }) =>
      done(await (await import('./receivers.ts')).testReceiver(name, flags)),
    );
}

function addQueryCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('query')
    .description('ask a running server a PromQL question, at one moment or, with --from, over a range')
    .argument(
      '<expression>',
      "PromQL, for example 'sum by (model) (rate(claude_code_token_usage_tokens_total[5m]))'",
    )
    .option('--url <url>', 'address of the server', 'http://127.0.0.1:7070')
    .option('--key <key>', 'admin key, where the server asks for one (or BELLWETHER_KEY)')
    .option('--time <time>', 'the moment: RFC 3339, epoch milliseconds, now-1h (default: now)')
    .option('--from <time>', 'begin of a range')
    .option('--to <time>', 'end of a range', 'now')
    .option('--step <duration>', 'time between two points of a range (default: about 120 points)')
    .addOption(new Option('--format <format>').choices(['table', 'json', 'csv', 'chart']).default('table'))
    .option('--explain', 'print the plan with rows, series and times')
    .action(async (expression: string, flags: QueryFlags) =>
      done(await (await import('./query.ts')).query(expression, flags)),
    );
}

function addKeyCommands(program: Command, done: (exitCode: number) => void): void {
  const keys = program
    .command('keys')
    .description('create, list and revoke keys; works while the server runs');
  withCommonFlags(keys.command('create').argument('<name>', 'what the key is for, for example laptop'))
    .description('create a key and print it once')
    .addOption(
      new Option('--role <role>', 'ingest may only send, admin may do everything')
        .choices(['ingest', 'admin'])
        .default('ingest'),
    )
    .action(async (name: string, flags: CommonFlags & { role: 'ingest' | 'admin' }) =>
      done(await (await import('./keys.ts')).createKey(name, flags)),
    );
  withCommonFlags(keys.command('list'))
    .description('list keys, without their secrets')
    .action(async (flags: CommonFlags) => done(await (await import('./keys.ts')).listKeys(flags)));
  withCommonFlags(keys.command('revoke').argument('<name>', 'name or id of the key'))
    .description('make a key useless, within five seconds')
    .action(async (name: string, flags: CommonFlags) =>
      done(await (await import('./keys.ts')).revokeKey(name, flags)),
    );
}

function addDocsCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command('docs', { hidden: true })
    .description('write the generated pages of docs/')
    .argument('<folder>')
    .action(async (folder: string) => done(await (await import('./docs.ts')).writeDocs(folder)));
}
