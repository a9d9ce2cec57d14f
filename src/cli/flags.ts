import { type Config, loadConfig } from '../config/index.ts';

/** Flags that every command with a configuration takes, as commander names them. */
export interface CommonFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly listen?: string;
  readonly otlpHttpListen?: string;
  readonly otlpGrpcListen?: string;
  readonly retention?: string;
  readonly enableFeature?: string;
}

/** The configuration with flags applied. @throws {ConfigError} */
export function configFromFlags(flags: CommonFlags): Config {
  return loadConfig({
    file: flags.config ?? process.env.BELLWETHER_CONFIG,
    overrides: {
      data_dir: flags.dataDir,
      'server.listen': flags.listen,
      'otlp.http_listen': flags.otlpHttpListen,
      'otlp.grpc_listen': flags.otlpGrpcListen,
      'retention.metrics': flags.retention,
      'retention.logs': flags.retention,
      'retention.traces': flags.retention,
      'retention.sessions': flags.retention,
      'retention.alerts': flags.retention,
      'query.features': flags.enableFeature?.split(','),
    },
  });
}
