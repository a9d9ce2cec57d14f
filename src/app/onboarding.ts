import type { Onboarding } from '../contract/index.ts';

export interface OnboardingFacts {
  /** Base URL of OTLP over HTTP, as the reader's machine reaches it. */
  readonly otlpHttpUrl: string;
  /** URL of OTLP over gRPC; empty when it is off. */
  readonly otlpGrpcUrl: string;
  readonly isKeyRequired: boolean;
}

/** Stands where the reader's own key goes; keys are stored as hashes, so the server cannot fill in an old one. */
export const keyPlaceholder = 'YOUR_INGEST_KEY';

type Variable = Onboarding['env'][number];

/** The set-up of a Claude client, for a shell and for managed settings. */
export function onboardingOf(facts: OnboardingFacts): Onboarding {
  const env = variables(facts);
  return {
    otlp_http_url: facts.otlpHttpUrl,
    otlp_grpc_url: facts.otlpGrpcUrl,
    key_required: facts.isKeyRequired,
    env,
    shell: env.map(({ name, value }) => `export ${name}=${quoted(value)}`).join('\n'),
    settings_json: JSON.stringify(
      { env: Object.fromEntries(env.map(({ name, value }) => [name, value])) },
      null,
      2,
    ),
  };
}

function variables(facts: OnboardingFacts): Variable[] {
  const list: Variable[] = [
    { name: 'CLAUDE_CODE_ENABLE_TELEMETRY', value: '1', why: 'turns telemetry on' },
    { name: 'OTEL_METRICS_EXPORTER', value: 'otlp', why: 'lines, commits, active time' },
    { name: 'OTEL_LOGS_EXPORTER', value: 'otlp', why: 'prompts, requests, tools: the session itself' },
    { name: 'OTEL_TRACES_EXPORTER', value: 'otlp', why: 'retries and waits; needs the next line' },
    { name: 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA', value: '1', why: 'turns spans on' },
    {
      name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
      value: 'http/protobuf',
      why: 'the word http alone fails silently',
    },
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: facts.otlpHttpUrl, why: 'this server' },
    {
      name: 'OTEL_METRIC_EXPORT_INTERVAL',
      value: '10000',
      why: 'metrics every 10 s instead of every minute',
    },
  ];
  if (facts.isKeyRequired) {
    const value = `Authorization=Bearer ${keyPlaceholder}`;
    list.push({ name: 'OTEL_EXPORTER_OTLP_HEADERS', value, why: 'a key from `bellwether keys create NAME`' });
  }
  return list;
}

/** Quotes only what a shell would take apart. */
function quoted(value: string): string {
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
