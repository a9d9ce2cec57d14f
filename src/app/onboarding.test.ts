import { expect, test } from 'vitest';
import { loadConfig } from '../config/index.ts';
import { onboardingOf } from './onboarding.ts';
import { onboardingFacts } from './services.ts';

const facts = { otlpHttpUrl: 'http://127.0.0.1:4318', otlpGrpcUrl: 'http://127.0.0.1:4317' };

test('the shell block is ready to paste, and the JSON holds the same variables', () => {
  const block = onboardingOf({ ...facts, isKeyRequired: false });
  expect(block.shell).toContain('export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318');
  expect(block.shell).not.toContain('HEADERS');
  const { env } = JSON.parse(block.settings_json) as { env: Record<string, string> };
  expect(Object.keys(env)).toEqual(block.env.map(({ name }) => name));
});

test('where a key is needed there is a line for it, quoted for the shell', () => {
  const block = onboardingOf({ ...facts, isKeyRequired: true });
  expect(block.shell).toContain("export OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer YOUR_INGEST_KEY'");
});

const ports = () => ({ main: 7070, otlpHttp: 4318, otlpGrpc: 4317 });

test.each([
  ['127.0.0.1:7070', {}, 'http://127.0.0.1:4318'],
  ['localhost:7070', {}, 'http://localhost:4318'],
  // The OTLP port listens on loopback only: from elsewhere the main port takes OTLP.
  ['10.1.2.3:7070', { 'server.listen': '0.0.0.0:7070' }, 'http://10.1.2.3:7070'],
  ['10.1.2.3:7070', { 'otlp.http_listen': '0.0.0.0:4318' }, 'http://10.1.2.3:4318'],
  ['x', { 'server.public_url': 'https://bw.example/' }, 'https://bw.example'],
])('reached at %s with %j, clients are sent to %s', (host, overrides, expected) => {
  const config = loadConfig({ env: {}, overrides });
  expect(onboardingFacts({ config, isKeyRequired: true, ports }, host).otlpHttpUrl).toBe(expected);
});
