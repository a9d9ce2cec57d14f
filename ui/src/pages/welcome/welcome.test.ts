import type { Onboarding } from '@contract';
import { expect, it } from 'vitest';
import { ago, nowMs, sessionWith, sourceWith } from '../session-fixture.ts';
import { arrivalOf } from './first-event.ts';
import { agentSdkSnippet, apiSnippet, withKey } from './snippets.ts';

const session = sessionWith({});
const startedMs = nowMs - 60_000;
const arrival = (before: ReturnType<typeof sourceWith>[], now: ReturnType<typeof sourceWith>[]) =>
  arrivalOf({ before, now, startedMs, session });

it('waits until something new is accepted', () => {
  expect(arrival([], [])).toEqual({ phase: 'waiting', known: [] });
  expect(arrival([], [sourceWith({})])).toMatchObject({ phase: 'arrived', session });
});

it('is not fooled by senders that were there before', () => {
  const steady = sourceWith({ last_seen: ago(70) });
  expect(arrival([steady], [sourceWith({ last_seen: ago(1), accepted: 20 })]).phase).toBe('waiting');
  expect(arrival([steady], [steady, sourceWith({ address: '10.0.0.9' })])).toMatchObject({
    phase: 'arrived',
    source: { address: '10.0.0.9' },
  });
});

it('counts a sender that was quiet as new when it speaks again', () => {
  const quiet = sourceWith({ last_seen: ago(600) });
  expect(arrival([quiet], [sourceWith({ last_seen: ago(1), accepted: 11 })]).phase).toBe('arrived');
});

it('says when something came that could not be kept, and turns green when the next one can', () => {
  const refused = sourceWith({ service: '', accepted: 0, rejected: 2, last_seen: ago(1) });
  expect(arrival([], [refused])).toMatchObject({ phase: 'refused', source: { rejected: 2 } });
  expect(arrival([], [refused, sourceWith({})]).phase).toBe('arrived');
});

const onboarding: Onboarding = {
  otlp_http_url: 'http://127.0.0.1:4318/',
  otlp_grpc_url: '',
  key_required: true,
  env: [
    { name: 'CLAUDE_CODE_ENABLE_TELEMETRY', value: '1', why: '' },
    { name: 'OTEL_EXPORTER_OTLP_HEADERS', value: 'Authorization=Bearer YOUR_INGEST_KEY', why: '' },
  ],
  shell: '',
  settings_json: '',
};

it('fills the key into every block', () => {
  expect(withKey(agentSdkSnippet(onboarding), 'bw_1')).toContain(
    'OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer bw_1",',
  );
  expect(withKey('YOUR_INGEST_KEY', '')).toBe('YOUR_INGEST_KEY');
});

it('writes headers as an object, and the address without a double slash', () => {
  const snippet = apiSnippet(onboarding);
  expect(snippet).toContain('url: "http://127.0.0.1:4318/v1/traces"');
  expect(snippet).toContain('headers: { "Authorization": "Bearer YOUR_INGEST_KEY" }');
  expect(apiSnippet({ ...onboarding, env: [] })).not.toContain('headers');
});
