import { type RunningServer, readWhole, startServer } from '../app/index.ts';
import type { Config } from '../config/index.ts';
import { messageOf } from '../lib/errors.ts';
import { formatDurationMs } from '../lib/units.ts';
import { createLog, type ServerLog } from '../self/index.ts';
import { type CommonFlags, configFromFlags } from './flags.ts';
import { version } from './version.ts';

/** A stop that takes longer than this is ended by force; what is durable stays durable. */
const stopLimitMs = 4500;

/** `bellwether serve`: runs until SIGTERM or SIGINT and resolves with the exit code. */
export async function serve(flags: CommonFlags): Promise<number> {
  const { config } = readWhole(() => configFromFlags(flags));
  const onFileError = (error: Error) =>
    process.stderr.write(`the log file cannot be written: ${error.message}\n`);
  const log = createLog({ ...config.log, onFileError });
  reportBugs(log);
  // From here on a signal must not end the process half-way through its start.
  const signal = nextSignal();
  const server = await startServer({ config, version, log, readConfig: () => configFromFlags(flags) });
  reloadOnSignal(server, log);
  process.stdout.write(await banner(server, config));
  server.whenReady().then(
    () => process.stdout.write('ready\n'),
    (error: Error) => process.stderr.write(`bellwether: ${error.message}\n`),
  );
  log.info({ signal: await signal }, 'stopping');
  await stopInTime(server, log);
  return 0;
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}

/** SIGHUP, as with Prometheus and Alertmanager. A mistake is logged, and everything goes on as it was. */
function reloadOnSignal(server: RunningServer, log: ServerLog): void {
  process.on('SIGHUP', () => {
    server.reload().then(
      () => log.info({}, 'the configuration was read again'),
      (error: unknown) => log.error({ error }, `the configuration was not taken: ${messageOf(error)}`),
    );
  });
}

async function stopInTime(server: RunningServer, log: ServerLog): Promise<void> {
  const force = setTimeout(() => {
    process.stderr.write(`bellwether: the stop took longer than ${stopLimitMs} ms and was forced\n`);
    process.exit(1);
  }, stopLimitMs);
  await server.stop();
  log.info({}, 'stopped');
  await log.close();
  clearTimeout(force);
}

/** A bug in one request must not end the server; it is logged with everything known about it. */
function reportBugs(log: ServerLog): void {
  process.on('unhandledRejection', (error) =>
    log.error({ error }, 'a promise failed and nobody was waiting for it'),
  );
  process.on('uncaughtException', (error) => {
    log.error({ error }, 'an exception was not caught; the server ends');
    process.exit(1);
  });
}

async function banner(server: RunningServer, config: Config): Promise<string> {
  const { metrics, logs, traces, sessions } = config.retention;
  const kept = (ms: number) => (ms === 0 ? 'for ever' : formatDurationMs(ms));
  const lines = [
    `Bellwether ${version}`,
    `  UI and API   ${server.url}`,
    `  OTLP/HTTP    ${server.otlpHttpUrl ?? 'off'}`,
    `  OTLP/gRPC    ${server.otlpGrpcAddress ?? 'off'}`,
    `  Data         ${config.data_dir} (metrics ${kept(metrics)}, logs ${kept(logs)}, traces ${kept(traces)}, sessions ${kept(sessions)})`,
    '',
    'To see Claude Code here, paste this into its terminal before you start it:',
    '',
    await server.shellBlock(),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
