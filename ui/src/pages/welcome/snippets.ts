import type { Onboarding } from '@contract';

/** What the server puts where the reader's own key belongs. */
export const keyPlaceholder = 'YOUR_INGEST_KEY';

/** A block with the reader's key filled in. Nothing is sent anywhere: it happens in the page. */
export function withKey(text: string, key: string): string {
  return key === '' ? text : text.replaceAll(keyPlaceholder, key);
}

/** Options for the Agent SDK: it starts the same client as a child process, so the same variables do. */
export function agentSdkSnippet(onboarding: Onboarding): string {
  const lines = onboarding.env.map(({ name, value }) => `      ${name}: ${JSON.stringify(value)},`);
  return [
    "import { query } from '@anthropic-ai/claude-agent-sdk';",
    '',
    'for await (const message of query({',
    "  prompt: 'Summarise the open issues',",
    '  options: {',
    '    env: {',
    '      ...process.env,',
    ...lines,
    '    },',
    '  },',
    '})) console.log(message.type);',
  ].join('\n');
}

/** Tracing for a program that calls the Claude API itself. */
export function apiSnippet(onboarding: Onboarding): string {
  const headers = onboarding.env.find(({ name }) => name === 'OTEL_EXPORTER_OTLP_HEADERS')?.value;
  const [name, value] = headers?.split(/=(.*)/s) ?? [];
  const url = `${onboarding.otlp_http_url.replace(/\/$/, '')}/v1/traces`;
  const options = [`url: ${JSON.stringify(url)}`];
  if (name && value) options.push(`headers: { ${JSON.stringify(name)}: ${JSON.stringify(value)} }`);
  return [
    "import { NodeSDK } from '@opentelemetry/sdk-node';",
    "import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';",
    '',
    'new NodeSDK({',
    "  serviceName: 'my-bot',",
    '  traceExporter: new OTLPTraceExporter({',
    ...options.map((option) => `    ${option},`),
    '  }),',
    '}).start();',
    '// From here on @anthropic-ai/sdk reports every request by itself.',
  ].join('\n');
}
